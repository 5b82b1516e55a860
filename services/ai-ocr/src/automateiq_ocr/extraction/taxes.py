"""Tax by rate: the rows of a table of rates, and the labels with a rate in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.amounts import CENT, TOLERANCE, Amount
from automateiq_ocr.extraction.evidence import text_in
from automateiq_ocr.extraction.labelling import Labelling
from automateiq_ocr.extraction.layout import Layout, Row
from automateiq_ocr.extraction.models import Field, TaxLine
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


@dataclass(frozen=True, slots=True)
class RateLines:
    """The taxes of a document rate by rate, each once."""

    layout: Layout
    lines: tuple[_Taxed, ...]

    @property
    def tax(self) -> Decimal | None:
        """All taxes together; None where there is only one."""
        return sum((line.amount.value for line in self.lines), Decimal(0)) if len(self.lines) > 1 else None

    @property
    def gross(self) -> Decimal | None:
        """All bases and taxes together; None where a base is not printed or there is only one rate."""
        bases = [line.base.value for line in self.lines if line.base is not None]
        tax = self.tax
        return sum(bases, tax) if tax is not None and len(bases) == len(self.lines) else None

    def below(self, total: Decimal) -> tuple[TaxLine, ...]:
        """The lines as data, less those whose tax is more than a total allows."""
        return tuple(_line(line) for line in self.lines if not total or abs(line.amount.value) < abs(total))

    def summed(self) -> Field | None:
        """The sum of the taxes as a field: its source is all that is printed from the first to the last of them."""
        value = self.tax
        if value is None or len({line.row.page for line in self.lines}) > 1:
            return None
        parts = [line.amount.row.field("", line.amount.start, line.amount.end, 0.9) for line in self.lines]
        box = Box.around(part.box for part in parts if part.box is not None)
        text = text_in(self.layout, parts[0].page, box)
        sure = min(part.confidence for part in parts)
        return Field(f"{value:.2f}", sure, parts[0].page, box, text, checks=("sum_of_taxes",))


def find_rate_lines(layout: Layout, labelling: Labelling) -> RateLines:
    """The taxes rate by rate, where a row gives a rate and its tax.

    A row of a table is believed where tax = rate x base to the cent; a labelled tax stands for itself.
    """
    found: dict[Decimal, _Taxed] = {}
    for row in layout.rows:
        inside = labelling.amounts[row.index]
        rate = _rate(row)
        if rate is None or not inside:
            continue
        taxed = _in_table(row, rate, inside) or _labelled(labelling, row, rate, inside)
        known = found.get(rate[0])
        if taxed is not None and (known is None or (known.base is None and taxed.base is not None)):
            found[rate[0]] = taxed
    return RateLines(layout, tuple(found.values()))


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
    labelling: Labelling, row: Row, rate: tuple[Decimal, int, int], inside: Sequence[Amount]
) -> _Taxed | None:
    """ "VAT 19 %  12.50": the one amount that a label with the rate calls tax."""
    called = [a for a in inside if labelling.roles.get(id(a), {}).get("tax", 0.0) >= 0.6]
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
