"""How likely each sum is the total, the subtotal or the tax: what the rankers say, and what a few habits settle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from automateiq_ocr.extraction.ranking import ranker
from automateiq_ocr.extraction.sums import ROUNDING, Sum, Sums, features

# What a habit is worth, in the unit of log odds.
_AFTER_ROUNDING = 2.5
_SUMMED = -0.5
_SUM_OF_RATES = 2.0
_PAID_SO = 1.0
_OF_ONE_RATE = -5.0
_NEGATIVE = -3.0


@dataclass(frozen=True, slots=True)
class Odds:
    """A sum, and the log odds that it is what is looked for."""

    entry: Sum
    odds: float

    @property
    def value(self) -> Decimal:
        """The sum."""
        return self.entry.value


def all_odds(sums: Sums) -> dict[str, list[Odds]]:
    """For total, subtotal and tax: the sums with their odds, the likeliest first."""
    table = features(sums)
    odds = {name: _odds(sums, ranker(name).score(table)) for name in ("total", "subtotal", "tax")}
    odds["total"] = _after_payment(sums, _after_rounding(sums, odds["total"]))
    odds["tax"] = _with_sum_of_rates(sums, odds["tax"])
    return odds


def _odds(sums: Sums, chances: Sequence[float]) -> list[Odds]:
    """The likeliest sums first; of equally likely ones the later printed."""
    found = [
        Odds(entry, math.log(max(chance, 1e-4) / max(1 - chance, 1e-4)))
        for entry, chance in zip(sums.sums, chances, strict=True)
    ]
    found.reverse()
    return sorted(found, key=lambda one: one.odds, reverse=True)


def _after_rounding(sums: Sums, totals: list[Odds]) -> list[Odds]:
    """The sum after a printed rounding is the total, not the one before it."""
    steps = [
        (amount.row.index, abs(entry.value))
        for entry in sums.sums
        for amount in entry.amounts
        if entry.labels.get("rounding", 0.0) > 0.5 and 0 < abs(entry.value) <= ROUNDING
    ]
    likely = [one for one in totals if one.odds > -1.5]
    after = {
        id(rounded.entry)
        for index, step in steps
        for plain, rounded in product(likely, totals)
        if abs(plain.value - rounded.value) == step
        and rounded.value % ROUNDING == 0
        and any(amount.row.index < index for amount in plain.entry.amounts)
        and any(amount.row.index > index for amount in rounded.entry.amounts)
    }
    return [
        replace(one, odds=one.odds + _AFTER_ROUNDING) if id(one.entry) in after else one for one in totals
    ]


def _with_sum_of_rates(sums: Sums, taxes: list[Odds]) -> list[Odds]:
    """Of several taxes the one that the others add up to is the document's; else their sum is offered."""
    summed = sums.by_rate.tax
    if summed is None:
        return taxes
    if any(one.value == summed for one in taxes):
        taxes = [replace(one, odds=one.odds + _SUM_OF_RATES) if one.value == summed else one for one in taxes]
        return sorted(taxes, key=lambda one: one.odds, reverse=True)
    return [Odds(Sum(summed), _SUMMED), *taxes]


def _after_payment(sums: Sums, totals: list[Odds]) -> list[Odds]:
    """Cash less change is the total; cash that change was given on is not, nor is the total at one rate."""
    pairs = [
        (cash, cash - change)
        for cash in sums.called("cash")
        for change in sums.called("change")
        if change > 0
    ]
    shifts = {cash: -_PAID_SO for cash, _ in pairs} | {rest: _PAID_SO for _, rest in pairs}
    totals = [replace(one, odds=one.odds + shifts.get(one.value, 0.0)) for one in totals]
    if any(one.entry.labels.get("plain") and one.odds > 0 for one in totals):
        # Beside "Total payable", "Total 6% supplies" is that of one rate.
        totals = [
            replace(one, odds=one.odds + _OF_ONE_RATE) if is_partial(one.entry) else one for one in totals
        ]
    if 2 * sum(one.value < 0 for one in totals) < len(totals):
        # Only where most is given back the total is negative; else it is a discount or a payment.
        totals = [replace(one, odds=one.odds + _NEGATIVE) if one.value < 0 else one for one in totals]
    return sorted(totals, key=lambda one: one.odds, reverse=True)


def is_partial(entry: Sum) -> bool:
    """Whether its label makes it the total at one rate."""
    return entry.labels.get("partial", 0.0) > entry.labels.get("plain", 0.0)
