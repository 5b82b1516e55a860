"""The documents of an organization, the words on their pages, and the files that no document owns.

A file and the row that names it can not be written in one transaction, S3 least of all. So a file's key is noted in
`loose_blobs` before its first byte is written; the note goes in the transaction that makes the document, and comes
back in the one that deletes it. Whatever crashes in between leaves a note, and the sweep removes what it names.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core.errors import Unavailable
from automateiq_core.mongo import Document as Row
from automateiq_core.mongo import Mongo, ObjectId
from automateiq_core.pagination import SortKey, paginate
from pymongo import ASCENDING, DESCENDING, TEXT, IndexModel

from automateiq_documents.documents.models import (
    COMPLETE,
    FAIL,
    KEEP,
    READINGS_KEPT,
    REFUSE,
    Document,
    DocumentFilter,
    DocumentOrder,
    DocumentType,
    Failure,
    PagesUsed,
    PageWords,
    Processing,
    Progress,
    Reading,
    ReadingMode,
    Stage,
    Status,
    Step,
    request_step,
)
from automateiq_documents.documents.rows import (
    SCHEMA_VERSION,
    document_of,
    document_row,
    failure_of,
    fits_in_row,
    processing_of,
    processing_row,
    reading_row,
    used_row,
    word_row,
    words_in_row,
)

DOCUMENTS = "documents"
_WORDS = "document_words"
_LOOSE_BLOBS = "loose_blobs"

_TENANT = ("organizationId", ASCENDING)
DOCUMENT_INDEXES = [
    IndexModel([_TENANT, ("sha256", ASCENDING)], name="content", unique=True),
    IndexModel([_TENANT, ("createdAt", DESCENDING), ("_id", DESCENDING)], name="newest"),
    IndexModel([_TENANT, ("sortName", ASCENDING), ("_id", ASCENDING)], name="name"),
    IndexModel([_TENANT, ("size", ASCENDING), ("_id", ASCENDING)], name="size"),
    IndexModel(
        [_TENANT, ("status", ASCENDING), ("createdAt", DESCENDING), ("_id", DESCENDING)], name="status"
    ),
    IndexModel([_TENANT, ("tags", ASCENDING), ("createdAt", DESCENDING)], name="tags"),
    IndexModel(
        [
            _TENANT,
            ("originalName", TEXT),
            ("ocrResult.text", TEXT),
            ("tags", TEXT),
            ("ocrResult.extractedData.vendor.value", TEXT),
        ],
        name="words",
        # No stemming and no stop words: documents are in many languages, and "the" may be a vendor's name.
        default_language="none",
        # A field of ours that happens to be called `language` must not choose how a row is indexed.
        language_override="searchLanguage",
    ),
    IndexModel(
        [_TENANT, ("processing.finishedAt", ASCENDING)],
        name="charge_pending",
        partialFilterExpression={"processing.chargePending": True},
    ),
    IndexModel(
        [_TENANT, ("processing.requestedAt", ASCENDING)],
        name="waiting",
        partialFilterExpression={"processing.waiting": True},
    ),
]
WORD_INDEXES = [
    IndexModel([_TENANT, ("documentId", ASCENDING), ("page", ASCENDING)], name="page", unique=True),
]
LOOSE_BLOB_INDEXES = [IndexModel([_TENANT, ("createdAt", ASCENDING)], name="age")]

# Of the review a document shows its state only; the rest is for who reviews.
_WITHOUT_REVIEW = {
    "ocrResult.readData": 0,
    "review.corrections": 0,
    "review.bases": 0,
    "review.reasons": 0,
    "review.confirmed": 0,
}
_WITHOUT_READING = {"ocrResult": 0, **{name: 0 for name in _WITHOUT_REVIEW if name.startswith("review")}}
_IN_LISTINGS = {
    "ocrResult.text": 0,
    "ocrResult.pages": 0,
    "ocrResult.words": 0,
    "ocrResult.parts": 0,
    **_WITHOUT_REVIEW,
}
_IN_PROGRESS = {"status": 1, "processing": 1, "failure": 1}

_ORDERS: Mapping[DocumentOrder, SortKey] = {
    DocumentOrder.CREATED_DESC: SortKey("createdAt", descending=True),
    DocumentOrder.CREATED_ASC: SortKey("createdAt"),
    DocumentOrder.NAME_ASC: SortKey("sortName"),
    DocumentOrder.NAME_DESC: SortKey("sortName", descending=True),
    DocumentOrder.SIZE_DESC: SortKey("size", descending=True),
    DocumentOrder.SIZE_ASC: SortKey("size"),
}

Result = TypeVar("Result")


def now() -> datetime:
    """The time as MongoDB keeps it: UTC, in milliseconds."""
    time = datetime.now(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


@dataclass(frozen=True, slots=True)
class LooseBlob:
    """A file that no document owns (yet, or any more)."""

    organization_id: str
    key: str


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """A page of a listing."""

    documents: list[Document]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class Amendment:
    """What is to be different about a document, beside what was read from it."""

    add_tags: Sequence[str] = ()
    remove_tags: Sequence[str] = ()
    type: DocumentType | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


class DocumentStore:
    """Every query on documents."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._documents = mongo.tenant(DOCUMENTS)
        self._words = mongo.tenant(_WORDS)
        self._loose = mongo.tenant(_LOOSE_BLOBS)
        self._all_documents = mongo.across_tenants(
            DOCUMENTS, why="the sweep finds what could not be charged, for every tenant"
        )
        self._all_loose = mongo.across_tenants(
            _LOOSE_BLOBS, why="the sweep removes files nobody owns, for every tenant"
        )

    async def ensure_indexes(self) -> None:
        """Creates the collections and their indexes."""
        await self._mongo.ensure_indexes(DOCUMENTS, DOCUMENT_INDEXES)
        await self._mongo.ensure_indexes(_WORDS, WORD_INDEXES)
        await self._mongo.ensure_indexes(_LOOSE_BLOBS, LOOSE_BLOB_INDEXES)

    async def transact(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Runs `work` in a transaction; it may run more than once."""
        return await self._mongo.transact(work)

    # Files and documents come and go together.

    async def note_loose_blob(self, key: str) -> None:
        """Notes that a file is about to be written, or that its document is gone."""
        await self._loose.insert_one(
            {"_id": ObjectId(key), "createdAt": now(), "schemaVersion": SCHEMA_VERSION}
        )

    async def forget_loose_blob(self, key: str) -> None:
        """Takes the note of a file back once the file is removed."""
        await self._loose.delete_one({"_id": ObjectId(key)})

    async def loose_blobs(self, before: datetime) -> AsyncIterator[LooseBlob]:
        """Files that nobody owned at that time, of all organizations."""
        # The bound on the owner lets the query use the index, which begins with it.
        query = {"organizationId": {"$gt": ""}, "createdAt": {"$lt": before}}
        async for row in self._all_loose.iterate(query):
            yield LooseBlob(row["organizationId"], str(row["_id"]))

    async def insert(self, document: Document) -> None:
        """Stores a document, which from now on owns its file.

        Raises:
            DuplicateKeyError: the content, or this id, is there already.
            Unavailable: the sweep took the upload for abandoned (UPLOAD_TOO_SLOW).
        """

        async def work() -> None:
            await self._documents.insert_one(document_row(document))
            if await self._loose.delete_one({"_id": ObjectId(document.blob_key)}) == 0:
                raise Unavailable("UPLOAD_TOO_SLOW", "The upload took too long. Upload the file again.")

        await self.transact(work)

    async def delete(self, document_id: str) -> Document | None:
        """Removes a document and its words and notes its file as loose; gives what was removed."""

        async def work() -> Document | None:
            row = await self._documents.find_one_and_delete({"_id": ObjectId(document_id)})
            if row is None:
                return None
            document = document_of(row)
            await self._words.delete_many({"documentId": document_id})
            await self.note_loose_blob(document.blob_key)
            return document

        return await self.transact(work)

    # Reading.

    async def find(self, document_id: str) -> Document | None:
        """A document without what was read from it."""
        return await self._one({"_id": ObjectId(document_id)}, _WITHOUT_READING)

    async def find_read(self, document_id: str) -> Document | None:
        """A document with the data read from it, without its text and words."""
        return await self._one({"_id": ObjectId(document_id)}, _IN_LISTINGS)

    async def find_whole(self, document_id: str) -> tuple[Document, list[PageWords]] | None:
        """A document with its text and its words, page by page."""
        row = await self._documents.find_one({"_id": ObjectId(document_id)}, projection=_WITHOUT_REVIEW)
        if row is None:
            return None
        reading = row.get("ocrResult") or {}
        pages = reading.get("words", [])
        if reading.get("wordsApart"):
            by_page = [("page", ASCENDING)]
            pages = [page async for page in self._words.iterate({"documentId": document_id}, sort=by_page)]
        return document_of(row), [PageWords(page["page"], page["words"]) for page in pages]

    async def text(self, document_id: str) -> str:
        """The text read from a document; empty where there is none."""
        row = await self._documents.find_one({"_id": ObjectId(document_id)}, projection={"ocrResult.text": 1})
        reading = None if row is None else row.get("ocrResult")
        return str(reading.get("text", "")) if reading else ""

    async def find_content(self, sha256: str) -> Document | None:
        """The document that has this content."""
        return await self._one({"sha256": sha256}, _IN_LISTINGS)

    async def _one(self, query: Row, projection: Mapping[str, Any] | None) -> Document | None:
        row = await self._documents.find_one(query, projection=projection)
        return None if row is None else document_of(row)

    async def progress(self, document_id: str) -> Progress | None:
        """Where a document stands."""
        row = await self._documents.find_one({"_id": ObjectId(document_id)}, projection=_IN_PROGRESS)
        if row is None:
            return None
        return Progress(Status(row["status"]), processing_of(row), failure_of(row))

    async def page(self, wanted: DocumentFilter, order: DocumentOrder, request: PageRequest) -> DocumentPage:
        """A page of the documents that pass a filter, without their text and words."""
        page = await paginate(
            self._documents, _query(wanted), _ORDERS[order], request, projection=_IN_LISTINGS
        )
        return DocumentPage([document_of(row) for row in page.rows], page.next_page_token)

    async def charges_pending(self, before: datetime) -> AsyncIterator[Document]:
        """Documents read before that time and not charged yet, of all organizations."""
        query = {
            "organizationId": {"$gt": ""},
            "processing.chargePending": True,
            "processing.finishedAt": {"$lt": before},
        }
        async for row in self._all_documents.iterate(query, projection=_WITHOUT_READING):
            yield document_of(row)

    # Steps. Each is one guarded update: of two at the same instant one finds nothing to change.

    async def request(
        self, document_id: str, processing: Processing, mode: ReadingMode = ReadingMode.FIRST
    ) -> Document | None:
        """Queues a document for a job; None where its state does not allow it (any more)."""
        change = {
            "processing": processing_row(processing),
            "failure": None,
            "pageCount": processing.pages_total,
        }
        # What was read and not charged yet must not be forgotten for a new reading.
        query = {
            "_id": ObjectId(document_id),
            "processing.chargePending": {"$ne": True},
            "replacedBy.0": {"$exists": False},
        }
        return await self._step(request_step(mode), query, change)

    async def refuse(self, document_id: str, failure: Failure) -> None:
        """Marks a document as unreadable before any job began."""
        await self._step(REFUSE, {"_id": ObjectId(document_id)}, {"failure": asdict(failure)})

    async def fail(self, document_id: str, job_id: str | None, failure: Failure) -> Document | None:
        """Ends the reading of a document by this job, or by any; None where it is not being read.

        What was read before stands: a document that was being read again is `processed` as it was.
        """
        query: Row = {"_id": ObjectId(document_id)}
        if job_id is not None:
            query["processing.jobId"] = job_id
        change = {
            "failure": asdict(failure),
            "processing.stage": Stage.FINISHED.value,
            "processing.finishedAt": now(),
            "processing.waiting": False,
        }
        failed = await self._step(FAIL, {**query, "processing.again": {"$ne": True}}, change)
        return failed or await self._step(KEEP, {**query, "processing.again": True}, change)

    async def complete(
        self,
        document_id: str,
        job_id: str,
        reading: Reading,
        words: list[PageWords],
        document_type: DocumentType | None,
        used: PagesUsed | None = None,
    ) -> Document | None:
        """Stores what a job read; None, and nothing stored, where the job is not wanted any more.

        `document_type` is what was read: it is not stored where a person said another.
        """

        async def work() -> Document | None:
            finished_at = now()
            change = {
                "ocrResult": reading_row(reading) | words_in_row(words),
                "partsFound": max(1, len(reading.parts)),
                "failure": None,
                "processing.stage": Stage.FINISHED.value,
                "processing.pagesDone": len(reading.pages),
                "processing.pagesTotal": len(reading.pages),
                "processing.chargePending": True,
                "processing.used": None if used is None else used_row(used),
                "processing.finishedAt": finished_at,
            }
            if document_type is not None:
                change |= {"type": document_type.value, "typeRead": True}
            past = {
                "engine": reading.engine,
                "confidence": reading.confidence,
                "pages": len(reading.pages),
                "readAt": finished_at,
            }
            query = {"_id": ObjectId(document_id), "processing.jobId": job_id}
            remembered = {"readings": {"$each": [past], "$slice": -READINGS_KEPT}}
            document = await self._step(COMPLETE, query, change, push=remembered)
            if document is None:
                return None
            await self._words.delete_many({"documentId": document_id})
            if not fits_in_row(words):
                await self._words.insert_many(word_row(document_id, page) for page in words)
            return document

        return await self.transact(work)

    async def _step(self, step: Step, query: Row, change: Row, *, push: Row | None = None) -> Document | None:
        update: Row = {"$set": {**change, "status": step.target.value, "updatedAt": now()}}
        if push is not None:
            update["$push"] = push
        row = await self._documents.find_one_and_update(
            {**query, "status": {"$in": sorted(step.sources)}}, update, projection=_WITHOUT_READING
        )
        return None if row is None else document_of(row)

    # Progress of a running job. All give whether the job is still wanted.

    async def begin(self, document_id: str, job_id: str, hold_id: str | None) -> bool:
        """Notes one more attempt, and the hold that pays for it where it was renewed."""
        change: Row = {"processing.stage": Stage.READING.value, "processing.pagesDone": 0}
        if hold_id is not None:
            change["processing.holdId"] = hold_id
        return await self._note(document_id, job_id, {"$set": change, "$inc": {"processing.attempts": 1}})

    async def advance(self, document_id: str, job_id: str, pages_done: int, pages_total: int) -> bool:
        """Notes how many pages are read."""
        change = {"processing.pagesDone": pages_done, "processing.pagesTotal": pages_total}
        return await self._note(document_id, job_id, {"$set": change})

    async def storing(self, document_id: str, job_id: str) -> bool:
        """Notes that all pages are read."""
        return await self._note(document_id, job_id, {"$set": {"processing.stage": Stage.STORING.value}})

    async def _note(self, document_id: str, job_id: str, update: Row) -> bool:
        running = {
            "_id": ObjectId(document_id),
            "status": Status.PROCESSING.value,
            "processing.jobId": job_id,
        }
        stamped = {**update, "$set": {**update["$set"], "updatedAt": now()}}
        return (await self._documents.update_one(running, stamped)).matched == 1

    async def amend(self, document_id: str, job_id: str, change: Amendment) -> Document | None:
        """Changes labels, type and metadata of what this job read; None where another job reads it by now.

        Call it in a transaction: labels that come and labels that go are two updates.
        """
        query = {
            "_id": ObjectId(document_id),
            "status": Status.PROCESSED.value,
            "processing.jobId": job_id,
        }
        values: Row = {f"metadata.{key}": value for key, value in change.metadata.items()}
        if change.type is not None:
            values["type"] = change.type.value
        update: Row = {"$set": {**values, "updatedAt": now()}}
        if change.add_tags:
            update["$addToSet"] = {"tags": {"$each": list(change.add_tags)}}
        if change.remove_tags:
            await self._documents.update_one(query, {"$pull": {"tags": {"$in": list(change.remove_tags)}}})
        row = await self._documents.find_one_and_update(query, update, projection=_IN_LISTINGS)
        return None if row is None else document_of(row)

    async def charged(self, document_id: str, job_id: str, credits: int) -> None:
        """Notes what a job's result was charged."""
        await self._documents.update_one(
            {"_id": ObjectId(document_id), "processing.jobId": job_id},
            {"$set": {"processing.creditsCharged": credits, "processing.chargePending": False}},
        )


def _query(wanted: DocumentFilter) -> Row:
    query: Row = {}
    if wanted.statuses:
        query["status"] = {"$in": sorted({status.value for status in wanted.statuses})}
    if wanted.types:
        query["type"] = {"$in": sorted({kind.value for kind in wanted.types})}
    if wanted.tags:
        query["tags"] = {"$all": sorted(set(wanted.tags))}
    if wanted.query.strip():
        query["$text"] = {"$search": _all_words(wanted.query)}
    created = {"$gte": wanted.created_from, "$lt": wanted.created_before}
    bounds = {operator: bound for operator, bound in created.items() if bound is not None}
    if bounds:
        query["createdAt"] = bounds
    return query


def _all_words(query: str) -> str:
    # MongoDB takes words for alternatives and phrases for conditions; a person means conditions. A leading minus,
    # which would exclude a word, is no part of it either.
    parts: list[str] = []
    for number, part in enumerate(query.split('"')):
        parts += [word.lstrip("-") for word in part.split()] if number % 2 == 0 else [part.strip()]
    return " ".join(f'"{part}"' for part in parts if part)
