"""The rows of a table of items, read into drafts of its lines."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

from automateiq_ocr.extraction.amounts import find_amounts
from automateiq_ocr.extraction.column_titles import CARRIED_FOLDED, COUNT_FOLDED, SECTION_FOLDED
from automateiq_ocr.extraction.columns import Head, find_head, is_other_head
from automateiq_ocr.extraction.drafts import Draft, has_words
from automateiq_ocr.extraction.labelling import labelled
from automateiq_ocr.extraction.layout import Layout, Row, Span
from automateiq_ocr.extraction.table_cells import TableLine, read_line
from automateiq_ocr.extraction.table_names import (
    is_bare,
    names_above,
    right_edge,
    texts_above,
    texts_below,
    without_code,
    wrapped_above,
)

_GROUPS = 15  # rows before the totals in which sums of groups of lines may stand


def read_tables(layout: Layout, decimal_mark: str | None, end: int | None) -> list[Draft]:
    """The lines of all the tables of items; a head that is repeated on the next page goes on with the table.

    `end` is the row at which the totals begin, as far as they are known.
    """
    drafts: list[Draft] = []
    head: Head | None = None
    lines: list[TableLine] = []
    heads = index = 0
    while index < len(layout.rows):
        row = layout.rows[index]
        index += 1
        if (found := find_head(layout, row)) is not None:
            if head is not None:
                drafts += _items(lines, head)
            head, lines, heads, index = found, [], heads + 1, found.end
            continue
        if head is None:
            continue
        totals = (
            end is not None
            and head.end <= end <= row.index  # a sum may also stand over the table: "Balance due"
            and heads == 1
            and bool(drafts or any(x.anchor for x in lines))
        )
        match _ends(row, decimal_mark, totals, end is not None and end - _GROUPS <= row.index < end):
            case "table":
                drafts += _items(lines, head)
                head, lines = None, []
            case "row":
                pass
            case _ if (line := read_line(row, head, decimal_mark)) is not None:
                lines.append(line)
    return drafts + (_items(lines, head) if head is not None else [])


def _ends(row: Row, decimal_mark: str | None, totals: bool, before_totals: bool) -> str:
    """ "table" where the row ends it, "row" where it is only to be passed over, else ""."""
    if totals or is_other_head(row) or (len(row.cells) == 1 and SECTION_FOLDED.fullmatch(row.folded)):
        return "table"
    if CARRIED_FOLDED.search(row.folded) or COUNT_FOLDED.search(row.folded):
        return "row"
    amounts = [a for a in find_amounts(row, decimal_mark) if a.money]
    if not amounts:
        kind, score = labelled(row.cells[-1].folded)
        return "table" if kind == "total" and score > 0.8 and len(row.text) < 25 else ""
    label = row.folded[: amounts[0].start]
    kind, score = labelled(label)
    starts = re.match(
        r"\W*(?:sub-?\s?total|sous-total|total|summe|gesamt|net|zwischen|totaal|totale|amount due|balance|vat|mwst|tva"
        r"|tax|iva|btw|ust|steuer|rechnungs|base|imponibile|suma)",
        label,
    )
    worded = [cell for cell in row.cells if re.search(r"[a-z]{3}", cell.folded)]
    if kind is None or score <= 0.6 or not (starts or len(worded) <= 1) or len(amounts) > 3:
        return ""
    if re.match(r"\W*\d", label) and not starts:
        return ""  # "3 Total Care shampoo 9.00" has a number before it
    # The sum of a group of lines, where the totals of the whole stand further down.
    return "row" if before_totals else "table"


def _items(lines: list[TableLine], head: Head) -> list[Draft]:
    """The table's lines with their descriptions, which may stand beside, under or over the numbers."""
    _late_amounts(lines)
    for line in lines:
        if line.anchor:
            _find_quantity(line.draft)
    _choose_amounts([line.draft for line in lines if line.anchor], len(head.named("amount")))
    anchors = [index for index, line in enumerate(lines) if line.anchor]
    if not anchors:
        return []
    edge = right_edge(lines, head)
    bare = [i for i in anchors if is_bare(lines[i]) or head.description_below]
    if len(bare) * 2 > len(anchors):
        edge = float("inf")  # nothing stands beside the names
        for line in lines:
            line.text = line.text or (line.aside if line.aside and has_words(line.aside.text) else None)
    above = len(bare) * 2 > len(anchors) and not head.description_below and names_above(lines, anchors, edge)
    for number, index in enumerate(anchors):
        line = lines[index]
        own = line.text if not head.description_below and not is_bare(line) else None
        stop = anchors[number + 1] if number + 1 < len(anchors) else len(lines)
        begin = anchors[number - 1] + 1 if number else 0
        spans = [own] if own is not None else []
        if above:
            spans = [*texts_above(lines, begin, index, edge), *spans]
        else:
            if own is not None:
                spans = [*wrapped_above(lines, begin, index, edge), *spans]
            spans += texts_below(lines, index, stop, spans, edge)
            if not spans and line.text is not None:
                spans = [line.text]
        line.draft.rows = spans
    return [lines[index].draft for index in anchors]


def _late_amounts(lines: list[TableLine]) -> None:
    """An amount that stands alone in the row under its line, or under no title, belongs to the line above."""
    for before, line in pairwise(lines):
        draft, late = before.draft, line.draft
        if draft.amount is None and before.anchor and late.amount is not None and late.unit_price is None:
            if draft.agrees(late.amount) is False:
                continue
            draft.amount, line.draft = late.amount, Draft(row=line.row)
    for index, line in enumerate(lines):
        if line.draft.amount is None and line.anchor:
            for row in (line.row, *(other.row for other in lines[index + 1 : index + 3] if not other.anchor)):
                fits = [a for a in find_amounts(row, None) if a.cents and line.draft.agrees(a)]
                if fits and fits[-1] != line.draft.unit_price:
                    line.draft.amount = fits[-1]
                    break


def _find_quantity(draft: Draft) -> None:
    """A count without a title: the number of the row that makes the amount with the price."""
    if (
        draft.quantity is not None
        or draft.unit_price is None
        or draft.amount is None
        or not draft.amount.value
    ):
        return
    row = draft.amount.row
    for number in find_amounts(row, None):
        tried = replace(
            draft, quantity=(Span(row.page, row.index, row.within(number.start, number.end)), number.value)
        )
        if number.end <= draft.amount.start and number.start != draft.unit_price.start and tried.agrees():
            draft.quantity = tried.quantity
            return


def _choose_amounts(drafts: list[Draft], columns: int) -> None:
    """Of several columns of amounts (net, gross) the one that most often is quantity times price, else the last."""
    if columns < 2:
        return
    full = [draft for draft in drafts if len(draft.amounts) == columns]
    fits = [sum(bool(d.agrees(d.amounts[i])) for d in full) for i in range(columns)]
    best = max(range(columns), key=lambda i: (fits[i], i))
    for draft in full:
        draft.amount = draft.amounts[best]


def without_empty(drafts: list[Draft]) -> list[Draft]:
    """The lines that say what and how much; a code in front of the name is left out where words follow it."""
    return [replace(draft, rows=without_code(draft.rows)) for draft in drafts if draft.rows]
