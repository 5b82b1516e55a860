"""What a review is: its states, what a person changed, and what an organization wants to look at.

Data is what a reading has: a mapping with the names of the API's JSON (`invoiceNumber`, `lineItems`), whose fields
are mappings with `value`, `confidence`, `box`, `sourceText`, `origin`, `checks` and `doubts`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as defaulting
from datetime import datetime
from enum import StrEnum
from typing import Any

from automateiq_core.errors import Conflict, FailedPrecondition, NotFound

from automateiq_documents.documents.models import ReviewState

Data = Mapping[str, Any]

# Far beyond what a person does to one document; a row of MongoDB stays small.
MAX_CORRECTIONS = 500
MAX_LINES = 1000


OPEN = frozenset({ReviewState.NOT_NEEDED, ReviewState.NEEDED})


class FieldKind(StrEnum):
    """What kind of value a field has; `values.py` says what each must look like."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    AMOUNT = "amount"
    PRICE = "price"
    QUANTITY = "quantity"
    RATE = "rate"
    CURRENCY = "currency"
    IBAN = "iban"
    TAX_ID = "tax_id"
    PAYMENT = "payment"
    DOCUMENT_TYPE = "document_type"
    LANGUAGE = "language"


# Single values of a document.
SINGLE: Mapping[str, FieldKind] = {
    "documentType": FieldKind.DOCUMENT_TYPE,
    "language": FieldKind.LANGUAGE,
    "vendor": FieldKind.TEXT,
    "vendorTaxId": FieldKind.TAX_ID,
    "vendorAddress": FieldKind.TEXT,
    "iban": FieldKind.IBAN,
    "customer": FieldKind.TEXT,
    "invoiceNumber": FieldKind.NUMBER,
    "orderNumber": FieldKind.NUMBER,
    "contractNumber": FieldKind.NUMBER,
    "date": FieldKind.DATE,
    "dueDate": FieldKind.DATE,
    "periodStart": FieldKind.DATE,
    "periodEnd": FieldKind.DATE,
    "effectiveDate": FieldKind.DATE,
    "currency": FieldKind.CURRENCY,
    "subtotal": FieldKind.AMOUNT,
    "tax": FieldKind.AMOUNT,
    "tip": FieldKind.AMOUNT,
    "rounding": FieldKind.AMOUNT,
    "total": FieldKind.AMOUNT,
    "amountDue": FieldKind.AMOUNT,
    "paymentMethod": FieldKind.PAYMENT,
    "term": FieldKind.TEXT,
    "governingLaw": FieldKind.TEXT,
    "renewal": FieldKind.TEXT,
}
# These two are words in the data, not fields with a place and a confidence.
PLAIN = frozenset({"documentType", "language"})
# Lists of a document: the parts of a line. A party is a single value, so its one part has no name.
LISTS: Mapping[str, Mapping[str, FieldKind]] = {
    "lineItems": {
        "description": FieldKind.TEXT,
        "quantity": FieldKind.QUANTITY,
        "unitPrice": FieldKind.PRICE,
        "amount": FieldKind.AMOUNT,
        "taxRate": FieldKind.RATE,
    },
    "taxes": {"rate": FieldKind.RATE, "base": FieldKind.AMOUNT, "amount": FieldKind.AMOUNT},
    "parties": {"": FieldKind.TEXT},
}

# ai-ocr tells more types apart than a document has kinds.
KINDS: Mapping[str, str] = {
    "invoice": "invoice",
    "credit_note": "invoice",
    "receipt": "receipt",
    "contract": "contract",
    "purchase_order": "general",
    "statement": "general",
    "general": "general",
}


class Action(StrEnum):
    """What a correction does."""

    SET = "set"
    ADD = "add"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page (counted from 1), in the page's unit, from the upper left corner."""

    page: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Change:
    """What a person asks for.

    `index` is the line of a list as it is shown now, None for a single value. `values` are by part; the part of a
    single value has no name. `box` is what the person selected on the page.
    """

    field: str
    action: Action
    index: int | None = None
    values: Mapping[str, str] = defaulting(default_factory=dict)
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person said. `line` is the key of the line it is about, which outlives the line's index."""

    id: str
    field: str
    action: Action
    line: str
    values: Mapping[str, str]
    box: Box | None
    source_text: str
    by: str
    at: datetime


