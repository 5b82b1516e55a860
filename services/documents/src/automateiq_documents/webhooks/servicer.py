"""The RPCs of webhooks."""
# ruff: noqa: ARG002 (gRPC fixes what a method is given)

from datetime import UTC, datetime, timedelta
from typing import Any

from automateiq.common.v1.pagination_pb2 import PageInfo
from automateiq.documents.v1 import webhooks_pb2 as pb
from automateiq.documents.v1 import webhooks_pb2_grpc
from automateiq_core.errors import InvalidInput, Violation
from google.protobuf.timestamp_pb2 import Timestamp

from automateiq_documents.webhooks.delivering import Deliveries, utc_now
from automateiq_documents.webhooks.models import Delivery, DeliveryStatus, Endpoint, EndpointStatus, Event
from automateiq_documents.webhooks.service import EndpointChange, WebhooksService

_ENDPOINTS = {status: pb.EndpointStatus.Value(f"ENDPOINT_STATUS_{status.name}") for status in EndpointStatus}
_ENDPOINTS_BACK = {number: status for status, number in _ENDPOINTS.items()}
_DELIVERIES = {status: pb.DeliveryStatus.Value(f"DELIVERY_STATUS_{status.name}") for status in DeliveryStatus}
_DELIVERIES_BACK = {number: status for status, number in _DELIVERIES.items()}


class WebhooksServicer(webhooks_pb2_grpc.WebhooksServiceServicer):
    """Protobuf in, one call of a service, protobuf out."""

    def __init__(self, webhooks: WebhooksService, deliveries: Deliveries) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries

    async def CreateEndpoint(
        self, request: pb.CreateEndpointRequest, context: Any
    ) -> pb.CreateEndpointResponse:
        """Adds an endpoint."""
        events = [Event(event) for event in request.events]
        endpoint, secret = await self._webhooks.create(request.url, request.description, events)
        return pb.CreateEndpointResponse(endpoint=_endpoint(endpoint), secret=secret)

    async def ListEndpoints(self, request: pb.ListEndpointsRequest, context: Any) -> pb.ListEndpointsResponse:
        """Gives a page of endpoints."""
        page = await self._webhooks.page(request.page)
        return pb.ListEndpointsResponse(
            endpoints=map(_endpoint, page.endpoints), page_info=PageInfo(next_page_token=page.next_page_token)
        )

    async def GetEndpoint(self, request: pb.GetEndpointRequest, context: Any) -> pb.GetEndpointResponse:
        """Gives one endpoint."""
        return pb.GetEndpointResponse(endpoint=_endpoint(await self._webhooks.get(request.endpoint_id)))

    async def UpdateEndpoint(
        self, request: pb.UpdateEndpointRequest, context: Any
    ) -> pb.UpdateEndpointResponse:
        """Changes an endpoint."""
        change = EndpointChange(
            url=request.url if request.HasField("url") else None,
            description=request.description if request.HasField("description") else None,
            events=[Event(event) for event in request.events] or None,
            status=_ENDPOINTS_BACK.get(request.status),
        )
        endpoint = await self._webhooks.update(request.endpoint_id, change)
        return pb.UpdateEndpointResponse(endpoint=_endpoint(endpoint))

    async def DeleteEndpoint(
        self, request: pb.DeleteEndpointRequest, context: Any
    ) -> pb.DeleteEndpointResponse:
        """Removes an endpoint."""
        await self._webhooks.delete(request.endpoint_id)
        return pb.DeleteEndpointResponse()

    async def RotateSecret(self, request: pb.RotateSecretRequest, context: Any) -> pb.RotateSecretResponse:
        """Makes a new secret."""
        overlap = timedelta(hours=request.overlap_hours)
        endpoint, secret = await self._webhooks.rotate(request.endpoint_id, overlap)
        return pb.RotateSecretResponse(endpoint=_endpoint(endpoint), secret=secret)

    async def SendPing(self, request: pb.SendPingRequest, context: Any) -> pb.SendPingResponse:
        """Sends a test message."""
        return pb.SendPingResponse(delivery=_delivery(await self._webhooks.ping(request.endpoint_id)))

    async def ListDeliveries(
        self, request: pb.ListDeliveriesRequest, context: Any
    ) -> pb.ListDeliveriesResponse:
        """Gives a page of deliveries."""
        statuses = [_DELIVERIES_BACK[number] for number in request.statuses]
        page = await self._webhooks.deliveries(request.endpoint_id, statuses, request.page)
        return pb.ListDeliveriesResponse(
            deliveries=map(_delivery, page.deliveries),
            page_info=PageInfo(next_page_token=page.next_page_token),
        )

    async def ReplayDelivery(
        self, request: pb.ReplayDeliveryRequest, context: Any
    ) -> pb.ReplayDeliveryResponse:
        """Sends a delivery again."""
        delivery = await self._deliveries.replay(request.endpoint_id, request.delivery_id)
        return pb.ReplayDeliveryResponse(delivery=_delivery(delivery))

    async def ReplayDeliveries(
        self, request: pb.ReplayDeliveriesRequest, context: Any
    ) -> pb.ReplayDeliveriesResponse:
        """Sends deliveries again."""
        count = await self._deliveries.replay_since(
            request.endpoint_id, _time(request.since), include_delivered=request.include_delivered
        )
        return pb.ReplayDeliveriesResponse(deliveries=count)


def _endpoint(endpoint: Endpoint) -> pb.Endpoint:
    why = endpoint.disabled
    return pb.Endpoint(
        id=endpoint.id,
        url=endpoint.url,
        description=endpoint.description,
        events=[event.value for event in endpoint.events],
        status=_ENDPOINTS[endpoint.status],
        disabled_reason=why.reason if why else "",
        notice=why.notice if why else "",
        disabled_at=_stamp(endpoint.disabled_at),
        failing_since=_stamp(endpoint.failing_since),
        last_success_at=_stamp(endpoint.last_success_at),
        last_failure_at=_stamp(endpoint.last_failure_at),
        old_secret_until=_stamp(endpoint.old_secret_until(utc_now())),
        created_at=_stamp(endpoint.created_at),
        updated_at=_stamp(endpoint.updated_at),
    )


def _delivery(delivery: Delivery) -> pb.Delivery:
    last = delivery.last
    return pb.Delivery(
        id=delivery.id,
        endpoint_id=delivery.endpoint_id,
        message_id=delivery.message_id,
        event=delivery.message.event.value,
        document_id=delivery.message.document_id,
        status=_DELIVERIES[delivery.status],
        attempts=delivery.attempts,
        next_attempt_at=_stamp(delivery.next_attempt_at),
        last_attempt_at=_stamp(delivery.last_attempt_at),
        status_code=last.status_code if last else 0,
        duration_ms=last.duration_ms if last else 0,
        error=last.error if last else "",
        payload=delivery.message.body,
        created_at=_stamp(delivery.created_at),
    )


def _stamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp


def _time(stamp: Timestamp) -> datetime:
    try:
        return stamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        rule = Violation("since", "must lie between the years 1 and 9999")
        raise InvalidInput("VALIDATION_FAILED", f"since: {rule.description}.", violations=[rule]) from None
