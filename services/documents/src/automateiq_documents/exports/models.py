"""What can be exported, and in which columns.

The order of the columns is part of the API: new ones are added at the end. Dates are ISO 8601, times UTC, amounts plain
decimals with a dot and no sign of thousands, currencies ISO 4217; nothing depends on a locale.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from automateiq_documents.documents.models import Document, DocumentFilter


class Format(StrEnum):
    """What kind of file."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
    UBL = "ubl"


class Table(StrEnum):
    """Which table, where a format holds one only."""

    DOCUMENTS = "documents"
    LINES = "lines"


MIMETYPES: Mapping[Format, str] = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.JSON: "application/json",
    Format.UBL: "application/zip",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. Ids come before the filter."""

    format: Format
    table: Table = Table.DOCUMENTS
    filter: DocumentFilter = field(default_factory=DocumentFilter)
    ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FileHead:
    """The name and the media type of an export."""

    filename: str
    mimetype: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `number` says that its values are amounts, to be calculated with."""

    name: str
    number: bool = False


# Single values of what was read, as the API names them.
FIELDS = (
    Column("vendor"),
    Column("vendorTaxId"),
    Column("vendorAddress"),
    Column("iban"),
    Column("customer"),
    Column("invoiceNumber"),
    Column("orderNumber"),
    Column("contractNumber"),
    Column("date"),
    Column("dueDate"),
    Column("periodStart"),
    Column("periodEnd"),
    Column("currency"),
    Column("subtotal", number=True),
    Column("tax", number=True),
    Column("tip", number=True),
    Column("rounding", number=True),
    Column("total", number=True),
    Column("amountDue", number=True),
    Column("paymentMethod"),
    Column("effectiveDate"),
    Column("term"),
    Column("governingLaw"),
    Column("renewal"),
)
DOCUMENT_COLUMNS = (
    Column("id"),
    Column("originalName"),
    Column("status"),
    Column("type"),
    Column("documentType"),
    Column("reviewState"),
    *FIELDS,
    Column("parties"),
    Column("language"),
    Column("tags"),
    Column("pageCount", number=True),
    Column("uploadedBy"),
    Column("createdAt"),
    Column("updatedAt"),
)
_LINE_PARTS = ("description", "quantity", "unitPrice", "taxRate", "amount")
LINE_COLUMNS = (
    Column("documentId"),
    Column("vendor"),
    Column("invoiceNumber"),
    Column("date"),
    Column("currency"),
    Column("line", number=True),
    Column("description"),
    Column("quantity", number=True),
    Column("unitPrice", number=True),
    Column("taxRate", number=True),
    Column("amount", number=True),
)
_BETWEEN = "; "

Row = Sequence[str]


def data_of(document: Document) -> Mapping[str, Any]:
    """The data that is shown of a document: what was read, with what people corrected."""
    return document.reading.extracted_data if document.reading else {}


def value(data: Mapping[str, Any], name: str) -> str:
    """The value of a field; empty where it was not found."""
    found = data.get(name)
    return str(found.get("value", "")) if isinstance(found, Mapping) else ""


def document_row(document: Document) -> Row:
    """A document in the order of `DOCUMENT_COLUMNS`."""
    data = data_of(document)
    return (
        document.id,
        document.original_name,
        document.status.value,
        document.type.value if document.type else "",
        str(data.get("documentType", "")),
        document.review_state.value if document.review_state else "",
        *(value(data, column.name) for column in FIELDS),
        _BETWEEN.join(str(party.get("value", "")) for party in data.get("parties", ())),
        str(data.get("language", "")),
        _BETWEEN.join(document.tags),
        str(document.page_count) if document.page_count else "",
        document.uploaded_by,
        stamp(document.created_at),
        stamp(document.updated_at),
    )


def line_rows(document: Document) -> Iterator[Row]:
    """The lines of a document in the order of `LINE_COLUMNS`."""
    data = data_of(document)
    head = (document.id, *(value(data, name) for name in ("vendor", "invoiceNumber", "date", "currency")))
    for number, line in enumerate(data.get("lineItems", ()), 1):
        yield (*head, str(number), *(value(line, part) for part in _LINE_PARTS))


def document_object(document: Document) -> dict[str, Any]:
    """A document for JSON: values with their confidence, and lines."""
    data = data_of(document)
    return {
        "id": document.id,
        "originalName": document.original_name,
        "status": document.status.value,
        "type": document.type.value if document.type else None,
        "documentType": data.get("documentType") or None,
        "reviewState": document.review_state.value if document.review_state else None,
        "fields": {column.name: _field(data[column.name]) for column in FIELDS if data.get(column.name)},
        "parties": [_field(party) for party in data.get("parties", ())],
        "taxes": [_parts(line) for line in data.get("taxes", ())],
        "lineItems": [_parts(line) for line in data.get("lineItems", ())],
        "language": data.get("language") or None,
        "tags": list(document.tags),
        "metadata": dict(document.metadata),
        "pageCount": document.page_count,
        "uploadedBy": document.uploaded_by,
        "createdAt": stamp(document.created_at),
        "updatedAt": stamp(document.updated_at),
    }


def _field(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "value": str(found.get("value", "")),
        "confidence": round(float(found.get("confidence", 0)), 4),
        "origin": str(found.get("origin", "")),
    }


def _parts(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _field(found) for name, found in line.items() if isinstance(found, Mapping)}


def stamp(time: datetime) -> str:
    """A time in UTC."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
