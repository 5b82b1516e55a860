"""Subtotal, tax and total: what the labels say, and what the arithmetic makes of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from typing import Literal

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.amounts import Amount, find_amounts
from automateiq_ocr.extraction.layout import Layout, Row, overlap
from automateiq_ocr.extraction.models import Field

Kind = Literal["subtotal", "tax", "total"]

_TOLERANCE = Decimal("0.02")
_ROUNDING = Decimal("0.05")  # cash totals are rounded to five cents in some countries
_MOST = 10  # candidates of a kind that are weighed against one another


@dataclass(frozen=True, slots=True)
class Candidate:
    """An amount that a label calls subtotal, tax or total; `score` 0..1 is how plainly."""

    kind: Kind
    amount: Amount
    score: float
    line: bool = True  # a line of its own, not one of several in a table of tax rates

    @property
    def value(self) -> Decimal:
        """The amount."""
        return self.amount.value


@dataclass(frozen=True, slots=True)
class Totals:
    """What was chosen. `proven` when subtotal and tax add up to the total."""

    subtotal: Field | None = None
    tax: Field | None = None
    total: Field | None = None
    total_row: Row | None = None
    first_row: int | None = None  # the first row of the block of totals
    proven: bool = False


def find_totals(layout: Layout, decimal_mark: str | None, lines: Iterable[Decimal] = ()) -> Totals:
    """The best set of subtotal, tax and total; `lines` are the amounts of the line items, where known."""
    amounts = {row.index: [a for a in find_amounts(row, decimal_mark) if a.money] for row in layout.rows}
    candidates = _candidates(layout, amounts)
    return _choose(layout, candidates, amounts, sum(lines, Decimal(0)))


def labelled(text: str) -> tuple[Kind | None, float]:
    """(what a folded label calls its amount, how plainly from 0 to 1)."""
    text = text.strip(" :.-=|")
    if not text:
        return None, 0.0
    short = 1.0 if len(text) < 40 else 0.75
    if _excluded(text):
        return None, 0.0
    if vocabulary.TAX_SUM.search(text):
        return "tax", 1.0 * short
    pay, subtotal = vocabulary.TOTAL_TO_PAY.search(text), vocabulary.SUBTOTAL.search(text)
    tax = vocabulary.TAX.search(text)
    includes = re.search(
        r"incl|inkl|inc\b|with|mit|ttc|gross|brutto|after|including|enth|compris|tax invoice", text
    )
    if (
        tax
        and not includes
        and not re.search(r"excl|before|without|ohne|ex\b|hors|sin\b|zzgl\.? \S+ ?(?:mwst)?$", text)
        and (not pay or tax.start() < pay.start() or not re.search(r"total|gesamt|betrag|amount", text))
    ):
        return "tax", 0.9 * short
    if (
        subtotal
        and (not pay or subtotal.end() - subtotal.start() >= pay.end() - pay.start())
        and not includes
    ):
        return "subtotal", 0.95 * short
    if re.search(r"excl|before tax|without|ohne|hors taxe", text) and (pay or vocabulary.TOTAL.search(text)):
        return "subtotal", 0.9 * short
    if tax and re.search(r"inkl|incl|enth", text) and not pay and not vocabulary.TOTAL.search(text):
        return "tax", 0.7 * short
    if pay:
        return "total", 1.0 * short
    if vocabulary.TOTAL.search(text):
        return "total", (0.85 if re.search(r"tota|summe", text) else 0.45) * short
    return None, 0.0


def _excluded(text: str) -> bool:
    if vocabulary.CHANGE.search(text) and not re.search(
        r"total.*(?:after|incl\S*) round|round\S* total|total round", text
    ):
        return True
    return bool(vocabulary.NOT_AN_AMOUNT.search(text)) and not vocabulary.TOTAL_TO_PAY.search(text)


def _candidates(layout: Layout, amounts: dict[int, list[Amount]]) -> list[Candidate]:
    found: list[Candidate] = []
    for row in layout.rows:
        inside = amounts[row.index]
        if inside:
            here = _in_row(row, inside) or _under_labels(layout, row, inside)
            if re.search(r"(?<!\w)(?:tip|gratuity|trinkgeld)(?!\w)", row.folded):
                here = [replace(c, score=c.score * 0.3) for c in here]  # suggestions
            found += here
        else:
            found += _label_alone(layout, row, amounts)
    return found + _implied(found, amounts)


def _implied(found: list[Candidate], amounts: dict[int, list[Amount]]) -> list[Candidate]:
    """Amounts without a legible label that are the sum of a labelled subtotal and tax."""
    known = {id(c.amount) for c in found}
    plain = {
        kind: {c.value for c in found if c.kind == kind and c.score > 0.7} for kind in ("subtotal", "tax")
    }
    sums = {subtotal + tax for subtotal in plain["subtotal"] for tax in plain["tax"] if tax}
    return [
        Candidate("total", amount, 0.35)
        for inside in amounts.values()
        for amount in inside
        if amount.value in sums and id(amount) not in known
    ]


def _in_row(row: Row, inside: list[Amount]) -> list[Candidate]:
    found: list[Candidate] = []
    at = 0
    previous: tuple[Kind | None, float] = (None, 0.0)
    for amount in inside:
        label = row.folded[at : amount.start]
        kind, score = labelled(_nearest_cell(row, at, amount.start) or label)
        if kind is None and _nearest_cell(row, at, amount.start) != label:
            kind, score = labelled(label)
            score *= 0.9
        if kind is None and not re.search(r"[a-z]{2}", label):
            kind, score = previous  # "Tax 7% on 100.00  7.00": the last amount is the label's
        if kind is not None:
            found.append(Candidate(kind, amount, score))
        elif vocabulary.PAYMENT.search(label) and not vocabulary.CHANGE.search(label):
            found.append(Candidate("total", amount, 0.3))
        if re.search(r"[a-z]{2}", label):
            previous = (kind, score)
        at = amount.end
    if len(inside) >= 2:
        return _with_several(row, inside, found)
    return found


def _nearest_cell(row: Row, start: int, end: int) -> str:
    """The label's own cell: the text in the last cell before an amount that has letters."""
    at = 0
    best = ""
    for cell in row.cells:
        begin, at = at, at + len(cell.text) + 1
        if begin >= start and begin < end:
            text = row.folded[begin : min(at - 1, end)]
            if re.search(r"[a-z]{2}", text):
                best = text
    return best


