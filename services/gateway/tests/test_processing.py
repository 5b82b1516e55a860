"""Documents that are read and watched, and what that costs, with the real ai-ocr behind documents."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from automateiq_core.testing import RunningService, eventually
from automateiq_gateway.schemas.billing import Credits, Ledger, Quote
from automateiq_gateway.schemas.documents import Document, Progress
from automateiq_ocr.main import SERVICE as OCR
from httpx_sse import ServerSentEvent, aconnect_sse

from services.gateway.tests.conftest import problem


@pytest.fixture
async def ocr_target(running_service: RunningService) -> AsyncIterator[str]:
    """Documents has to look into a file before its reading can be queued."""
    async with running_service(OCR, ocr_workers=1) as target:
        yield target


async def test_a_documents_life(admin: Any) -> None:
    client = admin.client
    document = await admin.upload()
    path = f"/api/documents/{document['id']}"
    read = (await client.get(path)).json()
    Document.model_validate(read)
    assert {**read, "duplicate": False} == document

    queued = await client.post("/api/documents/process", json={"documentId": document["id"]})
    assert queued.status_code == 202, queued.text
    Document.model_validate(queued.json())
    assert queued.json()["status"] == "processing"
    assert queued.json()["processing"]["stage"] == "queued"

    stopped = await client.post(f"{path}/cancel")
    assert stopped.status_code == 200, stopped.text
    Document.model_validate(stopped.json())
    problem(await client.post(f"{path}/cancel"), 409, "NOT_PROCESSING")

    deleted = await client.delete(path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    for method, gone in (("GET", path), ("GET", f"{path}/file"), ("GET", f"{path}/events"), ("DELETE", path)):
        problem(await client.request(method, gone), 404, "DOCUMENT_NOT_FOUND")


async def test_events_tell_of_each_change(admin: Any) -> None:
    client = admin.client
    document = await admin.upload()
    path = f"/api/documents/{document['id']}"
    await client.post("/api/documents/process", json={"documentId": document["id"]})
    seen: list[ServerSentEvent] = []

    async def watch() -> None:
        async with aconnect_sse(client, "GET", f"{path}/events") as source:
            assert source.response.headers["content-type"].startswith("text/event-stream")
            assert source.response.headers["x-accel-buffering"] == "no"
            async for event in source.aiter_sse():
                seen.append(event)  # noqa: PERF401

    watching = asyncio.create_task(watch())
    await eventually(lambda: bool(seen))
    assert (await client.post(f"{path}/cancel")).status_code == 200
    async with asyncio.timeout(15):
        await watching
    statuses = [Progress.model_validate(event.json()).status for event in seen]
    assert statuses[0] == "processing"
    assert statuses[-1] != "processing"
    assert seen[0].event == "progress"
    assert seen[0].retry == 2000


async def test_a_stream_is_kept_alive_and_ends_with_its_session(
    services: dict[str, str], start_gateway: Any, admin: Any
) -> None:
    document = await admin.upload()
    await admin.client.post("/api/documents/process", json={"documentId": document["id"]})
    lines: list[str] = []

    async with (
        start_gateway(**services, heartbeat_seconds=0.2) as url,
        httpx.AsyncClient(base_url=url, headers=admin.client.headers, timeout=30) as client,
    ):

        async def watch() -> None:
            async with client.stream("GET", f"/api/documents/{document['id']}/events") as reply:
                async for line in reply.aiter_lines():
                    lines.append(line)  # noqa: PERF401

        watching = asyncio.create_task(watch())
        await eventually(lambda: lines.count(": still here") >= 2)
        await admin.client.post("/api/auth/logout")
        async with asyncio.timeout(10):
            await watching


async def test_a_stopping_gateway_lets_its_streams_go(
    services: dict[str, str], start_gateway: Any, admin: Any
) -> None:
    document = await admin.upload()
    await admin.client.post("/api/documents/process", json={"documentId": document["id"]})
    began = asyncio.Event()

    async with httpx.AsyncClient(headers=admin.client.headers, timeout=30) as client:

        async def watch(url: str) -> None:
            async with client.stream("GET", f"{url}/api/documents/{document['id']}/events") as reply:
                async for _ in reply.aiter_lines():
                    began.set()

        async with start_gateway(**services) as url:
            watching = asyncio.create_task(watch(url))
            await began.wait()
            leaving = asyncio.get_running_loop().time()
        await watching
        assert asyncio.get_running_loop().time() - leaving < 5


async def test_credits(admin: Any) -> None:
    client: httpx.AsyncClient = admin.client
    balance = (await client.get("/api/billing/credits")).json()
    Credits.model_validate(balance)
    assert balance["plan"] == "starter"
    assert balance["available"] == balance["monthlyGrant"] > 0

    quote = (await client.get("/api/billing/quote", params={"kind": "ocr", "units": 3})).json()
    Quote.model_validate(quote)
    assert quote["credits"] >= 2

    document = await admin.upload()
    queued = await client.post("/api/documents/process", json={"documentId": document["id"]})
    price = queued.json()["processing"]["creditsQuoted"]
    after = (await client.get("/api/billing/credits")).json()
    assert (after["held"], after["available"]) == (price, balance["available"] - price)

    ledger = (await client.get("/api/billing/ledger", params={"pageSize": 1})).json()
    Ledger.model_validate(ledger)
    assert ledger["items"][0]["kind"] == "hold"
    assert sum(entry["credits"] for entry in ledger["items"][0]["entries"]) == 0
    older = (await client.get("/api/billing/ledger", params={"pageToken": ledger["nextPageToken"]})).json()
    assert [item["kind"] for item in older["items"]] == ["grant"]
    assert older["nextPageToken"] is None


async def test_questions_that_make_no_sense(admin: Any) -> None:
    for query in ({}, {"kind": "magic"}, {"kind": "ocr", "units": 0}, {"kind": "ocr", "units": "many"}):
        problem(await admin.client.get("/api/billing/quote", params=query), 422, "VALIDATION_FAILED")
