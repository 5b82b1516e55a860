"""Looking at what was read: deciding what to look at, correcting, confirming, rejecting, reopening, assigning."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core import context
from automateiq_core.errors import FailedPrecondition, InvalidInput, Violation
from automateiq_core.idempotency import new_id

from automateiq_documents.documents.models import Document, Reading, ReviewState, not_found
from automateiq_documents.documents.store import now
from automateiq_documents.review import deciding
from automateiq_documents.review.correcting import Author, apply, take_back
from automateiq_documents.review.memory import Memory
from automateiq_documents.review.models import (
    KINDS,
    LISTS,
    OPEN,
    PLAIN,
    SINGLE,
    AuditAction,
    AuditEntry,
    Change,
    QueueFilter,
    Review,
    Settings,
    check_open,
    check_version,
    not_processed,
)
from automateiq_documents.review.overlay import effective, value_of
from automateiq_documents.review.store import QueuePage, ReviewStore
from automateiq_documents.review.words import text_in


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review and what was done to it, the newest first."""

    review: Review
    audit: list[AuditEntry]


class ReviewService:
    """The reviews of the calling organization's documents. It keeps each beside its document (a `Keeper`)."""

    def __init__(self, store: ReviewStore, memory: Memory) -> None:
        self._store = store
        self._memory = memory

    # Beside the document, in the transaction that changes it.

    async def stored(self, document: Document, reading: Reading) -> None:
        """Decides on a new reading, with what a person said before laid over it."""
        before = await self._store.find(document.id)
        if before is None:
            raise AssertionError("a keeper is called for a document that was just read")
        settings = await self._store.settings()
        fresh = replace(
            before,
            version=before.version + 1,
            read=reading.extracted_data,
            data=effective(reading.extracted_data, before.corrections, before.bases),
            decided_at=now(),
        )
        found = deciding.reasons(fresh.data, settings, fresh.corrected, fresh.confirmed)
        # A review that was never stored says nothing about an earlier state.
        state = deciding.state_after(before.state if before.version else None, found, fresh.confirmed)
        loss = deciding.expected_loss(fresh.data, settings, fresh.corrected)
        decided = replace(fresh, reasons=found, state=state, loss=loss)
        note = AuditEntry(AuditAction.DECIDED, "", now(), decided.version, new=state.value)
        await self._store.keep(decided, replaces=before.version, entries=[note])

    async def deleted(self, document_id: str) -> None:
        """Removes what is kept of a document outside of its row."""
        await self._store.forget(document_id)

    # Looking.

    async def get(self, document_id: str) -> Reviewed:
        """A document's review and its audit.

        Raises:
            NotFound: there is no such document.
            FailedPrecondition: it was not read yet (NOT_PROCESSED).
        """
        review = await self._existing(document_id)
        return Reviewed(review, await self._store.audit(document_id))

    async def queue(self, wanted: QueueFilter, request: PageRequest) -> QueuePage:
        """A page of the documents to look at, the largest expected loss first."""
        return await self._store.page(wanted, request)

    async def counts(self, wanted: QueueFilter) -> dict[ReviewState, int]:
        """How many documents pass the filter, by state."""
        return await self._store.counts(replace(wanted, states=tuple(ReviewState)))

    async def neighbours(self, document_id: str, wanted: QueueFilter) -> tuple[str, str]:
        """The ids of the documents before and after one in the queue; empty at its ends."""
        found = await self._store.neighbours(document_id, wanted)
        if found is None:
            raise not_found()
        return found

    # Saying.

    async def correct(self, document_id: str, version: int, changes: Sequence[Change]) -> Reviewed:
        """Corrects values of a document, all or none, and teaches the memory of its vendor.

        Raises:
            NotFound: there is no such document.
            FailedPrecondition: it was not read yet, or is confirmed or rejected.
            Conflict: it was changed since the caller saw it (REVIEW_CHANGED).
            InvalidInput: a change breaks a rule.
        """
        review = await self._open(document_id, version)
        if not changes:
            raise InvalidInput("VALIDATION_FAILED", "corrections: must not be empty.")
        page = await self._store.page_text(document_id)
        words = page.words if page else ()
        ids = [str(new_id()) for _ in changes]
        after, entries = apply(review, changes, _author(), ids, lambda box: text_in(words, box))
        after = await self._weighed(after)
        seen = await self._memory.look_at(review, page) if page else None

        async def work() -> None:
            await self._store.keep(after, replaces=version, entries=entries)
            if seen is not None:
                await self._memory.learn(review, after, seen)

        await self._store.transact(work)
        return await self.get(document_id)

    async def undo(self, document_id: str, version: int, correction_id: str) -> Reviewed:
        """Takes a correction back: what was read, or said before it, is shown again, and what it taught is forgotten.

        Raises:
            NotFound: there is no such document or correction.
            FailedPrecondition: it is confirmed or rejected.
            Conflict: it was changed since the caller saw it.
        """
        review = await self._open(document_id, version)
        after, entries = take_back(review, correction_id, _author())
        after = await self._weighed(after)

        async def work() -> None:
            await self._store.keep(after, replaces=version, entries=entries)
            await self._memory.unlearn(correction_id)

        await self._store.transact(work)
        return await self.get(document_id)

    async def confirm(self, document_id: str, version: int) -> Reviewed:
        """Says that a document is right as it is shown, and strengthens the memory of its vendor."""
        review = await self._open(document_id, version)
        page = await self._store.page_text(document_id)
        seen = await self._memory.look_at(review, page) if page else None
        confirmed = {name: value for name in SINGLE if (value := value_of(review.data, name))}
        after = _closed(
            replace(review, state=ReviewState.CONFIRMED, reasons=(), loss=0.0, confirmed=confirmed)
        )
        entry = _entry(AuditAction.CONFIRMED, after, old=review.state.value, new=after.state.value)

        async def work() -> None:
            await self._store.keep(after, replaces=version, entries=[entry])
            if seen is not None:
                await self._memory.strengthen(after, seen)

        await self._store.transact(work)
        return await self.get(document_id)

    async def reject(self, document_id: str, version: int, reason: str) -> Reviewed:
        """Says that a document is not to be used, and why."""
        review = await self._open(document_id, version)
        if not reason.strip():
            raise _broken("reason", "must say why the document is rejected")
        after = _closed(
            replace(review, state=ReviewState.REJECTED, reasons=(), loss=0.0, reject_reason=reason.strip())
        )
        entry = _entry(
            AuditAction.REJECTED,
            after,
            old=review.state.value,
            new=after.state.value,
            note=after.reject_reason,
        )
        return await self._kept(after, version, entry)

    async def reopen(self, document_id: str, version: int) -> Reviewed:
        """Takes the last word back: the document waits to be looked at.

        Raises:
            FailedPrecondition: it is open (REVIEW_OPEN).
        """
        review = await self._existing(document_id)
        check_version(review, version)
        if review.state in OPEN:
            raise FailedPrecondition("REVIEW_OPEN", "This document is neither confirmed nor rejected.")
        opened = replace(
            review,
            state=ReviewState.NEEDED,
            confirmed={},
            reject_reason="",
            closed_at=None,
            closed_by="",
        )
        after = await self._weighed(opened)
        entry = _entry(AuditAction.REOPENED, after, old=review.state.value, new=after.state.value)
        return await self._kept(after, version, entry)

    async def assign(self, document_id: str, version: int, user_id: str) -> Reviewed:
        """Gives a document to somebody to look at; an empty user to nobody."""
        review = await self._existing(document_id)
        check_version(review, version)
        after = replace(review, version=version + 1, assigned_to=user_id)
        entry = _entry(AuditAction.ASSIGNED, after, old=review.assigned_to, new=user_id)
        return await self._kept(after, version, entry)

    async def ruled(
        self, document_id: str, *, state: ReviewState | None, assigned_to: str | None, note: str
    ) -> None:
        """What the organization's rules say of a document; None says nothing. Call it in a transaction.

        A person's last word stands. Nothing is learnt from it: no person has looked at the document.

        Raises:
            Conflict: the review was changed at this moment (REVIEW_CHANGED).
        """
        review = await self._existing(document_id)
        after, entries = replace(review, version=review.version + 1), list[AuditEntry]()
        if state is not None and review.state in OPEN:
            after = replace(after, state=state)
            entries.append(
                AuditEntry(
                    AuditAction.DECIDED,
                    "",
                    now(),
                    after.version,
                    old=review.state.value,
                    new=state.value,
                    note=note,
                )
            )
        if assigned_to is not None:
            entries.append(
                AuditEntry(
                    AuditAction.ASSIGNED,
                    "",
                    now(),
                    after.version,
                    old=review.assigned_to,
                    new=assigned_to,
                    note=note,
                )
            )
            after = replace(after, assigned_to=assigned_to)
        await self._store.keep(after, replaces=review.version, entries=entries)

    # Settings.

    async def settings(self) -> Settings:
        """The organization's settings."""
        return await self._store.settings()

    async def update_settings(self, settings: Settings) -> Settings:
        """Replaces the settings; `settings.version` is the version that is replaced. They hold from the next reading.

        Raises:
            InvalidInput: a field or a kind of document is not known.
            Conflict: somebody was quicker (REVIEW_CHANGED).
        """
        _check_settings(settings)
        after = replace(settings, version=settings.version + 1)
        await self._store.save_settings(after, replaces=settings.version)
        return after

    # Shared.

    async def _existing(self, document_id: str) -> Review:
        review = await self._store.find(document_id)
        if review is None:
            raise not_processed() if await self._store.exists(document_id) else not_found()
        return review

    async def _open(self, document_id: str, version: int) -> Review:
        review = await self._existing(document_id)
        check_version(review, version)
        check_open(review)
        return review

    async def _weighed(self, review: Review) -> Review:
        """The next version, with the reasons and the loss of its data. Whether a look is needed stays as it is."""
        settings = await self._store.settings()
        return replace(
            review,
            version=review.version + 1,
            reasons=deciding.reasons(review.data, settings, review.corrected, review.confirmed),
            loss=deciding.expected_loss(review.data, settings, review.corrected),
        )

    async def _kept(self, after: Review, version: int, entry: AuditEntry) -> Reviewed:
        async def work() -> None:
            await self._store.keep(after, replaces=version, entries=[entry])

        await self._store.transact(work)
        return await self.get(after.document_id)


def _author() -> Author:
    return Author(context.current().user_id, now())


def _entry(action: AuditAction, after: Review, *, old: str, new: str, note: str = "") -> AuditEntry:
    return AuditEntry(action, context.current().user_id, now(), after.version, old=old, new=new, note=note)


def _closed(review: Review) -> Review:
    return replace(review, version=review.version + 1, closed_at=now(), closed_by=context.current().user_id)


def _check_settings(settings: Settings) -> None:
    known = {*SINGLE, *LISTS}
    for name in settings.thresholds:
        if name not in known - (PLAIN - {"documentType"}):
            raise _broken(f"thresholds.{name}", "names no field that has a confidence")
    for kind, names in settings.important.items():
        if kind not in set(KINDS.values()):
            raise _broken(f"important.{kind}", "names no kind of document")
        for name in names:
            if name not in known:
                raise _broken(f"important.{kind}", f"names {name}, which is no field")


def _broken(field: str, rule: str) -> InvalidInput:
    return InvalidInput("VALIDATION_FAILED", f"{field}: {rule}.", violations=[Violation(field, rule)])
