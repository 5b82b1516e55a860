"""Where in a stack of pages a new document begins: a pure call over what was read.

Each border between two pages gets a score in log-odds: what speaks for a new document, less what speaks for the same
one going on. The signs are general habits of office paper: "Page 2 of 3" goes on and "Page 1 of 2" begins; a first page
carries a title, a number and a letterhead, a last page the total; a separator sheet (Patch T, as scanner software
prints it) or a blank sheet was laid between. No sign alone decides but page numbers and separators.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from automateiq_ocr.extraction.vocabulary_of_parts import (
    AMOUNT,
    CONTINUED,
    IBAN,
    NUMBER,
    NUMBERING,
    SEPARATOR,
    SIGNATURE,
    TITLE,
    TOTAL,
    VAT_NUMBER,
)
from automateiq_ocr.recognition.models import Page

# Before anything is looked at, a page more often goes on than begins: most files hold one document.
_PRIOR = -2.0
_HEAD_SHARE, _TITLE_SHARE, _FOOT_SHARE = 0.2, 0.45, 0.88
_BLANK_LETTERS = 5
_SEPARATOR_LETTERS = 200
_TITLE_WORDS = 5


@dataclass(frozen=True, slots=True)
class Part:
    """Pages that seem to be one document, how sure that is (0 to 1), and what speaks for its beginning."""

    pages: tuple[int, ...]
    confidence: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Look:
    """What a page shows of the document it belongs to."""

    number: int
    size: tuple[float, float]
    blank: bool
    separator: bool
    numbering: tuple[int, int] | None
    title: str
    document_number: str
    # VAT numbers, and IBANs.
    identities: tuple[frozenset[str], frozenset[str]]
    head: frozenset[str]
    total: bool
    amounts: bool
    signed: bool
    continued: bool


@dataclass(frozen=True, slots=True)
class _Border:
    score: float
    reasons: tuple[str, ...]

    @property
    def confidence(self) -> float:
        """How likely a new document begins here."""
        return 1 / (1 + math.exp(-self.score))


def find_parts(pages: Sequence[Page]) -> tuple[Part, ...]:
    """The documents that the pages seem to hold, in order; blank and separator pages between them are in none."""
    looks = [_look(page) for page in pages]
    starts: list[tuple[list[int], _Border]] = []
    sure_of_no_cut: list[float] = []
    last: _Look | None = None
    between: list[_Look] = []
    for look in looks:
        if look.blank or look.separator:
            between.append(look)
            continue
        border = _border(last, between, look)
        if last is None or border.score > 0:
            starts.append(([look.number], border))
            sure_of_no_cut.append(1.0)
        else:
            # A blank page inside a document is a page of it: the back of a sheet.
            starts[-1][0].extend(page.number for page in between if not page.separator)
            starts[-1][0].append(look.number)
            sure_of_no_cut[-1] = min(sure_of_no_cut[-1], 1 - border.confidence)
        last, between = look, []
    parts = []
    for index, (numbers, border) in enumerate(starts):
        begins = 1.0 if index == 0 else border.confidence
        ends = starts[index + 1][1].confidence if index + 1 < len(starts) else 1.0
        confidence = round(min(begins, ends, sure_of_no_cut[index]), 4)
        parts.append(Part(tuple(numbers), confidence, border.reasons if index else ()))
    return tuple(parts)


def _border(last: _Look | None, between: Sequence[_Look], look: _Look) -> _Border:
    if last is None:
        return _Border(0.0, ())
    signs: list[tuple[str, float]] = []
    if any(page.separator for page in between):
        signs.append(("separator_page", 8.0))
    elif between:
        signs.append(("blank_page", 1.0))
    signs += _signs_of_numbering(last, look)
    signs += _signs_of_contents(last, look)
    score = _PRIOR + sum(weight for _, weight in signs)
    return _Border(score, tuple(name for name, weight in signs if weight > 0))


def _signs_of_numbering(last: _Look, look: _Look) -> list[tuple[str, float]]:
    if look.numbering is None:
        if last.numbering is None:
            return []
        page, count = last.numbering
        return [("last_page_before", 1.5)] if page == count else [("pages_missing", -2.0)]
    page, count = look.numbering
    if page == 1:
        ended = last.numbering is None or last.numbering[0] == last.numbering[1]
        return [("page_one", 5.0 if ended else 4.0)]
    if last.numbering == (page - 1, count):
        return [("page_goes_on", -6.0)]
    return [("page_not_first", -2.5)]


def _signs_of_contents(last: _Look, look: _Look) -> list[tuple[str, float]]:
    signs: list[tuple[str, float]] = []
    if look.document_number and last.document_number:
        same = look.document_number == last.document_number
        signs.append(("same_number", -3.5) if same else ("other_number", 3.0))
    elif look.document_number:
        signs.append(("number", 0.8))
    if look.title:
        signs.append(("title", 1.7))
    both = [
        (ours, before)
        for ours, before in zip(look.identities, last.identities, strict=True)
        if ours and before
    ]
    if both:
        other = all(ours.isdisjoint(before) for ours, before in both)
        signs.append(("other_sender", 2.0) if other else ("same_sender", -0.5))
    if look.head and last.head:
        alike = len(look.head & last.head) / len(look.head | last.head)
        if alike < 0.1 and (look.document_number or (look.amounts and last.amounts)):
            signs.append(("other_letterhead", 0.9))
        elif alike > 0.5 and not look.title:
            signs.append(("same_letterhead", -1.0))
    if last.total and (look.title or look.document_number or look.total):
        signs.append(("total_before", 1.2))
    if last.signed and look.title:
        signs.append(("signatures_before", 1.5))
    if look.continued:
        signs.append(("carried_forward", -2.0))
    if _differs(look.size, last.size):
        signs.append(("other_size", 1.5))
    return signs


def _differs(one: tuple[float, float], other: tuple[float, float]) -> bool:
    # A landscape page of the same paper is often a table of the same document.
    pairs = zip(sorted(one), sorted(other), strict=True)
    return any(abs(a - b) > 0.06 * max(a, b, 1) for a, b in pairs)


def _look(page: Page) -> _Look:
    lines = [line for line in page.lines if line.words]
    top = [line.text for line in lines if line.box.y < page.height * _TITLE_SHARE]
    edges = [
        line.text
        for line in lines
        if line.box.y < page.height * _HEAD_SHARE or line.box.bottom > page.height * _FOOT_SHARE
    ]
    head = " ".join(line.text for line in lines if line.box.y < page.height * _HEAD_SHARE).casefold()
    text = page.text
    number = NUMBER.search(text)
    return _Look(
        number=page.number,
        size=(page.width, page.height),
        blank=page.letters < _BLANK_LETTERS,
        separator=page.letters < _SEPARATOR_LETTERS and SEPARATOR.search(text) is not None,
        numbering=_numbering(edges) or _numbering([line.text for line in lines]),
        title=_title(top),
        document_number="" if number is None else re.sub(r"\W", "", number["number"]).casefold(),
        identities=(_found(VAT_NUMBER, text), _found(IBAN, text)),
        head=frozenset(re.findall(r"[^\W\d_]{3,}", head)),
        total=TOTAL.search(text) is not None,
        amounts=len(AMOUNT.findall(text)) >= 2,
        signed=SIGNATURE.search(text) is not None,
        continued=any(CONTINUED.search(line) for line in [line.text for line in lines[:12]]),
    )


def _found(pattern: re.Pattern[str], text: str) -> frozenset[str]:
    return frozenset(re.sub(r"\W", "", found.group()) for found in pattern.finditer(text))


def _numbering(lines: Sequence[str]) -> tuple[int, int] | None:
    for line in lines:
        found = NUMBERING.search(line)
        if found is not None:
            page, count = int(found["page"]), int(found["count"])
            if 1 <= page <= count:
                return page, count
    return None


def _title(lines: Sequence[str]) -> str:
    for line in lines:
        words = line.split()
        # A heading is written with capitals; the end of a sentence about "this agreement." is not.
        heading = words[0][:1].isupper() and not line.rstrip().endswith((".", ",", ";"))
        if heading and len(words) <= _TITLE_WORDS and TITLE.search(line):
            return line
    return ""
