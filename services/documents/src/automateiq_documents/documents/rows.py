"""How documents are kept in MongoDB: rows in, dataclasses out, and back."""

from collections.abc import Sequence
from operator import attrgetter

from automateiq_core.mongo import Document as Row
from automateiq_core.mongo import ObjectId

from automateiq_documents.documents.models import (
    Document,
    DocumentType,
    Failure,
    PageWords,
    Processing,
    Reading,
    ReviewState,
    Stage,
    Status,
)

SCHEMA_VERSION = 1

# Words of a usual document stand in its own row: reading it is then one look-up by its id, and no
# join. Those of a long one stand apart, a row a page, for no row may be larger than 16 MiB.
_MAX_WORDS_IN_ROW = 256 << 10


def document_row(document: Document) -> Row:
    """The row of a new document, for the owner that the collection adds."""
    return {
        "_id": ObjectId(document.id),
        "uploadedBy": document.uploaded_by,
        "filename": document.filename,
        "originalName": document.original_name,
        "sortName": document.original_name.casefold(),
        "mimetype": document.mimetype,
        "size": document.size,
        "sha256": document.sha256,
        "blobKey": document.blob_key,
        "path": document.path,
        "type": None if document.type is None else document.type.value,
        "status": document.status.value,
        "tags": list(document.tags),
        "metadata": dict(document.metadata),
        "pageCount": document.page_count,
        "processing": None,
        "failure": None,
        "ocrResult": None,
        "createdAt": document.created_at,
        "updatedAt": document.updated_at,
        "schemaVersion": SCHEMA_VERSION,
    }


def document_of(row: Row) -> Document:
    """The document of a row, which may lack what was read."""
    return Document(
        id=str(row["_id"]),
        organization_id=row["organizationId"],
        uploaded_by=row["uploadedBy"],
        filename=row["filename"],
        original_name=row["originalName"],
        mimetype=row["mimetype"],
        size=row["size"],
        sha256=row["sha256"],
        blob_key=row["blobKey"],
        type=DocumentType(row["type"]) if row["type"] else None,
        status=Status(row["status"]),
        tags=row["tags"],
        metadata=row["metadata"],
        page_count=row["pageCount"],
        processing=processing_of(row),
        failure=failure_of(row),
        reading=reading_of(row),
        created_at=row["createdAt"],
        updated_at=row["updatedAt"],
        review_state=review_state_of(row),
    )


def processing_row(processing: Processing) -> Row:
    """How far a reading is."""
    return {
        "jobId": processing.job_id,
        "stage": processing.stage.value,
        "pagesDone": processing.pages_done,
        "pagesTotal": processing.pages_total,
        "attempts": processing.attempts,
        "creditsQuoted": processing.credits_quoted,
        "creditsCharged": processing.credits_charged,
        "chargePending": processing.charge_pending,
        "holdId": processing.hold_id,
        "requestedAt": processing.requested_at,
        "finishedAt": processing.finished_at,
    }


def processing_of(row: Row) -> Processing | None:
    """How far the reading of a row is."""
    kept = row.get("processing")
    if kept is None:
        return None
    return Processing(
        job_id=kept["jobId"],
        stage=Stage(kept["stage"]),
        pages_done=kept["pagesDone"],
        pages_total=kept["pagesTotal"],
        attempts=kept["attempts"],
        credits_quoted=kept["creditsQuoted"],
        credits_charged=kept["creditsCharged"],
        charge_pending=kept["chargePending"],
        hold_id=kept["holdId"],
        requested_at=kept["requestedAt"],
        finished_at=kept["finishedAt"],
    )


def failure_of(row: Row) -> Failure | None:
    """Why the document of a row could not be read."""
    kept = row.get("failure")
    return None if kept is None else Failure(kept["reason"], kept["message"])


def review_state_of(row: Row) -> ReviewState | None:
    """Where the review of a row stands; None until something was read."""
    kept = row.get("review")
    return None if kept is None else ReviewState(kept["state"])


def reading_row(reading: Reading) -> Row:
    """What was read."""
    return {
        "text": reading.text,
        "confidence": reading.confidence,
        "engine": reading.engine,
        "extractedData": dict(reading.extracted_data),
        "pages": [dict(page) for page in reading.pages],
    }


def reading_of(row: Row) -> Reading | None:
    """What was read, without the parts that were not asked for."""
    kept = row.get("ocrResult")
    if kept is None:
        return None
    return Reading(
        text=kept.get("text", ""),
        confidence=kept["confidence"],
        engine=kept["engine"],
        extracted_data=kept["extractedData"],
        pages=kept.get("pages", ()),
    )


def fits_in_row(words: Sequence[PageWords]) -> bool:
    """Whether a document's words are few enough to stand in its own row."""
    return sum(len(page.packed) for page in words) <= _MAX_WORDS_IN_ROW


def words_in_row(words: Sequence[PageWords]) -> Row:
    """The words of a document, as a part of what was read: they, or that they stand apart."""
    if fits_in_row(words):
        in_order = sorted(words, key=attrgetter("page"))
        return {
            "words": [{"page": page.page, "words": page.packed} for page in in_order],
            "wordsApart": False,
        }
    return {"words": [], "wordsApart": True}


def word_row(document_id: str, page: PageWords) -> Row:
    """The words of a page of a document that has too many for its own row."""
    return {
        "documentId": document_id,
        "page": page.page,
        "words": page.packed,
        "schemaVersion": SCHEMA_VERSION,
    }
