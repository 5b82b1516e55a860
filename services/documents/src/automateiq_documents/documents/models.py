"""What a document is, and which steps its state may take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from automateiq_core.errors import (
    AppError,
    DeadlineExceeded,
    FailedPrecondition,
    Internal,
    NotFound,
    Unavailable,
)

# A row of MongoDB holds 16 MiB; a text this long is 700,000 words, far beyond the hundred pages that are read.
MAX_TEXT_BYTES = 4 << 20
# Some 200,000 words with their boxes, more than a hundred printed pages hold. Who opens it is sent all.
MAX_WORDS_BYTES = 8 << 20


class DocumentType(StrEnum):
    """What a document is to its reader."""

    INVOICE = "invoice"
    RECEIPT = "receipt"
    CONTRACT = "contract"
    GENERAL = "general"


class Status(StrEnum):
    """Where a document stands."""

    UPLOADED = "uploaded"
    PROCESSING = "processing"
    PROCESSED = "processed"
    FAILED = "failed"


class ReviewState(StrEnum):
    """Whether a person should look at what was read, and what came of it."""

    NOT_NEEDED = "not_needed"
    NEEDED = "needed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Stage(StrEnum):
    """What the reading of a document is doing."""

    QUEUED = "queued"
    READING = "reading"
    STORING = "storing"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Step:
    """A change of state: where it may begin and where it ends."""

    sources: frozenset[Status]
    target: Status


#     uploaded ──REQUEST──▶ processing ──COMPLETE──▶ processed
#        │                   │      ▲
#        └──REFUSE──▶ failed ◀─FAIL─┘ REQUEST again
REQUEST = Step(frozenset({Status.UPLOADED, Status.FAILED}), Status.PROCESSING)
COMPLETE = Step(frozenset({Status.PROCESSING}), Status.PROCESSED)
# A document that was read stays readable while it is read again, and whatever comes of that.
REPEAT = Step(frozenset({Status.UPLOADED, Status.FAILED, Status.PROCESSED}), Status.PROCESSING)
KEEP = Step(frozenset({Status.PROCESSING}), Status.PROCESSED)
# A cancelled reading is a failed one with a reason of its own.
FAIL = Step(frozenset({Status.PROCESSING}), Status.FAILED)
# Found unreadable before any job began.
REFUSE = Step(frozenset({Status.UPLOADED, Status.FAILED}), Status.FAILED)


class ReadingMode(StrEnum):
    """How a document is to be read: for the first time, again, or again with every page anew."""

    FIRST = "first"
    AGAIN = "again"
    FRESH = "fresh"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a document could not be read: a fixed word for programs and a sentence for people."""

    reason: str
    message: str


CANCELLED = Failure("CANCELLED", "You cancelled the reading. Process it again when you like.")
NOT_ANSWERED = Failure(
    "READING_UNAVAILABLE",
    "The document could not be read because a part of the service did not answer. Nothing was charged. "
    "Process it again in a few minutes.",
)
BROKEN = Failure(
    "READING_FAILED",
    "Something went wrong on our side while the document was read. Nothing was charged. It was logged; "
    "process it again later.",
)


def failure_for(error: AppError) -> Failure:
    """What a person is told about the error that ended a reading for good."""
    if isinstance(error, Internal):
        return BROKEN
    # These may come from the transport, whose words are for operators.
    if isinstance(error, Unavailable | DeadlineExceeded):
        return NOT_ANSWERED
    return Failure(error.reason, error.message)


@dataclass(frozen=True, slots=True)
class Processing:
    """How far a reading is. `charge_pending` is set from the stored result until billing has charged it."""

    job_id: str
    stage: Stage
    pages_done: int
    pages_total: int
    attempts: int
    credits_quoted: int
    credits_charged: int
    charge_pending: bool
    hold_id: str
    requested_at: datetime
    finished_at: datetime | None
    # Whether the document had been read before, so that its old reading stands if this one fails.
    again: bool = False
    fresh: bool = False
    # Whether it waits for another reading of its organization to end.
    waiting: bool = False
    # What is to be paid for; None until its result is stored.
    used: "PagesUsed | None" = None


@dataclass(frozen=True, slots=True)
class PagesUsed:
    """What read the pages of a result. `free` where they were read and paid for as pages of another document."""

    text_layer: int
    tesseract: int
    deep: int
    cached: int
    free: bool = False


@dataclass(frozen=True, slots=True)
class PageWords:
    """The words of a page, packed as the API's message shows them (`OcrResult.bounding_boxes`).

    Packed, a word is some 40 bytes instead of 200, and a read joins pages without touching a single word.
    """

    page: int
    packed: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from a document. `extracted_data` and `pages` have the API's JSON names."""

    text: str
    confidence: float
    engine: str
    extracted_data: Mapping[str, Any]
    pages: Sequence[Mapping[str, Any]]
    # The documents that its pages seem to hold, as ai-ocr's `Part` in JSON names.
    parts: Sequence[Mapping[str, Any]] = ()


# So many readings of a document are remembered.
READINGS_KEPT = 10


