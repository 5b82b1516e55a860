"""The marks that a split or merge leaves on the documents it replaces."""

from collections.abc import Sequence

from automateiq_core.mongo import Mongo, ObjectId
from pymongo import ASCENDING, IndexModel

from automateiq_documents.documents.models import Status
from automateiq_documents.documents.store import now

_DOCUMENTS = "documents"
INDEXES = [
    IndexModel(
        [("organizationId", ASCENDING), ("replacedBy", ASCENDING)],
        name="replaced_by",
        partialFilterExpression={"replacedBy.0": {"$exists": True}},
    ),
]


class AssemblyStore:
    """Every query on the marks."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._documents = mongo.tenant(_DOCUMENTS)

    async def ensure_indexes(self) -> None:
        """Creates the index of the marks."""
        await self._mongo.ensure_indexes(_DOCUMENTS, INDEXES)

    async def replace(self, document_id: str, by: Sequence[str]) -> bool:
        """Marks a document as replaced; False where it is gone, being read, or replaced already."""
        free = {
            "_id": ObjectId(document_id),
            "status": {"$ne": Status.PROCESSING.value},
            "replacedBy.0": {"$exists": False},
        }
        change = {"$set": {"replacedBy": list(by), "updatedAt": now()}}
        return (await self._documents.update_one(free, change)).matched == 1

    async def revive(self, document_id: str) -> bool:
        """Takes the mark away; False where there is none (any more)."""
        marked = {"_id": ObjectId(document_id), "replacedBy.0": {"$exists": True}}
        change = {"$set": {"replacedBy": [], "updatedAt": now()}}
        return (await self._documents.update_one(marked, change)).matched == 1

    async def corrected(self, document_id: str) -> bool:
        """Whether a person corrected what was read from a document."""
        query = {"_id": ObjectId(document_id), "review.corrections.0": {"$exists": True}}
        return await self._documents.count(query, limit=1) == 1

    async def forget(self, made_id: str) -> None:
        """A document that was made is gone: it replaces nothing any more."""
        await self._documents.update_many({"replacedBy": made_id}, {"$pull": {"replacedBy": made_id}})
