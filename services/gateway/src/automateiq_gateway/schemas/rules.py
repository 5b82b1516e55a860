"""Rules: what an organization wants done with documents that were read."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import ConfigDict, Field

from automateiq_gateway.schemas.common import Body, Page, Schema, Strict

RuleMatch = Literal["all", "any"]
ConditionField = Literal[
    "vendor", "type", "total", "currency", "tag", "confidence", "review_state", "text", "uploaded_by"
]
ConditionOperator = Literal["is", "is_not", "contains", "at_least", "at_most", "between"]
ActionKind = Literal[
    "add_tag",
    "remove_tag",
    "set_type",
    "assign",
    "approve",
    "require_review",
    "call_webhook",
    "set_metadata",
]

_RULE_ID = "65f0c0ffee65f0c0ffee65f9"
_DRAFT: dict[str, Any] = {
    "name": "Energy bills",
    "enabled": True,
    "match": "all",
    "conditions": [
        {"field": "vendor", "operator": "contains", "values": ["stadtwerke", "energy"]},
        {"field": "total", "operator": "at_most", "values": ["500.00"]},
    ],
    "actions": [
        {"kind": "add_tag", "value": "energy", "key": ""},
        {"kind": "approve", "value": "", "key": ""},
    ],
}
_RULE: dict[str, Any] = {
    "id": _RULE_ID,
    **_DRAFT,
    "version": 1,
    "changedBy": "65f0c0ffee65f0c0ffee65f1",
    "createdAt": "2026-11-22T09:00:00Z",
    "updatedAt": "2026-11-22T09:00:00Z",
}
_REASONS: list[Any] = ['vendor "Stadtwerke Bergmoos" contains "stadtwerke"', "total 120.00 is at most 500.00"]
_DONE: list[Any] = ['added the label "energy"', "approved it"]

RuleId = Annotated[str, Path(description="The rule's id", examples=[_RULE_ID])]


class Condition(Strict):
    """One condition: a field, an operator it knows, and values."""

    field: ConditionField = Field(
        description="vendor, text: words; type; total: an amount; currency: ISO 4217; tag: a label; confidence: the "
        "lowest of vendor, date and total, 0 to 1; review_state: not_needed, needed, confirmed or rejected; "
        "uploaded_by: a user's id"
    )
    operator: ConditionOperator = Field(
        description="is, is_not: one or none of the values (not for text and numbers, a total may be one); contains: "
        "one of the values (vendor, text); at_least, at_most, between: numbers (total, confidence)"
    )
    values: list[Annotated[str, Field(max_length=200)]] = Field(
        max_length=20, description="One or more; for numbers exactly one, for between two"
    )


class Action(Strict):
    """One action."""

    kind: ActionKind = Field(description="What is done")
    value: str = Field(
        "",
        max_length=500,
        description="The label, the type, the user's id, the endpoint's id, or the metadata's value; empty for approve "
        "and require_review",
    )
    key: str = Field("", max_length=50, description="The metadata's name, for set_metadata")


class RuleBody(Body):
    """A rule: if the conditions hold, then the actions are done, once for each reading of a document."""

    name: str = Field(min_length=1, max_length=100, description="Its name")
    enabled: bool = Field(True, description="Whether it is looked at")
    match: RuleMatch = Field("all", description="Whether all conditions must hold or one is enough")
    conditions: list[Condition] = Field(min_length=1, max_length=20, description="If …")
    actions: list[Action] = Field(min_length=1, max_length=20, description="… then")

    model_config = ConfigDict(json_schema_extra={"example": _DRAFT})


class ReplaceRuleBody(RuleBody):
    """A rule in place of one of its versions."""

    version: int = Field(
        ge=1, description="The version that is replaced; another one than the present is refused"
    )

    model_config = ConfigDict(json_schema_extra={"example": {**_DRAFT, "version": 1}})


class OrderBody(Body):
    """The rules in the order in which they are to be looked at."""

    rules: list[Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]] = Field(
        max_length=100, description="The id of every rule, once"
    )

    model_config = ConfigDict(json_schema_extra={"example": {"rules": [_RULE_ID]}})


class ShownCondition(Schema):
    """One condition."""

    field: ConditionField | None = Field(description="What it looks at")
    operator: ConditionOperator | None = Field(description="How it compares")
    values: list[str] = Field(description="With what")


class ShownAction(Schema):
    """One action."""

    kind: ActionKind | None = Field(description="What is done")
    value: str = Field(description="With what")
    key: str = Field(description="The metadata's name")


class Rule(Schema):
    """A rule."""

    id: str = Field(description="Its id")
    name: str = Field(description="Its name")
    enabled: bool = Field(description="Whether it is looked at")
    match: RuleMatch | None = Field(description="Whether all conditions must hold or one is enough")
    conditions: list[ShownCondition] = Field(description="If …")
    actions: list[ShownAction] = Field(description="… then")
    version: int = Field(description="Counted from 1; each change makes the next one")
    changed_by: str = Field(description="The user who made this version")
    created_at: datetime | None = Field(description="When the rule was added")
    updated_at: datetime | None = Field(description="When this version was made")

    model_config = ConfigDict(json_schema_extra={"example": _RULE})


class Rules(Schema):
    """All rules, in the order in which they are looked at."""

    items: list[Rule] = Field(description="The rules")

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_RULE]}})


class RuleVersions(Page):
    """A page of a rule's versions, newest first."""

    items: list[Rule] = Field(description="The versions")

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_RULE], "nextPageToken": None}})


