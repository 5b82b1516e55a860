"""Having documents read: asked for, paid for, watched, cancelled.

    process: hold the most it can cost ─▶ state: waits its turn ─▶ dispatch.py: job in the outbox
    job:     renew the hold ─▶ read ─▶ one transaction: result + words + charge pending + announcement
                 ─▶ settle what was used ─▶ charged

The result is stored before it is charged, so nobody pays for what was lost; `charge_pending` stands until billing has
charged it, so nothing is forgotten; and the hold's key names document and job, so nothing is charged twice.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import timedelta

import structlog
from automateiq_core import context
from automateiq_core.context import CallContext, Role
from automateiq_core.credits import Credits, Hold, OcrPages, WorkKind
from automateiq_core.errors import (
    AppError,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidInput,
    Unavailable,
)
from automateiq_core.idempotency import new_id

from automateiq_documents.documents.announcing import Announcer
from automateiq_documents.documents.blobs import BlobStore
from automateiq_documents.documents.dispatch import Dispatcher
from automateiq_documents.documents.models import (
    CANCELLED,
    Document,
    Failure,
    Processing,
    Progress,
    ReadingMode,
    Stage,
    Status,
    check_processable,
    failure_for,
    not_found,
    pages_used,
)
from automateiq_documents.documents.outcomes import Keeper, Refiner
from automateiq_documents.documents.reader import PagesRead, Reader, ReadingDone
from automateiq_documents.documents.spool import Spool
from automateiq_documents.documents.store import DocumentStore, now

_PROGRESS_SECONDS = 0.2
_WATCH_SECONDS = 0.25
# A watcher is told what was charged if that is known this soon after the result.
_CHARGE_SECONDS = 3.0
# Left of a watcher's time, it ends well instead of running into its deadline.
_WATCH_MARGIN_SECONDS = 0.5
# A job settles its own result within moments; the sweep takes what is older.
_PENDING_FOR = timedelta(seconds=30)

_log = structlog.get_logger(__name__)


class _NotWanted(Exception):
    """The job was cancelled or replaced, or its document deleted, while it ran."""


class ProcessingService:
    """The reading of the calling organization's documents."""

    def __init__(
        self,
        store: DocumentStore,
        blobs: BlobStore,
        reader: Reader,
        credits: Credits,
        dispatcher: Dispatcher,
        announcer: Announcer,
        *,
        refiners: Sequence[Refiner] = (),
        keepers: Sequence[Keeper] = (),
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._reader = reader
        self._credits = credits
        self._dispatcher = dispatcher
        self._announcer = announcer
        self._refiners = refiners
        self._keepers = keepers

    # Asked for by a user.

    async def process(self, document_id: str, mode: ReadingMode = ReadingMode.FIRST) -> Document:
        """Sets the most it can cost aside and queues a document; one that is being read is left alone.

        Raises:
            NotFound: there is no such document.
            FailedPrecondition: it was read already and no other reading is asked for (ALREADY_PROCESSED).
            InvalidInput: it can not be read; it is `failed` from now on.
            ResourceExhausted: the balance does not cover the price (INSUFFICIENT_CREDITS).
            Unavailable: its pages are not counted yet and ai-ocr does not answer, or its last reading can not be
                charged at the moment.
        """
        document = await self._existing(document_id)
        if document.status is Status.PROCESSING:
            return document
        check_processable(document, mode)
        if document.processing is not None and document.charge_pending:
            await self._settle(document, document.processing.job_id)
        pages = document.page_count or await self._count_pages(document)
        job_id = str(new_id())
        hold = await self._hold(document, job_id, pages)
        try:
            again = document.status is Status.PROCESSED
            request = _queued(job_id, pages, hold, again=again, fresh=mode is ReadingMode.FRESH)
            queued = await self._store.request(document_id, request, mode)
        except BaseException:
            await self._release_quietly(hold.id)
            raise
        if queued is not None:
            await self._dispatcher.dispatch()
            return queued
        await self._release_quietly(hold.id)
        # Another call was quicker: what it asked for is what this one asked for.
        return await self._existing(document_id)

    async def _count_pages(self, document: Document) -> int:
        with Spool() as spool:
            await spool.fill(self._blobs.read(document.blob_key))
            try:
                return await self._reader.inspect(spool, document.mimetype)
            except InvalidInput as error:
                await self._store.refuse(document.id, failure_for(error))
                raise

    async def cancel(self, document_id: str) -> Document:
        """Stops the reading of a document; nothing is charged.

        Raises:
            NotFound: there is no such document.
            FailedPrecondition: it is not being read (NOT_PROCESSING).
        """
        cancelled = await self._store.fail(document_id, None, CANCELLED)
        if cancelled is None:
            await self._existing(document_id)
            raise FailedPrecondition("NOT_PROCESSING", "This document is not being read at the moment.")
        await self._release_of(cancelled)
        return cancelled

    async def cancel_job(self, document_id: str, job_id: str) -> None:
        """Stops this very reading of a document, if it still runs; nothing is charged."""
        cancelled = await self._store.fail(document_id, job_id, CANCELLED)
        if cancelled is not None:
            await self._release_of(cancelled)

    async def watch(self, document_id: str) -> AsyncIterator[Progress]:
        """A document's progress: as it is now, then each change until it is read, failed or gone.

        Raises:
            NotFound: there is no such document.
        """
        seen = await self._store.progress(document_id)
        if seen is None:
            raise not_found()
        yield seen
        ended_at = time.monotonic()
        while not _over(seen, ended_at) and _time_is_left():
            await asyncio.sleep(_WATCH_SECONDS)
            there = await self._store.progress(document_id)
            if there is None:
                return
            if there != seen:
                if not seen.ended:
                    ended_at = time.monotonic()
                seen = there
                yield seen

    async def forget(self, document: Document) -> None:
        """Ends what a document that was deleted has open with billing."""
        processing = document.processing
        if processing is None:
            return
        if document.status is Status.PROCESSING:
            await self._release_quietly(processing.hold_id)
        elif processing.charge_pending:
            await self._settle_quietly(document, processing)

    # The job.

    async def run(self, document_id: str, job_id: str) -> None:
        """Reads a document, stores what was read and charges it. A repeated run does only what is left to do."""
        await self._run(document_id, job_id)
        await self._dispatcher.dispatch(ended_job=job_id)

    async def _run(self, document_id: str, job_id: str) -> None:
        document = await self._store.find(document_id)
        if document is None:
            return
        if document.runs(job_id):
            try:
                document = await self._read(document, job_id)
            except _NotWanted:
                _log.info("reading stopped: it is not wanted any more", document=document_id)
                return
        if document.owes(job_id):
            await self._settle(document, job_id)

    async def _read(self, document: Document, job_id: str) -> Document:
        await self._begin(document, job_id)
        with Spool() as spool:
            await spool.fill(self._blobs.read(document.blob_key))
            done = await self._recognize(document, job_id, spool)
        _wanted(await self._store.storing(document.id, job_id))
        stored = await self._complete(document, job_id, done)
        if stored is None:
            raise _NotWanted
        return stored

    async def _complete(self, document: Document, job_id: str, done: ReadingDone) -> Document | None:
        reading = done.reading
        kind = done.type if document.type is None or document.type_read else None
        used = pages_used(document, reading.pages)
        for refiner in self._refiners:
            reading = await refiner.refine(reading, done.words)

        async def work() -> Document | None:
            stored = await self._store.complete(document.id, job_id, reading, done.words, kind, used)
            if stored is not None:
                for keeper in self._keepers:
                    await keeper.stored(stored, reading)
                await self._announcer.note(stored, job_id)
            return stored

        return await self._store.transact(work)

    async def _begin(self, document: Document, job_id: str) -> None:
        """Renews the hold: it may have run out while the job waited."""
        hold: Hold | None = None
        try:
            hold = await self._hold(document, job_id, document.page_count)
        except (Unavailable, DeadlineExceeded) as error:
            # The price was set aside when the job was asked for, and billing is needed only after the work.
            _log.warning("hold not renewed", reason=error.reason)
        if await self._store.begin(document.id, job_id, hold.id if hold else None):
            return
        # Cancelling released the hold before it was made anew here.
        if hold is not None:
            await self._release_quietly(hold.id)
        raise _NotWanted

    async def _recognize(self, document: Document, job_id: str, spool: Spool) -> ReadingDone:
        noted_at = 0.0
        fresh = document.processing is not None and document.processing.fresh
        reading = self._reader.recognize(spool, document.mimetype, fresh=fresh, origin=document.origin)
        async with aclosing(reading) as events:
            async for event in events:
                if not isinstance(event, PagesRead):
                    return event
                if time.monotonic() - noted_at >= _PROGRESS_SECONDS:
                    noted_at = time.monotonic()
                    _wanted(await self._store.advance(document.id, job_id, event.done, event.total))
        raise AssertionError("the reader ends with a result or an error")

    async def _settle(self, document: Document, job_id: str) -> None:
        hold = await self._hold(document, job_id, document.page_count)
        charged = hold.charged if hold.settled else await hold.settle(await self._price(document, hold))
        await self._store.charged(document.id, job_id, charged)

    async def _price(self, document: Document, hold: Hold) -> int:
        used = None if document.processing is None else document.processing.used
        if used is None:
            return hold.credits
        if used.free:
            return 0
        pages = OcrPages(
            text_layer=used.text_layer, tesseract=used.tesseract, deep=used.deep, cached=used.cached
        )
        # Never more than what was quoted, whatever the prices have become meanwhile.
        return min(hold.credits, await self._credits.price_of_pages(pages))

    async def fail(self, document_id: str, job_id: str, error: AppError) -> None:
        """Ends a job that failed for good; nothing is charged. A job whose result is stored did not fail."""
        failed = await self._fail(document_id, job_id, failure_for(error))
        if failed is not None:
            _log.warning("document failed", document=document_id, reason=error.reason, error=error.message)
            await self._release_of(failed)
        await self._dispatcher.dispatch(ended_job=job_id)

    async def _fail(self, document_id: str, job_id: str, failure: Failure) -> Document | None:
        async def work() -> Document | None:
            failed = await self._store.fail(document_id, job_id, failure)
            # Where a new reading failed, the one before stands, and its followers know it.
            if failed is not None and failed.status is Status.FAILED:
                await self._announcer.note(failed, job_id)
            return failed

        return await self._store.transact(work)

    # Periodic work.

    async def settle_pending(self) -> None:
        """Charges the results that could not be charged when they were stored, of all organizations."""
        async for document in self._store.charges_pending(now() - _PENDING_FOR):
            owner = CallContext("documents", Role.SYSTEM, organization_id=document.organization_id)
            if document.processing is not None:
                with context.use(owner):
                    await self._settle_quietly(document, document.processing)

    # Shared.

    async def _existing(self, document_id: str) -> Document:
        document = await self._store.find(document_id)
        if document is None:
            raise not_found()
        return document

    async def _hold(self, document: Document, job_id: str, pages: int) -> Hold:
        key, description = f"document/{document.id}/{job_id}", document.original_name
        return await self._credits.hold(WorkKind.WORK_KIND_OCR, pages, key=key, description=description)

    async def _settle_quietly(self, document: Document, processing: Processing) -> None:
        try:
            await self._settle(document, processing.job_id)
        except AppError as error:
            _log.warning("result not charged yet", document=document.id, reason=error.reason)

    async def _release_of(self, document: Document) -> None:
        if document.processing is not None:
            await self._release_quietly(document.processing.hold_id)

    async def _release_quietly(self, hold_id: str) -> None:
        # A hold that can not be released now runs out by itself.
        try:
            await self._credits.release(hold_id)
        except AppError as error:
            _log.warning("hold not released, it will expire", reason=error.reason)


def _queued(job_id: str, pages: int, hold: Hold, *, again: bool, fresh: bool) -> Processing:
    return Processing(
        job_id=job_id,
        stage=Stage.QUEUED,
        pages_done=0,
        pages_total=pages,
        attempts=0,
        credits_quoted=hold.credits,
        credits_charged=0,
        charge_pending=False,
        hold_id=hold.id,
        requested_at=now(),
        finished_at=None,
        again=again,
        fresh=fresh,
        waiting=True,
    )


def _wanted(still: bool) -> None:
    if not still:
        raise _NotWanted


def _over(seen: Progress, ended_at: float) -> bool:
    return seen.ended and (seen.charged or time.monotonic() - ended_at > _CHARGE_SECONDS)


def _time_is_left() -> bool:
    remaining = context.current().remaining()
    return remaining is None or remaining > _WATCH_SECONDS + _WATCH_MARGIN_SECONDS
