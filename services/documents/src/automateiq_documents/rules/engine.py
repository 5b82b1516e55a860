"""Which rules fire for a document, and what it becomes: pure, and always the same for the same document and rules.

Rules are looked at once each, in order; a rule sees what those before it did. As none is looked at twice, and nothing
a rule does is an event that rules listen to, there is no way to a loop.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import assert_never

from automateiq_documents.rules.models import (
    MAX_METADATA,
    MAX_TAGS,
    MAX_TEXT,
    Action,
    ActionKind,
    Condition,
    Field,
    Firing,
    Match,
    Operator,
    Rule,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules see of a document, and what they change of it. What is not known is None or empty.

    `types` holds what the document is, in the organization's terms and in the reader's. `text` is as `plain_text` gives
    it. `webhooks` holds the
    endpoints that are to be called, with the rule that calls each.
    """

    vendor: str = ""
    types: tuple[str, ...] = ()
    total: Decimal | None = None
    currency: str = ""
    confidence: Decimal = Decimal(0)
    text: str = ""
    uploaded_by: str = ""
    tags: tuple[str, ...] = ()
    review_state: str = ""
    assignee: str = ""
    approved: bool = False
    metadata: Mapping[str, str] | None = None
    webhooks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What rules make of a document."""

    firings: Sequence[Firing]
    after: Facts


def run(rules: Iterable[Rule], facts: Facts) -> Outcome:
    """Looks at the enabled rules in order."""
    firings: list[Firing] = []
    for rule in rules:
        if not rule.draft.enabled:
            continue
        reasons = why(rule, facts)
        if not reasons:
            continue
        facts, done = act(rule, facts)
        firings.append(Firing(rule.id, rule.version, rule.draft.name, reasons, done))
    return Outcome(firings, facts)


def needs_text(rules: Iterable[Rule]) -> bool:
    """Whether any of these rules looks at a document's text."""
    return any(condition.field is Field.TEXT for rule in rules for condition in rule.draft.conditions)


def why(rule: Rule, facts: Facts) -> list[str]:
    """The conditions that hold, in words; empty where the rule does not match."""
    held = [holds(condition, facts) for condition in rule.draft.conditions]
    reasons = [reason for reason in held if reason]
    wanted = len(held) if rule.draft.match is Match.ALL else 1
    return reasons if reasons and len(reasons) >= wanted else []


def holds(condition: Condition, facts: Facts) -> str:
    """Why a condition holds, in words; empty where it does not."""
    field, operator, values = condition.field, condition.operator, condition.values
    if field is Field.TOTAL:
        return _number("total", facts.total, operator, values)
    if field is Field.CONFIDENCE:
        return _number("confidence", facts.confidence, operator, values)
    if field is Field.VENDOR:
        return _words("vendor", [facts.vendor], operator, values, shown=facts.vendor)
    if field is Field.TEXT:
        held = [value for value in values if plain(value) in facts.text]
        return f"text contains {_listed(held)}" if held else ""
    if field is Field.TYPE:
        return _words("type", facts.types, operator, values)
    if field is Field.CURRENCY:
        return _words("currency", [facts.currency], operator, values)
    if field is Field.TAG:
        return _words("tags", facts.tags, operator, values)
    if field is Field.REVIEW_STATE:
        return _words("review state", [facts.review_state], operator, values)
    if field is Field.UPLOADED_BY:
        return _words("uploaded by", [facts.uploaded_by], operator, values)
    if field is None:
        return ""
    assert_never(field)


def _number(name: str, found: Decimal | None, operator: Operator | None, values: Sequence[str]) -> str:
    if found is None:
        return ""
    limits = [Decimal(value) for value in values]
    if operator is Operator.BETWEEN and limits[0] <= found <= limits[1]:
        return f"{name} {found} lies between {values[0]} and {values[1]}"
    if operator is Operator.AT_LEAST and found >= limits[0]:
        return f"{name} {found} is at least {values[0]}"
    if operator is Operator.AT_MOST and found <= limits[0]:
        return f"{name} {found} is at most {values[0]}"
    if operator is Operator.IS and found in limits:
        return f"{name} is {found}"
    return ""


