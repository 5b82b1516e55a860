"""What one client or one organization can not take from all others."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from automateiq_core.testing import eventually
from automateiq_gateway.places import Places

from services.gateway.tests.conftest import Register, StartGateway, problem

_PIECE = b"x" * (64 << 10)


async def refused_after(url: str, head: bytes, piece: bytes) -> int:
    """Sends the head and then the piece until the gateway breaks the connection; gives how many bytes it took."""
    port = httpx.URL(url).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = 0
    try:
        writer.write(head)
        while sent < 64 << 20:
            writer.write(piece)
            await writer.drain()
            sent += len(piece)
    except ConnectionError:
        pass
    finally:
        writer.close()
    del reader
    return sent


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"GET /", _PIECE),
        (b"GET / HTTP/1.1\r\nX: ", _PIECE),
        (b"GET / HTTP/1.1\r\n", b"X: %b\r\n" % _PIECE),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;", _PIECE),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", _PIECE),
    ],
    ids=["line", "one-header", "many-headers", "chunk-extension", "trailer"],
)
async def test_headers_without_an_end_are_not_collected(alone: Any, head: bytes, piece: bytes) -> None:
    # What the kernels hold between the two is taken as well.
    assert await refused_after(f"{alone.base_url}", head, piece) < 16 << 20
    assert (await alone.get("/health/live")).status_code == 200


async def test_long_bodies_pass(alone: httpx.AsyncClient) -> None:
    reply = await alone.post("/api/auth/login", content=b"x" * (1 << 20), headers={"X": "y" * 30_000})
    problem(reply, 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_flood_of_unknown_members_is_one_error(alone: httpx.AsyncClient) -> None:
    flood = {f"{number:x}": 1 for number in range(80_000)}
    refused = problem(await alone.post("/api/auth/login", json=flood), 422, "VALIDATION_FAILED")
    assert len(refused["errors"]) == 1
    few = problem(await alone.post("/api/auth/login", json={"a": 1}), 422, "VALIDATION_FAILED")
    assert {rule["field"] for rule in few["errors"]} == {"email", "password", "a"}


async def test_a_flood_in_the_query_is_one_error(admin: Any) -> None:
    flood = "&".join(f"{number:x}=1" for number in range(1000))
    for path in ("/api/documents", "/api/billing/ledger", "/api/billing/quote"):
        refused = problem(await admin.client.get(f"{path}?{flood}"), 422, "VALIDATION_FAILED")
        assert len(refused["errors"]) == 1


def test_each_organization_has_its_own_places() -> None:
    places = Places(1)
    with places.taken("a"):
        with pytest.raises(Exception, match="TOO_MANY_AT_ONCE"), places.taken("a"):
            pass
        with places.taken("b"):
            pass
    with places.taken("a"):
        pass


async def test_streams_of_an_organization_are_counted_while_they_last(
    services: dict[str, str], start_gateway: StartGateway, register: Register
) -> None:
    member, stranger = await register(), await register()
    mine, theirs = await member.upload(), await stranger.upload()
    async with start_gateway(**services, streams_at_once=2) as url, AsyncExitStack() as open_streams:

        def asked(who: Any, document: dict[str, Any]) -> Any:
            return who.client.stream("GET", f"{url}/api/documents/{document['id']}/events")

        for _ in range(2):
            stream = await open_streams.enter_async_context(asked(member, mine))
            assert stream.status_code == 200
        refused = await member.client.get(f"{url}/api/documents/{mine['id']}/events")
        problem(refused, 429, "TOO_MANY_AT_ONCE")
        assert refused.headers["retry-after"] == "5"
        async with asked(stranger, theirs) as other:
            assert other.status_code == 200
        await open_streams.aclose()

        async def welcome_again() -> bool:
            async with asked(member, mine) as again:
                return bool(again.status_code == 200)

        await eventually(welcome_again)


async def test_uploads_of_an_organization_are_counted_while_they_last(
    services: dict[str, str], start_gateway: StartGateway, register: Register
) -> None:
    member = await register()
    async with start_gateway(**services, uploads_at_once=1) as url:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def slowly() -> Any:
            yield b'--B\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n'
            begun.set()
            await go_on.wait()
            yield b"%%EOF\n\r\n--B--\r\n"

        form = {"Content-Type": "multipart/form-data; boundary=B"}
        address = f"{url}/api/documents/upload"
        slow = asyncio.create_task(member.client.post(address, content=slowly(), headers=form))
        await begun.wait()

        async def refused() -> bool:
            reply = await member.client.post(address, files={"file": ("b.pdf", b"%PDF-1.7\n%%EOF\n")})
            return bool(reply.status_code == 429 and reply.json()["reason"] == "TOO_MANY_AT_ONCE")

        await eventually(refused)
        go_on.set()
        assert (await slow).status_code in (200, 201)
