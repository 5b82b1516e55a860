"""Where on a picture the paper with the print lies: a small receipt on a large scan, or several beside each other.

A small receipt is cut out, so that the deep engine, which scales large pictures down, sees it in full and does not
search the bare glass around it (17 of 120 development receipts are A4 scans like that; cut out, the deep engine takes
half the time for them). Receipts that lie side by side are read apart: their lines would be mixed else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automateiq_ocr.recognition.models import Box
from automateiq_ocr.recognition.orientation import Ink

# The picture is looked at in cells of this share of its longer side.
_CELL = 1 / 60
# Points of ink that make a cell one with print; specks have fewer.
_LEAST_POINTS = 3
# Cells with fewer such others within two cells (itself counted) hold dust on the glass, not print.
_NEAR, _LEAST_NEAR = 2, 5
# Columns of empty cells between two receipts: wider than between the columns of a table that reach from top to bottom.
_GUTTER = 4
# A receipt is at least so tall, in cells, and taller than wide by so much.
_LEAST_HEIGHT, _STRIP = 15, 1.1
# The print on the emptiest of several receipts, of that on the fullest: less is an edge or a shadow.
_LEAST_SHARE = 0.2
# What is left of the picture must be this small, or cutting gains nothing.
_MUCH_SMALLER = 0.5
_MARGIN = 2
_MOST = 6


@dataclass(frozen=True, slots=True)
class _Span:
    """Cells from `first` up to, not including, `end`."""

    first: int
    end: int


def parts(ink: Ink) -> list[Box]:
    """The parts of the picture to read apart, from left to right; none where it is best read as a whole."""
    cells, side = _cells(ink)
    if not cells.any():
        return []
    papers = [_bounds(cells, columns) for columns in _columns(cells)]
    inked = [int(cells[:, paper[0].first : paper[0].end].sum()) for paper in papers]
    alike = min(inked) >= _LEAST_SHARE * max(inked)
    if alike and 1 < len(papers) <= _MOST and all(_is_strip(paper) for paper in papers):
        return [_box(paper, cells, side, ink) for paper in papers]
    whole = _bounds(cells, _Span(0, cells.shape[1]))
    box = _box(whole, cells, side, ink)
    smaller = box.width * box.height < _MUCH_SMALLER * ink.width * ink.height / ink.scale**2
    return [box] if smaller and _is_strip(whole) else []


def _cells(ink: Ink) -> tuple[NDArray[np.bool_], float]:
    """Which cells hold print (rows by columns), and the length of their sides in pixels of the picture."""
    small_side = max(1.0, max(ink.width, ink.height) * _CELL)
    # Runs of dark points are the edges of paper and glass; along a straight edge every cell has some.
    x = (ink.x[~ink.ruled] / small_side).astype(np.intp)
    y = (ink.y[~ink.ruled] / small_side).astype(np.intp)
    counts = np.zeros((int(ink.height / small_side) + 1, int(ink.width / small_side) + 1), dtype=np.int32)
    np.add.at(counts, (y, x), 1)
    cells: NDArray[np.bool_] = counts >= _LEAST_POINTS
    around = np.pad(cells, _NEAR).astype(np.int32).cumsum(axis=0).cumsum(axis=1)
    around = np.pad(around, ((1, 0), (1, 0)))
    span = 2 * _NEAR + 1
    near = around[span:, span:] - around[:-span, span:] - around[span:, :-span] + around[:-span, :-span]
    cells &= near >= _LEAST_NEAR
    # What touches the picture's rim is a shadow or the glass's edge more often than print.
    cells[[0, -1], :] = False
    cells[:, [0, -1]] = False
    return cells, small_side / ink.scale


def _columns(cells: NDArray[np.bool_]) -> list[_Span]:
    """The stretches of columns with print, parted where `_GUTTER` of them have none."""
    spans: list[_Span] = []
    for column in np.flatnonzero(cells.any(axis=0)):
        if spans and column - spans[-1].end < _GUTTER:
            spans[-1] = _Span(spans[-1].first, int(column) + 1)
        else:
            spans.append(_Span(int(column), int(column) + 1))
    return spans


def _bounds(cells: NDArray[np.bool_], columns: _Span) -> tuple[_Span, _Span]:
    """The columns and rows with print among these columns."""
    among = cells[:, columns.first : columns.end]
    rows, across = np.flatnonzero(among.any(axis=1)), np.flatnonzero(among.any(axis=0))
    return (
        _Span(columns.first + int(across[0]), columns.first + int(across[-1]) + 1),
        _Span(int(rows[0]), int(rows[-1]) + 1),
    )


def _is_strip(paper: tuple[_Span, _Span]) -> bool:
    across, down = paper[0].end - paper[0].first, paper[1].end - paper[1].first
    return down >= _LEAST_HEIGHT and down >= _STRIP * across


def _box(paper: tuple[_Span, _Span], cells: NDArray[np.bool_], side: float, ink: Ink) -> Box:
    """The paper with a margin, in pixels of the picture; the margin stays within half the gutter."""
    columns, rows = paper
    left, right = max(0, columns.first - _MARGIN), min(cells.shape[1], columns.end + _MARGIN)
    top, bottom = max(0, rows.first - _MARGIN), min(cells.shape[0], rows.end + _MARGIN)
    far_x, far_y = min(right * side, ink.width / ink.scale), min(bottom * side, ink.height / ink.scale)
    return Box(left * side, top * side, far_x - left * side, far_y - top * side)
