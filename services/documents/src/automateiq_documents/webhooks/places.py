"""How much a process sends at once: to one endpoint, of one organization, and in all."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from automateiq_documents.webhooks.models import ENDPOINT_AT_ONCE, ORGANIZATION_AT_ONCE, PROCESS_AT_ONCE


class Places:
    """The places that a process has for sending."""

    def __init__(self) -> None:
        self._endpoints: Counter[str] = Counter()
        self._organizations: Counter[str] = Counter()

    def free(self, organization_id: str, endpoint_id: str) -> bool:
        """Whether a message may be sent now."""
        return (
            self._endpoints[endpoint_id] < ENDPOINT_AT_ONCE
            and self._organizations[organization_id] < ORGANIZATION_AT_ONCE
            and self._organizations.total() < PROCESS_AT_ONCE
        )

    @contextmanager
    def taken(self, organization_id: str, endpoint_id: str) -> Iterator[None]:
        """Holds a place for the time of the block."""
        self._endpoints[endpoint_id] += 1
        self._organizations[organization_id] += 1
        try:
            yield
        finally:
            # Without what is down to nothing: it would be kept for as long as the process lives.
            self._endpoints -= Counter([endpoint_id])
            self._organizations -= Counter([organization_id])