@dataclass(frozen=True, slots=True)
class PastReading:
    """A reading that was stored."""

    engine: str
    confidence: float
    pages: int
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Another document that seems to be the same. A `dismissed` one a person said to be another."""

    document_id: str
    reason: str
    score: float
    dismissed: bool = False


@dataclass(frozen=True, slots=True)
class OriginPages:
    """Pages of a document that became pages of another.

    `alike` says whether they are the same to a reader, down to the unit of their boxes; `paid` whether that document
    had been read, and paid for, at that time.
    """

    document_id: str
    sha256: str
    pages: Sequence[int]
    alike: bool
    paid: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """What a document was made of: `kind` is split or merge."""

    kind: str
    sources: Sequence[OriginPages]

    @property
    def paid(self) -> bool:
        """Whether all its pages had been read and paid for where they come from."""
        return all(source.paid for source in self.sources)


@dataclass(frozen=True, slots=True)
class Document:
    """A document. `type` is None until somebody said or read it; `page_count` is 0 until it was counted.

    `reading` holds the data that is shown: what was read, with the corrections of people over it.
    """

    id: str
    organization_id: str
    uploaded_by: str
    filename: str
    original_name: str
    mimetype: str
    size: int
    sha256: str
    blob_key: str
    type: DocumentType | None
    tags: Sequence[str]
    metadata: Mapping[str, str]
    page_count: int
    created_at: datetime
    updated_at: datetime
    status: Status = Status.UPLOADED
    processing: Processing | None = None
    failure: Failure | None = None
    reading: Reading | None = None
    review_state: ReviewState | None = None
    # Whether the type was read and not said by a person.
    type_read: bool = False
    readings: Sequence[PastReading] = ()
    duplicates: Sequence[Duplicate] = ()
    origin: Origin | None = None
    replaced_by: Sequence[str] = ()
    parts_found: int = 0

    @property
    def path(self) -> str:
        """Where the gateway gives its file."""
        return f"/api/documents/{self.id}/file"

    def runs(self, job_id: str) -> bool:
        """Whether this job is the one that reads it now."""
        return self.status is Status.PROCESSING and self._is_of(job_id)

    def owes(self, job_id: str) -> bool:
        """Whether this job's result is stored and not charged yet."""
        return self.status is Status.PROCESSED and self._is_of(job_id) and self.charge_pending

    @property
    def charge_pending(self) -> bool:
        """Whether a stored result is not charged yet."""
        return self.processing is not None and self.processing.charge_pending

    def _is_of(self, job_id: str) -> bool:
        return self.processing is not None and self.processing.job_id == job_id


def not_found() -> NotFound:
    """What is said of a document that is not there, or not the caller's."""
    return NotFound("DOCUMENT_NOT_FOUND", "There is no such document. It may have been deleted.")


def check_processable(document: Document, mode: ReadingMode = ReadingMode.FIRST) -> None:
    """Lets a document through that may be read (again).

    Raises:
        FailedPrecondition: it was read already, and nobody asks for another reading (ALREADY_PROCESSED), or it was
            split or merged (REPLACED).
    """
    if document.replaced_by:
        raise FailedPrecondition(
            "REPLACED", "This document was split or merged. Process what was made of it, or undo that first."
        )
    if document.status not in request_step(mode).sources:
        raise FailedPrecondition(
            "ALREADY_PROCESSED",
            "This document has been read already; nothing was charged again. Open it to see what was found, or ask "
            "for another reading.",
        )


def request_step(mode: ReadingMode) -> Step:
    """The step that a request for a reading takes."""
    return REQUEST if mode is ReadingMode.FIRST else REPEAT


def pages_used(document: Document, pages: Sequence[Mapping[str, Any]]) -> PagesUsed:
    """What is to be paid for: pages count as read before only where somebody paid for that.

    So nobody gets a reading cheaper by cancelling it at its end and asking again.
    """
    again = document.processing is not None and document.processing.again
    inherited = document.origin is not None and document.origin.paid
    known = again or inherited
    engines = ["cached" if known and page.get("fromCache") else _engine(page) for page in pages]
    counts = {name: engines.count(name) for name in ("text_layer", "tesseract", "cached")}
    deep = len(engines) - sum(counts.values())
    free = inherited and not again and counts["cached"] == len(pages)
    return PagesUsed(**counts, deep=deep, free=free)


def _engine(page: Mapping[str, Any]) -> str:
    if page.get("source") == "TEXT_SOURCE_TEXT_LAYER":
        return "text_layer"
    return str(page.get("engine") or "tesseract")


@dataclass(frozen=True, slots=True)
class Progress:
    """What a watcher sees. Two that are equal are not worth a second message."""

    status: Status
    processing: Processing | None
    failure: Failure | None

    @property
    def ended(self) -> bool:
        """Whether the reading is over."""
        return self.status in (Status.PROCESSED, Status.FAILED)

    @property
    def charged(self) -> bool:
        """Whether nothing is left to be charged."""
        return self.processing is None or not self.processing.charge_pending


class DocumentOrder(StrEnum):
    """How a listing is sorted."""

    CREATED_DESC = "created_desc"
    CREATED_ASC = "created_asc"
    NAME_ASC = "name_asc"
    NAME_DESC = "name_desc"
    SIZE_DESC = "size_desc"
    SIZE_ASC = "size_asc"


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents a listing shows. What is empty does not filter."""

    statuses: Sequence[Status] = ()
    types: Sequence[DocumentType] = ()
    tags: Sequence[str] = ()
    query: str = ""
    created_from: datetime | None = None
    created_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """What a user says about a file."""

    original_name: str
    request_id: str = ""
    type: DocumentType | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
