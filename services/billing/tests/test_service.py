from datetime import UTC, datetime, timedelta

import pytest
from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_billing.credits.models import Hold, HoldStatus
from automateiq_billing.credits.store import CreditsStore
from automateiq_core.errors import FailedPrecondition, InvalidInput, NotFound, ResourceExhausted
from automateiq_core.mongo import ObjectId
from automateiq_core.testing import calling
from billing_books import NOON, TTL, Books, ocr

pytestmark = pytest.mark.usefixtures("organization")

ACTS = [None, "settle", "release"]


async def end(books: Books, hold: Hold, act: str | None) -> None:
    if act == "settle":
        await books.replica().settle(hold.id, hold.credits)
    elif act == "release":
        await books.replica().release(hold.id)


async def available(books: Books) -> int:
    return (await books.replica().balance()).available


# Balance and grant


async def test_the_first_touch_grants_the_month(books: Books) -> None:
    balance = await books.replica().balance()
    assert (balance.available, balance.held, balance.plan, balance.monthly_grant) == (100, 0, "starter", 100)
    assert balance.period is not None
    assert balance.period.ends_at == datetime(2026, 12, 1, tzinfo=UTC)
    await books.replica().balance()
    assert await books.kinds() == ["grant"]
    await books.audit()


async def test_the_first_touch_may_be_a_reservation(books: Books) -> None:
    await books.replica().reserve("key", ocr(1))
    assert await books.kinds() == ["grant", "hold"]


async def test_a_new_month_ends_what_is_left_and_leaves_live_holds(books: Books) -> None:
    service = books.replica()
    spent, held = await service.reserve("a", ocr(9)), await service.reserve("b", ocr(9))
    await service.settle(spent.id, 10)
    books.turn_month()
    balance = await service.balance()
    assert (balance.available, balance.held) == (100, 10)
    assert await books.audit() == {
        "available": 100,
        "held": 10,
        "spent": 10,
        "granted": -200,
        "expired": 80,
    }
    assert (await books.kinds())[-2:] == ["expiry", "grant"]
    await service.settle(held.id, 4)
    assert await available(books) == 106


async def test_months_that_nobody_saw_are_not_granted(books: Books) -> None:
    await books.replica().balance()
    for _ in range(3):
        books.turn_month()
    await books.replica().balance()
    assert await books.kinds() == ["grant", "expiry", "grant"]


async def test_a_clock_that_runs_behind_does_not_bring_the_old_month_back(books: Books) -> None:
    books.now = datetime(2026, 12, 1, tzinfo=UTC)
    await books.replica().balance()
    books.now -= timedelta(seconds=1)
    balance = await books.replica().balance()
    assert str(balance.period) == "2026-12"
    await books.replica().reserve("key", ocr(1))
    assert (await books.audit())["granted"] == -100


async def test_a_plan_that_changed_counts_from_the_next_month(books: Books) -> None:
    await books.replica(100).balance()
    assert (await books.replica(300).balance()).monthly_grant == 100
    books.turn_month()
    balance = await books.replica(300).balance()
    assert (balance.available, balance.monthly_grant) == (300, 300)


async def test_the_periodic_task_begins_the_month_for_every_known_organization(books: Books) -> None:
    calls = []
    for _ in range(3):
        with calling() as call:
            await books.replica().balance()
            calls.append(call)
    books.turn_month()
    assert await books.replica().grant_month() == 3
    assert await books.replica().grant_month() == 0
    for call in calls:
        with calling(organization_id=call.organization_id):
            assert await books.kinds() == ["grant", "expiry", "grant"]
            await books.audit()


# Reserve


async def test_a_hold_sets_the_price_aside(books: Books) -> None:
    hold = await books.replica().reserve("document/1/1", ocr(3), "invoice.pdf")
    assert (hold.credits, hold.status, hold.charged) == (7, HoldStatus.HELD, 0)
    assert hold.expires_at == NOON + TTL
    balance = await books.replica().balance()
    assert (balance.available, balance.held) == (93, 7)
    await books.audit()


async def test_the_same_key_finds_the_live_hold_and_renews_it(books: Books) -> None:
    first = await books.replica().reserve("key", ocr(3))
    books.pass_time(timedelta(minutes=40))
    second = await books.replica().reserve("key", ocr(3))
    assert second.id == first.id
    assert second.expires_at == first.expires_at + timedelta(minutes=40)
    assert await books.kinds() == ["grant", "hold"]
    assert await books.store.hold(first.id) == second


