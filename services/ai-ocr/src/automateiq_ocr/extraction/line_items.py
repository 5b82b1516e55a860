"""The lines of an invoice's table, or of a receipt's list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.amounts import Amount, find_amounts, normal, parse_number
from automateiq_ocr.extraction.layout import Layout, Row, Span, Token, joined_field
from automateiq_ocr.extraction.models import Field, LineItem
from automateiq_ocr.extraction.totals import labelled

_QUANTITY = re.compile(r"^(\d{1,6}(?:[.,]\d{1,4})?|\d{1,3}(?:[.,' ]\d{3})+)$")
_TIMES = re.compile(
    r"^\W*(?P<quantity>\d{1,4}(?:[.,]\d{1,3})?)\s*(?:\w{1,4}\.?\s*)?(?P<sign>[x@*×]|a|à)\s*(?P<price>\S.*)$",
    re.IGNORECASE,
)
_LEADING = re.compile(r"^(?P<quantity>\d{1,3})\s*(?:[x×*]\s*)?(?=[A-Za-zÀ-ÿ(])")


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    left: float
    right: float

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


@dataclass
class _Draft:
    """A line in the making: description tokens row by row, and its numbers."""

    rows: list[Span] = field(default_factory=list)
    quantity: tuple[Span, Decimal] | None = None
    unit_price: Amount | None = None
    amount: Amount | None = None


def find_line_items(layout: Layout, decimal_mark: str | None, end: int | None) -> tuple[LineItem, ...]:
    """The lines of the tables with a row of column titles, else the priced rows before the totals at row `end`."""
    drafts: list[_Draft] = []
    table: tuple[_Column, ...] = ()
    headers = 0
    for row in layout.rows:
        columns = _columns(row)
        if columns:
            table, headers = _with_neighbours(layout, row, columns), headers + 1
            continue
        if table:
            if _ends_table(row, decimal_mark) or (
                end is not None and row.index >= end and headers == 1 and drafts
            ):
                table = ()
                continue
            _take_row(row, table, drafts, decimal_mark)
            if drafts:
                _complete(row, drafts[-1], decimal_mark)
    drafts = [draft for draft in drafts if draft.amount is not None or draft.unit_price is not None]
    if not drafts:
        drafts = list(_listed(layout, decimal_mark, end))
    return tuple(item for draft in drafts if (item := _item(draft)) is not None)


def _columns(row: Row) -> tuple[_Column, ...]:
    """The columns, when this row is one of column titles: a price or amount, one more, and hardly other words."""
    found: list[tuple[int, int, str]] = []
    for name in ("unit_price", "amount", "quantity", "description", "other"):
        for match in vocabulary.COLUMN[name].finditer(row.folded):
            if all(match.end() <= a or match.start() >= b for a, b, _ in found):
                found.append((match.start(), match.end(), name))
            elif longer := [
                f
                for f in found
                if match.start() <= f[0] and match.end() > f[1] and match.end() - match.start() > f[1] - f[0]
            ]:
                for shorter in longer:
                    found.remove(shorter)
                found.append((match.start(), match.end(), name))
    names = {name for _, _, name in found}
    if (
        not names & {"amount", "unit_price"}
        or len(names & {"description", "quantity", "unit_price", "amount"}) < 2
    ):
        return ()
    if not names & {"description", "quantity"} or re.search(r"\d[.,]\d{2}", row.text):
        return ()
    covered = sum(b - a for a, b, _ in found)
    letters = len(re.findall(r"[a-z]", row.folded))
    if covered < 0.55 * letters or len(row.cells) < 2:
        return ()
    columns = []
    for start, stop, name in sorted(found):
        tokens = row.within(start, stop)
        columns.append(_Column(name, tokens[0].left, tokens[-1].right))
    return _single(columns)


def _with_neighbours(layout: Layout, row: Row, columns: tuple[_Column, ...]) -> tuple[_Column, ...]:
    """Titles that stand in two rows: those of the rows next to it for what is still without a title."""
    names = {column.name for column in columns}
    more = list(columns)
    for other in (*layout.above(row, 1), *layout.below(row, 1)):
        if abs(other.middle - row.middle) > 2 * max(row.height, other.height) or re.search(r"\d", other.text):
            continue
        for cell in other.cells:
            for name in ("description", "quantity", "unit_price", "amount"):
                match = vocabulary.COLUMN[name].match(cell.folded)
                taken = any(
                    min(cell.right, c.right) > max(cell.left, c.left) and c.name != "other" for c in columns
                )
                if name not in names and match and len(cell.text) - match.end() < 3 and not taken:
                    more.append(_Column(name, cell.left, cell.right))
                    names.add(name)
                    break
    added = [column for column in more if column not in columns]
    more = [
        c
        for c in more
        if c.name != "other" or all(min(c.right, a.right) <= max(c.left, a.left) for a in added)
    ]
    return tuple(sorted(more, key=lambda column: column.left))


def _single(columns: list[_Column]) -> tuple[_Column, ...]:
    """One amount, the last; one description, the widest reach; one quantity and price, the first."""
    amounts = [column for column in columns if column.name == "amount"]
    price = next((column for column in columns if column.name == "unit_price"), None)
    if (
        len(amounts) > 1
        and price
        and amounts[0].left < price.left
        and all(c.name != "quantity" for c in columns)
    ):
        # "Amount ... Price ... Total": the first amount is that of the goods.
        columns = [_Column("quantity", c.left, c.right) if c is amounts[0] else c for c in columns]
    kept: list[_Column] = []
    for name in ("description", "quantity", "unit_price", "amount"):
        same = [column for column in columns if column.name == name]
        if same:
            chosen = same[-1] if name == "amount" else same[0]
            kept.append(chosen)
            kept += [_Column("other", c.left, c.right) for c in same if c is not chosen]
    kept += [column for column in columns if column.name == "other"]
    return tuple(sorted(kept, key=lambda column: column.left))


def _ends_table(row: Row, decimal_mark: str | None) -> bool:
    amounts = [a for a in find_amounts(row, decimal_mark) if a.money]
    if amounts:
        label = row.folded[: amounts[0].start]
        kind, score = labelled(label)
        starts = re.match(
            r"\W*(?:sub-?\s?total|total|summe|gesamt|net|zwischen|totaal|totale|amount due|vat|mwst|tva|tax)",
            label,
        )
        cells = [cell for cell in row.cells if re.search(r"[a-z]{3}", cell.folded)]
        return kind is not None and score > 0.6 and (bool(starts) or len(cells) <= 1) and len(amounts) <= 3
    kind, score = labelled(row.cells[-1].folded)
    return kind == "total" and score > 0.8 and len(row.text) < 25


def _take_row(row: Row, table: tuple[_Column, ...], drafts: list[_Draft], decimal_mark: str | None) -> None:
    left = min(column.left for column in table)
    tokens = [token for cell in row.cells for token in cell.tokens if cell.right > left - row.height]
    if not tokens or _carried(row):
        return
    placed = {column.name: [] for column in table if column.name != "other"}  # type: dict[str, list[Token]]
    for group in _groups(tokens, row.height):
        column = _column_of(group, table)
        if column is not None and column.name in placed:
            placed[column.name] += group
    draft = _Draft()
    whole = {name: _span(row, found) for name, found in placed.items() if found}
    for name in ("amount", "unit_price"):
        if name in whole and (amount := _amount_in(row, whole[name], decimal_mark)) is not None:
            setattr(draft, name, amount)
    if "quantity" in whole:
        draft.quantity = _quantity_in(whole["quantity"], decimal_mark)
    if "description" in whole and re.search(r"[^\W\d_]{2}", whole["description"].text):
        draft.rows.append(whole["description"])
    elif draft.amount is not None and (start := row.cells[0]).right <= left - row.height:
        # Texts that begin to the left of a centred title.
        draft.rows += [start] if re.search(r"[^\W\d_]{2}", start.text) else []
    explains = re.search(r"rabatt|discount|remise|preisbasis|preis ?:", row.folded) and draft.quantity is None
    if (
        draft.amount is not None or (draft.unit_price is not None and draft.quantity is not None)
    ) and not explains:
        drafts.append(draft)
    elif draft.rows and drafts and _continues(row, drafts[-1], draft):
        drafts[-1].rows += draft.rows


def _complete(row: Row, draft: _Draft, decimal_mark: str | None) -> None:
    """The amount of a line under no title, or one row lower: the number that is quantity times price."""
    if draft.amount is not None or draft.quantity is None or draft.unit_price is None:
        return
    product = draft.quantity[1] * draft.unit_price.value
    for amount in find_amounts(row, decimal_mark):
        same = amount.row.index == draft.unit_price.row.index and amount.start <= draft.unit_price.start
        near = not same and row.index - draft.unit_price.row.index <= 2
        if amount.cents and near and abs(amount.value - product) <= Decimal("0.02"):
            draft.amount = amount


def _carried(row: Row) -> bool:
    return bool(re.search(r"(?:carried|brought) forward|ubertrag|a reporter|page \d", row.folded))


def _groups(tokens: list[Token], height: float) -> Iterator[list[Token]]:
    """Words that belong together: closer than between two columns; a number begins its own group."""
    group: list[Token] = []
    for token in tokens:
        if group and token.left - group[-1].right > 0.8 * height:
            yield group
            group = []
        group.append(token)
    if group:
        yield group


def _column_of(group: list[Token], table: tuple[_Column, ...]) -> _Column | None:
    """The column under whose title the group stands; texts are left-aligned, numbers to the right or in the middle."""
    left, right = group[0].left, group[-1].right

    def distance(column: _Column) -> float:
        shared = min(right, column.right) - max(left, column.left)
        ends = min(
            abs(left - column.left), abs(right - column.right), abs((left + right) / 2 - column.middle)
        )
        return ends - max(0.0, shared)

    text = " ".join(token.text for token in group)
    wordy = bool(re.search(r"[^\W\d_]{3}", text)) and len(text) > 5
    choices = [c for c in table if not wordy or c.name in ("description", "other", "quantity")] or list(table)
    return min(choices, key=distance)


def _span(row: Row, tokens: list[Token]) -> Span:
    return Span(row.page, row.index, tuple(sorted(tokens, key=lambda token: token.left)))


def _amount_in(row: Row, span: Span, decimal_mark: str | None) -> Amount | None:
    amounts = [
        amount
        for amount in find_amounts(row, decimal_mark)
        if any(token in span.tokens for token in row.within(amount.start, amount.end))
    ]
    return amounts[-1] if amounts else None


def _quantity_in(span: Span, decimal_mark: str | None) -> tuple[Span, Decimal] | None:
    for token in span.tokens:
        match = re.match(r"-?\d[\d.,]*", token.text)
        if match and (
            match[0] == token.text or re.fullmatch(r"[A-Za-zÀ-ÿ²³.%]{1,6}", token.text[match.end() :])
        ):
            number = match[0].rstrip(".,")
            parsed = parse_number(number.lstrip("-"), decimal_mark)
            if parsed is not None:
                return Span(span.page, span.index, (token,)), -parsed[0] if number.startswith(
                    "-"
                ) else parsed[0]
    return None


def _continues(row: Row, before: _Draft, draft: _Draft) -> bool:
    """Whether a row with words only goes on with the description above it."""
    last = before.rows[-1] if before.rows else None
    if last is None or last.page != row.page or re.search(r"\w ?:(?: |$)", row.text):
        return False  # "Colour: red" is an attribute
    near = row.middle - last.middle < 1.75 * max(last.height, row.height)
    return near and draft.rows[0].height < 1.3 * last.height and draft.rows[0].left > last.left - row.height


def _listed(layout: Layout, decimal_mark: str | None, end: int | None) -> Iterator[_Draft]:
    """Rows with words to the left and a price at the right, as a till prints them, before the first total."""
    stop = end if end is not None else len(layout.rows)
    first = next((row.index for row in layout.rows[:stop] if _priced(row, decimal_mark)), None)
    if first is None:
        return
    draft: _Draft | None = None
    for row in layout.rows[first:stop]:
        priced = _priced(row, decimal_mark)
        times = _TIMES.match(row.text)
        if times and draft is not None and draft.quantity is None and not re.search(r"[A-Za-z]{3}", row.text):
            _take_times(row, times, draft, decimal_mark)
        elif priced:
            if draft is not None:
                yield draft
            draft = priced
    if draft is not None:
        yield draft


def _priced(row: Row, decimal_mark: str | None) -> _Draft | None:
    amounts = [a for a in find_amounts(row, decimal_mark) if a.cents]
    if not amounts:
        return None
    start, amount = 0, amounts[-1]
    label = row.folded[: amounts[0].start]
    kind, _ = labelled(label)
    paid = vocabulary.PAYMENT.search(label) or vocabulary.CHANGE.search(label)
    if (
        kind is not None
        or paid
        or not re.search(r"[a-z]{2}", label)
        or row.text[amount.end :].strip(" ABCDEFGTVXZ*€")
    ):
        return None
    draft = _Draft(amount=amount)
    if leading := _LEADING.match(row.text):
        tokens = row.within(leading.start("quantity"), leading.end("quantity"))
        if tokens[0].text.rstrip("xX×*") == leading["quantity"]:
            draft.quantity = Span(row.page, row.index, tokens[:1]), Decimal(leading["quantity"])
            start = leading.end()
    if len(amounts) > 1:
        draft.unit_price = amounts[-2]
    tokens = tuple(
        t
        for t in row.within(start, amounts[0].start)
        if not draft.quantity or t not in draft.quantity[0].tokens
    )
    while tokens and re.fullmatch(r"\W+", tokens[-1].text):
        tokens = tokens[:-1]
    draft.rows = [Span(row.page, row.index, tokens)] if tokens else []
    return draft


def _take_times(row: Row, times: re.Match[str], draft: _Draft, decimal_mark: str | None) -> None:
    """ "3 @ 6.49" under the line that it explains; kept only if it agrees with the line's amount."""
    parsed = parse_number(times["quantity"], decimal_mark)
    prices = [a for a in find_amounts(row, decimal_mark) if a.start >= times.start("price") and a.cents]
    if parsed is None or not prices or draft.amount is None:
        return
    if abs(parsed[0] * prices[0].value - draft.amount.value) <= Decimal("0.02"):
        tokens = row.within(times.start("quantity"), times.end("quantity"))
        draft.quantity, draft.unit_price = (Span(row.page, row.index, tokens), parsed[0]), prices[0]


