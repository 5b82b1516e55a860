"""The lines and the taxes of an electronic invoice, looked up on the page row by row."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from automateiq_ocr.einvoice.checks import rate_times_base
from automateiq_ocr.einvoice.models import XmlLine, XmlTax
from automateiq_ocr.einvoice.placing import Pages, Place, letters_of
from automateiq_ocr.einvoice.settling import same, settle
from automateiq_ocr.extraction.amounts import normal
from automateiq_ocr.extraction.layout import Row
from automateiq_ocr.extraction.models import Field, LineItem, TaxLine

_ROWS_BELOW = 3
_FAR = 8  # rows; a line with many rows of explanation is no longer than that
_MOST_PLACES = 20  # of one value; an invoice of hundreds of equal lines is settled in their order
_MOST_LINES = 2_000  # beyond them lines are not looked for on the page


@dataclass(frozen=True, slots=True)
class _Anchor:
    """Where a line stands: its description, as a field where it is wrapped, and its amount; all may be missing."""

    description: Place | None = None
    amount: Place | None = None
    wrapped: Field | None = None

    @property
    def rows(self) -> tuple[int, int] | None:
        found = [place.row.index for place in (self.description, self.amount) if place is not None]
        return (min(found), max(found)) if found else None


def plain(value: Decimal) -> str:
    """A quantity or a rate: no more decimals than it needs."""
    return f"{value.normalize():f}"


class LineFinder:
    """Looks lines up in their order, so that equal ones find their own rows."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._rows = {row.index: row for row in pages.rows}
        self._used: dict[int, list[Place]] = defaultdict(list)  # by the row's index
        self._last = -1

    def items(self, lines: Sequence[XmlLine], own: Sequence[LineItem]) -> tuple[LineItem, ...]:
        """The lines; `own` are those that were read from the page."""
        left = list(own)
        found = []
        anchors = [self._anchor(line) for line in lines[:_MOST_LINES]]
        anchors += [_Anchor()] * (len(lines) - len(anchors))
        starts = sorted(anchor.rows[0] for anchor in anchors if anchor.rows)
        for line, anchor in zip(lines, anchors, strict=True):
            mine = _own_line(line, anchor, left)
            if mine is not None:
                left.remove(mine)
            found.append(self._item(line, anchor, self._near(anchor, starts), mine or LineItem()))
        return tuple(found)

    def taxes(self, taxes: Iterable[XmlTax]) -> tuple[TaxLine, ...]:
        """The taxes by rate, each looked up in a row that shows two of its three numbers."""
        return tuple(self._tax(tax) for tax in taxes)

    def _anchor(self, line: XmlLine) -> _Anchor:
        descriptions: list[Place | None] = [*self._free(self._pages.texts(line.description))]
        wrapped = None if descriptions else self._pages.wrapped(line.description)
        if wrapped is not None:
            descriptions = [wrapped[0]]
        amounts: list[Place | None] = []
        if line.amount is not None:
            amounts = [*self._free(self._pages.numbers(line.amount, money=True))]
        pairs = [(d, a) for d in descriptions for a in amounts if _apart(d, a) <= _FAR]
        if not pairs:
            # An amount alone may stand anywhere by chance; a description alone says where to look for more.
            pairs = [(d, None) for d in descriptions]
        if not pairs:
            return _Anchor()
        best = min(pairs, key=lambda pair: (self._backwards(*pair), _apart(*pair), _index(pair[0])))
        for place in best if wrapped is None else best[1:]:
            if place is not None:
                self._used[place.row.index].append(place)
        self._last = max(self._last, _index(best[0]))
        return _Anchor(*best, wrapped[1] if wrapped is not None else None)

    def _free(self, places: Sequence[Place]) -> list[Place]:
        """Some of the places that no earlier line has taken: those below the last line first."""
        start = bisect_right(places, self._last, key=_index)
        ordered = (places[at] for part in (range(start, len(places)), range(start)) for at in part)
        free = (place for place in ordered if not any(map(place.meets, self._used.get(place.row.index, ()))))
        return list(islice(free, _MOST_PLACES))

    def _backwards(self, *places: Place | None) -> bool:
        return any(place is not None and place.row.index < self._last for place in places)

    def _item(self, line: XmlLine, anchor: _Anchor, near: Sequence[Row], own: LineItem) -> LineItem:
        described_at = None if anchor.wrapped is not None else anchor.description
        taken = [place for place in (described_at, anchor.amount) if place is not None]

        def number(value: Decimal | None, mine: Field | None, text: str) -> Field | None:
            if value is None:
                return mine
            place = self._beside(value, near, anchor, taken)
            if _another_row_s(place, anchor, mine, text):
                place = None
            if place is not None:
                taken.append(place)
            return settle(text, mine, place.field(text) if place else None)

        def money(value: Decimal | None) -> str:
            return "" if value is None else normal(value)

        def brief(value: Decimal | None) -> str:
            return "" if value is None else plain(value)

        described = own.description
        if line.description:
            shown = described_at.field(line.description) if described_at else anchor.wrapped
            described = settle(line.description, own.description, shown)
        amount = own.amount
        if line.amount is not None:
            text, place = normal(line.amount), anchor.amount
            if _another_row_s(place, anchor, own.amount, text):
                place = None
            amount = settle(text, own.amount, place.field(text) if place else None)
        return LineItem(
            description=described,
            unit_price=number(line.unit_price, own.unit_price, money(line.unit_price)),
            tax_rate=number(line.tax_rate, own.tax_rate, brief(line.tax_rate)),
            quantity=number(line.quantity, own.quantity, brief(line.quantity)),
            amount=amount,
        )

    def _near(self, anchor: _Anchor, starts: Sequence[int]) -> list[Row]:
        """The rows of a line: from its first to its last and a few below, but none of the next line."""
        if anchor.rows is None:
            return []
        first, last = anchor.rows
        following = bisect_right(starts, last)
        end = starts[following] if following < len(starts) else last + _ROWS_BELOW + 1
        page = self._rows[first].page
        around = (self._rows.get(index) for index in range(first, min(end, last + _ROWS_BELOW + 1)))
        return [row for row in around if row is not None and row.page == page]

    def _beside(
        self, value: Decimal, near: Sequence[Row], anchor: _Anchor, taken: Sequence[Place]
    ) -> Place | None:
        free = [
            place
            for place in self._pages.numbers(value, near)
            if not any(place.meets(other) for other in taken)
        ]
        at = _index(anchor.amount or anchor.description)
        # Position numbers stand at the left, so of several the rightmost.
        return min(free, key=lambda place: (abs(place.row.index - at), -place.start), default=None)

    def _tax(self, tax: XmlTax) -> TaxLine:
        holds = rate_times_base(tax)
        checks = ("rate_times_base",) if holds else ()
        doubts = ("sum_differs",) if holds is False else ()
        numbers = [(tax.amount, 2), (tax.base, 1), (tax.rate, 0)]
        row = max(
            self._pages.rows,
            key=lambda row: sum(
                1 << weight
                for value, weight in numbers
                if value is not None and self._pages.numbers(value, [row])
            ),
            default=None,
        )
        shown = [
            self._pages.numbers(value, [row]) if value is not None and row is not None else []
            for value, _ in numbers
        ]
        if sum(map(bool, shown)) < 2:
            shown = [[], [], []]

        def field(value: Decimal | None, places: Sequence[Place], text: str) -> Field | None:
            if value is None:
                return None
            return settle(text, None, places[-1].field(text) if places else None, checks, doubts)

        amounts, bases, rates = shown
        return TaxLine(
            rate=field(tax.rate, rates[:1], "" if tax.rate is None else plain(tax.rate)),
            base=field(tax.base, bases, "" if tax.base is None else normal(tax.base)),
            amount=field(tax.amount, amounts, "" if tax.amount is None else normal(tax.amount)),
        )


def _index(place: Place | None) -> int:
    return place.row.index if place is not None else 0


def _apart(one: Place | None, other: Place | None) -> int:
    if one is None or other is None:
        return 0
    return abs(one.row.index - other.row.index) if one.row.page == other.row.page else _FAR + 1


def _another_row_s(place: Place | None, anchor: _Anchor, own: Field | None, text: str) -> bool:
    """Whether a number was found beside the line's own row, on which something else was read in its stead."""
    if place is None or anchor.description is None or own is None or same(own.value, text):
        return False
    return place.row.index != anchor.description.row.index


def _own_line(line: XmlLine, anchor: _Anchor, own: Sequence[LineItem]) -> LineItem | None:
    """The page's own line that this one is: by what it is called, else by where it stands."""
    wanted = letters_of(line.description)
    for item in own:
        if item.description is not None and wanted:
            letters = letters_of(item.description.value)
            if len(letters) > 2 and (letters in wanted or wanted in letters):
                return item
    if anchor.description is None:
        return None
    box = anchor.description.field("").box
    for item in own:
        there = item.description
        if there is None or there.box is None or box is None or there.page != anchor.description.row.page:
            continue
        if there.box.y <= box.y + box.height / 2 <= there.box.bottom:
            return item
    return None
