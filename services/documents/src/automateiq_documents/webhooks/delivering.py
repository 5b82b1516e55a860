"""Writing messages, sending them, trying again, giving up.

    write ─▶ pending ──sent──▶ delivered
               │ ▲ not taken: due again, ever later          after the last attempt: ──▶ dead
               │ └──────────┘
               └─ endpoint disabled or deleted: cancelled            replay: ──▶ pending

A message is written in the transaction of what it tells of, together with the outbox record of its first attempt. An
attempt is named by a token; only the attempt that is due is made, so a record that is handed out twice sends once,
unless a worker dies between sending and noting it: then the message goes out twice, under the same id.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from automateiq_core import context
from automateiq_core.idempotency import derived_id
from automateiq_core.mongo import DuplicateKeyError, ObjectId
from automateiq_core.tasks import Tasks
from prometheus_client import Counter

from automateiq_documents.webhooks.models import (
    GONE,
    Attempt,
    Delivery,
    DeliveryStatus,
    Endpoint,
    Message,
    after_crowd,
    after_rest,
    delivery_not_found,
    endpoint_not_found,
    failing,
    require_active,
    wait_after,
)
from automateiq_documents.webhooks.places import Places
from automateiq_documents.webhooks.sender import Sender
from automateiq_documents.webhooks.store import WebhookStore

DELIVER = "webhooks.deliver"
REPLAY = "webhooks.replay"

Clock = Callable[[], datetime]

_ATTEMPTS = Counter(
    "webhook_attempts_total",
    "Attempts to send a webhook: delivered, not taken (another follows), dead (none does), or postponed for a crowd.",
    ["outcome"],
)
_DISABLED = Counter(
    "webhook_endpoints_disabled_total", "Endpoints that were disabled because they took nothing."
)

_log = structlog.get_logger(__name__)
_NOT_DELIVERED = (DeliveryStatus.DEAD, DeliveryStatus.CANCELLED)


def utc_now() -> datetime:
    """The present as MongoDB keeps it: UTC, in milliseconds."""
    time = datetime.now(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


class Deliveries:
    """The messages of the calling organization."""

    def __init__(
        self,
        store: WebhookStore,
        sender: Sender,
        tasks: Tasks,
        *,
        disable_after: timedelta,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._sender = sender
        self._tasks = tasks
        self._disable_after = disable_after
        self._clock = clock
        self._places = Places()

    # Writing.

    async def announce(self, message: Message, key: str) -> None:
        """Writes a message for each active endpoint that chose its event; the same key again writes none."""
        for endpoint in await self._store.listening(message.event):
            await self.write(endpoint.id, message, key)

    async def tell(self, endpoint_id: str, message: Message, key: str) -> bool:
        """Writes a message for one endpoint, whatever it chose; False where it is disabled or gone."""
        endpoint = await self._store.endpoint(endpoint_id)
        if endpoint is None or not endpoint.active:
            return False
        await self.write(endpoint.id, message, key)
        return True

    async def write(self, endpoint_id: str, message: Message, key: str) -> Delivery:
        """Writes a message for an endpoint and queues its first attempt, once for a key.

        Inside a transaction of the caller's, the key must be new: a duplicate would end the transaction.
        """
        call = context.current()
        parts = (call.tenant(), "webhook", endpoint_id, message.event.value, key)
        delivery = Delivery(
            id=str(derived_id(*parts)),
            endpoint_id=endpoint_id,
            message=message,
            status=DeliveryStatus.PENDING,
            attempts=0,
            token=str(ObjectId()),
            created_at=self._clock(),
            next_attempt_at=self._clock(),
        )

        async def work() -> None:
            await self._store.write(delivery)
            await self._queue(delivery.id, delivery.token)

        try:
            await self._store.transact(work)
        except DuplicateKeyError:
            return await self._existing(endpoint_id, delivery.id)
        return delivery

    async def replay(self, endpoint_id: str, delivery_id: str) -> Delivery:
        """Makes a delivery due from its first attempt on; one that is pending is left alone.

        Raises:
            NotFound: there is no such delivery to this endpoint.
            FailedPrecondition: the endpoint is disabled (ENDPOINT_DISABLED).
        """
        endpoint = await self._store.endpoint(endpoint_id)
        if endpoint is None:
            raise endpoint_not_found()
        there = await self._existing(endpoint_id, delivery_id)
        require_active(endpoint)
        return await self._restart(delivery_id) or there

    async def replay_since(self, endpoint_id: str, since: datetime, *, include_delivered: bool) -> int:
        """Has deliveries written since a time made due again; gives how many there are now.

        Raises:
            NotFound: there is no such endpoint.
            FailedPrecondition: it is disabled (ENDPOINT_DISABLED).
        """
        endpoint = await self._store.endpoint(endpoint_id)
        if endpoint is None:
            raise endpoint_not_found()
        require_active(endpoint)
        before = self._clock()
        statuses = _replayed(include_delivered)
        count = await self._store.count_since(endpoint_id, since, before, statuses)
        if count:
            args = {
                "endpoint_id": endpoint_id,
                "since": since.isoformat(),
                "before": before.isoformat(),
                "include_delivered": "yes" if include_delivered else "",
            }
            await self._tasks.enqueue(REPLAY, args)
        return count

    async def run_replay(self, endpoint_id: str, since: str, before: str, include_delivered: str) -> None:
        """The task of `replay_since`. Run again, it goes on where it was: what is due already is left alone."""
        statuses = _replayed(bool(include_delivered))
        found = self._store.since(
            endpoint_id, datetime.fromisoformat(since), datetime.fromisoformat(before), statuses
        )
        # Listed first: what is sent meanwhile would else come by a second time.
        for delivery_id in [one async for one in found]:
            await self._restart(delivery_id)

    async def _restart(self, delivery_id: str) -> Delivery | None:
        token = str(ObjectId())

        async def work() -> Delivery | None:
            restarted = await self._store.restart(delivery_id, token, self._clock())
            if restarted is not None:
                await self._queue(delivery_id, token)
            return restarted

        return await self._store.transact(work)

    async def _existing(self, endpoint_id: str, delivery_id: str) -> Delivery:
        delivery = await self._store.delivery(delivery_id)
        if delivery is None or delivery.endpoint_id != endpoint_id:
            raise delivery_not_found()
        return delivery

    async def _queue(self, delivery_id: str, token: str, delay: timedelta = timedelta()) -> None:
        await self._tasks.enqueue(DELIVER, {"delivery_id": delivery_id, "token": token}, delay=delay)

    # Sending.

    async def deliver(self, delivery_id: str, token: str) -> None:
        """Makes the attempt of this token, if it is the one that is due."""
        delivery = await self._store.delivery(delivery_id)
        if delivery is None or not delivery.waits_for(token):
            return
        endpoint = await self._store.endpoint(delivery.endpoint_id)
        if endpoint is None or not endpoint.active:
            await self._store.cancel(delivery)
            return
        now = self._clock()
        if endpoint.rests_until is not None and endpoint.rests_until > now:
            await self._postpone(delivery, after_rest(endpoint.rests_until - now))
            return
        if not self._places.free(context.current().tenant(), endpoint.id):
            _ATTEMPTS.labels("postponed").inc()
            await self._postpone(delivery, after_crowd(now - delivery.created_at))
            return
        attempt = await self._send(endpoint, delivery, now)
        _log.info(
            "webhook sent" if attempt.taken else "webhook not taken",
            delivery=delivery.id,
            endpoint=endpoint.id,
            event_type=delivery.message.event.value,
            status=attempt.status_code,
            ms=attempt.duration_ms,
            attempt=delivery.attempts + 1,
        )
        await self._note(endpoint, delivery, attempt)

    async def _send(self, endpoint: Endpoint, delivery: Delivery, now: datetime) -> Attempt:
        with self._places.taken(context.current().tenant(), endpoint.id):
            return await self._sender.send(
                endpoint.url, delivery.message_id, delivery.message.body, endpoint.signing(now), now
            )

    async def _postpone(self, delivery: Delivery, wait: timedelta) -> None:
        token = str(ObjectId())

        async def work() -> None:
            if await self._store.postpone(delivery, token, self._clock() + wait):
                await self._queue(delivery.id, token, wait)

        await self._store.transact(work)

    async def _note(self, endpoint: Endpoint, delivery: Delivery, attempt: Attempt) -> None:
        now = self._clock()
        if attempt.taken:
            _ATTEMPTS.labels("delivered").inc()
            if await self._store.ended(delivery, DeliveryStatus.DELIVERED, attempt, now):
                await self._store.succeeded(endpoint.id, now)
            return
        # The endpoint first: a worker that dies in between notes one failure too many, and none too few.
        await self._store.failed(endpoint, now)
        wait = None if attempt.gone else wait_after(delivery.attempts + 1)
        if wait is None:
            _ATTEMPTS.labels("dead").inc()
            _log.warning("webhook given up", delivery=delivery.id, endpoint=endpoint.id, error=attempt.error)
            await self._store.ended(delivery, DeliveryStatus.DEAD, attempt, now)
        else:
            _ATTEMPTS.labels("not taken").inc()
            await self._again(delivery, attempt, wait)
        await self._give_up(endpoint, attempt, now)

    async def _again(self, delivery: Delivery, attempt: Attempt, wait: timedelta) -> None:
        token, now = str(ObjectId()), self._clock()

        async def work() -> None:
            if await self._store.again(delivery, token, now + wait, attempt, now):
                await self._queue(delivery.id, token, wait)

        await self._store.transact(work)

    async def _give_up(self, endpoint: Endpoint, attempt: Attempt, now: datetime) -> None:
        if attempt.gone:
            disabled = await self._store.disable(endpoint.id, GONE, now)
        elif endpoint.failing_since is not None:
            why, before = failing(endpoint.failing_since), now - self._disable_after
            disabled = await self._store.disable_failing(endpoint.id, why, now, failing_before=before)
        else:
            return
        if disabled is not None and disabled.disabled is not None:
            _log.warning("webhook endpoint disabled", endpoint=endpoint.id, reason=disabled.disabled.reason)
            _DISABLED.inc()
            await self._store.cancel_pending(endpoint.id)


def _replayed(include_delivered: bool) -> tuple[DeliveryStatus, ...]:
    return (*_NOT_DELIVERED, DeliveryStatus.DELIVERED) if include_delivered else _NOT_DELIVERED
