"""Tax by rate: the rows of a table of rates, and the labels with a rate in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.amounts import Amount
from automateiq_ocr.extraction.evidence import text_in
from automateiq_ocr.extraction.layout import Row
from automateiq_ocr.extraction.models import Field, TaxLine
from automateiq_ocr.extraction.sums import CENT, TOLERANCE, Sums
from automateiq_ocr.recognition.models import Box

_RATE = re.compile(r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,3})?)\s?%")
_HIGHEST = Decimal(40)


@dataclass(frozen=True, slots=True)
class _Taxed:
    """One rate in one row: the tax, and the base where it is printed and agrees."""

    row: Row
    rate: tuple[Decimal, int, int]
    amount: Amount
    base: Amount | None = None


def find_taxes(sums: Sums, total: Decimal) -> tuple[TaxLine, ...]:
    """The taxes rate by rate, where a row gives a rate and its tax; `total` bounds them.

    A row of a table is believed where tax = rate x base to the cent; a labelled tax stands for itself.
    """
    found: dict[Decimal, _Taxed] = {}
    for row in sums.layout.rows:
        inside = sums.labelling.amounts[row.index]
        rate = _rate(row)
        if rate is None or not inside:
            continue
        taxed = _in_table(row, rate, inside) or _labelled(sums, row, rate, inside)
        if taxed is None or (total and abs(taxed.amount.value) >= abs(total)):
            continue
        known = found.get(rate[0])
        if known is None or (known.base is None and taxed.base is not None):
            found[rate[0]] = taxed
    return tuple(_line(taxed) for taxed in found.values())


def sum_of_taxes(
    sums: Sums, taxes: Sequence[TaxLine], total: Decimal, subtotal: Decimal | None
) -> Field | None:
    """The tax of a document that prints it rate by rate only: the sum of the lines, where total or net prove it.

    Its source is all that is printed from the first of these amounts to the last.
    """
    amounts = [line.amount for line in taxes if line.amount is not None]
    if len(amounts) < 2 or len({amount.page for amount in amounts}) > 1:
        return None
    value = sum((Decimal(amount.value) for amount in amounts), Decimal(0))
    bases = [Decimal(line.base.value) for line in taxes if line.base is not None]
    by_bases = len(bases) == len(amounts) and abs(sum(bases, value) - total) <= TOLERANCE
    by_net = subtotal is not None and abs(subtotal + value - total) <= TOLERANCE
    if not by_bases and not by_net:
        return None
    sure = min(amount.confidence for amount in amounts)
    box = Box.around(amount.box for amount in amounts if amount.box is not None)
    text = text_in(sums.layout, amounts[0].page, box)
    return Field(f"{value:.2f}", sure, amounts[0].page, box, text, checks=("sum_of_taxes", "net_plus_tax"))


def _rate(row: Row) -> tuple[Decimal, int, int] | None:
    matches = list(_RATE.finditer(row.text))
    if len(matches) != 1:
        return None
    value = Decimal(matches[0][1].replace(",", "."))
    return (value, *matches[0].span()) if 0 <= value < _HIGHEST else None


def _in_table(row: Row, rate: tuple[Decimal, int, int], inside: Sequence[Amount]) -> _Taxed | None:
    """Base and tax side by side, in either order, or gross and tax."""
    share = rate[0] / 100
    if not share:
        return None
    for base in inside:
        for tax in inside:
            if tax is base or not tax.value or abs(tax.value) < 2 * CENT:
                continue
            if abs(base.value * share - tax.value) <= TOLERANCE:
                return _Taxed(row, rate, tax, base)
    for gross in inside:
        for tax in inside:
            if tax is not gross and tax.value and abs(gross.value * share / (1 + share) - tax.value) <= CENT:
                return _Taxed(row, rate, tax)
    return None


def _labelled(
    sums: Sums, row: Row, rate: tuple[Decimal, int, int], inside: Sequence[Amount]
) -> _Taxed | None:
    """ "VAT 19 %  12.50": the one amount that a label with the rate calls tax."""
    called = [a for a in inside if sums.labelling.roles.get(id(a), {}).get("tax", 0.0) >= 0.6]
    if not called or not vocabulary.TAX.search(row.folded) or called[-1].start < rate[1]:
        return None
    return _Taxed(row, rate, called[-1])


def _line(taxed: _Taxed) -> TaxLine:
    value, start, end = taxed.rate
    checks = ("tax_is_rate_of_net",) if taxed.base is not None else ()
    sure = 0.97 if checks else 0.85

    def money(amount: Amount | None) -> Field | None:
        if amount is None:
            return None
        return replace(amount.row.field(amount.text, amount.start, amount.end, sure), checks=checks)

    rate = replace(taxed.row.field(f"{value.normalize():f}", start, end, sure), checks=checks)
    return TaxLine(rate=rate, base=money(taxed.base), amount=money(taxed.amount))
