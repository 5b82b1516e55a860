"""What the XML says is held against the page: proven, contradicted, or said by the XML alone."""

from collections.abc import Iterator
from dataclasses import fields, replace
from decimal import Decimal

import pytest
from automateiq_ocr.einvoice.engine import read_invoice, understand
from automateiq_ocr.einvoice.merging import merge
from automateiq_ocr.einvoice.placing import number_pattern, text_pattern
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.extraction.evidence import stands_on
from automateiq_ocr.extraction.layout import lay_out
from automateiq_ocr.extraction.models import DocumentType, ExtractedData, Field
from automateiq_ocr.recognition.models import PDF, PNG, Page
from einvoices import PAGE, attached, cii, ubl
from extraction_deeds import set_page
from ocr_pages import pdf, read, text


def merged(data: bytes, *rows: str) -> ExtractedData:
    pages = [set_page(*rows)]
    invoice = read_invoice(data)
    assert invoice is not None
    return merge(extract(pages), pages, invoice)


def all_fields(data: ExtractedData) -> Iterator[tuple[str, Field]]:
    yield from data.fields().items()
    for part in (*data.line_items, *data.taxes):
        for field in fields(part):
            value = getattr(part, field.name)
            if value is not None:
                yield f"{type(part).__name__}.{field.name}", value


@pytest.mark.parametrize("data", [cii(), cii(version=1), ubl()], ids=["cii", "zugferd 1", "ubl"])
def test_a_page_that_says_the_same_proves_every_value(data: bytes) -> None:
    found = merged(data, *PAGE)
    pages = [set_page(*PAGE)]
    layout = lay_out(pages)
    for name, field in all_fields(found):
        if name == "payment_method":
            continue  # a word of ours, which no page prints
        assert field.origin == "xml", name
        assert "equals_page" in field.checks, name
        assert not field.doubts, name
        assert field.confidence > 0.95, name
        assert stands_on(field, pages, layout), name
    assert found.total is not None
    assert (found.total.value, found.total.source_text.split()[-1]) == ("3071.30", "3.071,30")
    assert found.document_type is DocumentType.INVOICE
    assert [line.amount.value for line in found.line_items if line.amount] == ["90.00", "2500.00"]
    second = found.line_items[1]
    assert second.description is not None
    assert second.description.source_text == "Pflanzkübel aus Terrakotta"
    assert [line.rate.source_text.split()[0] for line in found.taxes if line.rate] == ["7", "19"]


def test_the_page_beats_the_xml() -> None:
    found = merged(cii(total="9999.99"), *PAGE)
    assert found.total is not None
    assert (found.total.value, found.total.origin) == ("3071.30", "page")
    assert "page_differs_from_xml" in found.total.doubts
    assert found.total.confidence <= 0.6


def test_sums_of_another_invoice_do_not_stand_on_the_page_by_chance() -> None:
    # The XML's net amount is printed, as the price of a line; the page's own net amount is another.
    rows = [row.replace("2.590,00", "2.600,00").replace("3.071,30", "3.081,30") for row in PAGE]
    rows[13] += "    war 2.590,00"
    found = merged(cii(total="9999.99"), *rows)
    assert found.subtotal is not None
    assert found.subtotal.value == "2600.00"
    assert "page_differs_from_xml" in found.subtotal.doubts


def test_a_country_in_the_address_is_no_contradiction() -> None:
    address = merged(cii(), *("D-79100 Freiburg" if row == "79100 Freiburg" else row for row in PAGE))
    assert address.vendor_address is not None
    assert (address.vendor_address.origin, address.vendor_address.doubts) == ("xml", ())
    assert address.vendor_address.value == "Am Hang 7, 79100 Freiburg"
    assert address.vendor_address.source_text.endswith("D-79100 Freiburg")


def test_a_thousand_lines_are_held_against_a_hundred_pages_in_time() -> None:
    """Looking up a line must not cost a pass over all pages."""
    lines, rows = 1_000, 60
    invoice = read_invoice(ubl())
    assert invoice is not None
    invoice = replace(invoice, lines=invoice.lines[:1] * lines)
    row = "Topfrose rot   20   4,50   7 %   90,00"
    pages = [set_page(*[row] * rows, number=number) for number in range(1, 101)]
    found = merge(ExtractedData(), pages, invoice)
    amounts = [item.amount for item in found.line_items]
    places = {(amount.page, amount.box) for amount in amounts if amount is not None and amount.box}
    assert len(places) == lines  # each line has a row of its own


