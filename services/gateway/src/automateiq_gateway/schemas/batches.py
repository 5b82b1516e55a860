"""Having many documents read at once."""

from datetime import datetime

from pydantic import ConfigDict, Field

from automateiq_gateway.schemas.common import Body, Schema
from automateiq_gateway.schemas.documents import DocumentIds, ReadingMode

_ID = "65f0c0ffee65f0c0ffee65f0"


class QuoteBody(Body):
    """Asks what the reading of documents would cost at most."""

    document_ids: DocumentIds
    mode: ReadingMode = Field("first", description="How they are to be read")

    model_config = ConfigDict(json_schema_extra={"example": {"documentIds": [_ID], "mode": "first"}})


class QuotedDocument(Schema):
    """The price of one document."""

    document_id: str = Field(description="The document")
    pages: int = Field(description="How many pages it has; 0 where they are not counted yet")
    credits: int = Field(description="The most that it can cost; 0 where it would be refused")
    reason: str = Field(description="Why it would be refused, for instance ALREADY_PROCESSED; else empty")


class DocumentsQuote(Schema):
    """The price of documents, and what it leaves."""

    documents: list[QuotedDocument] = Field(description="The documents, in the order of the request")
    credits: int = Field(description="The most that all can cost together; what is not needed is not charged")
    available: int = Field(description="The credits that can be spent now")
    left: int = Field(description="What would be left of them at least; below 0 some would be refused")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "documents": [{"documentId": _ID, "pages": 2, "credits": 5, "reason": ""}],
                "credits": 5,
                "available": 96,
                "left": 91,
            }
        }
    )


class BatchItem(Schema):
    """What became of one document of a batch."""

    document_id: str = Field(description="The document")
    outcome: str = Field(
        description="waiting, reading, processed, failed, refused, cancelled, or gone (deleted, or read again since)"
    )
    reason: str = Field(description="Why it failed or was refused, a fixed word for programs")
    message: str = Field(description="The same, a sentence for people")
    credits: int = Field(description="What it was charged")


class Batch(Schema):
    """A batch."""

    id: str = Field(description="Its id")
    created_at: datetime | None = Field(description="When it was asked for")
    state: str = Field(description="running, cancelled or done")
    counts: dict[str, int] = Field(description="How many documents have which outcome")
    credits: int = Field(description="What was charged so far")
    items: list[BatchItem] = Field(description="The documents, in the order of the request")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "65f0c0ffee65f0c0ffee65f7",
                "createdAt": "2026-11-22T09:30:00Z",
                "state": "running",
                "counts": {"reading": 1},
                "credits": 0,
                "items": [
                    {"documentId": _ID, "outcome": "reading", "reason": "", "message": "", "credits": 0}
                ],
            }
        }
    )
