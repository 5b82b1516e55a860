"""The look of people at what was read."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import ConfigDict, Field

from automateiq_gateway.schemas.common import Body, Page, PageQuery, Schema, Strict
from automateiq_gateway.schemas.documents import (
    EXAMPLE,
    BoundingBox,
    Document,
    DocumentType,
    ExtractedData,
    ReviewState,
)

ReasonKind = Literal["missing", "low_confidence", "doubt", "changed_since_confirmed"]
Action = Literal["set", "add", "remove"]
AuditAction = Literal["decided", "corrected", "undone", "confirmed", "rejected", "reopened", "assigned"]
Fraction = Annotated[float, Field(ge=0, le=1)]
FieldName = Annotated[str, Field(min_length=1, max_length=40)]

_VERSION = (
    "`version` of the review that the change was made in view of; another one answers 409 REVIEW_CHANGED"
)
_DATA = EXAMPLE["ocrResult"]["extractedData"]
_REASON: dict[str, Any] = {
    "field": "total",
    "kind": "low_confidence",
    "detail": "",
    "confidence": 0.81,
    "threshold": 0.95,
}
_USER = "65f0c0ffee65f0c0ffee65f1"


class ReviewReason(Schema):
    """One reason for a look."""

    field: str = Field(description="Which value: total, lineItems[2].amount")
    kind: ReasonKind | None = Field(description="What is the matter with it")
    detail: str = Field(description="The doubt by its name, or the value that was confirmed")
    confidence: float = Field(description="How likely the value is right, 0 to 1")
    threshold: float = Field(description="From which confidence up it is accepted without a look")


class Correction(Schema):
    """What a person said."""

    id: str = Field(description="Its id, to take it back")
    field: str = Field(description="Which field")
    action: Action | None = Field(description="What it does")
    value: str = Field(description="The value of a single field or of a party, in normal form")
    values: dict[str, str] = Field(description="The values of a line, by part")
    box: BoundingBox | None = Field(description="What the person selected on the page")
    corrected_by: str = Field(description="The user who said it")
    corrected_at: datetime | None = Field(description="When")


class AuditEntry(Schema):
    """What was done once. Entries are only ever added."""

    action: AuditAction | None = Field(description="What was done")
    user_id: str = Field(description="The user; empty for the service")
    at: datetime | None = Field(description="When")
    version: int = Field(description="The version that the review got by it")
    path: str = Field(description="Which value; empty where the document as a whole is meant")
    old_value: str = Field(description="What stood there, or the state before")
    new_value: str = Field(description="What stands there since, or the state after")
    note: str = Field(description="What the user said about it")
    correction_id: str = Field(description="The correction it belongs to; empty where there is none")


class Review(Schema):
    """The review of a document."""

    document_id: str = Field(description="The document's id")
    state: ReviewState | None = Field(description="Where the review stands")
    version: int = Field(description="The version to name in a change")
    reasons: list[ReviewReason] = Field(description="Why the document wants a look, field by field")
    expected_loss: float = Field(
        description="What accepting it unseen is expected to cost: (1 - confidence) x amount, in its own currency"
    )
    extracted_data: ExtractedData | None = Field(
        description="The data that is shown: what was read, with the corrections over it"
    )
    read_data: ExtractedData | None = Field(description="What was read, without corrections")
    corrections: list[Correction] = Field(
        description="The corrections that hold, in the order in which they were made"
    )
    assigned_to: str = Field(description="The user who is to look at it; empty for nobody")
    reject_reason: str = Field(description="Why it was rejected; empty where it is not")
    decided_at: datetime | None = Field(description="When the service decided on it")
    closed_at: datetime | None = Field(description="When it was confirmed or rejected")
    closed_by: str = Field(description="Who confirmed or rejected it; empty for nobody")
    audit: list[AuditEntry] = Field(description="What was done to it, the newest first; the last 200")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "documentId": EXAMPLE["id"],
                "state": "needed",
                "version": 2,
                "reasons": [_REASON],
                "expectedLoss": 234.56,
                "extractedData": _DATA,
                "readData": _DATA,
                "corrections": [
                    {
                        "id": "65f0c0ffee65f0c0ffee65f7",
                        "field": "total",
                        "action": "set",
                        "value": "1234.50",
                        "values": {},
                        "box": None,
                        "correctedBy": _USER,
                        "correctedAt": "2026-11-22T09:40:00Z",
                    }
                ],
                "assignedTo": "",
                "rejectReason": "",
                "decidedAt": "2026-11-22T09:30:07Z",
                "closedAt": None,
                "closedBy": "",
                "audit": [
                    {
                        "action": "corrected",
                        "userId": _USER,
                        "at": "2026-11-22T09:40:00Z",
                        "version": 2,
                        "path": "total",
                        "oldValue": "1284.50",
                        "newValue": "1234.50",
                        "note": "",
                        "correctionId": "65f0c0ffee65f0c0ffee65f7",
                    }
                ],
            }
        }
    )


class QueuedReview(Schema):
    """A document of the queue."""

    document: Document | None = Field(description="The document, without its text and word boxes")
    reasons: list[ReviewReason] = Field(description="Why it wants a look, field by field")
    expected_loss: float = Field(description="What accepting it unseen is expected to cost")
    version: int = Field(description="The version to name in a change")
    assigned_to: str = Field(description="The user who is to look at it; empty for nobody")


class Reviews(Page):
    """A page of the queue, the largest expected loss first."""

    items: list[QueuedReview] = Field(description="The documents")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "document": {
                            **EXAMPLE,
                            "ocrResult": {
                                **EXAMPLE["ocrResult"],
                                "text": "",
                                "boundingBoxes": [],
                                "pages": [],
                            },
                            "reviewState": "needed",
                        },
                        "reasons": [_REASON],
                        "expectedLoss": 234.56,
                        "version": 1,
                        "assignedTo": "",
                    }
                ],
                "nextPageToken": None,
            }
        }
    )


class ReviewCounts(Schema):
    """How many documents are in each state."""

    not_needed: int = Field(description="Everything important is sure enough")
    needed: int = Field(description="A person should look")
    confirmed: int = Field(description="A person confirmed")
    rejected: int = Field(description="A person rejected")

    model_config = ConfigDict(
        json_schema_extra={"example": {"notNeeded": 120, "needed": 7, "confirmed": 31, "rejected": 2}}
    )


class ReviewNeighbours(Schema):
    """The documents beside one in the queue."""

    previous_document_id: str = Field(description="The document before it; empty where it is the first")
    next_document_id: str = Field(description="The document after it; empty where it is the last")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"previousDocumentId": "", "nextDocumentId": "65f0c0ffee65f0c0ffee65f8"}
        }
    )


class FilterQuery(Strict):
    """Which documents of the queue. What is left out does not filter."""

    state: list[ReviewState] = Field(
        [], max_length=4, description="In one of these states; left out: those that want a look"
    )
    type: list[DocumentType] = Field([], max_length=4, description="Of one of these types")
    vendor: str = Field("", max_length=200, description="Of vendors whose name begins so")
    tag: list[Annotated[str, Field(min_length=1, max_length=50)]] = Field(
        [], max_length=20, description="With all of these labels"
    )
    assigned_to: str = Field(
        "", pattern="^([0-9a-f]{24})?$", description="Given to this user, by the user's id"
    )
    unassigned: bool = Field(False, description="Given to nobody")


class QueueQuery(FilterQuery, PageQuery):
    """Which documents of the queue, and which page."""


class SelectedBox(Body):
    """What a person selected on a page, in the page's unit, from the upper left corner."""

    page: int = Field(ge=1, le=10_000, description="The page, counted from 1")
    x: float = Field(ge=0, le=100_000, description="Distance from the left edge")
    y: float = Field(ge=0, le=100_000, description="Distance from the upper edge")
    width: float = Field(gt=0, le=100_000, description="Width of the rectangle")
    height: float = Field(gt=0, le=100_000, description="Height of the rectangle")


