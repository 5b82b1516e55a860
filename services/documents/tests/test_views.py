"""Documents to look at and to take away, through the real ai-ocr."""

from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pypdfium2
import pytest
from automateiq.documents.v1 import documents_pb2, views_pb2
from automateiq_core.errors import FailedPrecondition, InvalidInput, NotFound, Unavailable
from automateiq_core.testing import calling
from automateiq_documents.views.engine import hocr_page, lines_of
from automateiq_documents.views.models import PlacedPage, PlacedWord
from hypothesis import given
from hypothesis import strategies as st
from pikepdf import pdfa
from PIL import Image

SAMPLES = Path(__file__).resolve().parents[3] / "samples" / "documents"
_XHTML = "{http://www.w3.org/1999/xhtml}"


async def received(answers: AsyncIterator[Any]) -> tuple[Any, bytes]:
    first, *rest = [answer async for answer in answers]
    content = b"".join(answer.chunk for answer in rest)
    assert first.header.size == len(content)
    return first.header, content


async def image(bench: Any, document_id: str, **wanted: Any) -> tuple[Any, bytes]:
    request = views_pb2.GetPageImageRequest(document_id=document_id, **wanted)
    return await received(bench.views.GetPageImage(request))


async def export(bench: Any, document_id: str, form: str, **wanted: Any) -> tuple[Any, bytes]:
    number = views_pb2.ExportFormat.Value(f"EXPORT_FORMAT_{form}")
    request = views_pb2.ExportReadingRequest(document_id=document_id, format=number, **wanted)
    return await received(bench.views.ExportReading(request))


async def test_an_invoice_is_shown_and_taken_away_in_every_form(reading_bench: Any) -> None:
    bench = reading_bench
    with calling():
        document_id = await bench.uploaded((SAMPLES / "invoice-gb-thistlewick.pdf").read_bytes(), "Größe.pdf")
        header, content = await image(bench, document_id, page=1, width=640)
        assert (header.mimetype, header.filename) == ("image/webp", "Größe-page-1.webp")
        assert Image.open(BytesIO(content)).width == 640
        same, nothing = await image(bench, document_id, width=640, known_tags=["x", header.tag])
        assert (same.known, same.tag, nothing) == (True, header.tag, b"")
        assert (await image(bench, document_id, width=641))[0].tag != header.tag
        with pytest.raises(FailedPrecondition) as unread:
            await export(bench, document_id, "TEXT")
        assert unread.value.reason == "NOT_READ_YET"

        await bench.process(document_id)
        await bench.work()
        read = (await bench.get(document_id)).ocr_result
        header, text = await export(bench, document_id, "TEXT")
        assert (text.decode(), header.filename) == (read.text, "Größe.txt")
        header, made = await export(bench, document_id, "SEARCHABLE_PDF")
        assert (header.mimetype, header.filename) == ("application/pdf", "Größe.searchable.pdf")
        again = await export(bench, document_id, "SEARCHABLE_PDF", known_tags=[header.tag])
        assert (again[0].known, again[1]) == (True, b"")
        header, markup = await export(bench, document_id, "HOCR")
        assert header.filename == "Größe.hocr"
    words = [word.text for word in read.bounding_boxes]
    assert not pdfa.validate_written(BytesIO(made), "2b").findings
    with pypdfium2.PdfDocument(made) as opened:
        assert set(words) <= set(opened[0].get_textpage().get_text_range().split())
    marked = list(ElementTree.fromstring(markup).iter(f"{_XHTML}span"))
    assert [one.text for one in marked if one.get("class") == "ocrx_word"] == words
    first, box = marked[1], read.bounding_boxes[0].box
    left, top = (round(edge * 300 / 72) for edge in (box.x, box.y))
    assert str(first.get("title")).startswith(f"bbox {left} {top} ")


async def test_an_xml_invoice_is_shown_too(reading_bench: Any) -> None:
    bench = reading_bench
    content = (
        b"<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2' xmlns:b='urn:oasis:names:"
        b"specification:ubl:schema:xsd:CommonBasicComponents-2'><b:ID>R-77</b:ID></Invoice>"
    )
    with calling():
        uploaded = (await bench.upload(content, "rechnung.xml")).document
        assert (uploaded.mimetype, uploaded.filename, uploaded.page_count) == (
            "application/xml",
            "rechnung.xml",
            1,
        )
        await bench.process(uploaded.id)
        await bench.work()
        read = await bench.get(uploaded.id)
        assert read.ocr_result.extracted_data.invoice_number.value == "R-77"
        assert read.type == documents_pb2.DOCUMENT_TYPE_INVOICE
        _, content = await image(bench, uploaded.id, width=300)
        assert Image.open(BytesIO(content)).size == (300, 425)
        _, made = await export(bench, uploaded.id, "SEARCHABLE_PDF")
        assert not pdfa.validate_written(BytesIO(made), "2b").findings
        with pytest.raises(InvalidInput) as refused:
            await bench.upload(b"<?xml version='1.0'?><svg/>", "picture.xml")
    assert refused.value.reason == "UNSUPPORTED_TYPE"


async def test_what_is_not_there_is_not_found(bench: Any, pdf: Callable[..., bytes]) -> None:
    with calling():
        document_id = await bench.uploaded(pdf())
        for wanted in (image(bench, "0" * 24), export(bench, "0" * 24, "TEXT")):
            with pytest.raises(NotFound):
                await wanted
        with pytest.raises(InvalidInput):
            await image(bench, document_id, width=15)
        with pytest.raises(InvalidInput):
            await image(bench, document_id, page=-1)
        with pytest.raises(Unavailable):  # nobody is there to draw it
            await image(bench, document_id, page=1)
    with calling(organization_id="f" * 24), pytest.raises(NotFound):
        await image(bench, document_id)


async def test_a_page_beyond_the_last_is_not_found(reading_bench: Any, pdf: Callable[..., bytes]) -> None:
    with calling():
        document_id = await reading_bench.uploaded(pdf("one", "two"))
        assert (await image(reading_bench, document_id, page=2))[1]
        with pytest.raises(NotFound) as missing:
            await image(reading_bench, document_id, page=3)
    assert missing.value.reason == "PAGE_NOT_FOUND"


def word(text: str, x: float, y: float, width: float = 30, height: float = 10) -> PlacedWord:
    return PlacedWord(text, x, y, width, height, 0.5)


@pytest.mark.parametrize(
    ("rotation", "steps"), [(0, (40, 0)), (180, (-40, 0)), (90, (0, -40)), (270, (0, 40))]
)
def test_words_beside_each_other_make_a_line_whichever_way_they_run(
    rotation: int, steps: tuple[int, int]
) -> None:
    across, down = steps
    size = (30, 10) if rotation in (0, 180) else (10, 30)
    first = [word(str(n), 300 + n * across, 300 + n * down, *size) for n in range(3)]
    second = [word(str(n), 320 + n * across, 320 + n * down, *size) for n in range(2)]
    page = PlacedPage(1, 800, 800, rotation, [*first, *second])
    assert list(lines_of(page)) == [first, second]


@given(st.lists(st.text(max_size=20), max_size=5), st.booleans())
def test_hocr_is_well_formed_whatever_was_read(texts: list[str], in_points: bool) -> None:
    words = [word(text, 10 * n, 10 * n) for n, text in enumerate(texts)]
    markup = hocr_page(PlacedPage(1, 100, 100, 0, words), in_points=in_points)
    root = ElementTree.fromstring(markup.encode("utf-8"))
    assert sum(one.get("class") == "ocrx_word" for one in root.iter("span")) == len(texts)
