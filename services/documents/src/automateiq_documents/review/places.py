"""Where a value stands: the label beside it, taught on one document and found again on the next.

A label is looked for as a text that may be misread a little; the value is what stands right of it or below it and has
the pattern that was taught. The place on the page decides where a label occurs several times.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from automateiq_documents.review.models import Box, FieldKind
from automateiq_documents.review.patterns import (
    decimal_mark,
    is_month,
    likeness,
    normal_of,
    order_of,
    shape_likeness,
    shape_of,
    skeleton,
)
from automateiq_documents.review.remembered import Label, Place, Side
from automateiq_documents.review.words import Sheet, Word, box_around

# In shares of the page's width.
_BETWEEN_LABEL_WORDS = 0.04
_FROM_LABEL_TO_VALUE = 0.5
_BETWEEN_VALUE_WORDS = 0.03
_LABEL_WORDS = 4
_VALUE_WORDS = 6
_ROWS_BELOW = 3
_LABEL_LIKENESS = 0.75
_NEAR = 0.03


@dataclass(frozen=True, slots=True)
class Found:
    """A value on a page. `sure` says how well label, pattern and place agree with what was taught, 0 to 1."""

    value: str
    text: str
    box: Box
    label: Label
    sure: float


@dataclass(frozen=True, slots=True)
class _Span:
    sheet: Sheet
    row: int
    start: int
    end: int

    @property
    def words(self) -> Sequence[Word]:
        return self.sheet.rows[self.row][self.start : self.end]

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


def teach(kind: FieldKind, value: str, box: Box | None, sheets: Sequence[Sheet]) -> Place | None:
    """The place of a value: in the box that a person selected, or where else it stands; None where it does not."""
    span = _selected(box, sheets) if box is not None else None
    if span is None:
        span = _standing(kind, value, sheets)
    if span is None:
        return None
    first = span.words[0]
    return Place(
        label=label_of(span.sheet, span.row, span.start, span.end),
        page=span.sheet.number,
        x=round(first.x, 4),
        y=round(first.middle, 4),
        shape=shape_of(value) if kind is FieldKind.NUMBER else "",
        order=order_of(span.text, value) if kind is FieldKind.DATE else "",
        decimal=decimal_mark(span.text) if kind is FieldKind.AMOUNT else "",
    )


def label_at(box: Box, sheets: Sequence[Sheet]) -> Label:
    """The label of what stands in a box."""
    span = _selected(box, sheets)
    return Label(Side.NONE) if span is None else label_of(span.sheet, span.row, span.start, span.end)


def text_at(box: Box, sheets: Sequence[Sheet]) -> str:
    """What stands in a box."""
    span = _selected(box, sheets)
    return "" if span is None else span.text


def find(kind: FieldKind, place: Place, order: str, sheets: Sequence[Sheet]) -> Found | None:
    """The value at a taught place of another document; None where nothing with its pattern stands there."""
    best: Found | None = None
    for sheet in sheets:
        for span, agreement in _candidates(place, sheet):
            value = normal_of(kind, span.text, order=place.order or order, decimal=place.decimal)
            fits = _fits(kind, value, span.text, place)
            if not fits:
                continue
            first = span.words[0]
            away = min(1.0, abs(first.x - place.x) + abs(first.middle - place.y))
            sure = agreement * fits - 0.3 * away - (0.1 if sheet.number != place.page else 0.0)
            if best is None or sure > best.sure:
                best = Found(value, span.text, box_around(sheet, span.words), place.label, sure)
    return best


def standing(value: str, sheets: Sequence[Sheet]) -> tuple[Box, str] | None:
    """Where a text stands, whichever letters were taken for one another, and as what; None where it does not."""
    wanted = skeleton(value)
    for sheet in sheets:
        for number, row in enumerate(sheet.rows):
            for start in range(len(row)):
                # A span that begins with other letters is none; most are told by their first word.
                if not wanted.startswith(skeleton(row[start].text)[:3]):
                    continue
                for span in _spans(sheet, number, start):
                    if skeleton(span.text) == wanted:
                        return box_around(sheet, span.words), span.text
    return None


def same_label(one: Label | None, other: Label | None) -> bool:
    """Whether two labels say the same."""
    if one is None or other is None or one.side is not other.side:
        return False
    if one.side is Side.NONE:
        return True
    return likeness(_joined(one), _joined(other)) >= _LABEL_LIKENESS


def label_of(sheet: Sheet, row: int, start: int, end: int) -> Label:
    """The words left of some words, or else above them."""
    words = sheet.rows[row]
    left: list[str] = []
    edge, reach = words[start].x, _FROM_LABEL_TO_VALUE
    for word in reversed(words[:start]):
        if len(left) == _LABEL_WORDS or edge - word.right > reach or not _may_label(word):
            break
        left.insert(0, word.text)
        edge, reach = word.x, _BETWEEN_LABEL_WORDS
    if any(letter.isalpha() for text in left for letter in text):
        return Label(Side.LEFT, tuple(left))
    value = words[start:end]
    lowest = value[0].y - 3.5 * max(word.height for word in value)
    for above in reversed(sheet.rows[max(0, row - _ROWS_BELOW) : row]):
        over = [word for word in above if _overlaps(word, value) and word.y >= lowest]
        if over and all(_may_label(word) for word in over):
            return Label(Side.ABOVE, tuple(word.text for word in over[:_LABEL_WORDS]))
        if over:
            break
    return Label(Side.NONE)


def _candidates(place: Place, sheet: Sheet) -> Iterator[tuple[_Span, float]]:
    """Where the value may stand, and how alike the label is."""
    if place.label.side is Side.NONE:
        for number, row in enumerate(sheet.rows):
            for start, word in enumerate(row):
                if abs(word.x - place.x) <= _NEAR and abs(word.middle - place.y) <= _NEAR:
                    for span in _spans(sheet, number, start):
                        # A place alone says less than a label.
                        yield span, 0.9
        return
    wanted = _joined(place.label)
    for number, row in enumerate(sheet.rows):
        for start, end, alike in _windows(row, wanted, len(place.label.words)):
            if place.label.side is Side.LEFT:
                yield from ((span, alike) for span in _right_of(sheet, number, end))
            else:
                yield from ((span, alike) for span in _below(sheet, number, row[start:end]))


def _windows(row: Sequence[Word], wanted: str, count: int) -> Iterator[tuple[int, int, float]]:
    """Runs of words in a row that are like a label. A reader may have joined or parted words."""
    bare = [skeleton(word.text) for word in row]
    for start in range(len(row)):
        best = (0, 0.0)
        for end in range(start + 1, min(len(row), start + count + 1) + 1):
            alike = likeness("".join(bare[start:end]), wanted)
            if alike > best[1]:
                best = (end, alike)
        if best[1] >= _LABEL_LIKENESS:
            yield start, best[0], best[1]


def _right_of(sheet: Sheet, number: int, start: int) -> Iterator[_Span]:
    row = sheet.rows[number]
    while start < len(row) and not any(letter.isalnum() for letter in row[start].text):
        start += 1
    if 0 < start < len(row) and row[start].x - row[start - 1].right <= _FROM_LABEL_TO_VALUE:
        yield from _spans(sheet, number, start)


def _below(sheet: Sheet, number: int, label: Sequence[Word]) -> Iterator[_Span]:
    deepest = label[0].y + 4.5 * max(word.height for word in label)
    for below in range(number + 1, min(number + 1 + _ROWS_BELOW, len(sheet.rows))):
        row = sheet.rows[below]
        under = [start for start, word in enumerate(row) if _overlaps(word, label) and word.y <= deepest]
        if under:
            for start in under:
                yield from _spans(sheet, below, start)
            return


def _spans(sheet: Sheet, number: int, start: int) -> Iterator[_Span]:
    """The words from one on, as many as stand close together."""
    row = sheet.rows[number]
    for end in range(start + 1, min(len(row), start + _VALUE_WORDS) + 1):
        if end - start > 1 and row[end - 1].x - row[end - 2].right > _BETWEEN_VALUE_WORDS:
            return
        yield _Span(sheet, number, start, end)


def _fits(kind: FieldKind, value: str, text: str, place: Place) -> float:
    """How well a value has the pattern that was taught; 0 where it has not."""
    if not value:
        return 0.0
    if kind is FieldKind.NUMBER:
        return shape_likeness(shape_of(value), place.shape)
    if kind is FieldKind.AMOUNT and place.decimal:
        return 1.0 if re.search(rf"\d{re.escape(place.decimal)}\d\d?(?!\d)", text) else 0.0
    return 1.0


def _selected(box: Box | None, sheets: Sequence[Sheet]) -> _Span | None:
    """The words whose middle lies in a box, of the row that has most of them."""
    sheet = next((one for one in sheets if box is not None and one.number == box.page), None)
    if sheet is None or box is None:
        return None
    best: _Span | None = None
    for number, row in enumerate(sheet.rows):
        inside = [
            place
            for place, word in enumerate(row)
            if box.x <= (word.x + word.width / 2) * sheet.width <= box.x + box.width
            and box.y <= word.middle * sheet.height <= box.y + box.height
        ]
        if inside and (best is None or len(inside) > best.end - best.start):
            best = _Span(sheet, number, inside[0], inside[-1] + 1)
    return best


def _standing(kind: FieldKind, value: str, sheets: Sequence[Sheet]) -> _Span | None:
    """Where a value stands that nobody pointed at: beside a label if anywhere; of several amounts the lowest."""
    found: list[tuple[bool, int, _Span]] = []
    for sheet in sheets:
        for number, row in enumerate(sheet.rows):
            for start in range(len(row)):
                for span in _spans(sheet, number, start):
                    if _says(kind, span.text, value):
                        side = label_of(sheet, number, span.start, span.end).side
                        found.append((side is Side.LEFT, len(found), span))
                        break
    if not found:
        return None
    lowest = kind is FieldKind.AMOUNT
    return max(found, key=lambda one: (one[0], one[1] if lowest else -one[1]))[2]


def _says(kind: FieldKind, text: str, value: str) -> bool:
    first = text.split()[0]
    # A value begins where its span begins: else the label before it would belong to it.
    begins = any(letter.isdigit() for letter in first) or (kind is FieldKind.DATE and is_month(first))
    if kind is not FieldKind.NUMBER and not begins:
        return False
    if kind is FieldKind.DATE:
        return value in {normal_of(kind, text, order=order) for order in ("DMY", "MDY", "YMD")}
    if kind is FieldKind.AMOUNT:
        return value in {normal_of(kind, text, decimal=mark) for mark in (".", ",")}
    return "".join(normal_of(kind, text).split()) == "".join(value.split())


def _may_label(word: Word) -> bool:
    """Whether a word may be part of a label: values have digits."""
    return sum(letter.isdigit() for letter in word.text) * 2 <= len(word.text) and any(
        not letter.isdigit() for letter in word.text
    )


def _overlaps(word: Word, others: Sequence[Word]) -> bool:
    left, right = min(one.x for one in others), max(one.right for one in others)
    slack = median(one.height for one in others) * 0.5
    return word.x <= right + slack and word.right >= left - slack


def _joined(label: Label) -> str:
    return "".join(skeleton(word) for word in label.words)
