"""What tests make a worker process do; importable there, because the tests put this folder on its path."""

import os
import signal
import subprocess
import time
from pathlib import Path


def die_once(mark: str) -> int:
    """Dies at the first call with this mark, and gives the process's id at the next."""
    try:
        Path(mark).touch(exist_ok=False)
    except FileExistsError:
        return os.getpid()
    os._exit(3)


def kill_yourself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def say_pid_and_hang(path: str) -> None:
    """Writes this process's id, and that of a program it runs, to the file, and never comes back."""
    child = subprocess.Popen(["sleep", "600"])
    whole = Path(path + ".part")
    whole.write_text(f"{os.getpid()} {child.pid}")
    whole.rename(path)
    while True:
        time.sleep(600)


def hang_deaf() -> None:
    """Waits in C code with every signal that can be blocked blocked."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    signal.sigwait([])


def work_until(path: str) -> int:
    """Works until the file is there."""
    while not Path(path).exists():
        time.sleep(0.01)
    return os.getpid()


def fail(message: str) -> None:
    raise LookupError(message)


_kept: list[bytes] = []


def keep(size: int) -> int:
    """Holds on to that many bytes more, as a leak does, and gives the process's id."""
    _kept.append(b"x" * size)
    return os.getpid()


def use_for_a_while(pieces: int) -> int:
    """Takes that many pieces of 64 kB, frees all but the last, and gives the process's id.

    The piece that stays keeps the C library from giving the others back by itself.
    """
    taken = [bytes(1 << 16) for _ in range(pieces)]
    _kept.append(taken[-1])
    return os.getpid()


def answer_with(size: int) -> bytes:
    return bytes(size)
