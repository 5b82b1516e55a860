"""The endpoints of the calling organization, and what follows from documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core import context
from automateiq_core.errors import Conflict, FailedPrecondition
from automateiq_core.idempotency import new_id
from automateiq_core.mongo import Document as Row

from automateiq_documents.documents.models import Document, ReviewState
from automateiq_documents.documents.store import DocumentStore
from automateiq_documents.webhooks.delivering import Clock, Deliveries, utc_now
from automateiq_documents.webhooks.models import (
    BY_USER,
    MAX_ENDPOINTS,
    Delivery,
    DeliveryStatus,
    Endpoint,
    EndpointStatus,
    Event,
    check_url,
    endpoint_not_found,
    new_secret,
    require_active,
    rotated,
)
from automateiq_documents.webhooks.payloads import document_message, message
from automateiq_documents.webhooks.store import DeliveryPage, EndpointPage, WebhookStore, enabled


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """What shall be different; None stays as it is."""

    url: str | None = None
    description: str | None = None
    events: Sequence[Event] | None = None
    status: EndpointStatus | None = None


class WebhooksService:
    """What can be done with endpoints. `local` lets them be http and private."""

    def __init__(
        self, store: WebhookStore, deliveries: Deliveries, *, local: bool, clock: Clock = utc_now
    ) -> None:
        self._store = store
        self._deliveries = deliveries
        self._local = local
        self._clock = clock

    async def create(self, url: str, description: str, events: Sequence[Event]) -> tuple[Endpoint, str]:
        """Adds an endpoint; gives it and its secret.

        Raises:
            InvalidInput: the URL may not be sent to (WEBHOOK_URL_REFUSED).
            FailedPrecondition: there are as many as there may be (TOO_MANY_ENDPOINTS).
        """
        check_url(url, local=self._local)
        now, endpoint_id = self._clock(), str(new_id())
        if await self._store.endpoint(endpoint_id) is None and await self._store.count() >= MAX_ENDPOINTS:
            raise FailedPrecondition(
                "TOO_MANY_ENDPOINTS",
                f"An organization has {MAX_ENDPOINTS} endpoints at most. Delete one first.",
            )
        endpoint = await self._store.add(
            Endpoint(
                id=endpoint_id,
                url=url,
                description=description,
                events=events,
                secrets=[new_secret(str(new_id()))],
                created_by=context.current().user_id,
                created_at=now,
                updated_at=now,
            )
        )
        return endpoint, endpoint.secrets[0].value

    async def page(self, request: PageRequest) -> EndpointPage:
        """A page of endpoints, oldest first."""
        return await self._store.page(request)

    async def get(self, endpoint_id: str) -> Endpoint:
        """One endpoint.

        Raises:
            NotFound: there is no such endpoint.
        """
        endpoint = await self._store.endpoint(endpoint_id)
        if endpoint is None:
            raise endpoint_not_found()
        return endpoint

    async def update(self, endpoint_id: str, change: EndpointChange) -> Endpoint:
        """Changes an endpoint. One that is disabled loses what waits for it.

        Raises:
            NotFound: there is no such endpoint.
            InvalidInput: the URL may not be sent to (WEBHOOK_URL_REFUSED).
        """
        there, now = await self.get(endpoint_id), self._clock()
        fields: Row = {"updatedAt": now}
        if change.url is not None:
            check_url(change.url, local=self._local)
            fields["url"] = change.url
        if change.description is not None:
            fields["description"] = change.description
        if change.events:
            fields["events"] = [event.value for event in change.events]
        if change.status is EndpointStatus.ACTIVE and not there.active:
            fields |= enabled()
        changed = await self._store.change(endpoint_id, fields)
        if change.status is EndpointStatus.DISABLED and there.active:
            changed = await self._store.disable(endpoint_id, BY_USER, now)
            await self._store.cancel_pending(endpoint_id)
        if changed is None:
            raise endpoint_not_found()
        return changed

    async def delete(self, endpoint_id: str) -> None:
        """Removes an endpoint and its deliveries.

        Raises:
            NotFound: there is no such endpoint.
        """
        if not await self._store.remove(endpoint_id):
            raise endpoint_not_found()

    async def rotate(self, endpoint_id: str, overlap: timedelta) -> tuple[Endpoint, str]:
        """Makes a new secret; those before it sign beside it for the overlap.

        Raises:
            NotFound: there is no such endpoint.
            Conflict: somebody else rotates it at this moment (CONCURRENT_CHANGE).
        """
        endpoint, now = await self.get(endpoint_id), self._clock()
        fresh = new_secret(str(new_id()))
        known = next((one for one in endpoint.secrets if one.id == fresh.id), None)
        if known is not None:
            return endpoint, known.value
        secrets = rotated(endpoint.secrets, fresh, now + overlap, now)
        changed = await self._store.set_secrets(endpoint, secrets, now)
        if changed is None:
            await self.get(endpoint_id)
            raise Conflict(
                "CONCURRENT_CHANGE", "Somebody else changes this secret at this moment. Try again."
            )
        return changed, fresh.value

    async def ping(self, endpoint_id: str) -> Delivery:
        """Sends a test message.

        Raises:
            NotFound: there is no such endpoint.
            FailedPrecondition: it is disabled (ENDPOINT_DISABLED).
        """
        require_active(await self.get(endpoint_id))
        test = message(Event.PING, self._clock(), {"message": "This is a test."})
        return await self._deliveries.write(endpoint_id, test, str(new_id()))

    async def deliveries(
        self, endpoint_id: str, statuses: Sequence[DeliveryStatus], request: PageRequest
    ) -> DeliveryPage:
        """A page of an endpoint's deliveries, newest first.

        Raises:
            NotFound: there is no such endpoint.
        """
        await self.get(endpoint_id)
        return await self._store.deliveries(endpoint_id, statuses, request)


class WebhookFollower:
    """Tells partners how a reading ended; a `Follower` of documents, behind all that may still change a document."""

    def __init__(self, documents: DocumentStore, deliveries: Deliveries, *, clock: Clock = utc_now) -> None:
        self._documents = documents
        self._deliveries = deliveries
        self._clock = clock

    async def processed(self, document: Document) -> None:
        """Tells of a document that was read, as those before have left it, and whether it wants a look."""
        current = await self._tell(Event.PROCESSED, document)
        if current is not None and current.review_state is ReviewState.NEEDED:
            await self._tell(Event.REVIEW_NEEDED, document)

    async def failed(self, document: Document) -> None:
        """Tells of a document that could not be read."""
        await self._tell(Event.FAILED, document)

    async def _tell(self, event: Event, document: Document) -> Document | None:
        current = await self._documents.find_read(document.id)
        if current is None or document.processing is None:
            return None
        await self._deliveries.announce(
            document_message(event, current, self._clock()), f"{document.id}/{document.processing.job_id}"
        )
        return current
