"""The sums that a document prints, what their labels call them, and what the arithmetic says about each.

A sum is a value with all the places that print it: a total is often printed twice (beside the payment, in the table of
rates), and that is evidence. For every sum there is one row of features; learned rankers tell from it how likely the
sum is the document's total, its subtotal or its tax.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.amounts import CENT, TOLERANCE, Amount, find_amounts, usual_decimal_mark
from automateiq_ocr.extraction.labelling import Labelling, Role, label_amounts
from automateiq_ocr.extraction.layout import Layout, Row
from automateiq_ocr.extraction.taxes import RateLines, find_rate_lines

ROUNDING = Decimal("0.05")  # cash totals are rounded to five cents in some countries
_PLAIN = 0.6  # a label from this score on says plainly what its amount is
_MOST = 14  # values of a role that are weighed against one another
_RATE = re.compile(r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,3})?)\s?%")

ROLES: tuple[Role, ...] = (
    "total",
    "plain",
    "partial",
    "due",
    "subtotal",
    "tax",
    "tax_sum",
    "tip",
    "rounding",
    "discount",
    "cash",
    "change",
    "payment",
)


@dataclass
class Sum:
    """A value and its places; `labels` says how plainly, 0 to 1, some label calls it by a role."""

    value: Decimal
    amounts: list[Amount] = field(default_factory=list)
    labels: dict[Role, float] = field(default_factory=dict)
    places: dict[Role, Amount] = field(default_factory=dict)

    def place(self, role: Role) -> Amount:
        """Where it is printed best in this role: beside the plainest label, else the last time."""
        return self.places.get(role) or self.amounts[-1]


@dataclass(frozen=True)
class Sums:
    """All sums of a document, from the first printed to the last."""

    layout: Layout
    sums: tuple[Sum, ...]
    labelling: Labelling

    @cached_property
    def by_rate(self) -> RateLines:
        """The taxes rate by rate."""
        return find_rate_lines(self.layout, self.labelling)

    def called(self, role: Role, least: float = _PLAIN) -> list[Decimal]:
        """The values that a label calls so, plainly."""
        found = [s.value for s in self.sums if s.labels.get(role, 0.0) >= least]
        return found[-_MOST:]

    @cached_property
    def rates(self) -> tuple[Decimal, ...]:
        """The rates of tax that are printed, as fractions."""
        found = {
            Decimal(match[1].replace(",", ".")) / 100
            for row in self.layout.rows
            for match in _RATE.finditer(row.text)
        }
        return tuple(sorted(rate for rate in found if 0 < rate < Decimal("0.4")))[:_MOST]

    @cached_property
    def rounded(self) -> dict[Decimal, Decimal]:
        """Totals that a rounding turns into another sum: "Total 87.08, Rounding 0.02, Net total 87.10".

        The habit of countries without one-cent coins; only the labels and the distance count, for the rounding itself
        is small print and often misread.
        """
        roundings = [row.index for row in self.layout.rows if vocabulary.ROUNDING.search(row.folded)]
        if not roundings:
            return {}
        totals = self._labelled("total")
        return {
            before.value: after.value
            for before, first in totals
            for after, last in (*totals, *self._labelled("subtotal"), *self._labelled("due"))
            if 0 < abs(before.value - after.value) < ROUNDING
            and after.value % ROUNDING == 0
            and any(first < row <= last for row in roundings)
        }

    def _labelled(self, role: Role) -> list[tuple[Sum, int]]:
        """The sums that a label plainly calls so, each with the row of that label."""
        return [(s, s.place(role).row.index) for s in self.sums if s.labels.get(role, 0.0) >= _PLAIN]

    @cached_property
    def last_plain(self) -> int:
        """The last row in which a sum is called the total and nothing else; -1 where none is."""
        return max((row for _, row in self._labelled("plain")), default=-1)

    @cached_property
    def listed(self) -> frozenset[Decimal]:
        """What the unlabelled amounts at the right add up to, from the first to any later one."""
        total, sums = Decimal(0), set()
        count = 0
        for row in self.layout.rows:
            last = self.labelling.amounts[row.index][-1:]
            if not last or self.labelling.roles.get(id(last[0])):
                continue
            if not re.search(r"[a-z]{2}|\d \S", row.folded):
                continue
            total += last[0].value
            count += 1
            if count > 1:
                sums.add(total)
        return frozenset(sums)


def find_sums(layout: Layout) -> Sums:
    """The sums of a document."""
    mark = usual_decimal_mark(layout)
    labelling = label_amounts(layout, {row.index: list(find_amounts(row, mark)) for row in layout.rows})
    sums: dict[Decimal, Sum] = {}
    for row in layout.rows:
        for amount in labelling.amounts[row.index]:
            entry = sums.setdefault(amount.value, Sum(amount.value))
            entry.amounts.append(amount)
            for role, score in labelling.roles.get(id(amount), {}).items():
                # Of equally plain labels the later one counts: totals stand late.
                if score >= entry.labels.get(role, 0.0):
                    entry.labels[role], entry.places[role] = score, amount
    return Sums(layout, tuple(sums.values()), labelling)


def features(sums: Sums) -> list[list[float]]:
    """One row of numbers for each sum: its labels, places, print, and the equations it takes part in."""
    facts = _Facts(sums)
    return [[*_labels(entry), *_place(entry, sums, facts), *_equations(entry, facts)] for entry in sums.sums]


class _Facts:
    """What is the same for all sums of a document."""

    def __init__(self, sums: Sums) -> None:
        self.sums = sums
        values = [entry.value for entry in sums.sums]
        self.values = frozenset(values)
        self.highest = max((abs(value) for value in values), default=Decimal(0)) or Decimal(1)
        self.ranked = sorted(values, reverse=True)
        self.rows = max(1, len(sums.layout.rows))
        self.edge = max((row.right for row in sums.layout.rows), default=0.0)
        self.called = {role: sums.called(role) for role in ROLES}
        self.called["subtotal"] = sums.called("subtotal", 0.4)
        self.taxes = [v for v in {*self.called["tax"], *self.called["tax_sum"]} if v]
        self.totals = [v for v in {*self.called["total"], *self.called["due"]} if v]
        self.roundings = [v for v in self.called["rounding"] if v and abs(v) < Decimal("0.1")]


def _labels(entry: Sum) -> list[float]:
    labels = entry.labels
    return [*(labels.get(role, 0.0) for role in ROLES), float(not labels)]


def _place(entry: Sum, sums: Sums, facts: _Facts) -> list[float]:
    layout = sums.layout
    rows = [amount.row for amount in entry.amounts]
    first, last = rows[0].index / facts.rows, rows[-1].index / facts.rows
    size = max(row.height for row in rows) / max(1e-6, layout.line_height)
    read = max(
        min(token.word.confidence for token in amount.row.within(amount.start, amount.end))
        for amount in entry.amounts
    )
    right = max(amount.right for amount in entry.amounts)
    return [
        first,
        last,
        min(size, 3.0),
        float(len(rows)),
        float(any(amount.mark for amount in entry.amounts)),
        float(any(amount.cents for amount in entry.amounts)),
        float(all(amount.unsure for amount in entry.amounts)),
        read,
        right / max(1e-6, facts.edge),
        float(layout.narrow),
        float(min(200, len(sums.sums))),
        float(_pages_from_end(rows, layout)),
    ]


def _pages_from_end(rows: Sequence[Row], layout: Layout) -> int:
    return layout.rows[-1].page - rows[-1].page


def _equations(entry: Sum, facts: _Facts) -> list[float]:
    value, called = entry.value, facts.called
    share = float(abs(value) / facts.highest)
    bigger = sum(1 for other in facts.totals if other > value)
    net_and_tax = any(
        _same(net + tax, value) for net in called["subtotal"] for tax in facts.taxes if net != value
    )
    any_net_and_tax = any(value - tax in facts.values and value != tax for tax in facts.taxes)
    net_of = any(_same(value + tax, total) for tax in facts.taxes for total in facts.totals if total != value)
    after_rounding = any(_same(value, other + sign * step, CENT / 2) for step in facts.roundings for sign in (1, -1)
                         for other in facts.values if other != value)  # fmt: skip
    paid = [cash - change for cash in (*called["cash"], *called["payment"]) for change in called["change"]]
    tips = [tip for tip in called["tip"] if tip]
    rates = facts.sums.rates
    return [
        share,
        float(value < 0),
        float(value == 0),
        float(facts.ranked.index(value)) / len(facts.ranked),
        float(min(5, bigger)),
        float(net_and_tax),
        float(any_net_and_tax),
        float(net_of),
        float(after_rounding),
        float(after_rounding and value % ROUNDING == 0),
        float(value % ROUNDING == 0),
        float(any(_same(value, sum_, CENT / 2) for sum_ in paid)),
        float(value in called["payment"] or value in called["cash"]),
        float(any(cash > value for cash in called["cash"])),
        float(value in facts.sums.listed),
        float(any(value - tip in facts.values for tip in tips if tip != value)),
        float(any(value + tip in facts.values for tip in tips)),
        float(any(value + off in facts.values or value - off in facts.values for off in called["discount"] if off)),
        float(_adds_two(value, facts.totals)),
        float(value == facts.sums.by_rate.gross),
        float(value == facts.sums.by_rate.tax),
        float(_adds_two(value, facts.taxes)),
        float(any(_is_printed(value * rate, facts) for rate in rates)),
        float(any(_is_printed(value * rate / (1 + rate), facts) for rate in rates)),
        float(any(_is_tax_at(value, rate, facts) for rate in rates)),
        float(bool(facts.totals)),
        float(bool(facts.taxes)),
        float(bool(called["subtotal"])),
    ]  # fmt: skip


def _same(one: Decimal, other: Decimal, slack: Decimal = TOLERANCE) -> bool:
    return abs(one - other) <= slack


def _adds_two(value: Decimal, parts: Iterable[Decimal]) -> bool:
    """Whether two others of these make it up: supplies at two rates, taxes at two rates."""
    known = [part for part in parts if part not in (value, 0)]
    return any(value - part in known and value != 2 * part for part in known)


def _is_printed(value: Decimal, facts: _Facts) -> bool:
    """Whether some sum is this one, to the cent; of too little nothing follows."""
    cents = value.quantize(CENT)
    return abs(cents) > Decimal("0.05") and cents in facts.values


def _is_tax_at(value: Decimal, rate: Decimal, facts: _Facts) -> bool:
    """Whether it is the tax, at this rate, of another sum."""
    if abs(value) <= Decimal("0.05"):
        return False
    return any(
        _same(other * rate, value, CENT) or _same(other * rate / (1 + rate), value, CENT)
        for other in facts.values
        if other != value
    )
