"""Background work that is neither lost nor done for a change that was rolled back.

`enqueue` writes a record to the service's `outbox`, in the same transaction as the change it follows from. A relay
in the serving process hands records to Celery, which carries only their ids. A worker claims the record under a
lease, renews it while it works, and marks it done, due again, or failed:

    pending ──relay──▶ sent ──claim──▶ running ──▶ done
       ▲                 │ not claimed    │ lease ran out, or an error that may pass
       └─────────────────┴────────────────┘            after `max_attempts`: ──▶ failed

So a lost message, a killed worker or an empty Redis delays a task and loses none. Delivery is at least once: every
task is idempotent. What failed for good stays in the outbox with its error, and `on_failed` tells its domain.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from opentelemetry.trace import SpanKind
from pymongo import ASCENDING, IndexModel
from pymongo.errors import PyMongoError

from automateiq_core import context, telemetry
from automateiq_core.context import CallContext, Role
from automateiq_core.errors import AppError, Conflict, DeadlineExceeded, Internal, Unavailable
from automateiq_core.mongo import Document, Mongo, ObjectId

COLLECTION = "outbox"
LEASE = timedelta(seconds=15)
# How long a record may wait in Celery's queue before it is sent again.
RESEND_AFTER = timedelta(seconds=60)
_KEPT = timedelta(days=7)
_POLL_SECONDS = 0.5
_MAY_PASS = (Unavailable, DeadlineExceeded, Conflict, Internal)

INDEXES = [
    IndexModel([("state", ASCENDING), ("dueAt", ASCENDING)], name="due"),
    IndexModel([("expiresAt", ASCENDING)], name="expiry", expireAfterSeconds=0),
]

Args = Mapping[str, str]
Run = Callable[..., Awaitable[None]]
OnFailed = Callable[[Args, AppError], Awaitable[None]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of background work. `run` is called with the record's arguments by name."""

    name: str
    run: Run
    max_attempts: int = 6
    on_failed: OnFailed | None = None


