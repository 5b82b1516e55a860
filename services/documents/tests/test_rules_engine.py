"""Rules as pure functions: what matches, what is done, what is refused, and that order and ends are certain."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from automateiq_core.errors import InvalidInput
from automateiq_documents.rules import engine
from automateiq_documents.rules.engine import Facts
from automateiq_documents.rules.models import (
    MAX_METADATA,
    MAX_TAGS,
    MAX_TEXT,
    OPERATORS,
    Action,
    ActionKind,
    Condition,
    Draft,
    Field,
    Match,
    Operator,
    Rule,
    check,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 22, tzinfo=UTC)
USER = "65f0c0ffee65f0c0ffee65f1"
FACTS = Facts(
    vendor="Stadtwerke  BERGMOOS GmbH",
    types=("invoice", "credit_note"),
    total=Decimal("120.00"),
    currency="EUR",
    confidence=Decimal("0.93"),
    text=engine.plain_text("Rechnung Nr. 12\nStrom und Gas"),
    uploaded_by=USER,
    tags=("november",),
    review_state="needed",
    metadata={"costCentre": "12"},
)


def condition(field: Field, operator: Operator, *values: str) -> Condition:
    return Condition(field, operator, values)


def rule(
    *conditions: Condition,
    match: Match = Match.ALL,
    rule_id: str = "1",
    actions: Any = (),
    enabled: bool = True,
) -> Rule:
    done = actions or (Action(ActionKind.ADD_TAG, "seen"),)
    return Rule(rule_id, Draft(f"rule {rule_id}", enabled, match, conditions, done), 1, 0, USER, NOW, NOW)


HOLDS = [
    condition(Field.VENDOR, Operator.IS, "stadtwerke bergmoos gmbh"),
    condition(Field.VENDOR, Operator.CONTAINS, "nobody", "BergMoos"),
    condition(Field.VENDOR, Operator.CONTAINS, "stadtwerke bergmoos"),
    condition(Field.VENDOR, Operator.IS_NOT, "Stadtwerke"),
    condition(Field.TYPE, Operator.IS, "invoice"),
    condition(Field.TYPE, Operator.IS, "credit_note"),
    condition(Field.TYPE, Operator.IS_NOT, "receipt"),
    condition(Field.TOTAL, Operator.BETWEEN, "120", "120.00"),
    condition(Field.TOTAL, Operator.AT_LEAST, "119.99"),
    condition(Field.TOTAL, Operator.AT_MOST, "120"),
    condition(Field.TOTAL, Operator.IS, "1", "120.0"),
    condition(Field.CURRENCY, Operator.IS, "USD", "EUR"),
    condition(Field.CURRENCY, Operator.IS_NOT, "USD"),
    condition(Field.TAG, Operator.IS, "November"),
    condition(Field.TAG, Operator.IS_NOT, "december"),
    condition(Field.CONFIDENCE, Operator.AT_LEAST, "0.93"),
    condition(Field.CONFIDENCE, Operator.BETWEEN, "0.9", "1"),
    condition(Field.REVIEW_STATE, Operator.IS, "needed"),
    condition(Field.TEXT, Operator.CONTAINS, "12 strom UND"),
    condition(Field.UPLOADED_BY, Operator.IS, USER),
]
DOES_NOT = [
    condition(Field.VENDOR, Operator.IS, "stadtwerke"),
    condition(Field.VENDOR, Operator.CONTAINS, "werke gmbh"),
    condition(Field.VENDOR, Operator.IS_NOT, "x", "STADTWERKE BERGMOOS GMBH"),
    condition(Field.TYPE, Operator.IS_NOT, "credit_note"),
    condition(Field.TOTAL, Operator.BETWEEN, "120.01", "500"),
    condition(Field.TOTAL, Operator.AT_LEAST, "120.01"),
    condition(Field.TOTAL, Operator.AT_MOST, "119.99"),
    condition(Field.TAG, Operator.IS, "nov"),
    condition(Field.TAG, Operator.IS_NOT, "november"),
    condition(Field.CONFIDENCE, Operator.AT_LEAST, "0.94"),
    condition(Field.REVIEW_STATE, Operator.IS_NOT, "needed"),
    condition(Field.TEXT, Operator.CONTAINS, "wasser"),
    condition(Field.UPLOADED_BY, Operator.IS_NOT, USER),
]


@pytest.mark.parametrize("one", HOLDS, ids=str)
def test_conditions_that_hold_say_why(one: Condition) -> None:
    check(rule(one).draft)
    assert engine.holds(one, FACTS)


@pytest.mark.parametrize("one", DOES_NOT, ids=str)
def test_conditions_that_do_not_hold_say_nothing(one: Condition) -> None:
    check(rule(one).draft)
    assert engine.holds(one, FACTS) == ""


def test_what_is_not_known_is_nothing_but_not_something_else() -> None:
    nothing = Facts()
    for one in HOLDS:
        if one.operator is Operator.IS_NOT:
            assert engine.holds(one, nothing)
        else:
            assert engine.holds(one, nothing) == "", one


def test_reasons_name_what_was_found() -> None:
    both = rule(
        condition(Field.VENDOR, Operator.CONTAINS, "bergmoos"),
        condition(Field.TOTAL, Operator.AT_MOST, "500"),
    )
    assert engine.why(both, FACTS) == [
        'vendor "Stadtwerke  BERGMOOS GmbH" contains "bergmoos"',
        "total 120.00 is at most 500",
    ]


def test_all_and_any() -> None:
    good, bad = HOLDS[0], DOES_NOT[0]
    assert engine.why(rule(good, HOLDS[5]), FACTS)
    assert not engine.why(rule(good, bad), FACTS)
    assert len(engine.why(rule(bad, good, match=Match.ANY), FACTS)) == 1
    assert not engine.why(rule(bad, bad, match=Match.ANY), FACTS)


def test_a_rule_sees_what_those_before_it_did() -> None:
    first = rule(HOLDS[0], rule_id="1", actions=(Action(ActionKind.ADD_TAG, "energy"),))
    second = rule(
        condition(Field.TAG, Operator.IS, "energy"),
        rule_id="2",
        actions=(Action(ActionKind.REMOVE_TAG, "november"), Action(ActionKind.SET_TYPE, "receipt")),
    )
    outcome = engine.run([first, second], FACTS)
    assert [firing.rule_id for firing in outcome.firings] == ["1", "2"]
    assert (outcome.after.tags, outcome.after.types) == (("energy",), ("receipt",))
    assert [firing.rule_id for firing in engine.run([second, first], FACTS).firings] == ["1"]


def test_a_rule_that_is_off_is_not_looked_at() -> None:
    assert engine.run([rule(HOLDS[0], enabled=False)], FACTS).firings == []


def test_every_action_says_what_it_did_and_does_it_once() -> None:
    endpoint = "65f0c0ffee65f0c0ffee65f7"
    actions = (
        Action(ActionKind.ADD_TAG, "energy"),
        Action(ActionKind.REMOVE_TAG, "november"),
        Action(ActionKind.SET_TYPE, "receipt"),
        Action(ActionKind.ASSIGN, USER),
        Action(ActionKind.APPROVE),
        Action(ActionKind.CALL_WEBHOOK, endpoint),
        Action(ActionKind.SET_METADATA, "7", "ledger"),
    )
    one = rule(HOLDS[0], actions=actions)
    check(one.draft)
    after, done = engine.act(one, FACTS)
    assert len(done) == len(actions)
    assert after.tags == ("energy",)
    assert (after.review_state, after.approved, after.assignee) == ("not_needed", True, USER)
    assert after.metadata == {"costCentre": "12", "ledger": "7"}
    assert after.webhooks == ((endpoint, "1"),)
    assert engine.act(one, after) == (after, [])


def test_a_persons_last_word_stands() -> None:
    for said in ("confirmed", "rejected"):
        facts = replace(FACTS, review_state=said)
        for kind in (ActionKind.APPROVE, ActionKind.REQUIRE_REVIEW):
            assert engine.act(rule(actions=(Action(kind),)), facts) == (facts, [])
    after, done = engine.act(
        rule(actions=(Action(ActionKind.REQUIRE_REVIEW),)), replace(FACTS, review_state="")
    )
    assert (after.review_state, done) == ("needed", ["asked for a review"])


def test_labels_and_metadata_stay_within_their_bounds() -> None:
    full = replace(
        FACTS,
        tags=tuple(map(str, range(MAX_TAGS))),
        metadata={f"k{number}": "" for number in range(MAX_METADATA)},
    )
    more = rule(actions=(Action(ActionKind.ADD_TAG, "x"), Action(ActionKind.SET_METADATA, "x", "x")))
    assert engine.act(more, full) == (full, [])
    after, done = engine.act(rule(actions=(Action(ActionKind.SET_METADATA, "new", "k0"),)), full)
    assert done
    assert after.metadata is not None
    assert after.metadata["k0"] == "new"


WORDS = st.text(
    alphabet=st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=30
)
NUMBERS = st.decimals(-(10**6), 10**6, places=2).map(lambda number: f"{number:.2f}")


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(Field))
    operator = draw(st.sampled_from(sorted(OPERATORS[field])))
    if field in (Field.TOTAL, Field.CONFIDENCE):
        count = 2 if operator is Operator.BETWEEN else 1
        return Condition(
            field, operator, sorted(draw(st.lists(NUMBERS, min_size=count, max_size=count)), key=Decimal)
        )
    return Condition(field, operator, draw(st.lists(WORDS, min_size=1, max_size=3)))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    kinds = st.builds(
        Action, st.sampled_from(ActionKind), st.sampled_from(["a", "b", "invoice"]), st.just("k")
    )
    return rule(
        *draw(st.lists(conditions(), min_size=1, max_size=3)),
        match=draw(st.sampled_from(Match)),
        rule_id=str(draw(st.integers(0, 99))),
        actions=tuple(draw(st.lists(kinds, min_size=1, max_size=3))),
        enabled=draw(st.booleans()),
    )


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    return Facts(
        vendor=draw(WORDS),
        types=tuple(draw(st.lists(st.sampled_from(["invoice", "receipt"]), max_size=2))),
        total=draw(st.none() | st.decimals(-(10**6), 10**6, places=2)),
        currency=draw(st.sampled_from(["", "EUR", "USD"])),
        confidence=draw(st.decimals(0, 1, places=2)),
        text=engine.plain_text(draw(WORDS)),
        uploaded_by=USER,
        tags=tuple(draw(st.lists(st.sampled_from(["a", "b", "c"]), max_size=3, unique=True))),
        review_state=draw(st.sampled_from(["", "needed", "not_needed", "confirmed", "rejected"])),
        metadata={},
    )


@given(st.lists(rules(), max_size=8), facts())
def test_rules_always_end_and_are_looked_at_once_each_in_order(given_rules: list[Rule], found: Facts) -> None:
    outcome = engine.run(given_rules, found)
    assert outcome == engine.run(given_rules, found)
    enabled = [one.id for one in given_rules if one.draft.enabled]
    fired = [firing.rule_id for firing in outcome.firings]
    position = iter(enabled)
    assert all(one in position for one in fired)
    assert len(set(outcome.after.tags)) == len(outcome.after.tags)
    if found.review_state in ("confirmed", "rejected"):
        assert outcome.after.review_state == found.review_state


@given(conditions(), facts())
def test_is_and_is_not_are_opposites(one: Condition, found: Facts) -> None:
    if Operator.IS_NOT not in OPERATORS[one.field]:  # type: ignore[index]
        return
    said = engine.holds(replace(one, operator=Operator.IS), found)
    denied = engine.holds(replace(one, operator=Operator.IS_NOT), found)
    assert bool(said) != bool(denied)


@given(
    st.decimals(-1000, 1000, places=2), st.decimals(-1000, 1000, places=2), st.decimals(-1000, 1000, places=2)
)
def test_between_is_at_least_and_at_most(low: Decimal, high: Decimal, total: Decimal) -> None:
    found = Facts(total=total)
    both = (
        condition(Field.TOTAL, Operator.AT_LEAST, str(low)),
        condition(Field.TOTAL, Operator.AT_MOST, str(high)),
    )
    between = condition(Field.TOTAL, Operator.BETWEEN, str(low), str(high))
    assert bool(engine.holds(between, found)) == all(engine.holds(one, found) for one in both)


GOOD = Draft(
    "n",
    True,
    Match.ALL,
    (HOLDS[0],),
    (Action(ActionKind.ADD_TAG, "x"), Action(ActionKind.SET_METADATA, "", "k")),
)
BAD: list[tuple[dict[str, Any], list[str]]] = [
    ({"name": "  "}, ["name"]),
    ({"match": None}, ["match"]),
    ({"conditions": ()}, ["conditions"]),
    ({"actions": ()}, ["actions"]),
    ({"conditions": (Condition(None, Operator.IS, ("x",)),)}, ["conditions.0.field"]),
    ({"conditions": (Condition(Field.VENDOR, None, ("x",)),)}, ["conditions.0.operator"]),
    ({"conditions": (condition(Field.TEXT, Operator.IS, "x"),)}, ["conditions.0.operator"]),
    ({"conditions": (condition(Field.TAG, Operator.CONTAINS, "x"),)}, ["conditions.0.operator"]),
    ({"conditions": (HOLDS[0], condition(Field.VENDOR, Operator.IS))}, ["conditions.1.values"]),
    ({"conditions": (condition(Field.VENDOR, Operator.IS, "ok", " "),)}, ["conditions.0.values.1"]),
    ({"conditions": (condition(Field.TOTAL, Operator.BETWEEN, "1"),)}, ["conditions.0.values"]),
    ({"conditions": (condition(Field.TOTAL, Operator.BETWEEN, "5", "1"),)}, ["conditions.0.values"]),
    ({"conditions": (condition(Field.TOTAL, Operator.AT_LEAST, "1", "2"),)}, ["conditions.0.values"]),
    ({"conditions": (condition(Field.TOTAL, Operator.AT_LEAST, "1e5"),)}, ["conditions.0.values.0"]),
    ({"conditions": (condition(Field.TOTAL, Operator.AT_LEAST, "NaN"),)}, ["conditions.0.values.0"]),
    ({"conditions": (condition(Field.CONFIDENCE, Operator.AT_LEAST, "1.5"),)}, ["conditions.0.values.0"]),
    ({"conditions": (condition(Field.CURRENCY, Operator.IS, "eur"),)}, ["conditions.0.values.0"]),
    ({"conditions": (condition(Field.TYPE, Operator.IS, "letter"),)}, ["conditions.0.values.0"]),
    ({"conditions": (condition(Field.UPLOADED_BY, Operator.IS, "me"),)}, ["conditions.0.values.0"]),
    ({"actions": (Action(None, "x"),)}, ["actions.0.kind"]),
    ({"actions": (Action(ActionKind.ADD_TAG, "x" * 51),)}, ["actions.0.value"]),
    ({"actions": (Action(ActionKind.SET_TYPE, "credit_note"),)}, ["actions.0.value"]),
    ({"actions": (Action(ActionKind.ASSIGN, "me"),)}, ["actions.0.value"]),
    ({"actions": (Action(ActionKind.APPROVE, "yes"),)}, ["actions.0.value"]),
    ({"actions": (Action(ActionKind.SET_METADATA, "v", "a.b"),)}, ["actions.0.key"]),
    ({"actions": (Action(ActionKind.SET_METADATA, "v", "$set"),)}, ["actions.0.key"]),
    ({"actions": (Action(ActionKind.ADD_TAG, "x", "k"),)}, ["actions.0.key"]),
    ({"actions": (Action(ActionKind.ADD_TAG, "x"), Action(ActionKind.REMOVE_TAG, "x"))}, ["actions.1"]),
    ({"actions": (Action(ActionKind.APPROVE), Action(ActionKind.REQUIRE_REVIEW))}, ["actions.1"]),
    (
        {"actions": (Action(ActionKind.SET_TYPE, "invoice"), Action(ActionKind.SET_TYPE, "receipt"))},
        ["actions.1"],
    ),
]


@pytest.mark.parametrize(("change", "fields"), BAD, ids=lambda value: str(value)[:60])
def test_bad_rules_are_refused_with_the_field_named(change: dict[str, Any], fields: list[str]) -> None:
    check(GOOD)
    with pytest.raises(InvalidInput) as refused:
        check(replace(GOOD, **change))
    assert refused.value.reason == "RULE_INVALID"
    assert [violation.field for violation in refused.value.violations] == fields


def test_of_a_very_long_text_the_beginning_is_searched() -> None:
    asked = condition(Field.TEXT, Operator.CONTAINS, "Strom")
    at_its_end = engine.plain_text("a " * (MAX_TEXT // 2 - 5) + "STROM")
    assert engine.holds(asked, Facts(text=at_its_end)) == 'text contains "Strom"'
    assert engine.holds(asked, Facts(text=engine.plain_text("a " * MAX_TEXT + "STROM"))) == ""
    # A letter that stands for eighteen makes a text no longer than any other.
    assert len(engine.plain_text("\ufdfa" * MAX_TEXT)) == MAX_TEXT
