"""Rules: their parts, and what makes one good."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from automateiq_core.errors import Conflict, InvalidInput, NotFound, Violation

from automateiq_documents.documents.models import DocumentType, ReviewState

MAX_RULES = 100
MAX_TAGS = 50
MAX_METADATA = 50
# Letters of a document that rules look at; more than a hundred printed pages hold.
MAX_TEXT = 500_000

_ID = re.compile(r"[0-9a-f]{24}")
_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,4})?")
_CONFIDENCE = re.compile(r"0(\.\d{1,4})?|1(\.0{1,4})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,50}")
_MAX_TAG = 50


class Match(StrEnum):
    """Whether all conditions must hold or one is enough."""

    ALL = "all"
    ANY = "any"


class Field(StrEnum):
    """What a condition looks at."""

    VENDOR = "vendor"
    TYPE = "type"
    TOTAL = "total"
    CURRENCY = "currency"
    TAG = "tag"
    CONFIDENCE = "confidence"
    REVIEW_STATE = "review_state"
    TEXT = "text"
    UPLOADED_BY = "uploaded_by"


class Operator(StrEnum):
    """How a condition compares."""

    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"


class ActionKind(StrEnum):
    """What an action does."""

    ADD_TAG = "add_tag"
    REMOVE_TAG = "remove_tag"
    SET_TYPE = "set_type"
    ASSIGN = "assign"
    APPROVE = "approve"
    REQUIRE_REVIEW = "require_review"
    CALL_WEBHOOK = "call_webhook"
    SET_METADATA = "set_metadata"


# What ai-ocr tells apart, beside the types a document has.
TYPES = frozenset({*(kind.value for kind in DocumentType), "credit_note", "purchase_order", "statement"})

_WORDS = frozenset({Operator.IS, Operator.IS_NOT})
_NUMBERS = frozenset({Operator.AT_LEAST, Operator.AT_MOST, Operator.BETWEEN})
OPERATORS: Mapping[Field, frozenset[Operator]] = {
    Field.VENDOR: _WORDS | {Operator.CONTAINS},
    Field.TYPE: _WORDS,
    Field.TOTAL: _NUMBERS | {Operator.IS},
    Field.CURRENCY: _WORDS,
    Field.TAG: _WORDS,
    Field.CONFIDENCE: _NUMBERS,
    Field.REVIEW_STATE: _WORDS,
    Field.TEXT: frozenset({Operator.CONTAINS}),
    Field.UPLOADED_BY: _WORDS,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. `field` and `operator` are None where nothing was said, which no good rule has."""

    field: Field | None
    operator: Operator | None
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class Action:
    """One action."""

    kind: ActionKind | None
    value: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person says about a rule."""

    name: str
    enabled: bool
    match: Match | None
    conditions: Sequence[Condition]
    actions: Sequence[Action]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in one of its versions."""

    id: str
    draft: Draft
    version: int
    position: int
    changed_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule that fired: why, and what it did."""

    rule_id: str
    rule_version: int
    name: str
    reasons: Sequence[str]
    actions: Sequence[str]


@dataclass(frozen=True, slots=True)
class Run:
    """What rules did to a document after one reading."""

    document_id: str
    job_id: str
    firings: Sequence[Firing]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """A document that a rule would match."""

    document_id: str
    original_name: str
    reasons: Sequence[str]
    actions: Sequence[str]


def rule_not_found() -> NotFound:
    """What is said of a rule that is not there, or not the caller's."""
    return NotFound("RULE_NOT_FOUND", "There is no such rule. It may have been deleted.")


def rule_changed() -> Conflict:
    """What is said to somebody who changes a version that is not the present one."""
    return Conflict("RULE_CHANGED", "Somebody changed this rule in the meantime. Look at it again.")


def check(draft: Draft) -> None:
    """Lets a good rule through.

    Raises:
        InvalidInput: RULE_INVALID; each broken rule is named by its field, `conditions.0.values.1`.
    """
    refuse(list(_complaints(draft)))


def refuse(complaints: Sequence[Violation]) -> None:
    """Raises where there are complaints."""
    if complaints:
        first = complaints[0]
        raise InvalidInput("RULE_INVALID", f"{first.field}: {first.description}.", violations=complaints)


def _complaints(draft: Draft) -> Iterator[Violation]:
    if not draft.name.strip():
        yield Violation("name", "must not be empty")
    if draft.match is None:
        yield Violation("match", "must be all or any")
    if not draft.conditions:
        yield Violation("conditions", "must hold one condition at least")
    if not draft.actions:
        yield Violation("actions", "must hold one action at least")
    for number, condition in enumerate(draft.conditions):
        yield from _condition(f"conditions.{number}", condition)
    for number, action in enumerate(draft.actions):
        yield from _action(f"actions.{number}", action)
    yield from _contradictions(draft.actions)


