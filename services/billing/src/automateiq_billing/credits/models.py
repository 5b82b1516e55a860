"""Credits, as bookkeeping: balanced postings between five accounts, and holds that end once.

    GRANTED ──grant──▶ AVAILABLE ──hold──▶ HELD ──settle──▶ SPENT
                       │       ▲             │
                       │       └───release───┘ (and what a settlement leaves over)
                       └──expiry──▶ EXPIRED

`granted` is the source: its sum is negative, and the five accounts of an organization always sum to zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from automateiq_core.errors import FailedPrecondition, InvalidInput, ResourceExhausted


class WorkKind(StrEnum):
    """The kinds of work that cost credits."""

    OCR = "ocr"


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work and its size, in the unit of its kind (OCR: pages)."""

    kind: WorkKind
    units: int


class Account(StrEnum):
    """Where credits can be."""

    AVAILABLE = "available"
    HELD = "held"
    SPENT = "spent"
    GRANTED = "granted"
    EXPIRED = "expired"


# The accounts that only ever hold what was put in; the others are the ledger's source and its sinks.
NEVER_NEGATIVE = (Account.AVAILABLE, Account.HELD)


class TransactionKind(StrEnum):
    """What a transaction was made for."""

    GRANT = "grant"
    EXPIRY = "expiry"
    HOLD = "hold"
    SETTLE = "settle"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Entry:
    """One side of a posting: credits that came to (positive) or left (negative) an account."""

    account: Account
    credits: int


@dataclass(frozen=True, slots=True)
class Posting:
    """A change of the ledger. Balanced, or it can not be made.

    What it belongs to, a hold or a period, and its kind name it: the ledger takes each such posting once.
    """

    kind: TransactionKind
    entries: tuple[Entry, ...]
    description: str
    hold_id: str = ""
    period: str = ""
    plan: str = ""

    def __post_init__(self) -> None:
        accounts = [entry.account for entry in self.entries]
        if sum(entry.credits for entry in self.entries) != 0:
            raise ValueError(f"the entries of a {self.kind} do not sum to zero: {self.entries}")
        if (
            len(accounts) < 2
            or len(set(accounts)) < len(accounts)
            or not all(e.credits for e in self.entries)
        ):
            raise ValueError(f"a {self.kind} moves credits between accounts: {self.entries}")
        if bool(self.hold_id) is bool(self.period):
            raise ValueError(f"a {self.kind} belongs to a hold or to a period")


