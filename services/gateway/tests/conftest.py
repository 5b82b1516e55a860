"""The gateway on a free port, in front of real identity, documents and billing."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from automateiq_billing.main import SERVICE as BILLING
from automateiq_core.testing import RunningService, write_key_pair
from automateiq_documents.main import SERVICE as DOCUMENTS
from automateiq_gateway.main import serve
from automateiq_gateway.settings import GatewaySettings
from automateiq_identity.main import SERVICE as IDENTITY
from reportlab.pdfgen.canvas import Canvas

PASSWORD = "correct horse battery staple"
# Nothing listens here: a port of the discard protocol's.
NOWHERE = "127.0.0.1:9"

StartGateway = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture
def start_gateway(redis_url: str, internal_keys: Path) -> StartGateway:
    """Serves a gateway until the block ends; gives its URL."""

    @asynccontextmanager
    async def start(**overrides: Any) -> AsyncIterator[str]:
        settings = GatewaySettings(
            **{
                "listen": "127.0.0.1:0",
                "metrics_listen": "127.0.0.1:0",
                "REDIS_URL": redis_url,
                "internal_private_key_file": internal_keys / "gateway.pem",
                "internal_public_keys_dir": internal_keys / "public",
                "health_red_seconds": 0,
                "identity_target": NOWHERE,
                "documents_target": NOWHERE,
                "billing_target": NOWHERE,
                **overrides,
            }
        )
        listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        stopping = asyncio.Event()
        serving = asyncio.create_task(serve(settings, stopping=stopping, on_listening=listening.set_result))
        try:
            await asyncio.wait({serving, listening}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                await serving
            yield f"http://127.0.0.1:{listening.result()}"
        finally:
            stopping.set()
            await serving

    return start


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def drawn(text: str = "Invoice 4711 of Larch & Vole") -> bytes:
    """A PDF of one page with a line of text."""
    made = BytesIO()
    canvas = Canvas(made, invariant=True)
    canvas.drawString(72, 720, text)
    canvas.save()
    return made.getvalue()


PDF = drawn()


@pytest.fixture
def ocr_target() -> str:
    """Where documents finds ai-ocr: nowhere, which is enough to store files. Tests that read override it."""
    return NOWHERE


@pytest.fixture
async def services(
    running_service: RunningService, tmp_path: Path, ocr_target: str
) -> AsyncIterator[dict[str, str]]:
    """Real services, as settings of a gateway."""
    write_key_pair(tmp_path, "access")
    async with AsyncExitStack() as running:
        billing = await running.enter_async_context(running_service(BILLING))
        yield {
            "billing_target": billing,
            "identity_target": await running.enter_async_context(
                running_service(IDENTITY, access_token_key_file=tmp_path / "access.pem")
            ),
            "documents_target": await running.enter_async_context(
                running_service(DOCUMENTS, billing_target=billing, ocr_target=ocr_target)
            ),
        }


@pytest.fixture
async def gateway(services: dict[str, str], start_gateway: StartGateway) -> AsyncIterator[str]:
    """The URL of a gateway in front of real services."""
    async with start_gateway(**services) as url:
        yield url


@pytest.fixture
async def anybody(gateway: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client that has not signed in."""
    async with httpx.AsyncClient(base_url=gateway, timeout=30) as client:
        yield client


@pytest.fixture
async def alone(start_gateway: StartGateway) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a gateway without services, for what needs none."""
    async with start_gateway() as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
        yield client


@dataclass
class Member:
    """Somebody who has signed in with bearer tokens."""

    client: httpx.AsyncClient
    email: str
    organization_id: str
    tokens: dict[str, str]

    async def upload(self, content: bytes = PDF, name: str = "invoice.pdf") -> dict[str, Any]:
        """Uploads a file and gives the document."""
        reply = await self.client.post("/api/documents/upload", files={"file": (name, content)})
        assert reply.status_code == 201, reply.text
        return dict(reply.json())


Register = Callable[[], Awaitable[Member]]


def registration(email: str) -> dict[str, str]:
    return {
        "email": email,
        "password": PASSWORD,
        "firstName": "Ada",
        "lastName": "Owner",
        "organizationName": "Bakery",
    }


@pytest.fixture
async def register(gateway: str) -> AsyncIterator[Register]:
    """Registers a new organization; its admin's client carries the bearer token."""
    clients: list[httpx.AsyncClient] = []

    async def make() -> Member:
        client = httpx.AsyncClient(base_url=gateway, timeout=30)
        clients.append(client)
        email = f"{secrets.token_hex(6)}@example.com"
        reply = await client.post(
            "/api/auth/register", json=registration(email), headers={"X-Auth-Mode": "bearer"}
        )
        assert reply.status_code == 201, reply.text
        body = reply.json()
        client.headers["Authorization"] = f"Bearer {body['tokens']['accessToken']}"
        return Member(client, email, body["organization"]["id"], body["tokens"])

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
async def admin(register: Register) -> Member:
    """The admin of a new organization."""
    return await register()


def problem(reply: httpx.Response, status: int, reason: str) -> dict[str, Any]:
    """The problem in the reply; anything else fails the test."""
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = reply.json()
    assert body["reason"] == reason, body
    assert body["status"] == status
    assert body["requestId"] == reply.headers["x-request-id"]
    assert body["instance"] == reply.request.url.path
    return body