def _words(
    name: str,
    found: Sequence[str],
    operator: Operator | None,
    values: Sequence[str],
    shown: str | None = None,
) -> str:
    known = {plain(word) for word in found} - {""}
    wanted = {plain(value): value for value in values}
    told = f'{name} "{shown}"' if shown else name
    if operator is Operator.IS_NOT:
        return "" if known & set(wanted) else f"{told} is not {_listed(values)}"
    if operator is Operator.IS:
        same = [value for word, value in wanted.items() if word in known]
        return f"{name} is {_listed(same)}" if same else ""
    held = [value for word, value in wanted.items() if any(word in one for one in known)]
    return f"{told} contains {_listed(held)}" if held else ""


def plain(words: str) -> str:
    """Words as they are compared: without regard to case, width of letters, and how many spaces part them."""
    return " ".join(unicodedata.normalize("NFKC", words).casefold().split())


def plain_text(text: str) -> str:
    """A document's text as its words are compared, once for all rules; of a very long one its beginning."""
    # Some letters of Unicode become eighteen.
    return plain(text[:MAX_TEXT])[:MAX_TEXT]


def _listed(values: Sequence[str]) -> str:
    return " or ".join(f'"{value}"' for value in values)


def act(rule: Rule, facts: Facts) -> tuple[Facts, list[str]]:
    """The document after a rule's actions, and what they did; what is so already is not done again."""
    done: list[str] = []
    for action in rule.draft.actions:
        after, told = _act(action, rule.id, facts)
        if told:
            facts, done = after, [*done, told]
    return facts, done


def _act(action: Action, rule_id: str, facts: Facts) -> tuple[Facts, str]:
    kind, value = action.kind, action.value
    if kind is ActionKind.ADD_TAG:
        if value in facts.tags or len(facts.tags) >= MAX_TAGS:
            return facts, ""
        return replace(facts, tags=(*facts.tags, value)), f'added the label "{value}"'
    if kind is ActionKind.REMOVE_TAG:
        kept = tuple(tag for tag in facts.tags if tag != value)
        return replace(facts, tags=kept), f'removed the label "{value}"' if kept != facts.tags else ""
    if kind is ActionKind.SET_TYPE:
        told = f"made it {value}" if facts.types != (value,) else ""
        return replace(facts, types=(value,)), told
    if kind is ActionKind.ASSIGN:
        told = f"assigned it to {value}" if facts.assignee != value else ""
        return replace(facts, assignee=value), told
    if kind is ActionKind.SET_METADATA:
        return _set_metadata(action, facts)
    if kind is ActionKind.CALL_WEBHOOK:
        if any(endpoint == value for endpoint, _ in facts.webhooks):
            return facts, ""
        return replace(facts, webhooks=(*facts.webhooks, (value, rule_id))), f"called the webhook {value}"
    return _review(kind, facts)


def _set_metadata(action: Action, facts: Facts) -> tuple[Facts, str]:
    there = dict(facts.metadata or {})
    if there.get(action.key) == action.value or (action.key not in there and len(there) >= MAX_METADATA):
        return facts, ""
    told = f'set the metadata {action.key} to "{action.value}"'
    return replace(facts, metadata={**there, action.key: action.value}), told


# A person's last word is not a rule's to take back.
_SAID_BY_PEOPLE = ("confirmed", "rejected")


def _review(kind: ActionKind | None, facts: Facts) -> tuple[Facts, str]:
    if facts.review_state in _SAID_BY_PEOPLE:
        return facts, ""
    if kind is ActionKind.APPROVE and not facts.approved:
        return replace(facts, approved=True, review_state="not_needed"), "approved it"
    if kind is ActionKind.REQUIRE_REVIEW and facts.review_state != "needed":
        return replace(facts, approved=False, review_state="needed"), "asked for a review"
    return facts, ""
