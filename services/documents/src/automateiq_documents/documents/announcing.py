"""Telling the followers how a reading ended.

The announcement is written in the transaction that ends the reading, and delivered as a task of its own. The followers
hear of it in order, because each sees what those before it did; so where one fails, those after it wait for the next
try. When the tries are used up they are told without it: one that keeps failing holds the others up for a minute and
a half, and keeps nothing from them. The task then stays in the outbox as failed, to be run again when the cause is
mended.
"""

from collections.abc import Sequence

import structlog
from automateiq_core.tasks import Tasks

from automateiq_documents.documents.models import Document, Status
from automateiq_documents.documents.outcomes import Follower
from automateiq_documents.documents.store import DocumentStore

ANNOUNCE = "documents.announce"

_log = structlog.get_logger(__name__)


class Announcer:
    """Announces readings of the calling organization to its followers."""

    def __init__(self, store: DocumentStore, tasks: Tasks, followers: Sequence[Follower] = ()) -> None:
        self._store = store
        self._tasks = tasks
        self._followers = followers

    async def note(self, document: Document, job_id: str) -> None:
        """Writes an announcement; call it in the transaction that ends the reading."""
        if self._followers:
            await self._tasks.enqueue(ANNOUNCE, {"document_id": document.id, "job_id": job_id})

    async def announce(self, document_id: str, job_id: str) -> None:
        """Tells the followers how a job ended, unless the document is gone or another job reads it by now."""
        document = await self._announced(document_id, job_id)
        if document is not None:
            for follower in self._followers:
                await _tell(follower, document)

    async def announce_despite(self, document_id: str, job_id: str) -> None:
        """Tells every follower that can be told, whichever of them fails."""
        document = await self._announced(document_id, job_id)
        if document is None:
            return
        for follower in self._followers:
            try:
                await _tell(follower, document)
            except Exception as error:
                _log.warning(
                    "follower failed for good",
                    follower=type(follower).__name__,
                    document=document_id,
                    job=job_id,
                    exc_info=error,
                )

    async def _announced(self, document_id: str, job_id: str) -> Document | None:
        document = await self._store.find_read(document_id)
        if document is None or document.processing is None or document.processing.job_id != job_id:
            return None
        return document


async def _tell(follower: Follower, document: Document) -> None:
    if document.status is Status.PROCESSED:
        await follower.processed(document)
    elif document.status is Status.FAILED:
        await follower.failed(document)
