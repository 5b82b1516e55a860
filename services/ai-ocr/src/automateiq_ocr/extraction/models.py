"""The data read out of a document. A value is never invented: its source text stands on the page, in its box."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from automateiq_ocr.recognition.models import Box


class DocumentType(StrEnum):
    """What a document is."""

    INVOICE = "invoice"
    RECEIPT = "receipt"
    CONTRACT = "contract"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Field:
    """A value that was found.

    `value` is in normal form: amounts "1234.50", dates ISO 8601, currencies ISO 4217, else the text itself.
    `source_text` is what stands on `page` inside `box`, letter by letter.
    """

    value: str
    confidence: float
    page: int
    box: Box
    source_text: str


@dataclass(frozen=True, slots=True)
class LineItem:
    """One line of an invoice or a receipt; what was not found is None."""

    description: Field | None = None
    quantity: Field | None = None
    unit_price: Field | None = None
    amount: Field | None = None


@dataclass(frozen=True, slots=True)
class ExtractedData:
    """All that was found; a field that was not is None."""

    document_type: DocumentType = DocumentType.GENERAL
    document_type_confidence: float = 0.0
    vendor: Field | None = None
    invoice_number: Field | None = None
    date: Field | None = None
    due_date: Field | None = None
    currency: Field | None = None
    subtotal: Field | None = None
    tax: Field | None = None
    total: Field | None = None
    line_items: tuple[LineItem, ...] = ()

    def fields(self) -> dict[str, Field]:
        """The single fields that were found, by name."""
        names = ("vendor", "invoice_number", "date", "due_date", "currency", "subtotal", "tax", "total")
        found = {name: getattr(self, name) for name in names}
        return {name: field for name, field in found.items() if field is not None}