class TestBody(Body):
    """How far a trial looks back."""

    documents: int = Field(50, ge=1, le=200, description="How many of the newest read documents to look at")

    model_config = ConfigDict(json_schema_extra={"example": {"documents": 50}})


class RuleMatchFound(Schema):
    """A document that a rule would match as it is now."""

    document_id: str = Field(description="The document")
    original_name: str = Field(description="The name it was uploaded under")
    reasons: list[str] = Field(description="The conditions that hold, with what was found")
    actions: list[str] = Field(description="What the rule would do; empty where all of it is so already")


class Trial(Schema):
    """What a rule would match. Nothing was changed."""

    examined: int = Field(description="How many documents were looked at")
    matches: list[RuleMatchFound] = Field(description="Those that it matches, newest first")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "examined": 50,
                "matches": [
                    {
                        "documentId": "65f0c0ffee65f0c0ffee65f0",
                        "originalName": "Invoice 2026-001.pdf",
                        "reasons": _REASONS,
                        "actions": _DONE,
                    }
                ],
            }
        }
    )


class RuleFiring(Schema):
    """A rule that fired."""

    rule_id: str = Field(description="The rule")
    rule_version: int = Field(description="Its version at that time")
    name: str = Field(description="Its name at that time")
    reasons: list[str] = Field(description="Why: the conditions that held, with what was found")
    actions: list[str] = Field(description="What it did")


class RuleRun(Schema):
    """What rules did to a document after one reading."""

    job_id: str = Field(description="The reading")
    firings: list[RuleFiring] = Field(description="The rules that fired, in order")
    created_at: datetime | None = Field(description="When")


class RuleRuns(Page):
    """What rules did to a document, newest reading first."""

    items: list[RuleRun] = Field(description="One for each reading after which a rule fired")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "jobId": "65f0c0ffee65f0c0ffee65f6",
                        "firings": [
                            {
                                "ruleId": _RULE_ID,
                                "ruleVersion": 1,
                                "name": "Energy bills",
                                "reasons": _REASONS,
                                "actions": _DONE,
                            }
                        ],
                        "createdAt": "2026-11-22T09:30:07Z",
                    }
                ],
                "nextPageToken": None,
            }
        }
    )
