"""Which proposed values are taken: those that stand on a page, and no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from stdnum import iban

from automateiq_ocr.einvoice.placing import Pages, Place
from automateiq_ocr.extraction.layout import lay_out
from automateiq_ocr.extraction.models import ExtractedData, Field
from automateiq_ocr.proposals.models import Kind, missing
from automateiq_ocr.recognition.models import Page

# A model's word and nothing that proves it: always a case for a person's look.
_CONFIDENCE = 0.5
_LONGEST = 300


def with_proposals(data: ExtractedData, proposed: Mapping[str, str], pages: Sequence[Page]) -> ExtractedData:
    """The data, completed by those proposals for missing fields that stand on a page. Pure.

    What was read is never replaced. `proposed` is whatever a model said: names and values of any kind.
    """
    there = Pages(pages, lay_out(pages))
    wanted = missing(data)
    taken: dict[str, Any] = {
        name: field
        for name, kind in wanted.items()
        if (field := _found(kind, proposed.get(name, "").strip()[:_LONGEST], there)) is not None
    }
    return replace(data, **taken)


def _found(kind: Kind, value: str, pages: Pages) -> Field | None:
    field = _FINDERS[kind](value, pages) if value else None
    if field is None or not pages.stands(field):
        return None
    return replace(
        field,
        confidence=round(min(field.confidence, _CONFIDENCE), 3),
        origin="model",
        checks=("found_on_page",),
    )


def _amount(value: str, pages: Pages) -> Field | None:
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) >= Decimal(10) ** 15:
        return None
    cents = amount.quantize(Decimal("0.01"))
    return _first(pages.numbers(cents, money=True), str(cents)) if cents == amount else None


def _date(value: str, pages: Pages) -> Field | None:
    try:
        day = date.fromisoformat(value).isoformat()
    except ValueError:
        return None
    return _first(pages.dates(day), day)


def _currency(value: str, pages: Pages) -> Field | None:
    code = value.upper()
    known = len(code) == 3 and code.isascii() and code.isalpha()
    return _first(pages.currencies(code), code) if known else None


def _iban(value: str, pages: Pages) -> Field | None:
    return _text(value, pages) if iban.is_valid(value) else None


def _text(value: str, pages: Pages) -> Field | None:
    field = _first(pages.texts(value), value)
    if field is None:
        wrapped = pages.wrapped(value)
        field = wrapped[1] if wrapped else None
    # As the page has it, not as the model spells it.
    return None if field is None else replace(field, value=field.source_text)


def _first(places: Sequence[Place], value: str) -> Field | None:
    return places[0].field(value) if places else None


_FINDERS: Mapping[Kind, Callable[[str, Pages], Field | None]] = {
    Kind.TEXT: _text,
    Kind.IBAN: _iban,
    Kind.AMOUNT: _amount,
    Kind.DATE: _date,
    Kind.CURRENCY: _currency,
}
