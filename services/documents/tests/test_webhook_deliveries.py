"""Deliveries over days, on the real database and real receivers: the clock is moved, nobody sleeps."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core import context
from automateiq_core.context import CallContext
from automateiq_core.errors import FailedPrecondition, NotFound
from automateiq_core.mongo import Mongo
from automateiq_core.tasks import Tasks
from automateiq_core.testing import calling, eventually
from automateiq_documents.main import SERVICE as DOCUMENTS
from automateiq_documents.webhooks import models, tasks
from automateiq_documents.webhooks.delivering import Deliveries
from automateiq_documents.webhooks.models import DeliveryStatus, EndpointStatus, Event
from automateiq_documents.webhooks.payloads import message
from automateiq_documents.webhooks.sender import Sender
from automateiq_documents.webhooks.service import EndpointChange, WebhooksService
from automateiq_documents.webhooks.store import WebhookStore

from tests.receiver import Receiver, receiving

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@dataclass
class Stand:
    """Webhooks with a clock that is moved by hand."""

    mongo: Mongo
    tasks: Tasks
    now: datetime = START
    store: WebhookStore = field(init=False)
    deliveries: Deliveries = field(init=False)
    webhooks: WebhooksService = field(init=False)

    def __post_init__(self) -> None:
        self.store = WebhookStore(self.mongo)
        self.deliveries = Deliveries(
            self.store,
            Sender(seconds=25, local=True),
            self.tasks,
            disable_after=timedelta(days=3),
            clock=lambda: self.now,
        )
        self.webhooks = WebhooksService(self.store, self.deliveries, local=True, clock=lambda: self.now)
        tasks.register(self.tasks, self.deliveries)

    async def endpoint(self, receiver: Receiver, *events: Event) -> models.Endpoint:
        endpoint, _ = await self.webhooks.create(receiver.url, "", events or (Event.PROCESSED,))
        return endpoint

    async def announce(self, key: str, event: Event = Event.PROCESSED) -> None:
        await self.deliveries.announce(message(event, self.now, {"documentId": key}, key), key)

    async def waiting(self) -> list[dict[str, Any]]:
        outbox = self.mongo.across_tenants("outbox", why="the test looks at everything")
        return await outbox.find({"state": {"$in": ["pending", "sent"]}}, limit=1000)

    async def run_waiting(self) -> int:
        """Runs each task that waits, once."""
        waiting = await self.waiting()
        for row in waiting:
            await self.tasks.run(str(row["_id"]))
        return len(waiting)

    async def begin_all(self) -> list[asyncio.Task[None]]:
        """Begins all that waits of the calling organization, as a worker with many threads would."""
        mine = context.current().organization_id
        wanted = [row["args"] for row in await self.waiting() if row["organizationId"] == mine]
        return [asyncio.create_task(self.deliveries.deliver(**args)) for args in wanted]

    async def run_until_settled(self) -> int:
        """Moves the clock from attempt to attempt until none is left; gives how many tasks were run."""
        for rounds in range(200):
            if not await self.run_waiting():
                return rounds
            due = [one.next_attempt_at for one in await self.listed() if one.next_attempt_at]
            if due:
                self.now = max(self.now, min(due)) + timedelta(milliseconds=1)
        raise AssertionError("there is always something left to do")

    async def listed(self, endpoint_id: str | None = None) -> list[models.Delivery]:
        ids = (
            [endpoint_id]
            if endpoint_id
            else [e.id for e in (await self.webhooks.page(PageRequest())).endpoints]
        )
        found: list[models.Delivery] = []
        for one in ids:
            page = await self.webhooks.deliveries(one, (), PageRequest(page_size=100))
            found += page.deliveries
        return found


@pytest.fixture
def call() -> Iterator[CallContext]:
    with calling(caller="documents") as used:
        yield used


@pytest.fixture
async def stand(mongo: Mongo, redis_url: str, call: CallContext) -> AsyncIterator[Stand]:
    made = Stand(mongo, Tasks("documents", mongo, redis_url))
    await made.tasks.ensure_indexes()
    await made.store.ensure_indexes()
    yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


async def test_an_event_goes_to_who_chose_it_once(stand: Stand, receiver: Receiver) -> None:
    with receiving() as deaf:
        endpoint = await stand.endpoint(receiver)
        await stand.endpoint(deaf, Event.FAILED)
        for _ in range(2):
            await stand.announce("d1")
        await stand.run_until_settled()
        assert deaf.received == []
    (got,) = receiver.received
    assert got.json["data"] == {"documentId": "d1"}
    (delivery,) = await stand.listed(endpoint.id)
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.DELIVERED, 1)
    assert delivery.last is not None
    assert delivery.last.status_code == 204
    assert got.headers["webhook-id"] == delivery.message_id


async def test_two_events_and_two_endpoints_have_ids_of_their_own(stand: Stand, receiver: Receiver) -> None:
    await stand.endpoint(receiver, Event.PROCESSED, Event.FAILED)
    await stand.endpoint(receiver, Event.PROCESSED)
    await stand.announce("d1")
    await stand.announce("d1", Event.FAILED)
    await stand.announce("d2")
    await stand.run_until_settled()
    ids = [one.headers["webhook-id"] for one in receiver.received]
    assert len(ids) == len(set(ids)) == 5


async def test_what_is_not_taken_is_tried_again_for_a_day_and_then_dead(
    stand: Stand, receiver: Receiver
) -> None:
    endpoint = await stand.endpoint(receiver)
    receiver.answers = [500]
    await stand.announce("d1")
    await stand.run_until_settled()
    assert len(receiver.received) == models.MAX_ATTEMPTS
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    assert timedelta(hours=18) < stand.now - START < timedelta(hours=32)
    (delivery,) = await stand.listed(endpoint.id)
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.DEAD, models.MAX_ATTEMPTS)
    assert delivery.last is not None
    assert delivery.last.error == "The receiver answered 500."
    assert (await stand.webhooks.get(endpoint.id)).active


async def test_a_receiver_that_comes_back_gets_what_waited(stand: Stand, receiver: Receiver) -> None:
    endpoint = await stand.endpoint(receiver)
    receiver.answers = [503, 500, 204]
    await stand.announce("d1")
    await stand.run_until_settled()
    (delivery,) = await stand.listed(endpoint.id)
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.DELIVERED, 3)
    well = await stand.webhooks.get(endpoint.id)
    assert (well.failing_since, well.failures, well.rests_until) == (None, 0, None)
    stamps = [int(one.headers["webhook-timestamp"]) for one in receiver.received]
    assert stamps == sorted(set(stamps))


async def test_a_failing_endpoint_is_not_asked_for_each_message(stand: Stand, receiver: Receiver) -> None:
    await stand.endpoint(receiver)
    receiver.answers = [500]
    for number in range(10):
        await stand.announce(f"d{number}")
    await stand.run_waiting()
    # The first is tried; the others wait until the endpoint has rested.
    assert len(receiver.received) == 1
    receiver.answers = [204]
    await stand.run_until_settled()
    assert {one.status for one in await stand.listed()} == {DeliveryStatus.DELIVERED}


async def test_a_slow_receiver_holds_one_place(stand: Stand) -> None:
    with receiving(held=True) as receiver:
        await stand.endpoint(receiver)
        for number in range(3):
            await stand.announce(f"d{number}")
        sending = await stand.begin_all()
        # Two were sent away; one holds its place.
        await eventually(lambda: sum(one.done() for one in sending) == 2)
        assert sorted(one.next_attempt_at == START for one in await stand.listed()) == [False, False, True]
        receiver.hold.set()
        await asyncio.gather(*sending)
        assert len(receiver.received) == 1
        await stand.run_until_settled()
        assert len(receiver.received) == 3
    assert {one.attempts for one in await stand.listed()} == {1}


async def test_slow_receivers_leave_places_to_other_organizations_and_threads_to_readings(
    stand: Stand,
) -> None:
    with receiving(held=True) as slow, receiving() as quick:
        for _ in range(models.ORGANIZATION_AT_ONCE + 1):
            await stand.endpoint(slow)
        await stand.announce("d1")
        sending = await stand.begin_all()
        # The one that found no place is put off at once, and gives its thread back.
        await eventually(lambda: sum(one.done() for one in sending) == 1)
        with calling(caller="documents"):
            await stand.endpoint(quick)
            await stand.announce("theirs")
            await asyncio.gather(*await stand.begin_all())
            assert len(quick.received) == 1
        others: list[asyncio.Task[None]] = []
        for _ in range(models.PROCESS_AT_ONCE):
            with calling(caller="documents"):
                await stand.endpoint(slow)
                await stand.announce("d1")
                others += await stand.begin_all()
        await eventually(lambda: sum(one.done() for one in others) == len(others) - 1)
        assert sum(not one.done() for one in (*sending, *others)) == models.PROCESS_AT_ONCE
        assert DOCUMENTS.worker_threads - 3 >= models.PROCESS_AT_ONCE, "the rest reads documents"
        slow.hold.set()
        await asyncio.gather(*sending, *others)


async def test_an_endpoint_that_fails_for_days_is_disabled_with_a_notice(
    stand: Stand, receiver: Receiver
) -> None:
    endpoint = await stand.endpoint(receiver)
    receiver.answers = [500]
    for day in range(4):
        stand.now = max(stand.now, START + timedelta(days=day))
        await stand.announce(f"d{day}")
        await stand.run_until_settled()
    ended = await stand.webhooks.get(endpoint.id)
    assert ended.status is EndpointStatus.DISABLED
    assert ended.disabled is not None
    assert ended.disabled.reason == "failing"
    assert "2026-11-22 09:00 UTC" in ended.disabled.notice
    sent = len(receiver.received)
    await stand.announce("later")
    await stand.run_until_settled()
    assert len(receiver.received) == sent
    with pytest.raises(FailedPrecondition) as refused:
        await stand.webhooks.ping(endpoint.id)
    assert refused.value.reason == "ENDPOINT_DISABLED"


async def test_one_success_in_between_keeps_an_endpoint(stand: Stand, receiver: Receiver) -> None:
    endpoint = await stand.endpoint(receiver)
    for day, answer in enumerate([500, 500, 204, 500]):
        stand.now = max(stand.now, START + timedelta(days=day))
        receiver.answers = [answer]
        await stand.announce(f"d{day}")
        await stand.run_until_settled()
    there = await stand.webhooks.get(endpoint.id)
    assert there.active
    assert there.failing_since is not None
    assert there.failing_since >= START + timedelta(days=3)


async def test_a_receiver_that_is_gone_is_asked_no_more(stand: Stand, receiver: Receiver) -> None:
    endpoint = await stand.endpoint(receiver)
    receiver.answers = [410]
    await stand.announce("d1")
    await stand.announce("d2")
    await stand.run_until_settled()
    assert len(receiver.received) == 1
    ended = await stand.webhooks.get(endpoint.id)
    assert ended.disabled == models.GONE
    assert {one.status for one in await stand.listed()} == {DeliveryStatus.DEAD, DeliveryStatus.CANCELLED}


async def test_a_disabled_or_deleted_endpoint_gets_nothing_more(stand: Stand, receiver: Receiver) -> None:
    disabled, deleted = await stand.endpoint(receiver), await stand.endpoint(receiver)
    await stand.announce("d1")
    off = EndpointChange(status=EndpointStatus.DISABLED)
    changed = await stand.webhooks.update(disabled.id, off)
    assert changed.disabled == models.BY_USER
    await stand.webhooks.delete(deleted.id)
    await stand.announce("d2")
    await stand.run_until_settled()
    assert receiver.received == []
    (kept,) = await stand.listed(disabled.id)
    assert kept.status is DeliveryStatus.CANCELLED
    rows = await stand.mongo.tenant("webhook_deliveries").find({"endpointId": deleted.id}, limit=9)
    assert rows == []
    with pytest.raises(NotFound):
        await stand.webhooks.get(deleted.id)


async def test_a_dead_letter_is_replayed_under_its_id(stand: Stand, receiver: Receiver) -> None:
    endpoint = await stand.endpoint(receiver)
    receiver.answers = [500]
    await stand.announce("d1")
    await stand.run_until_settled()
    (dead,) = await stand.listed()
    receiver.answers = [204]
    stand.now += timedelta(hours=1)
    again = await stand.deliveries.replay(endpoint.id, dead.id)
    assert (again.status, again.attempts) == (DeliveryStatus.PENDING, 0)
    await stand.run_until_settled()
    (delivered,) = await stand.listed()
    assert delivered.status is DeliveryStatus.DELIVERED
    assert receiver.received[-1].headers["webhook-id"] == receiver.received[0].headers["webhook-id"]
    assert receiver.received[-1].body == receiver.received[0].body


async def test_all_since_a_time_are_replayed(stand: Stand, receiver: Receiver) -> None:
    endpoint = await stand.endpoint(receiver)
    await stand.announce("before")
    await stand.run_until_settled()
    off, on = (EndpointChange(status=status) for status in (EndpointStatus.DISABLED, EndpointStatus.ACTIVE))
    stand.now += timedelta(hours=1)
    since = stand.now
    for number in range(3):
        await stand.announce(f"missed-{number}")
    await stand.webhooks.update(endpoint.id, off)
    with pytest.raises(FailedPrecondition):
        await stand.deliveries.replay_since(endpoint.id, since, include_delivered=False)
    await stand.webhooks.update(endpoint.id, on)
    await stand.run_until_settled()
    assert len(receiver.received) == 1
    assert await stand.deliveries.replay_since(endpoint.id, since, include_delivered=False) == 3
    await stand.run_until_settled()
    assert {one.json["data"]["documentId"] for one in receiver.received[1:]} == {
        "missed-0",
        "missed-1",
        "missed-2",
    }
    assert await stand.deliveries.replay_since(endpoint.id, since, include_delivered=False) == 0
    assert await stand.deliveries.replay_since(endpoint.id, START, include_delivered=True) == 4
    await stand.run_until_settled()
    assert len(receiver.received) == 8


async def test_an_attempt_that_is_not_due_is_not_made(stand: Stand, receiver: Receiver) -> None:
    await stand.endpoint(receiver)
    await stand.announce("d1")
    (row,) = await stand.waiting()
    await stand.run_waiting()
    await stand.deliveries.deliver(**row["args"])
    await stand.deliveries.deliver(row["args"]["delivery_id"], "0" * 24)
    assert len(receiver.received) == 1


async def test_two_secrets_sign_while_they_overlap(stand: Stand, receiver: Receiver) -> None:
    endpoint, first = await stand.webhooks.create(receiver.url, "", (Event.PROCESSED,))
    rotated, second = await stand.webhooks.rotate(endpoint.id, timedelta(hours=24))
    assert rotated.old_secret_until(stand.now) == START + timedelta(hours=24)
    assert second != first
    assert rotated.signing(stand.now) == [second, first]
    assert rotated.signing(START + timedelta(hours=24)) == [second]
    ended, third = await stand.webhooks.rotate(endpoint.id, timedelta())
    assert ended.signing(stand.now) == [third]


async def test_strangers_see_nothing(stand: Stand, receiver: Receiver) -> None:
    endpoint = await stand.endpoint(receiver)
    await stand.announce("d1")
    (delivery,) = await stand.listed()
    with calling(caller="documents"):
        assert (await stand.webhooks.page(PageRequest())).endpoints == []
        for refused in (
            stand.webhooks.get(endpoint.id),
            stand.webhooks.ping(endpoint.id),
            stand.webhooks.delete(endpoint.id),
            stand.webhooks.rotate(endpoint.id, timedelta()),
            stand.deliveries.replay(endpoint.id, delivery.id),
            stand.webhooks.deliveries(endpoint.id, (), PageRequest()),
        ):
            with pytest.raises(NotFound):
                await refused
        await stand.announce("theirs")
    await stand.run_until_settled()
    assert [one.json["data"]["documentId"] for one in receiver.received] == ["d1"]


def test_waits_grow_and_are_spread() -> None:
    waits = [models.wait_after(attempts) for attempts in range(1, models.MAX_ATTEMPTS)]
    assert all(wait is not None for wait in waits)
    assert models.wait_after(models.MAX_ATTEMPTS) is None
    many = {models.wait_after(3) for _ in range(50)}
    assert len(many) > 10
    assert max(many) <= timedelta(seconds=108)  # type: ignore[type-var]
    assert models.rest_after(1) == timedelta(seconds=2)
    assert models.rest_after(10_000) == timedelta(minutes=15)
