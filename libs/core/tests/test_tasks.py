"""Background work is neither lost nor done for a change that was rolled back: real MongoDB, Redis and Celery."""

import asyncio
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio as redis_async
from automateiq_core import tasks as core_tasks
from automateiq_core.context import CallContext
from automateiq_core.errors import Unavailable
from automateiq_core.mongo import Mongo
from automateiq_core.tasks import Task, Tasks
from automateiq_core.testing import calling, eventually
from automateiq_local.ports import free_ports
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

sys.path.insert(0, str(Path(__file__).parent))
from core_toy import add_tasks

TOY = Path(__file__).parent / "core_toy.py"


@pytest.fixture
async def tasks(mongo: Mongo, redis_url: str) -> AsyncIterator[Tasks]:
    made = Tasks("billing", mongo, redis_url)
    await made.ensure_indexes()
    await mongo.ensure_indexes("notes", [])
    add_tasks(made)
    yield made


@pytest.fixture
def me() -> Iterator[CallContext]:
    with calling(caller="billing") as call:
        yield call


@contextmanager
def toy_process(command: str, mongo: Mongo, mongo_uri: str, redis_url: str, keys: Path) -> Iterator[Any]:
    port = free_ports(1)[0]
    env = {
        **os.environ,
        "MONGODB_URI": mongo_uri,
        "REDIS_URL": redis_url,
        "AUTOMATEIQ_MONGODB_DATABASE_PREFIX": mongo._database.name.removesuffix("billing"),
        "AUTOMATEIQ_INTERNAL_PRIVATE_KEY_FILE": str(keys / "billing.pem"),
        "AUTOMATEIQ_INTERNAL_PUBLIC_KEYS_DIR": str(keys / "public"),
        "AUTOMATEIQ_METRICS_LISTEN": f"127.0.0.1:{port}",
    }
    process = subprocess.Popen([sys.executable, str(TOY), command], env=env)
    try:
        yield process, f"http://127.0.0.1:{port}/healthz"
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
            raise


def is_up(url: str) -> bool:
    with suppress(OSError):
        return bool(urllib.request.urlopen(url, timeout=1).status == 200)
    return False


async def note(tasks: Tasks, word: str) -> dict[str, Any]:
    row = await tasks.mongo.tenant("notes").find_one({"_id": word})
    return row or {}


async def record(tasks: Tasks, record_id: str) -> dict[str, Any]:
    row = await tasks._outbox.find_one({"_id": core_tasks.ObjectId(record_id)})
    assert row is not None
    return dict(row)


@contextmanager
def relaying(tasks: Tasks) -> Iterator[None]:
    relay = asyncio.create_task(tasks.relay())
    try:
        yield
    finally:
        relay.cancel()


async def test_a_rolled_back_change_asks_for_nothing(tasks: Tasks, me: CallContext) -> None:
    async def fails() -> None:
        await tasks.enqueue("toy.note", {"word": "never"})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await tasks.mongo.transact(fails)
    assert await tasks._outbox.count({}) == 0


async def test_a_task_runs_once_as_its_caller(tasks: Tasks, me: CallContext) -> None:
    record_id = await tasks.enqueue("toy.note", {"word": "hello"})
    await asyncio.gather(*(tasks.run(record_id) for _ in range(8)))
    await tasks.run(record_id)
    assert await note(tasks, "hello") | {"_id": 0, "pid": 0} == {
        "_id": 0,
        "pid": 0,
        "organizationId": me.organization_id,
        "userId": me.user_id,
        "runs": 1,
    }
    assert (await record(tasks, record_id))["state"] == "done"


async def test_a_hopeless_task_ends_failed_and_visible(tasks: Tasks, me: CallContext) -> None:
    record_id = await tasks.enqueue("toy.refuse", {"word": "poison"})
    await tasks.run(record_id)
    assert (await note(tasks, "poison"))["failed"] == "NEVER"
    ended = await record(tasks, record_id)
    assert ended["state"] == "failed"
    assert "can never be done" in ended["error"]


async def test_what_may_pass_is_tried_again_until_it_is_enough(tasks: Tasks, me: CallContext) -> None:
    tries = 0

    async def unavailable() -> None:
        nonlocal tries
        tries += 1
        raise Unavailable("DOWN", "Not now.")

    tasks.add(Task("toy.down", unavailable, max_attempts=3))
    record_id = await tasks.enqueue("toy.down", {})
    for attempt in (1, 2):
        await tasks.run(record_id)
        again = await record(tasks, record_id)
        assert (again["state"], again["attempts"]) == ("pending", attempt)
        assert again["dueAt"] > datetime.now(UTC)
    await tasks.run(record_id)
    assert ((await record(tasks, record_id))["state"], tries) == ("failed", 3)


