"""The commands of every service: `python -m automateiq_<name>.main serve | migrate | worker | beat`.

A service says in `Wiring` what it is made of; how a process starts, becomes healthy and stops is the same for all.
"""

import argparse
import asyncio
import contextlib
import signal
import threading
import time
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import grpc
import structlog
import uvloop
from celery import Celery, bootsteps, signals
from celery.apps.beat import Beat
from celery.beat import Scheduler
from celery.exceptions import SecurityWarning
from pymongo.errors import PyMongoError

from automateiq_core import context, telemetry
from automateiq_core.context import CallContext, Role
from automateiq_core.mongo import brief
from automateiq_core.rpc_server import RpcServer
from automateiq_core.runtime import Runtime, open_runtime
from automateiq_core.settings import ServiceSettings
from automateiq_core.tasks import Tasks, celery_app
from automateiq_core.telemetry import HealthServer

_LOOK_SECONDS = 5.0
_LOOK_WHILE_DOWN_SECONDS = 0.5
# A database that takes longer for a ping does not answer.
_PING_SECONDS = 2.0
# Celery's worker and beat do something each second; sending to a broker that does not answer holds beat up for longer.
_PULSE_LOST_SECONDS = 10.0

_log = structlog.get_logger(__name__)


async def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Servicer:
    """A servicer, its generated `add_...Servicer_to_server`, and the full name of its service."""

    register: Callable[[Any, grpc.aio.Server], None]
    servicer: object
    name: str


@dataclass(frozen=True, slots=True)
class Wiring:
    """What a service is made of.

    `start` is done before it is healthy, `stop` after its calls are drained; `measure` sets its gauges now and then.
    """

    servicers: tuple[Servicer, ...] = ()
    migrate: Callable[[], Awaitable[None]] = _nothing
    start: Callable[[], Awaitable[None]] = _nothing
    stop: Callable[[], Awaitable[None]] = _nothing
    measure: Callable[[], Awaitable[None]] = _nothing


@dataclass(frozen=True, slots=True)
class Service:
    """A service: its name, its settings, its wiring, and the names of the tasks that beat asks for."""

    name: str
    settings: Callable[[], ServiceSettings]
    wire: Callable[[Runtime], Wiring]
    schedule: Mapping[str, timedelta] = field(default_factory=dict)
    worker_threads: int = 4


def main(service: Service) -> None:
    """Runs the command named on the command line."""
    commands: dict[str, Callable[[Service, ServiceSettings], None]] = {"serve": _serve, "migrate": _migrate}
    if service.schedule:
        commands |= {"worker": _worker, "beat": _beat}
    parser = argparse.ArgumentParser(prog=f"python -m automateiq_{service.name}.main")
    parser.add_argument("command", choices=commands)
    command = parser.parse_args().command
    settings = service.settings()
    telemetry.configure(service.name if command == "serve" else f"{service.name}-{command}", settings)
    # Celery sets up logs of its own, at WARNING, unless somebody says that it is done.
    signals.setup_logging.connect(lambda **_: None, weak=False)
    commands[command](service, settings)


def _serve(service: Service, settings: ServiceSettings) -> None:
    _run(serve(service, settings))


def _migrate(service: Service, settings: ServiceSettings) -> None:
    async def migrate() -> None:
        async with open_runtime(service.name, settings) as runtime:
            await runtime.migrate()
            await service.wire(runtime).migrate()

    _run(migrate())


def _run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def serve(
    service: Service,
    settings: ServiceSettings,
    *,
    stopping: asyncio.Event | None = None,
    on_listening: Callable[[int], None] | None = None,
) -> None:
    """Serves until `stopping` is set, or until the process is told to stop.

    Health turns red before the running calls are drained, and the parts close after them.
    """
    stopping = stopping or _stop_signal()
    async with open_runtime(service.name, settings) as runtime:
        wiring = service.wire(runtime)
        server = RpcServer(runtime.boundary(), settings.listen, grace_seconds=settings.shutdown_grace_seconds)
        for servicer in wiring.servicers:
            server.add(servicer.register, servicer.servicer, servicer.name)
        health = HealthServer(settings.metrics_listen, lambda: server.serving)
        health.start()
        await server.start()
        if on_listening is not None:
            on_listening(server.port)
        background: list[asyncio.Task[None]] = []
        try:
            await wiring.start()
            background.append(asyncio.create_task(_watch_database(runtime, server.set_serving)))
            background.append(asyncio.create_task(_measure(wiring.measure)))
            if runtime.tasks.kinds:
                background.append(asyncio.create_task(runtime.tasks.relay()))
                background.append(asyncio.create_task(_measure(runtime.tasks.measure)))
            _log.info("serving", port=server.port)
            await stopping.wait()
        finally:
            _log.info("stopping")
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await server.stop()
            await wiring.stop()
            health.stop()


async def _watch_database(runtime: Runtime, tell: Callable[[bool], Awaitable[None]]) -> None:
    """Tells at first, and after each change, whether the database answers."""
    told: bool | None = None
    while True:
        probe = CallContext(runtime.service, Role.SYSTEM, deadline=time.monotonic() + _PING_SECONDS)
        try:
            with context.use(probe):
                await runtime.mongo.ping()
            reachable = True
        except Exception as error:
            reachable = False
            if told is not False:
                _log.warning("database does not answer", error=brief(error))
        if reachable is not told:
            if reachable and told is False:
                _log.info("database answers again")
            told = reachable
            await tell(reachable)
        await asyncio.sleep(_LOOK_SECONDS if reachable else _LOOK_WHILE_DOWN_SECONDS)


