"""JSON that was made a moment ago, by the bytes it was made from.

To turn a long document's words into JSON takes longer than to fetch them, and pages ask for the same document again
and again. The service is asked every time, so nobody is shown what is not theirs or no longer so; only the work of
turning the same answer into the same JSON is saved. Nothing is kept for longer than `seconds`: what a tenant erased
must not live on here.
"""

import asyncio
from collections.abc import Callable


class Remembered:
    """A pure function from bytes to bytes, with a small memory."""

    def __init__(self, make: Callable[[bytes], bytes], *, limit_bytes: int, seconds: float) -> None:
        self._make = make
        self._limit = limit_bytes
        self._seconds = seconds
        self._kept: dict[bytes, bytes] = {}
        self._size = 0

    def __call__(self, source: bytes) -> bytes:
        """What the function gives. Must be called in a running event loop, which forgets it in time."""
        known = self._kept.get(source)
        if known is not None:
            return known
        made = self._make(source)
        size = len(source) + len(made)
        if self._size + size <= self._limit:
            if not self._kept:
                asyncio.get_running_loop().call_later(self._seconds, self._forget)
            self._kept[source] = made
            self._size += size
        return made

    def _forget(self) -> None:
        self._kept.clear()
        self._size = 0
