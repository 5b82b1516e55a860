"""Keyed writes: a call with a `request_id` happens once, however often it is sent.

The key is claimed by a unique insert before the work, with a keyed hash of the request (a plain one would let
somebody with a copy of the database guess passwords in it at the speed of SHA-256). A replay gets the stored answer,
another request under the same key is refused, one that is still running answers `Conflict`. A claim whose owner
died (its lease ran out before an answer was stored) is taken over and the work runs again; so that this does not
double what was already written, ids of new rows come from `new_id`, which gives the same ids to the same key.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

from pymongo import ASCENDING, IndexModel

from automateiq_core.context import current
from automateiq_core.errors import Conflict, InvalidInput
from automateiq_core.mongo import DuplicateKeyError, Mongo, ObjectId

COLLECTION = "idempotency"
_KEPT = timedelta(hours=24)
_DEFAULT_LEASE_SECONDS = 60.0
# A claim outlives its call's deadline by this much before another call may take it over.
_LEASE_MARGIN_SECONDS = 5.0

INDEXES = [
    IndexModel([("expiresAt", ASCENDING)], name="expiry", expireAfterSeconds=0),
]


@dataclass(slots=True)
class _Key:
    scope: str
    numbers: "count[int]"


_key: ContextVar[_Key | None] = ContextVar("automateiq_idempotency_key", default=None)


def new_id() -> ObjectId:
    """The id of a row to be made. Under a key the n-th id is always the same one, else it is random."""
    key = _key.get()
    if key is None:
        return ObjectId()
    return derived_id(key.scope, str(next(key.numbers)))


def derived_id(*parts: str) -> ObjectId:
    """The id that belongs to these words: 12 bytes of their SHA-256."""
    digest = hashlib.sha256("\x00".join(parts).encode()).digest()
    return ObjectId(digest[:12])


class Idempotency:
    """The claims of one service."""

    def __init__(
        self, mongo: Mongo, *, secret: bytes, lease_margin_seconds: float = _LEASE_MARGIN_SECONDS
    ) -> None:
        self._mongo = mongo
        self._secret = secret
        self._lease_margin = lease_margin_seconds
        # Calls without an organization (register) are keyed too, so the owner is part of the claim's id instead.
        self._claims = mongo.across_tenants(COLLECTION, why="a claim's id names its owner; register has none")

    async def ensure_indexes(self) -> None:
        """Creates the collection of claims."""
        await self._mongo.ensure_indexes(COLLECTION, INDEXES, tenant=False)

    async def run(
        self,
        method: str,
        request_id: str,
        request: bytes,
        work: Callable[[], Awaitable[bytes]],
        *,
        keep_answer: bool = True,
    ) -> bytes:
        """Runs `work` once for this key and gives its answer, now or again.

        With `keep_answer` off (answers that hold secrets) a replay runs the work again, with the same new ids.

        Raises:
            InvalidInput: the key was used for another request (IDEMPOTENCY_KEY_REUSED).
            Conflict: the first call under this key is still running (IDEMPOTENCY_KEY_IN_USE).
        """
        context = current()
        scope = "\x00".join((context.organization_id or "anonymous", context.user_id, method, request_id))
        claim = derived_id("claim", scope)
        fingerprint = hmac.digest(self._secret, request, "sha256")
        answered, fresh = await self._claim(claim, fingerprint)
        if answered is not None:
            return answered
        token = _key.set(_Key(scope, count()))
        try:
            answer = await work()
        except BaseException:
            # Nothing came of it: the same key may be tried again at once. A claim that was taken over stays, for an
            # earlier call under it may have done the work.
            if fresh:
                await self._claims.delete_one({"_id": claim, "answer": None})
            else:
                await self._claims.update_one({"_id": claim}, {"$set": {"leaseUntil": datetime.now(UTC)}})
            raise
        finally:
            _key.reset(token)
        kept = {"answer": answer} if keep_answer else {"leaseUntil": datetime.now(UTC)}
        await self._claims.update_one({"_id": claim}, {"$set": kept})
        return answer

    async def _claim(self, claim: ObjectId, fingerprint: bytes) -> tuple[bytes | None, bool]:
        """The stored answer, or that the work is ours to do, and whether it was never begun before."""
        now = datetime.now(UTC)
        remaining = current().remaining()
        lease = (_DEFAULT_LEASE_SECONDS if remaining is None else remaining) + self._lease_margin
        taken = {"leaseUntil": now + timedelta(seconds=lease), "expiresAt": now + _KEPT}
        try:
            await self._claims.insert_one({"_id": claim, "hash": fingerprint, "answer": None, **taken})
        except DuplicateKeyError:
            pass
        else:
            return None, True
        there = await self._claims.find_one({"_id": claim})
        if there is None:
            raise _in_use()
        if not hmac.compare_digest(there["hash"], fingerprint):
            raise InvalidInput(
                "IDEMPOTENCY_KEY_REUSED",
                "This idempotency key was used for another request. Take a new key for a new request.",
            )
        if there["answer"] is not None:
            return bytes(there["answer"]), False
        abandoned = {"_id": claim, "answer": None, "leaseUntil": {"$lte": now}}
        if (await self._claims.update_one(abandoned, {"$set": taken})).matched == 0:
            raise _in_use()
        return None, False


def _in_use() -> Conflict:
    return Conflict(
        "IDEMPOTENCY_KEY_IN_USE", "The first request under this idempotency key is still running. Try again."
    )
