"""Background work that is neither lost nor done for a change that was rolled back.

`enqueue` writes a record to the service's `outbox`, in the same transaction as the change it follows from. A relay
in the serving process hands records to Celery, which carries only their ids. A worker claims the record under a
lease, renews it while it works, and marks it done, due again, or failed:

    pending ──relay──▶ sent ──claim──▶ running ──▶ done
       ▲                 │ not claimed    │ lease ran out, or an error that may pass
       └─────────────────┴────────────────┘            after `max_attempts`: ──▶ failed

A worker that is told to stop hands back what it can not finish in time: it is pending again, and the attempt does not
count. So a lost message, a killed worker or an empty Redis delays a task and loses none. Delivery is at least once:
every task is idempotent. What failed for good stays in the outbox with its error, and `on_failed` tells its domain.
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
from automateiq_core.mongo import Document, Mongo, ObjectId, brief
from automateiq_core.rpc_server import to_app_error

COLLECTION = "outbox"
LEASE = timedelta(seconds=15)
# How long a record may wait in Celery's queue before it is sent again.
RESEND_AFTER = timedelta(seconds=60)
_KEPT = timedelta(days=7)
_POLL_SECONDS = 0.5
_MEASURED = ("pending", "sent", "running", "failed")
_MAY_PASS = (Unavailable, DeadlineExceeded, Conflict, Internal)

INDEXES = [
    IndexModel([("state", ASCENDING), ("dueAt", ASCENDING)], name="due"),
    IndexModel(
        [("organizationId", ASCENDING), ("name", ASCENDING), ("state", ASCENDING)], name="organization"
    ),
    IndexModel([("expiresAt", ASCENDING)], name="expiry", expireAfterSeconds=0),
]

Args = Mapping[str, str]
Run = Callable[..., Awaitable[None]]
OnFailed = Callable[[Args, AppError], Awaitable[None]]

_log = structlog.get_logger(__name__)


class _HandedBack(Exception):
    """The worker stops before the task is done."""


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
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

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

    async def live(self, name: str, *, besides: Args) -> int:
        """How many tasks of a kind the organization of the running call has that have not ended.

        Those whose arguments hold all of `besides` do not count.
        """
        query: Document = {
            "organizationId": context.current().tenant(),
            "name": name,
            "state": {"$in": ["pending", "sent", "running"]},
        }
        if besides:
            query["$nor"] = [{f"args.{argument}": value for argument, value in besides.items()}]
        return int(await self._outbox.count(query))

    async def relay(self) -> None:
        """Hands due records to Celery, for as long as the process serves."""
        app = celery_app(self.service, self.redis_url)
        waits = False
        while True:
            try:
                sent = await self._send_due(app)
                if waits:
                    _log.info("outbox relay goes on")
                waits = False
            except (PyMongoError, OperationalError, OSError) as error:
                if not waits:
                    _log.warning("outbox relay waits", error=brief(error))
                sent, waits = False, True
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
            try:
                await self.periodic[name]()
            except Exception as error:
                refusal = to_app_error(error)
                _report("periodic task failed, its next run will try again", refusal, error, task=name)
                telemetry.TASKS_TOTAL.labels(name, "failed").inc()
            else:
                telemetry.TASKS_TOTAL.labels(name, "done").inc()

    async def measure(self) -> None:
        """Counts what is kept in the outbox, for the metrics. Done tasks are not counted: they leave after a week."""
        groups = await self._outbox.aggregate(
            [
                {"$match": {"state": {"$in": list(_MEASURED)}}},
                {"$group": {"_id": "$state", "tasks": {"$sum": 1}, "oldest": {"$min": "$createdAt"}}},
            ]
        )
        found = {group["_id"]: group for group in groups}
        now = datetime.now(UTC)
        for state in _MEASURED:
            group = found.get(state, {"tasks": 0, "oldest": now})
            telemetry.TASKS_KEPT.labels(state).set(group["tasks"])
            telemetry.TASKS_OLDEST_SECONDS.labels(state).set((now - group["oldest"]).total_seconds())

    def hand_back(self) -> None:
        """Stops the running tasks; others may take them at once. On the loop that runs them, before the worker ends."""
        self._stopping.set()

    async def run(self, record_id: str) -> None:
        """Claims a record and runs it. One that is done, or that another worker is at, is left alone."""
        try:
            record = await self._claim(record_id)
        except PyMongoError as error:
            _log.warning("task not claimed, it will be sent again", record=record_id, error=brief(error))
            return
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
            try:
                await self._attempt(task, record)
            except PyMongoError as error:
                # Whoever claims it when the lease has run out finds what was done.
                _log.warning("task's end not noted, it will run again", task=task.name, error=brief(error))

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
        except _HandedBack:
            await self._again(record, timedelta(), uncounted=1)
            _log.info("task handed back, the worker stops", task=task.name, record=str(record["_id"]))
            telemetry.TASKS_TOTAL.labels(task.name, "handed back").inc()
        except Exception as error:
            await self._settle_error(task, record, error)
        else:
            await self._end(record, "done")
            _log.info("task done", task=task.name, record=str(record["_id"]), attempt=record["attempts"])
            telemetry.TASKS_TOTAL.labels(task.name, "done").inc()

    async def _run_leased(self, task: Task, record: Document) -> None:
        work = asyncio.ensure_future(task.run(**record["args"]))
        heart = asyncio.ensure_future(self._keep_lease(record))
        stop = asyncio.ensure_future(self._stopping.wait())
        together: tuple[asyncio.Future[Any], ...] = (work, heart, stop)
        try:
            await asyncio.wait(together, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return await work
            if stop.done():
                raise _HandedBack
            raise Conflict("LEASE_LOST", "The worker could not keep its claim on the task.")
        finally:
            for running in together:
                running.cancel()
            await asyncio.gather(*together, return_exceptions=True)

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
                _log.warning("lease not renewed yet", error=brief(error))
                continue
            if changed.matched == 0:
                return
            until = renewed

    async def _settle_error(self, task: Task, record: Document, error: Exception) -> None:
        refusal = to_app_error(error)
        told = {"task": task.name, "record": str(record["_id"]), "attempt": record["attempts"]}
        if isinstance(refusal, _MAY_PASS) and record["attempts"] < task.max_attempts:
            wait = timedelta(seconds=min(30, 2 ** (record["attempts"] - 1)))
            _report("task will be tried again", refusal, error, wait=wait.total_seconds(), **told)
            await self._again(record, wait, error=str(refusal))
            telemetry.TASKS_TOTAL.labels(task.name, "again").inc()
            return
        _report("task failed", refusal, error, **told)
        # The domain hears of it first: a crash between the two leads here again.
        if task.on_failed is not None:
            await task.on_failed(record["args"], refusal)
        await self._end(record, "failed", refusal)
        telemetry.TASKS_TOTAL.labels(task.name, "failed").inc()

    async def _again(self, record: Document, wait: timedelta, *, uncounted: int = 0, **more: str) -> None:
        mine = {"_id": record["_id"], "state": "running", "attempts": record["attempts"]}
        due = {"state": "pending", "dueAt": datetime.now(UTC) + wait, "claimedUntil": None}
        await self._outbox.update_one(mine, {"$set": {**due, **more}, "$inc": {"attempts": -uncounted}})

    async def _end(self, record: Document, state: str, error: AppError | None = None) -> None:
        mine = {"_id": record["_id"], "state": "running", "attempts": record["attempts"]}
        end: Document = {"state": state, "endedAt": datetime.now(UTC)}
        if error is None:
            end["expiresAt"] = datetime.now(UTC) + _KEPT
        else:
            end["error"] = str(error)
        await self._outbox.update_one(mine, {"$set": end})


def _report(event: str, refusal: AppError, error: Exception, **told: Any) -> None:
    """One line, with the traceback only where it was a bug of ours."""
    if isinstance(refusal, Internal):
        _log.error(event, reason=refusal.reason, exc_info=error, **told)
    else:
        _log.warning(event, reason=refusal.reason, error=brief(error), **told)


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
