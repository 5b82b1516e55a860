"""Rules over gRPC and on documents: kept in versions, tried out, and done once for each reading."""

from collections.abc import Callable
from typing import Any

import pytest
from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq.documents.v1 import documents_pb2, review_pb2, webhooks_pb2
from automateiq.documents.v1 import rules_pb2 as pb
from automateiq.documents.v1.rules_pb2_grpc import RulesServiceStub
from automateiq.documents.v1.webhooks_pb2_grpc import WebhooksServiceStub
from automateiq_core.context import Role
from automateiq_core.errors import Conflict, FailedPrecondition, InvalidInput, NotFound, PermissionDenied
from automateiq_core.testing import calling
from automateiq_documents.rules.models import MAX_RULES

from tests.receiver import receiving

USER = "65f0c0ffee65f0c0ffee65f1"
TOTAL = pb.Condition(
    field=pb.CONDITION_FIELD_TEXT, operator=pb.CONDITION_OPERATOR_CONTAINS, values=["invoice 4711"]
)


def rules_of(bench: Any) -> Any:
    return RulesServiceStub(bench.channel)


def draft(*actions: pb.Action, name: str = "Seen", **more: Any) -> pb.RuleDraft:
    done = actions or (pb.Action(kind=pb.ACTION_KIND_ADD_TAG, value="seen"),)
    return pb.RuleDraft(
        **{
            "name": name,
            "enabled": True,
            "match": pb.RULE_MATCH_ALL,
            "conditions": [TOTAL],
            "actions": done,
            **more,
        }
    )


async def create(bench: Any, said: pb.RuleDraft, **more: Any) -> Any:
    return (await rules_of(bench).CreateRule(pb.CreateRuleRequest(draft=said, **more))).rule


async def names(bench: Any) -> list[str]:
    return [rule.draft.name for rule in (await rules_of(bench).ListRules(pb.ListRulesRequest())).rules]


async def test_rules_are_kept_in_order_and_in_versions(bench: Any) -> None:
    stub = rules_of(bench)
    with calling() as call:
        first, again = [await create(bench, draft(name="one"), request_id="k") for _ in range(2)]
        assert again == first
        assert (first.version, first.changed_by) == (1, call.user_id)
        two, three = [await create(bench, draft(name=name)) for name in ("two", "three")]
        assert await names(bench) == ["one", "two", "three"]
        order = pb.OrderRulesRequest(rules=[three.id, first.id, two.id])
        assert [rule.id for rule in (await stub.OrderRules(order)).rules] == list(order.rules)

        def update() -> pb.UpdateRuleRequest:
            said = draft(name="uno", enabled=False)
            return pb.UpdateRuleRequest(rule_id=first.id, version=1, draft=said)

        changed = (await stub.UpdateRule(update())).rule
        assert (changed.version, changed.draft.enabled) == (2, False)
        assert await names(bench) == ["three", "uno", "two"]
        with pytest.raises(Conflict) as stale:
            await stub.UpdateRule(update())
        assert stale.value.reason == "RULE_CHANGED"
        for wrong in ([first.id], [first.id, two.id, USER], [first.id, two.id, three.id, USER]):
            with pytest.raises(InvalidInput):
                await stub.OrderRules(pb.OrderRulesRequest(rules=wrong))
        await stub.DeleteRule(pb.DeleteRuleRequest(rule_id=first.id))
        with pytest.raises(NotFound):
            await stub.GetRule(pb.GetRuleRequest(rule_id=first.id))
        page = await stub.ListRuleVersions(
            pb.ListRuleVersionsRequest(rule_id=first.id, page=PageRequest(page_size=1))
        )
        assert [(one.version, one.draft.name) for one in page.versions] == [(2, "uno")]
        rest = pb.ListRuleVersionsRequest(
            rule_id=first.id, page=PageRequest(page_size=1, page_token=page.page_info.next_page_token)
        )
        assert [one.version for one in (await stub.ListRuleVersions(rest)).versions] == [1]
    with calling(), pytest.raises(NotFound):
        await stub.ListRuleVersions(pb.ListRuleVersionsRequest(rule_id=first.id))


