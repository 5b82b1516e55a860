"""Having many documents read: quoted, begun, watched, cancelled.

A batch asks for its documents' readings one after the other, in a task that hands itself on after a few, so that the
worker is free for others in between; how many are then read at once, documents/dispatch.py decides.
"""

from collections.abc import Sequence

from automateiq_core.credits import Credits, WorkKind
from automateiq_core.errors import (
    AppError,
    Conflict,
    DeadlineExceeded,
    FailedPrecondition,
    Internal,
    Unavailable,
)
from automateiq_core.idempotency import new_id
from automateiq_core.tasks import Tasks

from automateiq_documents.batches.models import Batch, Entry, Progress, Quoted, batch_not_found, item_of
from automateiq_documents.batches.store import BatchStore
from automateiq_documents.documents.models import (
    Document,
    ReadingMode,
    Status,
    check_processable,
    not_found,
)
from automateiq_documents.documents.processing import ProcessingService
from automateiq_documents.documents.store import DocumentStore, now

ADVANCE = "documents.advance_batch"

_AT_A_TIME = 20
_MAY_PASS = (Unavailable, DeadlineExceeded, Conflict, Internal)


class BatchService:
    """The batches of the calling organization."""

    def __init__(
        self,
        store: BatchStore,
        documents: DocumentStore,
        processing: ProcessingService,
        credits: Credits,
        tasks: Tasks,
    ) -> None:
        self._store = store
        self._documents = documents
        self._processing = processing
        self._credits = credits
        self._tasks = tasks

    async def quote(self, document_ids: Sequence[str], mode: ReadingMode) -> list[Quoted]:
        """The most that each document can cost, or why it would be refused.

        Raises:
            NotFound: one of them is not there.
        """
        prices: dict[int, int] = {}
        quoted = []
        for document in await self._existing(document_ids):
            reason = _refusal(document, mode)
            # One whose pages are not counted yet has at least one.
            pages = max(1, document.page_count)
            if not reason and pages not in prices:
                prices[pages] = await self._credits.quote(WorkKind.WORK_KIND_OCR, pages)
            quoted.append(Quoted(document.id, document.page_count, 0 if reason else prices[pages], reason))
        return quoted

    async def start(self, document_ids: Sequence[str], mode: ReadingMode) -> Progress:
        """Has documents read.

        Raises:
            NotFound: one of them is not there.
        """
        await self._existing(document_ids)
        entries = [Entry(document_id) for document_id in document_ids]
        batch = Batch(str(new_id()), now(), mode, cancelled=False, entries=entries)
        if await self._store.find(batch.id) is None:

            async def work() -> None:
                await self._store.insert(batch)
                await self._tasks.enqueue(ADVANCE, {"batch_id": batch.id})

            await self._documents.transact(work)
        return await self.get(batch.id)

    async def get(self, batch_id: str) -> Progress:
        """How far a batch is.

        Raises:
            NotFound: there is no such batch.
        """
        batch = await self._store.find(batch_id)
        if batch is None:
            raise batch_not_found()
        documents = await self._store.documents([entry.document_id for entry in batch.entries])
        items = [
            item_of(entry, documents.get(entry.document_id), cancelled=batch.cancelled)
            for entry in batch.entries
        ]
        return Progress(batch, items)

    async def cancel(self, batch_id: str) -> Progress:
        """Cancels what is not read yet.

        Raises:
            NotFound: there is no such batch.
        """

        async def work() -> bool:
            found = await self._store.cancel(batch_id)
            if found:
                await self._tasks.enqueue(ADVANCE, {"batch_id": batch_id})
            return found

        if not await self._documents.transact(work):
            raise batch_not_found()
        return await self.get(batch_id)

    async def advance(self, batch_id: str) -> None:
        """Goes a few documents on with a batch, and hands the rest on."""
        batch = await self._store.find(batch_id)
        if batch is None:
            return
        if batch.cancelled:
            await self._cancel_rest(batch)
            return
        waiting = [entry for entry in batch.entries if entry.open]
        for entry in waiting[:_AT_A_TIME]:
            await self._store.note(batch_id, await self._ask(entry, batch.mode))
        latest = await self._store.find(batch_id)
        if latest is not None and (latest.cancelled or len(waiting) > _AT_A_TIME):
            await self._tasks.enqueue(ADVANCE, {"batch_id": batch_id})

    async def _ask(self, entry: Entry, mode: ReadingMode) -> Entry:
        try:
            document = await self._processing.process(entry.document_id, mode)
        except _MAY_PASS:
            raise
        except AppError as error:
            return Entry(entry.document_id, reason=error.reason, message=error.message)
        job_id = document.processing.job_id if document.processing is not None else ""
        return Entry(entry.document_id, job_id=job_id)

    async def _cancel_rest(self, batch: Batch) -> None:
        documents = await self._store.documents([entry.document_id for entry in batch.entries])
        for entry in batch.entries:
            document = documents.get(entry.document_id)
            if document is not None and document.runs(entry.job_id):
                await self._processing.cancel_job(entry.document_id, entry.job_id)

    async def _existing(self, document_ids: Sequence[str]) -> list[Document]:
        found = await self._store.documents(document_ids)
        if len(found) < len(document_ids):
            raise not_found()
        return [found[document_id] for document_id in document_ids]


def _refusal(document: Document, mode: ReadingMode) -> str:
    if document.status is Status.PROCESSING:
        return "BEING_READ"
    try:
        check_processable(document, mode)
    except FailedPrecondition as error:
        return error.reason
    return ""
