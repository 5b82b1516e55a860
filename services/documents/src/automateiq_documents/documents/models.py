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
# A cancelled reading is a failed one with a reason of its own.
FAIL = Step(frozenset({Status.PROCESSING}), Status.FAILED)
# Found unreadable before any job began.
REFUSE = Step(frozenset({Status.UPLOADED, Status.FAILED}), Status.FAILED)


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


def check_processable(document: Document) -> None:
    """Lets a document through that may be read (again).

    Raises:
        FailedPrecondition: it was read already; reading it again would charge it twice (ALREADY_PROCESSED).
    """
    if document.status not in REQUEST.sources:
        raise FailedPrecondition(
            "ALREADY_PROCESSED",
            "This document has been read already. Open it to see what was found; nothing was charged again.",
        )


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