async def test_a_hold_is_live_until_the_sweep_has_been_there(books: Books) -> None:
    first = await books.replica().reserve("key", ocr(3))
    books.pass_time(TTL)
    assert (await books.replica().reserve("key", ocr(3))).id == first.id
    assert await books.replica().expire_holds() == 0


async def test_a_key_that_was_charged_is_not_charged_again(books: Books) -> None:
    service = books.replica()
    hold = await service.reserve("key", ocr(3))
    settled = await service.settle(hold.id, 4)
    assert await service.reserve("key", ocr(3)) == settled
    assert await books.kinds() == ["grant", "hold", "settle"]
    assert await available(books) == 96


@pytest.mark.parametrize("by_expiry", [True, False])
async def test_after_a_release_the_key_makes_its_next_generation(books: Books, by_expiry: bool) -> None:
    service = books.replica()
    first = await service.reserve("key", ocr(3))
    if by_expiry:
        books.pass_time(TTL)
        assert await service.expire_holds() == 1
    else:
        await service.release(first.id)
    # Nothing is charged or held under the key any more, so it may stand for a work of another size.
    second = await service.reserve("key", ocr(5))
    assert (second.generation, second.credits) == (2, 10)
    assert second.id != first.id
    await books.audit()


@pytest.mark.parametrize("act", [None, "settle"])
async def test_a_key_stands_for_one_piece_of_work(books: Books, act: str | None) -> None:
    hold = await books.replica().reserve("key", ocr(3))
    await end(books, hold, act)
    with pytest.raises(InvalidInput, match="HOLD_KEY_REUSED"):
        await books.replica().reserve("key", ocr(4))


async def test_a_price_that_the_balance_does_not_cover_is_refused(books: Books) -> None:
    service = books.replica(13)
    await service.reserve("a", ocr(9))
    with pytest.raises(ResourceExhausted) as refused:
        await service.reserve("b", ocr(2))
    assert refused.value.reason == "INSUFFICIENT_CREDITS"
    assert refused.value.message == (
        "This needs 5 credits and 3 are available. The next monthly credits come on 1 December 2026."
    )
    assert refused.value.metadata == {
        "needed": "5",
        "available": "3",
        "nextGrantAt": "2026-12-01T00:00:00+00:00",
    }
    assert [hold["key"] for hold in await books.holds()] == ["a"]
    await service.reserve("c", ocr(1))
    assert (await books.audit())["available"] == 0


# Settle and release


async def test_a_settlement_frees_what_it_does_not_charge(books: Books) -> None:
    service = books.replica()
    hold = await service.reserve("key", ocr(9))
    settled = await service.settle(hold.id, 3)
    assert (settled.status, settled.charged) == (HoldStatus.SETTLED, 3)
    assert await books.store.hold(hold.id) == settled
    balance = await service.balance()
    assert (balance.available, balance.held) == (97, 0)
    await books.audit()


async def test_settling_twice_charges_once_and_answers_alike(books: Books) -> None:
    service = books.replica()
    hold = await service.reserve("key", ocr(9))
    settled = await service.settle(hold.id, 3)
    books.pass_time(timedelta(minutes=1))
    assert await service.settle(hold.id, 3) == settled
    assert await service.settle(hold.id, 10) == settled
    assert await books.kinds() == ["grant", "hold", "settle"]


@pytest.mark.parametrize("act", ACTS)
async def test_more_than_the_hold_is_never_charged(books: Books, act: str | None) -> None:
    hold = await books.replica().reserve("key", ocr(3))
    await end(books, hold, act)
    with pytest.raises(InvalidInput, match="CHARGE_EXCEEDS_HOLD"):
        await books.replica().settle(hold.id, 8)
    await books.audit()


async def test_nothing_is_charged_after_a_release(books: Books) -> None:
    service = books.replica()
    hold = await service.reserve("key", ocr(3))
    released = await service.release(hold.id)
    assert released.status is HoldStatus.RELEASED
    assert await service.release(hold.id) == released
    with pytest.raises(FailedPrecondition, match="HOLD_ENDED"):
        await service.settle(hold.id, 4)
    assert await books.kinds() == ["grant", "hold", "release"]
    assert (await books.audit())["available"] == 100


async def test_what_was_charged_is_not_released(books: Books) -> None:
    service = books.replica()
    hold = await service.reserve("key", ocr(3))
    await service.settle(hold.id, 4)
    with pytest.raises(FailedPrecondition, match="HOLD_SETTLED"):
        await service.release(hold.id)
    assert (await books.audit())["spent"] == 4


