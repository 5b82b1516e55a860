"""Who issued a document: the name over its head, beside its "seller", or in the line over the address window."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from automateiq_ocr.extraction.layout import Layout, Row, Span, fold, overlap
from automateiq_ocr.extraction.models import Field
from automateiq_ocr.extraction.vocabulary import (
    ADDRESS,
    BUYER,
    CONTACT,
    LEGAL_FORM,
    SELLER,
    TITLE,
    TOTAL,
    TRADE,
)

_SENDER_BREAK = re.compile(r"\s+[·•|*–—-]\s+|\s*[·•|]\s*|,\s(?=[^,]*(?:\d|str))")
_REGISTRATION = re.compile(
    r"\s*[\[(]\s*(?:(?:co|company|reg|roc|gst|no)[\w .:]*)?[\dA-Z]*\d[\w\s./:-]*[\])]?\s*$|\s+\d{5,7}\s?-\s?[A-Z]\s*$", re.IGNORECASE
)
_LETTERS = re.compile(r"[^\W\d_]")
_MOST_ROWS = 60


@dataclass(frozen=True, slots=True)
class _Candidate:
    span: Span
    start: int
    end: int
    score: float


def find_vendor(layout: Layout) -> Field | None:
    """The name of the issuer, or None where nothing looks like one."""
    if not layout.rows:
        return None
    first_page = [row for row in layout.rows if row.page == layout.rows[0].page][:_MOST_ROWS]
    candidates = [found for row in first_page for found in _candidates(layout, row, first_page)]
    if not candidates:
        return None
    best = max(candidates, key=lambda found: found.score)
    if best.score < 1.5:
        return None
    value = best.span.text[best.start : best.end]
    return best.span.field(value, best.start, best.end, min(0.95, 0.35 + 0.08 * best.score))


def _candidates(layout: Layout, row: Row, rows: list[Row]) -> Iterator[_Candidate]:
    for cell in row.cells:
        start, end = _trimmed(cell)
        name = cell.text[start:end]
        letters = len(_LETTERS.findall(name))
        if letters < 3 or letters < len(name.replace(" ", "")) * 0.5 or len(name) > 70:
            continue
        yield _Candidate(cell, start, end, _score(layout, cell, name, row, rows))


def _trimmed(cell: Span) -> tuple[int, int]:
    """The name itself: without a label before it, an address or a register number behind it."""
    start, end = 0, len(cell.text)
    label = SELLER.match(cell.folded)
    if label and label.end() < end:
        start = label.end()
    broken = _SENDER_BREAK.search(cell.text, start)
    if broken and broken.start() - start > 3:
        end = broken.start()
    registration = _REGISTRATION.search(cell.text[start:end])
    if registration and registration.start() > 3:
        end = start + registration.start()
    while start < end and not cell.text[start].isalnum():
        start += 1
    while end > start and not (cell.text[end - 1].isalnum() or cell.text[end - 1] in ".)&!"):
        end -= 1
    return start, end


def _score(layout: Layout, cell: Span, name: str, row: Row, rows: list[Row]) -> float:
    folded = fold(name)
    at = rows.index(row)
    score = 2.5 * max(0.0, 1 - at / 12)
    legal = LEGAL_FORM.search(folded)
    if legal and legal.start() > 2:
        score += 3.0
    elif TRADE.search(folded):
        score += 1.2
    score += min(1.5, max(0.0, (cell.height / max(0.1, layout.line_height) - 1.1) * 1.5))
    if name.isupper() and at < 5:
        score += 0.4
    if TITLE.match(folded):
        score -= 5.0
    if ADDRESS.search(folded):
        score -= 2.0
    if CONTACT.search(folded):
        score -= 2.5
    if any(label.pattern.search(folded) and label.weight >= 0.8 for label in TOTAL):
        score -= 2.0
    digits = sum(character.isdigit() for character in name)
    score -= 2.0 * digits / len(name)
    if ":" in name:
        score -= 2.0
    if len(name.split()) > 7:
        score -= 1.5
    if BUYER.match(folded):
        score -= 4.0
    score += _told(cell, row, rows)
    read = sum(token.word.confidence for token in cell.tokens) / len(cell.tokens)
    score -= 3.0 * max(0.0, 0.8 - read)
    times = len(re.findall(rf"(?<![a-z]){re.escape(folded)}(?![a-z])", layout.text)) if len(folded) > 4 else 1
    return score + min(1.0, 0.4 * (times - 1))


def _told(cell: Span, row: Row, rows: list[Row]) -> float:
    """What a heading over the cell, or beside it, says of who this is."""
    beside = row.folded[: max(0, row.folded.find(cell.folded))]
    own = SELLER.match(cell.folded)
    if own and own.end() < len(cell.text):
        return 3.5
    if SELLER.search(beside[-30:]):
        return 3.0
    if BUYER.search(beside[-30:]):
        return -4.0
    at = rows.index(row)
    for distance, other in enumerate(reversed(rows[max(0, at - 5) : at]), start=1):
        for above in other.cells:
            # Headings stand over their block: the same left edge, or one over the other.
            if overlap(above, cell) < 0.3 and abs(above.left - cell.left) > 2 * cell.height:
                continue
            if len(above.text) > 45:
                continue
            if BUYER.match(above.folded):
                return -4.0 if distance <= 4 else -2.0
            if SELLER.match(above.folded):
                return 3.5 if distance <= 3 else 1.0
    return 0.0
