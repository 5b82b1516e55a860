"""The endpoints of an organization and what was sent to them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core.mongo import Document as Row
from automateiq_core.mongo import Mongo, ObjectId
from automateiq_core.pagination import SortKey, paginate
from pymongo import ASCENDING, DESCENDING, IndexModel

from automateiq_documents.webhooks.models import (
    FAILURES_TO_DISABLE,
    KEPT,
    Attempt,
    Delivery,
    DeliveryStatus,
    Disabling,
    Endpoint,
    EndpointStatus,
    Event,
    Message,
    Secret,
    rest_after,
)

ENDPOINTS = "webhook_endpoints"
DELIVERIES = "webhook_deliveries"
SCHEMA_VERSION = 1

_TENANT = ("organizationId", ASCENDING)
ENDPOINT_INDEXES = [IndexModel([_TENANT, ("_id", ASCENDING)], name="oldest")]
DELIVERY_INDEXES = [
    IndexModel([_TENANT, ("endpointId", ASCENDING), ("_id", DESCENDING)], name="endpoint"),
    IndexModel(
        [_TENANT, ("endpointId", ASCENDING), ("createdAt", DESCENDING), ("_id", DESCENDING)], name="newest"
    ),
    IndexModel([("expiresAt", ASCENDING)], name="expiry", expireAfterSeconds=0),
]
_NEWEST = SortKey("createdAt", descending=True)
_PENDING = DeliveryStatus.PENDING.value

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class EndpointPage:
    """A page of endpoints."""

    endpoints: list[Endpoint]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """A page of deliveries."""

    deliveries: list[Delivery]
    next_page_token: str


class WebhookStore:
    """Every query on endpoints and deliveries."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._endpoints = mongo.tenant(ENDPOINTS)
        self._deliveries = mongo.tenant(DELIVERIES)

    async def ensure_indexes(self) -> None:
        """Creates the collections and their indexes."""
        await self._mongo.ensure_indexes(ENDPOINTS, ENDPOINT_INDEXES)
        await self._mongo.ensure_indexes(DELIVERIES, DELIVERY_INDEXES)

    async def transact(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Runs `work` in a transaction; it may run more than once."""
        return await self._mongo.transact(work)

    # Endpoints.

    async def add(self, endpoint: Endpoint) -> Endpoint:
        """Stores an endpoint, or gives the one that a repeated call has stored before."""
        row, _ = await self._endpoints.insert_once(_endpoint_row(endpoint))
        return _endpoint_of(row)

    async def count(self) -> int:
        """How many endpoints there are."""
        return await self._endpoints.count({})

    async def endpoint(self, endpoint_id: str) -> Endpoint | None:
        """One endpoint."""
        row = await self._endpoints.find_one({"_id": ObjectId(endpoint_id)})
        return None if row is None else _endpoint_of(row)

    async def page(self, request: PageRequest) -> EndpointPage:
        """A page of endpoints, oldest first."""
        page = await paginate(self._endpoints, {}, SortKey("_id"), request)
        return EndpointPage([_endpoint_of(row) for row in page.rows], page.next_page_token)

    async def listening(self, event: Event) -> list[Endpoint]:
        """The active endpoints that chose an event."""
        query = {"status": EndpointStatus.ACTIVE.value, "events": event.value}
        return [_endpoint_of(row) async for row in self._endpoints.iterate(query)]

    async def change(self, endpoint_id: str, change: Row) -> Endpoint | None:
        """Sets fields of an endpoint."""
        row = await self._endpoints.find_one_and_update({"_id": ObjectId(endpoint_id)}, {"$set": change})
        return None if row is None else _endpoint_of(row)

    async def set_secrets(
        self, endpoint: Endpoint, secrets: Sequence[Secret], at: datetime
    ) -> Endpoint | None:
        """Replaces the secrets, unless somebody else has done so in the meantime."""
        row = await self._endpoints.find_one_and_update(
            {"_id": ObjectId(endpoint.id), "secrets.0.id": endpoint.secrets[0].id},
            {"$set": {"secrets": [_secret_row(secret) for secret in secrets], "updatedAt": at}},
        )
        return None if row is None else _endpoint_of(row)

    async def disable(self, endpoint_id: str, why: Disabling, at: datetime) -> Endpoint | None:
        """Disables an endpoint."""
        return await self._disable({"_id": ObjectId(endpoint_id)}, why, at)

    async def disable_failing(
        self, endpoint_id: str, why: Disabling, at: datetime, *, failing_before: datetime
    ) -> Endpoint | None:
        """Disables an endpoint that took nothing of many messages since that time; None for any other."""
        query = {
            "_id": ObjectId(endpoint_id),
            "status": EndpointStatus.ACTIVE.value,
            "failingSince": {"$lte": failing_before},
            "failures": {"$gte": FAILURES_TO_DISABLE},
        }
        return await self._disable(query, why, at)

    async def _disable(self, query: Row, why: Disabling, at: datetime) -> Endpoint | None:
        row = await self._endpoints.find_one_and_update(query, {"$set": _disabled(why, at)})
        return None if row is None else _endpoint_of(row)

    async def succeeded(self, endpoint_id: str, at: datetime) -> None:
        """Notes that a message was taken."""
        well = {"lastSuccessAt": at, "failures": 0, "failingSince": None, "restsUntil": None}
        await self._endpoints.update_one({"_id": ObjectId(endpoint_id)}, {"$set": well})

    async def failed(self, endpoint: Endpoint, at: datetime) -> None:
        """Notes that a message was not taken, and lets the endpoint rest."""
        this = {"_id": ObjectId(endpoint.id)}
        rests = {"restsUntil": at + rest_after(endpoint.failures + 1), "lastFailureAt": at}
        await self._endpoints.update_one(this, {"$set": rests, "$inc": {"failures": 1}})
        await self._endpoints.update_one({**this, "failingSince": None}, {"$set": {"failingSince": at}})

    async def remove(self, endpoint_id: str) -> bool:
        """Removes an endpoint and its deliveries."""
        gone = await self._endpoints.delete_one({"_id": ObjectId(endpoint_id)})
        await self._deliveries.delete_many({"endpointId": endpoint_id})
        return bool(gone)

    # Deliveries.

    async def write(self, delivery: Delivery) -> None:
        """Stores a delivery. Raises `DuplicateKeyError` where it is there."""
        await self._deliveries.insert_one(_delivery_row(delivery))

    async def delivery(self, delivery_id: str) -> Delivery | None:
        """One delivery."""
        row = await self._deliveries.find_one({"_id": ObjectId(delivery_id)})
        return None if row is None else _delivery_of(row)

    async def deliveries(
        self, endpoint_id: str, statuses: Sequence[DeliveryStatus], request: PageRequest
    ) -> DeliveryPage:
        """A page of an endpoint's deliveries, newest first."""
        query: Row = {"endpointId": endpoint_id}
        if statuses:
            query["status"] = {"$in": sorted({status.value for status in statuses})}
        page = await paginate(self._deliveries, query, _NEWEST, request)
        return DeliveryPage([_delivery_of(row) for row in page.rows], page.next_page_token)

    async def since(
        self, endpoint_id: str, since: datetime, before: datetime, statuses: Sequence[DeliveryStatus]
    ) -> AsyncIterator[str]:
        """The ids of an endpoint's deliveries of a time that stand so, oldest first."""
        query = _since(endpoint_id, since, before, statuses)
        in_order = [("createdAt", ASCENDING), ("_id", ASCENDING)]
        async for row in self._deliveries.iterate(query, projection={"_id": 1}, sort=in_order):
            yield str(row["_id"])

    async def count_since(
        self, endpoint_id: str, since: datetime, before: datetime, statuses: Sequence[DeliveryStatus]
    ) -> int:
        """How many deliveries `since` gives."""
        return await self._deliveries.count(_since(endpoint_id, since, before, statuses))

    async def restart(self, delivery_id: str, token: str, at: datetime) -> Delivery | None:
        """Makes a delivery that is not pending due from its first attempt on."""
        row = await self._deliveries.find_one_and_update(
            {"_id": ObjectId(delivery_id), "status": {"$ne": _PENDING}},
            {
                "$set": {
                    "status": _PENDING,
                    "token": token,
                    "attempts": 0,
                    "nextAttemptAt": at,
                    "expiresAt": at + KEPT,
                }
            },
        )
        return None if row is None else _delivery_of(row)

    async def ended(self, delivery: Delivery, status: DeliveryStatus, last: Attempt, at: datetime) -> bool:
        """Notes how the due attempt ended a delivery; False where another run has noted it."""
        change = {**_attempt_row(last, at), "status": status.value, "nextAttemptAt": None}
        return await self._step(delivery, {"$set": change, "$inc": {"attempts": 1}})

    async def again(self, delivery: Delivery, token: str, due: datetime, last: Attempt, at: datetime) -> bool:
        """Notes a failed attempt and which one is due next; False where another run has noted it."""
        change = {**_attempt_row(last, at), "token": token, "nextAttemptAt": due}
        return await self._step(delivery, {"$set": change, "$inc": {"attempts": 1}})

    async def postpone(self, delivery: Delivery, token: str, due: datetime) -> bool:
        """Moves the due attempt; False where another run has moved it."""
        return await self._step(delivery, {"$set": {"token": token, "nextAttemptAt": due}})

    async def cancel(self, delivery: Delivery) -> None:
        """Ends a delivery without an attempt."""
        change = {"status": DeliveryStatus.CANCELLED.value, "nextAttemptAt": None}
        await self._step(delivery, {"$set": change})

    async def cancel_pending(self, endpoint_id: str) -> None:
        """Ends all that waits for an endpoint."""
        change = {"status": DeliveryStatus.CANCELLED.value, "nextAttemptAt": None}
        await self._deliveries.update_many({"endpointId": endpoint_id, "status": _PENDING}, {"$set": change})

    async def _step(self, delivery: Delivery, update: Row) -> bool:
        due = {"_id": ObjectId(delivery.id), "status": _PENDING, "token": delivery.token}
        return (await self._deliveries.update_one(due, update)).matched == 1


def enabled() -> Row:
    """The fields of an endpoint that is active from now on."""
    return {
        "status": EndpointStatus.ACTIVE.value,
        "disabled": None,
        "disabledAt": None,
        "failures": 0,
        "failingSince": None,
        "restsUntil": None,
    }


def _disabled(why: Disabling, at: datetime) -> Row:
    return {
        "status": EndpointStatus.DISABLED.value,
        "disabled": {"reason": why.reason, "notice": why.notice},
        "disabledAt": at,
    }


def _since(endpoint_id: str, since: datetime, before: datetime, statuses: Sequence[DeliveryStatus]) -> Row:
    return {
        "endpointId": endpoint_id,
        "createdAt": {"$gte": since, "$lt": before + timedelta(milliseconds=1)},
        "status": {"$in": sorted(status.value for status in statuses)},
    }


def _endpoint_row(endpoint: Endpoint) -> Row:
    return {
        "_id": ObjectId(endpoint.id),
        "url": endpoint.url,
        "description": endpoint.description,
        "events": [event.value for event in endpoint.events],
        "secrets": [_secret_row(secret) for secret in endpoint.secrets],
        **enabled(),
        "lastSuccessAt": None,
        "lastFailureAt": None,
        "createdBy": endpoint.created_by,
        "createdAt": endpoint.created_at,
        "updatedAt": endpoint.updated_at,
        "schemaVersion": SCHEMA_VERSION,
    }


def _secret_row(secret: Secret) -> Row:
    return {"id": secret.id, "value": secret.value, "expiresAt": secret.expires_at}


def _endpoint_of(row: Row) -> Endpoint:
    why = row["disabled"]
    return Endpoint(
        id=str(row["_id"]),
        url=row["url"],
        description=row["description"],
        events=[Event(event) for event in row["events"]],
        secrets=[Secret(one["id"], one["value"], one["expiresAt"]) for one in row["secrets"]],
        created_by=row["createdBy"],
        created_at=row["createdAt"],
        updated_at=row["updatedAt"],
        status=EndpointStatus(row["status"]),
        disabled=Disabling(why["reason"], why["notice"]) if why else None,
        disabled_at=row["disabledAt"],
        failures=row["failures"],
        failing_since=row["failingSince"],
        rests_until=row["restsUntil"],
        last_success_at=row["lastSuccessAt"],
        last_failure_at=row["lastFailureAt"],
    )


def _delivery_row(delivery: Delivery) -> Row:
    return {
        "_id": ObjectId(delivery.id),
        "endpointId": delivery.endpoint_id,
        "event": delivery.message.event.value,
        "body": delivery.message.body,
        "documentId": delivery.message.document_id,
        "status": delivery.status.value,
        "attempts": delivery.attempts,
        "token": delivery.token,
        "nextAttemptAt": delivery.next_attempt_at,
        "lastAttemptAt": None,
        "last": None,
        "createdAt": delivery.created_at,
        "expiresAt": delivery.created_at + KEPT,
        "schemaVersion": SCHEMA_VERSION,
    }


def _attempt_row(last: Attempt, at: datetime) -> Row:
    kept = {"statusCode": last.status_code, "durationMs": last.duration_ms, "error": last.error}
    return {"last": kept, "lastAttemptAt": at}


def _delivery_of(row: Row) -> Delivery:
    last = row["last"]
    return Delivery(
        id=str(row["_id"]),
        endpoint_id=row["endpointId"],
        message=Message(Event(row["event"]), row["body"], row["documentId"]),
        status=DeliveryStatus(row["status"]),
        attempts=row["attempts"],
        token=row["token"],
        created_at=row["createdAt"],
        next_attempt_at=row["nextAttemptAt"],
        last_attempt_at=row["lastAttemptAt"],
        last=Attempt(last["statusCode"], last["durationMs"], last["error"]) if last else None,
    )
