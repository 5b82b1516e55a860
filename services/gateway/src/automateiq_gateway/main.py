"""`python -m automateiq_gateway.main serve`: the REST gateway."""

import argparse
import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Callable, Iterator

import structlog
import uvicorn
import uvloop
from automateiq_core import telemetry
from automateiq_core.telemetry import HealthServer

from automateiq_gateway.app import create_app
from automateiq_gateway.parts import CALLER
from automateiq_gateway.protocol import BoundedProtocol
from automateiq_gateway.settings import GatewaySettings

_KEEP_ALIVE_SECONDS = 75
_BACKLOG = 2048

_log = structlog.get_logger(__name__)


async def serve(
    settings: GatewaySettings,
    *,
    stopping: asyncio.Event | None = None,
    on_listening: Callable[[int], None] | None = None,
) -> None:
    """Serves until `stopping` is set, or until the process is told to stop.

    `/health` turns red first, while requests are still taken; then no more connections are taken and the running
    requests are drained; the parts close last.
    """
    stopping = stopping or _stop_signal()
    app = create_app(settings)
    listening = _listen(settings.listen)
    server = _Server(
        uvicorn.Config(
            app,
            http=BoundedProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=max(1, round(settings.shutdown_grace_seconds)),
        )
    )
    health = HealthServer(settings.metrics_listen, lambda: server.started and not stopping.is_set())
    health.start()
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    asked = asyncio.create_task(stopping.wait())
    try:
        await _until_started(server, serving)
        port = listening.getsockname()[1]
        _log.info("serving", port=port)
        if on_listening is not None:
            on_listening(port)
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        _log.info("stopping")
        asked.cancel()
        if server.started:
            app.state.parts.stopping.set()
            await asyncio.sleep(settings.health_red_seconds)
        server.should_exit = True
        await serving
        health.stop()


def main() -> None:
    """Runs the command named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m automateiq_gateway.main")
    parser.add_argument("command", choices=["serve"])
    parser.parse_args()
    settings = GatewaySettings()
    telemetry.configure(CALLER, settings)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(settings, on_listening=lambda _port: _leave_out_of_collections()))


def _leave_out_of_collections() -> None:
    """Takes what was made at the start out of garbage collections, which stop every request while they run."""
    gc.collect()
    gc.freeze()


class _Server(uvicorn.Server):
    """Leaves the signals to us: uvicorn's own handling closes the door before the health is red."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _until_started(server: uvicorn.Server, serving: "asyncio.Task[None]") -> None:
    while not server.started:
        if serving.done():
            await serving
            raise RuntimeError("the server ended while it started; the log says why")
        await asyncio.sleep(0.01)


def _listen(address: str) -> socket.socket:
    host, port = address.rsplit(":", 1)
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family, backlog=_BACKLOG)


def _stop_signal() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


if __name__ == "__main__":
    main()
