"""Batches, and the documents of one."""

from collections.abc import Sequence
from datetime import timedelta

from automateiq_core.mongo import Document as Row
from automateiq_core.mongo import DuplicateKeyError, Mongo, ObjectId
from pymongo import ASCENDING, IndexModel

from automateiq_documents.batches.models import Batch, Entry
from automateiq_documents.documents.models import Document, ReadingMode
from automateiq_documents.documents.rows import document_of

_BATCHES, _DOCUMENTS = "batches", "documents"
_KEPT = timedelta(days=30)
INDEXES = [
    IndexModel([("organizationId", ASCENDING), ("createdAt", ASCENDING)], name="age"),
]
EXPIRY = [IndexModel([("expiresAt", ASCENDING)], name="expiry", expireAfterSeconds=0)]


class BatchStore:
    """Every query on batches."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._batches = mongo.tenant(_BATCHES)
        self._documents = mongo.tenant(_DOCUMENTS)

    async def ensure_indexes(self) -> None:
        """Creates the collection and its indexes."""
        await self._mongo.ensure_indexes(_BATCHES, INDEXES)
        # MongoDB removes what is old by an index on that time alone.
        await self._mongo.ensure_indexes(_BATCHES, EXPIRY, tenant=False)

    async def insert(self, batch: Batch) -> bool:
        """Stores a batch; False where this very call stored it before."""
        row = {
            "_id": ObjectId(batch.id),
            "createdAt": batch.created_at,
            "expiresAt": batch.created_at + _KEPT,
            "mode": batch.mode.value,
            "cancelled": False,
            "entries": [
                {"documentId": entry.document_id, "jobId": "", "reason": "", "message": ""}
                for entry in batch.entries
            ],
            "schemaVersion": 1,
        }
        try:
            await self._batches.insert_one(row)
        except DuplicateKeyError:
            return False
        return True

    async def find(self, batch_id: str) -> Batch | None:
        """A batch."""
        row = await self._batches.find_one({"_id": ObjectId(batch_id)})
        return None if row is None else _batch_of(row)

    async def note(self, batch_id: str, entry: Entry) -> None:
        """Notes what became of the request for a document."""
        change = {
            "entries.$.jobId": entry.job_id,
            "entries.$.reason": entry.reason,
            "entries.$.message": entry.message,
        }
        query = {"_id": ObjectId(batch_id), "entries.documentId": entry.document_id}
        await self._batches.update_one(query, {"$set": change})

    async def cancel(self, batch_id: str) -> bool:
        """Notes that the rest is not wanted any more; False where there is no such batch."""
        changed = await self._batches.update_one({"_id": ObjectId(batch_id)}, {"$set": {"cancelled": True}})
        return changed.matched == 1

    async def documents(self, document_ids: Sequence[str]) -> dict[str, Document]:
        """Documents without what was read from them, by their ids; those that are there."""
        ids = [ObjectId(document_id) for document_id in document_ids]
        rows = await self._documents.find(
            {"_id": {"$in": ids}}, projection={"ocrResult": 0}, limit=max(1, len(ids))
        )
        return {str(row["_id"]): document_of(row) for row in rows}


def _batch_of(row: Row) -> Batch:
    return Batch(
        id=str(row["_id"]),
        created_at=row["createdAt"],
        mode=ReadingMode(row["mode"]),
        cancelled=row["cancelled"],
        entries=[
            Entry(kept["documentId"], kept["jobId"], kept["reason"], kept["message"])
            for kept in row["entries"]
        ],
    )
