"""What documents are compared by, and the links between those that seem to be the same.

A link stands in the rows of both documents, so that whoever reads one sees it without a join.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from automateiq_core.mongo import Document as Row
from automateiq_core.mongo import Mongo, ObjectId
from pymongo import ASCENDING, DESCENDING, IndexModel

from automateiq_documents.documents.models import Duplicate
from automateiq_documents.documents.store import now
from automateiq_documents.duplicates.models import Marks, marks_of

_MARKS, _DOCUMENTS = "duplicate_marks", "documents"
_TENANT = ("organizationId", ASCENDING)
INDEXES = [
    IndexModel([_TENANT, ("bands", ASCENDING), ("_id", DESCENDING)], name="looks"),
    IndexModel([_TENANT, ("bill", ASCENDING), ("_id", DESCENDING)], name="bill"),
]
LINK_INDEXES = [
    IndexModel(
        [_TENANT, ("duplicates.documentId", ASCENDING)],
        name="duplicates",
        partialFilterExpression={"duplicates.documentId": {"$exists": True}},
    ),
]
# The newest that share a key; a vendor's bills look alike, and there may be thousands.
_MOST_CANDIDATES = 200

Result = TypeVar("Result")


class DuplicateStore:
    """Every query on duplicates."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._marks = mongo.tenant(_MARKS)
        self._documents = mongo.tenant(_DOCUMENTS)

    async def ensure_indexes(self) -> None:
        """Creates the collection and the indexes."""
        await self._mongo.ensure_indexes(_MARKS, INDEXES)
        await self._mongo.ensure_indexes(_DOCUMENTS, LINK_INDEXES)

    async def transact(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Runs `work` in a transaction; it may run more than once."""
        return await self._mongo.transact(work)

    async def read(self, document_id: str) -> Marks | None:
        """What a document is compared by, out of what was read from it; None where it is gone or was not read."""
        wanted = {"ocrResult.text": 1, "ocrResult.pages": 1, "ocrResult.extractedData": 1, "origin": 1}
        row = await self._documents.find_one({"_id": ObjectId(document_id)}, projection=wanted)
        if row is None or not row.get("ocrResult"):
            return None
        reading, origin = row["ocrResult"], row.get("origin") or {"sources": ()}
        made_of = frozenset(source["documentId"] for source in origin["sources"])
        return marks_of(document_id, reading["text"], reading["pages"], reading["extractedData"], made_of)

    async def keep(self, marks: Marks) -> None:
        """Keeps what a document is compared by."""
        row = {
            "hashes": list(marks.hashes),
            "pages": marks.pages,
            "numbers": sorted(marks.numbers),
            "words": sorted(marks.words),
            "vendor": marks.vendor,
            "taxId": marks.tax_id,
            "number": marks.number,
            "total": marks.total,
            "madeOf": sorted(marks.made_of),
            "bands": marks.bands,
            "bill": marks.bill or None,
            "schemaVersion": 1,
        }
        await self._marks.replace_one({"_id": ObjectId(marks.document_id)}, row, upsert=True)

    async def candidates(self, marks: Marks) -> list[Marks]:
        """Documents that share a key with this one."""
        found: dict[str, Marks] = {}
        queries: list[Row] = []
        if marks.bill:
            queries.append({"bill": marks.bill})
        if marks.bands:
            queries.append({"bands": {"$in": marks.bands}})
        for query in queries:
            rows = await self._marks.find(query, sort=[("_id", DESCENDING)], limit=_MOST_CANDIDATES)
            found |= {str(row["_id"]): _marks_of(row) for row in rows}
        found.pop(marks.document_id, None)
        return list(found.values())

    async def links(self, document_id: str) -> list[Duplicate]:
        """The links of a document, those that a person dismissed too."""
        row = await self._documents.find_one({"_id": ObjectId(document_id)}, projection={"duplicates": 1})
        return [] if row is None else [_link_of(kept) for kept in row.get("duplicates", ())]

    async def link(self, document_id: str, to: Duplicate) -> bool:
        """Links a document to another one, or renews the link; False where the document is gone."""
        document, kept = {"_id": ObjectId(document_id)}, _link_row(to)
        renewed = await self._documents.update_one(
            {**document, "duplicates.documentId": to.document_id},
            {"$set": {"duplicates.$.reason": to.reason, "duplicates.$.score": to.score}},
        )
        if renewed.matched:
            return True
        added = await self._documents.update_one(document, {"$push": {"duplicates": kept}})
        return added.matched == 1

    async def unlink(self, document_id: str, other_ids: Sequence[str]) -> None:
        """Takes links of a document away."""
        gone = {"documentId": {"$in": list(other_ids)}}
        await self._documents.update_one({"_id": ObjectId(document_id)}, {"$pull": {"duplicates": gone}})

    async def dismiss(self, document_id: str, other_id: str) -> bool:
        """Notes that a person says they are not the same; False where they are not linked."""
        changed = await self._documents.update_one(
            {"_id": ObjectId(document_id), "duplicates.documentId": other_id},
            {"$set": {"duplicates.$.dismissed": True, "updatedAt": now()}},
        )
        return changed.matched == 1

    async def forget(self, document_id: str) -> None:
        """Takes away what is kept of a document that is gone, and the links to it."""
        await self._marks.delete_one({"_id": ObjectId(document_id)})
        await self._documents.update_many(
            {"duplicates.documentId": document_id}, {"$pull": {"duplicates": {"documentId": document_id}}}
        )


def _marks_of(row: Row) -> Marks:
    return Marks(
        document_id=str(row["_id"]),
        hashes=tuple(row["hashes"]),
        pages=row["pages"],
        numbers=frozenset(row["numbers"]),
        words=frozenset(row["words"]),
        vendor=row["vendor"],
        tax_id=row["taxId"],
        number=row["number"],
        total=row["total"],
        made_of=frozenset(row["madeOf"]),
    )


def _link_row(link: Duplicate) -> dict[str, Any]:
    return {
        "documentId": link.document_id,
        "reason": link.reason,
        "score": link.score,
        "dismissed": link.dismissed,
    }


def _link_of(kept: Row) -> Duplicate:
    return Duplicate(kept["documentId"], kept["reason"], kept["score"], kept["dismissed"])