@dataclass(frozen=True, slots=True)
class Transaction:
    """A posting as it stands in the ledger; `sequence` numbers an organization's transactions 1, 2, 3, …"""

    id: str
    sequence: int
    posting: Posting
    created_at: datetime


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A calendar month in UTC, for which a plan grants its credits."""

    year: int
    month: int

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """The month a moment lies in."""
        utc = moment.astimezone(UTC)
        return cls(utc.year, utc.month)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The month written as `2026-11`."""
        year, month = text.split("-")
        return cls(int(year), int(month))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def starts_at(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def ends_at(self) -> datetime:
        """The first moment of the month after it."""
        years, months = divmod(self.month, 12)
        return datetime(self.year + years, months + 1, 1, tzinfo=UTC)

    @property
    def name(self) -> str:
        """As a person writes it: November 2026."""
        return f"{self.starts_at:%B %Y}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an organization is granted each month."""

    name: str
    monthly_credits: int


@dataclass(frozen=True, slots=True)
class Balance:
    """The sums of an organization's accounts, its running period, and how many transactions made them."""

    accounts: Mapping[Account, int]
    sequence: int
    period: Period | None = None
    plan: str = ""
    monthly_grant: int = 0

    @property
    def available(self) -> int:
        """Credits that can be spent now."""
        return self.accounts[Account.AVAILABLE]

    @property
    def held(self) -> int:
        """Credits set aside by live holds."""
        return self.accounts[Account.HELD]

    def has_begun(self, period: Period) -> bool:
        """Whether the period, or a later one, was begun."""
        return self.period is not None and self.period >= period


class HoldStatus(StrEnum):
    """Where a hold stands: held → settled | released, once."""

    HELD = "held"
    SETTLED = "settled"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Hold:
    """Credits set aside for a piece of work. The n-th hold under a key is its n-th generation."""

    id: str
    key: str
    generation: int
    work: Work
    credits: int
    description: str
    expires_at: datetime
    created_at: datetime
    status: HoldStatus = HoldStatus.HELD
    charged: int = 0
    ended_at: datetime | None = None

    def settle(self, credits: int, at: datetime) -> "Hold":
        """The hold after it was charged; itself where it was charged before.

        Raises:
            InvalidInput: more than it sets aside (CHARGE_EXCEEDS_HOLD).
            FailedPrecondition: it was released or has expired (HOLD_ENDED).
        """
        if not 0 <= credits <= self.credits:
            raise InvalidInput(
                "CHARGE_EXCEEDS_HOLD",
                f"The hold sets {self.credits} credits aside, so {credits} can not be charged."
                " Charge at most what is held.",
            )
        if self.status is HoldStatus.SETTLED:
            return self
        if self.status is HoldStatus.RELEASED:
            raise FailedPrecondition(
                "HOLD_ENDED",
                "The hold was released or has expired, so it can not be charged. Reserve the credits again.",
            )
        return replace(self, status=HoldStatus.SETTLED, charged=credits, ended_at=at)

    def release(self, at: datetime) -> "Hold":
        """The hold after it was freed; itself where it was freed before.

        Raises:
            FailedPrecondition: it was charged (HOLD_SETTLED).
        """
        if self.status is HoldStatus.RELEASED:
            return self
        if self.status is HoldStatus.SETTLED:
            raise FailedPrecondition(
                "HOLD_SETTLED", "The hold was charged already, so its credits can not be freed any more."
            )
        return replace(self, status=HoldStatus.RELEASED, ended_at=at)

    def has_expired(self, now: datetime) -> bool:
        """Whether it is to be released because nobody came back for it."""
        return self.status is HoldStatus.HELD and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as the ledger says it must be."""

    what: str
    found: str
    expected: str


def postings_of_new_period(balance: Balance, period: Period, plan: Plan) -> list[Posting]:
    """What begins a period: the rest of the last grant expires, and the plan's credits are granted.

    Live holds are left alone; what they free later stays until the next period begins.
    """
    granted = Posting(
        TransactionKind.GRANT,
        (Entry(Account.GRANTED, -plan.monthly_credits), Entry(Account.AVAILABLE, plan.monthly_credits)),
        f"Monthly credits of the {plan.name} plan for {period.name}",
        period=str(period),
        plan=plan.name,
    )
    if not balance.available:
        return [granted]
    left = balance.available
    ended = balance.period.name if balance.period is not None else "an earlier period"
    expired = Posting(
        TransactionKind.EXPIRY,
        (Entry(Account.AVAILABLE, -left), Entry(Account.EXPIRED, left)),
        f"Unused credits of {ended}",
        period=str(period),
    )
    return [expired, granted]


def posting_of_hold(hold: Hold) -> Posting:
    """What a hold's present state adds to the ledger: it was made, charged or freed."""
    held = hold.credits
    if hold.status is HoldStatus.HELD:
        kind, moved = TransactionKind.HOLD, {Account.AVAILABLE: -held, Account.HELD: held}
    elif hold.status is HoldStatus.RELEASED:
        kind, moved = TransactionKind.RELEASE, {Account.HELD: -held, Account.AVAILABLE: held}
    else:
        kind = TransactionKind.SETTLE
        rest = held - hold.charged
        moved = {Account.HELD: -held, Account.SPENT: hold.charged, Account.AVAILABLE: rest}
    entries = tuple(Entry(account, credits) for account, credits in moved.items() if credits)
    return Posting(kind, entries, hold.description, hold_id=hold.id)


def sums(postings: Sequence[Posting]) -> dict[Account, int]:
    """What postings together change in each account."""
    changes: dict[Account, int] = {}
    for entry in (entry for posting in postings for entry in posting.entries):
        changes[entry.account] = changes.get(entry.account, 0) + entry.credits
    return changes


def require_same_work(hold: Hold, work: Work) -> None:
    """Lets a second call under a hold's key through if it is for the same work.

    Raises:
        InvalidInput: it is for other work (HOLD_KEY_REUSED).
    """
    if hold.work != work:
        raise InvalidInput(
            "HOLD_KEY_REUSED",
            "Credits were reserved under this key for other work. Take a new key for a new piece of work.",
        )


def insufficient(needed: int, balance: Balance, next_grant_at: datetime) -> ResourceExhausted:
    """The error for a price that the balance does not cover."""
    return ResourceExhausted(
        "INSUFFICIENT_CREDITS",
        f"This needs {needed} credits and {balance.available} are available."
        f" The next monthly credits come on {next_grant_at.day} {next_grant_at:%B %Y}.",
        needed=str(needed),
        available=str(balance.available),
        nextGrantAt=next_grant_at.isoformat(),
    )
