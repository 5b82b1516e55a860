"""The way through on nothing but real parts: documents, ai-ocr with Tesseract, billing, MongoDB, Redis."""

import asyncio
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from automateiq.common.v1 import recognition_pb2
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq_core.errors import InvalidInput
from automateiq_core.testing import RunningService, calling
from automateiq_ocr.main import SERVICE as OCR
from PIL import Image

SAMPLES = Path(__file__).resolve().parents[3] / "samples" / "documents"


async def test_a_digital_invoice_and_a_scan_travel_all_the_way(reading_bench: Any) -> None:
    bench = reading_bench
    with calling():
        digital = await bench.upload((SAMPLES / "invoice-gb-thistlewick.pdf").read_bytes(), "invoice.pdf")
        scanned = await bench.upload((SAMPLES / "receipt-fennimore-thermal.png").read_bytes(), "receipt.png")
        assert digital.document.page_count == scanned.document.page_count == 1
        for answer in (digital, scanned):
            await bench.process(answer.document.id)
        assert (await bench.balance())[1] == 2 * await bench.quote(1)
        await asyncio.gather(bench.work(), bench.work())
        invoice, receipt = await bench.get(digital.document.id), await bench.get(scanned.document.id)
        charged = [await bench.price(document) for document in (invoice, receipt)]
        assert charged[0] == 2
        assert await bench.balance() == (500 - sum(charged), 0)
        request = pb.ListDocumentsRequest(filter=pb.DocumentFilter(query="Thistlewick"))
        (found,) = (await bench.documents.ListDocuments(request)).documents
    assert found.id == invoice.id
    for document, credits in zip((invoice, receipt), charged, strict=True):
        assert document.status == pb.DOCUMENT_STATUS_PROCESSED, document.failure
        assert document.processing.credits_charged == credits
        assert document.ocr_result.text.strip()
        assert len(document.ocr_result.pages) == 1
        words = document.ocr_result.bounding_boxes
        assert len(words) > 20
        page = document.ocr_result.pages[0]
        assert all(0 <= word.box.x <= page.width and 0 <= word.box.y <= page.height for word in words)
    assert invoice.ocr_result.pages[0].source == recognition_pb2.TEXT_SOURCE_TEXT_LAYER
    assert receipt.ocr_result.pages[0].source == recognition_pb2.TEXT_SOURCE_OCR
    assert "TPC-20419" in invoice.ocr_result.text


def pixel_bomb() -> bytes:
    file = BytesIO()
    Image.new("1", (10_000, 10_000)).save(file, "PNG")
    return file.getvalue()


async def test_what_can_not_be_read_is_refused_at_its_upload(
    reading_bench: Any, pdf: Callable[..., bytes], locked_pdf: bytes
) -> None:
    bench = reading_bench
    good = pdf("Invoice 4711")
    spoilt = {
        "PDF_ENCRYPTED": [locked_pdf],
        "FILE_DAMAGED": [good[: len(good) // 3], b"%PDF-1.7\nThis is text, renamed."],
        "TOO_MANY_PAGES": [pdf(*map(str, range(500)))],
        "IMAGE_TOO_LARGE": [pixel_bomb()],
    }
    with calling():
        for reason, contents in spoilt.items():
            for content in contents:
                with pytest.raises(InvalidInput) as refused:
                    await bench.upload(content)
                assert refused.value.reason == reason
                assert refused.value.message.endswith(".")
        assert await bench.balance() == (500, 0)
    for name in ("documents", "files.files", "loose_blobs"):
        assert await bench.rows(name) == []


async def test_a_reader_that_dies_in_the_middle_is_waited_for(
    open_bench: Any, running_service: RunningService, billing_target: str, unused_tcp_port: int, pdf: Any
) -> None:
    target = f"127.0.0.1:{unused_tcp_port}"
    bench = await open_bench(billing_target=billing_target, ocr_target=target)
    with calling():
        async with running_service(OCR, listen=target, ocr_workers=1):
            document_id = await bench.uploaded(pdf("Invoice 4711", "page two"))
            await bench.process(document_id)
        (record,) = await bench.rows("outbox")
        await bench.worker.tasks.run(str(record["_id"]))
        assert (await bench.get(document_id)).status == pb.DOCUMENT_STATUS_PROCESSING
        async with running_service(OCR, listen=target, ocr_workers=1):
            await bench.work()
        document = await bench.get(document_id)
        assert document.status == pb.DOCUMENT_STATUS_PROCESSED
        assert document.ocr_result.text.startswith("Invoice 4711")
        assert await bench.spent() == await bench.price(document) == 2
