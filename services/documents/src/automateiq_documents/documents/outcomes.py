"""Who wants to know how a reading ended, and who has a say before its result is stored.

    run:  read ─▶ refiners, in order ─▶ one transaction: result + announcement in the outbox
                                                              │
    announcement (a task, at least once) ─▶ followers, in order: duplicates, review, rules, webhooks

A refiner changes what was read before anybody sees it (what people taught about a vendor). A follower acts on the
stored result. Followers run again when one of them failed, so each is idempotent for a document and a job.
"""

from collections.abc import Sequence
from typing import Protocol

from automateiq_documents.documents.models import Document, PageWords, Reading

ANNOUNCE = "documents.announce"


class Refiner(Protocol):
    """Has a say before a result is stored."""

    async def refine(self, reading: Reading, words: Sequence[PageWords]) -> Reading:
        """What was read, with what is known better."""
        ...


class Follower(Protocol):
    """Acts on how a reading ended."""

    async def processed(self, document: Document) -> None:
        """A document was read; `document` carries the reading without its text."""
        ...

    async def failed(self, document: Document) -> None:
        """A document could not be read, and is not tried again by itself."""
        ...
