"""Reviews, their audit and the settings.

A review stands in the row of its document: what is shown, what was read and what a person said change in one write,
and a listing needs no join. The data that is shown takes the reading's place (`ocrResult.extractedData`), so that
everybody who reads a document, and the search, sees it; where there are corrections, what was read stands beside it
(`ocrResult.readData`).
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core.mongo import Document as Row
from automateiq_core.mongo import DuplicateKeyError, Mongo, ObjectId
from automateiq_core.pagination import SortKey, paginate
from pymongo import ASCENDING, DESCENDING, IndexModel

from automateiq_documents.documents.models import Document, PageWords, ReviewState, Status
from automateiq_documents.documents.rows import document_of
from automateiq_documents.documents.store import now
from automateiq_documents.review.models import (
    AuditEntry,
    QueueFilter,
    Review,
    Settings,
    changed,
)
from automateiq_documents.review.rows import (
    audit_of,
    audit_row,
    folded,
    review_of,
    review_row,
    settings_of,
    settings_row,
)

_DOCUMENTS = "documents"
_WORDS = "document_words"
_AUDIT = "review_audit"
_SETTINGS = "review_settings"

_TENANT = ("organizationId", ASCENDING)
QUEUE_INDEXES = [
    # What nobody decided on has no state and is in no queue, so it need not be in the index.
    IndexModel(
        [
            _TENANT,
            ("review.state", ASCENDING),
            ("reviewLoss", DESCENDING),
            ("_id", DESCENDING),
        ],
        name="review_queue",
        partialFilterExpression={"review.state": {"$exists": True}},
    ),
]
AUDIT_INDEXES = [
    # A version is written once, so two writers of the same one can not both leave a note.
    IndexModel(
        [_TENANT, ("documentId", ASCENDING), ("version", DESCENDING), ("number", DESCENDING)],
        name="version",
        unique=True,
    )
]
SETTINGS_INDEXES = [IndexModel([_TENANT], name="organization", unique=True)]

_REVIEW = {
    "type": 1,
    "status": 1,
    "review": 1,
    "reviewLoss": 1,
    "ocrResult.extractedData": 1,
    "ocrResult.readData": 1,
}
_IN_QUEUE = {
    "ocrResult.text": 0,
    "ocrResult.pages": 0,
    "ocrResult.words": 0,
    "ocrResult.readData": 0,
    "review.corrections": 0,
    "review.bases": 0,
    "review.confirmed": 0,
}
_BY_LOSS = SortKey("reviewLoss", descending=True)
_MAX_AUDIT = 200

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Queued:
    """A document of the queue and its review."""

    document: Document
    review: Review


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue."""

    items: list[Queued]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class PageText:
    """What stands on a document: its text, its pages, and the words of the pages asked for."""

    text: str
    pages: Sequence[Mapping[str, Any]]
    words: Sequence[PageWords]


