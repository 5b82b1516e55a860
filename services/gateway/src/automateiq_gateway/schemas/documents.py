"""Documents and what was read from them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import Query
from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from automateiq_gateway.schemas.common import Body, Page, PageQuery, Schema, Strict

DocumentType = Literal["invoice", "receipt", "contract", "general"]
DocumentStatus = Literal["uploaded", "processing", "processed", "failed"]
ReviewState = Literal["not_needed", "needed", "confirmed", "rejected"]
ReadingMode = Literal["first", "again", "fresh"]
Stage = Literal["queued", "reading", "storing", "finished"]
Sort = Literal["created_desc", "created_asc", "name_asc", "name_desc", "size_desc", "size_asc"]

_EXAMPLE_FIELD = {
    "value": "1234.50",
    "confidence": 0.98,
    "box": {"page": 1, "x": 431.2, "y": 655.0, "width": 52.3, "height": 9.1},
    "sourceText": "1,234.50",
    "origin": "page",
    "checks": ["net_plus_tax"],
    "doubts": [],
}
EXAMPLE: dict[str, Any] = {
    "id": "65f0c0ffee65f0c0ffee65f0",
    "organizationId": "65f0c0ffee65f0c0ffee65f2",
    "uploadedBy": "65f0c0ffee65f0c0ffee65f1",
    "filename": "invoice.pdf",
    "originalName": "Invoice 2026-001.pdf",
    "mimetype": "application/pdf",
    "size": 48213,
    "path": "/api/documents/65f0c0ffee65f0c0ffee65f0/file",
    "type": "invoice",
    "status": "processed",
    "ocrResult": {
        "text": "Invoice 2026-001\nTotal 1,234.50",
        "confidence": 0.97,
        "boundingBoxes": [
            {
                "text": "1,234.50",
                "box": {"page": 1, "x": 431.2, "y": 655.0, "width": 52.3, "height": 9.1},
                "confidence": 0.98,
            }
        ],
        "extractedData": {
            "documentType": "invoice",
            "documentTypeConfidence": 0.99,
            "vendor": None,
            "invoiceNumber": None,
            "date": None,
            "dueDate": None,
            "currency": None,
            "subtotal": None,
            "tax": None,
            "total": _EXAMPLE_FIELD,
            "lineItems": [],
            "language": "en",
            "vendorTaxId": None,
            "vendorAddress": None,
            "iban": None,
            "customer": None,
            "orderNumber": None,
            "contractNumber": None,
            "periodStart": None,
            "periodEnd": None,
            "tip": None,
            "rounding": None,
            "amountDue": None,
            "paymentMethod": None,
            "taxes": [],
            "parties": [],
            "effectiveDate": None,
            "term": None,
            "governingLaw": None,
            "renewal": None,
        },
        "pages": [
            {
                "number": 1,
                "width": 595.3,
                "height": 841.9,
                "source": "text_layer",
                "rotation": 0,
                "confidence": 0.97,
                "engine": "text_layer",
                "imageHash": "3c7e18e7c3e7003c" * 4,
                "fromCache": False,
            }
        ],
        "engine": "pdf-text 1",
    },
    "metadata": {"costCentre": "12"},
    "tags": ["november"],
    "pageCount": 1,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "processing": {
        "jobId": "65f0c0ffee65f0c0ffee65f6",
        "stage": "finished",
        "pagesDone": 1,
        "pagesTotal": 1,
        "attempts": 1,
        "creditsQuoted": 2,
        "creditsCharged": 2,
        "requestedAt": "2026-11-22T09:30:05Z",
        "finishedAt": "2026-11-22T09:30:07Z",
    },
    "failure": None,
    "createdAt": "2026-11-22T09:30:00Z",
    "updatedAt": "2026-11-22T09:30:07Z",
    "reviewState": "not_needed",
    "readings": [{"engine": "pdf-text 1", "confidence": 0.97, "pages": 1, "readAt": "2026-11-22T09:30:07Z"}],
    "duplicates": [
        {"documentId": "65f0c0ffee65f0c0ffee65f3", "reason": "same_page_image", "score": 0.97},
    ],
    "origin": None,
    "replacedBy": [],
    "partsFound": 1,
}


class BoundingBox(Schema):
    """A rectangle on a page, in the page's unit, from the upper left corner."""

    page: int = Field(description="The page, counted from 1")
    x: float = Field(description="Distance from the left edge")
    y: float = Field(description="Distance from the upper edge")
    width: float = Field(description="Width of the rectangle")
    height: float = Field(description="Height of the rectangle")


