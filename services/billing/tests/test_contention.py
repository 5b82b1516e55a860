"""Many at once, from several replicas: only the database stands between them."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest
from automateiq_billing.credits.models import Hold, HoldStatus
from automateiq_core.errors import AppError
from automateiq_core.testing import calling
from billing_books import TTL, Books, ocr

pytestmark = pytest.mark.usefixtures("organization")


async def outcomes(*calls: Coroutine[Any, Any, Any]) -> list[Any]:
    """What each call gave, run at once: its answer or the reason of its refusal."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, AppError):
            raise answer
    return [answer.reason if isinstance(answer, AppError) else answer for answer in answers]


@pytest.mark.parametrize("replicas", [1, 2, 40])
async def test_parallel_holds_never_overspend(books: Books, replicas: int) -> None:
    services = [books.replica(50) for _ in range(replicas)]
    began = time.monotonic()
    answers = await outcomes(*(services[n % replicas].reserve(f"key-{n}", ocr(2)) for n in range(40)))
    assert answers.count("INSUFFICIENT_CREDITS") == 30
    assert len({hold.id for hold in answers if isinstance(hold, Hold)}) == 10
    assert await books.audit() == {"available": 0, "held": 50, "spent": 0, "granted": -50, "expired": 0}
    assert time.monotonic() - began < 20


async def test_two_parallel_holds_of_the_last_credits(books: Books) -> None:
    for _ in range(10):
        with calling():
            one, other = books.replica(10), books.replica(10)
            await one.balance()
            answers = await outcomes(one.reserve("a", ocr(9)), other.reserve("b", ocr(9)))
            assert answers.count("INSUFFICIENT_CREDITS") == 1
            assert (await books.audit())["held"] == 10


async def test_parallel_reservations_under_one_key_make_one_hold(books: Books) -> None:
    for generation in (1, 2):
        holds = await outcomes(*(books.replica().reserve("key", ocr(2)) for _ in range(12)))
        assert {(hold.generation, hold.status) for hold in holds} == {(generation, HoldStatus.HELD)}
        assert (await books.audit())["held"] == 5
        await books.replica().release(holds[0].id)


async def test_a_month_is_granted_once_however_many_come_first(books: Books) -> None:
    for month in (1, 2, 3):
        balances = await outcomes(
            *(books.replica().balance() for _ in range(12)),
            *(books.replica().grant_month() for _ in range(3)),
        )
        assert {balance.available for balance in balances[:12]} == {100}
        assert (await books.kinds()).count("grant") == month
        await books.audit()
        books.turn_month()


async def test_parallel_settlements_charge_once(books: Books) -> None:
    hold = await books.replica().reserve("key", ocr(9))
    answers = await outcomes(*(books.replica().settle(hold.id, amount) for amount in range(11)))
    assert len({answer.charged for answer in answers}) == 1
    assert (await books.audit())["spent"] == answers[0].charged


async def test_settle_release_and_sweep_end_a_hold_once(books: Books) -> None:
    ends = set()
    for number in range(12):
        hold = await books.replica(1000).reserve(f"key-{number}", ocr(2))
        books.pass_time(TTL)
        settled, released, _ = await outcomes(
            books.replica().settle(hold.id, 5),
            books.replica().release(hold.id),
            books.replica().expire_holds(),
        )
        ended = await books.store.hold(hold.id)
        assert ended is not None
        ends.add(ended.status)
        if ended.status is HoldStatus.SETTLED:
            assert (settled, released) == (ended, "HOLD_SETTLED")
        else:
            assert (settled, released) == ("HOLD_ENDED", ended)
        await books.audit()
    assert HoldStatus.HELD not in ends


async def test_a_renewed_hold_is_not_swept(books: Books) -> None:
    for number in range(10):
        key = f"key-{number}"
        first = await books.replica().reserve(key, ocr(2))
        books.pass_time(TTL)
        again, _ = await outcomes(books.replica().reserve(key, ocr(2)), books.replica().expire_holds())
        # Whoever came first: the caller holds a live hold, the old one or the next.
        live = await books.store.hold(again.id)
        assert live is not None and live.status is HoldStatus.HELD
        assert again.generation == (1 if again.id == first.id else 2)
        await books.audit()
        await books.replica().release(again.id)
