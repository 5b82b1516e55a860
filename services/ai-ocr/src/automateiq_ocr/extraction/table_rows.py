"""The rows of a table of items, read into drafts of its lines."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from automateiq_ocr.extraction.amounts import Amount, find_amounts
from automateiq_ocr.extraction.column_titles import (
    CARRIED_FOLDED,
    COUNT_FOLDED,
    EXPLAINS_FOLDED,
    SECTION_FOLDED,
)
from automateiq_ocr.extraction.columns import Column, Head, find_head, is_other_head
from automateiq_ocr.extraction.drafts import Draft, has_words, quantity_in, rate_in
from automateiq_ocr.extraction.layout import Layout, Row, Span, Token
from automateiq_ocr.extraction.totals import labelled

_MOST_WRAPPED = 6  # rows that one description may take
_ATTRIBUTE = re.compile(r"[^\W\d][\w .()/-]* ?:(?: |$)")  # "Colour: red", "Origin:"
_CODE = re.compile(r"[\W\d]*(?:\((?:gtin|ean|gln|sku|art\.?|isbn)\)|(?:gtin|ean|sku|isbn|fsn|wid)\W.*)?")


@dataclass
class _Line:
    """A row of the table: what stands in which column."""

    row: Row
    draft: Draft
    text: Span | None  # in the column of the description

    @property
    def anchor(self) -> bool:
        """Whether the row has the numbers of an item."""
        return self.draft.amount is not None or (
            self.draft.unit_price is not None and self.draft.quantity is not None
        )


def read_tables(layout: Layout, decimal_mark: str | None, end: int | None) -> list[Draft]:
    """The lines of all the tables of items; a head that is repeated on the next page goes on with the table.

    `end` is the row at which the totals begin, as far as they are known.
    """
    drafts: list[Draft] = []
    head: Head | None = None
    lines: list[_Line] = []
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
            and row.index >= end
            and heads == 1
            and bool(drafts or any(x.anchor for x in lines))
        )
        match _ends(row, decimal_mark, totals, row.index < (end or 0)):
            case "table":
                drafts += _items(lines, head)
                head, lines = None, []
            case "row":
                pass
            case _ if (line := _line(row, head, decimal_mark)) is not None:
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
    return "row" if kind == "subtotal" and before_totals else "table"


# --- one row ---


def _line(row: Row, head: Head, decimal_mark: str | None) -> _Line | None:
    tokens = [token for cell in row.cells if cell.right > head.left - row.height for token in cell.tokens]
    if not tokens:
        return None
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
        return _Line(row, Draft(row=row), None)
    if not numbers and EXPLAINS_FOLDED.search(row.folded):
        text = None
    return _Line(row, draft, text)


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
    edge = next((c.left for c in head.named("description")), None)
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
            begins = (
                edge is not None
                and abs(token.left - edge) < 0.6 * row.height
                and last.left < edge - row.height
            )
            counts = number and any(c.left < token.right and token.left < c.right for c in numeric)
            if (apart or (number and ended) or begins or counts) and not one:
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


# --- rows to lines ---


def _items(lines: list[_Line], head: Head) -> list[Draft]:
    """The table's lines with their descriptions, which may stand beside, under or over the numbers."""
    _late_amounts(lines)
    for line in lines:
        if line.anchor:
            _find_quantity(line.draft)
    _choose_amounts([line.draft for line in lines if line.anchor], len(head.named("amount")))
    anchors = [index for index, line in enumerate(lines) if line.anchor]
    if not anchors:
        return []
    edge = _right_edge(lines, head)
    bare = [i for i in anchors if lines[i].text is None or head.description_below]
    if len(bare) * 2 > len(anchors):
        edge = float("inf")  # nothing stands beside the names
    above = len(bare) * 2 > len(anchors) and not head.description_below and _names_above(lines, anchors, edge)
    for number, index in enumerate(anchors):
        line = lines[index]
        own = line.text if not head.description_below else None
        stop = anchors[number + 1] if number + 1 < len(anchors) else len(lines)
        begin = anchors[number - 1] + 1 if number else 0
        spans = [own] if own is not None else []
        if above:
            spans = [*_texts_above(lines, begin, index, edge), *spans]
        else:
            if own is not None:
                spans = [*_wrapped_above(lines, begin, index, edge), *spans]
            spans += _texts_below(lines, index, stop, spans, edge)
            if not spans and line.text is not None:
                spans = [line.text]
        line.draft.rows = spans
    return [lines[index].draft for index in anchors]


def _late_amounts(lines: list[_Line]) -> None:
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


