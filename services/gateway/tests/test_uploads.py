"""Uploads: the form that is sent on, and what happens to those that are wrong."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq_core.errors import InvalidInput
from automateiq_core.testing import eventually
from automateiq_gateway import multipart, uploads
from automateiq_gateway.entry import HTTP_SECONDS
from automateiq_gateway.schemas.documents import UploadedDocument

from services.gateway.tests.conftest import problem
from services.gateway.tests.test_multipart import BOUNDARY, Part, body_of, pieces_of

PDF = b"%PDF-1.7\n%%EOF\n"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}


async def messages(*parts: Part) -> list[pb.UploadDocumentRequest]:
    form = multipart.events(pieces_of(body_of(list(parts)), []), BOUNDARY)
    return [message async for message in uploads.messages(form, "key")]


async def test_the_header_goes_first() -> None:
    header, chunk = await messages(
        ("type", None, b"invoice"),
        ("tags", None, b"a, b,,a"),
        ("tags", None, b"c"),
        ("metadata", None, b'{"costCentre": "12"}'),
        ("file", "x.pdf", PDF),
    )
    assert header.header == pb.UploadHeader(
        request_id="key",
        original_name="x.pdf",
        type=pb.DOCUMENT_TYPE_INVOICE,
        tags=["a", "b", "c"],
        metadata={"costCentre": "12"},
    )
    assert chunk.chunk == PDF


async def test_long_files_go_in_pieces() -> None:
    content = bytes(range(256)) * 5000
    _, *chunks = await messages(("file", "x.pdf", content))
    assert b"".join(message.chunk for message in chunks) == content
    assert 1 < len(chunks) < 10
    assert all(len(message.chunk) <= 1 << 20 for message in chunks)


async def test_an_empty_file_is_for_documents_to_judge() -> None:
    (header,) = await messages(("file", "x.pdf", b""))
    assert header.header.original_name == "x.pdf"


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ([("tags", None, b"a")], "file"),
        ([("file", None, PDF)], "file"),
        ([("file", "", PDF)], "file"),
        ([("file", "a.pdf", PDF), ("file", "b.pdf", PDF)], "file"),
        ([("file", "a.pdf", PDF), ("type", None, b"invoice")], "type"),
        ([("tag", None, b"a"), ("file", "a.pdf", PDF)], "tag"),
        ([("type", None, b"bill"), ("file", "a.pdf", PDF)], "type"),
        ([("metadata", None, b"{"), ("file", "a.pdf", PDF)], "metadata"),
        ([("metadata", None, b"[" * 50_000), ("file", "a.pdf", PDF)], "metadata"),
        ([("metadata", None, b"[1]"), ("file", "a.pdf", PDF)], "metadata"),
        ([("metadata", None, b'{"a": 1}'), ("file", "a.pdf", PDF)], "metadata"),
        ([("metadata", None, b'{"a": "\\ud800"}'), ("file", "a.pdf", PDF)], "metadata"),
        ([("metadata", None, b'{"\\ud800": "a"}'), ("file", "a.pdf", PDF)], "metadata"),
        ([("tags", None, b"\xff"), ("file", "a.pdf", PDF)], "tags"),
        ([("tags", None, b"x" * 100_000), ("file", "a.pdf", PDF)], "tags"),
    ],
)
async def test_a_form_that_is_wrong(parts: list[Part], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        await messages(*parts)
    assert error.value.reason == "VALIDATION_FAILED"
    assert [rule.field for rule in error.value.violations] == [field]


async def documents_of(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    return list((await client.get("/api/documents")).json()["items"])


async def test_an_upload_over_http(admin: Any) -> None:
    client = admin.client
    form = {"type": "receipt", "tags": ["a", "b"], "metadata": json.dumps({"k": "v"})}
    files = {"file": ("Rechnung März.pdf", PDF, "image/png")}
    reply = await client.post("/api/documents/upload", data=form, files=files)
    assert reply.status_code == 201, reply.text
    body = reply.json()
    UploadedDocument.model_validate(body)
    assert body["originalName"] == "Rechnung März.pdf"
    assert (body["mimetype"], body["type"], body["tags"]) == ("application/pdf", "receipt", ["a", "b"])
    assert (body["metadata"], body["duplicate"], body["size"]) == ({"k": "v"}, False, len(PDF))
    assert body["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert reply.headers["location"] == f"/api/documents/{body['id']}"
    again = await client.post("/api/documents/upload", files=files)
    assert (again.status_code, again.json()["duplicate"], again.json()["id"]) == (200, True, body["id"])
    assert len(await documents_of(client)) == 1


async def test_uploads_that_are_refused_store_nothing(admin: Any) -> None:
    client = admin.client

    async def post(**form: Any) -> httpx.Response:
        return await client.post("/api/documents/upload", **form)

    problem(await post(json={}), 415, "UNSUPPORTED_MEDIA_TYPE")
    problem(await post(), 415, "UNSUPPORTED_MEDIA_TYPE")
    problem(await post(files={"file": ("a.pdf", b"")}), 400, "FILE_EMPTY")
    problem(await post(files={"file": ("a.pdf", b"just some text")}), 415, "UNSUPPORTED_TYPE")
    problem(await post(files={"document": ("a.pdf", PDF)}), 422, "VALIDATION_FAILED")
    problem(await post(files={"file": ("x" * 300 + ".pdf", PDF)}), 422, "VALIDATION_FAILED")
    whole = body_of([("file", "a.pdf", PDF * 10_000)])
    problem(await post(content=whole[:-30], headers=FORM), 400, "MULTIPART_INVALID")
    late = body_of([("file", "a.pdf", PDF), ("tags", None, b"late")])
    found = problem(await post(content=late, headers=FORM), 422, "VALIDATION_FAILED")
    assert found["errors"] == [{"field": "tags", "detail": "put the field `tags` before the field `file`"}]
    assert await documents_of(client) == []


def head_of(admin: Any, path: str, content_type: str, length: int) -> bytes:
    """A request's head, for those who send its body as they like."""
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: gateway",
        f"Authorization: {admin.client.headers['authorization']}",
        f"Content-Type: {content_type}",
        f"Content-Length: {length}",
        "Connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode()