class Word(Schema):
    """One word and where it stands."""

    text: str = Field(description="The word as it was read")
    box: BoundingBox | None = Field(description="Where it stands")
    confidence: float = Field(description="How sure the reader is, 0 to 1")


class DocumentPage(Schema):
    """A page as it was read."""

    number: int = Field(description="The page's number, counted from 1")
    width: float = Field(description="Width in points for a PDF, in pixels for an image")
    height: float = Field(description="Height, in the unit of the width")
    source: Literal["text_layer", "ocr"] | None = Field(description="Where its text was taken from")
    rotation: int = Field(description="Degrees clockwise that made the page upright: 0, 90, 180 or 270")
    confidence: float = Field(description="Mean confidence of its words, 0 to 1")
    engine: str = Field(description="What read it: text_layer, tesseract, rapidocr or easyocr")
    image_hash: str = Field(description="A fingerprint of what it looks like, hexadecimal; empty if blank")
    from_cache: bool = Field(description="Whether it had been read before and was not read again")


class ExtractedField(Schema):
    """A value of a document, and what speaks for and against it."""

    value: str = Field(
        description='In normal form: amounts as "1234.50", dates as ISO 8601, currencies as ISO 4217'
    )
    confidence: float = Field(description="How likely the value is right, 0 to 1")
    box: BoundingBox | None = Field(description="Where it was read from; null where it stands on no page")
    source_text: str = Field(description="What stands there, letter by letter")
    origin: str = Field(description="page, xml, model, memory or person")
    checks: list[str] = Field(description="The checks it passed, for instance net_plus_tax")
    doubts: list[str] = Field(description="What speaks against it, for instance ambiguous_date")


class LineItem(Schema):
    """One line of an invoice or a receipt."""

    description: ExtractedField | None = Field(description="What was sold")
    quantity: ExtractedField | None = Field(description="How many or how much of it")
    unit_price: ExtractedField | None = Field(description="The price of one")
    amount: ExtractedField | None = Field(description="The price of the line")
    tax_rate: ExtractedField | None = Field(description="The rate of tax on it in percent")


class TaxLine(Schema):
    """The tax at one rate."""

    rate: ExtractedField | None = Field(description="The rate in percent")
    base: ExtractedField | None = Field(description="The sum that is taxed at this rate")
    amount: ExtractedField | None = Field(description="The tax")


class ExtractedData(Schema):
    """The data read out of a document. What was not found is null."""

    document_type: str = Field(
        description="invoice, receipt, credit_note, purchase_order, statement, contract or general"
    )
    document_type_confidence: float = Field(description="How sure the type is, 0 to 1")
    vendor: ExtractedField | None = Field(description="Who issued the document")
    invoice_number: ExtractedField | None = Field(description="The number its issuer gave it")
    date: ExtractedField | None = Field(description="Its date of issue")
    due_date: ExtractedField | None = Field(description="The day by which it is to be paid")
    currency: ExtractedField | None = Field(description="The currency of its amounts")
    subtotal: ExtractedField | None = Field(description="The sum before tax")
    tax: ExtractedField | None = Field(description="The sum of all taxes")
    total: ExtractedField | None = Field(
        description="The sum that the document is about, after tax and rounding"
    )
    line_items: list[LineItem] = Field(description="Its lines, in reading order")
    language: str = Field(
        description="The language it is mostly written in, ISO 639-1; empty where that can not be told"
    )
    vendor_tax_id: ExtractedField | None = Field(description="The issuer's tax or VAT number")
    vendor_address: ExtractedField | None = Field(description="The issuer's postal address")
    iban: ExtractedField | None = Field(description="The account to be paid to")
    customer: ExtractedField | None = Field(description="To whom it is addressed")
    order_number: ExtractedField | None = Field(description="The number of the order it belongs to")
    contract_number: ExtractedField | None = Field(description="The number of the contract it belongs to")
    period_start: ExtractedField | None = Field(description="The first day of what it bills or covers")
    period_end: ExtractedField | None = Field(description="The last day of what it bills or covers")
    tip: ExtractedField | None = Field(description="The tip")
    rounding: ExtractedField | None = Field(description="What rounding added or took away")
    amount_due: ExtractedField | None = Field(description="What is still to be paid; 0.00 on a paid bill")
    payment_method: ExtractedField | None = Field(
        description="How it was or is to be paid: cash, card, transfer, direct_debit, paypal or other"
    )
    taxes: list[TaxLine] = Field(description="Its tax, rate by rate")
    parties: list[ExtractedField] = Field(description="Who agrees with whom in a contract")
    effective_date: ExtractedField | None = Field(description="The day a contract begins")
    term: ExtractedField | None = Field(
        description="How long a contract lasts: a normal form such as '2 years'"
    )
    governing_law: ExtractedField | None = Field(
        description="The law that governs a contract, for instance 'Delaware'"
    )
    renewal: ExtractedField | None = Field(description="How a contract renews, in its own words")


