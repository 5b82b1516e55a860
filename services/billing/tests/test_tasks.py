import pytest
from automateiq_billing.credits.tasks import EXPIRE_HOLDS, GRANT_MONTH, SCHEDULE, register_tasks
from automateiq_core.context import CallContext
from automateiq_core.tasks import Tasks
from automateiq_core.testing import calling
from billing_books import TTL, Books, ocr
from prometheus_client import REGISTRY


@pytest.fixture
def tasks(books: Books) -> Tasks:
    tasks = Tasks("billing", books.mongo, "redis://unused")
    register_tasks(tasks, books.replica())
    return tasks


def test_what_beat_asks_for_is_known(tasks: Tasks) -> None:
    assert tasks.periodic.keys() == SCHEDULE.keys()


async def test_abandoned_holds_expire(tasks: Tasks, books: Books, organization: CallContext) -> None:
    await books.replica().reserve("key", ocr(3))
    books.pass_time(TTL)
    await tasks.run_periodic(EXPIRE_HOLDS)
    assert await books.kinds() == ["grant", "hold", "release"]


async def test_live_holds_are_measured(books: Books, organization: CallContext) -> None:
    def measured() -> list[float | None]:
        return [REGISTRY.get_sample_value(f"credit_holds_{what}") for what in ("live", "overdue")]

    service = books.replica()
    await service.reserve("key", ocr(3))
    await service.measure()
    assert measured() == [1, 0]
    books.pass_time(TTL)
    await service.measure()
    assert measured() == [1, 1]
    await service.expire_holds()
    await service.measure()
    assert measured() == [0, 0]


async def test_the_month_begins(tasks: Tasks, books: Books) -> None:
    with calling() as call:
        await books.replica().balance()
    books.turn_month()
    await tasks.run_periodic(GRANT_MONTH)
    with calling(organization_id=call.organization_id):
        assert await books.kinds() == ["grant", "expiry", "grant"]
