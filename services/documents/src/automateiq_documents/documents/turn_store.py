"""Who waits to be read, and the rows by which those who let documents through take turns."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from automateiq_core.mongo import DuplicateKeyError, Mongo
from pymongo import ASCENDING, IndexModel

from automateiq_documents.documents.models import Status
from automateiq_documents.documents.rows import SCHEMA_VERSION
from automateiq_documents.documents.store import DOCUMENTS

_TURNS = "reading_turns"
TURN_INDEXES = [IndexModel([("organizationId", ASCENDING)], name="owner", unique=True)]

# The bound on the owner lets these use the index `waiting` of the documents, which begins with it.
_WAITING = {"organizationId": {"$gt": ""}, "processing.waiting": True}

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Waiting:
    """The documents of one organization that wait for their turn."""

    documents: int
    oldest: datetime


class TurnStore:
    """Every query on waiting documents."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._documents = mongo.tenant(DOCUMENTS)
        self._turns = mongo.tenant(_TURNS)
        self._all_documents = mongo.across_tenants(
            DOCUMENTS, why="the sweep and the metrics look for what waits, for every tenant"
        )

    async def ensure_indexes(self) -> None:
        """Creates the collection of turns and its index."""
        await self._mongo.ensure_indexes(_TURNS, TURN_INDEXES)

    async def transact(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Runs `work` in a transaction; it may run more than once."""
        return await self._mongo.transact(work)

    async def open_turn(self) -> None:
        """Makes sure that the organization has a row to take turns on; not for use inside a transaction."""
        if await self._turns.find_one({}) is None:
            with suppress(DuplicateKeyError):
                await self._turns.insert_one({"turn": 0, "schemaVersion": SCHEMA_VERSION})

    async def take_turn(self) -> None:
        """Takes the organization's turn for the running transaction.

        Of two that let documents through at once, one starts again on what the other left.
        """
        await self._turns.update_one({}, {"$inc": {"turn": 1}})

    async def let_through(self, most: int) -> list[tuple[str, str]]:
        """Ends the waiting of those who have waited longest; gives documents and jobs."""
        waiting = await self._documents.find(
            {"processing.waiting": True, "status": Status.PROCESSING.value},
            projection={"processing.jobId": 1},
            sort=[("processing.requestedAt", ASCENDING)],
            limit=most,
        )
        ids = [row["_id"] for row in waiting]
        if ids:
            await self._documents.update_many({"_id": {"$in": ids}}, {"$set": {"processing.waiting": False}})
        return [(str(row["_id"]), row["processing"]["jobId"]) for row in waiting]

    async def waiting_organizations(self) -> list[str]:
        """The organizations that have documents waiting."""
        return await self._all_documents.distinct("organizationId", _WAITING)

    async def waiting(self) -> list[Waiting]:
        """What waits, one entry for each organization that has anything waiting."""
        groups = await self._all_documents.aggregate(
            [
                {"$match": _WAITING},
                {
                    "$group": {
                        "_id": "$organizationId",
                        "documents": {"$sum": 1},
                        "oldest": {"$min": "$processing.requestedAt"},
                    }
                },
            ]
        )
        return [Waiting(group["documents"], group["oldest"]) for group in groups]