async def test_bad_rules_are_refused_with_the_field_and_change_nothing(bench: Any) -> None:
    with calling(caller="gateway"):
        with calling():
            theirs = await WebhooksServiceStub(bench.channel).CreateEndpoint(
                webhooks_pb2.CreateEndpointRequest(
                    url="https://partner.example/", events=["document.processed"]
                )
            )
        for said, field in (
            (draft(name=" "), "name"),
            (draft(match=pb.RULE_MATCH_UNSPECIFIED), "match"),
            (draft(pb.Action(kind=pb.ACTION_KIND_SET_TYPE, value="letter")), "actions.0.value"),
            (draft(pb.Action(kind=pb.ACTION_KIND_CALL_WEBHOOK, value=USER)), "actions.0.value"),
            (draft(pb.Action(kind=pb.ACTION_KIND_CALL_WEBHOOK, value=theirs.endpoint.id)), "actions.0.value"),
            (draft(conditions=[pb.Condition(field=pb.CONDITION_FIELD_TOTAL)]), "conditions.0.operator"),
        ):
            with pytest.raises(InvalidInput) as refused:
                await create(bench, said)
            assert refused.value.violations[0].field == field
        with pytest.raises(InvalidInput):
            await create(bench, draft(name="x" * 101))
        assert await names(bench) == []


async def test_an_organization_has_a_bounded_number_of_rules(bench: Any) -> None:
    with calling():
        for number in range(MAX_RULES):
            await create(bench, draft(name=str(number)))
        with pytest.raises(FailedPrecondition) as refused:
            await create(bench, draft())
    assert refused.value.reason == "TOO_MANY_RULES"


async def test_staff_may_read_the_log_and_nothing_else(bench: Any, pdf: Callable[..., bytes]) -> None:
    with calling(role=Role.STAFF):
        document_id = await bench.uploaded(pdf("Invoice 4711"))
        log = pb.ListRuleRunsRequest(document_id=document_id)
        assert list((await rules_of(bench).ListRuleRuns(log)).runs) == []
        with pytest.raises(PermissionDenied):
            await create(bench, draft())
    with calling(), pytest.raises(NotFound):
        await rules_of(bench).ListRuleRuns(log)


@pytest.fixture
async def rule_bench(open_bench: Any, billing_target: str, ocr_target: str) -> Any:
    return await open_bench(billing_target=billing_target, ocr_target=ocr_target, webhook_local_targets=True)


async def test_rules_act_on_a_document_once_and_say_why(rule_bench: Any, pdf: Callable[..., bytes]) -> None:
    bench = rule_bench
    with receiving() as receiver, calling():
        made = await WebhooksServiceStub(bench.channel).CreateEndpoint(
            webhooks_pb2.CreateEndpointRequest(url=receiver.url, events=["document.processed"])
        )
        first = await create(
            bench,
            draft(
                pb.Action(kind=pb.ACTION_KIND_ADD_TAG, value="energy"),
                pb.Action(kind=pb.ACTION_KIND_REMOVE_TAG, value="new"),
                pb.Action(kind=pb.ACTION_KIND_SET_TYPE, value="contract"),
                pb.Action(kind=pb.ACTION_KIND_SET_METADATA, key="ledger", value="7"),
                pb.Action(kind=pb.ACTION_KIND_ASSIGN, value=USER),
                pb.Action(kind=pb.ACTION_KIND_REQUIRE_REVIEW),
                pb.Action(kind=pb.ACTION_KIND_CALL_WEBHOOK, value=made.endpoint.id),
                name="Energy",
            ),
        )
        has_tag = pb.Condition(
            field=pb.CONDITION_FIELD_TAG, operator=pb.CONDITION_OPERATOR_IS, values=["energy"]
        )
        second = await create(
            bench,
            draft(
                pb.Action(kind=pb.ACTION_KIND_ADD_TAG, value="second"), name="Chained", conditions=[has_tag]
            ),
        )
        document_id = await bench.uploaded(pdf("Invoice 4711"), tags=["new", "kept"], metadata={"a": "b"})
        await bench.process(document_id)
        await bench.work()
        document = await bench.get(document_id)
        # The announcement delivered again finds that the rules have been there.
        outbox = bench.mongo.across_tenants("outbox", why="the test delivers a task twice")
        await outbox.update_many(
            {"name": "documents.announce"}, {"$set": {"state": "pending", "claimedUntil": None}}
        )
        await bench.work()
        assert await bench.get(document_id) == document
        log = await rules_of(bench).ListRuleRuns(pb.ListRuleRunsRequest(document_id=document_id))
        review = (await bench.reviews.GetReview(review_pb2.GetReviewRequest(document_id=document_id))).review
    assert list(document.tags) == ["kept", "energy", "second"]
    assert dict(document.metadata) == {"a": "b", "ledger": "7"}
    assert document.type == documents_pb2.DOCUMENT_TYPE_CONTRACT
    assert document.review_state == documents_pb2.REVIEW_STATE_NEEDED
    assert review.assigned_to == USER
    (run,) = log.runs
    assert [(one.rule_id, one.name, one.rule_version) for one in run.firings] == [
        (first.id, "Energy", 1),
        (second.id, "Chained", 1),
    ]
    assert run.firings[0].reasons == ['text contains "invoice 4711"']
    assert 'added the label "energy"' in run.firings[0].actions
    assert sorted(receiver.events()) == ["document.processed", "rule.matched"]
    told = {one.json["type"]: one.verified(made.secret)["data"] for one in receiver.received}
    assert told["rule.matched"]["rule"] == {"id": first.id, "name": "Energy", "version": 1}
    assert told["document.processed"]["tags"] == ["kept", "energy", "second"]
    assert told["document.processed"]["reviewState"] == "needed"


