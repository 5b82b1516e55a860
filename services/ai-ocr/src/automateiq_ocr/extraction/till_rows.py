"""The lines of bills without column titles, above all of till receipts.

Tills print a name with its price at the right end; the count and the price of one stand in front of the name, or in
a row of their own under or over it ("2 x 3,50", "3 @ 6.49", "0,512 kg x 1,99 €/kg"), with or without the sum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.amounts import Amount, find_amounts, parse_number
from automateiq_ocr.extraction.column_titles import CARRIED_FOLDED
from automateiq_ocr.extraction.drafts import Draft, has_words
from automateiq_ocr.extraction.layout import Layout, Row, Span
from automateiq_ocr.extraction.totals import labelled

_TIMES = re.compile(
    r"(?<![\w.,])(?P<quantity>\d{1,4}(?:[.,]\d{1,3})?)\s*(?P<unit>[A-Za-zÀ-ÿ]{1,5}\.?\s*)?"
    r"(?P<sign>[x@*×X]|a|à|je|st\s?\*)\s*(?=[€$£]?\s?\d|[A-Z]{2,3}\s?\d)",
)
_LEADING = re.compile(r"^(?P<quantity>\d{1,3})\s*(?:[x×*X]\s*)?(?=[A-Za-zÀ-ÿ(])")
_TAX_CODE = re.compile(r"[\s*€$£#]*(?:[A-Z]{1,3}\d?|[*#]|\d ?%)?[\s*€$£)]*")


@dataclass
class _Times:
    row: Row
    quantity: tuple[Span, Decimal]
    price: Amount
    amount: Amount | None

    @property
    def product(self) -> Decimal:
        return self.quantity[1] * self.price.value


def read_rows(layout: Layout, decimal_mark: str | None, end: int | None) -> list[Draft]:
    """The priced rows before the totals, which begin at row `end`."""
    rows = layout.rows[: end if end is not None else len(layout.rows)]
    drafts: list[Draft] = []
    name: Row | None = None  # a row with words only, which may be the name of what follows
    waiting: _Times | None = None  # a count and a price over the name that they belong to
    for row in rows:
        times = _times(row, decimal_mark)
        if times is not None and not _named(row, times):
            if not _take_times(times, drafts, name):
                waiting = times
            name = None
            continue
        draft = _priced(row, decimal_mark)
        if draft is not None:
            if not draft.rows and name is not None and row.middle - name.middle < 3 * row.height:
                draft.rows = [Span(name.page, name.index, name.tokens)]
            if draft.rows:
                _explain(draft, times or waiting)
                drafts.append(draft)
            name = waiting = None
        else:
            name = row if _is_name(row) else None
    return drafts


def _times(row: Row, decimal_mark: str | None) -> _Times | None:
    match = _TIMES.search(row.text)
    parsed = parse_number(match["quantity"], decimal_mark) if match else None
    if match is None or parsed is None or not parsed[0]:
        return None
    after = [a for a in find_amounts(row, decimal_mark) if a.end > match.end() and a.cents]
    if not after:
        return None
    tokens = row.within(match.start("quantity"), match.end("quantity"))
    last = after[-1] if len(after) > 1 else None
    return _Times(row, (Span(row.page, row.index, tokens), parsed[0]), after[0], last)


def _named(row: Row, times: _Times) -> bool:
    """Whether the row of a count also names what is counted."""
    before = row.folded[: times.price.start]
    return bool(
        re.search(
            r"[a-z]{3,}", re.sub(r"(?<!\w)(?:stk|pcs|kg|each|ea|eur|usd|pce|unit|nos?)(?!\w)", "", before)
        )
    )


def _take_times(times: _Times, drafts: list[Draft], name: Row | None) -> bool:
    """Give a count and price to the line that they explain, or make one with the name above; False if to none yet."""
    amount = times.amount
    fits = amount is not None and abs(times.product - amount.value) <= Decimal("0.02")
    if (
        name is not None
        and amount is not None
        and fits
        and times.row.middle - name.middle < 3 * times.row.height
    ):
        span = Span(name.page, name.index, name.tokens)
        drafts.append(Draft([span], times.quantity, times.price, amount, row=times.row))
        return True
    return bool(drafts) and _explain(drafts[-1], times)


def _explain(draft: Draft, times: _Times | None) -> bool:
    """Take over count and price where their product is the line's amount."""
    if times is None or draft.amount is None or draft.quantity is not None:
        return False
    if abs(times.product - draft.amount.value) > Decimal("0.02"):
        return False
    draft.quantity, draft.unit_price = times.quantity, times.price
    return True