def address_of(url: str) -> tuple[str, int]:
    host, port = url.removeprefix("http://").split(":")
    return host, int(port)


def gone() -> float:
    """How many uploads were left by their client."""
    labels = {"method": "POST", "route": "/api/documents/upload", "status": "499"}
    (metric,) = HTTP_SECONDS.collect()
    return sum(one.value for one in metric.samples if one.name.endswith("_count") and one.labels == labels)


async def test_a_client_that_leaves_stores_nothing(admin: Any, gateway: str) -> None:
    whole = body_of([("file", "a.pdf", PDF * 1000)])
    before = gone()
    _, writer = await asyncio.open_connection(*address_of(gateway))
    writer.write(head_of(admin, "/api/documents/upload", FORM["Content-Type"], len(whole)) + whole[:-100])
    await writer.drain()
    writer.close()
    await eventually(lambda: gone() == before + 1)
    assert await documents_of(admin.client) == []
    await admin.upload()


@pytest.fixture
async def narrow(
    services: dict[str, str], start_gateway: Any, admin: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway that takes small bodies only."""
    async with (
        start_gateway(**services, max_body_bytes=1000, max_upload_bytes=200_000) as url,
        httpx.AsyncClient(base_url=url, headers=admin.client.headers, timeout=30) as client,
    ):
        yield client


async def test_bodies_that_are_too_long(narrow: httpx.AsyncClient) -> None:
    async def endless(total: int) -> AsyncIterator[bytes]:
        yield body_of([("file", "a.pdf", PDF)]).removesuffix(b"\r\n--" + BOUNDARY + b"--\r\n")
        for _ in range(total // 10_000):
            yield b"x" * 10_000

    files = {"file": ("a.pdf", PDF + b"x" * 5_000_000)}
    problem(await narrow.post("/api/documents/upload", files=files), 413, "PAYLOAD_TOO_LARGE")
    chunked = await narrow.post("/api/documents/upload", content=endless(5_000_000), headers=FORM)
    problem(chunked, 413, "PAYLOAD_TOO_LARGE")
    long = {"email": "a@b.example", "password": "x" * 2000}
    problem(await narrow.post("/api/auth/login", json=long), 413, "PAYLOAD_TOO_LARGE")

    async def chunks() -> AsyncIterator[bytes]:
        yield json.dumps(long).encode()

    json_type = {"Content-Type": "application/json"}
    reply = await narrow.post("/api/auth/login", content=chunks(), headers=json_type)
    problem(reply, 413, "PAYLOAD_TOO_LARGE")
    assert await documents_of(narrow) == []
    fitting = await narrow.post("/api/documents/upload", files={"file": ("a.pdf", PDF + b"x" * 190_000)})
    assert fitting.status_code == 201, fitting.text


async def test_bodies_that_do_not_come(services: dict[str, str], start_gateway: Any, admin: Any) -> None:
    late = {"default_deadline_seconds": 0.3, "upload_deadline_seconds": 0.3}
    form = body_of([("file", "a.pdf", PDF)])

    async def begin(url: str, path: str, content_type: str, body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(*address_of(url))
        writer.write(head_of(admin, path, content_type, len(body)) + body[:-5])
        async with asyncio.timeout(10):
            reply = await reader.readuntil(b"}")
        writer.close()
        return reply

    async with start_gateway(**services, **late) as url:
        reply = await begin(url, "/api/documents/upload", FORM["Content-Type"], form)
        assert reply.startswith((b"HTTP/1.1 408 ", b"HTTP/1.1 504 "))
        reply = await begin(url, "/api/documents/process", "application/json", b'{"documentId": "x"}')
        assert reply.startswith(b"HTTP/1.1 408 ")
        assert b'"reason":"REQUEST_TIMEOUT"' in reply
    assert await documents_of(admin.client) == []


async def test_a_refusal_reaches_those_who_are_still_sending(admin: Any, anybody: httpx.AsyncClient) -> None:
    big = {"file": ("a.txt", b"plain text " * 2_000_000)}
    problem(await anybody.post("/api/documents/upload", files=big), 401, "SIGN_IN_REQUIRED")
    problem(await admin.client.post("/api/documents/upload", files=big), 415, "UNSUPPORTED_TYPE")
    # The connection is as good as before.
    assert (await admin.client.get("/api/auth/me")).status_code == 200


async def test_the_same_key_uploads_once(admin: Any) -> None:
    keyed = {"Idempotency-Key": "upload-1"}
    replies = [
        await admin.client.post("/api/documents/upload", files={"file": ("a.pdf", PDF)}, headers=keyed)
        for _ in range(2)
    ]
    assert len({reply.json()["id"] for reply in replies}) == 1
    other = {"file": ("b.pdf", b"%PDF-1.7 another\n%%EOF")}
    reused = await admin.client.post("/api/documents/upload", files=other, headers=keyed)
    problem(reused, 422, "IDEMPOTENCY_KEY_REUSED")
