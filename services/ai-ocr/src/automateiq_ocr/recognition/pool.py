"""Worker processes that do the heavy work, off the event loop of the service.

Each process is started fresh (not forked: gRPC and threads do not survive a fork), imports its work once, and is
warm before the service is healthy. A worker that dies (out of memory, a crash in a C library) breaks the pool of
`concurrent.futures`; the pool is then made anew, and what was running is done once more, but only once: a file that
kills its worker twice is at fault itself. A worker that does not come back in time (a hostile file can make a C library
loop) is ended by its own alarm, which is such a death too.
"""

import asyncio
import math
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar, TypeVarTuple, Unpack

import structlog

from automateiq_ocr.recognition.models import PageFailed

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

_log = structlog.get_logger(__name__)


def _warm_up() -> None:
    # Tesseract's own threads only get in each other's way when every core has a worker of its own.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    # Imported here for its side effect: the first document must not wait for it.
    import automateiq_ocr.extraction.engine  # noqa: F401, PLC0415
    import automateiq_ocr.recognition.engine  # noqa: F401, PLC0415


def _ready() -> int:
    return os.getpid()


def _limited(seconds: int, work: Callable[..., Result], args: tuple[object, ...]) -> Result:
    # No Python code runs while C code loops; the default action of SIGALRM ends the process all the same.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
    try:
        return work(*args)
    finally:
        signal.alarm(0)


class WorkerPool:
    """A fixed number of worker processes; none works longer than `limit_seconds` on one call."""

    def __init__(self, workers: int, *, limit_seconds: float) -> None:
        self.workers = workers
        self._limit = math.ceil(limit_seconds)
        self._executor: ProcessPoolExecutor | None = None

    async def start(self) -> None:
        """Starts the workers and waits until each has answered."""
        self._executor = self._made()
        await asyncio.gather(*(self.run(_ready) for _ in range(self.workers)))

    async def stop(self) -> None:
        """Ends the workers; what has not begun is dropped."""
        if self._executor is not None:
            await asyncio.to_thread(self._executor.shutdown, wait=True, cancel_futures=True)
            self._executor = None

    async def run(self, work: Callable[[Unpack[Arguments]], Result], *args: Unpack[Arguments]) -> Result:
        """Runs a picklable function in a worker.

        Raises:
            PageFailed: the worker died or ran out of time, and so did the one that tried again.
        """
        for _ in range(2):
            executor = self._executor
            if executor is None:
                raise RuntimeError("the pool is not running")
            try:
                return await asyncio.wrap_future(executor.submit(_limited, self._limit, work, args))
            except BrokenProcessPool:
                self._replace(executor)
        raise PageFailed("Reading this document crashed the reader twice. Check the file, or send it to support.")

    def _made(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self.workers, mp_context=multiprocessing.get_context("spawn"), initializer=_warm_up
        )

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        # Of all calls that see the pool break, the first makes the new one.
        if self._executor is broken:
            _log.warning("a worker died; the pool is made anew")
            broken.shutdown(wait=False, cancel_futures=True)
            self._executor = self._made()
