"""What exports are made of, without a database: cells, workbooks, and UBL that agrees with itself."""

import csv
import io
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import openpyxl
import pytest
from automateiq_documents.documents.models import Document, DocumentType, Reading, Status
from automateiq_documents.exports import tables, ubl
from automateiq_documents.exports.models import (
    DOCUMENT_COLUMNS,
    LINE_COLUMNS,
    Column,
    document_object,
    document_row,
    line_rows,
)
from automateiq_documents.exports.ubl import NotPossibleError
from automateiq_ocr.einvoice.alone import read_invoice
from automateiq_ocr.einvoice.checks import verify
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def field(value: str, confidence: float = 0.99) -> dict[str, Any]:
    return {"value": value, "confidence": confidence, "origin": "page", "sourceText": value}


DATA: dict[str, Any] = {
    "documentType": "invoice",
    "language": "en",
    **{
        name: field(value)
        for name, value in {
            "vendor": "Thistlewick & Sons <Ltd>",
            "vendorTaxId": "GB123456789",
            "vendorAddress": "1 High Street\nLeeds",
            "iban": "GB33BUKB20201555555555",
            "customer": "Bakery",
            "invoiceNumber": "TPC-1",
            "orderNumber": "PO-7",
            "date": "2026-11-01",
            "dueDate": "2026-12-01",
            "currency": "GBP",
            "subtotal": "100.00",
            "tax": "20.00",
            "total": "120.00",
        }.items()
    },
    "lineItems": [
        {
            "description": field("Flour"),
            "quantity": field("4"),
            "unitPrice": field("20.00"),
            "amount": field("80.00"),
            "taxRate": field("20"),
        },
        {"description": field("Delivery"), "amount": field("20.00"), "taxRate": field("20")},
    ],
    "taxes": [{"rate": field("20"), "base": field("100.00"), "amount": field("20.00")}],
    "parties": [field("One"), field("Two")],
}


def document(data: dict[str, Any], **more: Any) -> Document:
    made = Document(
        id="65f0c0ffee65f0c0ffee65f0",
        organization_id="65f0c0ffee65f0c0ffee65f2",
        uploaded_by="65f0c0ffee65f0c0ffee65f1",
        filename="invoice.pdf",
        original_name="invoice.pdf",
        mimetype="application/pdf",
        size=1,
        sha256="",
        blob_key="",
        type=DocumentType.INVOICE,
        tags=("a", "b"),
        metadata={"k": "v"},
        page_count=2,
        created_at=NOW,
        updated_at=NOW,
        status=Status.PROCESSED,
        reading=Reading(text="", confidence=0.9, engine="", extracted_data=data, pages=()),
    )
    return replace(made, **more)


def with_(**fields: str | None) -> dict[str, Any]:
    """The data with other fields; None takes one away."""
    changed = {**DATA, **{name: field(value) for name, value in fields.items() if value is not None}}
    return {name: value for name, value in changed.items() if name not in fields or fields[name] is not None}


# Tables.

SIGNS = st.text(st.characters(exclude_categories=("Cs",)))

FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://x")',
    "+44 20 7946",
    "-5 apples",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1+1",
    "＝1",
    "=cmd|' /C calc'!A0",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_looks_like_a_formula_is_text_in_csv(text: str) -> None:
    (row,) = csv.reader(io.StringIO(tables.csv_lines([Column("a")], [(text,)]).decode(), newline=""))
    assert row == ["'" + text]


@pytest.mark.parametrize(
    "text", ["bread;=1+1", "bread; +44 20", "a\n=1", "a\t@SUM(A1)", "a;\n\t=1", "x;；;＝1"]
)
def test_no_formula_begins_where_a_semicolon_parts_cells(text: str) -> None:
    written = tables.csv_lines([Column("a"), Column("b")], [("1", text)]).decode()
    cells = [cell for line in written.splitlines() for cell in line.replace("\t", ";").split(";")]
    assert not [cell for cell in cells if cell.lstrip(" ").startswith(("=", "+", "@", "-", "＝"))]


def test_numbers_are_numbers_where_a_column_holds_them() -> None:
    amount, word = Column("amount", number=True), Column("word")
    written = tables.csv_lines([amount, word], [("-12.50", "-12.50"), ("=1", "x"), ("-1e5", "")])
    assert written == b"-12.50,'-12.50\r\n'=1,x\r\n'-1e5,\r\n"