def _with_several(row: Row, inside: list[Amount], found: list[Candidate]) -> list[Candidate]:
    """A row with several amounts: of a table of rates (net, tax, gross), or the label's is the last."""
    values = [amount.value for amount in inside]
    label = row.folded[: inside[0].start]
    total_row = labelled(label)[0] in ("total", "subtotal")
    for i in range(len(values) - 2):
        net, tax, gross = values[i : i + 3]
        for first, second in ((i, i + 1), (i + 1, i)):
            small = abs(values[second]) <= abs(values[first]) * Decimal("0.3")
            if abs(net + tax - gross) <= _TOLERANCE and small and gross:
                score = 0.8 if total_row else 0.35
                return [
                    Candidate("subtotal", inside[first], score, line=total_row),
                    Candidate("tax", inside[second], score, line=total_row),
                    Candidate("total", inside[i + 2], score, line=total_row),
                ]
    kept = [c for c in found if c.amount is inside[-1] or c.kind != found[-1].kind]
    weaker = [replace(c, score=c.score * 0.5) for c in found if c not in kept]
    return kept + weaker


def _under_labels(layout: Layout, row: Row, inside: list[Amount]) -> list[Candidate]:
    """Amounts under a row of labels: Net | VAT | Total."""
    found: list[Candidate] = []
    if re.search(r"[a-z]{4}", row.folded):
        return found
    for passed, above in enumerate(layout.above(row, 5)):
        if row.middle - above.middle > (4 + 2 * passed) * max(row.height, above.height):
            break
        if not re.search(r"[a-z]{3}", above.folded):
            continue  # an earlier row of the same table: the last one holds the sums
        for amount in inside:
            tokens = row.within(amount.start, amount.end)
            for cell in above.cells:
                if any(overlap(cell, token) > 0.3 for token in tokens):
                    kind, score = labelled(cell.folded)
                    if kind is not None and not re.search(r"\d", cell.text):
                        found.append(Candidate(kind, amount, min(0.9, score * (0.6 + 0.1 * passed))))
        break
    return found


def _label_alone(layout: Layout, row: Row, amounts: dict[int, list[Amount]]) -> list[Candidate]:
    """A label whose amount slipped into the next row, with nothing else in it."""
    kind, score = labelled(row.cells[-1].folded)
    if kind is None or score < 0.7 or len(row.cells[-1].text) > 40:
        return []
    for below in layout.below(row, 1):
        inside = amounts[below.index]
        close = below.middle - row.middle < 2.5 * max(row.height, below.height)
        if len(inside) == 1 and close and not re.search(r"[a-z]{3}", below.folded[: inside[0].start]):
            return [Candidate(kind, inside[0], score * 0.7)]
    return []


