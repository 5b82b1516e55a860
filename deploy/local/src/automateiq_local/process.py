"""One supervised process: started, probed, restarted after a crash, stopped, and never left behind."""

import contextlib
import ctypes
import enum
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

PROBE_EVERY_STARTING_S = 0.05
PROBE_EVERY_HEALTHY_S = 1.0
BACKOFF_FIRST_S = 0.2
BACKOFF_LAST_S = 10.0
STEADY_AFTER_S = 20.0
CRASHES_BEFORE_GIVING_UP = 3

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

# Linux sends a child its parent-death signal when the *thread* that made it ends. So one thread, which lives
# as long as the interpreter, makes every child; a watcher's thread that ends takes nothing with it.
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


class State(enum.StrEnum):
    """What a process is doing, as the table of the fleet shows it."""

    STOPPED = "stopped"
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    CRASHED = "crashed"
    FAILED = "failed"


class StartError(RuntimeError):
    """A process did not get healthy; the message names it and ends with its log's tail."""


@dataclass(frozen=True)
class Spec:
    """A process as data: what to run and how to tell that it is healthy.

    `probe` answers True once the process serves; it may raise, which counts as False, and must give up by
    itself within seconds. `stop_stage` orders the stop: a lower stage is down before the next is asked to.
    """

    name: str
    command: Sequence[str]
    probe: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    stop_stage: int = 0
    stop_deadline_s: float = 10.0
    restart: bool = True


def spawn(command: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start a child, in a process group of its own, that the kernel kills when this process dies."""
    return _spawner.submit(_spawn, command, env, cwd, log).result()


def tail(log: Path, lines: int = 25) -> str:
    """The last lines of a log, indented, to stand below a message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 64_000))
            kept = file.read().decode(errors="replace").splitlines()[-lines:]
    except OSError:
        kept = []
    return "\n".join(f"    {line}" for line in kept) or "    (the log is empty)"