@given(st.lists(st.tuples(SIGNS, SIGNS, SIGNS), max_size=5))
def test_csv_comes_back_as_it_was_and_holds_no_formula(rows: list[tuple[str, str, str]]) -> None:
    columns = [Column("a"), Column("b", number=True), Column("c")]
    written = tables.csv_lines(columns, rows).decode()
    read = list(csv.reader(io.StringIO(written, newline="")))
    assert len(read) == len(rows)
    for before, after in zip(rows, read, strict=True):
        for text, cell in zip(before, after, strict=True):
            assert cell.replace("'", "") == tables.clean(text).replace("'", "")
            assert not cell.startswith(("=", "+", "@", "\t", "\r", "\n"))
            assert not cell.startswith("-") or tables.is_number(cell)


def workbook(documents: list[Any], lines: list[Any]) -> Any:
    file = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        book = tables.Workbook(file, folder)
        book.add(documents, lines)
        book.close()
    file.seek(0)
    return openpyxl.load_workbook(file)


def test_a_workbook_holds_numbers_texts_and_no_formulas() -> None:
    row = list(document_row(document(with_(vendor="=1+1", total="-120.50"))))
    row[1] = "x\x00y\x1f" + "z" * 40_000
    book = workbook([row], list(line_rows(document(DATA))))
    sheet, lines = book["Documents"], book["Line items"]
    names = [column.name for column in DOCUMENT_COLUMNS]
    cells = dict(zip(names, sheet[2], strict=False))
    assert [cell.value for cell in sheet[1]] == names
    assert (cells["vendor"].value, cells["vendor"].data_type) == ("=1+1", "s")
    assert cells["vendor"].quotePrefix
    assert (cells["total"].value, cells["total"].data_type) == (-120.5, "n")
    assert cells["date"].value == "2026-11-01"
    assert len(cells["originalName"].value) == 32_767
    assert [cell.value for cell in lines[1]] == [column.name for column in LINE_COLUMNS]
    assert [cell.value for cell in lines[2]][5:] == [1, "Flour", 4, 20, 20, 80]
    assert lines.max_row == 3


def test_a_full_sheet_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "SHEET_ROWS", 4)
    rows = [document_row(document(DATA, id=str(number))) for number in range(7)]
    book = workbook(rows, [])
    assert book.sheetnames == ["Documents", "Line items", "Documents 2", "Documents 3"]
    shown = [
        row[0].value for name in book.sheetnames if "Doc" in name for row in book[name].iter_rows(min_row=2)
    ]
    assert shown == [str(number) for number in range(7)]


def test_rows_have_a_value_for_each_column() -> None:
    for data in (DATA, {}):
        assert len(document_row(document(data))) == len(DOCUMENT_COLUMNS)
    for row in line_rows(document(DATA)):
        assert len(row) == len(LINE_COLUMNS)
    assert document_row(document(DATA, reading=None))[6] == ""


def test_the_order_of_the_columns_is_a_promise() -> None:
    assert ",".join(column.name for column in DOCUMENT_COLUMNS) == (
        "id,originalName,status,type,documentType,reviewState,vendor,vendorTaxId,vendorAddress,iban,customer,"
        "invoiceNumber,orderNumber,contractNumber,date,dueDate,periodStart,periodEnd,currency,subtotal,tax,tip,"
        "rounding,total,amountDue,paymentMethod,effectiveDate,term,governingLaw,renewal,parties,language,tags,"
        "pageCount,uploadedBy,createdAt,updatedAt"
    )
    assert ",".join(column.name for column in LINE_COLUMNS) == (
        "documentId,vendor,invoiceNumber,date,currency,line,description,quantity,unitPrice,taxRate,amount"
    )


def test_json_holds_values_with_their_confidence() -> None:
    made = document_object(document(DATA))
    assert made["fields"]["total"] == {"value": "120.00", "confidence": 0.99, "origin": "page"}
    assert made["lineItems"][0]["quantity"]["value"] == "4"
    assert made["metadata"] == {"k": "v"}
    assert "tip" not in made["fields"]


# UBL.

