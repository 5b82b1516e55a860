"""Endpoints of partners and what was sent to them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import ConfigDict, Field

from automateiq_gateway.schemas.common import Body, Page, PageQuery, Schema

WebhookEvent = Literal["document.processed", "document.failed", "document.review_needed"]
WebhookStatus = Literal["active", "disabled"]
DeliveryStatus = Literal["pending", "delivered", "dead", "cancelled"]

_ENDPOINT: dict[str, Any] = {
    "id": "65f0c0ffee65f0c0ffee65f7",
    "url": "https://partner.example/hooks/automateiq",
    "description": "Bookkeeping",
    "events": ["document.processed", "document.failed"],
    "status": "active",
    "disabledReason": "",
    "notice": "",
    "disabledAt": None,
    "failingSince": None,
    "lastSuccessAt": "2026-11-22T09:30:08Z",
    "lastFailureAt": None,
    "oldSecretUntil": None,
    "createdAt": "2026-11-22T09:00:00Z",
    "updatedAt": "2026-11-22T09:00:00Z",
}
_DELIVERY: dict[str, Any] = {
    "id": "65f0c0ffee65f0c0ffee65f8",
    "endpointId": "65f0c0ffee65f0c0ffee65f7",
    "messageId": "msg_65f0c0ffee65f0c0ffee65f8",
    "event": "document.processed",
    "documentId": "65f0c0ffee65f0c0ffee65f0",
    "status": "delivered",
    "attempts": 1,
    "nextAttemptAt": None,
    "lastAttemptAt": "2026-11-22T09:30:08Z",
    "statusCode": 204,
    "durationMs": 84,
    "error": "",
    "payload": '{"type":"document.processed","timestamp":"2026-11-22T09:30:07.120Z","version":1,"data":{"documentId":'
    '"65f0c0ffee65f0c0ffee65f0","status":"processed","documentType":"invoice","tags":[],"fields":{"total":{"value":'
    '"1234.50","confidence":0.98}}}}',
    "createdAt": "2026-11-22T09:30:07Z",
}
_URL = "Where to send: https, a public address, no user and no fragment"
_EVENTS = "The events it is told of"

EndpointId = Annotated[str, Path(description="The endpoint's id", examples=[_ENDPOINT["id"]])]
DeliveryId = Annotated[str, Path(description="The delivery's id", examples=[_DELIVERY["id"]])]


class Endpoint(Schema):
    """A place that is told of events."""

    id: str = Field(description="Its id")
    url: str = Field(description="Where messages are sent")
    description: str = Field(description="What it is for")
    events: list[str] = Field(description=_EVENTS)
    status: WebhookStatus | None = Field(description="Whether it is told; a disabled one gets nothing")
    disabled_reason: str = Field(description="Why it is disabled: user, failing or gone; empty while active")
    notice: str = Field(description="Why it is disabled, in a sentence; empty while active")
    disabled_at: datetime | None = Field(description="When it was disabled")
    failing_since: datetime | None = Field(
        description="Since when it took nothing; null while it takes messages"
    )
    last_success_at: datetime | None = Field(description="When it last took a message")
    last_failure_at: datetime | None = Field(description="When it last did not take one")
    old_secret_until: datetime | None = Field(description="Until when the secret before this one signs too")
    created_at: datetime | None = Field(description="When it was added")
    updated_at: datetime | None = Field(description="When it was last changed by a person")

    model_config = ConfigDict(json_schema_extra={"example": _ENDPOINT})


class EndpointWithSecret(Schema):
    """An endpoint and the secret its messages are signed with, which is shown this once."""

    endpoint: Endpoint = Field(description="The endpoint")
    secret: str = Field(description="`whsec_` and base64, as the Standard Webhooks libraries take it")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "endpoint": _ENDPOINT,
                "secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDzK1uvzLLoVQ=",
            }
        }
    )


class Endpoints(Page):
    """A page of endpoints, oldest first."""

    items: list[Endpoint] = Field(description="The endpoints")

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_ENDPOINT], "nextPageToken": None}})


class CreateEndpointBody(Body):
    """A new endpoint."""

    url: str = Field(min_length=1, max_length=2048, description=_URL)
    description: str = Field("", max_length=200, description="What it is for")
    events: list[WebhookEvent] = Field(min_length=1, max_length=10, description=_EVENTS)

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"url": _ENDPOINT["url"], "description": "Bookkeeping", "events": _ENDPOINT["events"]}
        }
    )


class UpdateEndpointBody(Body):
    """What shall be different; what is left out stays as it is."""

    url: str | None = Field(None, min_length=1, max_length=2048, description=_URL)
    description: str | None = Field(None, max_length=200, description="What it is for")
    events: list[WebhookEvent] | None = Field(None, min_length=1, max_length=10, description=_EVENTS)
    status: WebhookStatus | None = Field(None, description="Whether it is told")

    model_config = ConfigDict(json_schema_extra={"example": {"status": "disabled"}})


class RotateBody(Body):
    """How a secret is replaced."""

    overlap_hours: int = Field(
        24, ge=0, le=168, description="For how many hours the old secret signs too; 0 ends it at once"
    )

    model_config = ConfigDict(json_schema_extra={"example": {"overlapHours": 24}})


class ReplayBody(Body):
    """What is sent again."""

    since: datetime = Field(description="Those written at this time or later; UTC where it names no zone")
    include_delivered: bool = Field(False, description="Whether what was delivered is sent again too")

    model_config = ConfigDict(json_schema_extra={"example": {"since": "2026-11-21T00:00:00Z"}})


class Replayed(Schema):
    """What is being sent again."""

    deliveries: int = Field(description="How many deliveries")

    model_config = ConfigDict(json_schema_extra={"example": {"deliveries": 12}})


class Delivery(Schema):
    """A message to an endpoint. It is kept for 30 days."""

    id: str = Field(description="Its id")
    endpoint_id: str = Field(description="The endpoint")
    message_id: str = Field(description="The header `webhook-id`, the same in every attempt")
    event: str = Field(description="The event")
    document_id: str = Field(description="The document it tells of; empty for a ping")
    status: DeliveryStatus | None = Field(
        description="pending: will be tried (again); dead: given up; cancelled: its endpoint was disabled"
    )
    attempts: int = Field(description="Attempts since it was written or last replayed")
    next_attempt_at: datetime | None = Field(description="When it will be tried next")
    last_attempt_at: datetime | None = Field(description="When it was last tried")
    status_code: int = Field(description="The HTTP status of the last attempt; 0 where nothing answered")
    duration_ms: int = Field(description="How long the last attempt took, in milliseconds")
    error: str = Field(description="What went wrong in the last attempt; empty where nothing did")
    payload: str = Field(description="The body, as it is sent")
    created_at: datetime | None = Field(description="When it was written")

    model_config = ConfigDict(json_schema_extra={"example": _DELIVERY})


class DeliveriesPage(Page):
    """A page of deliveries, newest first."""

    items: list[Delivery] = Field(description="The deliveries")

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_DELIVERY], "nextPageToken": None}})


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    status: list[DeliveryStatus] = Field([], max_length=4, description="Of one of these states")


DeliveryParameters = Annotated[DeliveryQuery, Query()]
