"""Which of a document's dates is its date of issue, and which the day by which to pay."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.dates import FoundDate, Order, document_order, find_dates
from automateiq_ocr.extraction.labels import label_before
from automateiq_ocr.extraction.layout import Layout, Row
from automateiq_ocr.extraction.models import Field

_AMERICAN = re.compile(
    r"(?<!\w)(?:al|ak|az|ar|ca|co|ct|de|fl|ga|hi|id|il|in|ia|ks|ky|la|me|md|ma|mi|mn|ms|mo|mt|ne|nv|nh|nj|nm|ny"
    r"|nc|nd|oh|ok|or|pa|ri|sc|sd|tn|tx|ut|vt|va|wa|wv|wi|wy|dc),? \d{5}(?:-\d{4})?(?!\d)"
    r"|(?<!\w)sales tax(?!\w)|\(\d{3}\) ?\d{3}-\d{4}"
)
_TIME = re.compile(r"\d{1,2}[:.]\d{2}(?!\d)|uhr|am|pm")


@dataclass(frozen=True, slots=True)
class _Dated:
    row: Row
    found: FoundDate
    kind: str  # issue, due, other, none
    score: float


def find_document_dates(layout: Layout, currency: str | None) -> tuple[Field | None, Field | None]:
    """(date of issue, due date). Day and month that could be swapped lower the confidence."""
    order, proven = document_order(
        layout.text, american=currency in ("USD", None) and bool(_AMERICAN.search(layout.text))
    )
    dated = [
        _judge(layout, row, found)
        for row in layout.rows
        for found in (_placed(row, date) for date in find_dates(row.meant.text, order))
    ]
    due = max((d for d in dated if d.kind == "due"), key=lambda d: d.score, default=None)
    issue = max(
        (d for d in dated if d.kind in ("issue", "none")), key=lambda d: (d.score, -d.row.index), default=None
    )
    if issue is None:
        issue = max(
            (d for d in dated if d.kind == "other"), key=lambda d: (d.score, -d.row.index), default=None
        )
    order, proven = _by_meaning(issue, due, order, proven)
    return _field(issue, proven), _field(due, proven)


def _placed(row: Row, found: FoundDate) -> FoundDate:
    """A date of what the row means, at its place in the row's own text."""
    start, end = row.meant.span(found.start, found.end)
    return replace(found, start=start, end=end)


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
            return _Dated(row, found, "issue", 0.8 * nearness)
    score = 0.35
    if _TIME.search(row.folded[found.end :]) or _TIME.search(row.folded[: found.start]):
        score += 0.15
    if len(row.text) > 70:
        score -= 0.2
    return _Dated(row, found, "none", score)


def _by_meaning(issue: _Dated | None, due: _Dated | None, order: Order, proven: bool) -> tuple[Order, bool]:
    """A due date before the date of issue would prove the order wrong; one after it, close by, supports it."""
    if proven or issue is None or due is None or not issue.found.ambiguous:
        return order, proven
    days = (due.found.value - issue.found.value).days
    return order, 0 <= days <= 120


def _field(dated: _Dated | None, proven: bool) -> Field | None:
    if dated is None:
        return None
    confidence = 0.5 + 0.48 * dated.score
    if dated.found.ambiguous:
        confidence *= 0.95 if proven else 0.7
    return dated.row.field(dated.found.value.isoformat(), dated.found.start, dated.found.end, confidence)
