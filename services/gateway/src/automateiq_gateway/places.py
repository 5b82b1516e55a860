"""How many long requests an organization may have open at once: uploads, downloads, streams of events.

A rate limit counts beginnings. What lasts for minutes, and takes memory and queries all that time, is counted while
it lasts as well, so that one organization can not take what all others share. Each replica counts its own.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from automateiq_core.errors import ResourceExhausted

_RETRY_SECONDS = "5"


class Places:
    """The places for one kind of request."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, organization_id: str) -> Iterator[None]:
        """Holds a place for the block.

        Raises:
            ResourceExhausted: the organization holds all of its places (TOO_MANY_AT_ONCE).
        """
        if self._taken[organization_id] >= self._limit:
            raise ResourceExhausted(
                "TOO_MANY_AT_ONCE",
                f"Your organization has {self._limit} such requests open at once, which is the limit. "
                "Wait until one has ended.",
                retryAfterSeconds=_RETRY_SECONDS,
            )
        self._taken[organization_id] += 1
        try:
            yield
        finally:
            self._taken[organization_id] -= 1
            if not self._taken[organization_id]:
                del self._taken[organization_id]