class Process:
    """A process under supervision, from `start` to `stop`.

    After a crash it is started again with growing pauses, unless its spec says otherwise. `kill` is a crash
    on purpose; after `stop` it stays down until `start`.
    """

    def __init__(
        self,
        spec: Spec,
        *,
        folder: Path,
        log: Path,
        on_change: Callable[["Process", str], None] | None = None,
    ) -> None:
        self.spec = spec
        self.log = log
        self.state = State.STOPPED
        self.seconds_to_ready: float | None = None
        self.restarts = 0
        self._folder = folder
        self._on_change = on_change or (lambda _process, _message: None)
        self._child: subprocess.Popen[bytes] | None = None
        self._watcher: threading.Thread | None = None
        self._wanted = threading.Event()
        self._wake = threading.Event()
        self._changed = threading.Condition()
        self._spawning = threading.Lock()
        self._started_before = False

    @property
    def name(self) -> str:
        """Its spec's name."""
        return self.spec.name

    @property
    def pid(self) -> int | None:
        """The process id, or None while nothing runs."""
        child = self._child
        return child.pid if child is not None and child.returncode is None else None

    def is_healthy(self) -> bool:
        """Whether it is healthy, and whoever listens for changes has been told so."""
        with self._changed:
            return self.state is State.HEALTHY

    def as_row(self) -> dict[str, Any]:
        """What tables and the state file show of it."""
        return {
            "name": self.name,
            "port": self.spec.port,
            "state": self.state.value,
            "pid": self.pid,
            "secondsToReady": self.seconds_to_ready,
            "restarts": self.restarts,
        }

    def start(self) -> None:
        """Start it and come back at once; `wait_healthy` waits."""
        if self._watcher is not None and self._watcher.is_alive():
            return
        if not self._started_before:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            self.log.write_bytes(b"")
            self._started_before = True
        self._wanted.set()
        self._wake.clear()
        self.state = State.STARTING
        self._spawn()
        self._watcher = threading.Thread(target=self._watch, name=f"watch-{self.name}", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Ask it to end, kill what is left after its deadline, and keep it down."""
        self._wanted.clear()
        self._wake.set()
        with self._spawning:
            child = self._child
        if child is not None:
            _end(child, self.spec.stop_deadline_s)
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        self._child = None
        self._become(State.STOPPED)

    def kill(self) -> None:
        """SIGKILL to the process and its children, as a crash would; the watcher starts it again."""
        child = self._child
        if child is not None:
            _signal_group(child.pid, signal.SIGKILL)
            child.wait()
            with self._changed:
                if child is self._child:  # so that `wait_healthy` waits for the next one
                    self._become(State.CRASHED)

    def pause(self) -> None:
        """Freeze it: it keeps its connections and answers nothing."""
        if self.pid is not None:
            _signal_group(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen process go on."""
        if self.pid is not None:
            _signal_group(self.pid, signal.SIGCONT)

    def wait_healthy(self, deadline_s: float) -> None:
        """Come back when it is healthy; raise `StartError` when it failed or the deadline passed."""
        settled = (State.HEALTHY, State.FAILED)
        with self._changed:
            self._changed.wait_for(lambda: self.state in settled, timeout=deadline_s)
            state = self.state
        if state is State.HEALTHY:
            return
        why = self._how_it_ended() if state is State.FAILED else f"not healthy after {deadline_s:.0f} s"
        raise StartError(f"{self.name}: {why}. The end of {self.log}:\n{tail(self.log)}")

    def _spawn(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._spawning:
            if self._wanted.is_set():
                self._child = spawn(self.spec.command, env=self.spec.env, cwd=self._folder, log=self.log)

    def _watch(self) -> None:
        crashes_in_a_row = 0
        while True:
            lived_s = self._attend()
            if not self._wanted.is_set():
                return
            crashes_in_a_row = 1 if lived_s > STEADY_AFTER_S else crashes_in_a_row + 1
            never_ready = self.seconds_to_ready is None
            if not self.spec.restart or (never_ready and crashes_in_a_row >= CRASHES_BEFORE_GIVING_UP):
                self._become(State.FAILED, f"{self.name} {self._how_it_ended()}")
                return
            pause_s = min(BACKOFF_FIRST_S * 2 ** (crashes_in_a_row - 1), BACKOFF_LAST_S)
            self._become(
                State.CRASHED, f"{self.name} {self._how_it_ended()}, starting it again in {pause_s:.1f} s"
            )
            self._wake.wait(pause_s)
            if not self._wanted.is_set():
                return
            self.restarts += 1
            self._become(State.STARTING)
            self._spawn()

    def _attend(self) -> float:
        """Probe the running child until it ends or is no longer wanted; the seconds it was healthy for."""
        child, began, healthy_since = self._child, time.monotonic(), None
        while child is not None and child.poll() is None and self._wanted.is_set():
            if self._probe():
                with self._changed:
                    if child.poll() is not None:
                        break
                    healthy_since = healthy_since or time.monotonic()
                    if self.state is State.STARTING:
                        self.seconds_to_ready = time.monotonic() - began
                    self._become(State.HEALTHY, f"{self.name} is healthy again" if self._came_back() else "")
            elif healthy_since is not None:
                self._become(State.UNHEALTHY)
            starting = self.state is State.STARTING
            self._wait_or_death(child, PROBE_EVERY_STARTING_S if starting else PROBE_EVERY_HEALTHY_S)
        if child is not None and child.returncode is not None:
            _signal_group(child.pid, signal.SIGKILL)  # what it had started itself
        return 0.0 if healthy_since is None else time.monotonic() - healthy_since

    def _wait_or_death(self, child: subprocess.Popen[bytes], seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and child.poll() is None:
            if self._wake.wait(min(0.2, max(0.0, until - time.monotonic()))):
                return

    def _probe(self) -> bool:
        try:
            return self.spec.probe()
        except Exception:  # whatever a client library raises: the process does not serve yet, or no more
            return False

    def _came_back(self) -> bool:
        return self.restarts > 0 and self.state is State.STARTING

    def _become(self, state: State, message: str = "") -> None:
        with self._changed:
            if state is self.state and not message:
                return
            self.state = state
            self._changed.notify_all()
            self._on_change(self, message)

    def _how_it_ended(self) -> str:
        code = self._child.returncode if self._child else None
        if code is not None and code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with exit status {code}"


def memory_mb(pids: Sequence[int]) -> float:
    """The memory of these processes and all their children, in MB (10^6 bytes), shared pages once."""
    seen: dict[int, int] = {}
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            root = psutil.Process(pid)
            for process in [root, *root.children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    info = process.memory_full_info()
                    seen[process.pid] = getattr(info, "pss", 0) or info.rss
    return sum(seen.values()) / 1e6


def resident_mb(pid: int | None) -> float:
    """The resident memory of one process in MB (10^6 bytes), with shared pages; 0 if it is gone."""
    try:
        return psutil.Process(pid).memory_info().rss / 1e6 if pid else 0.0
    except psutil.Error:
        return 0.0


def _spawn(command: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path) -> subprocess.Popen[bytes]:
    parent = os.getpid()

    def die_with_parent() -> None:
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it died before the line above
                os._exit(1)

    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - calls nothing that could wait for a lock
        )


def _end(child: subprocess.Popen[bytes], deadline_s: float) -> None:
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        _signal_group(child.pid, signal.SIGCONT)  # a frozen one hears it only then
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(deadline_s)
    _signal_group(child.pid, signal.SIGKILL)
    child.wait()


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
