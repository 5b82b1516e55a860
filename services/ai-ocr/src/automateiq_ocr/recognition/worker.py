"""A worker process: `python -m automateiq_ocr.recognition.worker <descriptor>`; only the pool starts it.

It says (True, None) on the socket with that descriptor when it is warm. Then it takes (function, arguments) from there
and sends back (True, result) or (False, error), all pickled; only the service is at the other end. Its standard input
is its lifeline: when the service dies, however it dies, the input ends, and with it the worker and whatever program it
was running.
"""

import ctypes
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection

from automateiq_core.errors import AppError


def _end_with_the_service() -> None:
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)  # the worker leads a group of its own; Tesseract belongs to it


def _warm_up() -> None:
    # Tesseract's own threads only get in each other's way when every core has a worker of its own.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    # Imported here for its side effect: the first document must not wait for it.
    import automateiq_ocr.einvoice.engine
    import automateiq_ocr.recognition.engine
    import automateiq_ocr.rendering.engine  # noqa: F401


def _trimmer() -> Callable[[], object]:
    """Gives freed memory back to the system; does nothing where the C library is not glibc.

    A page that the deep engine read leaves 400 MB of it, which glibc keeps (seen: 586 MB before, 191 MB after, 20 ms).
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return lambda: None
    return lambda: trim(0)


def serve(calls: "Connection[tuple[bool, object], tuple[Callable[..., object], tuple[object, ...]]]") -> None:
    """Works on one call after the other until the other end is closed."""
    trim = _trimmer()
    calls.send((True, None))
    while True:
        try:
            work, args = calls.recv()
        except EOFError:
            return
        try:
            outcome = (True, work(*args))
        except Exception as error:
            if not isinstance(error, AppError):
                error.add_note(traceback.format_exc())  # a traceback itself does not cross
            outcome = (False, error)
        trim()
        calls.send(outcome)


if __name__ == "__main__":
    threading.Thread(target=_end_with_the_service, daemon=True).start()
    _warm_up()
    with Connection(int(sys.argv[1])) as opened:
        serve(opened)
