"""The data read out of a document. A value that was read is never invented: its source text stands in its box."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Literal

from automateiq_ocr.recognition.models import Box

Origin = Literal["page", "xml", "model"]


class DocumentType(StrEnum):
    """What a document is."""

    INVOICE = "invoice"
    RECEIPT = "receipt"
    CREDIT_NOTE = "credit_note"
    PURCHASE_ORDER = "purchase_order"
    STATEMENT = "statement"
    CONTRACT = "contract"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Field:
    """A value that was found.

    `value` is in normal form: amounts "1234.50", dates ISO 8601, currencies ISO 4217, else the text itself.
    `source_text` is what stands on `page` inside `box`, letter by letter; `page` is 0 and `box` None only for a value
    of the embedded e-invoice that no page shows. `confidence` is the chance that the value is right. `checks` names
    what speaks for it (net_plus_tax, lines_sum ...), `doubts` what speaks against it (ambiguous_date ...).
    """

    value: str
    confidence: float
    page: int
    box: Box | None
    source_text: str
    origin: Origin = "page"
    checks: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineItem:
    """One line of an invoice or a receipt; what was not found is None. `tax_rate` is in percent."""

    description: Field | None = None
    quantity: Field | None = None
    unit_price: Field | None = None
    amount: Field | None = None
    tax_rate: Field | None = None


@dataclass(frozen=True, slots=True)
class TaxLine:
    """The tax at one rate (percent): the sum it is taken of, and what it comes to."""

    rate: Field | None = None
    base: Field | None = None
    amount: Field | None = None


@dataclass(frozen=True, slots=True)
class ExtractedData:
    """All that was found; a field that was not is None. The names are those of the proto."""

    document_type: DocumentType = DocumentType.GENERAL
    document_type_confidence: float = 0.0
    language: str = ""
    vendor: Field | None = None
    vendor_tax_id: Field | None = None
    vendor_address: Field | None = None
    iban: Field | None = None
    customer: Field | None = None
    invoice_number: Field | None = None
    order_number: Field | None = None
    contract_number: Field | None = None
    date: Field | None = None
    due_date: Field | None = None
    period_start: Field | None = None
    period_end: Field | None = None
    currency: Field | None = None
    subtotal: Field | None = None
    tax: Field | None = None
    tip: Field | None = None
    rounding: Field | None = None
    total: Field | None = None
    amount_due: Field | None = None
    payment_method: Field | None = None
    taxes: tuple[TaxLine, ...] = ()
    line_items: tuple[LineItem, ...] = ()
    parties: tuple[Field, ...] = ()
    effective_date: Field | None = None
    term: Field | None = None
    governing_law: Field | None = None
    renewal: Field | None = None

    def fields(self) -> dict[str, Field]:
        """The single fields that were found, by name."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in found.items() if isinstance(value, Field)}