class FieldChange(Body):
    """What a person wants to change."""

    field: FieldName = Field(
        description="A field of the extracted data: invoiceNumber, total, lineItems, taxes, parties"
    )
    action: Action = Field("set", description="set a value, add a line at the end of a list, or remove")
    index: int | None = Field(
        None,
        ge=0,
        lt=10_000,
        description="The line of a list, counted from 0 in what is shown after the changes before this one",
    )
    value: str = Field(
        "",
        max_length=1000,
        description='The value of a single field or a party: an amount as "1234.50", a date in ISO 8601',
    )
    values: dict[FieldName, Annotated[str, Field(max_length=1000)]] = Field(
        {}, max_length=10, description="The values of a line, by part; an empty one takes the part away"
    )
    box: SelectedBox | None = Field(None, description="What the person selected on the page")


class VersionBody(Body):
    """A change of a review."""

    version: int = Field(ge=0, lt=2**62, description=_VERSION)

    model_config = ConfigDict(json_schema_extra={"example": {"version": 2}})


class CorrectBody(VersionBody):
    """Corrections, of which all are made or none."""

    corrections: list[FieldChange] = Field(
        min_length=1, max_length=100, description="What to change, one after another"
    )

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "version": 1,
                "corrections": [
                    {
                        "field": "invoiceNumber",
                        "value": "2026-001",
                        "box": {"page": 1, "x": 431.2, "y": 55.0, "width": 52.3, "height": 9.1},
                    },
                    {"field": "lineItems", "index": 2, "values": {"amount": "12.00"}},
                    {"field": "lineItems", "action": "add", "values": {"description": "Freight"}},
                    {"field": "tip", "action": "remove"},
                ],
            }
        }
    )


class RejectBody(VersionBody):
    """A rejection."""

    reason: str = Field(min_length=1, max_length=500, description="Why, for other people")

    model_config = ConfigDict(
        json_schema_extra={"example": {"version": 2, "reason": "This is not our bill."}}
    )


