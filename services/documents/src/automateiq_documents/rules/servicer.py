"""The RPCs of rules."""
# ruff: noqa: ARG002 (gRPC fixes what a method is given)

from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from automateiq.common.v1.pagination_pb2 import PageInfo
from automateiq.documents.v1 import rules_pb2 as pb
from automateiq.documents.v1 import rules_pb2_grpc
from google.protobuf.timestamp_pb2 import Timestamp

from automateiq_documents.rules.models import (
    Action,
    ActionKind,
    Condition,
    Draft,
    Field,
    Firing,
    Match,
    Operator,
    Rule,
    Run,
)
from automateiq_documents.rules.service import RulesService

Word = TypeVar("Word", bound=StrEnum)


def _numbers(words: type[Word], enum: Any, prefix: str) -> tuple[dict[Word, int], dict[int, Word]]:
    there = {word: int(enum.Value(f"{prefix}_{word.name}")) for word in words}
    return there, {number: word for word, number in there.items()}


_MATCH, _MATCH_BACK = _numbers(Match, pb.RuleMatch, "RULE_MATCH")
_FIELD, _FIELD_BACK = _numbers(Field, pb.ConditionField, "CONDITION_FIELD")
_OPERATOR, _OPERATOR_BACK = _numbers(Operator, pb.ConditionOperator, "CONDITION_OPERATOR")
_KIND, _KIND_BACK = _numbers(ActionKind, pb.ActionKind, "ACTION_KIND")


class RulesServicer(rules_pb2_grpc.RulesServiceServicer):
    """Protobuf in, one call of the service, protobuf out."""

    def __init__(self, rules: RulesService) -> None:
        self._rules = rules

    async def CreateRule(self, request: pb.CreateRuleRequest, context: Any) -> pb.CreateRuleResponse:
        """Adds a rule."""
        return pb.CreateRuleResponse(rule=_rule(await self._rules.create(_draft(request.draft))))

    async def ListRules(self, request: pb.ListRulesRequest, context: Any) -> pb.ListRulesResponse:
        """Gives the rules."""
        return pb.ListRulesResponse(rules=map(_rule, await self._rules.all()))

    async def GetRule(self, request: pb.GetRuleRequest, context: Any) -> pb.GetRuleResponse:
        """Gives one rule."""
        return pb.GetRuleResponse(rule=_rule(await self._rules.get(request.rule_id)))

    async def UpdateRule(self, request: pb.UpdateRuleRequest, context: Any) -> pb.UpdateRuleResponse:
        """Replaces a rule."""
        rule = await self._rules.update(request.rule_id, request.version, _draft(request.draft))
        return pb.UpdateRuleResponse(rule=_rule(rule))

    async def DeleteRule(self, request: pb.DeleteRuleRequest, context: Any) -> pb.DeleteRuleResponse:
        """Removes a rule."""
        await self._rules.delete(request.rule_id)
        return pb.DeleteRuleResponse()

    async def OrderRules(self, request: pb.OrderRulesRequest, context: Any) -> pb.OrderRulesResponse:
        """Orders the rules."""
        return pb.OrderRulesResponse(rules=map(_rule, await self._rules.order(request.rules)))

    async def TestRule(self, request: pb.TestRuleRequest, context: Any) -> pb.TestRuleResponse:
        """Says what a rule would match."""
        examined, found = await self._rules.test(request.rule_id, request.documents)
        matches = [
            pb.RuleMatchFound(
                document_id=one.document_id,
                original_name=one.original_name,
                reasons=one.reasons,
                actions=one.actions,
            )
            for one in found
        ]
        return pb.TestRuleResponse(examined=examined, matches=matches)

    async def ListRuleVersions(
        self, request: pb.ListRuleVersionsRequest, context: Any
    ) -> pb.ListRuleVersionsResponse:
        """Gives a page of a rule's versions."""
        page = await self._rules.versions(request.rule_id, request.page)
        return pb.ListRuleVersionsResponse(
            versions=map(_rule, page.versions), page_info=PageInfo(next_page_token=page.next_page_token)
        )

    async def ListRuleRuns(self, request: pb.ListRuleRunsRequest, context: Any) -> pb.ListRuleRunsResponse:
        """Gives a page of what rules did to a document."""
        page = await self._rules.runs(request.document_id, request.page)
        return pb.ListRuleRunsResponse(
            runs=map(_run, page.runs), page_info=PageInfo(next_page_token=page.next_page_token)
        )


def _draft(message: pb.RuleDraft) -> Draft:
    return Draft(
        name=message.name,
        enabled=message.enabled,
        match=_MATCH_BACK.get(message.match),
        conditions=[
            Condition(_FIELD_BACK.get(one.field), _OPERATOR_BACK.get(one.operator), list(one.values))
            for one in message.conditions
        ],
        actions=[Action(_KIND_BACK.get(one.kind), one.value, one.key) for one in message.actions],
    )


def _rule(rule: Rule) -> pb.Rule:
    draft: Any = pb.RuleDraft(name=rule.draft.name, enabled=rule.draft.enabled)
    draft.match = _MATCH[rule.draft.match] if rule.draft.match else 0
    for condition in rule.draft.conditions:
        draft.conditions.add(
            field=_FIELD[condition.field] if condition.field else 0,
            operator=_OPERATOR[condition.operator] if condition.operator else 0,
            values=condition.values,
        )
    for action in rule.draft.actions:
        draft.actions.add(kind=_KIND[action.kind] if action.kind else 0, value=action.value, key=action.key)
    return pb.Rule(
        id=rule.id,
        draft=draft,
        version=rule.version,
        changed_by=rule.changed_by,
        created_at=_stamp(rule.created_at),
        updated_at=_stamp(rule.updated_at),
    )


def _run(run: Run) -> pb.RuleRun:
    return pb.RuleRun(job_id=run.job_id, firings=map(_firing, run.firings), created_at=_stamp(run.created_at))


def _firing(firing: Firing) -> pb.RuleFiring:
    return pb.RuleFiring(
        rule_id=firing.rule_id,
        rule_version=firing.rule_version,
        name=firing.name,
        reasons=firing.reasons,
        actions=firing.actions,
    )


def _stamp(time: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp
