"""Whom to believe about one value: what stands on the page is proven, what the page contradicts is the page's.

A person signs what stands on the page; the XML is what a program wrote beside it. So where the two differ the page
wins and the difference is said, and what stands only in the XML says so too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from automateiq_ocr.einvoice.placing import letters_of
from automateiq_ocr.extraction.models import Field

PAGE_DIFFERS = "page_differs_from_xml"

# Below this the page's own reading is a guess, and no reason to distrust the XML.
_CONFIDENT = 0.6
_PROVEN = 0.99
_PARTLY = 0.9
_ONLY_IN_XML = 0.8
_CONTRADICTED = 0.6
_UNLIKELY = 0.3
_BROKEN_SUMS = 0.7
_MIN_PART = 5  # letters; fewer may be part of anything


def settle(
    value: str,
    own: Field | None,
    shown: Field | None,
    checks: Sequence[str] = (),
    doubts: Sequence[str] = (),
) -> Field:
    """The field for a value of the XML.

    `own` is what was read from the page as this field, `shown` the value where it was found on the page; `checks`
    and `doubts` are what the XML itself gives rise to.
    """
    if own is not None and own.box is not None and same(own.value, value):
        return _proven(value, own, (*own.checks, *checks), doubts)
    if shown is not None:
        return _proven(value, shown, checks, doubts)
    if own is not None and own.box is not None and _part_of(own.value, value):
        # Printed in pieces, one of which was read: no contradiction, and no full proof.
        return replace(own, value=value, confidence=_PARTLY, origin="xml", doubts=tuple(doubts))
    if own is not None and own.confidence >= _CONFIDENT:
        return contradicted(own)
    sure = min(_ONLY_IN_XML, _BROKEN_SUMS if doubts else 1.0)
    return Field(value, sure, 0, None, "", "xml", tuple(checks), (*doubts, "not_on_page"))


def contradicted(own: Field) -> Field:
    """What the page says, with the doubt that the XML says something else."""
    sure = min(own.confidence, _CONTRADICTED)
    return replace(own, confidence=sure, doubts=_once((*own.doubts, PAGE_DIFFERS)))


def of_another_invoice(only_in_xml: Field) -> Field:
    """A value that no page shows, of an XML whose total the page contradicts."""
    doubts = _once((*only_in_xml.doubts, PAGE_DIFFERS))
    return replace(only_in_xml, confidence=_UNLIKELY, doubts=doubts)


def same(one: str, other: str) -> bool:
    """Whether two values are the same number, or the same letters and digits."""
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return letters_of(one) == letters_of(other)


def _part_of(one: str, other: str) -> bool:
    letters = letters_of(one)
    return len(letters) >= _MIN_PART and not letters.isdigit() and letters in letters_of(other)


def _proven(value: str, there: Field, checks: Sequence[str], doubts: Sequence[str]) -> Field:
    return replace(
        there,
        value=value,
        confidence=_BROKEN_SUMS if doubts else _PROVEN,
        origin="xml",
        checks=_once((*checks, "equals_page")),
        doubts=tuple(doubts),
    )


def _once(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
