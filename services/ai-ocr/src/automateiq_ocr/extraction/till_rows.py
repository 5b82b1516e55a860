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
from automateiq_ocr.extraction.column_titles import CARRIED_FOLDED, COUNT_FOLDED
from automateiq_ocr.extraction.drafts import Draft, has_words, is_code
from automateiq_ocr.extraction.labelling import labelled
from automateiq_ocr.extraction.layout import Layout, Row, Span

_TIMES = re.compile(
    r"(?<![\w.,])(?P<quantity>\d{1,4}(?:[.,]\d{1,3})?)\s*(?P<unit>[A-Za-zÀ-ÿ]{1,5}\.?\s*)?"
    r"(?P<sign>[@*×]|(?<![A-Za-z])[xX]|(?<=\s)(?:a|à|je)(?=\s)|st\s?\*)\s*(?=[€$£]?\s?\d|[A-Z]{2,3}\s?\d)",
)
_PRICE_TIMES = re.compile(r"(?P<price>\d{1,5}[.,]\d{2})\s*[x×*X]\s*(?P<quantity>\d{1,3})(?![.,\d])")
_LEADING = re.compile(r"^(?P<quantity>\d{1,3})(?:\s*(?:[x×*X]\s*)?(?=[A-Za-zÀ-ÿ(])|\s*[x×*X]\s*(?=\d{6}))")
_CONTACT = re.compile(r"(?<!\w)(?:tel|fax|phone|www|iban|reg)(?!\w)")
# What is added to the sum of the lines.
_CHARGE = re.compile(
    r"(?<!\w)(?:se?r?vi?c?e?\.? (?:charge|chrg|chg|chr)\w*|servicecharge|bedienung|rou?nd\w*|rnd)(?!\w)"
)
_TAX_CODE = re.compile(r"[\s*€$£#]*(?:[A-Za-z]{1,3}\d?|[*#]|\d(?: ?%)?)?[\s*€$£)]*")


@dataclass
class _Times:
    row: Row
    start: int  # in the row's text
    quantity: tuple[Span, Decimal]
    price: Amount
    amount: Amount | None

    def makes(self, amount: Amount | None) -> bool:
        """Whether count times price is this amount."""
        return amount is not None and abs(self.quantity[1] * self.price.value - amount.value) <= Decimal(
            "0.02"
        )


def read_rows(layout: Layout, decimal_mark: str | None, end: int | None) -> list[Draft]:
    """The priced rows before the totals, which begin at row `end`."""
    rows = layout.rows[: end if end is not None else len(layout.rows)]
    read = [_read(row, decimal_mark) for row in rows]
    below = _names_below(read)
    drafts: list[Draft] = []
    waiting: _Times | None = None  # a count and a price over the name that they belong to
    for index, (row, times, draft) in enumerate(read):
        if times is None and draft is None:
            continue
        name = None
        if times is not None or (draft is not None and not draft.rows):
            name = _name_near(read, index, 1 if below else -1)
        if times is not None and not _named(row, times):
            waiting = None if _take_times(times, drafts, name) else times
        elif draft is not None:
            draft.rows = draft.rows or (
                [Span(name.page, name.index, name.tokens)] if name is not None else []
            )
            if draft.rows:
                if times is not None and times.makes(draft.amount):
                    draft.rows = [_until(draft.rows[0], row, times.start)]
                    draft.quantity, draft.unit_price = times.quantity, times.price
                elif waiting is not None:
                    _explain(draft, waiting)
                drafts.append(draft)
            waiting = None
    return drafts


_Read = tuple[Row, "_Times | None", Draft | None]


def _read(row: Row, decimal_mark: str | None) -> _Read:
    times, draft = _times(row, decimal_mark), _priced(row, decimal_mark)
    if times is not None and draft is None and _named(row, times):
        times = None  # a name with the price of one, "Rice 10KG @53.50"
    return row, times, draft


def _nameless(read: _Read) -> bool:
    """Whether a row has a price of goods that another row names."""
    row, times, draft = read
    if times is not None and not _named(row, times):
        return times.amount is not None
    return draft is not None and not draft.rows


def _name_near(read: list[_Read], index: int, step: int) -> Row | None:
    """The row that names what is priced in row `index`: the next one before or after it, codes passed over."""
    row = read[index][0]
    for passed in range(1, 4):
        at = index + step * passed
        if not 0 <= at < len(read):
            return None
        other, times, draft = read[at]
        if (
            times is not None
            or draft is not None
            or abs(other.middle - row.middle) > 2 * passed * row.height + row.height
        ):
            return None
        if _is_name(other):
            return other
        if not is_code(other.text):
            return None
    return None