class AssignBody(VersionBody):
    """An assignment."""

    user_id: str = Field(pattern="^([0-9a-f]{24})?$", description="The user's id; empty for nobody")

    model_config = ConfigDict(json_schema_extra={"example": {"version": 2, "userId": _USER}})


class ImportantFields(Strict):
    """The fields that must be there in a kind of document."""

    type: DocumentType = Field(description="The kind")
    fields: list[FieldName] = Field(max_length=40, description="The names of the fields")


_SETTINGS: dict[str, Any] = {
    "threshold": 0.95,
    "thresholds": {"total": 0.98},
    "important": [
        {"type": "invoice", "fields": ["vendor", "invoiceNumber", "date", "currency", "total"]},
        {"type": "receipt", "fields": ["vendor", "date", "total"]},
    ],
    "version": 3,
}


class ReviewSettings(Schema):
    """What the organization wants to look at."""

    threshold: float = Field(
        description="From which confidence up an important field is accepted without a look"
    )
    thresholds: dict[str, float] = Field(description="The same for single fields, by name")
    important: list[ImportantFields] = Field(
        description="What must be there, by kind of document; a kind that is left out has no important fields"
    )
    version: int = Field(description="The version to name in an update; 0 before the first")

    model_config = ConfigDict(json_schema_extra={"example": _SETTINGS})


class ReviewSettingsBody(Body):
    """New settings. They hold from the next reading on."""

    threshold: Fraction = Field(
        description="From which confidence up an important field is accepted without a look"
    )
    thresholds: dict[FieldName, Fraction] = Field(
        {}, max_length=40, description="The same for single fields, by name"
    )
    important: list[ImportantFields] = Field(
        max_length=4, description="What must be there, by kind of document"
    )
    version: int = Field(ge=0, lt=2**62, description="The version that these settings replace")

    model_config = ConfigDict(json_schema_extra={"example": _SETTINGS})


class RememberedConstant(Schema):
    """A value that is the same on all documents of a vendor."""

    field: str = Field(description="Which field")
    value: str = Field(description="Its value")
    right: int = Field(description="How often people said or confirmed it")
    wrong: int = Field(description="How often people said something else; at 2 it is forgotten")


class RememberedPlace(Schema):
    """Where people found a value that differs from document to document."""

    field: str = Field(description="Which field")
    label: list[str] = Field(description="The words of its label")
    side: Literal["left", "above", "none"] | None = Field(description="Where the label stands")
    pattern: str = Field(
        description="Of a number: a run of letters is A and its length, of digits 9 and its length"
    )
    right: int = Field(description="How often people confirmed what was found there")
    wrong: int = Field(description="How often people said something else; at 2 it is forgotten")


_MEMORY: dict[str, Any] = {
    "id": "65f0c0ffee65f0c0ffee65f9",
    "name": "ACME Supplies Ltd",
    "keys": ["domain:acme-supplies.example", "phone:0192837"],
    "constants": [{"field": "vendor", "value": "ACME Supplies Ltd", "right": 3, "wrong": 0}],
    "places": [
        {
            "field": "invoiceNumber",
            "label": ["Reference", "code:"],
            "side": "left",
            "pattern": "A2 - 94 - 94",
            "right": 2,
            "wrong": 0,
        }
    ],
    "dateOrder": "MDY",
    "enabled": True,
    "version": 4,
    "createdAt": "2026-11-22T09:40:00Z",
    "updatedAt": "2026-11-23T10:12:00Z",
}


class VendorMemory(Schema):
    """What the organization remembers of a vendor, from people's corrections and confirmations."""

    id: str = Field(description="Its id")
    name: str = Field(description="The vendor's name")
    keys: list[str] = Field(description="What the vendor is recognised by beside its name")
    constants: list[RememberedConstant] = Field(description="What does not change")
    places: list[RememberedPlace] = Field(description="Where the rest is found")
    date_order: str = Field(description="The order of its numeric dates: DMY, MDY or YMD; empty if not known")
    enabled: bool = Field(description="Whether it is used")
    version: int = Field(description="Counts its changes")
    created_at: datetime | None = Field(description="When it was begun")
    updated_at: datetime | None = Field(description="When it last changed")

    model_config = ConfigDict(json_schema_extra={"example": _MEMORY})


class VendorMemories(Page):
    """A page of what is remembered of vendors, by name."""

    items: list[VendorMemory] = Field(description="The memories")

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_MEMORY], "nextPageToken": None}})


class VendorMemoryBody(Body):
    """A switch."""

    enabled: bool = Field(description="Off, it is kept and still learns, but changes no reading")

    model_config = ConfigDict(json_schema_extra={"example": {"enabled": False}})


class VendorQuery(PageQuery):
    """Which vendors."""

    name: str = Field("", max_length=200, description="The beginning of the name")


VendorParameters = Annotated[VendorQuery, Query()]
FilterParameters = Annotated[FilterQuery, Query()]
QueueParameters = Annotated[QueueQuery, Query()]