def test_what_stands_only_in_the_xml_says_so() -> None:
    rows = [row for row in PAGE if "IBAN" not in row and "PO-77" not in row]
    found = merged(cii(), *rows)
    for field in (found.iban, found.order_number, found.due_date):
        assert field is not None
        assert (field.origin, field.page, field.box, field.source_text) == ("xml", 0, None, "")
        assert field.doubts == ("not_on_page",)
        assert field.confidence <= 0.8


def test_a_line_that_the_page_prints_otherwise_keeps_the_page_s_amount() -> None:
    rows = [row.replace("20      4,50      7 %     90,00", "10      4,50      7 %     45,00") for row in PAGE]
    found = merged(cii(), *rows)
    first = found.line_items[0]
    assert first.amount is not None
    assert first.quantity is not None
    assert (first.amount.value, first.quantity.value) == ("45.00", "10")
    assert "page_differs_from_xml" in first.amount.doubts
    assert "page_differs_from_xml" in first.quantity.doubts


def test_sums_that_do_not_add_up_lower_the_confidence() -> None:
    rows = [row.replace("3.071,30", "3.000,00") for row in PAGE]
    found = merged(cii(total="3000.00"), *rows)
    assert found.total is not None
    assert "sum_differs" in found.total.doubts
    assert found.total.confidence <= 0.7


def pages_of(document: bytes) -> list[Page]:
    return [read(document)]


def test_the_invoice_inside_a_pdf_is_found_whatever_it_is_called() -> None:
    sheet = pdf(text(PAGE, first=820), size=(595, 842))
    for name in ("factur-x__xml", "ZUGFeRD-invoice__xml", "rechnung__XML"):
        document = attached(sheet, notes__txt=b"hello", order__xml=b"<order/>", **{name: ubl()})
        found = understand(document, PDF, pages_of(document))
        assert found.iban is not None, name
        assert found.iban.origin == "xml"


def test_damaged_xml_is_a_doubt_and_no_error() -> None:
    sheet = pdf(text(PAGE, first=820), size=(595, 842))
    document = attached(sheet, **{"factur-x__xml": cii()[:700]})
    pages = pages_of(document)
    found, alone = understand(document, PDF, pages), understand(sheet, PDF, pages)
    assert alone.total is not None
    assert found.total is not None
    assert found.total.doubts == (*alone.total.doubts, "xml_unreadable")
    assert found.total.value == alone.total.value
    # A sound invoice beside it is taken all the same.
    both = attached(sheet, **{"factur-x__xml": cii()[:700], "b__xml": ubl()})
    total = understand(both, PDF, pages).total
    assert total is not None
    assert total.origin == "xml"


def test_without_an_invoice_inside_the_page_speaks_alone() -> None:
    for document, mimetype in ((pdf(text()), PDF), (b"not a file", PDF), (b"\x89PNG", PNG)):
        assert understand(document, mimetype, [set_page(*PAGE)]) == extract([set_page(*PAGE)])


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("1234.50", "1.234,50"), ("1234.50", "1,234.50"), ("1234.50", "1 234,50"), ("1234.50", "1'234.50"),
        ("1234.50", "EUR 1234.50"), ("1234.50", "EUR1234,50"), ("1234.50", "1234,5000 EUR"), ("-8.79", "-8,79"),
        ("-8.79", "8,79-"), ("-8.79", "(8.79)"), ("0.50", ".50"), ("20", "20,000"), ("7", "7 %"), ("5", "5,--"),
    ],
)  # fmt: skip
def test_a_number_is_known_in_every_usual_form(value: str, printed: str) -> None:
    match = number_pattern(Decimal(value)).search(printed)
    assert match is not None
    assert bool(match["before"] or match["after"]) == value.startswith("-")


@pytest.mark.parametrize(
    ("value", "other"),
    [
        ("5", "5,25"), ("5", "05.03.2013"), ("100", "TB100A4"), ("34.50", "1.234,50"), ("20", "2024"),
        ("12", "12:30"), ("118", "2024/118"), ("1234.50", "1234.505"),
    ],
)  # fmt: skip
def test_a_part_of_something_else_is_no_number(value: str, other: str) -> None:
    assert number_pattern(Decimal(value)).search(other) is None


def test_small_sums_of_money_are_known_by_their_decimals() -> None:
    assert number_pattern(Decimal(0), money=True).search("Seite 0 von 2") is None
    assert number_pattern(Decimal(0), money=True).search("offen 0,00")
    assert number_pattern(Decimal(1200), money=True).search("¥1,200")


def test_a_text_is_known_across_punctuation_but_only_whole() -> None:
    pattern = text_pattern("DE-4711")
    assert pattern is not None
    assert pattern.search("nr. de 4711,")
    assert not pattern.search("de47112")
    assert not pattern.search("xde4711")
    assert text_pattern("—") is None
