"""What becomes of readings while ai-ocr or billing is away, says no, or a file is lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq_billing.main import SERVICE as BILLING
from automateiq_core.errors import InvalidInput
from automateiq_core.testing import RunningService, calling
from automateiq_ocr.main import SERVICE as OCR

Pdf = Callable[..., bytes]

PROCESSING = pb.DOCUMENT_STATUS_PROCESSING
PROCESSED = pb.DOCUMENT_STATUS_PROCESSED
FAILED = pb.DOCUMENT_STATUS_FAILED

# ai-ocr is away, comes back, or says no


async def test_pages_that_were_not_counted_are_counted_before_the_price(
    open_bench: Any,
    running_service: RunningService,
    billing_target: str,
    unused_tcp_port: int,
    pdf: Pdf,
    locked_pdf: bytes,
) -> None:
    target = f"127.0.0.1:{unused_tcp_port}"
    bench = await open_bench(billing_target=billing_target, ocr_target=target)
    with calling():
        good, locked = await bench.uploaded(pdf("1", "2")), await bench.uploaded(locked_pdf)
        assert (await bench.get(good)).page_count == 0
        async with running_service(OCR, listen=target, ocr_workers=1):
            queued = await bench.process(good)
            assert queued.page_count == queued.processing.pages_total == 2
            assert queued.processing.credits_quoted == await bench.quote(2)
            with pytest.raises(InvalidInput) as refused:
                await bench.process(locked)
        assert refused.value.reason == "PDF_ENCRYPTED"
        document = await bench.get(locked)
        assert document.status == FAILED
        assert (document.failure.reason, document.failure.message) == (
            refused.value.reason,
            refused.value.message,
        )
        assert (await bench.balance())[1] == await bench.quote(2)


async def test_a_reader_that_is_away_for_good_fails_the_document_and_costs_nothing(
    open_bench: Any, running_service: RunningService, billing_target: str, unused_tcp_port: int, pdf: Pdf
) -> None:
    target = f"127.0.0.1:{unused_tcp_port}"
    bench = await open_bench(billing_target=billing_target, ocr_target=target)
    with calling():
        async with running_service(OCR, listen=target, ocr_workers=1):
            document_id = await bench.uploaded(pdf())
            await bench.process(document_id)
        await bench.run_once()
        assert (await bench.get(document_id)).status == PROCESSING, "it may come back"
        await bench.work()
        document = await bench.get(document_id)
        assert document.status == FAILED
        assert document.failure.reason == "READING_UNAVAILABLE"
        assert document.failure.message.endswith("Process it again in a few minutes.")
        assert document.processing.attempts == 8
        assert document.processing.stage == pb.PROCESSING_STAGE_FINISHED
        assert await bench.balance() == (500, 0)
        # It comes back, and so does the user.
        async with running_service(OCR, listen=target, ocr_workers=1):
            await bench.process(document_id)
            await bench.work()
        document = await bench.get(document_id)
        assert document.status == PROCESSED
        assert await bench.spent() == await bench.price(document)


async def test_what_the_reader_refuses_in_the_end_fails_at_once_in_its_words(
    open_bench: Any, running_service: RunningService, billing_target: str, unused_tcp_port: int, pdf: Pdf
) -> None:
    target = f"127.0.0.1:{unused_tcp_port}"
    bench = await open_bench(billing_target=billing_target, ocr_target=target)
    with calling():
        async with running_service(OCR, listen=target, ocr_workers=1):
            document_id = await bench.uploaded(pdf("1", "2"))
            await bench.process(document_id)
        # A new release takes fewer pages.
        async with running_service(OCR, listen=target, ocr_workers=1, ocr_max_pages=1):
            await bench.work()
        document = await bench.get(document_id)
        assert document.status == FAILED
        assert document.failure.reason == "TOO_MANY_PAGES"
        assert "2 pages" in document.failure.message
        assert not document.HasField("ocr_result")
        assert await bench.balance() == (500, 0)


async def test_a_lost_file_is_a_failure_that_says_so(reading_bench: Any, pdf: Pdf) -> None:
    bench = reading_bench
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        files = bench.mongo.across_tenants("files.files", why="the test loses a file")
        await files.delete_many({})
        await bench.work()
        document = await bench.get(document_id)
        assert (document.status, document.failure.reason) == (FAILED, "FILE_MISSING")
        assert document.processing.attempts == 1
        assert await bench.balance() == (500, 0)


# Billing is away


async def test_a_result_is_stored_while_billing_is_away_and_charged_when_it_is_back(
    open_bench: Any, running_service: RunningService, ocr_target: str, unused_tcp_port: int, pdf: Pdf
) -> None:
    target = f"127.0.0.1:{unused_tcp_port}"
    bench = await open_bench(billing_target=target, ocr_target=ocr_target)
    with calling():
        async with running_service(BILLING, listen=target):
            price = 2
            by_sweep, by_task = await bench.uploaded(pdf("1")), await bench.uploaded(pdf("2"))
            for document_id in (by_sweep, by_task):
                await bench.process(document_id)
        await bench.run_once()
        for document_id in (by_sweep, by_task):
            document = await bench.get(document_id)
            assert document.status == PROCESSED
            assert document.processing.credits_charged == 0
        documents = bench.mongo.across_tenants("documents", why="the test ages a result")
        aged = {"processing.finishedAt": datetime.now(UTC) - timedelta(minutes=1)}
        (row,) = [row for row in await bench.rows("documents") if str(row["_id"]) == by_sweep]
        await documents.update_one({"_id": row["_id"]}, {"$set": aged})
        await bench.worker.tasks.run_periodic("documents.settle_pending")
        assert all(row["processing"]["chargePending"] for row in await bench.rows("documents"))
        # Billing comes back without the holds, as after their time has run out: the same key makes each anew.
        async with running_service(BILLING, listen=target):
            for _ in range(2):
                await bench.worker.tasks.run_periodic("documents.settle_pending")
                assert (await bench.get(by_sweep)).processing.credits_charged == price
                assert await bench.spent() == price
            # The task of the other one, tried again, finds the result and only pays for it.
            await bench.work()
            paid = await bench.get(by_task)
            assert paid.processing.credits_charged == price
            assert paid.processing.attempts == 1
            assert await bench.spent() == 2 * price
            assert (await bench.balance())[1] == 0


async def test_a_watcher_of_a_result_that_can_not_be_charged_yet_is_not_kept(
    open_bench: Any, running_service: RunningService, ocr_target: str, unused_tcp_port: int, pdf: Pdf
) -> None:
    target = f"127.0.0.1:{unused_tcp_port}"
    bench = await open_bench(billing_target=target, ocr_target=ocr_target)
    with calling():
        async with running_service(BILLING, listen=target):
            document_id = await bench.uploaded(pdf())
            await bench.process(document_id)
        await bench.run_once()
        (seen,) = await bench.watched(document_id, timeout=60)
    assert (seen.status, seen.processing.credits_charged) == (PROCESSED, 0)
