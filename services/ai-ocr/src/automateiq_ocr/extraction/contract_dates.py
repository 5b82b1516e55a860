"""The day from which a contract holds."""

from __future__ import annotations

import re

from automateiq_ocr.extraction import contract_words as words
from automateiq_ocr.extraction.contract_parties import Preamble, salutation
from automateiq_ocr.extraction.dates import Order, document_order, find_dates
from automateiq_ocr.extraction.layout import Layout, Row
from automateiq_ocr.extraction.models import Field
from automateiq_ocr.extraction.prose import Prose


def find_effective_date(prose: Prose, layout: Layout, preamble: Preamble | None) -> Field | None:
    """The day of the preamble ("made as of ..."), of the letter's head, else of the last signature.

    A preamble whose day is left blank is a form: then only a letter's or a signature's day counts, with doubt.
    """
    order, proven = document_order(prose.folded, american=True)
    if (named := _named_date(prose, order)) is not None:
        return named
    letter = salutation(layout)
    if preamble is not None and (letter is None or preamble.start < prose.text.find(letter.text)):
        start, end = preamble.start, preamble.end + 160
        dated = [
            (_how_dated(prose.folded[max(start, start + found.start - 60) : start + found.start]), found)
            for found in find_dates(prose.text[start:end], order)
        ]
        sure, best = max(dated, key=lambda d: (d[0], -d[1].start), default=(0.0, None))
        if best is not None and sure > 0:
            swapped = 1.0 if proven or not best.ambiguous else 0.7
            return prose.field(best.value.isoformat(), start + best.start, start + best.end, sure * swapped)
    if preamble is None and (opening := _opening_date(prose, order)) is not None:
        return opening
    if letter is not None and (field := _letter_date(layout, letter, order)) is not None:
        return field
    return _signing_date(layout, order, proven)


def _named_date(prose: Prose, order: Order) -> Field | None:
    """The date in front of ("Effective Date") or after "Effective Date:"."""
    for match in words.EFFECTIVE_NAME_FOLDED.finditer(prose.folded):
        start = max(0, match.start() - 60)
        for found in reversed(list(find_dates(prose.text[start : match.start()], order))):
            between = prose.folded[start + found.end : match.start()]
            if re.fullmatch(r"\W*(?:(?:the|hereinafter|herein|called|being|is)\W*){0,3}", between):
                return prose.field(found.value.isoformat(), start + found.start, start + found.end, 0.95)
        after = prose.text[match.end() : match.end() + 50]
        for found in find_dates(after, order):
            between = after[: found.start].lower()
            if re.fullmatch(r"\W*(?:(?:means|shall mean|is|of this agreement|:)\W*){0,3}", between):
                start = match.end()
                return prose.field(found.value.isoformat(), start + found.start, start + found.end, 0.93)
    return None


def _opening_date(prose: Prose, order: Order) -> Field | None:
    """The date of "This Agreement is made as of ...", where the parties are not named in that sentence."""
    for match in words.THIS_PAPER_FOLDED.finditer(prose.folded, 0, 4000):
        for found in find_dates(prose.text[match.start() : match.end() + 90], order):
            before = prose.folded[match.start() : match.start() + found.start]
            if "." not in before and _how_dated(before[-60:]) > 0.9:
                start = match.start()
                return prose.field(found.value.isoformat(), start + found.start, start + found.end, 0.85)
    return None


def _how_dated(before: str) -> float:
    """How plainly the words before a date make it this paper's own; 0 for that of another paper."""
    if words.OTHER_PAPER_FOLDED.search(before):
        return 0.0
    return 0.93 if words.DATED_FOLDED.search(before) else 0.7


def _letter_date(layout: Layout, letter: Row, order: Order) -> Field | None:
    """A date that stands alone above the salutation."""
    for row in layout.rows[: letter.index]:
        for cell in row.cells:
            for found in find_dates(cell.text, order):
                if len(cell.text) - (found.end - found.start) < 22 and not re.search(
                    r"ex-|\.htm", cell.folded
                ):
                    return cell.field(found.value.isoformat(), found.start, found.end, 0.88)
    return None


def _signing_date(layout: Layout, order: Order, proven: bool) -> Field | None:
    """The latest of the dates beside the signatures: a contract binds when the last party has signed."""
    dated = [
        (found, row)
        for row in layout.rows[int(0.6 * len(layout.rows)) :]
        for found in find_dates(row.text, order)
        if words.SIGNING_DATE_FOLDED.search(row.folded[: found.start]) and len(row.text) < 110
    ]
    if not dated:
        return None
    found, row = max(dated, key=lambda entry: entry[0].value)
    sure = 0.6 * (1.0 if proven or not found.ambiguous else 0.85)
    return row.field(found.value.isoformat(), found.start, found.end, sure)
