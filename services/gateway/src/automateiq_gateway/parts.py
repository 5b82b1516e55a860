"""What the gateway is made of while it serves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from automateiq.billing.v1 import credits_pb2
from automateiq.billing.v1.credits_pb2_grpc import CreditsServiceStub
from automateiq.documents.v1 import (
    assembly_pb2,
    batches_pb2,
    documents_pb2,
    duplicates_pb2,
    exports_pb2,
    review_pb2,
    rules_pb2,
    views_pb2,
    webhooks_pb2,
)
from automateiq.documents.v1.assembly_pb2_grpc import AssemblyServiceStub
from automateiq.documents.v1.batches_pb2_grpc import BatchesServiceStub
from automateiq.documents.v1.documents_pb2_grpc import DocumentsServiceStub
from automateiq.documents.v1.duplicates_pb2_grpc import DuplicatesServiceStub
from automateiq.documents.v1.exports_pb2_grpc import ExportsServiceStub
from automateiq.documents.v1.review_pb2_grpc import ReviewServiceStub
from automateiq.documents.v1.rules_pb2_grpc import RulesServiceStub
from automateiq.documents.v1.views_pb2_grpc import ViewsServiceStub
from automateiq.documents.v1.webhooks_pb2_grpc import WebhooksServiceStub
from automateiq.identity.v1 import accounts_pb2, sessions_pb2
from automateiq.identity.v1.accounts_pb2_grpc import AccountsServiceStub
from automateiq.identity.v1.sessions_pb2_grpc import SessionsServiceStub
from automateiq_core.internal_token import TokenSigner
from automateiq_core.rpc_client import Peer
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from starlette.requests import Request
from starlette.types import Scope

from automateiq_gateway.admission import Admission
from automateiq_gateway.authentication import Authenticator, SigningKeys
from automateiq_gateway.places import Places
from automateiq_gateway.readiness import Readiness
from automateiq_gateway.replies import dumps, to_plain
from automateiq_gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from automateiq.billing.v1.credits_pb2_grpc import CreditsServiceAsyncStub
    from automateiq.documents.v1.assembly_pb2_grpc import AssemblyServiceAsyncStub
    from automateiq.documents.v1.batches_pb2_grpc import BatchesServiceAsyncStub
    from automateiq.documents.v1.documents_pb2_grpc import DocumentsServiceAsyncStub
    from automateiq.documents.v1.duplicates_pb2_grpc import DuplicatesServiceAsyncStub
    from automateiq.documents.v1.exports_pb2_grpc import ExportsServiceAsyncStub
    from automateiq.documents.v1.review_pb2_grpc import ReviewServiceAsyncStub
    from automateiq.documents.v1.rules_pb2_grpc import RulesServiceAsyncStub
    from automateiq.documents.v1.views_pb2_grpc import ViewsServiceAsyncStub
    from automateiq.documents.v1.webhooks_pb2_grpc import WebhooksServiceAsyncStub
    from automateiq.identity.v1.accounts_pb2_grpc import AccountsServiceAsyncStub
    from automateiq.identity.v1.sessions_pb2_grpc import SessionsServiceAsyncStub

CALLER = "gateway"
_REDIS_CONNECTIONS = 256
# Some 8,000 words, 40 ms of work: more would hold up all other requests.
_LONG_ANSWER_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Parts:
    """The services behind the gateway, and what stands before them. `stopping` is set when the process shall end."""

    settings: GatewaySettings
    accounts: "AccountsServiceAsyncStub"
    sessions: "SessionsServiceAsyncStub"
    documents: "DocumentsServiceAsyncStub"
    views: "ViewsServiceAsyncStub"
    assembly: "AssemblyServiceAsyncStub"
    batches: "BatchesServiceAsyncStub"
    duplicates: "DuplicatesServiceAsyncStub"
    webhooks: "WebhooksServiceAsyncStub"
    rules: "RulesServiceAsyncStub"
    exports: "ExportsServiceAsyncStub"
    document_json: Callable[[str], Awaitable[bytes]]
    reviews: "ReviewServiceAsyncStub"
    credits: "CreditsServiceAsyncStub"
    authenticator: Authenticator
    admission: Admission
    uploads: Places
    streams: Places
    readiness: Readiness
    origins: frozenset[str]
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


def of(request: Request) -> Parts:
    """The parts, for a handler."""
    return in_scope(request.scope)


def in_scope(scope: Scope) -> Parts:
    """The parts, for what stands before the handlers."""
    return cast(Parts, scope["app"].state.parts)


@asynccontextmanager
async def open_parts(settings: GatewaySettings) -> AsyncIterator[Parts]:
    """Opens the parts and closes them again. Nothing is called yet: what is down may come up later."""
    signer = TokenSigner.from_file(CALLER, settings.internal_private_key_file)
    deadline = settings.default_deadline_seconds
    identity = Peer(
        "identity",
        settings.identity_target,
        (accounts_pb2, sessions_pb2),
        signer,
        default_deadline_seconds=deadline,
    )
    documents = Peer(
        "documents",
        settings.documents_target,
        (
            documents_pb2,
            assembly_pb2,
            batches_pb2,
            duplicates_pb2,
            exports_pb2,
            review_pb2,
            rules_pb2,
            views_pb2,
            webhooks_pb2,
        ),
        signer,
        default_deadline_seconds=deadline,
    )
    billing = Peer(
        "billing", settings.billing_target, (credits_pb2,), signer, default_deadline_seconds=deadline
    )
    redis: Redis = Redis.from_url(
        settings.redis_url,
        max_connections=_REDIS_CONNECTIONS,
        socket_timeout=settings.redis_timeout_seconds,
        socket_connect_timeout=settings.redis_timeout_seconds,
        # Once more at once: a connection that Redis closed while it was idle is opened anew.
        retry=Retry(NoBackoff(), 1),
    )
    sessions = SessionsServiceStub(identity.channel)
    # One thread: several would take the interpreter from the event loop all the time.
    apart = ThreadPoolExecutor(1, thread_name_prefix="long-json")
    readiness = Readiness(
        redis,
        {
            "identity": settings.identity_target,
            "documents": settings.documents_target,
            "billing": settings.billing_target,
        },
    )
    try:
        yield Parts(
            settings=settings,
            accounts=AccountsServiceStub(identity.channel),
            sessions=sessions,
            documents=DocumentsServiceStub(documents.channel),
            views=ViewsServiceStub(documents.channel),
            assembly=AssemblyServiceStub(documents.channel),
            batches=BatchesServiceStub(documents.channel),
            duplicates=DuplicatesServiceStub(documents.channel),
            webhooks=WebhooksServiceStub(documents.channel),
            rules=RulesServiceStub(documents.channel),
            exports=ExportsServiceStub(documents.channel),
            document_json=_document_json(documents, apart),
            reviews=ReviewServiceStub(documents.channel),
            credits=CreditsServiceStub(billing.channel),
            authenticator=Authenticator(SigningKeys(sessions)),
            admission=Admission(redis, settings),
            uploads=Places(settings.uploads_at_once),
            streams=Places(settings.streams_at_once),
            readiness=readiness,
            origins=frozenset(settings.cors_origins),
        )
    finally:
        apart.shutdown(wait=False, cancel_futures=True)
        await readiness.close()
        for peer in (identity, documents, billing):
            await peer.close()
        await redis.aclose()


def _document_json(documents: Peer, apart: ThreadPoolExecutor) -> Callable[[str], Awaitable[bytes]]:
    """Gets a document as JSON.

    A long one is made beside the event loop, one at a time, so that it takes from nobody but those who want long ones.
    """
    # The answer is left as it came: parsing a long one is half of the work that belongs beside the loop.
    get = documents.unary_unary(
        "/automateiq.documents.v1.DocumentsService/GetDocument",
        request_serializer=documents_pb2.GetDocumentRequest.SerializeToString,
        response_deserializer=None,
    )

    def make(answer: bytes) -> bytes:
        return dumps(to_plain(documents_pb2.GetDocumentResponse.FromString(answer).document))

    async def document_json(document_id: str) -> bytes:
        answer: bytes = await get(documents_pb2.GetDocumentRequest(document_id=document_id))
        if len(answer) <= _LONG_ANSWER_BYTES:
            return make(answer)
        return await asyncio.get_running_loop().run_in_executor(apart, make, answer)

    return document_json