def _right_edge(lines: list[_Line], head: Head) -> float:
    """Where the column to the right of the descriptions begins: a text that runs beyond it is no description."""
    edge = next(iter(head.named("description")), None)
    rights = [column.left for column in head.columns if edge is not None and column.left > edge.right]
    numbers = []
    for line in lines:
        spans = [
            a.row.within(a.start, a.end)[0].left for a in (line.draft.unit_price, line.draft.amount) if a
        ]
        spans += [line.draft.quantity[0].left] if line.draft.quantity else []
        if line.anchor and line.text is not None:
            numbers += (
                [min(left for left in spans if left > line.text.left)] if max(spans) > line.text.left else []
            )
    return min([*rights, *([statistics.median_low(numbers)] if numbers else [])], default=float("inf"))


def _is_text(line: _Line, edge: float) -> bool:
    """Whether a row without numbers can be part of a description: no attribute, no code, no running text."""
    return (
        line.text is not None
        and not line.anchor
        and not _ATTRIBUTE.match(line.text.text)
        and not _CODE.fullmatch(line.text.folded)
        and line.text.right <= edge + 0.5 * line.row.height
    )


def _texts_below(lines: list[_Line], index: int, stop: int, spans: list[Span], edge: float) -> list[Span]:
    taken: list[Span] = []
    last: Span = spans[-1] if spans else lines[index].row
    limit = 1.75 if spans else 2.2
    for line in lines[index + 1 : min(stop, index + 1 + _MOST_WRAPPED)]:
        text = line.text
        if line.row.page != last.page or line.row.middle - last.middle > limit * max(
            last.height, line.row.height
        ):
            break
        if text is None:
            if spans or taken or has_words(line.row.text):
                break
            last = line.row
            continue
        named = bool(spans or taken)
        if (named and not _is_text(line, edge)) or line.anchor or text.height > 1.3 * last.height:
            break
        if (spans or taken) and text.left < (spans or taken)[0].left - line.row.height:
            break
        if not spans and taken and not _goes_on(taken[-1], text):
            break
        taken.append(text)
        last = text
    if (
        stop < len(lines)
        and taken
        and len(taken) < stop - index
        and _nearer_to_next(lines, index, stop, taken)
    ):
        taken = taken[:-1]
    return taken


def _goes_on(before: Span, text: Span) -> bool:
    """Whether a name that stands under its numbers goes on in the next row: only what breaks off does."""
    return (
        bool(re.search(r"[,&-]$|\b(?:and|und|et|y|of|with|mit|für|for)$", before.text))
        or text.text[:1].islower()
    )


def _nearer_to_next(lines: list[_Line], index: int, stop: int, taken: list[Span]) -> bool:
    """Whether the last text stands closer to the next line's numbers than to what is above it."""
    last, next_row = taken[-1], lines[stop].row
    above = taken[-2] if len(taken) > 1 else lines[index].row
    return next_row.page == last.page and next_row.middle - last.middle < 0.75 * (last.middle - above.middle)


def _wrapped_above(lines: list[_Line], begin: int, index: int, edge: float) -> list[Span]:
    """The rows of a description whose numbers stand beside its middle: close above, with a wider gap before them."""
    taken: list[Span] = []
    row: Span = lines[index].row
    for at in range(index - 1, begin - 1, -1):
        line = lines[at]
        if not _is_text(line, edge) or line.text is None or line.row.page != row.page:
            break
        gap = row.middle - line.row.middle
        before = lines[at - 1].row if at else None
        wider = (
            before is not None
            and before.page == line.row.page
            and line.row.middle - before.middle > gap / 0.75
        )
        if gap > 1.75 * row.height:
            break
        taken.insert(0, line.text)
        row = line.row
        if wider:
            return taken
    return []


def _names_above(lines: list[_Line], anchors: list[int], edge: float) -> bool:
    """Whether names stand over their numbers: there is one over the first, and none is left under the last."""
    over = anchors[0] > 0 and _is_text(lines[anchors[0] - 1], edge)
    under = anchors[-1] + 1 < len(lines) and _is_text(lines[anchors[-1] + 1], edge)
    return over and not under


def _texts_above(lines: list[_Line], begin: int, index: int, edge: float) -> list[Span]:
    taken: list[Span] = []
    row: Span = lines[index].row
    for at in range(index - 1, begin - 1, -1):
        line = lines[at]
        if not _is_text(line, edge) or line.text is None or line.row.page != row.page or len(taken) >= 3:
            break
        if row.middle - line.row.middle > 2.2 * max(row.height, line.row.height):
            break
        taken.insert(0, line.text)
        row = line.row
    return taken


def without_empty(drafts: list[Draft]) -> list[Draft]:
    """The lines that say what and how much; a code in front of the name is left out where words follow it."""
    return [replace(draft, rows=_without_code(draft.rows)) for draft in drafts if draft.rows]


def _without_code(rows: list[Span]) -> list[Span]:
    first = rows[0]
    tokens = first.tokens
    while (
        len(tokens) > 1
        and re.fullmatch(r"\d{5,14}|\W+", tokens[0].text)
        and has_words(" ".join(t.text for t in tokens[1:]))
    ):
        tokens = tokens[1:]
    return [Span(first.page, first.index, tokens), *rows[1:]]
