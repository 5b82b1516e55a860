"""Reading again what was read, and how many of an organization's documents are read at once."""

import asyncio
from typing import Any

import pytest
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq_core.errors import FailedPrecondition
from automateiq_core.mongo import ObjectId
from automateiq_core.testing import calling

AGAIN, FRESH = pb.READING_MODE_AGAIN, pb.READING_MODE_FRESH
PROCESSED, PROCESSING = pb.DOCUMENT_STATUS_PROCESSED, pb.DOCUMENT_STATUS_PROCESSING


async def test_a_document_is_read_again_from_the_cache_and_anew(reading_bench: Any, pdf: Any) -> None:
    bench = reading_bench
    with calling():
        document_id = await bench.uploaded(pdf(*(f"Page {n} of an agreement" for n in range(5))))
        await bench.process(document_id)
        await bench.work()
        first = await bench.get(document_id)
        assert first.processing.credits_charged == 4
        assert len(first.readings) == 1
        with pytest.raises(FailedPrecondition, match="ALREADY_PROCESSED"):
            await bench.process(document_id)

        queued = await bench.process(document_id, mode=AGAIN)
        assert queued.status == PROCESSING
        assert (await bench.get(document_id)).ocr_result.text == first.ocr_result.text, "still readable"
        await bench.work()
        again = await bench.get(document_id)
        assert again.status == PROCESSED
        assert again.processing.credits_charged == 2
        assert all(page.from_cache for page in again.ocr_result.pages)

        await bench.process(document_id, mode=FRESH)
        await bench.work()
        fresh = await bench.get(document_id)
        assert fresh.processing.credits_charged == 4
        assert not any(page.from_cache for page in fresh.ocr_result.pages)
        assert fresh.ocr_result.text == first.ocr_result.text
        assert [reading.pages for reading in fresh.readings] == [5, 5, 5]
        assert fresh.readings[-1].engine == fresh.ocr_result.engine
        assert await bench.balance() == (490, 0)


async def test_what_was_read_stands_when_it_can_not_be_read_again(reading_bench: Any, pdf: Any) -> None:
    bench = reading_bench
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        await bench.work()
        before = await bench.get(document_id)

        await bench.process(document_id, mode=FRESH)
        cancelled = await bench.cancel(document_id)
        assert (cancelled.status, cancelled.failure.reason) == (PROCESSED, "CANCELLED")
        await bench.work()

        files = bench.mongo.across_tenants("files.files", why="the test loses a file")
        await files.delete_many({})
        await bench.process(document_id, mode=AGAIN)
        await bench.work()
        failed = await bench.get(document_id)
        assert (failed.status, failed.failure.reason) == (PROCESSED, "FILE_MISSING")
        assert failed.ocr_result == before.ocr_result
        assert len(failed.readings) == 1
        assert await bench.balance() == (498, 0)


async def test_what_a_person_said_it_is_stays_and_what_was_read_changes(reading_bench: Any, pdf: Any) -> None:
    bench = reading_bench
    with calling():
        said = await bench.uploaded(pdf("a letter"), type=pb.DOCUMENT_TYPE_CONTRACT)
        read = await bench.uploaded(pdf("a note"))
        for document_id in (said, read):
            await bench.process(document_id)
        await bench.work()
        # As if an older engine had taken it for something else.
        documents = bench.mongo.across_tenants("documents", why="the test changes what was read")
        await documents.update_one({"_id": ObjectId(read)}, {"$set": {"type": "receipt"}})
        for document_id in (said, read):
            await bench.process(document_id, mode=AGAIN)
        await bench.work()
        assert (await bench.get(said)).type == pb.DOCUMENT_TYPE_CONTRACT
        assert (await bench.get(read)).type == pb.DOCUMENT_TYPE_GENERAL


async def test_a_reading_that_is_not_charged_yet_is_charged_before_the_next(
    reading_bench: Any, pdf: Any
) -> None:
    bench = reading_bench
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        await bench.work()
        # As after a crash between the result and its charge.
        documents = bench.mongo.across_tenants("documents", why="the test forgets a charge")
        forgotten = {"processing.chargePending": True, "processing.creditsCharged": 0}
        await documents.update_one({"_id": ObjectId(document_id)}, {"$set": forgotten})
        await bench.process(document_id, mode=FRESH)
        await bench.work()
        assert await bench.spent() == 4


async def test_an_organization_has_so_many_readings_at_once_and_others_are_not_kept_waiting(
    open_bench: Any, billing_target: str, ocr_target: str, pdf: Any
) -> None:
    bench = await open_bench(billing_target=billing_target, ocr_target=ocr_target, readings_at_once=2)
    with calling():
        many = [await bench.uploaded(pdf(f"Invoice {n}")) for n in range(7)]
        await asyncio.gather(*(bench.process(document_id) for document_id in many))
        assert await live(bench) == 2
        # Starting and cancelling takes no further place, for the jobs have not ended yet.
        for document_id in many:
            if not waits(await row(bench, document_id)):
                await bench.cancel(document_id)
                await bench.process(document_id)
        assert await live(bench) == 2
        with calling():
            other = await bench.uploaded(pdf("Somebody else's"))
            await bench.process(other)
            assert not waits(await row(bench, other))
        assert await live(bench) == 3
        while await bench.run_once():
            assert await live(bench) <= 3
        for document_id in many:
            assert (await bench.get(document_id)).status == PROCESSED
        assert await bench.spent() == 2 * len(many)


async def test_a_document_that_missed_its_turn_is_found_by_the_sweep(reading_bench: Any, pdf: Any) -> None:
    bench = reading_bench
    with calling():
        document_id = await bench.uploaded(pdf())
        await bench.process(document_id)
        # As if the process had died before it let the document through.
        outbox = bench.mongo.across_tenants("outbox", why="the test loses a task")
        await outbox.delete_many({})
        documents = bench.mongo.across_tenants("documents", why="the test loses a task")
        await documents.update_one({"_id": ObjectId(document_id)}, {"$set": {"processing.waiting": True}})
    await bench.worker.tasks.run_periodic("documents.dispatch")
    with calling(organization_id=(await bench.rows("documents"))[0]["organizationId"]):
        await bench.work()
        assert (await bench.get(document_id)).status == PROCESSED


async def live(bench: Any) -> int:
    jobs = [row for row in await bench.rows("outbox") if row["name"] == "documents.process"]
    return len([row for row in jobs if row["state"] in ("pending", "sent", "running")])


async def row(bench: Any, document_id: str) -> dict[str, Any]:
    (found,) = [row for row in await bench.rows("documents") if str(row["_id"]) == document_id]
    return found


def waits(row: dict[str, Any]) -> bool:
    return bool(row["processing"]["waiting"])
