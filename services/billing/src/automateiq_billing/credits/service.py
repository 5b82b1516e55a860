"""The use cases of the credit ledger.

Every change of an organization's credits is one transaction that also changes its balance's row. MongoDB lets only
one of two such transactions commit, and the other one starts again on what it finds then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar
from weakref import WeakValueDictionary

import structlog
from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core import context
from automateiq_core.context import CallContext, Role
from automateiq_core.errors import InvalidInput, NotFound
from prometheus_client import Gauge

from automateiq_billing.credits import models, prices, store
from automateiq_billing.credits.models import (
    Account,
    Balance,
    Difference,
    Hold,
    HoldStatus,
    Period,
    Plan,
    Posting,
    Transaction,
    Work,
)
from automateiq_billing.credits.store import CreditsStore

_HOLDS_LIVE = Gauge("credit_holds_live", "Holds that are neither settled nor released.")
_HOLDS_OVERDUE = Gauge(
    "credit_holds_overdue", "Live holds whose time is over: the sweep frees them within a minute."
)

Clock = Callable[[], datetime]
Result = TypeVar("Result")

_log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    """The present, in UTC."""
    return datetime.now(UTC)


class CreditsService:
    """What can be done with credits. All but the periodic work is done for the organization of the running call."""

    def __init__(
        self, store: CreditsStore, *, plan: Plan, hold_ttl: timedelta, clock: Clock = utc_now
    ) -> None:
        self._store = store
        self._plan = plan
        self._hold_ttl = hold_ttl
        self._clock = clock
        self._lanes = _Lanes()

    def quote(self, work: Work, done: prices.OcrPages | None = None) -> int:
        """The price of a piece of work, in credits: the most it can cost, or what was `done` on its pages.

        Raises:
            InvalidInput: more or fewer pages were read than the document has (PAGES_DIFFER).
        """
        if done is None:
            return prices.price(work)
        if done.text_layer + done.tesseract + done.deep + done.cached != work.units:
            raise InvalidInput("PAGES_DIFFER", "The pages that were read do not sum up to the document's.")
        return prices.price_of_pages(done)

    async def reserve(self, key: str, work: Work, description: str = "") -> Hold:
        """Sets the price of a piece of work aside.

        A live hold under the same key is renewed, and one that was charged is given back as it is; after one that
        was released, the key's next generation is made.

        Raises:
            InvalidInput: the key's hold is for other work (HOLD_KEY_REUSED).
            ResourceExhausted: the balance does not cover the price (INSUFFICIENT_CREDITS).
        """
        await self._running_balance()
        return await self._change(lambda: self._reserve(key, work, description))

    async def _reserve(self, key: str, work: Work, description: str) -> Hold:
        now = self._now()
        expires_at = now + self._hold_ttl
        latest = await self._store.latest_hold(key)
        if latest is not None and latest.status is not HoldStatus.RELEASED:
            models.require_same_work(latest, work)
            if latest.status is HoldStatus.SETTLED:
                return latest
            return await self._store.renew_hold(latest, expires_at)
        generation = 1 if latest is None else latest.generation + 1
        hold = Hold(
            id=store.hold_id(key, generation),
            key=key,
            generation=generation,
            work=work,
            credits=prices.price(work),
            description=description,
            expires_at=expires_at,
            created_at=now,
        )
        if not await self._store.post([models.posting_of_hold(hold)], now):
            raise models.insufficient(hold.credits, await self._balance(), Period.of(now).ends_at)
        await self._store.add_hold(hold)
        return hold

    async def settle(self, hold_id: str, credits: int) -> Hold:
        """Charges a hold, in full or in part, and frees the rest. One that was charged stays as it is.

        Raises:
            NotFound: there is no such hold (HOLD_NOT_FOUND).
            InvalidInput: more than it sets aside (CHARGE_EXCEEDS_HOLD).
            FailedPrecondition: it was released or has expired (HOLD_ENDED).
        """
        await self._running_balance()
        return await self._change(lambda: self._end(hold_id, lambda hold, now: hold.settle(credits, now)))

    async def release(self, hold_id: str) -> Hold:
        """Frees a hold without a charge. One that was freed stays as it is.

        Raises:
            NotFound: there is no such hold (HOLD_NOT_FOUND).
            FailedPrecondition: it was charged (HOLD_SETTLED).
        """
        await self._running_balance()
        return await self._change(lambda: self._end(hold_id, Hold.release))

    async def _end(self, hold_id: str, end: Callable[[Hold, datetime], Hold]) -> Hold:
        now = self._now()
        hold = await self._store.hold(hold_id)
        if hold is None:
            raise NotFound("HOLD_NOT_FOUND", "There is no such hold of credits.")
        ended = end(hold, now)
        if ended is not hold:
            await self._post([models.posting_of_hold(ended)], now)
            await self._store.end_hold(ended)
        return ended

    async def balance(self) -> Balance:
        """The organization's balance in the running month."""
        return await self._running_balance()

    async def transactions(self, page: PageRequest) -> tuple[list[Transaction], str]:
        """A page of the ledger, newest first, and the token of the next one."""
        await self._running_balance()
        return await self._store.transactions(page)

    # Months

    async def _running_balance(self) -> Balance:
        """The balance, after the month's grant: whoever comes first in a month makes it."""
        period = Period.of(self._now())
        balance = await self._store.balance()
        if balance is None:
            await self._store.open_balance()
        elif balance.has_begun(period):
            return balance
        return await self._change(lambda: self._begin(period))

    async def _begin(self, period: Period) -> Balance:
        balance = await self._balance()
        if balance.has_begun(period):
            return balance
        plan = self._plan
        postings = models.postings_of_new_period(balance, period, plan)
        await self._store.begin_period(period, plan.name, plan.monthly_credits, postings, self._now())
        return await self._balance()

    async def grant_month(self) -> int:
        """Begins the month for every known organization where nobody came first; gives for how many."""
        begun = 0
        async for organization_id in self._store.organizations_before(Period.of(self._now())):
            begun += await self._for(organization_id, self._running_balance) is not None
        return begun

    # Abandoned holds

    async def expire_holds(self) -> int:
        """Releases every hold whose time has run out; gives how many."""
        released = 0
        async for organization_id, hold_id in self._store.expired_holds(self._now()):
            hold = await self._for(organization_id, partial(self._expire, hold_id))
            released += hold is not None and hold.status is HoldStatus.RELEASED
        return released

    async def _expire(self, hold_id: str) -> Hold:
        await self._running_balance()

        # It may have been renewed, charged or freed since it was found.
        def release_expired(hold: Hold, now: datetime) -> Hold:
            return hold.release(now) if hold.has_expired(now) else hold

        return await self._change(lambda: self._end(hold_id, release_expired))

    async def measure(self) -> None:
        """Sets the gauges of the live holds."""
        live, overdue = await self._store.live_holds(self._now())
        _HOLDS_LIVE.set(live)
        _HOLDS_OVERDUE.set(overdue)

    # The check

    async def check(self, *, repair: bool = False) -> list[Difference]:
        """Compares the organization's balance with its ledger and its holds.

        With `repair` the balance is written anew from the ledger, which is never changed.
        """
        return await self._change(lambda: self._check(repair))

    async def check_all(self, *, repair: bool = False) -> dict[str, list[Difference]]:
        """The differences of every organization that has some."""
        found: dict[str, list[Difference]] = {}
        for organization_id in await self._store.organizations_with_ledger():
            with context.use(_system(organization_id)):
                if differences := await self.check(repair=repair):
                    found[organization_id] = differences
        return found

    async def _check(self, repair: bool) -> list[Difference]:
        found, expected = await self._store.balance(), await self._store.recomputed()
        differences: list[Difference] = []
        wrong = found != expected and (found is not None or expected.sequence > 0)
        if wrong:
            differences.append(Difference("balance", str(found), str(expected)))
        unbalanced = await self._store.unbalanced_transactions()
        if unbalanced:
            differences.append(Difference("unbalanced transactions", str(unbalanced), "0"))
        held, by_holds = expected.accounts[Account.HELD], await self._store.held_by_live_holds()
        if held != by_holds:
            differences.append(Difference("credits of live holds", str(by_holds), str(held)))
        if repair and wrong:
            await self._store.replace_balance(expected, self._now())
        return differences

    # How a change is made

    async def _change(self, work: Callable[[], Awaitable[Result]]) -> Result:
        async with self._lanes.of(context.current().tenant()):
            return await self._store.transact(work)

    async def _post(self, postings: Sequence[Posting], at: datetime) -> None:
        if not await self._store.post(postings, at):
            raise RuntimeError(
                "a live hold is not covered by the balance: run automateiq_billing.check_ledger"
            )

    async def _balance(self) -> Balance:
        balance = await self._store.balance()
        if balance is None:
            raise RuntimeError("the balance was not opened before it was used")
        return balance

    async def _for(self, organization_id: str, work: Callable[[], Awaitable[Result]]) -> Result | None:
        """Does periodic work for one organization; None where it failed, for the others must not wait for it."""
        with context.use(_system(organization_id)):
            try:
                return await work()
            except Exception:
                _log.exception("periodic work failed for an organization")
                return None

    def _now(self) -> datetime:
        # MongoDB keeps milliseconds; so an answer is the same before and after it was stored.
        now = self._clock()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _system(organization_id: str) -> CallContext:
    return CallContext(caller="billing", role=Role.SYSTEM, organization_id=organization_id)


class _Lanes:
    """One change of an organization at a time in this process.

    The database alone keeps changes apart; here they queue so that many at once do not make each other start again.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, organization_id: str) -> asyncio.Lock:
        lock = self._locks.get(organization_id)
        if lock is None:
            lock = self._locks[organization_id] = asyncio.Lock()
        return lock