class ReviewStore:
    """Every query on reviews."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._documents = mongo.tenant(_DOCUMENTS)
        self._words = mongo.tenant(_WORDS)
        self._audit = mongo.tenant(_AUDIT)
        self._settings = mongo.tenant(_SETTINGS)

    async def ensure_indexes(self) -> None:
        """Creates the collections and their indexes."""
        await self._mongo.ensure_indexes(_DOCUMENTS, QUEUE_INDEXES)
        await self._mongo.ensure_indexes(_AUDIT, AUDIT_INDEXES)
        await self._mongo.ensure_indexes(_SETTINGS, SETTINGS_INDEXES)

    async def transact(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Runs `work` in a transaction; it may run more than once."""
        return await self._mongo.transact(work)

    # A document's review.

    async def exists(self, document_id: str) -> bool:
        """Whether there is such a document, read or not."""
        query = {"_id": ObjectId(document_id)}
        return await self._documents.find_one(query, projection={"_id": 1}) is not None

    async def find(self, document_id: str) -> Review | None:
        """The review of a document that was read; also while it is read again, when nothing can be changed."""
        query = {"_id": ObjectId(document_id)}
        row = await self._documents.find_one(query, projection=_REVIEW)
        return None if row is None or row.get("ocrResult") is None else review_of(row)

    async def keep(self, review: Review, *, replaces: int, entries: Sequence[AuditEntry]) -> None:
        """Stores a review in place of the version before, and appends to its audit. Call it in a transaction.

        Raises:
            Conflict: the document's review has another version by now (REVIEW_CHANGED).
        """
        query: Row = {"_id": ObjectId(review.document_id), "status": Status.PROCESSED.value}
        # Version 0 is the review that nobody has stored yet.
        query |= {"review.version": replaces} if replaces else {"review.version": {"$exists": False}}
        change: Row = {
            "type": review.document_type,
            "review": review_row(review),
            "reviewLoss": review.loss,
            "ocrResult.extractedData": dict(review.data),
            "updatedAt": now(),
        }
        update: Row = {"$set": change}
        if review.corrections:
            change["ocrResult.readData"] = dict(review.read)
        else:
            update["$unset"] = {"ocrResult.readData": ""}
        if (await self._documents.update_one(query, update)).matched == 0:
            raise changed()
        if entries:
            await self._audit.insert_many(
                audit_row(review.document_id, number, entry) for number, entry in enumerate(entries)
            )

    async def audit(self, document_id: str) -> list[AuditEntry]:
        """What was done to a review, the newest first."""
        # Not by _id: the service and its worker make ids of their own within one second.
        newest = [("version", DESCENDING), ("number", DESCENDING)]
        rows = await self._audit.find({"documentId": document_id}, sort=newest, limit=_MAX_AUDIT)
        return [audit_of(row) for row in rows]

    async def forget(self, document_id: str) -> None:
        """Removes what is kept of a document outside of its row."""
        await self._audit.delete_many({"documentId": document_id})

    async def page_text(self, document_id: str) -> PageText | None:
        """What stands on a document."""
        row = await self._documents.find_one(
            {"_id": ObjectId(document_id)},
            projection={
                "ocrResult.text": 1,
                "ocrResult.pages": 1,
                "ocrResult.words": 1,
                "ocrResult.wordsApart": 1,
            },
        )
        reading = None if row is None else row.get("ocrResult")
        if reading is None:
            return None
        kept = reading.get("words", [])
        if reading.get("wordsApart"):
            kept = [page async for page in self._words.iterate({"documentId": document_id})]
        words = sorted((PageWords(page["page"], page["words"]) for page in kept), key=lambda page: page.page)
        return PageText(reading["text"], reading["pages"], words)

    # The queue.

    async def page(self, wanted: QueueFilter, request: PageRequest) -> QueuePage:
        """A page of the queue: the largest expected loss first."""
        page = await paginate(self._documents, _query(wanted), _BY_LOSS, request, projection=_IN_QUEUE)
        return QueuePage(
            [Queued(document_of(row), review_of(row)) for row in page.rows], page.next_page_token
        )

    async def counts(self, wanted: QueueFilter) -> dict[ReviewState, int]:
        """How many documents pass the filter, by state."""
        groups = await self._documents.aggregate(
            [{"$match": _query(wanted)}, {"$group": {"_id": "$review.state", "documents": {"$sum": 1}}}]
        )
        return {ReviewState(group["_id"]): group["documents"] for group in groups}

    async def neighbours(self, document_id: str, wanted: QueueFilter) -> tuple[str, str] | None:
        """The ids before and after a document in the queue, empty at its ends; None where it is not there.

        The document itself may have left the queue: its place stays where it was.
        """
        place = await self._documents.find_one(
            {"_id": ObjectId(document_id)}, projection={"reviewLoss": 1, "review.state": 1}
        )
        if place is None:
            return None
        loss = place.get("reviewLoss", 0.0)
        found = []
        for beyond, direction in (("$gt", ASCENDING), ("$lt", DESCENDING)):
            side = [{"reviewLoss": {beyond: loss}}, {"reviewLoss": loss, "_id": {beyond: place["_id"]}}]
            row = await self._documents.find_one(
                {"$and": [_query(wanted), {"$or": side}]},
                projection={"_id": 1},
                sort=[("reviewLoss", direction), ("_id", direction)],
            )
            found.append("" if row is None else str(row["_id"]))
        return found[0], found[1]

    # Settings.

    async def settings(self) -> Settings:
        """The organization's settings."""
        return settings_of(await self._settings.find_one({}))

    async def save_settings(self, settings: Settings, *, replaces: int) -> None:
        """Stores settings in place of the version before.

        Raises:
            Conflict: somebody was quicker (REVIEW_CHANGED).
        """
        row = settings_row(settings)
        if replaces:
            replaced = await self._settings.update_one({"version": replaces}, {"$set": row})
            if replaced.matched == 0:
                raise changed()
            return
        try:
            await self._settings.insert_one(row)
        except DuplicateKeyError:
            raise changed() from None


def _query(wanted: QueueFilter) -> Row:
    states = wanted.states or (ReviewState.NEEDED,)
    query: Row = {
        "review.state": {"$in": sorted({state.value for state in states})},
        # What was split or merged is looked at in what was made of it.
        "replacedBy.0": {"$exists": False},
    }
    if wanted.types:
        query["type"] = {"$in": sorted(set(wanted.types))}
    if wanted.vendor.strip():
        query["review.vendor"] = {"$regex": "^" + re.escape(folded(wanted.vendor))}
    if wanted.tags:
        query["tags"] = {"$all": sorted(set(wanted.tags))}
    if wanted.assigned_to:
        query["review.assignedTo"] = wanted.assigned_to
    elif wanted.unassigned:
        query["review.assignedTo"] = ""
    return query
