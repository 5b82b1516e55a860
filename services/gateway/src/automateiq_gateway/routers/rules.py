"""Rules: what is done with documents that were read."""

from typing import Any

from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq.documents.v1 import rules_pb2 as pb
from automateiq_core.errors import NotFound
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from automateiq_gateway import parts, words
from automateiq_gateway.endpoint import GuardedEndpoint
from automateiq_gateway.ids import is_id
from automateiq_gateway.replies import page, reply, to_plain
from automateiq_gateway.schemas.common import PROBLEMS, DocumentId, IdempotencyKey, PageParameters
from automateiq_gateway.schemas.rules import (
    OrderBody,
    ReplaceRuleBody,
    Rule,
    RuleBody,
    RuleId,
    RuleRuns,
    Rules,
    RuleVersions,
    TestBody,
    Trial,
)

_OPTIONS: dict[str, Any] = {"tags": ["rules"], "responses": PROBLEMS, "route_class": GuardedEndpoint}
router = APIRouter(prefix="/api/rules", **_OPTIONS)
log_router = APIRouter(prefix="/api/documents", **_OPTIONS)


@router.post("", response_model=Rule, status_code=201)
async def create_rule(body: RuleBody, request: Request, idempotency_key: IdempotencyKey = "") -> Response:
    """Add a rule behind the others (admins and managers)."""
    answer = await parts.of(request).rules.CreateRule(
        pb.CreateRuleRequest(request_id=idempotency_key, draft=_draft(body))
    )
    return reply(_shown(answer.rule), 201, {"Location": f"/api/rules/{answer.rule.id}"})


@router.get("", response_model=Rules)
async def list_rules(request: Request) -> Response:
    """All rules, in the order in which they are looked at (admins and managers)."""
    answer = await parts.of(request).rules.ListRules(pb.ListRulesRequest())
    return reply({"items": [_shown(rule) for rule in answer.rules]})


@router.post("/order", response_model=Rules)
async def order_rules(body: OrderBody, request: Request, idempotency_key: IdempotencyKey = "") -> Response:
    """Put the rules in another order (admins and managers)."""
    answer = await parts.of(request).rules.OrderRules(
        pb.OrderRulesRequest(request_id=idempotency_key, rules=body.rules)
    )
    return reply({"items": [_shown(rule) for rule in answer.rules]})


@router.get("/{rule_id}", response_model=Rule)
async def get_rule(rule_id: RuleId, request: Request) -> Response:
    """One rule (admins and managers)."""
    answer = await parts.of(request).rules.GetRule(pb.GetRuleRequest(rule_id=_known(rule_id)))
    return reply(_shown(answer.rule))


@router.put("/{rule_id}", response_model=Rule)
async def replace_rule(
    rule_id: RuleId, body: ReplaceRuleBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Replace a rule by its next version (admins and managers). What it did before stays."""
    answer = await parts.of(request).rules.UpdateRule(
        pb.UpdateRuleRequest(
            request_id=idempotency_key, rule_id=_known(rule_id), version=body.version, draft=_draft(body)
        )
    )
    return reply(_shown(answer.rule))


@router.delete("/{rule_id}", status_code=204)
async def delete_rule(rule_id: RuleId, request: Request, idempotency_key: IdempotencyKey = "") -> Response:
    """Remove a rule (admins and managers). What it did stays."""
    await parts.of(request).rules.DeleteRule(
        pb.DeleteRuleRequest(request_id=idempotency_key, rule_id=_known(rule_id))
    )
    return Response(status_code=204)


@router.post("/{rule_id}/test", response_model=Trial)
async def test_rule(rule_id: RuleId, body: TestBody, request: Request) -> Response:
    """Which of the newest read documents a rule would match, and why (admins and managers). Changes nothing."""
    answer = await parts.of(request).rules.TestRule(
        pb.TestRuleRequest(rule_id=_known(rule_id), documents=body.documents)
    )
    return reply(answer)


@router.get("/{rule_id}/versions", response_model=RuleVersions)
async def list_versions(rule_id: RuleId, which: PageParameters, request: Request) -> Response:
    """The versions a rule has or had, newest first, also of a rule that is gone (admins and managers)."""
    answer = await parts.of(request).rules.ListRuleVersions(
        pb.ListRuleVersionsRequest(rule_id=_known(rule_id), page=_page(which))
    )
    items = [_shown(rule) for rule in answer.versions]
    return reply({"items": items, "nextPageToken": answer.page_info.next_page_token or None})


@log_router.get("/{document_id}/rules", response_model=RuleRuns)
async def list_runs(document_id: DocumentId, which: PageParameters, request: Request) -> Response:
    """What rules did to a document, and why: newest reading first."""
    if not is_id(document_id):
        raise NotFound("DOCUMENT_NOT_FOUND", "There is no such document. It may have been deleted.")
    answer = await parts.of(request).rules.ListRuleRuns(
        pb.ListRuleRunsRequest(document_id=document_id, page=_page(which))
    )
    return reply(page(answer.runs, answer.page_info.next_page_token))


def _known(rule_id: str) -> str:
    if not is_id(rule_id):
        raise NotFound("RULE_NOT_FOUND", "There is no such rule. It may have been deleted.")
    return rule_id


def _page(which: PageParameters) -> PageRequest:
    return PageRequest(page_size=which.page_size, page_token=which.page_token)


def _shown(rule: pb.Rule) -> dict[str, Any]:
    plain = to_plain(rule)
    draft = plain.pop("draft")
    return {"id": plain.pop("id"), **draft, **plain}


def _draft(body: RuleBody) -> pb.RuleDraft:
    fields, operators = (words.numbers(enum.DESCRIPTOR) for enum in (pb.ConditionField, pb.ConditionOperator))
    kinds = words.numbers(pb.ActionKind.DESCRIPTOR)
    return pb.RuleDraft(
        name=body.name,
        enabled=body.enabled,
        match=words.numbers(pb.RuleMatch.DESCRIPTOR)[body.match],
        conditions=[
            pb.Condition(field=fields[one.field], operator=operators[one.operator], values=one.values)
            for one in body.conditions
        ],
        actions=[pb.Action(kind=kinds[one.kind], value=one.value, key=one.key) for one in body.actions],
    )