async def test_a_rule_can_approve_and_the_review_says_who(rule_bench: Any, pdf: Callable[..., bytes]) -> None:
    bench = rule_bench
    with receiving() as receiver, calling():
        await WebhooksServiceStub(bench.channel).CreateEndpoint(
            webhooks_pb2.CreateEndpointRequest(url=receiver.url, events=["document.review_needed"])
        )
        invoice, small = (
            pb.Condition(
                field=pb.CONDITION_FIELD_TEXT, operator=pb.CONDITION_OPERATOR_CONTAINS, values=[words]
            )
            for words in ("invoice", "4712")
        )
        look, approve = pb.Action(kind=pb.ACTION_KIND_REQUIRE_REVIEW), pb.Action(kind=pb.ACTION_KIND_APPROVE)
        await create(bench, draft(look, name="All", conditions=[invoice]))
        await create(bench, draft(approve, name="Small ones", conditions=[small]))
        ids = [await bench.uploaded(pdf(text)) for text in ("Invoice 4711", "Invoice 4712")]
        for one in ids:
            await bench.process(one)
        await bench.work()
        left, approved = [await bench.get(one) for one in ids]
        review = (await bench.reviews.GetReview(review_pb2.GetReviewRequest(document_id=ids[1]))).review
    assert approved.review_state == documents_pb2.REVIEW_STATE_NOT_NEEDED
    assert "All, Small ones" in [entry.note for entry in review.audit]
    assert left.review_state == documents_pb2.REVIEW_STATE_NEEDED
    assert [one.json["data"]["documentId"] for one in receiver.received] == [ids[0]]


async def test_a_trial_changes_nothing(rule_bench: Any, pdf: Callable[..., bytes]) -> None:
    bench = rule_bench
    with calling():
        ids = []
        for text in ("Invoice 4711", "Letter", "Invoice 4711 again"):
            ids.append(await bench.uploaded(pdf(text)))
            await bench.process(ids[-1])
        await bench.work()
        rule = await create(bench, draft(enabled=False))
        trial = await rules_of(bench).TestRule(pb.TestRuleRequest(rule_id=rule.id))
        assert (trial.examined, [one.document_id for one in trial.matches]) == (3, [ids[2], ids[0]])
        assert trial.matches[0].actions == ['added the label "seen"']
        newest = await rules_of(bench).TestRule(pb.TestRuleRequest(rule_id=rule.id, documents=1))
        assert (newest.examined, len(newest.matches)) == (1, 1)
        assert list((await bench.get(ids[0])).tags) == []
        await bench.delete(ids[0])
    assert await bench.rows("rule_runs") == []


async def test_what_was_done_to_a_document_goes_with_it(rule_bench: Any, pdf: Callable[..., bytes]) -> None:
    bench = rule_bench
    with calling():
        await create(bench, draft())
        document_id = await bench.uploaded(pdf("Invoice 4711"))
        await bench.process(document_id)
        await bench.work()
        assert len(await bench.rows("rule_runs")) == 1
        await bench.delete(document_id)
    assert await bench.rows("rule_runs") == []
