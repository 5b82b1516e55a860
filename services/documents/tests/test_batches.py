"""Batches: quoted, begun, watched and cancelled, beside the real billing and reader."""

import asyncio
from typing import Any

import pytest
from automateiq.documents.v1 import batches_pb2
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq_billing.main import SERVICE as BILLING
from automateiq_core.errors import InvalidInput, NotFound
from automateiq_core.mongo import ObjectId
from automateiq_core.testing import RunningService, calling


async def start(bench: Any, ids: list[str], **more: Any) -> Any:
    request = batches_pb2.StartBatchRequest(document_ids=ids, **more)
    return (await bench.batches.StartBatch(request)).batch


async def get(bench: Any, batch_id: str) -> Any:
    return (await bench.batches.GetBatch(batches_pb2.GetBatchRequest(batch_id=batch_id))).batch


async def cancel(bench: Any, batch_id: str) -> Any:
    return (await bench.batches.CancelBatch(batches_pb2.CancelBatchRequest(batch_id=batch_id))).batch


async def test_a_batch_is_quoted_read_and_paid_document_by_document(reading_bench: Any, pdf: Any) -> None:
    bench = reading_bench
    with calling():
        ids = [await bench.uploaded(pdf(*(f"{n} page {p}" for p in range(n)))) for n in (1, 2, 3)]
        read = await bench.uploaded(pdf("read before"))
        await bench.process(read)
        await bench.work()
        spent = await bench.spent()
        request = batches_pb2.QuoteBatchRequest(document_ids=[*ids, read])
        quoted = await bench.batches.QuoteBatch(request)
        assert [one.pages for one in quoted.documents] == [1, 2, 3, 1]
        assert [one.credits for one in quoted.documents] == [3, 5, 7, 0]
        assert quoted.documents[3].reason == "ALREADY_PROCESSED"
        assert (quoted.credits, await bench.spent()) == (15, spent)

        begun = await start(bench, [*ids, read])
        assert (begun.state, dict(begun.counts)) == ("running", {"waiting": 4})
        await bench.work()
        done = await get(bench, begun.id)
        assert (done.state, dict(done.counts)) == ("done", {"processed": 3, "refused": 1})
        assert [item.document_id for item in done.items] == [*ids, read]
        assert done.items[3].reason == "ALREADY_PROCESSED" and done.items[3].message
        assert [item.credits for item in done.items] == [2, 2, 3, 0]
        assert (done.credits, await bench.spent()) == (7, spent + 7)
        # Read again, all of it from the cache.
        again = await start(bench, [*ids, read], mode=pb.READING_MODE_AGAIN)
        await bench.work()
        assert [item.credits for item in (await get(bench, again.id)).items] == [2, 2, 2, 2]
        assert dict((await get(bench, begun.id)).counts) == {"gone": 3, "refused": 1}, (
            "read by another request"
        )


async def test_a_long_batch_goes_on_in_steps_and_never_has_more_than_its_share(
    open_bench: Any, billing_target: str, ocr_target: str, pdf: Any
) -> None:
    bench = await open_bench(billing_target=billing_target, ocr_target=ocr_target, readings_at_once=2)
    with calling():
        ids = [await bench.uploaded(pdf(f"Invoice {number}")) for number in range(23)]
        begun = await start(bench, ids)
        await bench.run_once()
        halfway = await get(bench, begun.id)
        assert halfway.counts["reading"] == 2
        assert halfway.counts["waiting"] == 21
        with calling():
            other = await bench.uploaded(pdf("Somebody else's"))
            await bench.process(other)
            await bench.run_once()
            assert (await bench.get(other)).status == pb.DOCUMENT_STATUS_PROCESSED
        assert (await get(bench, begun.id)).counts["processed"] <= 4
        await bench.work()
        assert dict((await get(bench, begun.id)).counts) == {"processed": 23}


async def test_the_rest_of_a_batch_is_cancelled_and_costs_nothing(
    open_bench: Any, billing_target: str, ocr_target: str, pdf: Any
) -> None:
    bench = await open_bench(billing_target=billing_target, ocr_target=ocr_target, readings_at_once=1)
    with calling():
        ids = [await bench.uploaded(pdf(f"Invoice {number}")) for number in range(22)]
        begun = await start(bench, ids)
        await bench.run_once()
        while not (await get(bench, begun.id)).counts["processed"]:
            await bench.run_once()
        cancelled = await cancel(bench, begun.id)
        assert cancelled.state == "cancelled"
        await bench.work()
        ended = await get(bench, begun.id)
        assert set(ended.counts) == {"processed", "cancelled"}
        assert await bench.balance() == (500 - 2 * ended.counts["processed"], 0)
        assert (await get(bench, begun.id)) == (await cancel(bench, begun.id))
        await bench.work()


async def test_documents_that_can_not_be_read_or_paid_are_told_with_reasons(
    open_bench: Any, running_service: RunningService, ocr_target: str, pdf: Any
) -> None:
    async with running_service(BILLING, starter_monthly_credits=3) as billing_target:
        bench = await open_bench(billing_target=billing_target, ocr_target=ocr_target)
        with calling():
            ids = [await bench.uploaded(pdf(f"{number}")) for number in range(3)]
            begun = await start(bench, ids)
            await bench.run_once()
            await bench.delete(ids[2])
            await bench.work()
            items = (await get(bench, begun.id)).items
            assert [item.outcome for item in items] == ["processed", "refused", "refused"]
            assert [item.reason for item in items[1:]] == ["INSUFFICIENT_CREDITS"] * 2


async def test_bad_batches_are_refused_and_change_nothing(bench: Any, pdf: Any) -> None:
    with calling():
        mine = await bench.uploaded(pdf())
        for ids in ([], [mine, mine], ["no id"], [str(ObjectId()) for _ in range(501)]):
            with pytest.raises(InvalidInput, match="VALIDATION_FAILED"):
                await start(bench, ids)
        with pytest.raises(NotFound, match="DOCUMENT_NOT_FOUND"):
            await start(bench, [mine, str(ObjectId())])
        with calling():
            with pytest.raises(NotFound):
                await start(bench, [mine])
            with pytest.raises(NotFound):
                await bench.batches.QuoteBatch(batches_pb2.QuoteBatchRequest(document_ids=[mine]))
        assert await bench.rows("batches") == []
        begun = await start(bench, [mine])
        with calling():
            for attempt in (get(bench, begun.id), cancel(bench, begun.id)):
                with pytest.raises(NotFound, match="BATCH_NOT_FOUND"):
                    await attempt


async def test_the_same_key_begins_one_batch(bench: Any, pdf: Any) -> None:
    with calling():
        mine = await bench.uploaded(pdf())
        begun = await asyncio.gather(
            *(start(bench, [mine], request_id="once") for _ in range(3)), return_exceptions=True
        )
        assert len({batch.id for batch in begun if not isinstance(batch, BaseException)}) == 1
        keys = bench.mongo.across_tenants("idempotency", why="the test loses an answer")
        await keys.delete_many({})
        await start(bench, [mine], request_id="once")
        assert len(await bench.rows("batches")) == 1
        assert len([row for row in await bench.rows("outbox") if "batch" in row["name"]]) == 1