async def test_a_dead_workers_claim_is_taken_over(
    tasks: Tasks, me: CallContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_id = await tasks.enqueue("toy.note", {"word": "left"})
    assert await tasks._claim(record_id) is not None
    await tasks.run(record_id)
    assert await note(tasks, "left") == {}
    past = datetime.now(UTC) - timedelta(seconds=1)
    await tasks._outbox.update_one({}, {"$set": {"dueAt": past, "claimedUntil": past}})
    await tasks.run(record_id)
    assert (await note(tasks, "left"))["runs"] == 1


async def test_a_worker_that_loses_its_claim_stops(
    tasks: Tasks, me: CallContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_tasks, "LEASE", timedelta(seconds=0.5))
    record_id = await tasks.enqueue("toy.note", {"word": "slow", "seconds": "30"})
    running = asyncio.create_task(tasks.run(record_id))

    async def claimed() -> bool:
        return bool((await record(tasks, record_id))["state"] == "running")

    await eventually(claimed)
    await tasks._outbox.update_one({}, {"$inc": {"attempts": 1}})
    await asyncio.wait_for(running, 5)
    assert await note(tasks, "slow") == {}


async def test_a_worker_that_stops_hands_its_task_back(tasks: Tasks, me: CallContext) -> None:
    record_id = await tasks.enqueue("toy.note", {"word": "given", "seconds": "600"})
    running = asyncio.create_task(tasks.run(record_id))

    async def claimed() -> bool:
        return bool((await record(tasks, record_id))["state"] == "running")

    await eventually(claimed)
    tasks.hand_back()
    await asyncio.wait_for(running, 5)
    left = await record(tasks, record_id)
    assert (left["state"], left["attempts"]) == ("pending", 0)
    assert left["dueAt"] <= datetime.now(UTC)
    await tasks._outbox.update_one({}, {"$set": {"args.seconds": "0"}})
    another = Tasks("billing", tasks.mongo, tasks.redis_url)
    add_tasks(another)
    await another.run(record_id)
    assert (await note(tasks, "given"))["runs"] == 1


async def test_the_outbox_is_measured(tasks: Tasks, me: CallContext) -> None:
    def value(name: str, state: str) -> float | None:
        return REGISTRY.get_sample_value(name, {"state": state})

    for word in ("one", "two"):
        await tasks.enqueue("toy.note", {"word": word})
    await tasks.run(await tasks.enqueue("toy.refuse", {"word": "poison"}))
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    await tasks._outbox.update_one({"args.word": "one"}, {"$set": {"createdAt": hour_ago}})
    await tasks.measure()
    assert [value("tasks_kept", state) for state in ("pending", "sent", "running", "failed")] == [2, 0, 0, 1]
    assert value("tasks_oldest_seconds", "pending") == pytest.approx(3600, abs=60)
    assert value("tasks_oldest_seconds", "running") == 0


async def test_each_try_is_one_line_of_the_log(tasks: Tasks, me: CallContext) -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    tasks.add(Task("toy.broken", broken, max_attempts=2))
    record_id = await tasks.enqueue("toy.broken", {})
    with capture_logs() as lines:
        await tasks.run(record_id)
        await tasks.run(record_id)
    assert [(line["event"], line["attempt"]) for line in lines] == [
        ("task will be tried again", 1),
        ("task failed", 2),
    ]
    assert {line["reason"] for line in lines} == {"INTERNAL"}
    assert all(isinstance(line["exc_info"], ZeroDivisionError) for line in lines)


async def test_a_long_task_keeps_its_claim(
    tasks: Tasks, me: CallContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_tasks, "LEASE", timedelta(seconds=0.6))
    record_id = await tasks.enqueue("toy.note", {"word": "long", "seconds": "2"})
    with relaying(tasks):
        await tasks.run(record_id)
    assert (await note(tasks, "long"))["runs"] == 1
    assert (await record(tasks, record_id))["attempts"] == 1


async def test_a_real_worker_does_it_also_after_a_kill_and_an_empty_redis(
    mongo_uri: str, redis_url: str, internal_keys: Path, me: CallContext
) -> None:
    mongo = Mongo(mongo_uri, f"test-{me.organization_id[:8]}-billing", app="test")
    tasks = Tasks("billing", mongo, redis_url)
    await tasks.ensure_indexes()
    process = ("worker", mongo, mongo_uri, redis_url, internal_keys)
    try:
        with relaying(tasks):
            with toy_process(*process) as (worker, health):
                await eventually(lambda: asyncio.to_thread(is_up, health), seconds=60)
                await tasks.enqueue("toy.note", {"word": "first"})
                await eventually(lambda: note(tasks, "first"), seconds=20)
                long = await tasks.enqueue("toy.note", {"word": "second", "seconds": "600"})

                async def claimed() -> bool:
                    return bool((await record(tasks, long))["state"] == "running")

                await eventually(claimed, seconds=20)
                worker.kill()
            async with redis_async.from_url(redis_url) as client:
                await client.flushall()
            past = datetime.now(UTC) - timedelta(seconds=1)
            await tasks._outbox.update_one(
                {"state": "running"}, {"$set": {"dueAt": past, "claimedUntil": past, "args.seconds": "0"}}
            )
            with toy_process(*process):
                assert (await eventually(lambda: note(tasks, "second"), seconds=60))["runs"] == 1
        assert (await record(tasks, long))["attempts"] == 2
    finally:
        await mongo.drop()
        await mongo.close()


async def test_beat_asks_for_the_periodic_tasks(
    mongo_uri: str, redis_url: str, internal_keys: Path, me: CallContext
) -> None:
    mongo = Mongo(mongo_uri, f"test-{me.organization_id[:8]}-billing", app="test")
    process = (mongo, mongo_uri, redis_url, internal_keys)
    ticks = mongo.across_tenants("ticks", why="a test's own rows")
    try:
        with toy_process("worker", *process), toy_process("beat", *process):

            async def twice() -> bool:
                return await ticks.count({}) >= 2

            await eventually(twice, seconds=60)
    finally:
        await mongo.drop()
        await mongo.close()
