"""Whether the sums of an electronic invoice agree with each other (the rules BR-CO-10 to BR-CO-17 of EN 16931-1)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from automateiq_ocr.einvoice.models import XmlInvoice, XmlTax

_CENT = Decimal("0.01")
_ZERO = Decimal(0)


@dataclass
class Verdicts:
    """By the name of a field: what speaks for its value, and what against it."""

    checks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    doubts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, holds: bool, check: str, *names: str) -> None:
        """A rule that holds speaks for all its fields; a broken one speaks against each of them."""
        for name in names:
            if holds:
                self.checks[name].append(check)
            elif "sum_differs" not in self.doubts[name]:
                self.doubts[name].append("sum_differs")


def verify(invoice: XmlInvoice) -> Verdicts:
    """Checks every sum whose parts are there."""
    verdicts, sums = Verdicts(), invoice.sums
    total = invoice.amounts().get("total")
    listed = sum((line.amount for line in invoice.lines if line.amount is not None), _ZERO)
    net = listed - (sums.allowances or _ZERO) + (sums.charges or _ZERO)
    if invoice.lines and sums.net is not None:
        # Each line may have been rounded.
        slack = _CENT * max(1, len(invoice.lines)) / 2
        verdicts.note(_close(net, sums.net, slack), "lines_sum", "subtotal")
    if sums.net is not None and sums.tax is not None and total is not None:
        holds = _close(sums.net + sums.tax + (sums.rounding or _ZERO), total)
        verdicts.note(holds, "net_plus_tax", "subtotal", "tax", "total")
    if total is not None and sums.due is not None:
        verdicts.note(_close(total - (sums.prepaid or _ZERO), sums.due), "total_minus_prepaid", "amount_due")
    parts = [tax.amount for tax in invoice.taxes if tax.amount is not None]
    if parts and sums.tax is not None:
        verdicts.note(_close(sum(parts, _ZERO), sums.tax), "taxes_sum", "tax")
    return verdicts


def rate_times_base(tax: XmlTax) -> bool | None:
    """Whether the tax is its rate of its base, to a cent each way; None where a part is missing."""
    if tax.rate is None or tax.base is None or tax.amount is None:
        return None
    return _close(tax.base * tax.rate / 100, tax.amount)


def _close(one: Decimal, other: Decimal, slack: Decimal = _CENT) -> bool:
    return abs(one - other) <= slack