def _names_below(read: list[_Read]) -> bool:
    """Whether this till prints names under their prices.

    Then one is left under the last price and none over the first; where there are both, the nearer ones count.
    """
    nameless = [index for index, entry in enumerate(read) if _nameless(entry)]
    if not nameless or _name_near(read, nameless[-1], 1) is None:
        return False
    if _name_near(read, nameless[0], -1) is None:
        return True
    gaps: dict[int, float] = {-1: 0.0, 1: 0.0}
    for index in nameless:
        over, under = _name_near(read, index, -1), _name_near(read, index, 1)
        if over is not None and under is not None:
            row = read[index][0]
            gaps[-1] += row.middle - over.middle
            gaps[1] += under.middle - row.middle
    return gaps[1] < 0.9 * gaps[-1]


def _times(row: Row, decimal_mark: str | None) -> _Times | None:
    """ "3 x 5.90 [17.70]" or "5.90 x 3 [17.70]" somewhere in a row."""
    amounts = [
        a for a in find_amounts(row, decimal_mark) if re.search(r"[.,]\d{2}", row.text[a.start : a.end])
    ]
    for pattern, swapped in ((_PRICE_TIMES, True), (_TIMES, False)) if amounts else ():
        match = pattern.search(row.text)
        parsed = parse_number(match["quantity"], decimal_mark) if match else None
        if match is None or parsed is None or not parsed[0]:
            continue
        start = match.start("price") if swapped else match.end() - 1
        prices = [a for a in amounts if a.start <= start + 4 and a.end > start]
        if not prices:
            continue
        price = prices[0]
        after = [a for a in amounts if a.start >= max(price.end, match.end() - 1)]
        span = Span(row.page, row.index, row.within(match.start("quantity"), match.end("quantity")))
        return _Times(row, match.start(), (span, parsed[0]), price, after[-1] if after else None)
    return None


def _named(row: Row, times: _Times) -> bool:
    """Whether the row of a count also names what is counted."""
    before = row.folded[: times.start]
    return bool(
        re.search(
            r"[a-z]{3,}", re.sub(r"(?<!\w)(?:stk|pcs|kg|each|ea|eur|usd|pce|unit|nos?)(?!\w)", "", before)
        )
    )


def _take_times(times: _Times, drafts: list[Draft], name: Row | None) -> bool:
    """Give a count and price to the line that they explain, or make one with the name above; False if to none yet."""
    amount = times.amount
    if (
        name is not None
        and amount is not None
        and times.makes(amount)
        and times.row.middle - name.middle < 3 * times.row.height
    ):
        span = Span(name.page, name.index, name.tokens)
        drafts.append(Draft([span], times.quantity, times.price, amount, row=times.row))
        return True
    return bool(drafts) and _explain(drafts[-1], times)


def _explain(draft: Draft, times: _Times) -> bool:
    """Take over count and price where their product is the line's amount."""
    if draft.quantity is not None or not times.makes(draft.amount):
        return False
    draft.quantity, draft.unit_price = times.quantity, times.price
    return True


def _is_name(row: Row) -> bool:
    """Whether a row without a price can name goods: words, and none of those that totals and heads are made of."""
    folded = row.folded
    return (
        (len(re.findall(r"[^\W\d_]", folded)) >= 3 or has_words(folded))
        and not is_code(row.text)
        and not COUNT_FOLDED.search(folded)
        and labelled(folded)[0] is None
        and not vocabulary.PAYMENT.match(folded)
        and not re.search(
            r"\d{1,2}:\d{2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2}|\d{4}\s*(?:hrs|uhr|h)?\s*-\s*\d{4}\s*(?:hrs|uhr|h)|tel|fax|www|:\s|@[a-z]",
            folded,
        )
    )


def _until(span: Span, row: Row, stop: int) -> Span:
    """The part of a row's description before an offset in the row's text."""
    before = row.within(0, max(0, stop - 1))
    tokens = tuple(token for token in span.tokens if token in before)
    return Span(span.page, span.index, tokens) if tokens else span


def _priced(row: Row, decimal_mark: str | None) -> Draft | None:
    """A row with a price at its right end; its description may be empty where another row names the goods."""
    amounts = [
        a
        for a in find_amounts(row, decimal_mark)
        if a.cents or (a.mark and re.search(r"[.,]\d", row.text[a.start : a.end]))
    ]
    if not amounts or CARRIED_FOLDED.search(row.folded) or COUNT_FOLDED.search(row.folded):
        return None
    amount = amounts[-1]
    label = row.folded[: amounts[0].start]
    if (
        _CHARGE.search(label)
        or labelled(label)[0] is not None
        or vocabulary.PAYMENT.search(label)
        or vocabulary.CHANGE.search(label)
    ):
        return None
    if not _TAX_CODE.fullmatch(row.text[amount.end :]) or re.search(r"\d[:/]\d", label):
        return None
    if row.text[: amount.start].rstrip().endswith("@") or (not amount.value and len(amounts) == 1):
        return None  # the price of one, or nothing to pay
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
    while tokens and tokens[-1].text.startswith("@"):
        tokens = tokens[:-1]
    name = " ".join(t.text for t in tokens)
    if has_words(name) and (not is_code(name) or (draft.quantity is not None and name.isalpha())):
        draft.rows = [Span(row.page, row.index, tokens)]
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