class OcrResult(Schema):
    """What was read from a document. Text, words and pages are empty in listings."""

    text: str = Field(description="The text in reading order; pages are parted by a form feed")
    confidence: float = Field(description="Mean confidence of the words, 0 to 1")
    bounding_boxes: list[Word] = Field(description="The words and their places")
    extracted_data: ExtractedData | None = Field(
        description="The data found in it, with what people corrected"
    )
    pages: list[DocumentPage] = Field(description="The pages")
    engine: str = Field(description="Name and version of the engine that read it")


class Processing(Schema):
    """How far the reading of a document is."""

    job_id: str = Field(description="The job that reads it")
    stage: Stage | None = Field(description="What it is doing")
    pages_done: int = Field(description="Pages read so far")
    pages_total: int = Field(description="Pages in all; 0 while not known")
    attempts: int = Field(description="How often the job was begun")
    credits_quoted: int = Field(description="Credits set aside for it")
    credits_charged: int = Field(description="Credits charged for it; 0 until it has succeeded")
    requested_at: datetime | None = Field(description="When it was asked for")
    finished_at: datetime | None = Field(description="When it ended")


class Failure(Schema):
    """Why a document could not be read."""

    reason: str = Field(description="A fixed word for programs, for instance PDF_ENCRYPTED")
    message: str = Field(description="A sentence for a person that says what to do next")


class PastReading(Schema):
    """A reading that was stored."""

    engine: str = Field(description="Name and version of the engine")
    confidence: float = Field(description="Mean confidence of the words, 0 to 1")
    pages: int = Field(description="Its pages")
    read_at: datetime | None = Field(description="When it was stored")


class Duplicate(Schema):
    """A document that seems to be the same."""

    document_id: str = Field(description="The other document")
    reason: str = Field(description="same_page_image or same_number_and_total")
    score: float = Field(description="How sure that is, 0 to 1")


class OriginPages(Schema):
    """Pages of a document that became pages of another one."""

    document_id: str = Field(description="The document they come from; it may have been deleted since")
    pages: list[int] = Field(description="Their numbers there, in the order in which they stand here")


class Origin(Schema):
    """What a document was made of."""

    kind: str = Field(description="split (a part of one document) or merge (several put together)")
    sources: list[OriginPages] = Field(description="Its pages in order")


class Document(Schema):
    """A document."""

    id: str = Field(description="Its id")
    organization_id: str = Field(description="The organization it belongs to")
    uploaded_by: str = Field(description="The user who uploaded it")
    filename: str = Field(description="The name it is downloaded under: safe and with the right ending")
    original_name: str = Field(description="The name it was uploaded under")
    mimetype: str = Field(description="The media type found from its content")
    size: int = Field(description="Its length in bytes")
    path: str = Field(description="Where its file is, a path of this API")
    type: DocumentType | None = Field(description="What it is: what the user said, or else what was read")
    status: DocumentStatus | None = Field(description="Where it stands")
    ocr_result: OcrResult | None = Field(description="What was read from it; null until processed")
    metadata: dict[str, str] = Field(description="Free words and values of the uploader")
    tags: list[str] = Field(description="Labels")
    page_count: int = Field(description="How many pages it has; 0 while not known")
    sha256: str = Field(description="Hexadecimal SHA-256 of its content")
    processing: Processing | None = Field(description="How far its reading is; null until asked for")
    failure: Failure | None = Field(
        description="Why it could not be read; on a processed document, why it could not be read again"
    )
    created_at: datetime | None = Field(description="When it was uploaded")
    updated_at: datetime | None = Field(description="When it was last changed")
    review_state: ReviewState | None = Field(
        description="Whether a person should look at it, and what came of it; null until processed"
    )
    readings: list[PastReading] = Field(description="Its last readings, at most ten, oldest first")
    duplicates: list[Duplicate] = Field(description="Documents that seem to be the same")
    origin: Origin | None = Field(description="What it was made of; null for an upload")
    replaced_by: list[str] = Field(
        description="The documents that were made of it by splitting or merging and stand in its place"
    )
    parts_found: int = Field(
        description="How many documents its pages seem to hold; above 1 it may be split. 0 until processed"
    )

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})


