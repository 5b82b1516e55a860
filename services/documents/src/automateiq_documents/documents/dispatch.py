"""Who is read next: an organization has so many readings at once, and the rest of its documents wait.

So a batch of hundreds takes no more workers than a single upload's neighbours can spare, and starting and cancelling
readings over and over keeps no more than that busy. What counts are the jobs in the outbox: a cancelled job takes its
place until it has really ended, and none is lost by a crash.
"""

import asyncio
from datetime import UTC, datetime
from weakref import WeakValueDictionary

from automateiq_core import context
from automateiq_core.context import CallContext, Role
from automateiq_core.tasks import Tasks
from prometheus_client import Gauge

from automateiq_documents.documents.turn_store import TurnStore

PROCESS = "documents.process"

_WAITING = Gauge("readings_waiting", "Documents that wait for their turn; every replica tells the same.")
_WAITING_MOST = Gauge("readings_waiting_most", "Those of the organization that has most of them waiting.")
_WAITING_OWNERS = Gauge("readings_waiting_organizations", "Organizations that have documents waiting.")
_WAITING_OLDEST = Gauge("readings_waiting_oldest_seconds", "How long the oldest of them has waited.")


class Dispatcher:
    """Lets waiting documents through to the workers."""

    def __init__(self, store: TurnStore, tasks: Tasks, *, at_once: int) -> None:
        self._store = store
        self._tasks = tasks
        self._at_once = at_once
        self._lanes: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def dispatch(self, ended_job: str = "") -> None:
        """Hands as many of the organization's waiting documents to the workers as there is room for.

        `ended_job` takes no room any more, though its task is still about to end.
        """
        # The database alone keeps two of these apart; in one process they queue, so as not to disturb each other.
        async with self._lane():
            await self._store.open_turn()
            await self._store.transact(lambda: self._let_through(ended_job))

    async def dispatch_all(self) -> None:
        """Looks after every organization that has documents waiting: a crash may have kept them from their turn."""
        for organization_id in await self._store.waiting_organizations():
            owner = CallContext("documents", Role.SYSTEM, organization_id=organization_id)
            with context.use(owner):
                await self.dispatch()

    async def measure(self) -> None:
        """Sets the gauges of what waits, for all organizations."""
        waiting = await self._store.waiting()
        counts = [one.documents for one in waiting]
        now = datetime.now(UTC)
        since = min((one.oldest for one in waiting), default=now)
        _WAITING.set(sum(counts))
        _WAITING_MOST.set(max(counts, default=0))
        _WAITING_OWNERS.set(len(counts))
        _WAITING_OLDEST.set((now - since).total_seconds())

    async def _let_through(self, ended_job: str) -> None:
        await self._store.take_turn()
        room = self._at_once - await self._tasks.live(PROCESS, besides={"job_id": ended_job})
        if room <= 0:
            return
        for document_id, job_id in await self._store.let_through(room):
            await self._tasks.enqueue(PROCESS, {"document_id": document_id, "job_id": job_id})

    def _lane(self) -> asyncio.Lock:
        return self._lanes.setdefault(context.current().tenant(), asyncio.Lock())
