"""How documents are kept in MongoDB: rows in, dataclasses out, and back."""

from collections.abc import Sequence
from operator import attrgetter

from automateiq_core.mongo import Document as Row
from automateiq_core.mongo import ObjectId

from automateiq_documents.documents.models import (
    Document,
    DocumentType,
    Duplicate,
    Failure,
    Origin,
    OriginPages,
    PagesUsed,
    PageWords,
    PastReading,
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
        "typeRead": document.type_read,
        "readings": [],
        "duplicates": [],
        "origin": None if document.origin is None else _origin_row(document.origin),
        "replacedBy": list(document.replaced_by),
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
        type_read=row.get("typeRead", False),
        readings=tuple(
            PastReading(kept["engine"], kept["confidence"], kept["pages"], kept["readAt"])
            for kept in row.get("readings", ())
        ),
        duplicates=tuple(
            Duplicate(kept["documentId"], kept["reason"], kept["score"], kept["dismissed"])
            for kept in row.get("duplicates", ())
        ),
        origin=_origin_of(row.get("origin")),
        replaced_by=tuple(row.get("replacedBy", ())),
        parts_found=row.get("partsFound", 0),
        created_at=row["createdAt"],
        updated_at=row["updatedAt"],
        review_state=review_state_of(row),
    )


def _origin_row(origin: Origin) -> Row:
    sources = [
        {
            "documentId": source.document_id,
            "sha256": source.sha256,
            "pages": list(source.pages),
            "alike": source.alike,
            "paid": source.paid,
        }
        for source in origin.sources
    ]
    return {"kind": origin.kind, "sources": sources}


def _origin_of(kept: Row | None) -> Origin | None:
    if kept is None:
        return None
    sources = [
        OriginPages(source["documentId"], source["sha256"], source["pages"], source["alike"], source["paid"])
        for source in kept["sources"]
    ]
    return Origin(kept["kind"], sources)


def used_row(used: PagesUsed) -> Row:
    """What read the pages of a result."""
    return {
        "textLayer": used.text_layer,
        "tesseract": used.tesseract,
        "deep": used.deep,
        "cached": used.cached,
        "free": used.free,
    }


def _used_of(kept: Row | None) -> PagesUsed | None:
    if kept is None:
        return None
    return PagesUsed(kept["textLayer"], kept["tesseract"], kept["deep"], kept["cached"], kept["free"])


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
        "again": processing.again,
        "fresh": processing.fresh,
        "waiting": processing.waiting,
        "used": None if processing.used is None else used_row(processing.used),
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
        again=kept.get("again", False),
        fresh=kept.get("fresh", False),
        waiting=kept.get("waiting", False),
        used=_used_of(kept.get("used")),
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
        "parts": [dict(part) for part in reading.parts],
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
        parts=tuple(kept.get("parts", ())),
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
