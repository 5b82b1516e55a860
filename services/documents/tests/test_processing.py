"""Reading documents: paid once, cancelled cleanly, and ended in every case. Billing is the real one."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from automateiq.billing.v1 import credits_pb2
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq_billing.main import SERVICE as BILLING
from automateiq_core.errors import (
    AppError,
    FailedPrecondition,
    Internal,
    InvalidInput,
    NotFound,
    ResourceExhausted,
    Unavailable,
)
from automateiq_core.testing import RunningService, calling, eventually
from automateiq_documents.documents.processing import ProcessingService

Pdf = Callable[..., bytes]

PROCESSING = pb.DOCUMENT_STATUS_PROCESSING
PROCESSED = pb.DOCUMENT_STATUS_PROCESSED
FAILED = pb.DOCUMENT_STATUS_FAILED


async def watched(bench: Any, document_id: str, **call: Any) -> list[Any]:
    request = pb.WatchDocumentRequest(document_id=document_id)
    return [seen async for seen in bench.documents.WatchDocument(request, **call)]


async def quote(bench: Any, pages: int) -> int:
    work = credits_pb2.Work(kind=credits_pb2.WORK_KIND_OCR, units=pages)
    return int((await bench.billing.QuoteCredits(credits_pb2.QuoteCreditsRequest(work=work))).credits)


def at_work(bench: Any) -> "asyncio.Task[None]":
    return asyncio.create_task(bench.work())


async def reading(bench: Any, document_id: str, pages: int) -> Any:
    """Waits until so many pages are noted as read."""

    async def there() -> Any:
        document = await bench.get(document_id)
        return document if document.processing.pages_done >= pages else None

    return await eventually(there)


# The way through


async def test_a_document_is_read_and_charged_once(bench: Any, reader: Any, pdf: Pdf) -> None:
    with calling():
        price = await quote(bench, 3)
        document_id = await bench.uploaded(pdf("a", "b", "c"))
        queued = await bench.process(document_id)
        assert queued.status == PROCESSING
        assert queued.processing.stage == pb.PROCESSING_STAGE_QUEUED
        assert queued.processing.pages_total == 3
        assert queued.processing.credits_quoted == price
        assert queued.processing.credits_charged == 0
        assert not queued.processing.HasField("finished_at")
        assert await bench.balance() == (500 - price, price)
        await bench.work()
        document = await bench.get(document_id)
        assert await bench.balance() == (500 - price, 0)
        # The same task delivered again finds nothing to do.
        (record,) = await bench.rows("outbox")
        outbox = bench.mongo.across_tenants("outbox", why="the test delivers a task twice")
        await outbox.update_one({"_id": record["_id"]}, {"$set": {"state": "pending", "claimedUntil": None}})
        await bench.work()
        assert await bench.get(document_id) == document
        assert await bench.balance() == (500 - price, 0)
    assert reader.begun == 1
    assert reader.received == ["application/pdf"] * 2
    assert document.status == PROCESSED
    assert document.type == pb.DOCUMENT_TYPE_INVOICE
    assert not document.HasField("failure")
    assert document.processing.stage == pb.PROCESSING_STAGE_FINISHED
    assert (document.processing.pages_done, document.processing.attempts) == (3, 1)
    assert document.processing.credits_charged == price
    assert document.processing.HasField("finished_at")
    expected = reader.result()
    assert document.ocr_result.text == expected.text
    assert document.ocr_result.confidence == pytest.approx(expected.confidence)
    assert document.ocr_result.extracted_data == expected.extracted_data
    assert list(document.ocr_result.pages) == list(expected.pages)
    assert list(document.ocr_result.bounding_boxes) == list(expected.words)
    assert document.ocr_result.engine == "led 1"


async def test_what_the_user_said_it_is_stays(bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id = await bench.uploaded(pdf(), type=pb.DOCUMENT_TYPE_CONTRACT)
        await bench.process(document_id)
        await bench.work()
        document = await bench.get(document_id)
    assert document.type == pb.DOCUMENT_TYPE_CONTRACT
    assert document.ocr_result.extracted_data.document_type == "invoice"


async def test_a_text_with_control_characters_is_kept_without_them(bench: Any, reader: Any, pdf: Pdf) -> None:
    reader.text = "In\x00voice\x1b 4711\tTotal\n\x7f"
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        await bench.work()
        document = await bench.get(document_id)
    assert document.status == PROCESSED
    assert document.ocr_result.text == "\f".join(["Invoice 4711\tTotal\n"] * 3)


async def test_what_was_read_is_not_read_or_charged_again(bench: Any, reader: Any, pdf: Pdf) -> None:
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        await bench.work()
        before = await bench.balance()
        with pytest.raises(FailedPrecondition) as refused:
            await bench.process(document_id)
        assert refused.value.reason == "ALREADY_PROCESSED"
        assert await bench.balance() == before
    assert reader.begun == 1


async def test_asking_again_while_it_is_read_changes_nothing(bench: Any, reader: Any, pdf: Pdf) -> None:
    with calling():
        document_id = await bench.uploaded(pdf())
        answers = await asyncio.gather(*(bench.process(document_id) for _ in range(5)))
        assert len({answer.processing.job_id for answer in answers}) == 1
        assert (await bench.balance())[1] == await quote(bench, 3)
        keyed = [await bench.process(document_id, request_id="k") for _ in range(2)]
        assert keyed[0] == keyed[1]
        await bench.work()
        assert await bench.spent() == await quote(bench, 3)
    assert reader.begun == 1


async def test_who_can_not_pay_is_told_at_once(
    open_bench: Any, running_service: RunningService, ocr_target: str, pdf: Pdf
) -> None:
    async with running_service(BILLING, starter_monthly_credits=5) as billing_target:
        bench = await open_bench(billing_target=billing_target, ocr_target=ocr_target)
        with calling():
            first, second = await bench.uploaded(pdf("1")), await bench.uploaded(pdf("2"))
            await bench.process(first)
            with pytest.raises(ResourceExhausted) as refused:
                await bench.process(second)
            assert refused.value.reason == "INSUFFICIENT_CREDITS"
            assert (await bench.get(second)).status == pb.DOCUMENT_STATUS_UPLOADED
            assert len(await bench.rows("outbox")) == 1


async def test_pages_that_were_not_counted_are_counted_before_the_price(
    bench: Any, reader: Any, pdf: Pdf
) -> None:
    reader.inspect_error = Unavailable("UNAVAILABLE", "away")
    with calling():
        document_id = await bench.uploaded(pdf())
        assert (await bench.get(document_id)).page_count == 0
        reader.inspect_error = None
        queued = await bench.process(document_id)
        assert queued.page_count == 3
        assert queued.processing.pages_total == 3


async def test_what_turns_out_unreadable_before_the_price_is_failed(
    bench: Any, reader: Any, pdf: Pdf
) -> None:
    reader.inspect_error = Unavailable("UNAVAILABLE", "away")
    with calling():
        document_id = await bench.uploaded(pdf())
        reader.inspect_error = InvalidInput("PDF_ENCRYPTED", "The PDF is locked. Remove its password.")
        with pytest.raises(InvalidInput) as refused:
            await bench.process(document_id)
        assert refused.value.reason == "PDF_ENCRYPTED"
        document = await bench.get(document_id)
        assert document.status == FAILED
        assert document.failure.reason == "PDF_ENCRYPTED"
        assert await bench.balance() == (500, 0)


# Progress


async def test_progress_is_seen_while_it_is_made(bench: Any, reader: Any, pdf: Pdf) -> None:
    reader.held = True
    with calling():
        price = await quote(bench, 3)
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        watching = asyncio.create_task(watched(bench, document_id, timeout=20))
        working = at_work(bench)
        for page in (1, 2):
            # Later than the last note, so that this one is written.
            await asyncio.sleep(0.3)
            reader.turn()
            document = await reading(bench, document_id, page)
            assert document.status == PROCESSING
            assert document.processing.stage == pb.PROCESSING_STAGE_READING
            await asyncio.sleep(0.3)
        reader.turn(2)
        await working
        seen = await watching
    assert seen[0].processing.stage == pb.PROCESSING_STAGE_QUEUED
    done = [state.processing.pages_done for state in seen]
    assert done == sorted(done)
    assert {1, 2, 3} <= set(done)
    assert seen[-1].status == PROCESSED
    assert seen[-1].processing.credits_charged == price
    assert all(one != other for one, other in pairwise(seen))


async def test_a_watch_tells_the_end_that_was_there_before_it(bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        await bench.work()
        (seen,) = await watched(bench, document_id)
    assert seen.status == PROCESSED


async def test_a_watch_ends_quietly_with_the_document_and_before_its_deadline(bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id = await bench.uploaded(pdf())
        (seen,) = await watched(bench, document_id, timeout=1.5)
        assert seen.status == pb.DOCUMENT_STATUS_UPLOADED
        watching = asyncio.create_task(watched(bench, document_id, timeout=20))
        await asyncio.sleep(0.4)
        await bench.delete(document_id)
        assert len(await watching) == 1
        with pytest.raises(NotFound):
            await watched(bench, document_id)


# Cancel and delete


async def test_a_cancelled_reading_stops_and_costs_nothing(bench: Any, reader: Any, pdf: Pdf) -> None:
    reader.held = True
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        working = at_work(bench)
        reader.turn()
        await reading(bench, document_id, 1)
        cancelled = await bench.cancel(document_id)
        assert cancelled.status == FAILED
        assert cancelled.failure.reason == "CANCELLED"
        assert cancelled.failure.message.endswith("Process it again when you like.")
        assert await bench.balance() == (500, 0)
        await asyncio.sleep(0.25)
        reader.turn()
        await asyncio.wait_for(working, 10)
        await eventually(lambda: reader.abandoned == 1)
        assert await bench.balance() == (500, 0)
        assert (await bench.get(document_id)) == cancelled
        with pytest.raises(FailedPrecondition) as refused:
            await bench.cancel(document_id)
        assert refused.value.reason == "NOT_PROCESSING"
        # And again, to the end.
        reader.held = False
        await bench.process(document_id)
        await bench.work()
        again = await bench.get(document_id)
        assert again.status == PROCESSED
        assert not again.HasField("failure")
        assert await bench.spent() == await quote(bench, 3)


async def test_a_job_that_was_cancelled_before_it_began_does_nothing(
    bench: Any, reader: Any, pdf: Pdf
) -> None:
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        await bench.cancel(document_id)
        await bench.work()
        assert (await bench.get(document_id)).failure.reason == "CANCELLED"
        assert await bench.balance() == (500, 0)
    assert reader.begun == 0


async def test_an_older_job_leaves_the_newer_one_alone(bench: Any, reader: Any, pdf: Pdf) -> None:
    reader.held = True
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        working = at_work(bench)
        await eventually(lambda: reader.begun == 1)
        await bench.cancel(document_id)
        newer = await bench.process(document_id)
        reader.turn()
        # The old job stops at its note; the new one, which `work` finds next, reads on.
        await eventually(lambda: reader.abandoned == 1)
        reader.turn(10)
        await working
        document = await bench.get(document_id)
        assert document.status == PROCESSED
        assert document.processing.job_id == newer.processing.job_id
        assert await bench.spent() == await quote(bench, 3)
        assert (await bench.balance())[1] == 0


@pytest.mark.parametrize("turn", range(6))
async def test_a_cancel_that_races_with_the_end_leaves_exactly_one(
    bench: Any, reader: Any, pdf: Pdf, turn: int
) -> None:
    reader.held = True
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        working = at_work(bench)
        reader.turn(3)
        await reading(bench, document_id, 1)
        reader.turn()
        await asyncio.sleep(turn * 0.004)
        try:
            await bench.cancel(document_id)
            cancelled = True
        except FailedPrecondition:
            cancelled = False
        await asyncio.wait_for(working, 10)
        document = await bench.get(document_id)
        assert document.status == (FAILED if cancelled else PROCESSED)
        assert await bench.spent() == (0 if cancelled else await quote(bench, 3))
        assert (await bench.balance())[1] == 0
        assert bool(document.ocr_result.text) is not cancelled
        assert bool(await bench.rows("document_words")) is not cancelled


async def test_deleting_what_is_being_read_stops_it(bench: Any, reader: Any, pdf: Pdf) -> None:
    reader.held = True
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        working = at_work(bench)
        await eventually(lambda: reader.begun == 1)
        await bench.delete(document_id)
        assert await bench.balance() == (500, 0)
        reader.turn()
        await asyncio.wait_for(working, 10)
        await eventually(lambda: reader.abandoned == 1)
        assert await bench.balance() == (500, 0)
    for name in ("documents", "document_words", "files.files", "loose_blobs"):
        assert await bench.rows(name) == [], name


# What fails


@pytest.mark.parametrize(
    ("error", "attempts", "reason"),
    [
        (InvalidInput("TOO_MANY_PIXELS", "Page 2 is too large. Scan it again."), 1, "TOO_MANY_PIXELS"),
        (Unavailable("UNAVAILABLE", "socket closed"), 8, "READING_UNAVAILABLE"),
        (Internal("INTERNAL", "trace"), 8, "READING_FAILED"),
    ],
)
async def test_a_failed_reading_says_why_and_costs_nothing(
    bench: Any, reader: Any, pdf: Pdf, error: AppError, attempts: int, reason: str
) -> None:
    reader.fail_at = {2: error}
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        await bench.work()
        document = await bench.get(document_id)
        assert await bench.balance() == (500, 0)
    assert document.status == FAILED
    assert document.failure.reason == reason
    assert document.failure.message.endswith(".")
    assert "socket" not in document.failure.message
    assert document.processing.attempts == attempts
    assert document.processing.stage == pb.PROCESSING_STAGE_FINISHED
    assert not document.HasField("ocr_result")


async def test_a_reading_that_fails_once_is_tried_again(bench: Any, reader: Any, pdf: Pdf) -> None:
    reader.fail_at = {3: Unavailable("UNAVAILABLE", "socket closed")}
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        (record,) = await bench.rows("outbox")
        await bench.worker.tasks.run(str(record["_id"]))
        between = await bench.get(document_id)
        assert between.status == PROCESSING
        reader.fail_at = {}
        await bench.work()
        document = await bench.get(document_id)
        assert document.status == PROCESSED
        assert document.processing.attempts == 2
        assert await bench.spent() == await quote(bench, 3)


async def test_a_text_too_long_to_keep_is_a_failure_and_no_crash(bench: Any, reader: Any, pdf: Pdf) -> None:
    reader.text = "word " * 500_000
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        await bench.work()
        document = await bench.get(document_id)
    assert document.status == FAILED
    assert document.failure.reason == "TEXT_TOO_LONG"
    assert document.processing.attempts == 1


async def test_a_lost_file_is_a_failure_that_says_so(bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        files = bench.mongo.across_tenants("files.files", why="the test loses a file")
        await files.delete_many({})
        await bench.work()
        document = await bench.get(document_id)
        assert (document.status, document.failure.reason) == (FAILED, "FILE_MISSING")
        assert await bench.balance() == (500, 0)


async def test_a_worker_that_dies_after_storing_is_charged_by_the_next(
    bench: Any, reader: Any, pdf: Pdf, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = ProcessingService._settle
    died = 0

    async def dies(self: Any, document: Any, job_id: str) -> None:
        nonlocal died
        died += 1
        if died == 1:
            raise Unavailable("KILLED", "as if the process were gone")
        await settle(self, document, job_id)

    monkeypatch.setattr(ProcessingService, "_settle", dies)
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        (record,) = await bench.rows("outbox")
        await bench.worker.tasks.run(str(record["_id"]))
        stored = await bench.get(document_id)
        assert stored.status == PROCESSED
        assert stored.processing.credits_charged == 0
        await bench.work()
        price = await quote(bench, 3)
        assert (await bench.get(document_id)).processing.credits_charged == price
        assert await bench.spent() == price
    assert reader.begun == 1, "what is stored is not read again"


# Billing is away


async def test_a_result_is_stored_while_billing_is_away_and_charged_when_it_is_back(
    open_bench: Any, running_service: RunningService, ocr_target: str, pdf: Pdf, unused_tcp_port: int
) -> None:
    target = f"127.0.0.1:{unused_tcp_port}"
    bench = await open_bench(billing_target=target, ocr_target=ocr_target)
    with calling():
        async with running_service(BILLING, listen=target):
            price = await quote(bench, 3)
            document_id = await bench.uploaded(pdf())
            await bench.process(document_id)
        (record,) = await bench.rows("outbox")
        await bench.worker.tasks.run(str(record["_id"]))
        document = await bench.get(document_id)
        assert document.status == PROCESSED
        assert document.processing.credits_charged == 0
        (seen,) = await watched(bench, document_id)
        assert seen.status == PROCESSED
        documents = bench.mongo.across_tenants("documents", why="the test ages a result")
        aged = {"processing.finishedAt": datetime.now(UTC) - timedelta(minutes=1)}
        await documents.update_one({}, {"$set": aged})
        await bench.worker.tasks.run_periodic("documents.settle_pending")
        assert (await bench.rows("documents"))[0]["processing"]["chargePending"]
        # Billing comes back without the hold, as after its time has run out: the same key makes it anew.
        async with running_service(BILLING, listen=target):
            await eventually(lambda: quote(bench, 3))
            for _ in range(2):
                await bench.worker.tasks.run_periodic("documents.settle_pending")
                assert (await bench.get(document_id)).processing.credits_charged == price
                assert await bench.spent() == price
            await bench.work()
            assert await bench.spent() == price
