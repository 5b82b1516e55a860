"""The committed sample documents are those that expected.json names, and say what it says."""

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image, ImageOps

from samples.make import hostile
from samples.make.catalogue import SAMPLES
from samples.make.model import iban_is_valid

HERE = Path(__file__).resolve().parents[1]
DOCUMENTS = HERE / "documents"
EXPECTED: list[dict[str, Any]] = json.loads((HERE / "expected.json").read_text("utf-8"))
BILLS = [entry for entry in EXPECTED if entry["kind"] in ("invoice", "receipt")]
DIGITAL = [entry for entry in EXPECTED if entry["how"] == "digital"]
MAGIC = {
    ".pdf": b"%PDF-1.",
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff",
    ".tif": b"II*\0",
    ".webp": b"RIFF",
}


def named(entry: dict[str, Any]) -> str:
    return str(entry["file"])


def text_of(name: str) -> str:
    document = pypdfium2.PdfDocument(DOCUMENTS / name)
    try:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


def spellings(amount: str) -> Iterator[str]:
    english = f"{Decimal(amount):,.2f}"
    yield english
    yield english.translate(str.maketrans(",.", ".,"))
    yield english.translate(str.maketrans(",.", "\u00a0,"))
    yield english.translate(str.maketrans(",.", " ,"))


def test_the_files_are_those_that_are_named() -> None:
    assert sorted(path.name for path in DOCUMENTS.iterdir()) == sorted(map(named, EXPECTED))
    assert sum(path.stat().st_size for path in DOCUMENTS.iterdir()) < 6_000_000


def test_expected_json_is_what_the_generator_says() -> None:
    assert [sample.expected() for sample in SAMPLES] == EXPECTED


@pytest.mark.parametrize("entry", EXPECTED, ids=named)
def test_a_file_is_of_the_type_its_name_says(entry: dict[str, Any]) -> None:
    path = DOCUMENTS / entry["file"]
    assert path.read_bytes().startswith(MAGIC[path.suffix])
    if path.suffix == ".webp":
        assert path.read_bytes()[8:12] == b"WEBP"
    if path.suffix != ".pdf":
        with Image.open(path) as image:
            image.load()


@pytest.mark.parametrize("entry", BILLS, ids=named)
def test_the_sums_add_up(entry: dict[str, Any]) -> None:
    fields = entry["fields"]
    subtotal, tax, total = (Decimal(fields[name]) for name in ("subtotal", "tax", "total"))
    assert subtotal + tax == total > 0
    assert sum(Decimal(line["amount"]) for line in fields["lineItems"]) in (subtotal, total)
    for line in fields["lineItems"]:
        if "unitPrice" in line:
            product = Decimal(line["quantity"]) * Decimal(line["unitPrice"])
            assert product.quantize(Decimal("0.01")) == Decimal(line["amount"])
    for name in ("subtotal", "tax", "total"):
        assert re.fullmatch(r"\d+\.\d\d", fields[name])
    if "dueDate" in fields:
        assert date.fromisoformat(fields["dueDate"]) >= date.fromisoformat(fields["date"])


@pytest.mark.parametrize("entry", DIGITAL, ids=named)
def test_a_digital_document_prints_what_is_expected_of_it(entry: dict[str, Any]) -> None:
    text, fields = text_of(entry["file"]), entry["fields"]
    assert fields["vendor"] in text
    assert fields.get("invoiceNumber", "") in text
    amounts = [fields[name] for name in ("subtotal", "tax", "total") if name in fields]
    amounts += [line[name] for line in fields["lineItems"] for name in ("unitPrice", "amount")]
    for amount in amounts:
        assert any(spelling in text for spelling in spellings(amount)), amount
    flat = " ".join(text.split())
    for line in fields["lineItems"]:
        assert line["description"] in flat
    for account in re.findall(r"\b[A-Z]{2}\d\d(?: [0-9A-Z]{4}){3,7}(?: [0-9A-Z]{1,4})?", flat):
        assert iban_is_valid(account), account


@pytest.mark.parametrize(
    "sample", [sample for sample in SAMPLES if sample.how == "digital"], ids=lambda s: s.file
)
def test_the_generator_draws_the_committed_page(sample: Any) -> None:
    assert sample.draw() == sample.draw()
    fresh, kept = pypdfium2.PdfDocument(sample.draw()), pypdfium2.PdfDocument(DOCUMENTS / sample.file)
    assert len(fresh) == len(kept)
    for one, other in zip(fresh, kept, strict=True):
        assert one.render(scale=1).to_pil().tobytes() == other.render(scale=1).to_pil().tobytes()


def test_scans_have_no_text_layer_and_keep_their_pages() -> None:
    assert text_of("scan-invoice-millrace.pdf").strip() == ""
    with Image.open(DOCUMENTS / "scan-invoice-kestrel-lane.tif") as image:
        assert (image.n_frames, image.mode, image.info["dpi"]) == (2, "L", (300, 300))  # type: ignore[attr-defined]


def test_the_photograph_stands_upright_only_by_its_exif() -> None:
    with Image.open(DOCUMENTS / "receipt-marrow-thyme-photo.jpg") as image:
        assert image.width > image.height
        assert image.getexif()[0x0112] == 6
        upright = ImageOps.exif_transpose(image)
    assert upright.width < upright.height


def test_hostile_files_are_what_they_claim() -> None:
    with pytest.raises(pypdfium2.PdfiumError):
        pypdfium2.PdfDocument(hostile.encrypted_pdf())
    assert len(pypdfium2.PdfDocument(hostile.encrypted_pdf(), password="not-for-you")) == 1
    for broken in (hostile.truncated_pdf(), hostile.text_as_pdf()):
        with pytest.raises(pypdfium2.PdfiumError):
            pypdfium2.PdfDocument(broken)
    assert hostile.truncated_pdf().startswith(b"%PDF-1.")
    assert not hostile.text_as_pdf().startswith(b"%PDF")
    assert len(pypdfium2.PdfDocument(hostile.many_pages_pdf())) == 500
    assert len(pypdfium2.PdfDocument(hostile.blank_pdf())) == 1
    scan = pypdfium2.PdfDocument(hostile.scan_pdf(3))
    assert len(scan) == 3
    assert all(not page.get_textpage().get_text_bounded().strip() for page in scan)


def test_the_pixel_bomb_is_small_valid_and_wide() -> None:
    bomb = hostile.pixel_bomb_png()
    assert len(bomb) < 50_000
    with Image.open(BytesIO(hostile.pixel_bomb_png(100, 90))) as image:
        image.load()
        assert image.size == (100, 90)
    assert bomb[16:24] == (10000).to_bytes(4, "big") * 2


def test_load_documents_are_unique_and_say_their_fields() -> None:
    assert len({hostile.digital_pdf(i) for i in range(50)}) == 50
    assert len({hostile.scan_png(i) for i in range(10)}) == 10
    assert hostile.digital_pdf(7) == hostile.digital_pdf(7)
    fields = hostile.load_bill(7).fields()
    text = pypdfium2.PdfDocument(hostile.digital_pdf(7))[0].get_textpage().get_text_bounded()
    assert fields["invoiceNumber"] in text
    assert f"{Decimal(fields['total']):,.2f}" in text
