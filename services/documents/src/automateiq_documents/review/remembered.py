"""What an organization remembers of a vendor: how to recognise it, what never changes, and where the rest stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as defaulting
from datetime import datetime
from enum import StrEnum

from automateiq_documents.review.models import SINGLE, FieldKind

# What is the same on all documents of a vendor.
CONSTANT = ("vendor", "vendorTaxId", "vendorAddress", "iban", "currency", "documentType")
_PLACED = (FieldKind.NUMBER, FieldKind.DATE, FieldKind.AMOUNT)
# What differs from document to document, and stands beside the same label.
VARYING = tuple(name for name, kind in SINGLE.items() if kind in _PLACED)

MAX_PLACES = 3
MAX_NAMES = 10
MAX_KEYS = 60
MAX_AGAINST = 5
# What was wrong so often is forgotten.
WRONG_TO_FORGET = 2


class Side(StrEnum):
    """Where the label of a value stands."""

    LEFT = "left"
    ABOVE = "above"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that does not change. `against` are the readings that a person replaced by it."""

    value: str
    right: int = 1
    wrong: int = 0
    against: Sequence[str] = ()
    taught_by: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """The words beside a value, and on which side."""

    side: Side
    words: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person found a value.

    `x` (left edge) and `y` (middle) are shares of the page; `page` counts from 1. `shape` is the value's pattern,
    `order` that of its date (DMY, MDY, YMD), `decimal` its decimal mark. `corrected` says that the value which was
    read was wrong; then `against` is the label it stood beside, and `against_checked` whether it had passed checks.
    """

    label: Label
    page: int
    x: float
    y: float
    shape: str = ""
    order: str = ""
    decimal: str = ""
    corrected: bool = False
    against: Label | None = None
    against_checked: bool = False
    right: int = 1
    wrong: int = 0
    taught_by: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class VendorMemory:
    """What is remembered of one vendor.

    `names` are all names it was read under, as `folding.skeleton` leaves them; `keys` are what else tells it from
    others ("tax:DE136695976", "domain:acme.example"). `order` is the order of its numeric dates.
    """

    id: str
    name: str
    names: Sequence[str] = ()
    keys: Sequence[str] = ()
    constants: Mapping[str, Constant] = defaulting(default_factory=dict)
    places: Mapping[str, Sequence[Place]] = defaulting(default_factory=dict)
    order: str = ""
    order_taught_by: Sequence[str] = ()
    enabled: bool = True
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def taught_by(self) -> frozenset[str]:
        """The corrections that taught any of it."""
        taught = {one for constant in self.constants.values() for one in constant.taught_by}
        taught |= {one for places in self.places.values() for place in places for one in place.taught_by}
        return frozenset(taught | set(self.order_taught_by))


def trust(right: int, wrong: int) -> float:
    """The chance that what was right so often, and wrong so often, is right again.

    The mean of a beta distribution whose prior is one person's word: right in 29 of 30 cases. A mistake of the
    memory weighs as much as ten times it was right.
    """
    good = right + 28.0
    return good / (good + 1.0 + 10.0 * wrong)
