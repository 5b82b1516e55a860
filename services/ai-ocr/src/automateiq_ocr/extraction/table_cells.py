"""One row of a table of items: what stands in which column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from automateiq_ocr.extraction.amounts import Amount, find_amounts
from automateiq_ocr.extraction.column_titles import EXPLAINS_FOLDED
from automateiq_ocr.extraction.columns import Column, Head
from automateiq_ocr.extraction.drafts import Draft, has_words, quantity_in, rate_in
from automateiq_ocr.extraction.layout import Row, Span, Token


@dataclass
class TableLine:
    """A row of the table: what stands in which column."""

    row: Row
    draft: Draft
    text: Span | None  # in the column of the description
    aside: Span | None = None  # all that stands in the row, to the left of the table

    @property
    def anchor(self) -> bool:
        """Whether the row has the numbers of an item."""
        return self.draft.amount is not None or (
            self.draft.unit_price is not None and self.draft.quantity is not None
        )


def read_line(row: Row, head: Head, decimal_mark: str | None) -> TableLine | None:
    """A row under a head, its words put under the titles; None where all of it stands beside the table."""
    tokens = [token for cell in row.cells if cell.right > head.left - row.height for token in cell.tokens]
    if not tokens:
        return TableLine(row, Draft(row=row), None, aside=row.cells[0]) if len(row.cells) == 1 else None
    amounts = list(find_amounts(row, decimal_mark))
    placed: dict[str, list[Token]] = {}
    by_column: dict[Column, list[Token]] = {}
    for group in _groups(row, tokens, amounts, head):
        column = _column_of(group, head)
        placed.setdefault(column.name, []).extend(group)
        by_column.setdefault(column, []).extend(group)
    draft = Draft(row=row)
    for column in head.named("amount"):
        if (amount := _amount_in(row, by_column.get(column, []), amounts)) is not None:
            draft.amounts.append(amount)
    draft.amount = draft.amounts[-1] if draft.amounts else None
    draft.unit_price = _amount_in(row, placed.get("unit_price", []), amounts)
    if counts := placed.get("quantity"):
        draft.quantity = quantity_in(_span(row, counts), decimal_mark)
    if rates := placed.get("tax_rate"):
        draft.tax_rate = rate_in(_span(row, rates), decimal_mark)
    draft.factors = tuple(_factors(row, placed.get("discount", [])))
    if not head.named("amount") and not head.named("quantity"):
        draft.amount, draft.unit_price = draft.unit_price, None
    described = placed.get("description", [])
    text = _span(row, described) if described else None
    numbers = draft.amount is not None or (draft.unit_price is not None and draft.quantity is not None)
    if text is None and numbers and row.cells[0].right <= head.left - row.height:
        text = row.cells[0]  # texts that begin to the left of a centred title
    if text is not None and not has_words(text.text):
        text = None
    if _explains(row, draft, text):
        return TableLine(row, Draft(row=row), None)
    if not numbers and EXPLAINS_FOLDED.search(row.folded):
        text = None
    return TableLine(row, draft, text)


def _explains(row: Row, draft: Draft, text: Span | None) -> bool:
    """Whether the row's numbers only explain those of another: "Discount 2%, basis 75.00", "Freight: 3.00"."""
    first = draft.amount or draft.unit_price
    if first is None:
        return False
    before = row.text[: first.start].rstrip()
    if before.endswith(":"):
        return True
    if not EXPLAINS_FOLDED.search(row.folded) or (text is not None and draft.agrees()):
        return False
    # A discount that is taken off stands alone, below zero.
    return not (
        draft.amount is not None and draft.amount.value < 0 and draft.quantity is None and text is not None
    )


def _factors(row: Row, discount: list[Token]) -> Iterator[Decimal]:
    """What percentages in the row, and a number in the column of discounts, leave of a price."""
    under = re.match(r"(\d{1,2}(?:[.,]\d{1,2})?)\s?%?$", " ".join(token.text for token in discount))
    for match in (*re.finditer(r"(\d{1,2}(?:[.,]\d{1,2})?) ?%", row.text), *([under] if under else [])):
        percent = Decimal(match[1].replace(",", "."))
        if 0 < percent < 100:
            yield 1 - percent / 100


def _groups(row: Row, tokens: list[Token], amounts: list[Amount], head: Head) -> Iterator[list[Token]]:
    """Words that belong together: closer than columns are, no two numbers, none across the description's left edge."""
    owner = {id(t): i for i, a in enumerate(amounts) for t in row.within(a.start, a.end)}
    edge = next((c.left for c in head.named("description") if c.left > head.left), None)
    count = next((c for c in head.named("quantity") if edge is not None and c.right < edge), None)
    numeric = [c for c in head.columns if c.name in ("quantity", "unit_price", "amount")]
    if not any(a.cents for a in amounts):
        numeric = []  # a number among words
    group: list[Token] = []
    for token in tokens:
        if group:
            last = group[-1]
            apart = token.left - last.right > 0.8 * row.height
            one = owner.get(id(token)) is not None and owner.get(id(token)) == owner.get(id(last))
            number = bool(re.match(r"[-+€$£(]?\d", token.text))
            ended = bool(re.search(r"\d[%€$£)]?$|^[%€$£]$", last.text))
            begins = edge is not None and abs(token.left - edge) < 0.6 * row.height
            begins = begins and any(c.left < last.right and last.left < c.right for c in head.named("other"))
            counts = number and any(c.left < token.right and token.left < c.right for c in numeric)
            # "1 Green tea" under "Qty Description", where the titles stand as close.
            counted = count is not None and len(group) == 1 and bool(re.fullmatch(r"\d{1,3}[x×]?", last.text))
            counted = counted and edge is not None and last.right < edge + row.height
            far = token.left - last.right > 1.5 * row.height
            if far or ((apart or (number and ended) or begins or counts or counted) and not one):
                yield group
                group = []
        group.append(token)
    if group:
        yield group


def _column_of(group: list[Token], head: Head) -> Column:
    """The column under whose title the group stands; texts are left-aligned, numbers to the right or in the middle."""
    left, right = group[0].left, group[-1].right

    text = " ".join(token.text for token in group)
    counted = re.fullmatch(r"[x×]?\d[\d.,]*\s?[^\W\d_]{0,5}[\W_]*", text)
    wordy = not counted and bool(re.search(r"[^\W\d_]{3}", text)) and len(text) > 5

    def distance(column: Column) -> float:
        shared = min(right, column.right) - max(left, column.left)
        ends = min(
            abs(left - column.left), abs(right - column.right), abs((left + right) / 2 - column.middle)
        )
        # Where the titles of two columns stand over one another, words are names and numbers counts.
        other = 1.0 if (column.name == "description") != wordy else 0.0
        return ends - max(0.0, shared) + other

    choices = [c for c in head.columns if not wordy or c.name in ("description", "other", "quantity")]
    return min(choices or head.columns, key=distance)


def _span(row: Row, tokens: list[Token]) -> Span:
    return Span(row.page, row.index, tuple(sorted(tokens, key=lambda token: token.left)))


def _amount_in(row: Row, tokens: list[Token], amounts: list[Amount]) -> Amount | None:
    there = {id(token) for token in tokens}
    inside = [a for a in amounts if any(id(token) in there for token in row.within(a.start, a.end))]
    return inside[-1] if inside else None
