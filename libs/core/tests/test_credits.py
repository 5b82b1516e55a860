"""Paying for work, against the real billing service."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from automateiq.billing.v1 import credits_pb2
from automateiq.billing.v1.credits_pb2_grpc import CreditsServiceStub
from automateiq_billing.main import SERVICE
from automateiq_core.credits import Credits
from automateiq_core.errors import FailedPrecondition, ResourceExhausted
from automateiq_core.testing import PeerTo, RunningService, calling

OCR = credits_pb2.WORK_KIND_OCR


class Purse:
    """Credits as documents sees them, and the balance as the gateway does."""

    def __init__(self, target: str, peer_to: PeerTo) -> None:
        self.credits = Credits(peer_to("billing", target, credits_pb2, caller="documents"))
        self._stub = CreditsServiceStub(peer_to("billing", target, credits_pb2).channel)

    async def balance(self) -> tuple[int, int]:
        found = await self._stub.GetBalance(credits_pb2.GetBalanceRequest())
        return found.available, found.held


@pytest.fixture
async def purse(running_service: RunningService, peer_to: PeerTo) -> AsyncIterator[Purse]:
    async with running_service(SERVICE, starter_monthly_credits=20) as target:
        with calling(caller="documents"):
            yield Purse(target, peer_to)


async def test_work_that_succeeds_is_charged_once(purse: Purse) -> None:
    assert await purse.credits.quote(OCR, 3) == 7
    async with purse.credits.reserve(OCR, 3, key="job") as hold:
        assert (hold.credits, await purse.balance()) == (7, (13, 7))
        assert await hold.settle() == 7
        assert await hold.settle() == 7
    assert await purse.balance() == (13, 0)
    async with purse.credits.reserve(OCR, 3, key="job") as again:
        assert again.settled
        assert again.charged == 7
    assert await purse.balance() == (13, 0)


async def test_work_that_costs_less_than_quoted_is_charged_less(purse: Purse) -> None:
    async with purse.credits.reserve(OCR, 9, key="job") as hold:
        assert await hold.settle(3) == 3
    assert await purse.balance() == (17, 0)


async def test_work_that_fails_is_free(purse: Purse) -> None:
    with pytest.raises(ZeroDivisionError):
        async with purse.credits.reserve(OCR, 9, key="job"):
            raise ZeroDivisionError
    assert await purse.balance() == (20, 0)


async def test_work_that_is_called_off_is_free(purse: Purse) -> None:
    entered = asyncio.Event()

    async def work() -> None:
        async with purse.credits.reserve(OCR, 9, key="job"):
            entered.set()
            await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await entered.wait()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    assert await purse.balance() == (20, 0)


async def test_what_the_purse_does_not_hold_can_not_be_reserved(purse: Purse) -> None:
    held = await asyncio.gather(
        *(purse.credits.hold(OCR, 9, key=f"job-{number}") for number in range(5)), return_exceptions=True
    )
    refused = [answer for answer in held if isinstance(answer, ResourceExhausted)]
    assert len(refused) == 3
    assert {error.reason for error in refused} == {"INSUFFICIENT_CREDITS"}
    assert await purse.balance() == (0, 20)


async def test_a_released_hold_can_not_be_charged(purse: Purse) -> None:
    hold = await purse.credits.hold(OCR, 1, key="job")
    await hold.release()
    await hold.release()
    with pytest.raises(FailedPrecondition):
        await hold.settle()
    assert await purse.balance() == (20, 0)
