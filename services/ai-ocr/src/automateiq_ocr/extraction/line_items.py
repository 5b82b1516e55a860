"""The lines of an invoice's table, or of a receipt's list, and what the arithmetic says about them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from automateiq_ocr.extraction.amounts import Amount, find_amounts, normal
from automateiq_ocr.extraction.drafts import Draft
from automateiq_ocr.extraction.layout import Layout, Span, joined_field
from automateiq_ocr.extraction.models import Field, LineItem
from automateiq_ocr.extraction.table_rows import read_tables, without_empty
from automateiq_ocr.extraction.till_rows import read_rows
from automateiq_ocr.recognition.models import Box

_MOST = 2000  # lines of one document
_TOLERANCE = Decimal("0.02")


def find_line_items(layout: Layout, decimal_mark: str | None, end: int | None) -> tuple[LineItem, ...]:
    """The lines of the tables with a row of column titles, else the priced rows before the totals at row `end`."""
    drafts = without_empty(read_tables(layout, decimal_mark, end)) or without_empty(
        read_rows(layout, decimal_mark, end)
    )
    drafts = _before_sum(layout, drafts, end)
    return tuple(_item(layout, draft) for draft in drafts[:_MOST])


def _before_sum(layout: Layout, drafts: list[Draft], end: int | None) -> list[Draft]:
    """The lines before one that is their sum: a total whose label was not understood follows the lines that it sums.

    After a single line it is a total only if no total below says that both count.
    """
    below = {a.value for row in layout.rows[end or 0 :][:15] for a in find_amounts(row, None) if a.money}
    whole = sum((d.amount.value for d in drafts if d.amount is not None), Decimal(0))
    so_far = Decimal(0)
    for index, draft in enumerate(drafts):
        amount = draft.amount.value if draft.amount is not None else None
        counted = draft.quantity is not None and draft.unit_price is not None
        if index and amount and amount == so_far and not counted and (index > 1 or whole not in below):
            return drafts[:index]
        so_far += amount or Decimal(0)
    return drafts


def check_lines(items: Sequence[LineItem], sums: Iterable[Decimal]) -> tuple[LineItem, ...]:
    """The lines with the check `lines_sum` where their amounts add up to one of `sums` (subtotal, total)."""
    amounts = [Decimal(item.amount.value) for item in items if item.amount is not None]
    total = sum(amounts, Decimal(0))
    slack = max(_TOLERANCE, Decimal("0.005") * len(amounts))
    if not amounts or len(amounts) < len(items) or not any(abs(total - s) <= slack for s in sums):
        return tuple(items)

    def surer(field: Field | None) -> Field | None:
        if field is None:
            return None
        sure = (
            round(field.confidence + (0.99 - field.confidence) * 0.6, 3) if field.confidence < 0.99 else 0.99
        )
        return replace(field, confidence=sure, checks=(*field.checks, "lines_sum"))

    return tuple(replace(item, amount=surer(item.amount)) for item in items)


def _item(layout: Layout, draft: Draft) -> LineItem:
    agrees = draft.agrees()
    sure = 0.75 if agrees is None else 0.97 if agrees else 0.6
    checks = ("qty_times_price",) if agrees else ()
    doubts = ("qty_times_price_differs",) if agrees is False else ()

    def marked(field: Field | None) -> Field | None:
        return None if field is None else replace(field, checks=checks, doubts=doubts)

    quantity, rate = draft.quantity, draft.tax_rate
    return LineItem(
        description=joined_field(None, _together(layout, draft.rows), max(0.75, sure - 0.05)),
        quantity=marked(_number(*quantity, sure) if quantity else None),
        unit_price=marked(_money(draft.unit_price, sure)),
        amount=marked(_money(draft.amount, sure)),
        tax_rate=_number(*rate, 0.85) if rate else None,
    )


def _together(layout: Layout, spans: Sequence[Span]) -> list[Span]:
    """The spans, from the first on, that stand in their common box with no other words between them."""
    first = spans[0]
    tokens = list(first.tokens)
    while len(tokens) > 1 and not _alone(layout, [Span(first.page, first.index, tuple(tokens))]):
        tokens.pop()
    kept = [Span(first.page, first.index, tuple(tokens))]
    for span in spans[1:]:
        if len(tokens) < len(first.tokens) or not _alone(layout, [*kept, span]):
            break
        kept.append(span)
    return kept


def _alone(layout: Layout, spans: Sequence[Span]) -> bool:
    box = Box.around(token.word.box for span in spans for token in span.tokens)
    inside = [
        token.text
        for row in layout.rows[spans[0].index : spans[-1].index + 1]
        for token in row.tokens
        if box.x - 0.5 <= token.word.x + token.word.width / 2 <= box.right + 0.5
        and box.y - 0.5 <= token.word.y + token.word.height / 2 <= box.bottom + 0.5
    ]
    return " ".join(span.text for span in spans) in " ".join(inside)


def _money(amount: Amount | None, sure: float) -> Field | None:
    if amount is None:
        return None
    return amount.row.field(
        normal(amount.value), amount.start, amount.end, sure * (0.7 if amount.unsure else 1.0)
    )


def _number(span: Span, value: Decimal, sure: float) -> Field:
    digits = re.search(r"-?\d[\d.,]*\d|-?\d", span.text)
    start, end = digits.span() if digits else (0, len(span.text))
    return span.field(f"{value.normalize():f}", start, end, sure)
