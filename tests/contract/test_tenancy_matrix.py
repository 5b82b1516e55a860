"""Every RPC, called as organization B with organization A's ids, answers NOT_FOUND.

The matrix is made from the protos. A new RPC is covered by itself where its request names things by ids that are
known here, or fails the test until somebody says how to fill its request.
"""

import asyncio
import hashlib
import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from automateiq.billing.v1 import credits_pb2
from automateiq.documents.v1 import (
    assembly_pb2,
    documents_pb2,
    exports_pb2,
    review_pb2,
    rules_pb2,
    webhooks_pb2,
)
from automateiq.identity.v1 import accounts_pb2
from automateiq.ocr.v1 import recognition_pb2, rendering_pb2
from automateiq_core import permissions
from automateiq_core.context import CallContext, Role
from automateiq_core.errors import NotFound
from automateiq_core.internal_token import TokenSigner
from automateiq_core.mongo import ObjectId
from automateiq_core.permissions import METHODS, Permission
from automateiq_core.rpc_client import Peer
from automateiq_core.testing import calling
from automateiq_local.fleet import Fleet
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from tests.business import Business

ROOT = Path(__file__).resolve().parents[2]
PROTOS = ROOT / "protos" / "src"
SAMPLE = (ROOT / "samples" / "documents" / "invoice-gb-thistlewick.pdf").read_bytes()
SERVICE_OF_DOMAIN = {"identity": "identity", "documents": "documents", "ocr": "ocr", "billing": "billing"}


def methods() -> Iterator[MethodDescriptor]:
    for stub in sorted((PROTOS / "automateiq").rglob("*_pb2.py")):
        module = importlib.import_module(".".join(stub.relative_to(PROTOS).with_suffix("").parts))
        for service in module.DESCRIPTOR.services_by_name.values():
            yield from service.methods


