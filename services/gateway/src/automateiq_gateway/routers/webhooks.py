"""Webhooks: where partners are told of documents."""

from datetime import UTC, datetime

from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq.documents.v1 import webhooks_pb2 as pb
from automateiq_core.errors import NotFound
from fastapi import APIRouter
from google.protobuf.timestamp_pb2 import Timestamp
from starlette.requests import Request
from starlette.responses import Response

from automateiq_gateway import parts, words
from automateiq_gateway.endpoint import GuardedEndpoint
from automateiq_gateway.ids import is_id
from automateiq_gateway.replies import page, reply
from automateiq_gateway.schemas.common import PROBLEMS, IdempotencyKey, PageParameters
from automateiq_gateway.schemas.webhooks import (
    CreateEndpointBody,
    DeliveriesPage,
    Delivery,
    DeliveryId,
    DeliveryParameters,
    Endpoint,
    EndpointId,
    Endpoints,
    EndpointWithSecret,
    ReplayBody,
    Replayed,
    RotateBody,
    UpdateEndpointBody,
)

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"], responses=PROBLEMS, route_class=GuardedEndpoint)


@router.post("", response_model=EndpointWithSecret, status_code=201)
async def create_endpoint(
    body: CreateEndpointBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Add an endpoint (admins and managers). Its secret is in this answer and in no other."""
    answer = await parts.of(request).webhooks.CreateEndpoint(
        pb.CreateEndpointRequest(
            request_id=idempotency_key,
            url=body.url,
            description=body.description,
            events=list(dict.fromkeys(body.events)),
        )
    )
    return reply(answer, 201, {"Location": f"/api/webhooks/{answer.endpoint.id}"})


@router.get("", response_model=Endpoints)
async def list_endpoints(which: PageParameters, request: Request) -> Response:
    """The endpoints, oldest first (admins and managers)."""
    answer = await parts.of(request).webhooks.ListEndpoints(
        pb.ListEndpointsRequest(page=PageRequest(page_size=which.page_size, page_token=which.page_token))
    )
    return reply(page(answer.endpoints, answer.page_info.next_page_token))


@router.get("/{endpoint_id}", response_model=Endpoint)
async def get_endpoint(endpoint_id: EndpointId, request: Request) -> Response:
    """One endpoint (admins and managers)."""
    answer = await parts.of(request).webhooks.GetEndpoint(
        pb.GetEndpointRequest(endpoint_id=_known(endpoint_id))
    )
    return reply(answer.endpoint)


@router.patch("/{endpoint_id}", response_model=Endpoint)
async def update_endpoint(
    endpoint_id: EndpointId, body: UpdateEndpointBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Change an endpoint (admins and managers). Disabling it cancels what waits for it."""
    statuses = words.numbers(pb.EndpointStatus.DESCRIPTOR)
    status = statuses[body.status] if body.status else pb.ENDPOINT_STATUS_UNSPECIFIED
    answer = await parts.of(request).webhooks.UpdateEndpoint(
        pb.UpdateEndpointRequest(
            request_id=idempotency_key,
            endpoint_id=_known(endpoint_id),
            url=body.url,
            description=body.description,
            events=list(dict.fromkeys(body.events or ())),
            status=status,
        )
    )
    return reply(answer.endpoint)


@router.delete("/{endpoint_id}", status_code=204)
async def delete_endpoint(
    endpoint_id: EndpointId, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Remove an endpoint and its deliveries (admins and managers). It gets nothing more."""
    await parts.of(request).webhooks.DeleteEndpoint(
        pb.DeleteEndpointRequest(request_id=idempotency_key, endpoint_id=_known(endpoint_id))
    )
    return Response(status_code=204)


@router.post("/{endpoint_id}/rotate-secret", response_model=EndpointWithSecret)
async def rotate_secret(
    endpoint_id: EndpointId, body: RotateBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Replace the secret (admins and managers). Messages carry a signature of each secret while both are good."""
    answer = await parts.of(request).webhooks.RotateSecret(
        pb.RotateSecretRequest(
            request_id=idempotency_key, endpoint_id=_known(endpoint_id), overlap_hours=body.overlap_hours
        )
    )
    return reply(answer)


@router.post("/{endpoint_id}/ping", response_model=Delivery, status_code=202)
async def ping(endpoint_id: EndpointId, request: Request, idempotency_key: IdempotencyKey = "") -> Response:
    """Send a test message, of the event `ping` (admins and managers)."""
    answer = await parts.of(request).webhooks.SendPing(
        pb.SendPingRequest(request_id=idempotency_key, endpoint_id=_known(endpoint_id))
    )
    return reply(answer.delivery, 202)


@router.get("/{endpoint_id}/deliveries", response_model=DeliveriesPage)
async def list_deliveries(endpoint_id: EndpointId, which: DeliveryParameters, request: Request) -> Response:
    """What was sent to an endpoint or waits to be, newest first (admins and managers)."""
    statuses = words.numbers(pb.DeliveryStatus.DESCRIPTOR)
    answer = await parts.of(request).webhooks.ListDeliveries(
        pb.ListDeliveriesRequest(
            page=PageRequest(page_size=which.page_size, page_token=which.page_token),
            endpoint_id=_known(endpoint_id),
            statuses=[statuses[word] for word in which.status],
        )
    )
    return reply(page(answer.deliveries, answer.page_info.next_page_token))


@router.post("/{endpoint_id}/deliveries/{delivery_id}/replay", response_model=Delivery, status_code=202)
async def replay_delivery(
    endpoint_id: EndpointId, delivery_id: DeliveryId, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Send a delivery again, under the id it had (admins and managers)."""
    if not is_id(delivery_id):
        raise NotFound("DELIVERY_NOT_FOUND", "There is no such delivery. Deliveries are kept for 30 days.")
    answer = await parts.of(request).webhooks.ReplayDelivery(
        pb.ReplayDeliveryRequest(
            request_id=idempotency_key, endpoint_id=_known(endpoint_id), delivery_id=delivery_id
        )
    )
    return reply(answer.delivery, 202)


@router.post("/{endpoint_id}/replay", response_model=Replayed, status_code=202)
async def replay_deliveries(
    endpoint_id: EndpointId, body: ReplayBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Send again what the endpoint did not get since a time, or all of it (admins and managers)."""
    answer = await parts.of(request).webhooks.ReplayDeliveries(
        pb.ReplayDeliveriesRequest(
            request_id=idempotency_key,
            endpoint_id=_known(endpoint_id),
            since=_stamp(body.since),
            include_delivered=body.include_delivered,
        )
    )
    return reply({"deliveries": answer.deliveries}, 202)


def _known(endpoint_id: str) -> str:
    if not is_id(endpoint_id):
        raise NotFound("ENDPOINT_NOT_FOUND", "There is no such endpoint. It may have been deleted.")
    return endpoint_id


def _stamp(time: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(time if time.tzinfo else time.replace(tzinfo=UTC))
    return stamp
