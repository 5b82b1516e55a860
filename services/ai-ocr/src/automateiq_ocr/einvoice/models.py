"""What an electronic invoice says, in the normal forms of extraction, before it is held against any page.

Its terms are those of EN 16931-1 (the semantic model behind CII and UBL); "BT-1" and the like are its numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from automateiq_ocr.extraction.models import DocumentType

# UNTDID 1001: the codes of documents that take money back.
CREDIT_NOTE_CODES = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"})
_CORRECTION = "384"

_CASH, _CARD, _TRANSFER, _DIRECT_DEBIT = "cash", "card", "transfer", "direct_debit"
# UNTDID 4461: how it is paid.
PAYMENT_METHODS: Mapping[str, str] = {
    "10": _CASH,
    **dict.fromkeys(("30", "31", "42", "57", "58"), _TRANSFER),
    **dict.fromkeys(("48", "54", "55"), _CARD),
    **dict.fromkeys(("49", "59"), _DIRECT_DEBIT),
}


@dataclass(frozen=True, slots=True)
class XmlLine:
    """An invoice line (BG-25): description, quantity, price of one, net amount, tax rate in percent."""

    description: str = ""
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    amount: Decimal | None = None
    tax_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class XmlTax:
    """The tax at one rate (BG-23)."""

    rate: Decimal | None = None
    base: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class XmlSums:
    """The totals of the document (BG-22)."""

    lines: Decimal | None = None  # BT-106
    allowances: Decimal | None = None  # BT-107
    charges: Decimal | None = None  # BT-108
    net: Decimal | None = None  # BT-109
    tax: Decimal | None = None  # BT-110
    gross: Decimal | None = None  # BT-112
    prepaid: Decimal | None = None  # BT-113
    rounding: Decimal | None = None  # BT-114
    due: Decimal | None = None  # BT-115


@dataclass(frozen=True, slots=True)
class XmlInvoice:
    """An invoice or a credit note.

    `texts` has the single fields that are no amounts, under the names of `ExtractedData`, dates in ISO 8601.
    """

    type: DocumentType
    texts: Mapping[str, str]
    sums: XmlSums = field(default_factory=XmlSums)
    taxes: tuple[XmlTax, ...] = ()
    lines: tuple[XmlLine, ...] = ()

    def amounts(self) -> dict[str, Decimal]:
        """The single amounts, under the names of `ExtractedData`."""
        sums = self.sums
        total = sums.gross
        if total is not None and sums.rounding is not None:
            total += sums.rounding
        named = {
            "subtotal": sums.net,
            "tax": sums.tax,
            "rounding": sums.rounding or None,  # a rounding of nothing is none
            "total": total,
            "amount_due": sums.due,
        }
        return {name: value for name, value in named.items() if value is not None}


def document_type(code: str, sums: XmlSums) -> DocumentType:
    """What a document is by its code of UNTDID 1001 (BT-3); a correction (384) may go either way."""
    gives_back = code == _CORRECTION and sums.gross is not None and sums.gross < 0
    return DocumentType.CREDIT_NOTE if gives_back or code in CREDIT_NOTE_CODES else DocumentType.INVOICE
