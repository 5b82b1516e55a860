"""What a batch is, and what became of its documents."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from automateiq_core.errors import NotFound

from automateiq_documents.documents.models import CANCELLED, Document, ReadingMode, Status


class Outcome(StrEnum):
    """What became of a document of a batch."""

    WAITING = "waiting"
    READING = "reading"
    PROCESSED = "processed"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    GONE = "gone"


_OPEN = (Outcome.WAITING, Outcome.READING)


@dataclass(frozen=True, slots=True)
class Entry:
    """A document of a batch as it is kept: without a job until its reading was asked for or refused."""

    document_id: str
    job_id: str = ""
    reason: str = ""
    message: str = ""

    @property
    def open(self) -> bool:
        """Whether its reading was not asked for yet."""
        return not self.job_id and not self.reason


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it is kept."""

    id: str
    created_at: datetime
    mode: ReadingMode
    cancelled: bool
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Item:
    """What became of a document of a batch."""

    document_id: str
    outcome: Outcome
    reason: str = ""
    message: str = ""
    credits: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is."""

    batch: Batch
    items: Sequence[Item]

    @property
    def state(self) -> str:
        """running, cancelled or done."""
        if self.batch.cancelled:
            return "cancelled"
        return "running" if any(item.outcome in _OPEN for item in self.items) else "done"

    @property
    def counts(self) -> Mapping[str, int]:
        """How many documents have which outcome."""
        return Counter(item.outcome.value for item in self.items)

    @property
    def credits(self) -> int:
        """What was charged so far."""
        return sum(item.credits for item in self.items)


@dataclass(frozen=True, slots=True)
class Quoted:
    """The most that the reading of a document can cost, or why it would be refused."""

    document_id: str
    pages: int
    credits: int
    reason: str = ""


def item_of(entry: Entry, document: Document | None, *, cancelled: bool) -> Item:
    """What became of a document, by what the batch asked for and how the document is now."""
    if entry.reason:
        return Item(entry.document_id, Outcome.REFUSED, entry.reason, entry.message)
    if not entry.job_id:
        return Item(entry.document_id, Outcome.CANCELLED if cancelled else Outcome.WAITING)
    processing = None if document is None else document.processing
    if document is None or processing is None or processing.job_id != entry.job_id:
        return Item(entry.document_id, Outcome.GONE)
    if document.status is Status.PROCESSING:
        return Item(entry.document_id, Outcome.WAITING if processing.waiting else Outcome.READING)
    if document.failure is not None:
        outcome = Outcome.CANCELLED if document.failure.reason == CANCELLED.reason else Outcome.FAILED
        return Item(entry.document_id, outcome, document.failure.reason, document.failure.message)
    return Item(entry.document_id, Outcome.PROCESSED, credits=processing.credits_charged)


def batch_not_found() -> NotFound:
    """What is said of a batch that is not there, or not the caller's."""
    return NotFound("BATCH_NOT_FOUND", "There is no such batch. Batches are kept for thirty days.")
