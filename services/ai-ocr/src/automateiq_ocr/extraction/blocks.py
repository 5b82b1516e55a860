"""Cells and the blocks they stand in: a name with its address below it, under or beside a title."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from automateiq_ocr.extraction.labels import cell_bounds
from automateiq_ocr.extraction.layout import Layout, Row, Span, once, overlap

# Titles of a party's lines inside its block.
OWN_LABEL = re.compile(
    r"(?:company |firm |firmen|business |customer |guest )?"
    r"(?:names?|firma|nom|nombre|nome|naam|raison sociale|razon social|ragione sociale|bedrijf|company|attn"
    r"|attention)\s*[:.]+\s*"
)
_ADDRESS_LABEL = re.compile(
    r"(?:(?:street )?address|anschrift|adresse|direccion|indirizzo|adres|endereco)\s*:\s*"
)


@dataclass(frozen=True)
class Cell:
    """One cell of a row, and where it starts and ends in the row's text (`end` exclusive)."""

    row: Row
    start: int
    end: int

    @property
    def text(self) -> str:
        """What it says."""
        return self.row.text[self.start : self.end]

    @property
    def folded(self) -> str:
        """What it says, without case and accents."""
        return self.row.folded[self.start : self.end]

    @cached_property
    def span(self) -> Span:
        """Its words."""
        return Span(self.row.page, self.row.index, self.row.within(self.start, self.end))

    @property
    def key(self) -> tuple[int, int]:
        """What tells it from others of the document."""
        return self.row.index, self.start


@once
def cells_of(row: Row, *, whole: bool = False) -> tuple[Cell, ...]:
    """The row's cells; `whole` takes it as one, as on a till's strip whose words stand far apart."""
    if whole:
        return (Cell(row, 0, len(row.text)),) if row.text else ()
    return tuple(Cell(row, start, end) for start, end in cell_bounds(row))


def beneath(layout: Layout, head: Cell, most: int, *, whole: bool = False) -> Iterator[Cell]:
    """The cells under `head` in its column, at most `most`, until the column ends or a gap parts it.

    A column goes on where a cell starts at the same left edge or lies under the cell before it.
    """
    above = head.span
    for row in layout.below(head.row, most + 8):
        pitch = max(above.height, row.height)
        if row.middle - above.middle > 3.6 * pitch:
            return
        here = [
            c
            for c in cells_of(row, whole=whole)
            if whole or _under(c.span, above) or _under(c.span, head.span)
        ]
        if not here:
            continue
        cell = min(here, key=lambda c: abs(c.span.left - above.left))
        yield cell
        above = cell.span
        most -= 1
        if most == 0:
            return


def _under(span: Span, above: Span) -> bool:
    shift = span.left - above.left
    return abs(shift) < 1.5 * above.height or (overlap(span, above) > 0.5 and shift > -1.5 * above.height)


def right_of(head: Cell) -> Cell | None:
    """The next cell of its row."""
    return next((cell for cell in cells_of(head.row) if cell.start > head.start), None)


def own_label(cell: Cell) -> Cell:
    """The cell without a title of its own such as "Name:"."""
    match = OWN_LABEL.match(cell.folded) or _ADDRESS_LABEL.match(cell.folded)
    return (
        Cell(cell.row, cell.start + match.end(), cell.end) if match and match.end() < len(cell.text) else cell
    )


def inside(places: Collection[Cell], row: Row, start: int) -> bool:
    """Whether what starts at `start` of the row's text stands in one of these cells."""
    return any(cell.row.index == row.index and cell.start <= start < cell.end for cell in places)
