"""The ledger, its projection and the holds in MongoDB.

`ledger` is only ever inserted into. `balances` has one row an organization, changed by `post` alone, in the
transaction that inserts into the ledger; as every transaction of an organization changes that row, two of them can
not both build on the same balance.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core.context import current
from automateiq_core.errors import Conflict
from automateiq_core.idempotency import derived_id
from automateiq_core.mongo import Document, Mongo, ObjectId
from automateiq_core.pagination import SortKey, paginate
from pymongo import ASCENDING, DESCENDING, IndexModel

from automateiq_billing.credits.models import (
    NEVER_NEGATIVE,
    Account,
    Balance,
    Entry,
    Hold,
    HoldStatus,
    Period,
    Posting,
    Transaction,
    TransactionKind,
    Work,
    WorkKind,
    sums,
)

BALANCES = "balances"
HOLDS = "credit_holds"
LEDGER = "ledger"

_SCHEMA_VERSION = 1
_BATCH = 100
# A range over every organization lets the sweeps use indexes that start with the organization.
_EVERY_ORGANIZATION = {"organizationId": {"$gt": ""}}
_NEWEST_FIRST = SortKey("sequence", descending=True)

INDEXES = {
    BALANCES: [IndexModel([("organizationId", ASCENDING), ("period", ASCENDING)], name="period")],
    HOLDS: [
        IndexModel(
            [("organizationId", ASCENDING), ("key", ASCENDING), ("generation", DESCENDING)],
            name="key",
            unique=True,
        ),
        # Live holds are few, so a sweep over all organizations reads this index from end to end.
        IndexModel(
            [("organizationId", ASCENDING), ("expiresAt", ASCENDING)],
            name="live",
            partialFilterExpression={"status": HoldStatus.HELD.value},
        ),
    ],
    LEDGER: [
        IndexModel(
            [("organizationId", ASCENDING), ("sequence", DESCENDING), ("_id", DESCENDING)], name="sequence"
        )
    ],
}

Result = TypeVar("Result")


class CreditsStore:
    """Every query of the credit ledger."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._balances = mongo.tenant(BALANCES)
        self._holds = mongo.tenant(HOLDS)
        self._ledger = mongo.tenant(LEDGER)
        self._every_balance = mongo.across_tenants(BALANCES, why="the month begins for every organization")
        self._every_hold = mongo.across_tenants(HOLDS, why="abandoned holds of every organization expire")
        self._every_ledger = mongo.across_tenants(LEDGER, why="the check of the ledger goes over all of it")

    async def ensure_indexes(self) -> None:
        """Creates the collections and their indexes."""
        for name, indexes in INDEXES.items():
            await self._mongo.ensure_indexes(name, indexes)

    async def transact(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Runs `work` in one transaction; it may run more than once."""
        return await self._mongo.transact(work)

    # The balance and the ledger

    async def balance(self) -> Balance | None:
        """The organization's balance, or None where it has none yet."""
        row = await self._balances.find_one({"_id": _balance_id()})
        return None if row is None else _to_balance(row)

    async def open_balance(self) -> None:
        """Makes an empty balance where there is none; not for use inside a transaction."""
        await self._balances.insert_once(_from_balance(Balance(dict.fromkeys(Account, 0), sequence=0)))

    async def post(self, postings: Sequence[Posting], at: datetime) -> bool:
        """Adds postings to the ledger and to the balance, inside the running transaction.

        Returns:
            Whether it was done; False where an account would have become negative.
        """
        return await self._post(postings, at, {})

    async def begin_period(
        self, period: Period, plan: str, monthly_grant: int, postings: Sequence[Posting], at: datetime
    ) -> bool:
        """Posts what begins a period and makes it the running one; False where it was begun already."""
        running = {"period": str(period), "plan": plan, "monthlyGrant": monthly_grant}
        return await self._post(postings, at, {"period": {"$lt": str(period)}}, running)

    async def _post(
        self,
        postings: Sequence[Posting],
        at: datetime,
        condition: Mapping[str, Any],
        also: Mapping[str, Any] | None = None,
    ) -> bool:
        changes = sums(postings)
        covered = {
            account.value: {"$gte": -changes[account]}
            for account in NEVER_NEGATIVE
            if changes.get(account, 0) < 0
        }
        increments = {account.value: credits for account, credits in changes.items()}
        # First of all writes, so that a transaction that must be tried again has done little yet.
        row = await self._balances.find_one_and_update(
            {"_id": _balance_id(), **condition, **covered},
            {"$inc": {**increments, "sequence": len(postings)}, "$set": {**(also or {}), "updatedAt": at}},
        )
        if row is None:
            return False
        first = row["sequence"] - len(postings) + 1
        rows = [_from_posting(posting, first + number, at) for number, posting in enumerate(postings)]
        await self._ledger.insert_many(rows)
        return True

    async def transactions(self, page: PageRequest) -> tuple[list[Transaction], str]:
        """A page of the ledger, newest first, and the token of the next one."""
        found = await paginate(self._ledger, {}, _NEWEST_FIRST, page)
        return [_to_transaction(row) for row in found.rows], found.next_page_token

    # Holds

    async def hold(self, hold_id: str) -> Hold | None:
        """A hold by its id."""
        row = await self._holds.find_one({"_id": ObjectId(hold_id)})
        return None if row is None else _to_hold(row)

    async def latest_hold(self, key: str) -> Hold | None:
        """The latest hold that was made under a key."""
        row = await self._holds.find_one({"key": key}, sort=[("generation", DESCENDING)])
        return None if row is None else _to_hold(row)

    async def add_hold(self, hold: Hold) -> None:
        """Adds a hold under the id from `hold_id`."""
        await self._holds.insert_one(_from_hold(hold))

    async def renew_hold(self, hold: Hold, expires_at: datetime) -> Hold:
        """Puts the expiry of a live hold off.

        Raises:
            Conflict: the hold has ended in the meantime.
        """
        row = await self._holds.find_one_and_update(_live(hold), {"$max": {"expiresAt": expires_at}})
        if row is None:
            raise _changed()
        return _to_hold(row)

    async def end_hold(self, hold: Hold) -> None:
        """Writes the end of a hold that is still live.

        Raises:
            Conflict: the hold has ended in the meantime.
        """
        end = {"status": hold.status.value, "charged": hold.charged, "endedAt": hold.ended_at}
        if (await self._holds.update_one(_live(hold), {"$set": end})).matched == 0:
            raise _changed()

    # Across organizations

    async def expired_holds(self, now: datetime) -> AsyncIterator[tuple[str, str]]:
        """Organization and id of every live hold whose time has run out."""
        query = {**_EVERY_ORGANIZATION, "status": HoldStatus.HELD.value, "expiresAt": {"$lte": now}}
        async for row in self._every_hold.iterate(query, projection={"organizationId": 1}, batch_size=_BATCH):
            yield row["organizationId"], str(row["_id"])

    async def organizations_before(self, period: Period) -> AsyncIterator[str]:
        """Every organization with a balance whose period has not begun."""
        query = {**_EVERY_ORGANIZATION, "period": {"$lt": str(period)}}
        async for row in self._every_balance.iterate(
            query, projection={"organizationId": 1}, batch_size=_BATCH
        ):
            yield row["organizationId"]

    async def organizations_with_ledger(self) -> list[str]:
        """Every organization that has a ledger."""
        return await self._every_ledger.distinct("organizationId", {})

    # The check

    async def recomputed(self) -> Balance:
        """The balance as the ledger gives it, without a look at the projection."""
        groups = await self._ledger.aggregate(
            [
                {"$unwind": "$entries"},
                {"$group": {"_id": "$entries.account", "credits": {"$sum": "$entries.credits"}}},
            ]
        )
        found = {Account(group["_id"]): int(group["credits"]) for group in groups}
        newest = [("sequence", DESCENDING)]
        grant = await self._ledger.find_one({"kind": TransactionKind.GRANT.value}, sort=newest) or {}
        granted = sum(
            entry["credits"]
            for entry in grant.get("entries", ())
            if entry["account"] == Account.AVAILABLE.value
        )
        return Balance(
            accounts=dict.fromkeys(Account, 0) | found,
            sequence=await self._ledger.count({}),
            period=Period.parse(grant["period"]) if grant else None,
            plan=grant.get("plan", ""),
            monthly_grant=granted,
        )

    async def unbalanced_transactions(self) -> int:
        """How many transactions of the ledger do not sum to zero."""
        found = await self._ledger.aggregate(
            [{"$match": {"$expr": {"$ne": [{"$sum": "$entries.credits"}, 0]}}}, {"$count": "rows"}]
        )
        return int(found[0]["rows"]) if found else 0

    async def live_holds(self, now: datetime) -> tuple[int, int]:
        """How many holds of all organizations are live, and how many of those have run out."""
        live = {**_EVERY_ORGANIZATION, "status": HoldStatus.HELD.value}
        overdue = {**live, "expiresAt": {"$lte": now}}
        return await self._every_hold.count(live), await self._every_hold.count(overdue)

    async def held_by_live_holds(self) -> int:
        """How many credits the live holds set aside."""
        found = await self._holds.aggregate(
            [
                {"$match": {"status": HoldStatus.HELD.value}},
                {"$group": {"_id": None, "credits": {"$sum": "$credits"}}},
            ]
        )
        return int(found[0]["credits"]) if found else 0

    async def replace_balance(self, balance: Balance, at: datetime) -> None:
        """Writes a recomputed balance over the projection."""
        row = _from_balance(balance)
        await self._balances.replace_one({"_id": row["_id"]}, {**row, "updatedAt": at}, upsert=True)


def hold_id(key: str, generation: int) -> str:
    """The id of the n-th hold under a key: the same for everybody who is about to make it."""
    return str(derived_id("credit_hold", current().tenant(), key, str(generation)))


def _balance_id() -> ObjectId:
    return derived_id("balance", current().tenant())


def _live(hold: Hold) -> Document:
    return {"_id": ObjectId(hold.id), "status": HoldStatus.HELD.value}


def _changed() -> Conflict:
    return Conflict("CONCURRENT_CHANGE", "The hold was changed at this moment. Try again.")


def _from_posting(posting: Posting, sequence: int, at: datetime) -> Document:
    belongs_to = posting.hold_id or posting.period
    return {
        # One posting of a kind for a hold or a period: a second one is refused by its id.
        "_id": derived_id("ledger", current().tenant(), posting.kind, belongs_to),
        "sequence": sequence,
        "kind": posting.kind.value,
        "entries": [{"account": e.account.value, "credits": e.credits} for e in posting.entries],
        "description": posting.description,
        "holdId": ObjectId(posting.hold_id) if posting.hold_id else None,
        "period": posting.period,
        "plan": posting.plan,
        "createdAt": at,
        "schemaVersion": _SCHEMA_VERSION,
    }


def _to_transaction(row: Document) -> Transaction:
    posting = Posting(
        kind=TransactionKind(row["kind"]),
        entries=tuple(Entry(Account(e["account"]), e["credits"]) for e in row["entries"]),
        description=row["description"],
        hold_id=str(row["holdId"]) if row["holdId"] else "",
        period=row["period"],
        plan=row["plan"],
    )
    return Transaction(str(row["_id"]), row["sequence"], posting, row["createdAt"])


def _from_balance(balance: Balance) -> Document:
    return {
        "_id": _balance_id(),
        **{account.value: balance.accounts[account] for account in Account},
        "sequence": balance.sequence,
        # The empty word sorts before every period.
        "period": str(balance.period) if balance.period else "",
        "plan": balance.plan,
        "monthlyGrant": balance.monthly_grant,
        "schemaVersion": _SCHEMA_VERSION,
    }


def _to_balance(row: Document) -> Balance:
    return Balance(
        accounts={account: row[account.value] for account in Account},
        sequence=row["sequence"],
        period=Period.parse(row["period"]) if row["period"] else None,
        plan=row["plan"],
        monthly_grant=row["monthlyGrant"],
    )


def _from_hold(hold: Hold) -> Document:
    return {
        "_id": ObjectId(hold.id),
        "key": hold.key,
        "generation": hold.generation,
        "work": {"kind": hold.work.kind.value, "units": hold.work.units},
        "credits": hold.credits,
        "status": hold.status.value,
        "charged": hold.charged,
        "description": hold.description,
        "expiresAt": hold.expires_at,
        "createdAt": hold.created_at,
        "endedAt": hold.ended_at,
        "schemaVersion": _SCHEMA_VERSION,
    }


def _to_hold(row: Document) -> Hold:
    return Hold(
        id=str(row["_id"]),
        key=row["key"],
        generation=row["generation"],
        work=Work(WorkKind(row["work"]["kind"]), row["work"]["units"]),
        credits=row["credits"],
        description=row["description"],
        expires_at=row["expiresAt"],
        created_at=row["createdAt"],
        status=HoldStatus(row["status"]),
        charged=row["charged"],
        ended_at=row["endedAt"],
    )
