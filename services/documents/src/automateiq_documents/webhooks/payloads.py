"""What partners are told: version 1 of the messages.

    {"type": "document.processed", "timestamp": "2026-11-22T09:30:07.120Z", "version": 1, "data": {…}}

Small and without the file or its text: who wants more asks the REST API for the id. Members may be added in a version;
what is there is neither renamed nor taken away.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from automateiq_documents.documents.models import Document
from automateiq_documents.webhooks.models import Event, Message

VERSION = 1
_FIELDS = (
    "vendor",
    "invoiceNumber",
    "date",
    "dueDate",
    "currency",
    "subtotal",
    "tax",
    "total",
    "amountDue",
)
_MAX_VALUE = 200


def message(event: Event, at: datetime, data: Mapping[str, Any], document_id: str = "") -> Message:
    """A message, with its body as it will be sent."""
    stamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = {"type": event.value, "timestamp": stamp, "version": VERSION, "data": dict(data)}
    return Message(event, json.dumps(body, ensure_ascii=False, separators=(",", ":")), document_id)


def document_message(event: Event, document: Document, at: datetime, **more: Any) -> Message:
    """A message that tells of a document."""
    data: dict[str, Any] = {
        "documentId": document.id,
        "organizationId": document.organization_id,
        "status": document.status.value,
        "documentType": document.type.value if document.type else None,
        "tags": list(document.tags),
        "pageCount": document.page_count,
        "reviewState": document.review_state.value if document.review_state else None,
        "jobId": document.processing.job_id if document.processing else None,
    }
    if document.reading is not None:
        data["confidence"] = round(document.reading.confidence, 4)
        data["fields"] = _fields(document.reading.extracted_data)
    if document.failure is not None:
        data["failure"] = {"reason": document.failure.reason, "message": document.failure.message}
    return message(event, at, {**data, **more}, document.id)


def _fields(extracted: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: extracted.get(name) for name in _FIELDS}
    return {
        name: {
            "value": str(field.get("value", ""))[:_MAX_VALUE],
            "confidence": round(float(field.get("confidence", 0)), 4),
        }
        for name, field in found.items()
        if field
    }
