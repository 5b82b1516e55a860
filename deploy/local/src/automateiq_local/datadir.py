"""The folder that a fleet keeps its data, keys and logs in, and that one fleet at a time may use."""

import contextlib
import fcntl
import json
import os
import shutil
import threading
from pathlib import Path
from typing import IO, Any


class DataDirInUseError(RuntimeError):
    """Another fleet runs on the folder."""


class DataDir:
    """The parts of the folder. What is below `run` lives no longer than a fleet."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.mongo = self.root / "mongo"
        self.redis = self.root / "redis"
        self.keys = self.root / "keys"
        self.logs = self.root / "logs"
        self.temporary = self.root / "run" / "tmp"
        self._state = self.root / "run" / "fleet.json"
        self._lock_file = self.root / "lock"
        self._lock: IO[str] | None = None
        self._writing = threading.Lock()

    def log(self, name: str) -> Path:
        """The log file of a process."""
        return self.logs / f"{name}.log"

    def working(self, name: str) -> Path:
        """The working folder of a process, made if missing."""
        folder = self.root / "run" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def acquire(self) -> None:
        """Take the folder for this process, which a crash gives back.

        Raises:
            DataDirInUseError: another process has it.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        lock = self._lock_file.open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise DataDirInUseError(
                f"A fleet already runs on {self.root} (pid {self.owner()}). Stop it with "
                "`python -m automateiq_local stop`, or name another folder in AUTOMATEIQ_LOCAL_DIR."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock
        shutil.rmtree(self.root / "run", ignore_errors=True)  # of a fleet that was killed
        for folder in (self.logs, self.temporary):
            folder.mkdir(parents=True, exist_ok=True)

    def release(self) -> None:
        """Give the folder back, rid of all that only a running fleet needs."""
        if self._lock is None:
            return
        with self._writing:
            shutil.rmtree(self.root / "run", ignore_errors=True)
            # Emptied and not deleted: who opens a file that is about to be deleted holds a lock on nothing.
            self._lock.truncate(0)
            self._lock.close()
            self._lock = None

    def owner(self) -> int | None:
        """The pid of the fleet that runs on the folder."""
        with contextlib.suppress(FileNotFoundError), self._lock_file.open("r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                with contextlib.suppress(ValueError):
                    return int(lock.read())
        return None

    def write_state(self, state: dict[str, Any]) -> None:
        """Leave the state for `status`, which is another process."""
        with self._writing:
            if self._lock is None:
                return
            draft = self._state.with_suffix(".new")
            draft.write_text(json.dumps(state))
            draft.replace(self._state)

    def read_state(self) -> dict[str, Any]:
        """What a running fleet last wrote; empty if none runs."""
        try:
            state: dict[str, Any] = json.loads(self._state.read_text())
        except (OSError, ValueError):
            return {}
        return state
