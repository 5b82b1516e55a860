"""Who wants to know how a reading ended, and who has a say before its result is stored.

    run:  read ─▶ refiners, in order ─▶ one transaction: result + keepers + announcement in the outbox
                                                              │
    announcement (announcing.py: a task, at least once) ─▶ followers, in order: duplicates, rules, webhooks

A refiner changes what was read before anybody sees it (what people taught about a vendor). A follower acts on the
stored result. Followers run again when one of them failed, so each is idempotent for a document and a job.
A keeper has something of its own beside a document (its review), which must never be seen without the other.
"""

from collections.abc import Sequence
from typing import Protocol

from automateiq_documents.documents.models import Document, PageWords, Reading


class Refiner(Protocol):
    """Has a say before a result is stored."""

    async def refine(self, reading: Reading, words: Sequence[PageWords]) -> Reading:
        """What was read, with what is known better."""
        ...


class Keeper(Protocol):
    """Keeps something beside a document; called inside the transaction that changes the document."""

    async def stored(self, document: Document, reading: Reading) -> None:
        """A reading took the place of the one before; `document` is its new state."""
        ...

    async def deleted(self, document_id: str) -> None:
        """The document is gone."""
        ...


class Follower(Protocol):
    """Acts on how a reading ended."""

    async def processed(self, document: Document) -> None:
        """A document was read; `document` carries the reading without its text."""
        ...

    async def failed(self, document: Document) -> None:
        """A document could not be read, and is not tried again by itself."""
        ...