def _choose(
    layout: Layout, candidates: list[Candidate], amounts: dict[int, list[Amount]], lines: Decimal
) -> Totals:
    count = max(1, len(layout.rows))

    def weight(candidate: Candidate) -> float:
        # Totals stand late, in large print, with a currency.
        place = 0.08 * candidate.amount.row.index / count
        size = 0.06 if candidate.amount.row.height > 1.2 * layout.line_height else 0.0
        return candidate.score + place + size + (0.04 if candidate.amount.mark else 0.0)

    def best(kind: Kind) -> list[Candidate]:
        return sorted((c for c in candidates if c.kind == kind), key=weight, reverse=True)[:_MOST]

    totals, subtotals, taxes = best("total"), best("subtotal"), best("tax")
    lone = {c.value for c in totals if c.line}
    totals = [replace(c, line=True) if c.value in lone else c for c in totals]
    totals += [replace(c, kind="total", score=c.score * 0.5) for c in subtotals]
    chosen: tuple[float, Candidate | None, Candidate | None, Candidate | None, bool] = (
        0.0,
        None,
        None,
        None,
        False,
    )
    rounded = _rounded(layout, totals, amounts)
    repeated = Counter(c.value for c in candidates)
    for total, subtotal, tax in product([*totals, None], [*subtotals, *totals, None], [*taxes, None]):
        score, proven = _score(total, subtotal, tax, lines, weight)
        if total is not None:
            score += 0.05 * min(3, repeated[total.value] - 1)
            score -= 0.5 if not total.value else 0.15 if total.value < 0 else 0.0
            score += 0.4 if total.value in rounded else 0.0
        if score > chosen[0]:
            chosen = (score, total, subtotal, tax, proven)
    _, total, subtotal, tax, proven = chosen
    if tax is not None and not proven and _several_taxes(taxes):
        tax = None
    if tax is None and total is not None and subtotal is not None and not _several_taxes(taxes):
        tax = _between(subtotal, total, amounts)
        proven = tax is not None
    rows = [c.amount.row.index for c in (total, subtotal, tax) if c is not None]
    return Totals(
        subtotal=_field(subtotal, proven),
        tax=_field(tax, proven),
        total=_field(total, proven or (lines != 0 and total is not None and total.value == lines)),
        total_row=total.amount.row if total else None,
        first_row=min(rows) if rows else None,
        proven=proven,
    )


def _rounded(layout: Layout, totals: list[Candidate], amounts: dict[int, list[Amount]]) -> set[Decimal]:
    """The totals that follow from an earlier one by a printed rounding."""
    steps = [
        (row.index, amount.value)
        for row in layout.rows
        if re.search(r"round|rundung|arrondi", row.folded)
        for amount in amounts[row.index]
        if abs(amount.value) <= _ROUNDING
    ]
    return {
        after.value
        for index, step in steps
        for before in totals
        for after in totals
        if before.amount.row.index < index <= after.amount.row.index
        and step
        and abs(before.value - after.value) == abs(step)
    }


def _between(subtotal: Candidate, total: Candidate, amounts: dict[int, list[Amount]]) -> Candidate | None:
    """An amount without a legible label between the two that makes up their difference: the tax."""
    for index in range(subtotal.amount.row.index + 1, total.amount.row.index):
        for amount in amounts[index]:
            fits = amount.value and abs(subtotal.value + amount.value - total.value) <= _TOLERANCE
            label = labelled(amount.row.folded[: amount.start])[0]
            if fits and label in (None, "tax") and "%" in amount.row.text:
                return Candidate("tax", amount, 0.5)
    return None


def _score(
    total: Candidate | None,
    subtotal: Candidate | None,
    tax: Candidate | None,
    lines: Decimal,
    weight: Callable[[Candidate], float],
) -> tuple[float, bool]:
    score, proven = 0.0, False
    for candidate, share in ((total, 1.0), (subtotal, 0.5), (tax, 0.5)):
        if candidate is not None:
            score += share * weight(candidate)
    if subtotal is not None and subtotal.kind != "subtotal":
        score -= 0.45
    if total is not None and subtotal is not None:
        if total.amount is subtotal.amount:
            return -1.0, False
        if tax is not None:
            if tax.amount is total.amount or tax.amount is subtotal.amount:
                return -1.0, False
            difference = abs(subtotal.value + tax.value - total.value)
            if difference <= _TOLERANCE and total.value:
                proven = bool(tax.value) or subtotal.kind == "subtotal"
                score += (0.9 if total.line else 0.2) if tax.value else 0.3
            elif difference <= _ROUNDING + _TOLERANCE and total.value % _ROUNDING == 0:
                score += 0.5
            else:
                score -= 0.2
        if abs(subtotal.value) > abs(total.value) + _ROUNDING:
            score -= 0.3
    if total is not None and tax is not None and abs(tax.value) >= abs(total.value) and total.value:
        score -= 0.8
    if lines:
        if subtotal is not None and abs(subtotal.value - lines) <= _TOLERANCE:
            score += 0.3
        if total is not None and abs(total.value - lines) <= _TOLERANCE:
            score += 0.25
    return score, proven


def _several_taxes(taxes: list[Candidate]) -> bool:
    strong = {c.value for c in taxes if c.score >= 0.6 and c.value}
    has_sum = any(vocabulary.TAX_SUM.search(c.amount.row.folded) for c in taxes)
    return len(strong) > 1 and not has_sum


def _field(candidate: Candidate | None, proven: bool) -> Field | None:
    if candidate is None:
        return None
    amount = candidate.amount
    confidence = 0.98 if proven else 0.35 + 0.5 * candidate.score
    if amount.unsure:
        confidence *= 0.6
    return amount.row.field(amount.text, amount.start, amount.end, confidence)