def _item(draft: _Draft) -> LineItem | None:
    if not draft.rows:
        return None
    sure = 0.75
    price = draft.unit_price
    if draft.quantity and price is not None and draft.amount is not None:
        quantity = draft.quantity[1]
        agrees = abs(quantity * price.value - draft.amount.value) <= max(
            Decimal("0.02"), abs(quantity) * Decimal("0.005")
        )
        sure = 0.97 if agrees else 0.6
    elif (
        draft.quantity is None
        and price is not None
        and draft.amount is not None
        and price.value == draft.amount.value
    ):
        sure = 0.8
    return LineItem(
        description=joined_field(None, draft.rows, sure),
        quantity=_quantity(*draft.quantity, sure) if draft.quantity else None,
        unit_price=_money(price, sure),
        amount=_money(draft.amount, sure),
    )


def _money(amount: Amount | None, sure: float) -> Field | None:
    if amount is None:
        return None
    return amount.row.field(
        normal(amount.value), amount.start, amount.end, sure * (0.7 if amount.unsure else 1.0)
    )


def _quantity(span: Span, value: Decimal, sure: float) -> Field:
    digits = re.match(r"-?\d[\d.,]*\d|-?\d", span.text)
    end = digits.end() if digits else len(span.text)
    return span.field(f"{value.normalize():f}", 0, end, sure)
