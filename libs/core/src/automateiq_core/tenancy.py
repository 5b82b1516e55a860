"""How a filter, an update and an aggregation are kept inside one organization.

Pure functions. They add `organizationId` where it belongs and refuse what could lead around it. What is not known to
be harmless is refused, so that a new MongoDB stage is a decision and not an accident.
"""

from collections.abc import Mapping, Sequence
from typing import Any

ORGANIZATION = "organizationId"

Document = dict[str, Any]

# Stages that only reshape the rows they are given.
_PLAIN_STAGES = frozenset(
    {
        "$addFields",
        "$bucket",
        "$bucketAuto",
        "$count",
        "$densify",
        "$fill",
        "$group",
        "$limit",
        "$match",
        "$project",
        "$redact",
        "$replaceRoot",
        "$replaceWith",
        "$sample",
        "$set",
        "$setWindowFields",
        "$skip",
        "$sort",
        "$sortByCount",
        "$unset",
        "$unwind",
    }
)
_SERVER_CODE = frozenset({"$where", "$function", "$accumulator"})
_UPDATE_STAGES = frozenset({"$set", "$addFields", "$unset", "$project"})


class TenancyViolation(RuntimeError):
    """A query could touch the rows of another organization. A bug of ours: the query is not sent."""


def scoped_filter(query: Mapping[str, Any], organization_id: str) -> Document:
    """The filter, bound to the organization."""
    _refuse_server_code(query)
    if query.get(ORGANIZATION, organization_id) != organization_id:
        raise TenancyViolation("a filter names another organization")
    return {**query, ORGANIZATION: organization_id}


def scoped_document(document: Mapping[str, Any], organization_id: str) -> Document:
    """The document, owned by the organization."""
    if document.get(ORGANIZATION, organization_id) != organization_id:
        raise TenancyViolation("a document names another organization")
    return {**document, ORGANIZATION: organization_id}


def checked_update(update: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Any:
    """The update, which must leave the owner of the row alone."""
    _refuse_server_code(update)
    if isinstance(update, Mapping):
        _check_operators(update)
        return update
    for stage in update:
        (name, body), *more = stage.items()
        if more or name not in _UPDATE_STAGES:
            raise TenancyViolation(f"an update may not use {name}")
        fields = [body] if isinstance(body, str) else list(body)
        if name == "$project" or any(_is_owner(field) for field in fields):
            raise TenancyViolation("an update may not touch the owner of a row")
    return list(update)


def _check_operators(update: Mapping[str, Any]) -> None:
    for operator, changes in update.items():
        if not operator.startswith("$"):
            raise TenancyViolation("an update must use operators; use replace_one to replace a row")
        renamed = list(changes.values()) if operator == "$rename" else []
        if any(_is_owner(field) for field in [*changes, *renamed]):
            raise TenancyViolation("an update may not touch the owner of a row")


def _is_owner(path: object) -> bool:
    return isinstance(path, str) and path.split(".", 1)[0] == ORGANIZATION


def scoped_pipeline(pipeline: Sequence[Mapping[str, Any]], organization_id: str) -> list[Document]:
    """The aggregation, bound to the organization wherever it reads a collection.

    The first `$match` is merged with ours, because `$text` must stand in the first stage.
    """
    stages = list(pipeline)
    first: Mapping[str, Any] = {}
    if stages and "$match" in stages[0]:
        first = stages.pop(0)["$match"]
    return [{"$match": scoped_filter(first, organization_id)}, *_stages(stages, organization_id)]


def _stages(stages: Sequence[Mapping[str, Any]], organization_id: str) -> list[Document]:
    return [_stage(stage, organization_id) for stage in stages]


def _stage(stage: Mapping[str, Any], organization_id: str) -> Document:
    if len(stage) != 1:
        raise TenancyViolation("a stage has exactly one operator")
    _refuse_server_code(stage)
    ((name, body),) = stage.items()
    if name in _PLAIN_STAGES:
        return {name: body}
    if name == "$facet":
        return {name: {facet: _stages(sub, organization_id) for facet, sub in body.items()}}
    if name == "$lookup":
        _collection_name(body.get("from"))
        return {name: {**body, "pipeline": scoped_pipeline(body.get("pipeline", ()), organization_id)}}
    if name == "$unionWith":
        union: Mapping[str, Any] = {"coll": body} if isinstance(body, str) else body
        _collection_name(union.get("coll"))
        return {name: {**union, "pipeline": scoped_pipeline(union.get("pipeline", ()), organization_id)}}
    if name == "$graphLookup":
        _collection_name(body.get("from"))
        restricted = scoped_filter(body.get("restrictSearchWithMatch", {}), organization_id)
        return {name: {**body, "restrictSearchWithMatch": restricted}}
    raise TenancyViolation(f"an aggregation may not use {name}")


def _collection_name(name: object) -> None:
    if not isinstance(name, str):
        raise TenancyViolation("a join names a collection of this database by its plain name")


def _refuse_server_code(part: object) -> None:
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key in _SERVER_CODE:
                raise TenancyViolation(f"{key} runs code in the database")
            _refuse_server_code(value)
    elif isinstance(part, list | tuple):
        for item in part:
            _refuse_server_code(item)
