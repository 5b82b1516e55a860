"""Upload, list, search, get, download, delete: over gRPC, on real MongoDB."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq_core.context import Role
from automateiq_core.errors import AppError, InvalidInput, NotFound, PermissionDenied
from automateiq_core.mongo import ObjectId
from automateiq_core.testing import calling
from automateiq_documents.documents.models import DocumentOrder
from google.protobuf.timestamp_pb2 import Timestamp
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


async def listed(bench: Any, sort: Any = 0, size: int = 100, token: str = "", **wanted: Any) -> Any:
    request = pb.ListDocumentsRequest(
        page=PageRequest(page_size=size, page_token=token), filter=pb.DocumentFilter(**wanted), sort=sort
    )
    return await bench.documents.ListDocuments(request)


async def names(bench: Any, sort: Any = 0, **wanted: Any) -> list[str]:
    return [found.original_name for found in (await listed(bench, sort, **wanted)).documents]


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
    assert document.page_count == 3  # what the reader said
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


async def test_a_file_over_the_limit_is_stopped_on_its_way(open_bench: Any, pdf: Pdf) -> None:
    bench = await open_bench(max_upload_bytes=2 << 20)
    sent = 0

    async def endless() -> AsyncIterator[pb.UploadDocumentRequest]:
        nonlocal sent
        yield pb.UploadDocumentRequest(header=pb.UploadHeader(original_name="big.pdf"))
        yield pb.UploadDocumentRequest(chunk=pdf())
        while True:
            sent += 1 << 20
            yield pb.UploadDocumentRequest(chunk=b"0" * (1 << 20))

    with calling(), pytest.raises(InvalidInput) as refused:
        await bench.documents.UploadDocument(endless())
    assert refused.value.reason == "FILE_TOO_LARGE"
    assert "2 MiB" in refused.value.message
    assert sent < 100 << 20
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


async def test_what_the_reader_refuses_is_refused_in_its_words(bench: Any, reader: Any, pdf: Pdf) -> None:
    reader.inspect_error = InvalidInput("PDF_ENCRYPTED", "The PDF is locked. Remove its password.")
    with calling(), pytest.raises(InvalidInput) as refused:
        await bench.upload(pdf())
    assert (refused.value.reason, refused.value.message) == (
        "PDF_ENCRYPTED",
        "The PDF is locked. Remove its password.",
    )
    await assert_nothing_kept(bench)


async def test_an_upload_needs_no_reader(open_bench: Any, billing_target: str, pdf: Pdf) -> None:
    bench = await open_bench(billing_target=billing_target, ocr_target="127.0.0.1:1")
    with calling():
        answer = await bench.upload(pdf())
        assert answer.document.page_count == 0
        # But reading does, and says so at once; nothing is set aside for it.
        with pytest.raises(AppError) as refused:
            await bench.process(answer.document.id)
        assert refused.value.status.name == "UNAVAILABLE"
        assert (await bench.get(answer.document.id)).status == pb.DOCUMENT_STATUS_UPLOADED
        assert await bench.balance() == (500, 0)


async def test_text_with_odd_signs_breaks_nothing(bench: Any, pdf: Pdf) -> None:
    odd = "a\x00b\x07\u2028\ufffe😀.pdf"
    with calling():
        document = (await bench.upload(pdf(), odd, tags=["\x00", "$where"], metadata={"k": "\x00v"})).document
        assert document.original_name == odd
        assert document.filename == "ab\u2028😀.pdf" or document.filename.endswith(".pdf")
        assert dict((await bench.get(document.id)).metadata) == {"k": "\x00v"}


# The same content, the same key


async def test_the_same_content_is_the_same_document(bench: Any, reader: Any, pdf: Pdf) -> None:
    with calling():
        first = await bench.upload(pdf(), "first.pdf")
        again = await bench.upload(pdf(), "again.pdf")
        assert again.duplicate
        assert again.document == first.document
    assert reader.inspected == 1
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


# List and search


async def test_a_listing_sorts_in_every_way_and_pages_stay_whole(bench: Any, pdf: Pdf) -> None:
    with calling():
        for number, name in enumerate(("beta.pdf", "Alpha.pdf", "gamma.pdf", "alpha 2.pdf", "Delta.pdf")):
            await bench.upload(pdf("x" * (number * 7 % 5 + 1)) + b"%" * (number * 7 % 5), name)
        orders = {
            pb.DOCUMENT_SORT_UNSPECIFIED: ["Delta", "alpha 2", "gamma", "Alpha", "beta"],
            pb.DOCUMENT_SORT_CREATED_DESC: ["Delta", "alpha 2", "gamma", "Alpha", "beta"],
            pb.DOCUMENT_SORT_CREATED_ASC: ["beta", "Alpha", "gamma", "alpha 2", "Delta"],
            pb.DOCUMENT_SORT_NAME_ASC: ["alpha 2", "Alpha", "beta", "Delta", "gamma"],
            pb.DOCUMENT_SORT_NAME_DESC: ["gamma", "Delta", "beta", "Alpha", "alpha 2"],
        }
        for sort, expected in orders.items():
            assert [name.removesuffix(".pdf") for name in await names(bench, sort)] == expected
        sizes = [found.size for found in (await listed(bench, pb.DOCUMENT_SORT_SIZE_ASC)).documents]
        assert sizes == sorted(sizes)
        sizes_down = [found.size for found in (await listed(bench, pb.DOCUMENT_SORT_SIZE_DESC)).documents]
        assert sizes_down == sorted(sizes, reverse=True)
        for sort in pb.DocumentSort.values():
            whole = [found.id for found in (await listed(bench, sort)).documents]
            token, paged = "", []
            while True:
                page = await listed(bench, sort, size=2, token=token)
                paged += [found.id for found in page.documents]
                token = page.page_info.next_page_token
                if not token:
                    break
            assert paged == whole
        token = (await listed(bench, size=2)).page_info.next_page_token
        with pytest.raises(InvalidInput) as refused:
            await listed(bench, pb.DOCUMENT_SORT_NAME_ASC, token=token)
        assert refused.value.reason == "PAGE_TOKEN_INVALID"


def test_every_order_of_the_api_has_one_here() -> None:
    assert {f"DOCUMENT_SORT_{order.name}" for order in DocumentOrder} | {"DOCUMENT_SORT_UNSPECIFIED"} == set(
        pb.DocumentSort.keys()
    )


async def test_a_listing_filters(bench: Any, pdf: Pdf) -> None:
    with calling():
        await bench.upload(pdf("1"), "one.pdf", type=pb.DOCUMENT_TYPE_INVOICE, tags=["a", "b"])
        await asyncio.sleep(0.01)
        between = datetime.now(UTC)
        await asyncio.sleep(0.01)
        await bench.upload(pdf("2"), "two.pdf", type=pb.DOCUMENT_TYPE_RECEIPT, tags=["b"])
        await bench.upload(pdf("3"), "three.pdf", tags=["c"])
        assert await names(bench, types=[pb.DOCUMENT_TYPE_INVOICE]) == ["one.pdf"]
        both = [pb.DOCUMENT_TYPE_INVOICE, pb.DOCUMENT_TYPE_RECEIPT]
        assert await names(bench, types=both) == ["two.pdf", "one.pdf"]
        assert await names(bench, tags=["b"]) == ["two.pdf", "one.pdf"]
        assert await names(bench, tags=["b", "a"]) == ["one.pdf"]
        assert await names(bench, statuses=[pb.DOCUMENT_STATUS_UPLOADED], tags=["c"]) == ["three.pdf"]
        assert await names(bench, statuses=[pb.DOCUMENT_STATUS_PROCESSED]) == []
        moment = Timestamp()
        moment.FromDatetime(between)
        assert await names(bench, created_before=moment) == ["one.pdf"]
        assert await names(bench, created_from=moment) == ["three.pdf", "two.pdf"]
        with pytest.raises(InvalidInput) as refused:
            await listed(bench, created_from=Timestamp(seconds=10**15))
        assert refused.value.violations[0].field == "filter.created_from"
    with calling():
        assert await names(bench) == []


async def test_search_finds_words_that_stand_in_text_name_labels_and_vendor(
    bench: Any, reader: Any, pdf: Pdf
) -> None:
    with calling():
        await bench.upload(pdf("1"), "Quarterly report 2026.pdf", tags=["garden-shed"])
        read = await bench.uploaded(pdf("2"), "scan.pdf")
        reader.text = "The Größe of INV-2024/07 and of INV-2025/07; the quick brown fox"
        await bench.process(read)
        await bench.work()

        async def found(query: str) -> list[str]:
            return await names(bench, query=query)

        assert await found("quarterly") == ["Quarterly report 2026.pdf"]
        assert await found("garden") == ["Quarterly report 2026.pdf"]
        assert await found("larch") == ["scan.pdf"], "the vendor"
        assert await found("größe") == ["scan.pdf"]
        assert await found("INV-2024/07") == ["scan.pdf"]
        assert await found('"quick brown"') == ["scan.pdf"]
        assert await found('"brown quick"') == []
        # All words, not any; and a minus is a sign, not a command.
        assert await found("quick quarterly") == []
        assert await found("fox quick") == ["scan.pdf"]
        assert await found("quick -brown") == ["scan.pdf"]
        # No language: little words count, and nothing is stemmed.
        assert await found("the") == ["scan.pdf"]
        assert await found("reports") == []
        for odd in ('"', '""', "$where", "{}", "\x00", "---", '"unclosed fox', "a" * 200):
            await found(odd)
        assert await found("   ") == ["scan.pdf", "Quarterly report 2026.pdf"]
        page = await listed(bench, size=1, query="pdf")
        rest = await listed(bench, size=1, query="pdf", token=page.page_info.next_page_token)
        assert [page.documents[0].original_name, rest.documents[0].original_name] == [
            "scan.pdf",
            "Quarterly report 2026.pdf",
        ]
        # What a listing shows of a document that was read.
        (shown,) = (await listed(bench, query="larch")).documents
        assert shown.ocr_result.extracted_data.vendor.value == "Larch & Vole"
        assert not shown.ocr_result.text
        assert not shown.ocr_result.bounding_boxes
        assert not shown.ocr_result.pages
    with calling():
        assert await found("larch") == []


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
        await bench.process(document)
        await bench.work()
        assert len(await bench.rows("document_words")) == 3
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
