"""Subtotal, tax and total: one choice for all three, by how likely each sum is each of them, under the arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from automateiq_ocr.extraction.amounts import CENT, TOLERANCE
from automateiq_ocr.extraction.labelling import Role, labelled
from automateiq_ocr.extraction.layout import Layout, Row
from automateiq_ocr.extraction.models import Field, TaxLine
from automateiq_ocr.extraction.ranking import ranker
from automateiq_ocr.extraction.repairs import with_repairs
from automateiq_ocr.extraction.sums import Sum, Sums, features, find_sums

__all__ = ["Totals", "find_totals", "labelled"]

_ROUNDING = Decimal("0.05")  # cash totals are rounded to five cents in some countries
_WEIGHED = 7  # sums of a role that are weighed against one another
# What the arithmetic is worth, in the unit of log odds.
_ADDS_UP = 3.0
_ADDS_UP_ROUNDED = 1.5
_IS_RATE = 1.0
_AFTER_ROUNDING = 2.5
_CONTRADICTS = -1.5
_IMPOSSIBLE = -4.0
_PAYMENTS: tuple[Role, ...] = ("cash", "payment")
_SUMMED = -0.5
_PAID_SO = 1.0
_OF_ONE_RATE = -2.0
# A sum in a sentence, which no label calls anything, is a total only if much else says so.
_LEAST_LABELLED = -2.5
_LEAST_BARE = 0.5


@dataclass(frozen=True, slots=True)
class Totals:
    """What was chosen. `proven` when subtotal and tax add up to the total."""

    subtotal: Field | None = None
    tax: Field | None = None
    tip: Field | None = None
    rounding: Field | None = None
    total: Field | None = None
    amount_due: Field | None = None
    taxes: tuple[TaxLine, ...] = ()
    total_row: Row | None = None
    first_row: int | None = None  # the first row of the block of totals
    proven: bool = False
    paid: bool = False  # a payment is printed


@dataclass(frozen=True, slots=True)
class _Odds:
    """A sum, and the log odds that it is what is looked for."""

    entry: Sum
    odds: float

    @property
    def value(self) -> Decimal:
        return self.entry.value


@dataclass(frozen=True, slots=True)
class _Choice:
    total: _Odds | None = None
    subtotal: _Odds | None = None
    tax: _Odds | None = None
    checks: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    score: float = 0.0


def find_totals(layout: Layout, lines: Iterable[Decimal] = ()) -> Totals:
    """The best set of subtotal, tax and total; `lines` are the amounts of the line items, where known."""
    sums = with_repairs(find_sums(layout))
    if not sums.sums:
        return Totals()
    table = features(sums)
    odds = {name: _odds(sums, ranker(name).score(table)) for name in ("total", "subtotal", "tax")}
    odds["total"] = _after_payment(sums, _after_rounding(sums, odds["total"]))
    if (by_rate := sums.by_rate.tax) is not None:
        # Where no sum of the taxes is printed, or illegible.
        odds["tax"].insert(0, _Odds(Sum(by_rate), _SUMMED))
    choice = _choose(sums, odds)
    return _totals(sums, choice, odds["total"], sum(lines, Decimal(0)))


def _odds(sums: Sums, chances: Sequence[float]) -> list[_Odds]:
    """The likeliest sums first; of equally likely ones the later printed."""
    found = [
        _Odds(entry, math.log(max(chance, 1e-4) / max(1 - chance, 1e-4)))
        for entry, chance in zip(sums.sums, chances, strict=True)
    ]
    found.reverse()
    return sorted(found, key=lambda one: one.odds, reverse=True)


def _after_rounding(sums: Sums, totals: list[_Odds]) -> list[_Odds]:
    """The sum after a printed rounding is the total, not the one before it."""
    steps = [
        (amount.row.index, abs(entry.value))
        for entry in sums.sums
        for amount in entry.amounts
        if entry.labels.get("rounding", 0.0) > 0.5 and 0 < abs(entry.value) <= _ROUNDING
    ]
    likely = [one for one in totals if one.odds > -1.5]
    after = {
        id(rounded.entry)
        for index, step in steps
        for plain, rounded in product(likely, totals)
        if abs(plain.value - rounded.value) == step
        and rounded.value % _ROUNDING == 0
        and any(amount.row.index < index for amount in plain.entry.amounts)
        and any(amount.row.index > index for amount in rounded.entry.amounts)
    }
    return [
        replace(one, odds=one.odds + _AFTER_ROUNDING) if id(one.entry) in after else one for one in totals
    ]


def _after_payment(sums: Sums, totals: list[_Odds]) -> list[_Odds]:
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
            replace(one, odds=one.odds + _OF_ONE_RATE) if _partial(one.entry) else one for one in totals
        ]
    return sorted(totals, key=lambda one: one.odds, reverse=True)


def _choose(sums: Sums, odds: dict[str, list[_Odds]]) -> _Choice:
    best = _Choice(score=-math.inf)
    subtotals: list[_Odds | None] = [None, *(one for one in odds["subtotal"][:_WEIGHED] if one.odds > -4.0)]
    taxes: list[_Odds | None] = [None, *(one for one in odds["tax"][:_WEIGHED] if one.odds > -4.0)]
    for total, subtotal, tax in product(odds["total"][:_WEIGHED], subtotals, taxes):
        choice = _weighed(sums, total, subtotal, tax)
        if choice.score > best.score:
            best = choice
    return best


def _weighed(sums: Sums, total: _Odds, subtotal: _Odds | None, tax: _Odds | None) -> _Choice:
    score = total.odds + sum(one.odds for one in (subtotal, tax) if one is not None)
    checks: list[str] = []
    doubts: list[str] = []
    if tax is not None and (
        abs(tax.value) >= abs(total.value) > 0 or (tax.entry is total.entry and tax.value)
    ):
        score += _IMPOSSIBLE
    if subtotal is not None and tax is not None:
        difference = abs(subtotal.value + tax.value - total.value)
        if difference <= TOLERANCE:
            # The total at one rate adds up too, and is not the document's.
            score += 0.3 if _partial(total.entry) or not tax.value else _ADDS_UP
            checks.append("net_plus_tax")
        elif difference <= _ROUNDING + TOLERANCE and total.value % _ROUNDING == 0:
            score += _ADDS_UP_ROUNDED
            checks.append("net_plus_tax")
        elif subtotal.value != total.value and not _of_one_rate(sums, tax):
            score += _CONTRADICTS
            doubts.append("sum_differs")
    elif subtotal is not None and subtotal.value > total.value > 0:
        score += _CONTRADICTS / 2
    if tax is not None and not tax.entry.amounts and total.value == sums.by_rate.gross:
        score += _ADDS_UP
        checks.append("net_plus_tax")
    if tax is not None and tax.value and _is_rate(sums, total, tax):
        score += _IS_RATE
        checks.append("tax_is_rate_of_net")
    return _Choice(total, subtotal, tax, tuple(checks), tuple(doubts), score)


def _partial(entry: Sum) -> bool:
    return entry.labels.get("partial", 0.0) > entry.labels.get("plain", 0.0)


def _of_one_rate(sums: Sums, tax: _Odds) -> bool:
    """Whether there are totals rate by rate: then a tax need not be that of the whole document."""
    return bool(sums.called("partial")) and not tax.entry.labels.get("tax_sum")


def _is_rate(sums: Sums, total: _Odds, tax: _Odds) -> bool:
    net = total.value - tax.value
    return any(abs(net * rate - tax.value) <= TOLERANCE for rate in sums.rates)


def _totals(sums: Sums, choice: _Choice, totals: list[_Odds], lines: Decimal) -> Totals:
    total = choice.total
    if total is None or total.odds < (_LEAST_LABELLED if total.entry.labels else _LEAST_BARE):
        return Totals()
    checks = (*choice.checks, *_checks_of(sums, total.entry, lines))
    rival = next((one.odds for one in totals if one.entry is not total.entry), -6.0)
    sure = _chance(total.odds, rival, checks, choice.doubts)
    tax = choice.tax
    tax_field = _field(tax, "tax", choice, sure) if tax and tax.entry.amounts else None
    if tax and not tax.entry.amounts and (summed := sums.by_rate.summed()) is not None:
        tax_field = replace(summed, checks=(*summed.checks, *choice.checks), doubts=choice.doubts)
    place = total.entry.place("total")
    rows = [place.row.index]
    rows += [choice.subtotal.entry.place("subtotal").row.index] if choice.subtotal else []
    rows += [tax.entry.place("tax").row.index] if tax and tax.entry.amounts else []
    return Totals(
        subtotal=_field(choice.subtotal, "subtotal", choice, sure) if choice.subtotal else None,
        tax=tax_field,
        tip=_printed(sums, "tip", total.value),
        rounding=_printed(sums, "rounding", Decimal("0.5")),
        total=_placed(total.entry, "total", sure, checks, choice.doubts),
        amount_due=_due(sums, total.entry, sure),
        taxes=sums.by_rate.below(total.value),
        total_row=place.row,
        first_row=min(rows),
        proven="net_plus_tax" in choice.checks,
        paid=any(sums.called(role, 1.0) for role in _PAYMENTS),
    )


def _chance(odds: float, rival: float, checks: Sequence[str], doubts: Sequence[str]) -> float:
    """How sure a total is: by its own odds, those of the next best, and what the arithmetic says."""
    proofs = 0.6 * min(4, len(set(checks)))
    sure = 0.7 * min(odds, 5.0) - 0.35 * max(rival, -4.0) + proofs - 1.2 * len(doubts)
    return 1 / (1 + math.exp(-sure))


def _checks_of(sums: Sums, entry: Sum, lines: Decimal) -> Iterator[str]:
    """What speaks for a total beside net and tax."""
    value = entry.value
    if value and (value == lines or value in sums.listed):
        yield "lines_sum"
    paid = {*sums.called("cash"), *sums.called("payment")}
    if any(cash - change == value for cash in paid for change in sums.called("change")):
        yield "cash_minus_change"
    if value in paid:
        yield "equals_payment"
    if any(step and abs(step) <= _ROUNDING for step in sums.called("rounding")) and any(
        abs(value - other.value) == abs(step) and other.labels.get("total", 0.0) > 0.5
        for step in sums.called("rounding")
        if step
        for other in sums.sums
        if other is not entry
    ):
        yield "rounded"
    if any(value - tip in {s.value for s in sums.sums} for tip in sums.called("tip") if tip):
        yield "total_plus_tip"


def _field(one: _Odds, role: Role, choice: _Choice, total: float) -> Field:
    sure = 1 / (1 + math.exp(-min(one.odds, 5.0)))
    if "net_plus_tax" in choice.checks:
        sure = max(sure, 0.5 + 0.5 * total)
    elif choice.doubts:
        sure *= 0.6
    return _placed(one.entry, role, sure, choice.checks, choice.doubts)


def _placed(
    entry: Sum, role: Role, sure: float, checks: Iterable[str] = (), doubts: Iterable[str] = ()
) -> Field:
    amount = entry.place(role)
    if amount.unsure:
        sure *= 0.6
    field = amount.row.field(amount.text, amount.start, amount.end, sure)
    return replace(
        field,
        checks=tuple(dict.fromkeys((*checks, *(["repaired"] if amount.repaired else [])))),
        doubts=tuple(dict.fromkeys(doubts)),
    )


def _printed(sums: Sums, role: Role, most: Decimal) -> Field | None:
    """A sum that only its label makes what it is: a tip, a rounding."""
    found = [s for s in sums.sums if s.labels.get(role, 0.0) >= 0.9 and abs(s.value) < abs(most)]
    if not found:
        return None
    entry = max(found, key=lambda s: (bool(s.value), s.labels[role], s.place(role).row.index))
    return _placed(entry, role, 0.85)


def _due(sums: Sums, total: Sum, sure: float) -> Field | None:
    """What is still to be paid: where a label says so; 0.00 on a paid bill."""
    found = [
        s for s in sums.sums if s.labels.get("due", 0.0) >= 0.6 and abs(s.value) <= abs(total.value) + CENT
    ]
    if not found:
        return None
    last = max(found, key=lambda s: s.place("due").row.index)
    if last is total:
        return _placed(total, "due", sure)
    paid = {abs(value) for role in ("payment", "cash", "discount") for value in sums.called(role)}
    left = total.value - last.value
    agrees = left in paid
    return _placed(last, "due", 0.85 if agrees else 0.6, ("total_minus_paid",) if agrees else ())
