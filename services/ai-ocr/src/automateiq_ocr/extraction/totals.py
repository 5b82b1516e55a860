"""Subtotal, tax and total: one choice for all three, by how likely each sum is each of them, under the arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product

from automateiq_ocr.extraction.amounts import CENT, TOLERANCE, normal
from automateiq_ocr.extraction.labelling import Role, labelled
from automateiq_ocr.extraction.layout import Layout, Row, lay_out
from automateiq_ocr.extraction.models import Field, TaxLine
from automateiq_ocr.extraction.odds import Odds, all_odds, is_partial
from automateiq_ocr.extraction.ranking import chance
from automateiq_ocr.extraction.repairs import with_repairs
from automateiq_ocr.extraction.sums import ROUNDING, Sum, Sums, find_sums
from automateiq_ocr.recognition.models import Page

__all__ = ["Totals", "find_totals", "labelled"]

_WEIGHED = 7  # sums of a role that are weighed against one another
# What the arithmetic is worth, in the unit of log odds.
_ADDS_UP = 3.0
_ADDS_UP_ROUNDED = 1.5
_IS_RATE = 1.0
_PAID_AS_MUCH = 2.0
_CONTRADICTS = -1.5
_IMPOSSIBLE = -4.0
_LINES = "lines_sum"
_PAYMENTS: tuple[Role, ...] = ("cash", "payment")
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
class _Choice:
    total: Odds | None = None
    subtotal: Odds | None = None
    tax: Odds | None = None
    checks: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    score: float = 0.0


def find_totals(layout: Layout) -> Totals:
    """The best set of subtotal, tax and total."""
    sums = with_repairs(find_sums(layout))
    if not sums.sums:
        return Totals()
    odds = all_odds(sums)
    return _totals(sums, _choose(sums, odds), odds["total"])


def checked_by_lines(totals: Totals, lines: Iterable[Decimal]) -> Totals:
    """With `lines_sum` among the checks of the sum that the line items add up to."""
    added = sum(lines, Decimal(0))

    def checked(field: Field | None) -> Field | None:
        if field is None or not added or Decimal(field.value) != added or _LINES in field.checks:
            return field
        return replace(field, checks=(*field.checks, _LINES))

    return replace(totals, total=checked(totals.total), subtotal=checked(totals.subtotal))


def chosen_total(pages: Sequence[Page]) -> tuple[str, list[float]] | None:
    """(the total that is chosen, the evidence for it): what its confidence is learnt from."""
    sums = with_repairs(find_sums(lay_out(pages)))
    if not sums.sums:
        return None
    odds = all_odds(sums)
    choice = _choose(sums, odds)
    if choice.total is None:
        return None
    return normal(choice.total.value), _evidence_of(sums, choice, odds["total"])


def _evidence_of(sums: Sums, choice: _Choice, totals: list[Odds]) -> list[float]:
    total = choice.total
    if total is None:
        return []
    rival = next((one.odds for one in totals if one.entry is not total.entry), -6.0)
    checks = (*choice.checks, *_checks_of(sums, total.entry))
    discounted = any(sums.called("discount"))
    return evidence(total.odds, rival, total.entry, checks, choice.doubts, discounted=discounted)


def _choose(sums: Sums, odds: dict[str, list[Odds]]) -> _Choice:
    best = _Choice(score=-math.inf)
    subtotals: list[Odds | None] = [None, *(one for one in odds["subtotal"][:_WEIGHED] if one.odds > -4.0)]
    taxes: list[Odds | None] = [None, *(one for one in odds["tax"][:_WEIGHED] if one.odds > -4.0)]
    for total, subtotal, tax in product(odds["total"][:_WEIGHED], subtotals, taxes):
        choice = _weighed(sums, total, subtotal, tax)
        if choice.score > best.score:
            best = choice
    return best


def _weighed(sums: Sums, total: Odds, subtotal: Odds | None, tax: Odds | None) -> _Choice:
    score = total.odds + sum(one.odds for one in (subtotal, tax) if one is not None)
    checks: list[str] = []
    doubts: list[str] = []
    if total.value in sums.rounded:
        score += _IMPOSSIBLE
    elif total.value in sums.rounded.values():
        score += _ADDS_UP_ROUNDED
    if is_partial(total.entry) and total.entry.place("total").row.index < sums.last_plain:
        # "Total 0% supplies 26.61 ... Total payable 23.56": a part of what is called the total below it.
        score += _IMPOSSIBLE
    if tax is not None and (
        abs(tax.value) >= abs(total.value) > 0 or (tax.entry is total.entry and tax.value)
    ):
        score += _IMPOSSIBLE
    if subtotal is not None and tax is not None:
        difference = abs(subtotal.value + tax.value - total.value)
        if difference <= TOLERANCE:
            # The total at one rate adds up too, and is not the document's.
            score += 0.3 if is_partial(total.entry) or not tax.value else _ADDS_UP
            # Paid just as much as net and tax come to: then a total that says else is misread.
            paid = {*sums.called("payment"), *sums.called("cash")}
            score += _PAID_AS_MUCH if tax.value and total.value in paid else 0.0
            checks.append("net_plus_tax")
        elif difference <= ROUNDING + TOLERANCE and total.value % ROUNDING == 0:
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


def _of_one_rate(sums: Sums, tax: Odds) -> bool:
    """Whether there are totals rate by rate: then a tax need not be that of the whole document."""
    return bool(sums.called("partial")) and not tax.entry.labels.get("tax_sum")


def _is_rate(sums: Sums, total: Odds, tax: Odds) -> bool:
    net = total.value - tax.value
    return any(abs(net * rate - tax.value) <= TOLERANCE for rate in sums.rates)


def _totals(sums: Sums, choice: _Choice, totals: list[Odds]) -> Totals:
    total = choice.total
    if total is None or total.odds < (_LEAST_LABELLED if total.entry.labels else _LEAST_BARE):
        return Totals()
    checks = (*choice.checks, *_checks_of(sums, total.entry))
    sure = chance("total", _evidence_of(sums, choice, totals))
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


def evidence(
    odds: float, rival: float, entry: Sum, checks: Sequence[str], doubts: Sequence[str], *, discounted: bool
) -> list[float]:
    """What the confidence of a total is learnt from: its odds, the next best's, its proofs, its print."""
    known = set(checks)
    read = max(
        (min(token.word.confidence for token in a.row.within(a.start, a.end)) for a in entry.amounts),
        default=0.0,
    )
    return [
        min(odds, 6.0),
        max(min(rival, 6.0), -6.0),
        float("net_plus_tax" in known),
        float(_LINES in known),
        float(bool(known & {"cash_minus_change", "equals_payment"})),
        float("rounded" in known),
        float(len(doubts)),
        float(len(entry.amounts) > 1),
        max(0.0, read - 0.8),
        entry.labels.get("plain", 0.0),
        max(entry.labels.get("total", 0.0), entry.labels.get("due", 0.0)),
        float(discounted),
    ]


def _checks_of(sums: Sums, entry: Sum) -> Iterator[str]:
    """What speaks for a total beside net and tax."""
    value = entry.value
    if value and value in sums.listed:
        yield _LINES
    paid = {*sums.called("cash"), *sums.called("payment")}
    if any(cash - change == value for cash in paid for change in sums.called("change")):
        yield "cash_minus_change"
    if value in paid:
        yield "equals_payment"
    if any(step and abs(step) <= ROUNDING for step in sums.called("rounding")) and any(
        abs(value - other.value) == abs(step) and other.labels.get("total", 0.0) > 0.5
        for step in sums.called("rounding")
        if step
        for other in sums.sums
        if other is not entry
    ):
        yield "rounded"
    if any(value - tip in {s.value for s in sums.sums} for tip in sums.called("tip") if tip):
        yield "total_plus_tip"


def _field(one: Odds, role: Role, choice: _Choice, total: float) -> Field:
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