def path_of(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


def ids_of(method: MethodDescriptor) -> list[str]:
    """The fields of the request that name a thing of a tenant."""
    return [
        name
        for name in method.input_type.fields_by_name
        if name.endswith(("_id", "_ids")) and name != "request_id"
    ]


def _file(kind: Any) -> list[Message]:
    header = recognition_pb2.FileHeader(
        mimetype="application/pdf", size=len(SAMPLE), sha256=hashlib.sha256(SAMPLE).hexdigest()
    )
    return [kind(header=header), kind(chunk=SAMPLE)]


def _page_wanted() -> list[Message]:
    (first, chunk) = _file(recognition_pb2.InspectDocumentRequest)
    header = rendering_pb2.RenderPageHeader(file=first.header, page=1, width=100)  # type: ignore[attr-defined]
    return [
        rendering_pb2.RenderPageRequest(header=header),
        rendering_pb2.RenderPageRequest(chunk=chunk.chunk),  # type: ignore[attr-defined]
    ]


def _pdf_wanted() -> list[Message]:
    (first, chunk) = _file(recognition_pb2.InspectDocumentRequest)
    header = rendering_pb2.MakeSearchablePdfHeader(file=first.header)  # type: ignore[attr-defined]
    return [
        rendering_pb2.MakeSearchablePdfRequest(header=header),
        rendering_pb2.MakeSearchablePdfRequest(chunk=chunk.chunk),  # type: ignore[attr-defined]
    ]


_WORK = credits_pb2.Work(kind=credits_pb2.WORK_KIND_OCR, units=1)

_RULE = rules_pb2.RuleDraft(
    name="of b",
    match=rules_pb2.RULE_MATCH_ALL,
    conditions=[
        rules_pb2.Condition(
            field=rules_pb2.CONDITION_FIELD_VENDOR,
            operator=rules_pb2.CONDITION_OPERATOR_IS,
            values=["nobody"],
        )
    ],
    actions=[rules_pb2.Action(kind=rules_pb2.ACTION_KIND_ADD_TAG, value="b")],
)
# What a request needs beside the ids it names.
MORE: dict[str, dict[str, Any]] = {
    "UpdateRule": {"version": 1, "draft": _RULE},
    "SplitDocument": {"parts": [assembly_pb2.PartPages(pages=[1])]},
}

# How to fill the requests that name nothing of a tenant: what comes back must hold nothing of A's.
REQUESTS: dict[str, Callable[[], Message | list[Message]]] = {
    "UploadDocument": lambda: [
        documents_pb2.UploadDocumentRequest(header=documents_pb2.UploadHeader(original_name="b.pdf")),
        documents_pb2.UploadDocumentRequest(chunk=SAMPLE),
    ],
    "ListDocuments": documents_pb2.ListDocumentsRequest,
    "ExportDocuments": lambda: exports_pb2.ExportDocumentsRequest(format=exports_pb2.BOOKS_FORMAT_JSON),
    "CreateRule": lambda: rules_pb2.CreateRuleRequest(draft=_RULE),
    "ListRules": rules_pb2.ListRulesRequest,
    # B has no rules: all of them is none.
    "OrderRules": rules_pb2.OrderRulesRequest,
    "CreateEndpoint": lambda: webhooks_pb2.CreateEndpointRequest(
        url="https://b.example/", events=["document.processed"]
    ),
    "ListEndpoints": webhooks_pb2.ListEndpointsRequest,
    "ListReviews": lambda: review_pb2.ListReviewsRequest(
        filter=review_pb2.ReviewFilter(states=documents_pb2.ReviewState.values()[1:])
    ),
    "CountReviews": review_pb2.CountReviewsRequest,
    "ListVendorMemories": review_pb2.ListVendorMemoriesRequest,
    "GetReviewSettings": review_pb2.GetReviewSettingsRequest,
    "UpdateReviewSettings": lambda: review_pb2.UpdateReviewSettingsRequest(
        settings=review_pb2.ReviewSettings(threshold=0.9)
    ),
    "InspectDocument": lambda: _file(recognition_pb2.InspectDocumentRequest),
    "RecognizeDocument": lambda: _file(recognition_pb2.RecognizeDocumentRequest),
    "RenderPage": _page_wanted,
    "MakeSearchablePdf": _pdf_wanted,
    "QuoteCredits": lambda: credits_pb2.QuoteCreditsRequest(work=_WORK),
    # The key of A's own hold: it must make a hold of B's.
    "ReserveCredits": lambda: credits_pb2.ReserveCreditsRequest(key="matrix", work=_WORK),
    "GetBalance": credits_pb2.GetBalanceRequest,
    "ListTransactions": credits_pb2.ListTransactionsRequest,
    "GetMe": accounts_pb2.GetMeRequest,
    "InviteMember": lambda: accounts_pb2.InviteMemberRequest(
        email="b@example.com", role=accounts_pb2.ROLE_STAFF
    ),
    "Logout": lambda: GetMessageClass(_method("Logout").input_type)(),
}


def _method(name: str) -> MethodDescriptor:
    return next(method for method in methods() if method.name == name)


TENANTS_METHODS = [m for m in methods() if METHODS[path_of(m)].permission is not Permission.PUBLIC]
NAMING = [m for m in TENANTS_METHODS if ids_of(m)]
PLAIN = [m for m in TENANTS_METHODS if not ids_of(m)]


class Caller:
    """Calls the fleet's services as one organization, as the service that may call the method."""

    def __init__(self, fleet: Fleet, organization_id: str, user_id: str) -> None:
        self._fleet = fleet
        self.organization_id, self.user_id = organization_id, user_id
        self._peers: list[Peer] = []

    async def call(self, method: MethodDescriptor, request: Message | list[Message]) -> list[Message]:
        """Every message of the answer."""
        rule = METHODS[path_of(method)]
        caller = sorted(rule.callers)[0]
        service = SERVICE_OF_DOMAIN[method.containing_service.full_name.split(".")[1]]
        signer = TokenSigner.from_file(caller, self._fleet.data_dir.keys / "internal" / f"{caller}.pem")
        module = importlib.import_module(
            method.containing_service.file.name.removesuffix(".proto").replace("/", ".") + "_pb2"
        )
        peer = Peer(service, self._fleet.target(service), [module], signer, default_deadline_seconds=60)
        self._peers.append(peer)
        with calling(
            caller=caller, role=Role.ADMIN, organization_id=self.organization_id, user_id=self.user_id
        ) as me:
            permissions.require(path_of(method), CallContext(caller, Role.ADMIN, me.organization_id))
            return await self._send(peer, method, request)

    async def _send(
        self, peer: Peer, method: MethodDescriptor, request: Message | list[Message]
    ) -> list[Message]:
        shape = f"{_arity(method.client_streaming)}_{_arity(method.server_streaming)}"
        send = getattr(peer, shape)(
            path_of(method),
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        outgoing: Any = _stream(request) if isinstance(request, list) else request
        if method.server_streaming:
            return [message async for message in send(outgoing)]
        return [await send(outgoing)]

    async def close(self) -> None:
        for peer in self._peers:
            await peer.close()


def _arity(streaming: bool) -> str:
    return "stream" if streaming else "unary"


async def _stream(messages: list[Message]) -> AsyncIterator[Message]:
    for message in messages:
        yield message


@pytest.fixture(scope="module")
def things_of_a(fleet: Fleet) -> dict[str, str]:
    """Real things of organization A, by the name of the field that names them."""
    import httpx

    with httpx.Client(base_url=fleet.gateway_url, timeout=60) as client:
        a = Business.register(client, f"a-{ObjectId()}@example.com")
        document = a.upload(SAMPLE, "secret-of-a.pdf")
        a.process(document["id"])
        assert a.ended(document["id"])["status"] == "processed"
        many = {"documentIds": [document["id"]]}
        batch = client.post("/api/documents/process", json=many).json()
        hook = {"url": "https://secret-of-a.example/", "events": ["document.processed"]}
        endpoint = client.post("/api/webhooks", json=hook).json()["endpoint"]
        rule = {
            "name": "secret-of-a",
            "conditions": [{"field": "vendor", "operator": "contains", "values": ["thistle"]}],
            "actions": [{"kind": "add_tag", "value": "seen"}],
        }
        rule_id = client.post("/api/rules", json=rule).json()["id"]
        delivery = client.post(f"/api/webhooks/{endpoint['id']}/ping").json()
        review = f"/api/documents/{document['id']}/review"
        said = {
            "version": client.get(review).json()["version"],
            "corrections": [{"field": "vendor", "value": "secret-of-a"}],
        }
        correction = client.post(f"{review}/corrections", json=said).json()["corrections"][0]
        (memory,) = client.get("/api/review/vendors").json()["items"]

    async def hold() -> str:
        caller = Caller(fleet, a.organization_id, a.user_id)
        (answer,) = await caller.call(_method("ReserveCredits"), REQUESTS["ReserveCredits"]())
        await caller.close()
        assert isinstance(answer, credits_pb2.ReserveCreditsResponse)
        return answer.hold.id

    return {
        "document_id": document["id"],
        "batch_id": batch["id"],
        "other_document_id": document["id"],
        "endpoint_id": endpoint["id"],
        "rule_id": rule_id,
        "delivery_id": delivery["id"],
        "memory_id": memory["id"],
        "correction_id": correction["id"],
        "hold_id": asyncio.run(hold()),
        "organization_id": a.organization_id,
        "user_id": a.user_id,
    }


@pytest.fixture
async def b(fleet: Fleet, business: Callable[[], Business]) -> AsyncIterator[Caller]:
    """A stranger: the admin of another business, which has nothing."""
    stranger = business()
    caller = Caller(fleet, stranger.organization_id, stranger.user_id)
    yield caller
    await caller.close()


def _named(things: dict[str, str], name: str) -> Any:
    if name.endswith("_ids"):
        return [things[name.removesuffix("s")], str(ObjectId())]
    return things[name]


@pytest.mark.fleet
@pytest.mark.parametrize("method", NAMING, ids=lambda method: method.name)
async def test_anothers_ids_name_nothing(
    things_of_a: dict[str, str], b: Caller, method: MethodDescriptor
) -> None:
    ids = {name: _named(things_of_a, name) for name in ids_of(method)}
    request = GetMessageClass(method.input_type)(**ids, **MORE.get(method.name, {}))
    with pytest.raises(NotFound):
        await b.call(method, request)


@pytest.mark.fleet
@pytest.mark.parametrize("method", PLAIN, ids=lambda method: method.name)
async def test_what_names_nothing_shows_nothing_of_anothers(
    things_of_a: dict[str, str], b: Caller, method: MethodDescriptor
) -> None:
    answers = await b.call(method, REQUESTS[method.name]())
    assert answers
    shown = "\n".join(str(answer) for answer in answers)
    assert not [thing for thing in (*things_of_a.values(), "secret-of-a") if thing in shown]
    assert "from_cache: true" not in shown


@pytest.mark.fleet
@pytest.mark.parametrize("method", TENANTS_METHODS, ids=lambda method: method.name)
async def test_without_a_token_every_service_refuses(fleet: Fleet, method: MethodDescriptor) -> None:
    service = SERVICE_OF_DOMAIN[method.containing_service.full_name.split(".")[1]]
    async with grpc.aio.insecure_channel(fleet.target(service)) as channel:
        shape = f"{_arity(method.client_streaming)}_{_arity(method.server_streaming)}"
        send = getattr(channel, shape)(path_of(method), request_serializer=lambda _message: b"")
        running = send(_stream([GetMessageClass(method.input_type)()]) if method.client_streaming else None)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            if method.server_streaming:
                await running.read()
            else:
                await running
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
