"""Misread sums that the arithmetic puts right: a lost point, one wrong digit.

The habit behind it: net and tax, or cash and change, say the total once more, so what it must be is known even where
its own print was misread. A repair is proposed only beside a label of a total, and only if it follows from sums that
were read well; the text as printed stays the source.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from automateiq_ocr.extraction.amounts import Amount
from automateiq_ocr.extraction.sums import ROUNDING, Sum, Sums

_PLAIN = 0.7


def with_repairs(sums: Sums) -> Sums:
    """The sums, with the totals put right that were misread; usually the same."""
    known = {entry.value for entry in sums.sums}
    expected = _expected(sums) - known
    if not expected:
        return sums
    made: list[Sum] = []
    gone: set[int] = set()
    for entry in sums.sums:
        score = max(entry.labels.get("total", 0.0), entry.labels.get("due", 0.0))
        if score < _PLAIN or (len(entry.amounts) > 1 and entry.place("total").cents):
            continue  # what is printed twice was not misread
        amount = entry.place("total")
        for value in expected:
            if _misread(amount, value):
                mended = replace(amount, value=value, cents=True, unsure=False, repaired=True)
                made.append(Sum(value, [mended], dict(entry.labels), {"total": mended, "due": mended}))
                if len(entry.amounts) == 1:
                    gone.add(id(entry))
    kept = (entry for entry in sums.sums if id(entry) not in gone)
    return replace(sums, sums=(*kept, *made)) if made else sums


def _expected(sums: Sums) -> set[Decimal]:
    """What a total must be: net and tax at a printed rate, the totals at two rates, what was paid less change."""
    taxed = {
        net + tax
        for net in sums.called("subtotal", _PLAIN)
        for tax in sums.called("tax", _PLAIN)
        if tax and any(abs(net * rate - tax) <= Decimal("0.01") for rate in sums.rates)
    }
    paid = {
        cash - change for cash in sums.called("cash") for change in sums.called("change") if cash > change
    }
    parts = sums.called("partial")
    of_rates = {one + other for one in parts for other in parts if one < other}
    return taxed | of_rates | (paid & sums.listed)


def _misread(amount: Amount, value: Decimal) -> bool:
    """Whether what is printed is `value` with its point lost or one digit wrong."""
    if 0 < abs(abs(amount.value) - value) <= ROUNDING:
        return False  # that is rounding, not a wrong digit
    printed = re.sub(r"\D", "", amount.row.text[amount.start : amount.end])
    digits = re.sub(r"\D", "", f"{value:.2f}")
    if len(printed) != len(digits) or len(digits) < 3:
        return False
    return sum(a != b for a, b in zip(printed, digits, strict=True)) <= (1 if amount.cents else 0)
