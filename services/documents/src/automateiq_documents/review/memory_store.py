"""What organizations remember of their vendors, and the keys that turned out to tell no vendor from another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core.idempotency import new_id
from automateiq_core.mongo import Document as Row
from automateiq_core.mongo import Mongo, ObjectId, Update
from automateiq_core.pagination import SortKey, paginate
from pymongo import ASCENDING, IndexModel

from automateiq_documents.documents.store import now
from automateiq_documents.review.remembered import VendorMemory
from automateiq_documents.review.rows import SCHEMA_VERSION, folded, memory_of, memory_row

_MEMORIES = "vendor_memories"
_SHARED = "vendor_shared_keys"

_TENANT = ("organizationId", ASCENDING)
MEMORY_INDEXES = [
    IndexModel([_TENANT, ("lookup", ASCENDING)], name="lookup"),
    IndexModel([_TENANT, ("taughtBy", ASCENDING)], name="taught_by"),
    IndexModel([_TENANT, ("sortName", ASCENDING), ("_id", ASCENDING)], name="name"),
]
SHARED_INDEXES = [IndexModel([_TENANT, ("key", ASCENDING)], name="key", unique=True)]

# Words of names are shared by some vendors; more than this many are no help.
_MAX_CANDIDATES = 50
_BY_NAME = SortKey("sortName")


@dataclass(frozen=True, slots=True)
class MemoryPage:
    """A page of a listing."""

    memories: list[VendorMemory]
    next_page_token: str


class MemoryStore:
    """Every query on what is remembered of vendors."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._memories = mongo.tenant(_MEMORIES)
        self._shared = mongo.tenant(_SHARED)

    async def ensure_indexes(self) -> None:
        """Creates the collections and their indexes."""
        await self._mongo.ensure_indexes(_MEMORIES, MEMORY_INDEXES)
        await self._mongo.ensure_indexes(_SHARED, SHARED_INDEXES)

    async def candidates(self, lookup: Sequence[str], *, enabled_only: bool) -> list[VendorMemory]:
        """The vendors that any of these keys or words of a name could mean, the last changed first."""
        query: Row = {"lookup": {"$in": list(lookup)}}
        if enabled_only:
            query["enabled"] = True
        rows = await self._memories.find(query, sort=[("updatedAt", -1)], limit=_MAX_CANDIDATES)
        return [memory_of(row) for row in rows]

    async def taught_by(self, correction_id: str) -> list[VendorMemory]:
        """The memories that a correction taught something."""
        rows = await self._memories.find({"taughtBy": correction_id}, limit=_MAX_CANDIDATES)
        return [memory_of(row) for row in rows]

    async def save(self, memory: VendorMemory) -> VendorMemory:
        """Stores a memory, a new one where it has no id. Call it in the transaction that read it."""
        time = now()
        kept = replace(memory, version=memory.version + 1, updated_at=time)
        if not memory.id:
            kept = replace(kept, id=str(new_id()), created_at=time)
            row = {**memory_row(kept), "_id": ObjectId(kept.id), "createdAt": time, "updatedAt": time}
            await self._memories.insert_one(row)
            return kept
        change = {"$set": {**memory_row(kept), "updatedAt": time}}
        await self._memories.update_one({"_id": ObjectId(memory.id)}, change)
        return kept

    async def find(self, memory_id: str) -> VendorMemory | None:
        """A memory."""
        row = await self._memories.find_one({"_id": ObjectId(memory_id)})
        return None if row is None else memory_of(row)

    async def delete(self, memory_id: str) -> bool:
        """Removes a memory; gives whether there was one."""
        return await self._memories.delete_one({"_id": ObjectId(memory_id)}) == 1

    async def switch(self, memory_id: str, enabled: bool) -> VendorMemory | None:
        """Switches a memory on or off."""
        row = await self._memories.find_one_and_update(
            {"_id": ObjectId(memory_id)},
            {"$set": {"enabled": enabled, "updatedAt": now()}, "$inc": {"version": 1}},
        )
        return None if row is None else memory_of(row)

    async def page(self, name: str, request: PageRequest) -> MemoryPage:
        """A page of the vendors whose name begins so, by name."""
        begin = folded(name)
        query: Row = {"sortName": {"$gte": begin, "$lt": begin + "\U0010ffff"}} if begin else {}
        page = await paginate(self._memories, query, _BY_NAME, request)
        return MemoryPage([memory_of(row) for row in page.rows], page.next_page_token)

    # Keys that were seen with two vendors.

    async def shared(self, keys: Sequence[str]) -> set[str]:
        """Which of these keys tell no vendor from another."""
        return set(await self._shared.distinct("key", {"key": {"$in": list(keys)}})) if keys else set()

    async def share(self, keys: Sequence[str]) -> None:
        """Notes keys that tell no vendor from another."""
        if not keys:
            return
        noted = {"$setOnInsert": {"createdAt": now(), "schemaVersion": SCHEMA_VERSION}}
        await self._shared.bulk_write([Update({"key": key}, noted, upsert=True) for key in keys])
