"""Where a value stands with respect to its label: after it in the row, or under it in the column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from automateiq_ocr.extraction.layout import Layout, Row, Span, once, overlap


@dataclass(frozen=True, slots=True)
class Place:
    """Text of a row that a label may mean; `end` is exclusive. `below` when it stands under the label."""

    row: Row
    start: int
    end: int
    below: bool

    @property
    def text(self) -> str:
        """What stands there."""
        return self.row.text[self.start : self.end]


def places_after(layout: Layout, row: Row, label: re.Match[str]) -> Iterator[Place]:
    """The places that a label found in `row.folded` may mean, the most likely first."""
    bounds = cell_bounds(row)
    for index, (start, end) in enumerate(bounds):
        if start < label.end() <= end:
            if label.end() < end:
                yield Place(row, label.end(), end, False)
            if index + 1 < len(bounds):
                yield Place(row, *bounds[index + 1], False)
    tokens = row.within(label.start(), label.end())
    if not tokens:
        return
    header = Span(row.page, row.index, tokens)
    for below in layout.below(row, 3):
        if below.middle - row.middle > 4.5 * max(row.height, below.height):
            return
        under = [
            (abs(cell.left - header.left), bounds)
            for bounds, cell in zip(cell_bounds(below), below.cells, strict=True)
            if overlap(cell, header) > 0.3
        ]
        if under:
            yield Place(below, *min(under)[1], True)  # of several, the one that begins where the label does
            return


@once
def cell_bounds(row: Row) -> tuple[tuple[int, int], ...]:
    """Where each of the row's cells starts and ends in the row's text."""
    bounds: list[tuple[int, int]] = []
    at = 0
    for cell in row.cells:
        bounds.append((at, at + len(cell.text)))
        at += len(cell.text) + 1
    return tuple(bounds)


def label_before(layout: Layout, row: Row, start: int) -> Iterator[tuple[str, float]]:
    """(folded texts that may label what starts at `start`, how near each is from 0 to 1), the nearest first.

    First what stands before it in its own cell, then the cell to the left, then the cell above.
    """
    bounds = cell_bounds(row)
    for index, (begin, end) in enumerate(bounds):
        if begin <= start < end:
            if own := row.folded[begin:start].strip(" :-–"):
                yield own, 1.0
            elif index:
                yield row.folded[slice(*bounds[index - 1])], 0.95
            tokens = row.within(start, end)
            if not tokens:
                return
            value = Span(row.page, row.index, tokens)
            for above in layout.above(row, 3):
                if row.middle - above.middle > 4.5 * max(row.height, above.height):
                    return
                cells = [cell for cell in above.cells if overlap(cell, value) > 0.3]
                if cells:
                    yield cells[0].folded, 0.85
                    return
