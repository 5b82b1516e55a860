"""Which of a document's dates is its date of issue, which the day by which to pay, and what time it covers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.date_order import order_of
from automateiq_ocr.extraction.dates import FoundDate, find_dates
from automateiq_ocr.extraction.labels import label_before
from automateiq_ocr.extraction.layout import Layout, Row
from automateiq_ocr.extraction.models import Field

_TIME = re.compile(r"\d{1,2}[:.]\d{2}(?!\d)|uhr|am|pm")
# What parts the two dates of a period; a weekday may follow: "to Monday, February 17".
_UNTIL = re.compile(
    r"\s*(?:-|–|—|to|until|through|thru|bis|au|al|tot|ate|a|t/m)\s*(?:zum |le |el |il )?(?:[a-z]{2,9},?\s)?\s*"
)
_LONGEST = 800  # days that a document covers
_AMBIGUOUS = "ambiguous_date"


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates of a document by their meaning; what was not found is None."""

    issue: Field | None = None
    due: Field | None = None
    period_start: Field | None = None
    period_end: Field | None = None


@dataclass(frozen=True, slots=True)
class _Dated:
    row: Row
    found: FoundDate
    kind: str  # issue, due, other, none
    score: float


@dataclass(frozen=True, slots=True)
class _Period:
    row: Row
    start: FoundDate
    end: FoundDate
    score: float


def find_document_dates(layout: Layout, currency: str | None, language: str = "") -> Dates:
    """The document's dates. Where day and month could be swapped, that lowers the confidence and is said."""
    order, sure = order_of(layout, currency, language)
    by_row = [
        (row, [_placed(row, found) for found in find_dates(row.meant.text, order)]) for row in layout.rows
    ]
    periods = [period for row, dates in by_row for period in _periods(layout, row, dates)]
    within = {(period.row.index, date.start) for period in periods for date in (period.start, period.end)}
    dated = [
        _judge(layout, row, found)
        if (row.index, found.start) not in within
        else _Dated(row, found, "other", 0.1)
        for row, dates in by_row
        for found in dates
    ]
    due = _best(dated, "due")
    issue = _best(dated, "issue", "none") or _best(dated, "other")
    period = max(periods, key=lambda p: (p.score, -p.row.index), default=None)
    if period is not None and period.score < _LEAST_PERIOD:
        period = None
    return Dates(
        issue=_field(issue.row, issue.found, 0.5 + 0.48 * issue.score, sure) if issue else None,
        due=_field(due.row, due.found, 0.5 + 0.48 * due.score, sure) if due else None,
        period_start=_field(period.row, period.start, period.score, sure) if period else None,
        period_end=_field(period.row, period.end, period.score, sure) if period else None,
    )


_LEAST_PERIOD = 0.4


def _best(dated: Sequence[_Dated], *kinds: str) -> _Dated | None:
    """The plainest date of these kinds; of equally plain ones the first."""
    return max((d for d in dated if d.kind in kinds), key=lambda d: (d.score, -d.row.index), default=None)


def _placed(row: Row, found: FoundDate) -> FoundDate:
    """A date of what the row means, at its place in the row's own text."""
    start, end = row.meant.span(found.start, found.end)
    return replace(found, start=start, end=end)


def _periods(layout: Layout, row: Row, dates: Sequence[FoundDate]) -> Iterator[_Period]:
    """Two dates side by side with "to" or a dash between, the later one second."""
    for start, end in pairwise(dates):
        between = row.folded[start.end : end.start]
        days = (end.value - start.value).days
        if not _UNTIL.fullmatch(between) or not 0 <= days <= _LONGEST:
            continue
        score = 0.3
        for text, nearness in label_before(layout, row, start.start):
            near = text[-45:]
            if vocabulary.PERIOD.search(near) and not re.search(r"invoice period", near):
                score = 0.9 * nearness
                break
            if vocabulary.PERIOD_WEAK.search(near):
                score = 0.7 * nearness
                break
        yield _Period(row, start, end, score)


def _judge(layout: Layout, row: Row, found: FoundDate) -> _Dated:
    for text, nearness in label_before(layout, row, found.start):
        near = text[-45:]
        ends = {
            kind: max((match.end() for match in pattern.finditer(near)), default=-1)
            for kind, pattern in (
                ("due", vocabulary.DATE_DUE),
                ("strong", vocabulary.DATE_ISSUE_STRONG),
                ("issue", vocabulary.DATE_ISSUE),
                ("other", vocabulary.DATE_OTHER),
            )
        }
        if ends["strong"] >= max(ends["due"], ends["other"]) and ends["strong"] >= 0:
            return _Dated(row, found, "issue", 1.0 * nearness)
        if ends["due"] >= 0 and ends["due"] >= ends["other"]:
            return _Dated(row, found, "due", 0.9 * nearness + 0.05 * (ends["due"] == len(near.rstrip(" :"))))
        if ends["other"] >= 0:
            return _Dated(row, found, "other", 0.2)
        if ends["issue"] >= 0:
            # In a sentence, "of 10.09." is the date of a letter that it speaks of.
            return _Dated(row, found, "issue", (0.8 if len(text) < 60 else 0.4) * nearness)
    score = 0.35
    if _TIME.search(row.folded[found.end :]) or _TIME.search(row.folded[: found.start]):
        score += 0.15
    if len(row.text) > 70:
        score -= 0.2
    return _Dated(row, found, "none", score)


def _field(row: Row, found: FoundDate, score: float, sure: float) -> Field:
    confidence = score
    doubts: tuple[str, ...] = ()
    if found.ambiguous:
        confidence *= sure
        doubts = (_AMBIGUOUS,) if sure < _SETTLED else ()
    if not _plausible(found.value):
        confidence *= 0.6
    field = row.field(found.value.isoformat(), found.start, found.end, confidence)
    return replace(field, doubts=doubts)


_SETTLED = 0.99


def _plausible(day: date) -> bool:
    """Business papers of before 1990 and of long after now are rare; misread years are not."""
    return 1990 <= day.year <= 2049