async def _measure(measure: Callable[[], Awaitable[None]]) -> None:
    while True:
        # That the database does not answer is told by those who watch it.
        with contextlib.suppress(PyMongoError):
            await measure()
        await asyncio.sleep(_LOOK_SECONDS)


def _stop_signal() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


def _worker(service: Service, settings: ServiceSettings) -> None:
    """Runs tasks: Celery's thread pool in front, and one event loop on which the tasks call the services.

    Told to stop, it takes no more tasks, and hands back those that are not done when the grace is over.
    """
    pulse, database = _Pulse(), threading.Event()

    async def note(reachable: bool) -> None:
        (database.set if reachable else database.clear)()

    with _LoopThread() as loop, contextlib.ExitStack() as closing:
        opening = open_runtime(service.name, settings)
        runtime = loop.run(opening.__aenter__())
        closing.callback(lambda: loop.run(opening.__aexit__(None, None, None)))
        wiring = loop.run(_wired(service, runtime))
        loop.run(wiring.start())
        closing.callback(lambda: loop.run(wiring.stop()))
        app = celery_app(service.name, settings.redis_url)
        _register(app, runtime.tasks, loop)
        app.steps["consumer"].add(_pulse_step(pulse))
        over = threading.Timer(settings.shutdown_grace_seconds, loop.call, (runtime.tasks.hand_back,))
        over.daemon = True
        signals.worker_shutting_down.connect(lambda **_: over.start(), weak=False)
        loop.spawn(_watch_database(runtime, note))
        health = HealthServer(settings.metrics_listen, lambda: pulse.felt() and database.is_set())
        health.start()
        closing.callback(health.stop)
        _celery_worker(app, service)


async def _wired(service: Service, runtime: Runtime) -> Wiring:
    # On the task loop, like all that will use what is wired.
    return service.wire(runtime)


def _register(app: Celery, tasks: Tasks, loop: "_LoopThread") -> None:
    def run(_task: Any, record_id: str) -> None:
        loop.run(tasks.run(record_id))

    def run_periodic(task: Any) -> None:
        loop.run(tasks.run_periodic(task.name))

    for name in tasks.kinds:
        app.task(run, name=name, bind=True)
    for name in tasks.periodic:
        app.task(run_periodic, name=name, bind=True)


class _Pulse:
    """When something was last seen alive."""

    def __init__(self) -> None:
        self._last = float("-inf")

    def beat(self) -> None:
        self._last = time.monotonic()

    def felt(self) -> bool:
        return time.monotonic() - self._last < _PULSE_LOST_SECONDS


def _pulse_step(pulse: _Pulse) -> type[bootsteps.StartStopStep]:
    """A part of Celery's consumer that beats while the consumer runs and is connected to the broker."""

    class PulseStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery is not typed
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, parent: Any) -> None:
            pulse.beat()
            self.entry = parent.timer.call_repeatedly(1.0, pulse.beat)

        def stop(self, _parent: Any) -> None:
            self.entry.cancel()

    return PulseStep


def _celery_worker(app: Celery, service: Service) -> None:
    # Messages are JSON and no pickles: that it runs as root, as in many a container, is the operator's to decide.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    app.Worker(
        pool_cls="threads",
        concurrency=service.worker_threads,
        without_mingle=True,
        without_gossip=True,
        without_heartbeat=True,
        quiet=True,
        loglevel="WARNING",
        hostname=f"{service.name}@%h",
    ).start()


def _beat(service: Service, settings: ServiceSettings) -> None:
    """Asks for the periodic tasks when they are due. One is enough for all replicas; two do no harm."""
    app = celery_app(service.name, settings.redis_url)
    app.conf.beat_schedule = {
        # A request that waited longer than its period is stale: the next one stands for it.
        name: {"task": name, "schedule": every, "options": {"expires": every.total_seconds(), "retry": False}}
        for name, every in service.schedule.items()
    }
    pulse = _Pulse()

    class Schedule(Scheduler):  # type: ignore[misc]  # Celery is not typed
        """Kept in memory: after a restart every period begins anew, and all tasks are due within one."""

        def tick(self, *args: Any, **options: Any) -> float:
            pulse.beat()
            return float(super().tick(*args, **options))

        def apply_entry(self, entry: Any, producer: Any = None) -> None:
            try:
                self.apply_async(entry, producer=producer, advance=False)
            except Exception as error:
                _log.warning("periodic task not asked for", task=entry.task, error=str(error))

    health = HealthServer(settings.metrics_listen, pulse.felt)
    health.start()
    Beat(app=app, quiet=True, loglevel="WARNING", scheduler_cls=Schedule, max_interval=1).run()


class _LoopThread:
    """An event loop in a thread of its own, for the tasks of a worker."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="task-loop", daemon=True)
        self._spawned: list[Future[None]] = []

    def __enter__(self) -> "_LoopThread":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)

    def call(self, function: Callable[[], None]) -> None:
        """Calls a function on the loop, without waiting for it."""
        self._loop.call_soon_threadsafe(function)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Starts a coroutine on the loop, for as long as the loop runs."""
        self._spawned.append(asyncio.run_coroutine_threadsafe(work, self._loop))

    def run(self, work: Awaitable[Any]) -> Any:
        """Runs a coroutine on the loop and waits for it."""

        async def awaited() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result()
