"""Pieces of text, as detectors find them, brought into rows: a label and its amount are two pieces of one row."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from automateiq_ocr.recognition.models import Box
from automateiq_ocr.recognition.recognizers import RawWord

# Pieces are of one row where they overlap by this share of the lower one's height, and no gap is wider than so many
# heights: between an item and its price, not between the columns of a page.
_SAME_ROW = 0.5
_WIDEST_GAP = 12.0
# A new block begins after a gap of so many line heights.
_BLOCK_GAP = 1.2


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that was found and read as one, with its words."""

    box: Box
    words: tuple[tuple[str, Box, float], ...]


def spread(text: str, box: Box, score: float) -> Iterator[tuple[str, Box, float]]:
    """The words of a line that was read as one, each as wide as its share of the letters."""
    each = box.width / max(1, len(text))
    at = 0
    for word in text.split(" "):
        if word:
            yield word, Box(box.x + at * each, box.y, len(word) * each, box.height), score
        at += len(word) + 1


def in_rows(pieces: list[Piece]) -> list[RawWord]:
    """The pieces of each row side by side; PP-OCR finds a label and its amount as two."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.box.y + piece.box.height / 2):
        row = next((row for row in reversed(rows[-12:]) if _continues(row, piece)), None)
        if row is None:
            rows.append([piece])
        else:
            row.append(piece)
    words: list[RawWord] = []
    block, before = 0, None
    for line, row in enumerate(rows):
        around = Box.around(piece.box for piece in row)
        if before is not None and around.y - before.bottom > _BLOCK_GAP * min(around.height, before.height):
            block += 1
        before = around
        for piece in sorted(row, key=lambda piece: piece.box.x):
            words.extend(
                RawWord(text, box.x, box.y, box.width, box.height, min(1.0, score), line, block)
                for text, box, score in piece.words
            )
    return words


def _continues(row: list[Piece], piece: Piece) -> bool:
    box, height = piece.box, statistics.median(part.box.height for part in row)
    nearest = min(row, key=lambda part: _gap(part.box, box))
    shared = min(nearest.box.bottom, box.bottom) - max(nearest.box.y, box.y)
    if shared < _SAME_ROW * min(nearest.box.height, box.height):
        return False
    return -0.5 * height <= _gap(nearest.box, box) <= _WIDEST_GAP * height


def _gap(one: Box, other: Box) -> float:
    """Between two boxes side by side; below 0 where they overlap."""
    return max(one.x - other.right, other.x - one.right)
