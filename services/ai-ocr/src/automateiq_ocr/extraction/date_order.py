"""Whether 3/4/2019 is the third of April or the fourth of March, decided for a whole document.

The document's own dates settle it where one of them has a day above twelve. Else everything on the page that goes
with a country's habit is weighed: nearly all the world writes the day first, the United States the month; but an
American till prints its order in Edinburgh too, so the country alone does not settle it. What is left open is said to
be ambiguous.
"""

from __future__ import annotations

import math
import re

from automateiq_ocr.extraction.dates import Order, document_order
from automateiq_ocr.extraction.layout import Layout

# (pattern, log odds for the month first). Patterns are matched against folded text.
_HABITS: tuple[tuple[re.Pattern[str], float], ...] = (
    # An address in the United States: state and ZIP code.
    (
        re.compile(
            r"(?<!\w)(?:al|ak|az|ar|ca|co|ct|de|fl|ga|hi|id|il|in|ia|ks|ky|la|me|md|ma|mi|mn|ms|mo|mt|ne|nv|nh|nj|nm"
            r"|ny|nc|nd|oh|ok|or|pa|ri|sc|sd|tn|tx|ut|vt|va|wa|wv|wi|wy|dc),? \d{5}(?:-\d{4})?(?!\d)"
        ),
        2.5,
    ),
    # A telephone number as North America writes it.
    (re.compile(r"\(\d{3}\) ?\d{3}-\d{4}|(?<![\d-])[2-9]\d{2}[-.][2-9]\d{2}[-.]\d{4}(?![\d-])"), 2.0),
    # Taxed as in the United States; tips are reckoned in percent there.
    (re.compile(r"(?<!\w)(?:sales tax|gratuity|check closed)(?!\w)"), 1.2),
    # Programs made in America print the time of day in twelve hours, and their dates with it.
    (re.compile(r"\d/\d{1,2}/\d{2,4},? +(?:at +)?\d{1,2}:\d\d(?::\d\d)? ?[ap]m"), 0.5),
    # Numbers without a leading zero: "7/8/2019".
    (re.compile(r"(?<![\d/])[1-9]/\d{1,2}/\d{2,4}(?!\d)|(?<![\d/])\d\d/[1-9]/\d{2,4}(?!\d)"), 1.5),
    # Taxes of countries that write the day first.
    (re.compile(r"(?<!\w)(?:vat|gst|sst|tva|iva|btw|mwst|moms|ust)(?!\w)"), -1.2),
    (re.compile(r"(?<!\w)(?:sdn\.? ?bhd|pty|pte|ltd|gmbh|sarl|b\.v|jalan|jln)(?!\w)"), -2.0),
    # A clock of twenty-four hours.
    (re.compile(r"(?<![\d:.])(?:1[3-9]|2[0-3]):[0-5]\d(?!\s?[ap]m)"), -1.0),
    # A dash or a dot between the numbers.
    (re.compile(r"(?<![\d-])\d\d-\d\d-\d{2,4}(?![\d-])"), -0.8),
)
_CURRENCIES = {"USD": 1.5, "CAD": 0.0, "HKD": -0.3, "": 0.0}
_OTHER_CURRENCY = -1.5
_NOT_ENGLISH = -3.0
_PRIOR = -0.4
_PROVEN = 0.995


def order_of(layout: Layout, currency: str | None, language: str) -> tuple[Order, float]:
    """(the order of day and month, how sure from 0.5 to 1)."""
    text = layout.meant_text
    order, proven = document_order(text, american=False)
    if proven:
        return order, _PROVEN
    odds = _PRIOR + sum(weight for pattern, weight in _HABITS if pattern.search(text))
    odds += _CURRENCIES.get(currency or "", _OTHER_CURRENCY)
    odds += _NOT_ENGLISH if language not in ("en", "") else 0.0
    return ("mdy" if odds > 0 else "dmy"), 1 / (1 + math.exp(-abs(odds)))
