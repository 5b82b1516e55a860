"""Documents over HTTP: find, read, download, watch, delete; and nobody else's."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq_gateway import sse
from automateiq_gateway.downloads import attachment
from automateiq_gateway.schemas.documents import Documents

from services.gateway.tests.conftest import problem

PDF = b"%PDF-1.7\n%%EOF\n"


async def test_listings(admin: Any) -> None:
    client = admin.client
    for name, tags, kind in (("a.pdf", "x", "invoice"), ("b.pdf", "x,y", "receipt"), ("c.pdf", "", "")):
        files = {"file": (name, PDF + name.encode())}
        form = {name: value for name, value in {"tags": tags, "type": kind}.items() if value}
        assert (await client.post("/api/documents/upload", data=form, files=files)).status_code == 201

    async def names(**query: Any) -> list[str]:
        reply = await client.get("/api/documents", params={"sort": "name_asc", **query})
        assert reply.status_code == 200, reply.text
        Documents.model_validate(reply.json())
        return [item["originalName"] for item in reply.json()["items"]]

    now = datetime.now(UTC)
    assert await names() == ["a.pdf", "b.pdf", "c.pdf"]
    assert await names(sort="name_desc") == ["c.pdf", "b.pdf", "a.pdf"]
    assert await names(type="invoice") == ["a.pdf"]
    assert await names(type=["invoice", "receipt"]) == ["a.pdf", "b.pdf"]
    assert await names(tag=["x", "y"]) == ["b.pdf"]
    assert await names(status="processed") == []
    assert await names(createdFrom=(now - timedelta(hours=1)).isoformat()) == ["a.pdf", "b.pdf", "c.pdf"]
    assert await names(createdFrom="2999-01-01") == []
    assert await names(createdBefore="2020-01-01T00:00:00") == []

    first = (await client.get("/api/documents", params={"pageSize": 2, "sort": "name_asc"})).json()
    assert len(first["items"]) == 2
    token = first["nextPageToken"]
    rest = (
        await client.get("/api/documents", params={"pageSize": 2, "sort": "name_asc", "pageToken": token})
    ).json()
    assert [item["originalName"] for item in rest["items"]] == ["c.pdf"]
    assert rest["nextPageToken"] is None
    bad = await client.get("/api/documents", params={"pageToken": "nonsense"})
    problem(bad, 400, "PAGE_TOKEN_INVALID")
    for query in (
        {"pageSize": 0},
        {"pageSize": 101},
        {"status": "lost"},
        {"sort": "x"},
        {"stauts": "failed"},
    ):
        problem(await client.get("/api/documents", params=query), 422, "VALIDATION_FAILED")
    for query in ({"createdFrom": "yesterday"}, {"createdFrom": "99999-01-01"}, {"tag": ""}):
        problem(await client.get("/api/documents", params=query), 422, "VALIDATION_FAILED")


async def test_nobody_else_sees_it(admin: Any, register: Any) -> None:
    document = await admin.upload()
    stranger = (await register()).client
    path = f"/api/documents/{document['id']}"
    for method, suffix in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/file"),
        ("GET", "/events"),
        ("GET", "/pages/1/image"),
        ("GET", "/export"),
        ("POST", "/cancel"),
    ):
        problem(await stranger.request(method, path + suffix), 404, "DOCUMENT_NOT_FOUND")
    asked = await stranger.post("/api/documents/process", json={"documentId": document["id"]})
    problem(asked, 404, "DOCUMENT_NOT_FOUND")
    assert (await stranger.get("/api/documents")).json()["items"] == []
    assert (await admin.client.get(path)).status_code == 200


async def test_the_file_comes_back_as_it_was(admin: Any) -> None:
    content = PDF + bytes(range(256)) * 8000
    document = await admin.upload(content, "Überweisung 7.pdf")
    reply = await admin.client.get(f"/api/documents/{document['id']}/file")
    assert reply.content == content
    assert reply.headers["content-type"] == "application/pdf"
    assert int(reply.headers["content-length"]) == len(content)
    assert reply.headers["content-disposition"].startswith("attachment; ")
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in reply.headers["content-security-policy"]
    assert reply.headers.get_list("content-security-policy") == ["default-src 'none'; sandbox"]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.pdf", "attachment; filename=\"a.pdf\"; filename*=UTF-8''a.pdf"),
        ("é 1.pdf", "attachment; filename=\"_ 1.pdf\"; filename*=UTF-8''%C3%A9%201.pdf"),
        (
            'a"b\r\nX: y.pdf',
            "attachment; filename=\"a_b__X: y.pdf\"; filename*=UTF-8''a%22b%0D%0AX%3A%20y.pdf",
        ),
    ],
)
def test_names_of_downloads(name: str, header: str) -> None:
    assert attachment(name) == header


def change(status: int, **processing: Any) -> pb.WatchDocumentResponse:
    return pb.WatchDocumentResponse(
        status=pb.DocumentStatus.Name(status),  # type: ignore[arg-type]
        processing=pb.Processing(job_id="65f0c0ffee65f0c0ffee65f6", **processing),
    )


async def test_the_last_word_is_told_once() -> None:
    sent: list[bytes] = []

    async def send(message: Any) -> None:
        sent.append(message["body"])

    events = sse._Events(send)
    await events.tell(change(pb.DOCUMENT_STATUS_PROCESSING))
    await events.tell(change(pb.DOCUMENT_STATUS_PROCESSED))
    await events.beat()
    await events.tell(change(pb.DOCUMENT_STATUS_PROCESSED, credits_charged=2))
    await events.end()
    told = b"".join(sent)
    assert told.count(b"event: progress\n") == 1
    assert told.count(b"event: processed\n") == 1
    assert b'"creditsCharged":2' in told
    assert told.count(b"retry: 2000\n") == 1
    assert told.startswith(b"retry: 2000\nevent: ")


def test_events_are_named_by_the_state() -> None:
    assert sse.frame(change(pb.DOCUMENT_STATUS_PROCESSING)).startswith(b"event: progress\ndata: {")
    processed = sse.frame(change(pb.DOCUMENT_STATUS_PROCESSED, pages_done=2))
    assert processed.startswith(b"id: 65f0c0ffee65f0c0ffee65f6-3\nevent: processed\ndata: {")
    assert processed.endswith(b"}\n\n")
    assert b"event: failed\n" in sse.frame(change(pb.DOCUMENT_STATUS_FAILED))
