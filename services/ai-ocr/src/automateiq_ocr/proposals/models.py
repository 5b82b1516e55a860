"""What a language model may be asked about a document, and in which form it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from automateiq_ocr.extraction.models import DocumentType, ExtractedData


class Kind(StrEnum):
    """The form of a value, with what a model is told about it."""

    TEXT = "exactly as printed"
    AMOUNT = 'with a point before two decimals, for instance "1234.50"'
    DATE = "as YYYY-MM-DD"
    IBAN = "exactly as printed, an IBAN"
    CURRENCY = "as an ISO 4217 code"


class Proposer(Protocol):
    """Something that proposes values for fields of a document."""

    async def propose(self, text: str, wanted: Mapping[str, Kind]) -> dict[str, str]:
        """Values for some of the wanted fields; none where it fails."""
        ...


_BILL: Mapping[str, Kind] = {
    "vendor": Kind.TEXT,
    "vendor_tax_id": Kind.TEXT,
    "vendor_address": Kind.TEXT,
    "iban": Kind.IBAN,
    "customer": Kind.TEXT,
    "invoice_number": Kind.TEXT,
    "order_number": Kind.TEXT,
    "date": Kind.DATE,
    "due_date": Kind.DATE,
    "currency": Kind.CURRENCY,
    "subtotal": Kind.AMOUNT,
    "tax": Kind.AMOUNT,
    "total": Kind.AMOUNT,
}
_CONTRACT: Mapping[str, Kind] = {
    "date": Kind.DATE,
    "effective_date": Kind.DATE,
    "term": Kind.TEXT,
    "governing_law": Kind.TEXT,
    "renewal": Kind.TEXT,
}
# Without one of these a document is of little use, so a model is only asked where one is missing.
_NEEDED = {"vendor", "invoice_number", "date", "total", "currency", "effective_date", "governing_law"}


def fields_of(kind: DocumentType) -> Mapping[str, Kind]:
    """The single fields that documents of this type have."""
    match kind:
        case DocumentType.CONTRACT:
            return _CONTRACT
        case DocumentType.GENERAL:
            return {}
        case _:
            return _BILL


def missing(data: ExtractedData) -> dict[str, Kind]:
    """What a model is to be asked for: all that is missing, if anything is missing that matters; else nothing."""
    found = data.fields()
    absent = {name: kind for name, kind in fields_of(data.document_type).items() if name not in found}
    return absent if _NEEDED & absent.keys() else {}


def answer_schema(fields: Iterable[str]) -> dict[str, Any]:
    """The JSON schema of an answer: every field a string, or null where the document does not say."""
    names = list(fields)
    return {
        "type": "object",
        "properties": {name: {"type": ["string", "null"]} for name in names},
        "required": names,
        "additionalProperties": False,
    }
