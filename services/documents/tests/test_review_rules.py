"""The pure rules of reviews: normal forms, what wants a look, what a document's place in the queue is."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from automateiq.common.v1 import recognition_pb2
from automateiq_core.errors import FailedPrecondition, InvalidInput, NotFound
from automateiq_documents.documents.models import ReviewState
from automateiq_documents.review.correcting import Author, apply, take_back
from automateiq_documents.review.deciding import expected_loss, reasons, state_after
from automateiq_documents.review.models import (
    LISTS,
    MAX_CORRECTIONS,
    PLAIN,
    SINGLE,
    Action,
    Change,
    FieldKind,
    Review,
    Settings,
)
from automateiq_documents.review.values import normalise

AUTHOR = Author("u" * 24, datetime(2026, 11, 23, tzinfo=UTC))


def field(value: str, confidence: float = 0.99, **more: Any) -> dict[str, Any]:
    return {"value": value, "confidence": confidence, "origin": "page", **more}


def invoice(**more: Any) -> dict[str, Any]:
    return {
        "documentType": "invoice",
        "documentTypeConfidence": 0.99,
        "vendor": field("Acme"),
        "invoiceNumber": field("A-1"),
        "date": field("2026-03-04"),
        "currency": field("EUR"),
        "total": field("119.00"),
        "lineItems": [
            {"description": field("Bread"), "amount": field("10.00")},
            {"description": field("Milk"), "amount": field("20.00")},
            {"description": field("Salt"), "amount": field("30.00")},
        ],
        **more,
    }


def review_of(data: dict[str, Any]) -> Review:
    return Review("d" * 24, "invoice", ReviewState.NEEDED, 1, data, data)


def corrected(review: Review, *changes: Change) -> Review:
    ids = [
        f"{number:024x}" for number in range(len(review.corrections), len(review.corrections) + len(changes))
    ]
    after, _ = apply(review, changes, AUTHOR, ids, lambda _box: "")
    return replace(after, version=after.version + 1)


def test_every_field_of_the_data_can_be_corrected() -> None:
    known = {one.json_name for one in recognition_pb2.ExtractedData.DESCRIPTOR.fields}
    assert known == {*SINGLE, *LISTS, "documentTypeConfidence"}
    plain = {
        one.json_name
        for one in recognition_pb2.ExtractedData.DESCRIPTOR.fields
        if one.type == one.TYPE_STRING
    }
    assert plain == PLAIN
    for name, kind in (("lineItems", "LineItem"), ("taxes", "TaxLine")):
        parts = {one.json_name for one in getattr(recognition_pb2, kind).DESCRIPTOR.fields}
        assert parts == set(LISTS[name])


@pytest.mark.parametrize(
    ("kind", "given", "normal"),
    [
        (FieldKind.AMOUNT, " 1234.5 ", "1234.50"),
        (FieldKind.AMOUNT, "-0", "0.00"),
        (FieldKind.AMOUNT, "-007.10", "-7.10"),
        (FieldKind.QUANTITY, "3.50", "3.5"),
        (FieldKind.PRICE, "3.5", "3.50"),
        (FieldKind.PRICE, "0.0125", "0.0125"),
        (FieldKind.RATE, "19.0 %", "19"),
        (FieldKind.DATE, "2024-02-29", "2024-02-29"),
        (FieldKind.CURRENCY, "eur", "EUR"),
        (FieldKind.IBAN, "de89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        (FieldKind.TAX_ID, "de 136 695 976", "DE136695976"),
        (FieldKind.TEXT, " Acme\n\tLtd\u200b ", "Acme Ltd"),
        (FieldKind.TEXT, "Cafe\u0301", "Caf\u00e9"),
        (FieldKind.PAYMENT, "Card", "card"),
        (FieldKind.DOCUMENT_TYPE, "credit_note", "credit_note"),
    ],
)
def test_values_get_their_normal_form(kind: FieldKind, given: str, normal: str) -> None:
    assert normalise(kind, given) == normal
    assert normalise(kind, normal) == normal


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (FieldKind.AMOUNT, "1,234.50"),
        (FieldKind.AMOUNT, "1.234"),
        (FieldKind.AMOUNT, "NaN"),
        (FieldKind.AMOUNT, "1e5"),
        (FieldKind.AMOUNT, "\u0661\u0662"),
        (FieldKind.DATE, "2023-02-29"),
        (FieldKind.DATE, "03/04/2026"),
        (FieldKind.DATE, "20260304"),
        (FieldKind.CURRENCY, "XYZ"),
        (FieldKind.IBAN, "DE88370400440532013000"),
        (FieldKind.TAX_ID, "GERMANY"),
        (FieldKind.RATE, "101"),
        (FieldKind.TEXT, "\u200b \n"),
        (FieldKind.TEXT, "x" * 501),
        (FieldKind.NUMBER, "---"),
        (FieldKind.LANGUAGE, "eng"),
        (FieldKind.DOCUMENT_TYPE, "letter"),
    ],
)
def test_what_breaks_the_rules_of_its_kind_is_refused(kind: FieldKind, given: str) -> None:
    with pytest.raises(ValueError, match="must"):
        # Digits of other scripts are no digits of an amount.
        normalise(kind, given)


def test_a_sure_document_needs_no_look_and_each_weakness_says_where() -> None:
    assert reasons(invoice(), Settings(), frozenset(), {}) == []
    weak = invoice(
        total=field("119.00", 0.9),
        tip=field("1.00", 0.2),
        dueDate=field("2026-05-06", 0.99, doubts=["ambiguous_date"]),
        lineItems=[{"amount": field("10.00", 0.1, doubts=["sum_differs"])}],
    )
    del weak["vendor"]
    found = reasons(weak, Settings(), frozenset(), {})
    assert [(one.field, one.kind.value, one.detail) for one in found] == [
        ("vendor", "missing", ""),
        ("dueDate", "doubt", "ambiguous_date"),
        ("total", "low_confidence", ""),
        ("lineItems[0].amount", "doubt", "sum_differs"),
    ]
    # What a person said needs no second look, and a lower threshold lets more through.
    left = reasons(weak, Settings(thresholds={"total": 0.9}), frozenset({"vendor", "lineItems"}), {})
    assert [one.field for one in left] == ["dueDate"]


def test_a_new_reading_that_differs_from_what_was_confirmed_is_looked_at_again() -> None:
    confirmed = {"total": "119.00", "vendor": "Acme"}
    same = reasons(invoice(total=field("119.00", 0.5)), Settings(), frozenset(), confirmed)
    assert state_after(ReviewState.CONFIRMED, same, confirmed) is ReviewState.CONFIRMED
    differs = reasons(invoice(total=field("191.00")), Settings(), frozenset(), confirmed)
    assert [(one.field, one.kind.value, one.detail) for one in differs] == [
        ("total", "changed_since_confirmed", "119.00")
    ]
    assert state_after(ReviewState.CONFIRMED, differs, confirmed) is ReviewState.NEEDED
    assert state_after(ReviewState.REJECTED, differs, {}) is ReviewState.REJECTED
    assert state_after(None, [], {}) is ReviewState.NOT_NEEDED


def test_the_expected_loss_is_doubt_times_amount() -> None:
    assert expected_loss(invoice(total=field("200.00", 0.9)), Settings()) == pytest.approx(20)
    assert expected_loss(invoice(total=field("-200.00", 0.9)), Settings()) == pytest.approx(20)
    doubted = field("200.00", 0.99, doubts=["sum_differs"])
    assert expected_loss(invoice(total=doubted), Settings()) == pytest.approx(100)
    without = invoice(total=field("200.00"))
    del without["vendor"]
    assert expected_loss(without, Settings()) == pytest.approx(200)
    assert expected_loss(without, Settings(), frozenset({"vendor"})) == pytest.approx(2)
    assert 0 <= expected_loss({"documentType": "contract"}, Settings()) <= 1
    assert expected_loss({"documentType": "general"}, Settings()) == 0


def test_corrections_lie_over_the_reading_and_can_be_taken_back_in_any_order() -> None:
    read = invoice()
    review = corrected(
        review_of(read),
        Change("total", Action.SET, values={"": "120"}),
        Change("total", Action.SET, values={"": "121"}),
        Change("vendor", Action.REMOVE),
    )
    assert review.data["total"] == {"value": "121.00", "confidence": 1.0, "origin": "person"}
    assert "vendor" not in review.data
    assert review.read == read == invoice()
    second, _ = take_back(review, review.corrections[0].id, AUTHOR)
    assert second.data["total"]["value"] == "121.00"
    first, entries = take_back(review, review.corrections[1].id, AUTHOR)
    assert first.data["total"]["value"] == "120.00"
    assert [(one.path, one.old, one.new) for one in entries] == [("total", "121.00", "120.00")]
    with pytest.raises(NotFound):
        take_back(first, review.corrections[1].id, AUTHOR)
    for correction in review.corrections:
        review, _ = take_back(review, correction.id, AUTHOR)
    assert review.data == read
    assert review.bases == {}


def test_lines_are_named_by_what_is_shown_and_keep_what_nobody_touched() -> None:
    review = corrected(
        review_of(invoice()),
        Change("lineItems", Action.REMOVE, index=0),
        Change("lineItems", Action.SET, index=0, values={"amount": "21", "quantity": "2"}),
        Change("lineItems", Action.ADD, values={"description": "Freight", "amount": "5"}),
        Change("lineItems", Action.SET, index=2, values={"amount": "6"}),
        Change("parties", Action.ADD, values={"": "Acme Ltd"}),
        Change("taxes", Action.ADD, values={"rate": "19%", "amount": "19"}),
    )
    shown = [{part: one["value"] for part, one in line.items()} for line in review.data["lineItems"]]
    assert shown == [
        {"description": "Milk", "amount": "21.00", "quantity": "2"},
        {"description": "Salt", "amount": "30.00"},
        {"description": "Freight", "amount": "6.00"},
    ]
    assert review.data["lineItems"][0]["description"]["origin"] == "page"
    assert review.data["lineItems"][0]["amount"]["origin"] == "person"
    assert [party["value"] for party in review.data["parties"]] == ["Acme Ltd"]
    assert review.data["taxes"][0]["rate"]["value"] == "19"
    # The added line goes, and with it what was said about it; the removed one comes back at its place.
    without, entries = take_back(review, review.corrections[2].id, AUTHOR)
    assert [line["description"]["value"] for line in without.data["lineItems"]] == ["Milk", "Salt"]
    assert {(one.path, one.old, one.new) for one in entries} == {
        ("lineItems[2].description", "Freight", ""),
        ("lineItems[2].amount", "6.00", ""),
    }
    back, _ = take_back(without, review.corrections[0].id, AUTHOR)
    assert [line["description"]["value"] for line in back.data["lineItems"]] == ["Bread", "Milk", "Salt"]
    # An empty value takes a part away.
    bare = corrected(back, Change("lineItems", Action.SET, index=1, values={"quantity": ""}))
    assert "quantity" not in bare.data["lineItems"][1]


def test_a_list_a_person_touched_outlives_another_reading() -> None:
    review = corrected(
        review_of(invoice()), Change("lineItems", Action.SET, index=1, values={"amount": "21"})
    )
    from automateiq_documents.review.overlay import effective

    other = invoice(lineItems=[{"description": field("Misread")}], vendor=field("Acne"))
    data = effective(other, review.corrections, review.bases)
    assert [line["description"]["value"] for line in data["lineItems"]] == ["Bread", "Milk", "Salt"]
    assert data["vendor"]["value"] == "Acne"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (Change("totals", Action.SET, values={"": "1"}), "corrections[0].field"),
        (Change("total", Action.ADD, values={"": "1"}), "corrections[0].action"),
        (Change("total", Action.SET, index=0, values={"": "1"}), "corrections[0].index"),
        (Change("total", Action.SET), "corrections[0].value"),
        (Change("total", Action.SET, values={"": "many"}), "corrections[0].value"),
        (Change("total", Action.SET, values={"amount": "1"}), "corrections[0].values.amount"),
        (Change("total", Action.REMOVE, values={"": "1"}), "corrections[0].value"),
        (Change("lineItems", Action.SET, index=3, values={"amount": "1"}), "corrections[0].index"),
        (Change("lineItems", Action.SET, values={"amount": "1"}), "corrections[0].index"),
        (Change("lineItems", Action.ADD, index=0, values={"amount": "1"}), "corrections[0].index"),
        (Change("lineItems", Action.ADD, values={"": "1"}), "corrections[0].value"),
        (Change("lineItems", Action.ADD, values={"amount": ""}), "corrections[0].values.amount"),
        (Change("documentTypeConfidence", Action.SET, values={"": "1"}), "corrections[0].field"),
    ],
)
def test_a_change_that_makes_no_sense_is_told_where(change: Change, place: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        corrected(review_of(invoice()), change)
    assert [one.field for one in refused.value.violations] == [place]


def test_a_document_takes_so_many_corrections() -> None:
    change = Change("total", Action.SET, values={"": "1"})
    full = corrected(review_of(invoice()), *[change] * MAX_CORRECTIONS)
    with pytest.raises(FailedPrecondition) as refused:
        corrected(full, change)
    assert refused.value.reason == "TOO_MANY_CORRECTIONS"


def test_correcting_the_type_changes_what_the_document_is() -> None:
    review = corrected(review_of(invoice()), Change("documentType", Action.SET, values={"": "statement"}))
    assert review.document_type == "general"
    assert review.data["documentTypeConfidence"] == 1.0
    back, _ = take_back(review, review.corrections[0].id, AUTHOR)
    assert (back.document_type, back.data["documentType"]) == ("invoice", "invoice")
