"""The number that the issuer gave the document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.dates import find_dates
from automateiq_ocr.extraction.labels import Place, places_after
from automateiq_ocr.extraction.layout import Layout, Row
from automateiq_ocr.extraction.models import Field

_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9/._\\-]*(?: ?[/-] ?[A-Za-z0-9]+)*")
_LABELS = (
    (vocabulary.NUMBER_STRONG, 1.0),
    (vocabulary.NUMBER_RECEIPT, 0.7),
    (vocabulary.NUMBER_HEADING, 0.6),
)


@dataclass(frozen=True, slots=True)
class _Found:
    row: Row
    start: int
    end: int
    score: float


def find_number(layout: Layout) -> Field | None:
    """The invoice's or receipt's number; customers', orders' and tax numbers are not it."""
    best: _Found | None = None
    for row in layout.rows:
        for found in _numbers_of(layout, row):
            if best is None or found.score > best.score + 1e-6:
                best = found
    if best is None or best.score < 0.35:
        return None
    text = best.row.text[best.start : best.end]
    return best.row.field(text, best.start, best.end, 0.55 + 0.4 * best.score)


def _numbers_of(layout: Layout, row: Row) -> Iterator[_Found]:
    taken: list[tuple[int, int]] = []
    for pattern, strength in _LABELS:
        for label in pattern.finditer(row.folded):
            if any(a < label.end() and label.start() < b for a, b in taken):
                continue
            if _within_other(row.folded, label):
                continue
            taken.append(label.span())
            for nearness, place in enumerate(places_after(layout, row, label)):
                value = _value_at(place, heading=pattern is vocabulary.NUMBER_HEADING)
                if value is not None:
                    start, end = value
                    score = strength - 0.1 * nearness - (0.05 if place.below else 0.0)
                    digits = sum(c.isdigit() for c in place.row.text[start:end])
                    score -= 0.25 if digits < 3 else 0.0
                    yield _Found(place.row, start, end, score - 0.0005 * row.index)
                    break
                words = re.search(r"[a-z]{3,}", place.row.folded[place.start : place.end])
                if pattern is vocabulary.NUMBER_HEADING and words and not place.below and nearness == 0:
                    break


def _within_other(text: str, label: re.Match[str]) -> bool:
    """Whether the label is part of a longer one of another kind: "customer invoice account no"."""
    before = text[max(0, label.start() - 18) : label.start()]
    return vocabulary.NUMBER_OF_OTHERS.search(before) is not None


def _value_at(place: Place, *, heading: bool) -> tuple[int, int] | None:
    """(start, end) in the row's text of the first thing in this place that can be a number."""
    lead = re.match(
        r"[\s:.#№°º)-]*(?:\(\d+\))?\s*(?:(?:no|nr|n[°ºo]|number|nummer)(?!\w)\.?|#)?[\s:.#-]*",
        place.text,
        re.IGNORECASE,
    )
    offset = lead.end() if lead else 0
    match = _VALUE.match(place.text, offset)
    if match is None:
        return None
    text = match[0].rstrip("-_./\\")
    if not re.search(r"\d", text):
        # A letter prefix of its own: "RE 2019 44"
        follow = re.match(r"([A-Z]{1,5}) (\d[\w/-]*)", place.text[offset:])
        if follow is None:
            return None
        text = follow[0]
    start = place.start + offset
    end = start + len(text)
    if heading and sum(c.isdigit() for c in text) < 3:
        return None
    for date in find_dates(place.row.text):
        if date.start <= start < date.end and date.end - date.start >= len(text) - 1:
            return None
    if re.fullmatch(r"\d{1,6}[.,]\d{2}", text) or place.row.text[end : end + 2].strip().startswith(
        ("%", "€", "$")
    ):
        return None
    if heading and re.match(r"\s+(?:days?|tage|jours)", place.row.folded[end:]):
        return None
    return start, end
