"""Worker processes that do the heavy work, off the event loop of the service.

Each worker is a fresh process (not forked: gRPC and threads do not survive a fork) that imports its work once, and is
warm before the service is healthy. A worker does one call at a time over a socket of its own, so one that dies (out of
memory, a crash in a C library) takes nothing with it but its call. That call is done once more by another, but only
once: a file that kills its worker twice is at fault itself. A worker that does not come back in time (a hostile file
can make a C library loop) is killed, which is such a death too; so is one whose caller has gone. One that holds too
much memory after a call (large pages leave some behind) is replaced by a fresh one before the next.
"""

import asyncio
import math
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

import structlog

from automateiq_ocr.recognition.models import EngineUnavailable, PageFailed

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

_START_SECONDS = 120.0

_log = structlog.get_logger(__name__)


class _WorkerDied(Exception):
    """It ended, or was ended, before it answered."""


class _Worker:
    """One process and the socket to it."""

    def __init__(self) -> None:
        self._ready = False
        self._calls, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "automateiq_ocr.recognition.worker", str(theirs.fileno())],
                stdin=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                process_group=0,
            )

    def call(self, seconds: int, work: Callable[..., Result], args: tuple[object, ...]) -> Result:
        """Blocks until the worker answers, dies, or runs out of time; for a thread."""
        try:
            if not self._ready:
                # Its start, slow on a busy machine, is no part of the time that the work may take.
                self._answer(_START_SECONDS)
                self._ready = True
            self._calls.send((work, args))
            worked, outcome = self._answer(seconds)
        except (EOFError, OSError) as error:
            raise _WorkerDied("it ended") from error
        if not worked:
            raise outcome
        result: Result = outcome
        return result

    def _answer(self, seconds: float) -> Any:
        if not self._calls.poll(seconds):
            raise _WorkerDied(f"it took longer than {seconds} s")
        return self._calls.recv()

    def memory(self) -> int:
        """Resident bytes; 0 where the system does not tell (it has no /proc)."""
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()[1]
            return int(pages) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError, ValueError):
            return 0

    def kill(self) -> None:
        """Ends it and the programs it runs."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kills it, waits for its end and frees what it held; not while a thread waits in `call`."""
        self.kill()
        with suppress(BrokenPipeError):
            self._process.communicate()
        self._calls.close()


class WorkerPool:
    """A fixed number of worker processes; none works longer than `limit_seconds` on one call.

    One that holds more than `limit_bytes` when a call is done is replaced; 0 sets no limit.
    """

    def __init__(self, workers: int, *, limit_seconds: float, limit_bytes: int = 0) -> None:
        self.workers = workers
        self._limit_bytes = limit_bytes
        self._limit = math.ceil(limit_seconds)
        self._all: set[_Worker] = set()
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._threads: ThreadPoolExecutor | None = None

    async def start(self) -> None:
        """Starts the workers and waits until each has answered."""
        self._idle = asyncio.Queue()
        self._threads = ThreadPoolExecutor(self.workers, thread_name_prefix="ocr-worker")
        for _ in range(self.workers):
            self._add()
        await asyncio.gather(*(self.run(os.getpid) for _ in range(self.workers)))

    async def stop(self) -> None:
        """Ends the workers at once; calls that still run fail as unavailable."""
        threads, self._threads = self._threads, None
        if threads is None:
            return
        for worker in self._all:
            worker.kill()
        await asyncio.to_thread(threads.shutdown)
        for worker in self._all:
            worker.close()
        self._all.clear()

    async def run(self, work: Callable[[*Arguments], Result], *args: *Arguments) -> Result:
        """Runs a picklable function in a worker; if the caller is cancelled, the worker is ended.

        Raises:
            PageFailed: the worker died or ran out of time, and so did the one that tried again.
            EngineUnavailable: the pool has not been started, or has been stopped.
        """
        for _ in range(2):
            try:
                return await self._run_once(work, args)
            except _WorkerDied as death:
                if self._threads is None:
                    break
                _log.warning("a worker died", cause=str(death), work=getattr(work, "__name__", ""))
        else:
            raise PageFailed(
                "Reading this document crashed the reader twice. Check the file, or send it to support."
            )
        raise _not_running()

    async def _run_once(self, work: Callable[..., Result], args: tuple[Any, ...]) -> Result:
        if self._threads is None:
            raise _not_running()
        worker = await self._idle.get()
        if self._threads is None:
            self._idle.put_nowait(worker)  # for the next who waits, who is to learn it too
            raise _not_running()
        call = asyncio.wrap_future(self._threads.submit(worker.call, self._limit, work, args))
        try:
            # Shielded: the thread is to see its worker's end before both are used again.
            result = await asyncio.shield(call)
        except _WorkerDied:
            self._replace(worker)
            raise
        except asyncio.CancelledError:
            worker.kill()
            call.add_done_callback(lambda done: self._abandoned(worker, done))
            raise
        except BaseException:
            self._give_back(worker)
            raise
        self._give_back(worker)
        return result

    def _give_back(self, worker: _Worker) -> None:
        held = worker.memory() if self._limit_bytes else 0
        if held > self._limit_bytes:
            _log.info("a worker grew too large and is replaced", megabytes=held >> 20)
            self._replace(worker)
        else:
            self._idle.put_nowait(worker)

    def _add(self) -> None:
        worker = _Worker()
        self._all.add(worker)
        self._idle.put_nowait(worker)

    def _replace(self, worker: _Worker) -> None:
        if self._threads is None:
            self._idle.put_nowait(worker)  # only to wake who waits; `stop` closes it
            return
        self._all.remove(worker)
        worker.close()
        self._add()

    def _abandoned(self, worker: _Worker, call: "asyncio.Future[Any]") -> None:
        call.exception()  # nobody else is there to take note of it
        self._replace(worker)


def _not_running() -> EngineUnavailable:
    return EngineUnavailable("The text recognition is starting or stopping. Try again in a moment.")
