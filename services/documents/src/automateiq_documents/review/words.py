"""The words of a document, as rows on pages: what stands left of a place, above it, in it.

Lengths are shares of the page's width (x) and height (y), so that a photo and a PDF of the same form agree.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from automateiq.documents.v1.documents_pb2 import OcrResult

from automateiq_documents.documents.models import PageWords
from automateiq_documents.review.models import Box

# More words than this on one page are no form that a place could be remembered on.
_MAX_WORDS_A_PAGE = 5000


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its place, in shares of the page."""

    text: str
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def middle(self) -> float:
        """The height of its middle."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page: its size in its own unit, and its rows from top to bottom, each from left to right."""

    number: int
    width: float
    height: float
    rows: Sequence[Sequence[Word]]


def text_in(pages: Sequence[PageWords], box: Box) -> str:
    """The words whose middle lies in a box, as one text."""
    found = []
    for page in pages:
        if page.page != box.page:
            continue
        for word in OcrResult.FromString(page.packed).bounding_boxes:
            x, y = word.box.x + word.box.width / 2, word.box.y + word.box.height / 2
            if box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height:
                found.append(word)
    rows = _rows([Word(w.text, w.box.x, w.box.y, w.box.width, w.box.height) for w in found])
    return " ".join(word.text for row in rows for word in row)[:500]


def sheets_of(pages: Sequence[Mapping[str, Any]], words: Sequence[PageWords]) -> list[Sheet]:
    """The pages of a document with their words."""
    sizes = {int(page.get("number", 0)): page for page in pages}
    sheets = []
    for page in words:
        size = sizes.get(page.page, {})
        width, height = float(size.get("width", 0.0)), float(size.get("height", 0.0))
        if width <= 0 or height <= 0:
            continue
        boxes = OcrResult.FromString(page.packed).bounding_boxes[:_MAX_WORDS_A_PAGE]
        placed = [
            Word(
                word.text,
                word.box.x / width,
                word.box.y / height,
                word.box.width / width,
                word.box.height / height,
            )
            for word in boxes
            if word.text.strip()
        ]
        sheets.append(Sheet(page.page, width, height, _rows(placed)))
    return sheets


def box_around(sheet: Sheet, words: Iterable[Word]) -> Box:
    """The rectangle around words, in the page's unit."""
    there = list(words)
    left, top = min(word.x for word in there), min(word.y for word in there)
    right, bottom = max(word.right for word in there), max(word.y + word.height for word in there)
    return Box(
        sheet.number,
        round(left * sheet.width, 2),
        round(top * sheet.height, 2),
        round((right - left) * sheet.width, 2),
        round((bottom - top) * sheet.height, 2),
    )


def _rows(words: Sequence[Word]) -> list[list[Word]]:
    """Words whose middles are within half a line's height of each other stand in one row."""
    if not words:
        return []
    slack = median(word.height for word in words) * 0.5
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda one: one.middle):
        # Compared with the last of the row and not the first: the row of a slightly tilted page goes downhill.
        if rows and word.middle - rows[-1][-1].middle <= slack:
            rows[-1].append(word)
        else:
            rows.append([word])
    return [sorted(row, key=lambda one: one.x) for row in rows]
