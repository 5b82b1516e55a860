from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from automateiq_billing.credits import models
from automateiq_billing.credits.models import (
    Account,
    Balance,
    Entry,
    Hold,
    HoldStatus,
    Period,
    Plan,
    Posting,
    TransactionKind,
)
from automateiq_core.errors import FailedPrecondition, InvalidInput
from billing_books import NOON, TTL, ocr

HELD = Hold(
    id="0" * 24,
    key="document/1/1",
    generation=1,
    work=ocr(4),
    credits=5,
    description="invoice.pdf",
    expires_at=NOON + TTL,
    created_at=NOON,
)


def moved(posting: Posting) -> dict[Account, int]:
    return {entry.account: entry.credits for entry in posting.entries}


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (Entry(Account.AVAILABLE, 0), Entry(Account.HELD, 0)),
        (Entry(Account.AVAILABLE, 5),),
        (Entry(Account.AVAILABLE, 5), Entry(Account.HELD, -4)),
        (Entry(Account.AVAILABLE, 5), Entry(Account.AVAILABLE, -5)),
    ],
)
def test_a_posting_that_moves_nothing_or_is_not_balanced_can_not_be_made(entries: tuple[Entry, ...]) -> None:
    with pytest.raises(ValueError, match=r"a grant moves|do not sum to zero"):
        Posting(TransactionKind.GRANT, entries, "", period="2026-11")


@pytest.mark.parametrize("belongs_to", [{}, {"hold_id": "1", "period": "2026-11"}])
def test_a_posting_belongs_to_a_hold_or_to_a_period(belongs_to: dict[str, str]) -> None:
    entries = (Entry(Account.GRANTED, -1), Entry(Account.AVAILABLE, 1))
    with pytest.raises(ValueError, match="belongs to"):
        Posting(TransactionKind.GRANT, entries, "", **belongs_to)


def test_a_period_is_a_month_in_utc() -> None:
    period = Period.of(datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))
    assert (str(period), period.name) == ("2026-12", "December 2026")
    assert period.ends_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert Period.of(period.ends_at) == Period.parse("2027-01") > period
    ahead = timezone(timedelta(hours=2))
    assert Period.of(datetime(2027, 1, 1, 1, tzinfo=ahead)) == period


def test_a_hold_is_charged_once() -> None:
    settled = HELD.settle(3, NOON)
    assert (settled.status, settled.charged, settled.ended_at) == (HoldStatus.SETTLED, 3, NOON)
    assert settled.settle(5, NOON + TTL) is settled
    with pytest.raises(FailedPrecondition, match="HOLD_SETTLED"):
        settled.release(NOON)


def test_a_hold_is_freed_once() -> None:
    released = HELD.release(NOON)
    assert (released.status, released.charged) == (HoldStatus.RELEASED, 0)
    assert released.release(NOON + TTL) is released
    with pytest.raises(FailedPrecondition, match="HOLD_ENDED"):
        released.settle(5, NOON)


@pytest.mark.parametrize("credits", [6, -1])
@pytest.mark.parametrize("hold", [HELD, HELD.settle(5, NOON), HELD.release(NOON)])
def test_a_charge_is_within_what_is_held(hold: Hold, credits: int) -> None:
    with pytest.raises(InvalidInput, match="CHARGE_EXCEEDS_HOLD"):
        hold.settle(credits, NOON)


@pytest.mark.parametrize(
    ("end", "kind", "credits"),
    [
        (lambda hold: hold, TransactionKind.HOLD, {Account.AVAILABLE: -5, Account.HELD: 5}),
        (lambda hold: hold.settle(5, NOON), TransactionKind.SETTLE, {Account.HELD: -5, Account.SPENT: 5}),
        (
            lambda hold: hold.settle(2, NOON),
            TransactionKind.SETTLE,
            {Account.HELD: -5, Account.SPENT: 2, Account.AVAILABLE: 3},
        ),
        (lambda hold: hold.settle(0, NOON), TransactionKind.SETTLE, {Account.HELD: -5, Account.AVAILABLE: 5}),
        (lambda hold: hold.release(NOON), TransactionKind.RELEASE, {Account.HELD: -5, Account.AVAILABLE: 5}),
    ],
)
def test_what_a_hold_adds_to_the_ledger(
    end: Callable[[Hold], Hold], kind: TransactionKind, credits: dict[Account, int]
) -> None:
    posting = models.posting_of_hold(end(HELD))
    assert (posting.kind, moved(posting), posting.hold_id) == (kind, credits, HELD.id)


def test_a_new_period_ends_the_rest_of_the_last_one_and_leaves_holds_alone() -> None:
    november, december = Period(2026, 11), Period(2026, 12)
    accounts = dict.fromkeys(Account, 0) | {Account.AVAILABLE: 7, Account.HELD: 3, Account.GRANTED: -10}
    balance = Balance(accounts, sequence=2, period=november, plan="starter", monthly_grant=10)
    expired, granted = models.postings_of_new_period(balance, december, Plan("starter", 10))
    assert moved(expired) == {Account.AVAILABLE: -7, Account.EXPIRED: 7}
    assert moved(granted) == {Account.GRANTED: -10, Account.AVAILABLE: 10}
    assert (expired.period, granted.period) == ("2026-12", "2026-12")
    assert expired.description == "Unused credits of November 2026"