@dataclass(slots=True)
class Tasks:
    """The background work of one service."""

    service: str
    mongo: Mongo
    redis_url: str
    kinds: dict[str, Task] = field(default_factory=dict)
    periodic: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def _outbox(self) -> Any:
        return self.mongo.across_tenants(
            COLLECTION, why="the relay serves all tenants; a record names its own"
        )

    async def ensure_indexes(self) -> None:
        """Creates the outbox."""
        await self.mongo.ensure_indexes(COLLECTION, INDEXES, tenant=False)

    def add(self, task: Task) -> None:
        """Makes a kind of work known to the worker."""
        self.kinds[task.name] = task

    def add_periodic(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Makes work known that beat asks for by its name; it runs for no organization."""
        self.periodic[name] = run

    async def enqueue(self, name: str, args: Args, *, delay: timedelta = timedelta()) -> str:
        """Asks for a run of a task on behalf of the running call; gives the record's id.

        Call it inside the transaction of the change it follows from.
        """
        call = context.current()
        now = datetime.now(UTC)
        record = {
            "_id": ObjectId(),
            "organizationId": call.organization_id,
            "name": name,
            "args": dict(args),
            "call": {"userId": call.user_id, "role": call.role.value, "requestId": call.request_id},
            "trace": telemetry.trace_headers(),
            "state": "pending",
            "attempts": 0,
            "dueAt": now + delay,
            "createdAt": now,
        }
        await self._outbox.insert_one(record)
        self._wake.set()
        return str(record["_id"])

    async def relay(self) -> None:
        """Hands due records to Celery, for as long as the process serves."""
        app = celery_app(self.service, self.redis_url)
        while True:
            try:
                sent = await self._send_due(app)
            except (PyMongoError, OperationalError, OSError) as error:
                _log.warning("outbox relay waits", error=str(error))
                sent = False
            if sent:
                continue
            with suppress(TimeoutError):
                # A record is seen only once its transaction is committed, so one look after a wake-up is too early.
                await asyncio.wait_for(self._wake.wait(), _POLL_SECONDS)
                self._wake.clear()
                await asyncio.sleep(0.02)

    async def _send_due(self, app: Celery) -> bool:
        now = datetime.now(UTC)
        record = await self._outbox.find_one_and_update(
            {"state": {"$in": ["pending", "sent", "running"]}, "dueAt": {"$lte": now}},
            {"$set": {"state": "sent", "dueAt": now + RESEND_AFTER}},
            sort=[("dueAt", ASCENDING)],
        )
        if record is None:
            return False
        try:
            await asyncio.to_thread(
                app.send_task, record["name"], args=[str(record["_id"])], queue=self.service, retry=False
            )
        except (OperationalError, OSError):
            later = {"state": "pending", "dueAt": now + timedelta(seconds=1)}
            await self._outbox.update_one({"_id": record["_id"], "state": "sent"}, {"$set": later})
            raise
        return True

    async def run_periodic(self, name: str) -> None:
        """Runs what beat asked for."""
        call = CallContext(caller=self.service, role=Role.SYSTEM, request_id=f"periodic-{name}")
        with (
            telemetry.span(name, SpanKind.CONSUMER),
            context.use(call),
            telemetry.TASK_SECONDS.labels(name).time(),
        ):
            await self.periodic[name]()

    async def run(self, record_id: str) -> None:
        """Claims a record and runs it. One that is done, or that another worker is at, is left alone."""
        record = await self._claim(record_id)
        if record is None:
            return
        task = self.kinds[record["name"]]
        call = CallContext(
            caller=self.service,
            role=Role(record["call"]["role"]),
            organization_id=record["organizationId"],
            user_id=record["call"]["userId"],
            request_id=record["call"]["requestId"],
        )
        with (
            telemetry.span(task.name, SpanKind.CONSUMER, record["trace"]),
            context.use(call),
            telemetry.TASK_SECONDS.labels(task.name).time(),
        ):
            await self._attempt(task, record)

    async def _claim(self, record_id: str) -> Document | None:
        now = datetime.now(UTC)
        record: Document | None = await self._outbox.find_one_and_update(
            {
                "_id": ObjectId(record_id),
                "$or": [
                    {"state": {"$in": ["pending", "sent"]}, "claimedUntil": {"$not": {"$gt": now}}},
                    {"state": "running", "dueAt": {"$lte": now}},
                ],
            },
            {
                "$set": {"state": "running", "dueAt": now + LEASE, "claimedUntil": now + LEASE},
                "$inc": {"attempts": 1},
            },
        )
        return record

    async def _attempt(self, task: Task, record: Document) -> None:
        try:
            if record["attempts"] > task.max_attempts:
                raise Unavailable(
                    "ATTEMPTS_EXHAUSTED", "The work was begun several times and never finished."
                )
            await self._run_leased(task, record)
        except AppError as error:
            await self._settle_error(task, record, error)
        except Exception as error:
            _log.exception("task failed", task=task.name, record=str(record["_id"]))
            hidden = Internal("INTERNAL", "Something went wrong on our side. It was logged; try again later.")
            hidden.__cause__ = error
            await self._settle_error(task, record, hidden)
        else:
            await self._end(record, "done")
            telemetry.TASKS_TOTAL.labels(task.name, "done").inc()

    async def _run_leased(self, task: Task, record: Document) -> None:
        work = asyncio.ensure_future(task.run(**record["args"]))
        heart = asyncio.ensure_future(self._keep_lease(record))
        try:
            await asyncio.wait({work, heart}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise Conflict("LEASE_LOST", "The worker could not keep its claim on the task.")
            await work
        finally:
            for running in (work, heart):
                running.cancel()
            await asyncio.gather(work, heart, return_exceptions=True)

    async def _keep_lease(self, record: Document) -> None:
        """Ends when the lease could not be renewed before it ran out."""
        until = record["dueAt"]
        mine = {"_id": record["_id"], "state": "running", "attempts": record["attempts"]}
        while datetime.now(UTC) < until:
            await asyncio.sleep(LEASE.total_seconds() / 5)
            renewed = datetime.now(UTC) + LEASE
            try:
                with context.use(CallContext(self.service, Role.SYSTEM, deadline=_in(LEASE / 3))):
                    changed = await self._outbox.update_one(
                        mine, {"$set": {"dueAt": renewed, "claimedUntil": renewed}}
                    )
            except PyMongoError as error:
                _log.warning("lease not renewed yet", error=str(error))
                continue
            if changed.matched == 0:
                return
            until = renewed

    async def _settle_error(self, task: Task, record: Document, error: AppError) -> None:
        if isinstance(error, _MAY_PASS) and record["attempts"] < task.max_attempts:
            wait = timedelta(seconds=min(30, 2 ** (record["attempts"] - 1)))
            _log.warning(
                "task will be tried again", task=task.name, reason=error.reason, wait=wait.total_seconds()
            )
            await self._again(record, error, wait)
            telemetry.TASKS_TOTAL.labels(task.name, "again").inc()
            return
        # The domain hears of it first: a crash between the two leads here again.
        if task.on_failed is not None:
            await task.on_failed(record["args"], error)
        await self._end(record, "failed", error)
        telemetry.TASKS_TOTAL.labels(task.name, "failed").inc()

    async def _again(self, record: Document, error: AppError, wait: timedelta) -> None:
        mine = {"_id": record["_id"], "state": "running", "attempts": record["attempts"]}
        due = {"state": "pending", "dueAt": datetime.now(UTC) + wait, "claimedUntil": None}
        await self._outbox.update_one(mine, {"$set": {**due, "error": str(error)}})

    async def _end(self, record: Document, state: str, error: AppError | None = None) -> None:
        mine = {"_id": record["_id"], "state": "running", "attempts": record["attempts"]}
        end: Document = {"state": state, "endedAt": datetime.now(UTC)}
        if error is None:
            end["expiresAt"] = datetime.now(UTC) + _KEPT
        else:
            end["error"] = str(error)
        await self._outbox.update_one(mine, {"$set": end})


def _in(span: timedelta) -> float:
    return time.monotonic() + span.total_seconds()


def celery_app(service: str, redis_url: str) -> Celery:
    """The Celery application of a service: a queue of its own, no results, early acknowledgement.

    Acknowledgement is early because the outbox, not Redis, knows what was done.
    """
    app = Celery(service, broker=redis_url)
    app.conf.update(
        task_default_queue=service,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "global_keyprefix": "automateiq:celery:",
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
        },
        timezone="UTC",
    )
    return app
