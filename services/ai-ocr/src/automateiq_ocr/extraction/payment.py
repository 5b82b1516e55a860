"""How a document was or is to be paid.

Habits: tills print the means of payment on a line of its own beside the sum; invoices name it in their terms. What is
said beside a sum counts more than what is said in passing, and a card more than the cash of "cash bill".
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from automateiq_ocr.extraction.amounts import find_amounts
from automateiq_ocr.extraction.layout import Layout, Row
from automateiq_ocr.extraction.models import Field
from automateiq_ocr.extraction.vocabulary import any_of, either

_BESIDE_TOTAL = 3.0
_BESIDE_SUM = 1.5
_LEAST = 1.0
_METHODS: dict[str, tuple[re.Pattern[str], float]] = {
    "card": (
        any_of(
            r"visa\w*", r"master\s?card\w*", r"amex", r"american express", r"maestro", r"debit(?: card)?",
            r"credit card",
            r"eftpos", r"girocard", r"ec-?(?:karte|cash)", r"ec", r"kreditkarte", r"karten?zahlung",
            r"carte bancaire", r"cb",
            r"tarjeta", r"carta di credito", r"bancomat", r"bancontact", r"pin", r"bankkort", r"kortkop",
            r"kort",
            r"karta(?: platnicza)?", r"multibanco", r"cartao", r"contactless", r"mc", r"card(?: payment)?",
            r"credit",
        ),
        1.0,
    ),
    "cash": (
        any_of(
            r"cash(?! (?:bill|sales?|memo|inv\w*|receipt|back))", r"bar(?:zahlung)?", r"especes", r"efectivo",
            r"contanti",
            r"contant", r"dinheiro", r"kontant", r"gotowka", r"tunai", r"cash tendered",
        ),
        0.8,
    ),
    "paypal": (any_of(r"paypal"), 1.2),
    "direct_debit": (
        any_of(
            r"direct debit", r"lastschrift\w*", r"sepa-?(?:lastschrift|direct debit)", r"abgebucht",
            r"prelevement",
            r"domiciliacion", r"addebito", r"automatische incasso", r"debito direto", r"will be debited",
        ),
        1.3,
    ),
    "transfer": (
        any_of(
            r"bank transfer", r"wire transfer", r"uberweisung", r"uberweisen", r"virement", r"transferencia",
            r"bonifico",
            r"overschrijving", r"overmaken", r"przelew", r"sepa (?:uberweisung|credit transfer)",
            r"remittance", r"iban",
        ),
        1.0,
    ),
}  # fmt: skip
_ANY_METHOD = either(*(pattern for pattern, _ in _METHODS.values()))
_PAID_BY = any_of(
    r"paid", r"pay(?:ment)?", r"paying", r"zahlung\w*", r"zahlart", r"bezahlt", r"reglement", r"paiement", r"pago",
    r"pagamento", r"betaling", r"betaal\w*",
)  # fmt: skip


def find_payment_method(layout: Layout, total: Decimal | None) -> Field | None:
    """cash, card, transfer, direct_debit, paypal or other; None where nothing says so."""
    best: tuple[float, Row, int, int, str] | None = None
    for row in layout.rows:
        if _ANY_METHOD.search(row.folded) is None:
            continue
        values = [amount.value for amount in find_amounts(row, None) if amount.money]
        for method, (pattern, weight) in _METHODS.items():
            match = pattern.search(row.folded)
            if match is None:
                continue
            score = weight
            if values:
                score += _BESIDE_TOTAL if total is not None and total in values else _BESIDE_SUM
            elif _PAID_BY.search(row.folded):
                score += _BESIDE_SUM
            if best is None or score > best[0]:
                best = (score, row, match.start(), match.end(), method)
    if best is None or best[0] < _LEAST:
        return None
    score, row, start, end, method = best
    checks = ("equals_total",) if score >= _BESIDE_TOTAL else ()
    return replace(row.field(method, start, end, min(0.95, 0.5 + 0.12 * score)), checks=checks)
