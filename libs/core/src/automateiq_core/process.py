"""The commands of every service: `python -m automateiq_<name>.main serve | migrate | worker | beat`.

A service says in `Wiring` what it is made of; how a process starts, becomes healthy and stops is the same for all.
"""

import argparse
import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc
import structlog
import uvloop
from celery import Celery, signals
from celery.apps.beat import Beat

from automateiq_core import context, telemetry
from automateiq_core.context import CallContext, Role
from automateiq_core.rpc_server import RpcServer
from automateiq_core.runtime import Runtime, open_runtime
from automateiq_core.settings import ServiceSettings
from automateiq_core.tasks import Tasks, celery_app
from automateiq_core.telemetry import HealthServer

_READINESS_SECONDS = 5.0

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
    """What a service is made of. `start` is done before it is healthy, `stop` after its calls are drained."""

    servicers: tuple[Servicer, ...] = ()
    migrate: Callable[[], Awaitable[None]] = _nothing
    start: Callable[[], Awaitable[None]] = _nothing
    stop: Callable[[], Awaitable[None]] = _nothing


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
        health = HealthServer(settings.metrics_listen, lambda: not stopping.is_set())
        health.start()
        await server.start()
        if on_listening is not None:
            on_listening(server.port)
        background: list[asyncio.Task[None]] = []
        try:
            await wiring.start()
            background.append(asyncio.create_task(_watch_readiness(runtime, server)))
            if runtime.tasks.kinds:
                background.append(asyncio.create_task(runtime.tasks.relay()))
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


async def _watch_readiness(runtime: Runtime, server: RpcServer) -> None:
    serving: bool | None = None
    while True:
        probe = CallContext(runtime.service, Role.SYSTEM, deadline=time.monotonic() + _READINESS_SECONDS)
        try:
            with context.use(probe):
                await runtime.mongo.ping()
            reachable = True
        except Exception as error:
            reachable = False
            _log.warning("database does not answer", error=str(error))
        if reachable is not serving:
            serving = reachable
            await server.set_serving(reachable)
        await asyncio.sleep(_READINESS_SECONDS if reachable else 0.5)


def _stop_signal() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


def _worker(service: Service, settings: ServiceSettings) -> None:
    """Runs tasks: Celery's thread pool in front, and one event loop on which the tasks call the services."""
    ready = threading.Event()
    with _LoopThread() as loop, contextlib.ExitStack() as closing:
        opening = open_runtime(service.name, settings)
        runtime = loop.run(opening.__aenter__())
        closing.callback(lambda: loop.run(opening.__aexit__(None, None, None)))
        wiring = loop.run(_wired(service, runtime))
        loop.run(wiring.start())
        closing.callback(lambda: loop.run(wiring.stop()))
        app = celery_app(service.name, settings.redis_url)
        _register(app, runtime.tasks, loop)
        signals.worker_ready.connect(lambda **_: ready.set(), weak=False)
        health = HealthServer(settings.metrics_listen, ready.is_set)
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


def _celery_worker(app: Celery, service: Service) -> None:
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
    health = HealthServer(settings.metrics_listen, lambda: True)
    health.start()
    with TemporaryDirectory(prefix="automateiq-beat-") as folder:
        signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(SystemExit(0)))
        beat = Beat(
            app=app, quiet=True, loglevel="WARNING", schedule=str(Path(folder) / "schedule"), max_interval=1
        )
        beat.run()


class _LoopThread:
    """An event loop in a thread of its own, for the tasks of a worker."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="task-loop", daemon=True)

    def __enter__(self) -> "_LoopThread":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)

    def run(self, work: Awaitable[Any]) -> Any:
        """Runs a coroutine on the loop and waits for it."""

        async def awaited() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result()
