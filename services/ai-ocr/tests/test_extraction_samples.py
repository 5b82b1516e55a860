"""The project's own samples, read from their files: what must come out, and that nothing is invented."""

import json
import pickle
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.extraction.models import ExtractedData
from automateiq_ocr.recognition.engine import open_document, recognize_page
from automateiq_ocr.recognition.models import Options, Page
from extraction_deeds import every_field, is_printed

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
EXPECTED: list[dict[str, Any]] = json.loads((SAMPLES / "expected.json").read_text())
SCALARS = {
    "vendor": "vendor",
    "invoiceNumber": "invoice_number",
    "date": "date",
    "dueDate": "due_date",
    "currency": "currency",
    "subtotal": "subtotal",
    "tax": "tax",
    "total": "total",
}


@lru_cache
def pages_of(name: str) -> tuple[Page, ...]:
    path = SAMPLES / "documents" / name
    info = open_document(path, None, Options())
    return tuple(recognize_page(path, info.mimetype, n + 1, Options()) for n in range(info.page_count))


def plain(text: str) -> str:
    return " ".join(re.sub(r"\W", " ", text).casefold().split())


@pytest.mark.parametrize("sample", EXPECTED, ids=lambda sample: sample["file"])
def test_what_a_sample_says_is_read(sample: dict[str, Any]) -> None:
    data = extract(pages_of(sample["file"]))
    found = {name: field.value for name, field in data.fields().items() if name in SCALARS.values()}
    wanted = {SCALARS[name]: value for name, value in sample["fields"].items() if name in SCALARS}
    assert data.document_type == sample["kind"]
    assert plain(found.pop("vendor", "")) == plain(wanted.pop("vendor", ""))
    assert found == wanted


@pytest.mark.parametrize("sample", EXPECTED, ids=lambda sample: sample["file"])
def test_lines_of_digital_samples_are_read_whole(sample: dict[str, Any]) -> None:
    found = [
        {
            name: getattr(item, name).value
            for name in ("description", "quantity", "unit_price", "amount")
            if getattr(item, name)
        }
        for item in extract(pages_of(sample["file"])).line_items
    ]
    wanted = [
        {("unit_price" if name == "unitPrice" else name): value for name, value in line.items()}
        for line in sample["fields"]["lineItems"]
    ]
    assert len(found) == len(wanted)
    if sample["how"] == "digital":
        assert found == wanted
    assert [line["amount"] for line in found] == [line["amount"] for line in wanted]


@pytest.mark.parametrize("sample", EXPECTED, ids=lambda sample: sample["file"])
def test_every_value_stands_in_its_box(sample: dict[str, Any]) -> None:
    pages = pages_of(sample["file"])
    data = extract(pages)
    assert data.fields()
    assert [field for field in every_field(data) if not is_printed(field, pages)] == []


def test_the_result_is_pure_and_can_be_sent_between_processes() -> None:
    pages = pages_of("invoice-gb-thistlewick.pdf")
    data = extract(pages)
    assert pickle.loads(pickle.dumps(data)) == data == extract(pickle.loads(pickle.dumps(pages)))


def test_without_pages_nothing_is_found() -> None:
    assert extract([]) == ExtractedData()