# The elements that are written, in the order of the schemas of UBL 2.1 (UBL-Invoice and UBL-CommonAggregateComponents).
ORDER = {
    "Invoice": "UBLVersionID ID IssueDate DueDate InvoiceTypeCode DocumentCurrencyCode InvoicePeriod OrderReference "
    "ContractDocumentReference AccountingSupplierParty AccountingCustomerParty PaymentMeans AllowanceCharge TaxTotal "
    "LegalMonetaryTotal InvoiceLine",
    "CreditNote": "UBLVersionID ID IssueDate CreditNoteTypeCode DocumentCurrencyCode InvoicePeriod OrderReference "
    "ContractDocumentReference AccountingSupplierParty AccountingCustomerParty PaymentMeans AllowanceCharge TaxTotal "
    "LegalMonetaryTotal CreditNoteLine",
    "InvoicePeriod": "StartDate EndDate",
    "OrderReference": "ID",
    "ContractDocumentReference": "ID",
    "AccountingSupplierParty": "Party",
    "AccountingCustomerParty": "Party",
    "Party": "PartyIdentification PartyName PostalAddress PartyTaxScheme",
    "PartyIdentification": "ID",
    "PartyName": "Name",
    "PostalAddress": "AddressLine",
    "AddressLine": "Line",
    "PartyTaxScheme": "CompanyID TaxScheme",
    "TaxScheme": "ID",
    "PaymentMeans": "PaymentMeansCode PaymentDueDate PayeeFinancialAccount",
    "PayeeFinancialAccount": "ID",
    "AllowanceCharge": "ChargeIndicator AllowanceChargeReason Amount",
    "TaxTotal": "TaxAmount TaxSubtotal",
    "TaxSubtotal": "TaxableAmount TaxAmount TaxCategory",
    "TaxCategory": "ID Percent TaxScheme",
    "ClassifiedTaxCategory": "ID Percent TaxScheme",
    "LegalMonetaryTotal": "LineExtensionAmount TaxExclusiveAmount TaxInclusiveAmount ChargeTotalAmount PrepaidAmount "
    "PayableRoundingAmount PayableAmount",
    "InvoiceLine": "ID InvoicedQuantity LineExtensionAmount Item Price",
    "CreditNoteLine": "ID CreditedQuantity LineExtensionAmount Item Price",
    "Item": "Name ClassifiedTaxCategory",
    "Price": "PriceAmount",
}
REQUIRED = {
    "Invoice": {
        "ID",
        "IssueDate",
        "AccountingSupplierParty",
        "AccountingCustomerParty",
        "LegalMonetaryTotal",
    },
    "LegalMonetaryTotal": {"PayableAmount"},
    "InvoiceLine": {"ID", "LineExtensionAmount", "Item"},
    "TaxSubtotal": {"TaxAmount", "TaxCategory"},
    "TaxCategory": {"TaxScheme"},
}


