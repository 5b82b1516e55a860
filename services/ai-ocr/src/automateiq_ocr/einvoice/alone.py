"""An electronic invoice without a PDF around it: opened, printed on plain pages, and its data with boxes on them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from stdnum import iban

from automateiq_ocr.einvoice import cii, ubl
from automateiq_ocr.einvoice.checks import rate_times_base, verify
from automateiq_ocr.einvoice.lines import plain
from automateiq_ocr.einvoice.models import XmlInvoice
from automateiq_ocr.einvoice.sheet import COLUMNS, Printed, Sheet, SheetFull
from automateiq_ocr.einvoice.trees import MAX_BYTES, UnreadableXml, parse
from automateiq_ocr.extraction.amounts import normal
from automateiq_ocr.extraction.iban import CHECKED, REFUTED
from automateiq_ocr.extraction.models import ExtractedData, Field, LineItem, TaxLine
from automateiq_ocr.recognition.models import DamagedFile, Options, Page, TooManyPages, UnsupportedFile

_SURE = 0.99
_DOUBTED = 0.7

# What is printed before each value, in this order; the language of the standard's own documents.
_LABELS = {
    "invoice_number": "Invoice number",
    "date": "Date",
    "due_date": "Due date",
    "period_start": "Period from",
    "period_end": "Period to",
    "order_number": "Order number",
    "contract_number": "Contract number",
    "vendor": "Seller",
    "vendor_address": "Seller's address",
    "vendor_tax_id": "Seller's tax number",
    "customer": "Buyer",
    "payment_method": "Payment",
    "iban": "IBAN",
    "currency": "Currency",
}
_SUM_LABELS = {
    "subtotal": "Net",
    "tax": "Tax",
    "rounding": "Rounding",
    "total": "Total",
    "amount_due": "Amount due",
}
_LABEL_WIDTH = 22
# The columns of a line: where it begins, how wide it is.
_DESCRIPTION, _QUANTITY, _PRICE, _RATE, _AMOUNT = (0, 44), (46, 11), (58, 12), (71, 7), (79, 14)


def read_invoice(data: bytes) -> XmlInvoice | None:
    """What an XML document says, or None where it is no invoice.

    Raises:
        UnreadableXml: it is no XML that is accepted.
    """
    root = parse(data)
    if cii.is_cii(root):
        return cii.read(root)
    return ubl.read(root) if ubl.is_ubl(root) else None


def open_invoice(source: bytes | Path) -> XmlInvoice:
    """The invoice in a file of XML.

    Raises:
        UnsupportedFile: it is XML of another kind.
        DamagedFile: it is damaged, too large, or holds what no invoice may hold (a DTD).
    """
    if isinstance(source, bytes):
        data = source
    else:
        with source.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    try:
        invoice = read_invoice(data)
    except UnreadableXml as error:
        raise DamagedFile(
            "The XML file is damaged, too large, or has a document type definition, which no invoice has."
        ) from error
    if invoice is None:
        raise UnsupportedFile(
            "The XML file is no electronic invoice. UN/CEFACT CII and UBL 2.1 invoices and credit notes are read."
        )
    return invoice


def pages_of(invoice: XmlInvoice, options: Options) -> tuple[Page, ...]:
    """The invoice on plain pages.

    Raises:
        TooManyPages: it has more lines than fit on as many pages as are read.
    """
    try:
        return print_invoice(invoice, options.max_pages)[0]
    except SheetFull:
        raise TooManyPages(
            f"The invoice fills more than {options.max_pages} pages; at most {options.max_pages} are read.",
            limit=str(options.max_pages),
        ) from None


def print_invoice(
    invoice: XmlInvoice, most_pages: int | None = None
) -> tuple[tuple[Page, ...], ExtractedData]:
    """The invoice on plain pages, and its data, each value where it is printed there.

    Raises:
        SheetFull: it fills more than `most_pages`; as many are printed and no more.
    """
    sheet, verdicts = Sheet(most_pages), verify(invoice)
    sheet.row((0, COLUMNS, invoice.type.value.replace("_", " ").upper()))
    sheet.gap()
    found: dict[str, Any] = {}
    for name, label in _LABELS.items():
        value = invoice.texts.get(name, "")
        printed = _labelled(sheet, label, value)
        if printed is not None:
            right = iban.is_valid(value, check_country=False)
            checks = (CHECKED,) if name == "iban" and right else ()
            doubts = (REFUTED,) if name == "iban" and not right else ()
            found[name] = _field(value, printed, checks, doubts)
    sheet.gap()
    found["line_items"] = _lines(sheet, invoice)
    sheet.gap()
    found["taxes"] = _taxes(sheet, invoice)
    for name, amount in invoice.amounts().items():
        printed = _labelled(sheet, _SUM_LABELS[name], normal(amount))
        if printed is not None:
            found[name] = _field(
                normal(amount), printed, tuple(verdicts.checks[name]), tuple(verdicts.doubts[name])
            )
    return sheet.pages, ExtractedData(invoice.type, _SURE, **found)


def _labelled(sheet: Sheet, label: str, value: str) -> Printed | None:
    if not value.strip():
        return None
    cells = ((0, _LABEL_WIDTH, f"{label}:"), (_LABEL_WIDTH, COLUMNS - _LABEL_WIDTH, value))
    return sheet.row(*cells)[1]


def _lines(sheet: Sheet, invoice: XmlInvoice) -> tuple[LineItem, ...]:
    if not invoice.lines:
        return ()
    sheet.row(
        (*_DESCRIPTION, "Description"),
        (*_QUANTITY, "Quantity"),
        (*_PRICE, "Unit price"),
        (*_RATE, "Tax %"),
        (*_AMOUNT, "Amount"),
    )
    items = []
    for line in invoice.lines:
        values = (
            line.description,
            _text(line.quantity, plain),
            _text(line.unit_price, normal),
            _text(line.tax_rate, plain),
            _text(line.amount, normal),
        )
        columns = (_DESCRIPTION, _QUANTITY, _PRICE, _RATE, _AMOUNT)
        printed = sheet.row(*((*column, value) for column, value in zip(columns, values, strict=True)))
        description, quantity, price, rate, amount = (
            None if there is None else _field(value, there)
            for value, there in zip(values, printed, strict=True)
        )
        items.append(LineItem(description, quantity, price, amount, rate))
    return tuple(items)


def _taxes(sheet: Sheet, invoice: XmlInvoice) -> tuple[TaxLine, ...]:
    if not invoice.taxes:
        return ()
    sheet.row((*_DESCRIPTION, "Tax by rate"), (*_PRICE, "Of"), (*_RATE, "Rate %"), (*_AMOUNT, "Tax"))
    taxes = []
    for tax in invoice.taxes:
        values = (_text(tax.base, normal), _text(tax.rate, plain), _text(tax.amount, normal))
        printed = sheet.row(
            *((*column, value) for column, value in zip((_PRICE, _RATE, _AMOUNT), values, strict=True))
        )
        holds = rate_times_base(tax)
        checks = ("rate_times_base",) if holds else ()
        doubts = ("sum_differs",) if holds is False else ()
        base, rate, amount = (
            None if there is None else _field(value, there, checks, doubts)
            for value, there in zip(values, printed, strict=True)
        )
        taxes.append(TaxLine(rate, base, amount))
    return tuple(taxes)


def _text(value: Decimal | None, form: Any) -> str:
    return "" if value is None else str(form(value))


def _field(value: str, printed: Printed, checks: tuple[str, ...] = (), doubts: tuple[str, ...] = ()) -> Field:
    sure = _DOUBTED if doubts else _SURE
    return Field(value, sure, printed.page, printed.box, printed.text, "xml", checks, doubts)
