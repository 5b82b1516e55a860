"""Announcements: in order while all followers can be told, and without the one that can not."""

from collections.abc import Callable
from typing import Any

from automateiq.documents.v1 import rules_pb2, webhooks_pb2
from automateiq.documents.v1.rules_pb2_grpc import RulesServiceStub
from automateiq.documents.v1.webhooks_pb2_grpc import WebhooksServiceStub
from automateiq_core.testing import calling
from automateiq_documents.documents.dispatch import Dispatcher
from automateiq_documents.documents.turn_store import TurnStore
from prometheus_client import REGISTRY

from tests.receiver import receiving


async def test_a_follower_that_keeps_failing_is_told_of_and_keeps_nothing_from_the_others(
    open_bench: Any, billing_target: str, ocr_target: str, pdf: Callable[..., bytes]
) -> None:
    bench = await open_bench(billing_target=billing_target, ocr_target=ocr_target, webhook_local_targets=True)
    labelled = rules_pb2.RuleDraft(
        name="Labelled",
        enabled=True,
        match=rules_pb2.RULE_MATCH_ALL,
        conditions=[
            rules_pb2.Condition(
                field=rules_pb2.CONDITION_FIELD_TEXT,
                operator=rules_pb2.CONDITION_OPERATOR_CONTAINS,
                values=["invoice"],
            )
        ],
        actions=[rules_pb2.Action(kind=rules_pb2.ACTION_KIND_ADD_TAG, value="seen")],
    )
    rules = bench.mongo.across_tenants("rules", why="the test damages a rule")
    outbox = bench.mongo.across_tenants("outbox", why="the test looks at tasks and runs one again")
    with receiving() as receiver, calling():
        await WebhooksServiceStub(bench.channel).CreateEndpoint(
            webhooks_pb2.CreateEndpointRequest(url=receiver.url, events=["document.processed"])
        )
        await RulesServiceStub(bench.channel).CreateRule(rules_pb2.CreateRuleRequest(draft=labelled))
        (row,) = await bench.rows("rules")
        # What a bad migration could leave: rows that the code can not read.
        await rules.update_one({"_id": row["_id"]}, {"$set": {"conditions": "damaged"}})
        document_id = await bench.uploaded(pdf("Invoice 4711"))
        await bench.process(document_id)
        await bench.work()
        assert receiver.events() == ["document.processed"]
        (announcement,) = await outbox.find({"name": "documents.announce"}, limit=10)
        assert (announcement["state"], announcement["attempts"]) == ("failed", 8)
        assert list((await bench.get(document_id)).tags) == []
        # Mended, and run once more by the operator: the rules are made up for, and nobody is told twice.
        await rules.update_one({"_id": row["_id"]}, {"$set": {"conditions": row["conditions"]}})
        again = {"state": "pending", "attempts": 0, "claimedUntil": None}
        await outbox.update_one({"_id": announcement["_id"]}, {"$set": again})
        await bench.work()
        assert list((await bench.get(document_id)).tags) == ["seen"]
    assert receiver.events() == ["document.processed"]
    assert (await outbox.find({"state": "failed"}, limit=10)) == []


async def test_what_waits_is_measured(reading_bench: Any, pdf: Callable[..., bytes]) -> None:
    bench = reading_bench
    turns = TurnStore(bench.mongo)
    with calling():
        ids = [await bench.uploaded(pdf(str(number))) for number in range(5)]
        for document_id in ids:
            await bench.process(document_id)
        with calling():
            await bench.process(await bench.uploaded(pdf("another's")))
    await Dispatcher(turns, bench.worker.tasks, at_once=3).measure()
    shown = {
        name: REGISTRY.get_sample_value(f"readings_waiting{name}")
        for name in ("", "_most", "_organizations", "_oldest_seconds")
    }
    assert (shown[""], shown["_most"], shown["_organizations"]) == (2, 2, 1)
    assert shown["_oldest_seconds"] > 0
