"""The rules of an organization, their versions, and what they did."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core.mongo import Document as Row
from automateiq_core.mongo import Mongo, ObjectId, Update
from automateiq_core.pagination import SortKey, paginate
from pymongo import ASCENDING, DESCENDING, IndexModel

from automateiq_documents.rules.models import (
    MAX_RULES,
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

RULES = "rules"
VERSIONS = "rule_versions"
RUNS = "rule_runs"
SCHEMA_VERSION = 1

_TENANT = ("organizationId", ASCENDING)
RULE_INDEXES = [IndexModel([_TENANT, ("position", ASCENDING), ("_id", ASCENDING)], name="order")]
VERSION_INDEXES = [
    IndexModel([_TENANT, ("ruleId", ASCENDING), ("version", DESCENDING)], name="version", unique=True)
]
RUN_INDEXES = [
    IndexModel([_TENANT, ("documentId", ASCENDING), ("jobId", ASCENDING)], name="reading", unique=True),
    IndexModel([_TENANT, ("documentId", ASCENDING), ("createdAt", DESCENDING)], name="newest"),
]

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class VersionPage:
    """A page of a rule's versions."""

    versions: list[Rule]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of what rules did to a document."""

    runs: list[Run]
    next_page_token: str


class RuleStore:
    """Every query on rules."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._rules = mongo.tenant(RULES)
        self._versions = mongo.tenant(VERSIONS)
        self._runs = mongo.tenant(RUNS)

    async def ensure_indexes(self) -> None:
        """Creates the collections and their indexes."""
        await self._mongo.ensure_indexes(RULES, RULE_INDEXES)
        await self._mongo.ensure_indexes(VERSIONS, VERSION_INDEXES)
        await self._mongo.ensure_indexes(RUNS, RUN_INDEXES)

    async def transact(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Runs `work` in a transaction; it may run more than once."""
        return await self._mongo.transact(work)

    # Rules.

    async def all(self) -> list[Rule]:
        """All rules, in order."""
        in_order = [("position", ASCENDING), ("_id", ASCENDING)]
        return [_rule_of(row) for row in await self._rules.find({}, sort=in_order, limit=MAX_RULES)]

    async def find(self, rule_id: str) -> Rule | None:
        """One rule."""
        row = await self._rules.find_one({"_id": ObjectId(rule_id)})
        return None if row is None else _rule_of(row)

    async def add(self, rule: Rule) -> None:
        """Stores a rule and its first version. Raises `DuplicateKeyError` where it is there."""

        async def work() -> None:
            await self._rules.insert_one({"_id": ObjectId(rule.id), **_rule_row(rule)})
            await self._versions.insert_one({"ruleId": rule.id, **_rule_row(rule)})

        await self.transact(work)

    async def replace(self, rule: Rule, *, version: int) -> Rule | None:
        """Stores a rule in place of this version; None where that is not the present one."""

        async def work() -> Rule | None:
            change = _rule_row(rule)
            # The order is its own matter: it may have changed since this rule was looked at.
            del change["position"]
            row = await self._rules.find_one_and_update(
                {"_id": ObjectId(rule.id), "version": version}, {"$set": change}
            )
            if row is not None:
                await self._versions.insert_one({"ruleId": rule.id, **_rule_row(rule)})
            return None if row is None else _rule_of(row)

        return await self.transact(work)

    async def remove(self, rule_id: str) -> bool:
        """Removes a rule; its versions stay, for the log names them."""
        return bool(await self._rules.delete_one({"_id": ObjectId(rule_id)}))

    async def order(self, rule_ids: Sequence[str]) -> bool:
        """Puts the rules in this order; False, and nothing changed, where it is not all of them."""

        async def work() -> bool:
            there = {rule.id for rule in await self.all()}
            if there != set(rule_ids):
                return False
            moves = [
                Update({"_id": ObjectId(rule_id)}, {"$set": {"position": position}})
                for position, rule_id in enumerate(rule_ids)
            ]
            if moves:
                await self._rules.bulk_write(moves)
            return True

        return await self.transact(work)

    async def versions(self, rule_id: str, request: PageRequest) -> VersionPage:
        """A page of a rule's versions, newest first."""
        by_version = SortKey("version", descending=True)
        page = await paginate(self._versions, {"ruleId": rule_id}, by_version, request)
        rules = [_rule_of({**row, "_id": row["ruleId"]}) for row in page.rows]
        return VersionPage(rules, page.next_page_token)

    # What they did.

    async def has_run(self, document_id: str, job_id: str) -> bool:
        """Whether rules have acted on this reading."""
        query = {"documentId": document_id, "jobId": job_id}
        return await self._runs.find_one(query, projection={"_id": 1}) is not None

    async def note(self, run: Run) -> None:
        """Notes what rules did. Raises `DuplicateKeyError` where it is noted."""
        await self._runs.insert_one(
            {
                "documentId": run.document_id,
                "jobId": run.job_id,
                "firings": [_firing_row(firing) for firing in run.firings],
                "createdAt": run.created_at,
                "schemaVersion": SCHEMA_VERSION,
            }
        )

    async def runs(self, document_id: str, request: PageRequest) -> RunPage:
        """A page of what rules did to a document, newest first."""
        newest = SortKey("createdAt", descending=True)
        page = await paginate(self._runs, {"documentId": document_id}, newest, request)
        return RunPage([_run_of(row) for row in page.rows], page.next_page_token)

    async def forget(self, document_id: str) -> None:
        """Removes what is noted of a document."""
        await self._runs.delete_many({"documentId": document_id})


def _rule_row(rule: Rule) -> Row:
    draft = rule.draft
    return {
        "name": draft.name,
        "enabled": draft.enabled,
        "match": _word(draft.match),
        "conditions": [
            {"field": _word(one.field), "operator": _word(one.operator), "values": list(one.values)}
            for one in draft.conditions
        ],
        "actions": [{"kind": _word(one.kind), "value": one.value, "key": one.key} for one in draft.actions],
        "version": rule.version,
        "position": rule.position,
        "changedBy": rule.changed_by,
        "createdAt": rule.created_at,
        "updatedAt": rule.updated_at,
        "schemaVersion": SCHEMA_VERSION,
    }


def _word(said: StrEnum | None) -> str:
    if said is None:
        raise AssertionError("a rule is checked before it is stored")
    return said.value


def _rule_of(row: Row) -> Rule:
    return Rule(
        id=str(row["_id"]),
        draft=Draft(
            name=row["name"],
            enabled=row["enabled"],
            match=Match(row["match"]),
            conditions=[
                Condition(Field(one["field"]), Operator(one["operator"]), one["values"])
                for one in row["conditions"]
            ],
            actions=[Action(ActionKind(one["kind"]), one["value"], one["key"]) for one in row["actions"]],
        ),
        version=row["version"],
        position=row["position"],
        changed_by=row["changedBy"],
        created_at=row["createdAt"],
        updated_at=row["updatedAt"],
    )


def _firing_row(firing: Firing) -> dict[str, Any]:
    return {
        "ruleId": firing.rule_id,
        "ruleVersion": firing.rule_version,
        "name": firing.name,
        "reasons": list(firing.reasons),
        "actions": list(firing.actions),
    }


def _run_of(row: Row) -> Run:
    return Run(
        document_id=row["documentId"],
        job_id=row["jobId"],
        firings=[
            Firing(one["ruleId"], one["ruleVersion"], one["name"], one["reasons"], one["actions"])
            for one in row["firings"]
        ],
        created_at=row["createdAt"],
    )