def _is_name(row: Row) -> bool:
    """Whether a row without a price can name goods: words, and none of those that totals and heads are made of."""
    folded = row.folded
    return (
        len(re.findall(r"[a-z]", folded)) >= 3
        and labelled(folded)[0] is None
        and not vocabulary.PAYMENT.search(folded)
        and not re.search(r"\d{1,2}[:/.]\d{2}[:/.]?\d|tel|fax|www|@|:\s", folded)
    )


def _priced(row: Row, decimal_mark: str | None) -> Draft | None:
    """A row with a price at its right end; its description may be empty where another row names the goods."""
    amounts = [a for a in find_amounts(row, decimal_mark) if a.cents]
    if not amounts or CARRIED_FOLDED.search(row.folded):
        return None
    amount = amounts[-1]
    label = row.folded[: amounts[0].start]
    if labelled(label)[0] is not None or vocabulary.PAYMENT.search(label) or vocabulary.CHANGE.search(label):
        return None
    if not _TAX_CODE.fullmatch(row.text[amount.end :]) or re.search(r"\d[:/]\d", label):
        return None
    draft = Draft(amount=amount, row=row)
    start = 0
    if leading := _LEADING.match(row.text):
        tokens = row.within(leading.start("quantity"), leading.end("quantity"))
        if tokens[0].text.rstrip("xX×*") == leading["quantity"]:
            draft.quantity = Span(row.page, row.index, tokens[:1]), Decimal(leading["quantity"])
            start = leading.end()
    if len(amounts) > 1:
        draft.unit_price = amounts[-2]
        _take_quantity(row, draft, amounts, decimal_mark)
    stop = min(a.start for a in (amounts[0], draft.unit_price or amounts[0]))
    counted = draft.quantity[0].tokens if draft.quantity else ()
    tokens = tuple(t for t in row.within(start, stop) if t not in counted)
    while tokens and not has_words(tokens[-1].text) and re.fullmatch(r"[\W\d]*[x×@*X]?|\W+", tokens[-1].text):
        if re.search(r"\d", tokens[-1].text) and not re.fullmatch(r"\d*[x×@*X]", tokens[-1].text):
            break
        tokens = tokens[:-1]
    while len(tokens) > 1 and re.fullmatch(r"\d{5,14}|\W+", tokens[0].text):
        tokens = tokens[1:]  # the code in front of the name
    if tokens and has_words(" ".join(t.text for t in tokens)):
        draft.rows = [Span(row.page, row.index, tokens)]
    elif not tokens or not re.search(r"[a-z]{2}", label):
        draft.rows = []
    return draft


def _take_quantity(row: Row, draft: Draft, amounts: list[Amount], decimal_mark: str | None) -> None:
    """The count among the numbers of a row: the one that makes the amount with one of the prices."""
    if draft.quantity is not None or draft.amount is None:
        return
    numbers = [a for a in find_amounts(row, decimal_mark) if a not in amounts and a.end <= draft.amount.start]
    for price in reversed(amounts[:-1]):
        for number in numbers:
            if number.value and abs(number.value * price.value - draft.amount.value) <= Decimal("0.02"):
                span = Span(row.page, row.index, row.within(number.start, number.end))
                draft.quantity, draft.unit_price = (span, number.value), price
                return
