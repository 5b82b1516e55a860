"""Upload, list, search, get, download, delete: over gRPC, on real MongoDB."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq_core.context import Role
from automateiq_core.errors import Internal, InvalidInput, NotFound, PermissionDenied, Unavailable
from automateiq_core.mongo import ObjectId
from automateiq_core.testing import calling
from moto.server import ThreadedMotoServer

Pdf = Callable[..., bytes]


async def downloaded(bench: Any, document_id: str) -> tuple[Any, bytes]:
    header, content = None, b""
    async for message in bench.documents.DownloadDocument(
        pb.DownloadDocumentRequest(document_id=document_id)
    ):
        if message.HasField("header"):
            header = message.header
        else:
            assert len(message.chunk) <= 1 << 20
            content += message.chunk
    return header, content


async def assert_nothing_kept(bench: Any) -> None:
    for name in ("documents", "files.files", "files.chunks", "loose_blobs"):
        assert await bench.rows(name) == [], name


# Upload


async def test_an_upload_is_stored_and_comes_back_as_it_was(bench: Any, pdf: Pdf) -> None:
    content = pdf("one", "two")
    with calling() as me:
        answer = await bench.upload(
            content,
            "../Rechnung\u202e 7.pdf",
            type=pb.DOCUMENT_TYPE_INVOICE,
            tags=["march", "paid"],
            metadata={"language": "xx", "cost-centre": "12"},
        )
        document = answer.document
        header, back = await downloaded(bench, document.id)
    assert not answer.duplicate
    assert back == content
    assert (header.filename, header.mimetype, header.size) == (
        "Rechnung 7.pdf",
        "application/pdf",
        len(content),
    )
    assert header.sha256 == document.sha256
    assert document.original_name == "../Rechnung\u202e 7.pdf"
    assert document.organization_id == me.organization_id
    assert document.uploaded_by == me.user_id
    assert document.path == f"/api/documents/{document.id}/file"
    assert document.status == pb.DOCUMENT_STATUS_UPLOADED
    assert document.type == pb.DOCUMENT_TYPE_INVOICE
    assert list(document.tags) == ["march", "paid"]
    assert dict(document.metadata) == {"language": "xx", "cost-centre": "12"}
    assert document.page_count == 0
    assert not document.HasField("ocr_result")
    assert not document.HasField("processing")
    with calling(organization_id=me.organization_id):
        assert await bench.get(document.id) == document
    assert await bench.rows("loose_blobs") == []


async def test_the_rows_keep_the_products_names(bench: Any, pdf: Pdf) -> None:
    with calling():
        await bench.upload(pdf())
    (row,) = await bench.rows("documents")
    assert set(row) >= {
        *("_id", "organizationId", "uploadedBy", "filename", "originalName", "mimetype", "size", "path"),
        *("type", "status", "ocrResult", "metadata", "tags", "createdAt", "updatedAt"),
        *("pageCount", "sha256", "processing", "failure", "schemaVersion"),
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "FILE_EMPTY"),
        (b"This is text, whatever its name says.", "UNSUPPORTED_TYPE"),
        (b"text " * 100_000, "UNSUPPORTED_TYPE"),
    ],
)
async def test_what_can_not_be_read_is_refused_and_not_kept(bench: Any, content: bytes, reason: str) -> None:
    with calling(), pytest.raises(InvalidInput) as refused:
        await bench.upload(content, "invoice.pdf")
    assert refused.value.reason == reason
    await assert_nothing_kept(bench)


async def test_a_file_over_the_limit_is_refused_in_every_case(open_bench: Any, pdf: Pdf) -> None:
    bench = await open_bench(max_upload_bytes=2 << 20)

    async def too_large() -> AsyncIterator[pb.UploadDocumentRequest]:
        yield pb.UploadDocumentRequest(header=pb.UploadHeader(original_name="big.pdf"))
        yield pb.UploadDocumentRequest(chunk=pdf())
        for _ in range(10):
            yield pb.UploadDocumentRequest(chunk=b"0" * (1 << 20))

    with calling():
        # In pieces this large every second client misses a refusal that does not wait for it.
        for _ in range(20):
            with pytest.raises(InvalidInput) as refused:
                await bench.documents.UploadDocument(too_large())
            assert refused.value.reason == "FILE_TOO_LARGE"
            assert "2 MiB" in refused.value.message
    await assert_nothing_kept(bench)


async def test_an_upload_without_end_is_cut_off(open_bench: Any, pdf: Pdf) -> None:
    bench = await open_bench(max_upload_bytes=2 << 20)
    sent = 0

    async def endless() -> AsyncIterator[pb.UploadDocumentRequest]:
        nonlocal sent
        yield pb.UploadDocumentRequest(header=pb.UploadHeader(original_name="big.pdf"))
        yield pb.UploadDocumentRequest(chunk=pdf())
        while True:
            sent += 1 << 20
            yield pb.UploadDocumentRequest(chunk=b"0" * (1 << 20))

    with calling(), pytest.raises((InvalidInput, Internal)):
        await bench.documents.UploadDocument(endless())
    assert sent < 200 << 20
    await assert_nothing_kept(bench)


async def test_a_file_of_exactly_the_limit_is_taken(open_bench: Any, pdf: Pdf) -> None:
    content = pdf()
    bench = await open_bench(max_upload_bytes=len(content))
    with calling():
        await bench.upload(content)
        with pytest.raises(InvalidInput):
            await bench.upload(content + b"\n")


async def test_a_stream_has_one_header_at_its_beginning(bench: Any, pdf: Pdf) -> None:
    header = pb.UploadDocumentRequest(header=pb.UploadHeader(original_name="a.pdf"))
    chunk = pb.UploadDocumentRequest(chunk=pdf())

    async def sent(*parts: pb.UploadDocumentRequest) -> AsyncIterator[pb.UploadDocumentRequest]:
        for part in parts:
            yield part

    for parts, reason in (
        ((chunk,), "UPLOAD_HEADER_MISSING"),
        ((), "UPLOAD_HEADER_MISSING"),
        ((header, chunk, header), "UPLOAD_HEADER_REPEATED"),
    ):
        with calling(), pytest.raises(InvalidInput) as refused:
            await bench.documents.UploadDocument(sent(*parts))
        assert refused.value.reason == reason
    await assert_nothing_kept(bench)


async def test_a_broken_header_names_its_fields(bench: Any, pdf: Pdf) -> None:
    with calling(), pytest.raises(InvalidInput) as refused:
        await bench.upload(pdf(), "", metadata={"a.b": "x"})
    assert refused.value.reason == "VALIDATION_FAILED"
    await assert_nothing_kept(bench)


async def test_an_upload_needs_no_reader_but_reading_does(bench: Any, pdf: Pdf) -> None:
    with calling():
        answer = await bench.upload(pdf())
        assert answer.document.page_count == 0
        with pytest.raises(Unavailable):
            await bench.process(answer.document.id)
        assert (await bench.get(answer.document.id)).status == pb.DOCUMENT_STATUS_UPLOADED
        assert await bench.balance() == (500, 0)


async def test_text_with_odd_signs_breaks_nothing(bench: Any, pdf: Pdf) -> None:
    odd = "a\x00b\x07\u2028\ufffe😀.pdf"
    with calling():
        document = (await bench.upload(pdf(), odd, tags=["\x00", "$where"], metadata={"k": "\x00v"})).document
        assert document.original_name == odd
        assert document.filename == "ab\u2028😀.pdf"
        assert dict((await bench.get(document.id)).metadata) == {"k": "\x00v"}


# The same content, the same key


async def test_the_same_content_is_the_same_document(bench: Any, pdf: Pdf) -> None:
    with calling():
        first = await bench.upload(pdf(), "first.pdf")
        again = await bench.upload(pdf(), "again.pdf")
        assert again.duplicate
        assert again.document == first.document
    with calling():
        # Another organization knows nothing of it.
        other = await bench.upload(pdf(), "other.pdf")
    assert not other.duplicate
    assert other.document.id != first.document.id


async def test_identical_uploads_at_once_make_one_document_and_one_file(bench: Any, pdf: Pdf) -> None:
    content = pdf("race") + b"%" * 3_000_000
    with calling():
        answers = await asyncio.gather(*(bench.upload(content, f"{n}.pdf") for n in range(8)))
    assert len({answer.document.id for answer in answers}) == 1
    assert sum(not answer.duplicate for answer in answers) == 1
    assert len(await bench.rows("documents")) == 1
    assert len(await bench.rows("files.files")) == 1
    assert {row["files_id"] for row in await bench.rows("files.chunks")} == {
        row["_id"] for row in await bench.rows("files.files")
    }
    assert await bench.rows("loose_blobs") == []


async def test_a_repeated_upload_gives_the_same_answer(bench: Any, pdf: Pdf) -> None:
    with calling():
        first = await bench.upload(pdf("a"), request_id="key-1")
        again = await bench.upload(pdf("a"), request_id="key-1")
        assert again == first
        at_once = await asyncio.gather(*(bench.upload(pdf("b"), request_id="key-2") for _ in range(5)))
        assert len({answer.document.id for answer in at_once}) == 1
        assert not any(answer.duplicate for answer in at_once)
        with pytest.raises(InvalidInput) as refused:
            await bench.upload(pdf("c"), request_id="key-1")
        assert refused.value.reason == "IDEMPOTENCY_KEY_REUSED"
    assert len(await bench.rows("documents")) == 2
    assert len(await bench.rows("files.files")) == 2
    with calling():
        # A key belongs to its user.
        other = await bench.upload(pdf("c"), request_id="key-1")
    assert other.document.id != first.document.id


async def test_a_crash_between_file_and_row_leaves_what_the_sweep_finds(bench: Any, pdf: Pdf) -> None:
    loose = bench.mongo.across_tenants("loose_blobs", why="the test ages what it finds")
    with calling():
        kept = await bench.uploaded(pdf("kept"))
        crashed = await bench.uploaded(pdf("crashed"))
        # As a crash leaves it: the file, the note, and no row.
        (row,) = [row for row in await bench.rows("documents") if str(row["_id"]) == crashed]
        documents = bench.mongo.across_tenants("documents", why="the test undoes an insert")
        await documents.delete_one({"_id": row["_id"]})
        await loose.insert_one(
            {
                "_id": ObjectId(row["blobKey"]),
                "organizationId": row["organizationId"],
                "createdAt": _ago(30),
            }
        )
        await bench.worker.tasks.run_periodic("documents.remove_loose_blobs")
        assert len(await bench.rows("files.files")) == 2, "an upload may still be under way"
        await loose.update_one({}, {"$set": {"createdAt": _ago(61)}})
        await bench.worker.tasks.run_periodic("documents.remove_loose_blobs")
        assert len(await bench.rows("files.files")) == 1
        assert await bench.rows("loose_blobs") == []
        assert (await downloaded(bench, kept))[1] == pdf("kept")
        # The same content may come again.
        assert not (await bench.upload(pdf("crashed"))).duplicate


def _ago(minutes: int) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


# Others' documents, and deleted ones


async def test_a_document_of_another_organization_is_not_there(bench: Any, pdf: Pdf) -> None:
    with calling():
        theirs = await bench.uploaded(pdf())
    with calling():
        for call in (bench.get, bench.process, bench.cancel, bench.delete):
            with pytest.raises(NotFound) as refused:
                await call(theirs)
            assert refused.value.reason == "DOCUMENT_NOT_FOUND"
        with pytest.raises(NotFound):
            await downloaded(bench, theirs)
        with pytest.raises(NotFound):
            async for _ in bench.documents.WatchDocument(pb.WatchDocumentRequest(document_id=theirs)):
                pass
    assert len(await bench.rows("documents")) == 1


async def test_delete_leaves_nothing(bench: Any, pdf: Pdf) -> None:
    with calling():
        document = await bench.uploaded(pdf())
        await bench.read_as(document, "text", "vendor")
        await bench.delete(document)
        with pytest.raises(NotFound):
            await bench.get(document)
        with pytest.raises(NotFound):
            await bench.delete(document)
        await assert_nothing_kept(bench)
        assert await bench.rows("document_words") == []
        assert not (await bench.upload(pdf())).duplicate


async def test_staff_may_upload_and_not_delete(bench: Any, pdf: Pdf) -> None:
    with calling(role=Role.STAFF):
        document = await bench.uploaded(pdf())
        with pytest.raises(PermissionDenied):
            await bench.delete(document)


async def test_a_file_of_many_pieces_travels_whole_through_s3(
    open_bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket="files")
        bench = await open_bench(blob_store="s3", s3_endpoint_url=endpoint, s3_bucket="files")
        content = b"%PDF-1.4\n" + b"0123456789" * 2_000_000
        with calling():
            document = await bench.uploaded(content)
            assert (await downloaded(bench, document))[1] == content
            await bench.delete(document)
        left = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
        assert left.list_objects_v2(Bucket="files")["KeyCount"] == 0
        assert await bench.rows("files.files") == []
    finally:
        server.stop()
