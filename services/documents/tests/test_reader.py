"""From what ai-ocr says to what is kept, and back to what the API shows."""

import pytest
from automateiq.common.v1 import recognition_pb2 as common
from automateiq.ocr.v1 import recognition_pb2
from automateiq_core.errors import InvalidInput
from automateiq_documents.documents.messages import reading_message
from automateiq_documents.documents.models import MAX_TEXT_BYTES, MAX_WORDS_BYTES, DocumentType
from automateiq_documents.documents.reader import reading_done

BOX = common.BoundingBox(page=2, x=10, y=20.25, width=30.5, height=8)


def field(value: str, source: str) -> common.ExtractedField:
    return common.ExtractedField(
        value=value,
        confidence=0.75,
        box=BOX,
        source_text=source,
        origin="page",
        checks=["lines_sum"],
        doubts=["sum_differs"],
    )


def result(text: str = "Invoice 4711\fTotal 12,50", word: str = "Total") -> recognition_pb2.RecognitionResult:
    return recognition_pb2.RecognitionResult(
        text=text,
        confidence=0.93,
        pages=[
            common.Page(number=1, width=595, height=842, source=common.TEXT_SOURCE_TEXT_LAYER, confidence=1),
            common.Page(number=2, width=842, height=595, source=common.TEXT_SOURCE_OCR, rotation=90),
        ],
        words=[
            common.Word(text="Invoice", box=common.BoundingBox(page=1, x=1, y=2, width=3, height=4)),
            common.Word(text=word, box=BOX, confidence=0.5),
            common.Word(text="12,50", box=BOX, confidence=0.25),
        ],
        extracted_data=common.ExtractedData(
            document_type="invoice",
            document_type_confidence=0.9,
            language="de",
            vendor=field("Larch & Vole", "Larch & Vole"),
            invoice_number=field("4711", "4711"),
            date=field("2026-01-02", "2.1.2026"),
            due_date=field("2026-02-02", "2.2.2026"),
            currency=field("EUR", "€"),
            subtotal=field("10.50", "10,50"),
            tax=field("2.00", "2,00"),
            total=field("12.50", "12,50"),
            vendor_tax_id=field("DE136695976", "DE 136695976"),
            vendor_address=field("Am Anger 1, 99084 Erfurt", "Am Anger 1, 99084 Erfurt"),
            iban=field("DE02120300000000202051", "DE02 1203 0000 0000 2020 51"),
            customer=field("Ida Holm", "Ida Holm"),
            order_number=field("B-17", "B-17"),
            contract_number=field("V-3", "V-3"),
            period_start=field("2025-12-01", "1.12.2025"),
            period_end=field("2025-12-31", "31.12.2025"),
            tip=field("1.00", "1,00"),
            rounding=field("0.01", "0,01"),
            amount_due=field("0.00", "0,00"),
            payment_method=field("transfer", "Überweisung"),
            taxes=[
                common.TaxLine(
                    rate=field("19", "19 %"), base=field("10.50", "10,50"), amount=field("2.00", "2,00")
                )
            ],
            parties=[field("Larch & Vole", "Larch & Vole"), field("Ida Holm", "Ida Holm")],
            effective_date=field("2025-12-01", "1. Dezember 2025"),
            term=field("2 years", "zwei Jahre"),
            governing_law=field("Germany", "deutsches Recht"),
            renewal=field("um ein Jahr", "um ein Jahr"),
            line_items=[
                common.LineItem(
                    description=field("Nails", "Nails"),
                    quantity=field("3", "3"),
                    unit_price=field("3.50", "3,50"),
                    amount=field("10.50", "10,50"),
                    tax_rate=field("19", "19 %"),
                )
            ],
        ),
        engine="an engine 1.0",
    )


def test_what_was_read_comes_back_field_by_field() -> None:
    said = result()
    done = reading_done(said)
    shown = reading_message(done.reading, done.words)
    assert shown.text == said.text
    assert shown.confidence == pytest.approx(said.confidence)
    assert shown.extracted_data == said.extracted_data
    assert list(shown.pages) == list(said.pages)
    assert list(shown.bounding_boxes) == list(said.words)
    assert shown.engine == said.engine
    assert done.type is DocumentType.INVOICE
    assert [page.page for page in done.words] == [1, 2]


def test_every_field_of_the_data_is_tried_above() -> None:
    data = result().extracted_data
    assert {found.name for found, _ in data.ListFields()} == set(
        common.ExtractedData.DESCRIPTOR.fields_by_name
    )
    (item,) = data.line_items
    assert {found.name for found, _ in item.ListFields()} == set(common.LineItem.DESCRIPTOR.fields_by_name)


def test_the_data_is_kept_under_the_names_of_the_api() -> None:
    kept = reading_done(result()).reading.extracted_data
    assert kept["invoiceNumber"]["sourceText"] == "4711"
    assert kept["lineItems"][0]["unitPrice"]["value"] == "3.50"


def test_control_characters_are_left_out() -> None:
    said = result("In\x00voice\x1b 4711\tTotal\n\x7f\fpage two")
    said.extracted_data.vendor.source_text = "Lar\x00ch"
    done = reading_done(said)
    assert done.reading.text == "Invoice 4711\tTotal\n\fpage two"
    assert done.reading.extracted_data["vendor"]["sourceText"] == "Larch"


def test_a_document_without_words_or_data_is_read_too() -> None:
    done = reading_done(recognition_pb2.RecognitionResult(pages=[common.Page(number=1)]))
    assert (done.reading.text, done.words, done.type) == ("", [], None)
    assert reading_message(done.reading, done.words).pages[0].number == 1


@pytest.mark.parametrize(
    "said",
    [result("ü" * (MAX_TEXT_BYTES // 2 + 1)), result(word="w" * (2 * MAX_TEXT_BYTES))],
    ids=["the text", "the words of a page"],
)
def test_more_than_can_be_kept_is_said_so(said: recognition_pb2.RecognitionResult) -> None:
    with pytest.raises(InvalidInput) as refused:
        reading_done(said)
    assert refused.value.reason == "TEXT_TOO_LONG"


def test_words_of_many_pages_are_limited_together() -> None:
    said = result()
    for page in range(1, 10):
        box = common.BoundingBox(page=page)
        said.words.append(common.Word(text="w" * (MAX_WORDS_BYTES // 9), box=box))
    with pytest.raises(InvalidInput) as refused:
        reading_done(said)
    assert refused.value.reason == "TEXT_TOO_LONG"
    said.words.pop()
    assert len(reading_done(said).words) >= 8
