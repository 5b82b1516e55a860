"""Reading documents: paid once, cancelled cleanly, and ended in every case. ai-ocr and billing are the real ones."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq_billing.main import SERVICE as BILLING
from automateiq_core.errors import FailedPrecondition, NotFound, ResourceExhausted
from automateiq_core.testing import RunningService, calling, eventually

Pdf = Callable[..., bytes]

PROCESSING = pb.DOCUMENT_STATUS_PROCESSING
PROCESSED = pb.DOCUMENT_STATUS_PROCESSED
FAILED = pb.DOCUMENT_STATUS_FAILED
PAGES = [f"page {number}" for number in range(1, 7)]


async def begun(bench: Any, document_id: str) -> Any:
    """Waits until the first page is read; there are more, and each takes a while."""

    async def there() -> Any:
        document = await bench.get(document_id)
        return document if document.processing.pages_done >= 1 else None

    return await eventually(there, seconds=60)


# The way through


async def test_a_document_is_read_and_charged_once(reading_bench: Any, pdf: Pdf) -> None:
    bench = reading_bench
    with calling():
        price = await bench.quote(3)
        document_id = await bench.uploaded(pdf("Invoice 4711", "two", "three"))
        queued = await bench.process(document_id)
        assert queued.status == PROCESSING
        assert queued.processing.stage == pb.PROCESSING_STAGE_QUEUED
        assert queued.page_count == queued.processing.pages_total == 3
        assert queued.processing.credits_quoted == price
        assert queued.processing.credits_charged == 0
        assert not queued.processing.HasField("finished_at")
        assert await bench.balance() == (500 - price, price)
        await bench.work()
        document = await bench.get(document_id)
        paid = await bench.price(document)
        assert paid == 3 < price
        assert await bench.balance() == (500 - paid, 0)
        assert document.status == PROCESSED
        assert not document.HasField("failure")
        assert document.processing.stage == pb.PROCESSING_STAGE_FINISHED
        assert (document.processing.pages_done, document.processing.attempts) == (3, 1)
        assert document.processing.credits_charged == paid
        assert document.processing.HasField("finished_at")
        assert document.ocr_result.text.split("\f")[0].strip() == "Invoice 4711"
        assert [word.text for word in document.ocr_result.bounding_boxes] == [
            "Invoice",
            "4711",
            "two",
            "three",
        ]
        # The same task delivered again finds nothing to do.
        (record,) = [row for row in await bench.rows("outbox") if row["name"] == "documents.process"]
        outbox = bench.mongo.across_tenants("outbox", why="the test delivers a task twice")
        await outbox.update_one({"_id": record["_id"]}, {"$set": {"state": "pending", "claimedUntil": None}})
        await bench.work()
        assert await bench.get(document_id) == document
        # And a user who asks again is told, and pays nothing.
        with pytest.raises(FailedPrecondition) as refused:
            await bench.process(document_id)
        assert refused.value.reason == "ALREADY_PROCESSED"
        assert await bench.balance() == (500 - paid, 0)
        # Who watches now sees the end that was there before.
        (seen,) = await bench.watched(document_id)
        assert (seen.status, seen.processing) == (PROCESSED, document.processing)


async def test_what_the_user_said_it_is_stays_and_else_the_reading_decides(
    reading_bench: Any, pdf: Pdf
) -> None:
    bench = reading_bench
    with calling():
        said = await bench.uploaded(pdf("one"), type=pb.DOCUMENT_TYPE_CONTRACT)
        unsaid = await bench.uploaded(pdf("two"))
        for document_id in (said, unsaid):
            await bench.process(document_id)
        await bench.work()
        assert (await bench.get(said)).type == pb.DOCUMENT_TYPE_CONTRACT
        read = await bench.get(unsaid)
    assert pb.DocumentType.Name(read.type) == (
        f"DOCUMENT_TYPE_{read.ocr_result.extracted_data.document_type.upper()}"
    )


async def test_asking_again_while_it_is_read_changes_nothing(reading_bench: Any, pdf: Pdf) -> None:
    bench = reading_bench
    with calling():
        document_id = await bench.uploaded(pdf())
        answers = await asyncio.gather(*(bench.process(document_id) for _ in range(5)))
        assert len({answer.processing.job_id for answer in answers}) == 1
        assert (await bench.balance())[1] == await bench.quote(1)
        keyed = [await bench.process(document_id, request_id="k") for _ in range(2)]
        assert keyed[0] == keyed[1]
        assert len(await bench.rows("outbox")) == 1
        await bench.work()
        assert await bench.spent() == await bench.price(await bench.get(document_id)) == 2


async def test_who_can_not_pay_is_told_at_once(
    open_bench: Any, running_service: RunningService, ocr_target: str, pdf: Pdf
) -> None:
    async with running_service(BILLING, starter_monthly_credits=3) as billing_target:
        bench = await open_bench(billing_target=billing_target, ocr_target=ocr_target)
        with calling():
            first, second = await bench.uploaded(pdf("1")), await bench.uploaded(pdf("2"))
            await bench.process(first)
            with pytest.raises(ResourceExhausted) as refused:
                await bench.process(second)
            assert refused.value.reason == "INSUFFICIENT_CREDITS"
            assert (await bench.get(second)).status == pb.DOCUMENT_STATUS_UPLOADED
            assert len(await bench.rows("outbox")) == 1


# Progress


async def test_progress_is_seen_while_it_is_made(reading_bench: Any, scan: Pdf) -> None:
    bench = reading_bench
    with calling():
        document_id = await bench.uploaded(scan(*PAGES[:3]))
        await bench.process(document_id)
        watching = asyncio.create_task(bench.watched(document_id, timeout=100))
        await bench.work()
        seen = await watching
        price = await bench.price(await bench.get(document_id))
    assert seen[0].processing.stage == pb.PROCESSING_STAGE_QUEUED
    done = [state.processing.pages_done for state in seen]
    assert done == sorted(done)
    assert set(done) & {1, 2}, "something between nothing and all"
    assert all(state.processing.pages_total == 3 for state in seen)
    assert seen[-1].status == PROCESSED
    assert seen[-1].processing.credits_charged == price
    assert all(one != other for one, other in pairwise(seen))


async def test_a_watch_ends_quietly_with_the_document_and_before_its_deadline(bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id = await bench.uploaded(pdf())
        (seen,) = await bench.watched(document_id, timeout=1.5)
        assert seen.status == pb.DOCUMENT_STATUS_UPLOADED
        request = pb.WatchDocumentRequest(document_id=document_id)
        watching = bench.documents.WatchDocument(request, timeout=20)
        assert await anext(watching) == seen
        await bench.delete(document_id)
        assert [after async for after in watching] == []
        with pytest.raises(NotFound):
            await bench.watched(document_id)


# Cancel and delete


async def test_a_cancelled_reading_stops_costs_nothing_and_may_be_asked_for_again(
    reading_bench: Any, scan: Pdf
) -> None:
    bench = reading_bench
    with calling():
        document_id = await bench.uploaded(scan(*PAGES))
        await bench.process(document_id)
        working = asyncio.create_task(bench.run_once())
        await begun(bench, document_id)
        cancelled = await bench.cancel(document_id)
        assert cancelled.status == FAILED
        assert cancelled.failure.reason == "CANCELLED"
        assert cancelled.failure.message.endswith("Process it again when you like.")
        assert cancelled.processing.pages_done < len(PAGES)
        assert await bench.balance() == (500, 0)
        # Asked for again at once, while the old job is still at a page: that one must leave the new one alone.
        newer = await bench.process(document_id)
        await working
        assert (await bench.get(document_id)).processing.job_id == newer.processing.job_id
        await bench.work()
        again = await bench.get(document_id)
        assert again.status == PROCESSED
        assert again.processing.job_id == newer.processing.job_id
        assert not again.HasField("failure")
        # The pages that the cancelled job read are not cheaper for that.
        assert await bench.spent() == await bench.price(again) > 2
        assert (await bench.balance())[1] == 0
        with pytest.raises(FailedPrecondition) as refused:
            await bench.cancel(document_id)
        assert refused.value.reason == "NOT_PROCESSING"
    assert {row["state"] for row in await bench.rows("outbox")} == {"done"}


async def test_a_job_that_was_cancelled_before_it_began_does_nothing(reading_bench: Any, pdf: Pdf) -> None:
    bench = reading_bench
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        cancelled = await bench.cancel(document_id)
        await bench.work()
        assert await bench.get(document_id) == cancelled
        assert cancelled.processing.attempts == 0
        assert await bench.balance() == (500, 0)


async def test_cancels_that_race_with_the_end_leave_one_outcome_and_its_price(
    reading_bench: Any, pdf: Pdf
) -> None:
    bench = reading_bench
    with calling():
        price, processed = 2, 0
        for number in range(8):
            document_id = await bench.uploaded(pdf(f"race {number}"))
            await bench.process(document_id)

            async def cancel_when_read(document_id: str = document_id) -> bool:
                await eventually(lambda: _at_the_end(bench, document_id))
                try:
                    await bench.cancel(document_id)
                except FailedPrecondition:
                    return False
                return True

            _, cancelled = await asyncio.gather(bench.run_once(), cancel_when_read())
            document = await bench.get(document_id)
            assert document.status == (FAILED if cancelled else PROCESSED)
            assert bool(document.ocr_result.text) is not cancelled
            assert bool(document.ocr_result.bounding_boxes) is not cancelled
            processed += not cancelled
            assert await bench.spent() == processed * price
            assert (await bench.balance())[1] == 0


async def _at_the_end(bench: Any, document_id: str) -> bool:
    processing = (await bench.get(document_id)).processing
    return bool(processing.pages_done == 1 or processing.stage >= pb.PROCESSING_STAGE_STORING)


async def test_deleting_what_is_being_read_stops_it(reading_bench: Any, scan: Pdf) -> None:
    bench = reading_bench
    with calling():
        document_id = await bench.uploaded(scan(*PAGES))
        await bench.process(document_id)
        working = asyncio.create_task(bench.run_once())
        await begun(bench, document_id)
        await bench.delete(document_id)
        assert await bench.balance() == (500, 0)
        await working
        assert await bench.balance() == (500, 0)
    for name in ("documents", "document_words", "files.files", "loose_blobs"):
        assert await bench.rows(name) == [], name
    assert {row["state"] for row in await bench.rows("outbox")} == {"done"}