def _condition(path: str, condition: Condition) -> Iterator[Violation]:
    if condition.field is None:
        yield Violation(f"{path}.field", "must say what is looked at")
        return
    allowed = OPERATORS[condition.field]
    if condition.operator not in allowed:
        known = ", ".join(sorted(operator.value for operator in allowed))
        yield Violation(f"{path}.operator", f"must be one of {known} for {condition.field.value}")
        return
    if condition.operator is Operator.BETWEEN:
        wanted = "two values, the smaller one first"
        good = len(condition.values) == 2
    elif condition.operator in (Operator.AT_LEAST, Operator.AT_MOST):
        wanted, good = "one value", len(condition.values) == 1
    else:
        wanted, good = "one value at least", len(condition.values) > 0
    if not good:
        yield Violation(f"{path}.values", f"must be {wanted}")
    bad = list(_values(path, condition.field, condition.values))
    yield from bad
    if good and not bad and condition.operator is Operator.BETWEEN:
        low, high = map(Decimal, condition.values)
        if low > high:
            yield Violation(f"{path}.values", f"must be {wanted}")


def _values(path: str, field: Field, values: Sequence[str]) -> Iterator[Violation]:
    wanted, good = _VALUES[field]
    for number, value in enumerate(values):
        if not good(value):
            yield Violation(f"{path}.values.{number}", f"must be {wanted}")


def _whole(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: pattern.fullmatch(value) is not None


def _text(value: str) -> bool:
    return bool(value.strip()) and "\x00" not in value


def _tag(value: str) -> bool:
    return _text(value) and len(value) <= _MAX_TAG


_VALUES: Mapping[Field, tuple[str, Callable[[str], bool]]] = {
    Field.VENDOR: ("some words", _text),
    Field.TYPE: (f"one of {', '.join(sorted(TYPES))}", TYPES.__contains__),
    Field.TOTAL: ("an amount such as 1234.50", _whole(_AMOUNT)),
    Field.CURRENCY: ("a currency such as EUR", _whole(_CURRENCY)),
    Field.TAG: (f"a label of {_MAX_TAG} letters at most", _tag),
    Field.CONFIDENCE: ("a number from 0 to 1", _whole(_CONFIDENCE)),
    Field.REVIEW_STATE: (
        f"one of {', '.join(sorted(state.value for state in ReviewState))}",
        {state.value for state in ReviewState}.__contains__,
    ),
    Field.TEXT: ("some words", _text),
    Field.UPLOADED_BY: ("a user's id", _whole(_ID)),
}


def _action(path: str, action: Action) -> Iterator[Violation]:
    if action.kind is None:
        yield Violation(f"{path}.kind", "must say what is done")
        return
    wanted, good = _ACTIONS[action.kind]
    if not good(action.value):
        yield Violation(f"{path}.value", f"must be {wanted}")
    if action.kind is ActionKind.SET_METADATA:
        if not _KEY.fullmatch(action.key):
            yield Violation(f"{path}.key", "must be letters, digits, _ and -, 50 at most")
    elif action.key:
        yield Violation(f"{path}.key", "must be empty: this action has none")


_ACTIONS: Mapping[ActionKind, tuple[str, Callable[[str], bool]]] = {
    ActionKind.ADD_TAG: (f"a label of {_MAX_TAG} letters at most", _tag),
    ActionKind.REMOVE_TAG: (f"a label of {_MAX_TAG} letters at most", _tag),
    ActionKind.SET_TYPE: (
        f"one of {', '.join(kind.value for kind in DocumentType)}",
        {kind.value for kind in DocumentType}.__contains__,
    ),
    ActionKind.ASSIGN: ("a user's id", _whole(_ID)),
    ActionKind.APPROVE: ("empty: this action has no value", lambda value: not value),
    ActionKind.REQUIRE_REVIEW: ("empty: this action has no value", lambda value: not value),
    ActionKind.CALL_WEBHOOK: ("the id of one of your webhook endpoints", _whole(_ID)),
    ActionKind.SET_METADATA: ("a word of 500 letters at most", lambda value: "\x00" not in value),
}

# Of these a rule has one at most: with two of them one would be without effect.
_ONCE = (
    frozenset({ActionKind.SET_TYPE}),
    frozenset({ActionKind.ASSIGN}),
    frozenset({ActionKind.APPROVE, ActionKind.REQUIRE_REVIEW}),
)


def _contradictions(actions: Sequence[Action]) -> Iterator[Violation]:
    for number, action in enumerate(actions):
        for before in actions[:number]:
            if _contradict(before, action):
                yield Violation(f"actions.{number}", "repeats or contradicts an action before it")
                break


def _contradict(one: Action, other: Action) -> bool:
    tags = {ActionKind.ADD_TAG, ActionKind.REMOVE_TAG}
    if one.kind in tags and other.kind in tags:
        return one.value == other.value
    if one.kind is other.kind is ActionKind.SET_METADATA:
        return one.key == other.key
    if one.kind is other.kind is ActionKind.CALL_WEBHOOK:
        return one.value == other.value
    return any(one.kind in group and other.kind in group for group in _ONCE)