class UploadedDocument(Document):
    """The document that was stored, or was there before."""

    duplicate: bool = Field(
        description="Whether the same content was there before; then this is the earlier document"
    )

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                **EXAMPLE,
                "status": "uploaded",
                "type": None,
                "ocrResult": None,
                "processing": None,
                "reviewState": None,
                "duplicate": False,
            }
        }
    )


class Documents(Page):
    """A page of documents, without their text and word boxes."""

    items: list[Document] = Field(description="The documents")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        **EXAMPLE,
                        "ocrResult": {**EXAMPLE["ocrResult"], "text": "", "boundingBoxes": [], "pages": []},
                    }
                ],
                "nextPageToken": "WyJh…",
            }
        }
    )


class UploadForm(Schema):
    """An upload. The fields stand before the file, which is passed on while it arrives."""

    type: DocumentType | None = Field(None, description="What it is; left out, the reading decides")
    tags: list[str] | None = Field(None, description="Labels: the field several times, or once with commas")
    metadata: str | None = Field(
        None, description="A JSON object of words", examples=['{"costCentre": "12"}']
    )
    file: bytes = Field(
        description="The file: PDF, PNG, JPEG, TIFF, WEBP, or an XML invoice (CII or UBL)",
        json_schema_extra={"type": "string", "contentMediaType": "application/octet-stream"},
    )


DocumentIds = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(min_length=1, max_length=500, description="The documents, each once"),
]


class ProcessBody(Body):
    """Asks for a document to be read, or for many."""

    document_id: str | None = Field(None, max_length=100, description="The document's id")
    document_ids: DocumentIds | None = Field(
        None, description="Or the ids of many; the answer is then a batch"
    )
    mode: ReadingMode = Field(
        "first",
        description="first: what was read already is refused. again: it is read again, pages that the same engine "
        "read a while ago from the cache, which costs less. fresh: every page is read anew",
    )

    model_config = ConfigDict(json_schema_extra={"example": {"documentId": EXAMPLE["id"], "mode": "first"}})

    @model_validator(mode="after")
    def _one_or_many(self) -> Self:
        if (self.document_id is None) == (self.document_ids is None):
            raise PydanticCustomError("one_or_many", "name either documentId or documentIds")
        return self


class FilterQuery(Strict):
    """Which documents. What is left out does not filter."""

    status: list[DocumentStatus] = Field([], max_length=4, description="Of one of these states")
    type: list[DocumentType] = Field([], max_length=4, description="Of one of these types")
    tag: list[Annotated[str, Field(min_length=1, max_length=50)]] = Field(
        [], max_length=20, description="With all of these labels"
    )
    q: str = Field(
        "",
        max_length=200,
        description='Words in its text, name, labels or vendor; "quoted words" stand together',
    )
    created_from: datetime | None = Field(
        None, description="Uploaded at this time or later; UTC where it names no zone"
    )
    created_before: datetime | None = Field(None, description="Uploaded before this time")


class ListQuery(FilterQuery, PageQuery):
    """Which documents, in which order, and which page of them."""

    sort: Sort = Field("created_desc", description="The order")


class Progress(Schema):
    """The data of an event: where a document stands."""

    status: DocumentStatus | None = Field(description="Where it stands")
    processing: Processing | None = Field(description="How far its reading is")
    failure: Failure | None = Field(description="Why it could not be read; null unless failed")


ListParameters = Annotated[ListQuery, Query()]