def name_of(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def checked(xml: bytes) -> ET.Element:
    """The parsed document, held against the schemas' order and the sums of EN 16931."""
    root = ET.fromstring(xml)
    for element in root.iter():
        name, children = name_of(element), [name_of(child) for child in element]
        if not children:
            assert element.text
            assert element.text.strip() == element.text
            if name.endswith("Amount"):
                assert len(element.attrib["currencyID"]) == 3
            continue
        order = ORDER[name].split()
        assert [order.index(child) for child in children] == sorted(order.index(child) for child in children)
        assert REQUIRED.get(name, set()) <= set(children)

    def amount(path: str, start: ET.Element = root) -> Decimal:
        return Decimal(start.findtext(path, "0", {"cbc": ubl.CBC, "cac": ubl.CAC}))

    total = "cac:LegalMonetaryTotal/cbc:"
    lines = [
        child for child in root if name_of(child).endswith("NoteLine") or name_of(child) == "InvoiceLine"
    ]
    assert lines
    net = amount(f"{total}LineExtensionAmount")
    assert sum(amount("cbc:LineExtensionAmount", line) for line in lines) == net
    assert amount(f"{total}TaxExclusiveAmount") == net + amount(f"{total}ChargeTotalAmount")
    gross = amount(f"{total}TaxInclusiveAmount")
    assert gross == amount(f"{total}TaxExclusiveAmount") + amount("cac:TaxTotal/cbc:TaxAmount")
    rounding, prepaid = amount(f"{total}PayableRoundingAmount"), amount(f"{total}PrepaidAmount")
    assert amount(f"{total}PayableAmount") == gross - prepaid + rounding
    return root


def test_an_invoice_is_written_and_read_back_by_the_reader_of_invoices() -> None:
    xml = ubl.ubl(document(DATA))
    checked(xml)
    read = read_invoice(xml)
    assert read is not None
    assert read.texts["vendor"] == "Thistlewick & Sons <Ltd>"
    assert read.texts["invoice_number"] == "TPC-1"
    assert (read.texts["date"], read.texts["due_date"], read.texts["currency"]) == (
        "2026-11-01",
        "2026-12-01",
        "GBP",
    )
    assert (read.texts["iban"], read.texts["vendor_tax_id"]) == ("GB33BUKB20201555555555", "GB123456789")
    assert read.amounts() == {
        "subtotal": Decimal("100.00"),
        "tax": Decimal("20.00"),
        "total": Decimal("120.00"),
        "amount_due": Decimal("120.00"),
    }
    assert [(line.description, line.quantity, line.amount) for line in read.lines] == [
        ("Flour", Decimal(4), Decimal("80.00")),
        ("Delivery", None, Decimal("20.00")),
    ]
    assert not any(verify(read).doubts.values())


def test_a_credit_note_gives_back_positive_amounts() -> None:
    data = with_(subtotal="-100.00", tax="-20.00", total="-120.00")
    data |= {"documentType": "credit_note", "taxes": [], "lineItems": []}
    root = checked(ubl.ubl(document(data)))
    assert name_of(root) == "CreditNote"
    read = read_invoice(ubl.ubl(document(data)))
    assert read is not None
    assert read.amounts()["total"] == Decimal("120.00")
    assert read.type.value == "credit_note"


@pytest.mark.parametrize(
    ("changes", "payable"),
    [
        ({}, "120.00"),
        ({"amountDue": "20.00"}, "20.00"),
        ({"amountDue": "0.00"}, "0.00"),
        ({"amountDue": "500.00"}, "120.00"),
        ({"total": "120.05", "rounding": "0.05"}, "120.05"),
        ({"total": "130.00", "tip": "10.00"}, "130.00"),
        ({"subtotal": None}, "120.00"),
        ({"tax": None}, "120.00"),
        ({"tax": None, "subtotal": None}, "120.00"),
        ({"iban": None, "vendorTaxId": None, "vendorAddress": None, "customer": None}, "120.00"),
    ],
)
def test_amounts_agree_whatever_is_known(changes: dict[str, Any], payable: str) -> None:
    root = checked(ubl.ubl(document(with_(**changes))))
    names = {"cbc": ubl.CBC, "cac": ubl.CAC}
    assert root.findtext("cac:LegalMonetaryTotal/cbc:PayableAmount", None, names) == payable


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({**DATA, "documentType": "receipt"}, "no invoice"),
        (with_(invoiceNumber=None, date=None), "not known: invoiceNumber, date"),
        (with_(date="soon", currency="£"), "not known: date, currency"),
        (with_(vendor=" \x00 "), "not known: vendor"),
        (with_(total="a lot"), "total is no amount"),
        (with_(total="125.00"), "contradict"),
    ],
)
def test_what_can_not_be_written_is_not(data: dict[str, Any], why: str) -> None:
    with pytest.raises(NotPossibleError, match=why):
        ubl.ubl(document(data))


def test_lines_that_do_not_sum_up_become_one() -> None:
    data = {
        **DATA,
        "lineItems": [*DATA["lineItems"], {"description": field("Extra"), "amount": field("1.00")}],
    }
    root = checked(ubl.ubl(document(data)))
    assert [name_of(child) for child in root].count("InvoiceLine") == 1


CENTS = st.integers(-1_000_000, 1_000_000).map(lambda cents: f"{Decimal(cents) / 100:.2f}")
MAYBE = st.none() | CENTS


@given(CENTS, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, st.lists(CENTS, max_size=3))
def test_what_is_written_agrees_with_itself(
    total: str,
    subtotal: str | None,
    tax: str | None,
    tip: str | None,
    rounding: str | None,
    due: str | None,
    lines: list[str],
) -> None:
    data = with_(total=total, subtotal=subtotal, tax=tax, tip=tip, rounding=rounding, amountDue=due)
    data["lineItems"] = [{"description": field("x"), "amount": field(line)} for line in lines]
    try:
        xml = ubl.ubl(document(data))
    except NotPossibleError:
        return
    checked(xml)


WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


@given(WORDS, WORDS, WORDS, WORDS)
def test_any_text_makes_good_xml(vendor: str, number: str, order: str, due: str) -> None:
    data = with_(vendor=vendor, invoiceNumber=number, orderNumber=order, vendorAddress=order, dueDate=due)
    try:
        xml = ubl.ubl(document(data))
    except NotPossibleError as why:
        assert "not known" in str(why)
        return
    checked(xml)