class AuditAction(StrEnum):
    """What was done to a review."""

    DECIDED = "decided"
    CORRECTED = "corrected"
    UNDONE = "undone"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    REOPENED = "reopened"
    ASSIGNED = "assigned"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What was done once, by whom. `path` names a value ("lineItems[2].amount"); `by` is empty for the service."""

    action: AuditAction
    by: str
    at: datetime
    version: int
    path: str = ""
    old: str = ""
    new: str = ""
    note: str = ""
    correction_id: str = ""


class ReasonKind(StrEnum):
    """Why a field wants a look."""

    MISSING = "missing"
    LOW_CONFIDENCE = "low_confidence"
    DOUBT = "doubt"
    CHANGED = "changed_since_confirmed"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a document wants a look: one field of it. `detail` is the doubt, or the value that was confirmed."""

    field: str
    kind: ReasonKind
    detail: str = ""
    confidence: float = 0.0
    threshold: float = 0.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What an organization wants to look at.

    A value is accepted without a look from its threshold up. Confidence is calibrated, so of values at the threshold
    that share is right, and of all that are accepted more: from 0.95 up, some 98 of 100. `important` names, for each
    kind of document, what must be there.
    """

    threshold: float = 0.95
    thresholds: Mapping[str, float] = defaulting(default_factory=dict)
    important: Mapping[str, Sequence[str]] = defaulting(
        default_factory=lambda: {
            "invoice": ("vendor", "invoiceNumber", "date", "currency", "total"),
            "receipt": ("vendor", "date", "total"),
            "contract": ("parties", "effectiveDate"),
            "general": (),
        }
    )
    version: int = 0

    def threshold_of(self, name: str) -> float:
        """From which confidence up a field is accepted."""
        return self.thresholds.get(name, self.threshold)

    def important_in(self, document_type: str) -> Sequence[str]:
        """What must be there in a document of this type, as ai-ocr names types."""
        return self.important.get(KINDS.get(document_type, "general"), ())


@dataclass(frozen=True, slots=True)
class Review:
    """The review of a document.

    `read` is what was read, `data` what is shown: the reading with the corrections over it. `bases` are the lists as
    they were when a person first changed them, line by line with their keys. `confirmed` are the values that a person
    confirmed, by field. `own_type` is the document's type without a person's correction of it.
    """

    document_id: str
    own_type: str | None
    state: ReviewState
    version: int
    read: Data
    data: Data
    reasons: Sequence[Reason] = ()
    loss: float = 0.0
    corrections: Sequence[Correction] = ()
    bases: Mapping[str, Sequence[tuple[str, Data]]] = defaulting(default_factory=dict)
    confirmed: Mapping[str, str] = defaulting(default_factory=dict)
    assigned_to: str = ""
    reject_reason: str = ""
    decided_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str = ""

    @property
    def document_type(self) -> str | None:
        """What the document is: invoice, receipt, contract or general."""
        said = [one for one in self.corrections if one.field == "documentType" and one.values]
        return KINDS[said[-1].values[""]] if said else self.own_type

    @property
    def corrected(self) -> frozenset[str]:
        """The fields that a person has said something about."""
        return frozenset(correction.field for correction in self.corrections)


def check_version(review: Review, version: int) -> None:
    """Lets a change through that was made in view of the review as it is.

    Raises:
        Conflict: somebody, or a new reading, was quicker (REVIEW_CHANGED).
    """
    if review.version != version:
        raise changed()


def changed() -> Conflict:
    """What is said where the review is no longer what the caller saw."""
    return Conflict(
        "REVIEW_CHANGED",
        "This document was changed in the meantime. Load it again, look at it, and repeat your change.",
    )


def check_open(review: Review) -> None:
    """Lets a change through where nobody has said the last word.

    Raises:
        FailedPrecondition: the document is confirmed or rejected (REVIEW_CLOSED).
    """
    if review.state not in OPEN:
        raise FailedPrecondition(
            "REVIEW_CLOSED", f"This document is {review.state.value}. Reopen it before you change it."
        )


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which documents of the queue. What is empty does not filter; `vendor` is the beginning of its name."""

    states: Sequence[ReviewState] = ()
    types: Sequence[str] = ()
    vendor: str = ""
    tags: Sequence[str] = ()
    assigned_to: str = ""
    unassigned: bool = False


def not_processed() -> FailedPrecondition:
    """What is said of a document that nothing was read from."""
    return FailedPrecondition(
        "NOT_PROCESSED",
        "This document has not been read yet, so there is nothing to review. Process it first.",
    )


def correction_not_found() -> NotFound:
    """What is said of a correction that is not there."""
    return NotFound("CORRECTION_NOT_FOUND", "There is no such correction. It may have been taken back.")
