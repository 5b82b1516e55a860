"""Webhooks over gRPC: what callers may do, what they are told, and how a reading reaches a receiver."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from automateiq.documents.v1 import webhooks_pb2 as pb
from automateiq.documents.v1.webhooks_pb2_grpc import WebhooksServiceStub
from automateiq_core.context import Role
from automateiq_core.errors import FailedPrecondition, InvalidInput, PermissionDenied
from automateiq_core.testing import calling
from automateiq_documents.webhooks.models import MAX_ENDPOINTS

from tests.receiver import certificate, receiving

URL = "https://partner.example/hooks"
EVENTS = ["document.processed", "document.failed"]


def webhooks_of(bench: Any) -> Any:
    return WebhooksServiceStub(bench.channel)


async def create(bench: Any, url: str = URL, **more: Any) -> Any:
    return await webhooks_of(bench).CreateEndpoint(pb.CreateEndpointRequest(url=url, events=EVENTS, **more))


async def test_a_secret_is_shown_once_and_a_repeated_call_makes_one_endpoint(bench: Any) -> None:
    with calling():
        first, again = [await create(bench, request_id="k1") for _ in range(2)]
        assert first.secret.startswith("whsec_")
        assert (again.endpoint.id, again.secret) == (first.endpoint.id, first.secret)
        (listed,) = (await webhooks_of(bench).ListEndpoints(pb.ListEndpointsRequest())).endpoints
        shown = await webhooks_of(bench).GetEndpoint(pb.GetEndpointRequest(endpoint_id=listed.id))
        rotation = pb.RotateSecretRequest(request_id="k2", endpoint_id=listed.id, overlap_hours=1)
        rotated, repeated = [await webhooks_of(bench).RotateSecret(rotation) for _ in range(2)]
    assert shown.endpoint == listed == first.endpoint
    assert first.secret not in str(listed)
    assert rotated.secret == repeated.secret != first.secret
    assert rotated.endpoint.HasField("old_secret_until")


async def test_bad_endpoints_are_refused_and_change_nothing(bench: Any) -> None:
    stub = webhooks_of(bench)
    with calling():
        for url in ("http://partner.example/", "https://10.0.0.1/", "https://localhost/", "partner"):
            with pytest.raises(InvalidInput) as refused:
                await create(bench, url)
            assert refused.value.violations[0].field == "url"
        for request in (
            pb.CreateEndpointRequest(url=URL),
            pb.CreateEndpointRequest(url=URL, events=["document.deleted"]),
            pb.CreateEndpointRequest(url=URL, events=["rule.matched"]),
            pb.CreateEndpointRequest(url=URL, events=EVENTS, description="x" * 201),
        ):
            with pytest.raises(InvalidInput):
                await stub.CreateEndpoint(request)
        created = (await create(bench)).endpoint
        with pytest.raises(InvalidInput):
            await stub.UpdateEndpoint(pb.UpdateEndpointRequest(endpoint_id=created.id, url="https://[::1]/"))
        with pytest.raises(InvalidInput):
            await stub.RotateSecret(pb.RotateSecretRequest(endpoint_id=created.id, overlap_hours=169))
        (listed,) = (await stub.ListEndpoints(pb.ListEndpointsRequest())).endpoints
    assert listed == created


async def test_an_organization_has_a_bounded_number_of_endpoints(bench: Any) -> None:
    with calling():
        for number in range(MAX_ENDPOINTS):
            await create(bench, f"{URL}/{number}")
        with pytest.raises(FailedPrecondition) as refused:
            await create(bench)
    assert refused.value.reason == "TOO_MANY_ENDPOINTS"


async def test_an_endpoint_is_changed_in_part_disabled_and_enabled(bench: Any) -> None:
    stub = webhooks_of(bench)
    with calling():
        created = (await create(bench, description="Books")).endpoint

        async def update(**change: Any) -> Any:
            request = pb.UpdateEndpointRequest(endpoint_id=created.id, **change)
            return (await stub.UpdateEndpoint(request)).endpoint

        renamed = await update(description="")
        assert (renamed.description, renamed.url, list(renamed.events)) == ("", URL, EVENTS)
        disabled = await update(status=pb.ENDPOINT_STATUS_DISABLED)
        assert (disabled.status, disabled.disabled_reason) == (pb.ENDPOINT_STATUS_DISABLED, "user")
        assert disabled.notice
        with pytest.raises(FailedPrecondition):
            await stub.SendPing(pb.SendPingRequest(endpoint_id=created.id))
        enabled = await update(status=pb.ENDPOINT_STATUS_ACTIVE, events=["document.failed"])
    assert (enabled.notice, enabled.disabled_reason, list(enabled.events)) == ("", "", ["document.failed"])


async def test_staff_may_not_see_or_change_endpoints(bench: Any) -> None:
    with calling(role=Role.STAFF), pytest.raises(PermissionDenied):
        await create(bench)
    with calling(role=Role.STAFF), pytest.raises(PermissionDenied):
        await webhooks_of(bench).ListEndpoints(pb.ListEndpointsRequest())
    with calling(role=Role.MANAGER):
        assert (await create(bench)).secret


async def test_a_reading_reaches_a_receiver_over_tls(
    open_bench: Any, billing_target: str, ocr_target: str, pdf: Callable[..., bytes], tmp_path: Path
) -> None:
    files = certificate(tmp_path, "localhost")
    bench = await open_bench(
        billing_target=billing_target,
        ocr_target=ocr_target,
        webhook_local_targets=True,
        webhook_ca_file=files[0],
    )
    with receiving(tls=files) as receiver, calling() as call:
        made = await create(bench, receiver.url)
        document_id = await bench.uploaded(pdf("Invoice 4711", "Total 12.00"), tags=["november"])
        await bench.process(document_id)
        await bench.work()
        ping = await webhooks_of(bench).SendPing(pb.SendPingRequest(endpoint_id=made.endpoint.id))
        await bench.work()
        request = pb.ListDeliveriesRequest(endpoint_id=made.endpoint.id)
        newest, oldest = (await webhooks_of(bench).ListDeliveries(request)).deliveries
    assert receiver.events() == ["document.processed", "ping"]
    told = receiver.received[0].verified(made.secret)
    assert (told["version"], told["type"]) == (1, "document.processed")
    data = told["data"]
    assert (data["documentId"], data["organizationId"]) == (document_id, call.organization_id)
    assert (data["status"], data["tags"], data["pageCount"]) == ("processed", ["november"], 2)
    assert set(data) <= {
        *("documentId", "organizationId", "status", "documentType", "tags", "pageCount", "jobId"),
        *("confidence", "fields", "reviewState"),
    }
    assert len(receiver.received[0].body) < 4096
    assert newest.id == ping.delivery.id
    assert (newest.status, newest.attempts) == (pb.DELIVERY_STATUS_DELIVERED, 1)
    assert (oldest.status_code, oldest.error, oldest.document_id) == (204, "", document_id)
    assert oldest.payload.encode() == receiver.received[0].body


async def test_a_failed_reading_is_told_with_its_reason(
    open_bench: Any, billing_target: str, ocr_target: str, pdf: Callable[..., bytes]
) -> None:
    bench = await open_bench(billing_target=billing_target, ocr_target=ocr_target, webhook_local_targets=True)
    with receiving() as receiver, calling():
        made = await create(bench, receiver.url)
        document_id = await bench.uploaded(pdf("Invoice 4711"))
        await bench.process(document_id)
        # The file is lost, so no attempt can read it.
        await bench.mongo.across_tenants("files.chunks", why="the test breaks a file").delete_many({})
        await bench.work()
    (got,) = receiver.received
    told = got.verified(made.secret)
    assert told["type"] == "document.failed"
    assert told["data"]["status"] == "failed"
    assert told["data"]["failure"]["reason"]