@pytest.mark.parametrize("act", ["settle", "release"])
async def test_a_hold_of_another_organization_is_not_there(books: Books, act: str) -> None:
    hold = await books.replica().reserve("key", ocr(3))
    with calling(), pytest.raises(NotFound, match="HOLD_NOT_FOUND"):
        await end(books, hold, act)
    with calling():
        assert (await books.replica().reserve("key", ocr(3))).id != hold.id
    with pytest.raises(NotFound, match="HOLD_NOT_FOUND"):
        await books.replica().release(str(ObjectId()))
    await books.audit()


@pytest.mark.parametrize(
    ("step", "act"), [("add_hold", "reserve"), ("end_hold", "settle"), ("end_hold", "release")]
)
async def test_a_change_that_dies_half_way_leaves_nothing(
    books: Books, monkeypatch: pytest.MonkeyPatch, step: str, act: str
) -> None:
    hold = await books.replica().reserve("key", ocr(3))
    before = await books.ledger(), await books.holds(), await books.replica().balance()

    async def die(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(CreditsStore, step, die)
    with pytest.raises(ZeroDivisionError):
        await (books.replica().reserve("other", ocr(3)) if act == "reserve" else end(books, hold, act))
    assert (await books.ledger(), await books.holds(), await books.replica().balance()) == before
    await books.audit()


# Abandoned holds


async def test_the_sweep_releases_what_nobody_came_back_for(books: Books) -> None:
    organizations = []
    for number in range(3):
        with calling() as call:
            for key in range(number + 1):
                await books.replica().reserve(f"key-{key}", ocr(3))
            organizations.append(call.organization_id)
    books.pass_time(TTL - timedelta(seconds=1))
    await books.replica().reserve("late", ocr(3))
    assert await books.replica().expire_holds() == 0
    books.pass_time(timedelta(seconds=1))
    assert await books.replica().expire_holds() == 6
    assert await books.replica().expire_holds() == 0
    for organization_id in organizations:
        with calling(organization_id=organization_id):
            assert (await books.audit())["available"] == 100
    assert (await books.audit())["held"] == 7


async def test_an_expired_hold_is_not_charged(books: Books) -> None:
    hold = await books.replica().reserve("key", ocr(3))
    books.pass_time(TTL)
    await books.replica().expire_holds()
    with pytest.raises(FailedPrecondition, match="HOLD_ENDED"):
        await books.replica().settle(hold.id, 4)


async def test_an_organization_that_fails_does_not_stop_the_sweep(books: Books) -> None:
    for _ in range(3):
        with calling() as call:
            hold = await books.replica().reserve("key", ocr(3))
    with calling(organization_id=call.organization_id):
        # A row that the service never writes: the hold of an account that holds nothing.
        await books.mongo.tenant("balances").update_one({}, {"$set": {"held": 0}})
    books.pass_time(TTL)
    assert await books.replica().expire_holds() == 2
    with calling(organization_id=call.organization_id):
        kept = await books.store.hold(hold.id)
        assert kept is not None and kept.status is HoldStatus.HELD


async def test_the_sweep_reads_live_holds_only(books: Books) -> None:
    service = books.replica()
    for number in range(20):
        hold = await service.reserve(f"key-{number}", ocr(1))
        if number:
            await service.settle(hold.id, 2)
    books.pass_time(TTL)
    collection = books.store._every_hold._collection
    query = {"organizationId": {"$gt": ""}, "status": "held", "expiresAt": {"$lte": books.now}}
    plan = await collection.database.command(
        {"explain": {"find": collection.name, "filter": query}, "verbosity": "executionStats"}
    )
    assert plan["executionStats"]["totalKeysExamined"] <= 2
    assert plan["executionStats"]["totalDocsExamined"] == 1


# The listing


async def test_transactions_come_newest_first_page_by_page(books: Books) -> None:
    service = books.replica(1000)
    for number in range(6):
        hold = await service.reserve(f"key-{number}", ocr(1), f"invoice-{number}.pdf")
        await service.settle(hold.id, 2)
    with calling():
        await books.replica().reserve("key", ocr(1), "not ours")
    pages, token = [], ""
    while not pages or token:
        rows, token = await service.transactions(PageRequest(page_size=5, page_token=token))
        pages.append(rows)
        # What is added meanwhile neither shifts nor repeats a page.
        await service.reserve(f"meanwhile-{len(pages)}", ocr(1))
    assert [len(rows) for rows in pages] == [5, 5, 3]
    listed = [row for rows in pages for row in rows]
    assert [row.sequence for row in listed] == list(range(13, 0, -1))
    assert (listed[0].posting.kind, listed[0].posting.description) == ("settle", "invoice-5.pdf")
    assert listed[-1].posting.description == "Monthly credits of the starter plan for November 2026"
