"""A plain printed form of an invoice that has no page of its own: rows of words on A4, in points.

Set in a typewriter's steps, so that where a word stands follows from its letters alone, and whoever shows the page
(rendering) has only to draw the words into their boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from automateiq_ocr.recognition.models import Box, Line, Page, Word

WIDTH, HIGH = 595.0, 842.0  # A4
_MARGIN = 42.0
_STEP = 5.4  # a letter's width at 9 points in Courier's proportions
_LETTER_HEIGHT = 9.0
_ROW = 13.0
COLUMNS = int((WIDTH - 2 * _MARGIN) / _STEP)  # letters in a row


@dataclass(frozen=True, slots=True)
class Printed:
    """What was printed somewhere: its page, the box around it, and its words as they stand there."""

    page: int
    box: Box
    text: str


class SheetFull(Exception):
    """What is printed does not fit on as many pages as there may be."""


class Sheet:
    """Pages that are filled from top to bottom; no more than `most_pages`, where that is said."""

    def __init__(self, most_pages: int | None = None) -> None:
        self._most_pages = most_pages
        self._pages: list[list[Line]] = [[]]
        self._down = _MARGIN

    def row(self, *cells: tuple[int, int, str]) -> list[Printed | None]:
        """Prints texts beside each other, each from its column on and so many columns wide, wrapped where too long.

        Gives where each stands; None for one without words. A row that does not fit goes to the next page.

        Raises:
            SheetFull: there is no next page.
        """
        wrapped = [(column, _wrap(text, width)) for column, width, text in cells]
        depth = max((len(rows) for _, rows in wrapped), default=0) or 1
        most = int((HIGH - 2 * _MARGIN) / _ROW)
        if self._down + min(depth, most) * _ROW > HIGH - _MARGIN:
            if len(self._pages) == self._most_pages:
                raise SheetFull
            self._pages.append([])
            self._down = _MARGIN
        words = [
            [self._words(column, index, row) for index, row in enumerate(rows[:most])]
            for column, rows in wrapped
        ]
        for index in range(min(depth, most)):
            line = tuple(word for cell in words if index < len(cell) for word in cell[index])
            if line:
                self._pages[-1].append(Line(line))
        self._down += min(depth, most) * _ROW
        return [self._printed([word for row in cell for word in row]) for cell in words]

    def gap(self) -> None:
        """Leaves a row empty."""
        self._down += _ROW

    @property
    def pages(self) -> tuple[Page, ...]:
        """The pages so far."""
        return tuple(
            Page(
                number,
                WIDTH,
                HIGH,
                "pt",
                "text_layer",
                0,
                0.0,
                1.0 if lines else 0.0,
                tuple(lines),
                "text_layer",
            )
            for number, lines in enumerate(self._pages, start=1)
        )

    def _words(self, column: int, index: int, text: str) -> list[Word]:
        words, at = [], column
        top = round(self._down + index * _ROW, 2)
        for part in text.split(" "):
            x = round(_MARGIN + at * _STEP, 2)
            words.append(Word(part, x, top, round(len(part) * _STEP, 2), _LETTER_HEIGHT, 1.0))
            at += len(part) + 1
        return words

    def _printed(self, words: Sequence[Word]) -> Printed | None:
        if not words:
            return None
        box = Box.around(word.box for word in words)
        return Printed(len(self._pages), box, " ".join(word.text for word in words))


def _wrap(text: str, width: int) -> list[str]:
    """The text in rows of at most so many letters, cut between words, within one only where it is longer."""
    rows: list[str] = []
    for word in text.split():
        for start in range(0, len(word), width):
            part = word[start : start + width]
            if rows and not start and len(rows[-1]) + 1 + len(part) <= width:
                rows[-1] += f" {part}"
            else:
                rows.append(part)
    return rows
