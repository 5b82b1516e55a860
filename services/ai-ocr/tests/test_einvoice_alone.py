"""XML invoices without a PDF: printed on plain pages, with every value where it stands; other XML is refused."""

from dataclasses import fields

import pytest
from automateiq_ocr.einvoice.engine import understand
from automateiq_ocr.einvoice.sheet import HIGH, WIDTH, Sheet, SheetFull
from automateiq_ocr.extraction.evidence import stands_on
from automateiq_ocr.extraction.layout import lay_out
from automateiq_ocr.extraction.models import DocumentType, ExtractedData, Field
from automateiq_ocr.recognition.engine import open_document, recognize_page
from automateiq_ocr.recognition.models import (
    XML,
    DamagedFile,
    Options,
    Page,
    PageNotFound,
    TooManyPages,
    UnsupportedFile,
)
from einvoices import cii, ubl
from hypothesis import given
from hypothesis import strategies as st


def read_all(data: bytes) -> tuple[list[Page], ExtractedData]:
    info = open_document(data, XML, Options())
    assert info.mimetype == XML
    pages = [recognize_page(data, XML, number, Options()) for number in range(1, info.page_count + 1)]
    return pages, understand(data, XML, pages)


def every_field(data: ExtractedData) -> list[Field]:
    parts = [getattr(part, f.name) for part in (*data.line_items, *data.taxes) for f in fields(part)]
    return [*data.fields().values(), *(part for part in parts if part is not None)]


@pytest.mark.parametrize("data", [cii(), cii(version=1), ubl(), ubl(credit=True)])
def test_every_value_stands_where_it_is_printed(data: bytes) -> None:
    pages, found = read_all(data)
    layout = lay_out(pages)
    values = every_field(found)
    assert len(values) == 14 + 4 + 2 * 5 + 2 * 3
    for field in values:
        assert field.origin == "xml"
        assert stands_on(field, pages, layout), field
        assert field.source_text == field.value
        assert not field.doubts
    assert found.total is not None
    assert (found.total.value, found.total.checks) == ("3071.30", ("net_plus_tax",))
    text = pages[0].text
    assert text.startswith("CREDIT NOTE" if found.document_type is DocumentType.CREDIT_NOTE else "INVOICE")
    assert "Seller: Gärtnerei Waldhof GmbH" in text


def test_doubts_stay_with_their_values() -> None:
    _, found = read_all(cii(total="1.00").replace(b"DE88200800000970375700", b"DE00200800000970375700"))
    assert found.total is not None
    assert found.iban is not None
    assert found.total.doubts == ("sum_differs",)
    assert found.iban.doubts == ("iban_check_digits_wrong",)
    assert found.total.confidence < 0.8 > found.iban.confidence


def with_lines(count: int) -> bytes:
    head, rest = ubl().split(b"<cac:InvoiceLine>", 1)
    line, tail = rest.split(b"</cac:InvoiceLine>", 1)
    return head + (b"<cac:InvoiceLine>" + line + b"</cac:InvoiceLine>") * count + tail


def test_a_long_invoice_runs_over_pages_and_has_a_limit() -> None:
    pages, found = read_all(with_lines(200))
    assert len(pages) == 4
    assert [page.number for page in pages] == [1, 2, 3, 4]
    assert found.line_items[-1].amount is not None
    assert found.line_items[-1].amount.page == 4
    with pytest.raises(TooManyPages):
        open_document(with_lines(200), XML, Options(max_pages=3))
    with pytest.raises(PageNotFound):
        recognize_page(ubl(), XML, 2, Options())


def test_nothing_is_printed_beyond_the_last_page_that_there_may_be() -> None:
    sheet = Sheet(most_pages=2)
    with pytest.raises(SheetFull):
        for _ in range(1000):
            sheet.row((0, 10, "a line"))
    assert len(sheet.pages) == 2


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b'<?xml version="1.0"?><svg/>', UnsupportedFile),
        (b'<?xml version="1.0"?><html/>', UnsupportedFile),
        (b"<Invoice xmlns='urn:somebody'/>", UnsupportedFile),
        (ubl()[:-9], DamagedFile),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><Invoice>&b;</Invoice>', DamagedFile),
        (b"<html/>", UnsupportedFile),
        (b"<!---->" * 146, UnsupportedFile),
    ],
)
def test_other_xml_is_refused_with_a_reason(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        open_document(data, XML, Options())


@pytest.mark.parametrize("coding", ["utf-16-le", "utf-16-be"])
def test_xml_in_utf_16_is_known(coding: str) -> None:
    text = "\ufeff" + ubl().decode().replace('encoding="UTF-8"', 'encoding="UTF-16"')
    assert open_document(text.encode(coding), XML, Options()).page_count == 1


@given(st.lists(st.text(max_size=400), min_size=1, max_size=80))
def test_whatever_is_printed_stays_on_its_page(texts: list[str]) -> None:
    sheet, printed = Sheet(), []
    for text in texts:
        printed += sheet.row((0, 20, text), (30, 30, text))
    pages = sheet.pages
    for there in printed:
        if there is not None:
            assert 1 <= there.page <= len(pages)
            assert 0 <= there.box.x < there.box.right <= WIDTH
            assert 0 <= there.box.y < there.box.bottom <= HIGH
            assert there.text.strip()
