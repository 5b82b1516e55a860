"""The columns of a table of items, found by their titles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

from automateiq_ocr.extraction.column_titles import MORE_FOLDED, TITLE
from automateiq_ocr.extraction.labels import cell_bounds
from automateiq_ocr.extraction.layout import Layout, Row, once

_LONGEST = 200  # letters of a row of titles
_MOST_DIGITS = 3  # "Date: 3/5/2026" is no title
_MONEY = re.compile(r"\d[.,]\d{2}(?!\d)")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: what it holds and where its title stands; `line` counts the title's row within the head."""

    name: str
    left: float
    right: float
    line: int = 0

    @property
    def middle(self) -> float:
        """Middle of the title."""
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class Head:
    """The rows of titles over a table: the columns from left to right, and the row after the last of titles."""

    columns: tuple[Column, ...]
    end: int
    description_below: bool = False  # names stand under the numbers, as their titles do

    @property
    def left(self) -> float:
        """Where the table begins."""
        return min(column.left for column in self.columns)

    def named(self, name: str) -> tuple[Column, ...]:
        """The columns of this name."""
        return tuple(column for column in self.columns if column.name == name)


def find_head(layout: Layout, row: Row) -> Head | None:
    """The head of a table that begins with this row: a price or amount, what or how much, and hardly other words."""
    if len(row.text) > _LONGEST or _MONEY.search(row.text) or len(re.findall(r"\d", row.text)) > _MOST_DIGITS:
        return None
    titles = _titles(row)
    if not titles or not _mostly(row, titles):
        return None
    rows = [row]
    found = _columns(row, titles, 0)
    for below in layout.below(row, 3):
        if below.middle - rows[-1].middle > 2.3 * max(below.height, rows[-1].height) or _MONEY.search(
            below.text
        ):
            break
        more = _titles(below)
        if not (more and _mostly(below, more, 0.4)) and not all(
            MORE_FOLDED.fullmatch(c.folded) for c in below.cells
        ):
            break
        found += _columns(below, more, len(rows))
        rows.append(below)
    columns, description_below = _stacked(found)
    names = {column.name for column in columns}
    cells = max(len(r.cells) for r in rows)
    if not names & {"amount", "unit_price"} or not names & {"description", "quantity"} or cells < 2:
        return None
    return Head(columns, rows[-1].index + 1, description_below)


def is_other_head(row: Row) -> bool:
    """Whether a row titles a table of something else: three or more short cells without any number."""
    cells = row.cells
    if len(cells) < 3 or re.search(r"\d", row.text) or any(len(cell.text) > 28 for cell in cells):
        return False
    titles = _titles(row)
    return bool(titles)


@once
def _titles(row: Row) -> list[tuple[int, int, str]]:
    """(start, end, name) of the titles in a row; of two that overlap the longer one."""
    found: list[tuple[int, int, str]] = []
    for (begin, stop), (name, pattern) in product(cell_bounds(row), TITLE.items()):
        for match in pattern.finditer(row.folded[begin:stop]):
            start, end = begin + match.start(), begin + match.end()
            rivals = [f for f in found if f[0] < end and start < f[1]]
            if all(end - start > b - a for a, b, _ in rivals):
                found = [f for f in found if f not in rivals]
                found.append((start, end, name))
    joined: list[tuple[int, int, str]] = []
    for start, end, name in sorted(found):
        if (
            joined
            and joined[-1][2] == name
            and start - joined[-1][1] <= 1
            and _one_cell(row, joined[-1][0], end)
        ):
            joined[-1] = (joined[-1][0], end, name)
        else:
            joined.append((start, end, name))
    return joined


def _one_cell(row: Row, start: int, end: int) -> bool:
    """Whether words stand closer than columns do: "Net total" is one title."""
    return all(b.left - a.right < 0.8 * row.height for a, b in pairwise(row.within(start, end)))


def _mostly(row: Row, titles: Sequence[tuple[int, int, str]], share: float = 0.55) -> bool:
    letters = len(re.findall(r"[a-z]", row.folded))
    covered = sum(len(re.findall(r"[a-z]", row.folded[a:b])) for a, b, _ in titles)
    if len(re.findall(r"\d", row.text)) > _MOST_DIGITS:
        return False
    return letters > 0 and covered >= share * letters and not _MONEY.search(row.text)


def _columns(row: Row, titles: Sequence[tuple[int, int, str]], line: int) -> list[Column]:
    columns = []
    for start, end, name in titles:
        tokens = row.within(start, end)
        columns.append(Column(name, tokens[0].left, tokens[-1].right, line))
    return columns


_RANK = ("amount", "unit_price", "quantity", "description", "discount", "tax_rate", "other")


def _stacked(found: list[Column]) -> tuple[tuple[Column, ...], bool]:
    """One column where titles stand over one another, by the name that says most; one description, quantity, price."""
    below = False
    kept: list[Column] = []
    for column in sorted(found, key=lambda c: (_RANK.index(c.name), c.line)):
        over = next((k for k in kept if min(k.right, column.right) > max(k.left, column.left)), None)
        if over is None:
            kept.append(column)
            continue
        if {over.name, column.name} == {"description", "quantity"}:
            kept.append(column)  # the name in a line's first row, how many in its second
            continue
        below = below or (over.name == "description" and over.line > column.line and column.name == "other")
        wide = replace(over, left=min(over.left, column.left), right=max(over.right, column.right))
        kept[kept.index(over)] = over if over.name == "description" else wide
    return tuple(sorted(_single(kept), key=lambda c: c.left)), below


def _single(columns: list[Column]) -> list[Column]:
    """At most one description, quantity and price; several amounts are left for the arithmetic to choose from."""
    amounts = sorted((c for c in columns if c.name == "amount"), key=lambda c: c.left)
    prices = sorted((c for c in columns if c.name == "unit_price"), key=lambda c: c.left)
    quantity = any(c.name == "quantity" for c in columns)
    first = {
        name: min((c for c in columns if c.name == name), key=lambda c: c.left, default=None)
        for name in _RANK
    }
    renamed: list[Column] = []
    for column in columns:
        name = column.name
        if name == "amount" and len(amounts) > 1 and column is amounts[0] and not quantity:
            # "Amount ... Price ... Total": the first amount is that of the goods.
            name = "quantity" if prices and column.left < prices[0].left else name
        elif (name in ("quantity", "unit_price") and column is not first[name]) or (
            name == "description" and column is not _best_description(columns)
        ):
            name = "other"
        renamed.append(replace(column, name=name))
    return renamed


def _best_description(columns: list[Column]) -> Column:
    """Of several ("Artikel | Omschrijving", "Product | Title") the last before the numbers: the first is its code."""
    numbers = [c.left for c in columns if c.name in ("quantity", "unit_price", "amount")]
    descriptions = sorted((c for c in columns if c.name == "description"), key=lambda c: c.left)
    before = [c for c in descriptions if c.left < max(numbers, default=0.0)]
    return (before or descriptions)[-1]
