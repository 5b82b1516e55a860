"""Whatever is done in whatever order, at once or after another: the books agree."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from automateiq_billing.credits.service import CreditsService
from automateiq_billing.credits.store import BALANCES, HOLDS, LEDGER, hold_id
from automateiq_core.errors import AppError
from automateiq_core.testing import calling
from billing_books import TTL, Books, ocr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MONTHLY_CREDITS = 30
REFUSALS = {
    "INSUFFICIENT_CREDITS",
    "HOLD_KEY_REUSED",
    "HOLD_NOT_FOUND",
    "HOLD_ENDED",
    "HOLD_SETTLED",
    "CHARGE_EXCEEDS_HOLD",
}

Act = Callable[[CreditsService], Awaitable[object]]

keys = st.sampled_from("abcd")
generations = st.integers(1, 3)


def _reserve(key: str, pages: int) -> Act:
    return lambda service: service.reserve(key, ocr(pages))


def _settle(key: str, generation: int, credits: int) -> Act:
    return lambda service: service.settle(hold_id(key, generation), credits)


def _release(key: str, generation: int) -> Act:
    return lambda service: service.release(hold_id(key, generation))


acts: st.SearchStrategy[Act] = st.one_of(
    st.builds(_reserve, keys, st.sampled_from([1, 5, 9])),
    st.builds(_settle, keys, generations, st.sampled_from([0, 1, 2, 6, 10, 11])),
    st.builds(_release, keys, generations),
    st.just(CreditsService.expire_holds),
    st.just(CreditsService.grant_month),
    st.just(CreditsService.balance),
)
spans = st.sampled_from([timedelta(), timedelta(minutes=25), TTL, "month"])
# A step: time passes, then some acts are done at once.
steps = st.lists(st.tuples(spans, st.lists(acts, min_size=1, max_size=5)), min_size=1, max_size=10)


async def _do(act: Act, service: CreditsService) -> None:
    try:
        await act(service)
    except AppError as refused:
        assert refused.reason in REFUSALS, refused


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
async def test_the_books_agree(books: Books, steps: list[tuple[timedelta | str, list[Act]]]) -> None:
    for name in (BALANCES, HOLDS, LEDGER):
        await books.mongo.across_tenants(name, why="an example begins with empty books").delete_many({})
    replicas = [books.replica(MONTHLY_CREDITS), books.replica(MONTHLY_CREDITS)]
    with calling(caller="documents"):
        for span, together in steps:
            books.turn_month() if isinstance(span, str) else books.pass_time(span)
            await asyncio.gather(*(_do(act, replicas[n % 2]) for n, act in enumerate(together)))
            await books.audit()
        assert await replicas[0].check() == []
