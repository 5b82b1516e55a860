"""Exports over gRPC: what is in them, who gets them, and that many documents come in pieces."""

import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from automateiq.documents.v1 import documents_pb2
from automateiq.documents.v1 import exports_pb2 as pb
from automateiq.documents.v1.exports_pb2_grpc import ExportsServiceStub
from automateiq_core.context import Role
from automateiq_core.errors import FailedPrecondition, InvalidInput, NotFound
from automateiq_core.mongo import ObjectId
from automateiq_core.testing import calling, eventually

START = datetime(2026, 11, 1, tzinfo=UTC)


def field(value: str) -> dict[str, Any]:
    return {"value": value, "confidence": 0.9, "origin": "page"}


def row_of(number: int) -> dict[str, Any]:
    """A document as a reading leaves it in the database."""
    data = {
        "documentType": "invoice" if number % 2 == 0 else "receipt",
        "vendor": field(f"=Vendor {number}"),
        "invoiceNumber": field(f"N-{number}"),
        "date": field("2026-11-01"),
        "currency": field("EUR"),
        "total": field(f"{number}.00"),
        "lineItems": [{"description": field(f"line {line}"), "amount": field("1.00")} for line in range(2)],
    }
    return {
        "_id": ObjectId(),
        "uploadedBy": "65f0c0ffee65f0c0ffee65f1",
        "filename": "x.pdf",
        "originalName": f"document {number}.pdf",
        "sortName": "x",
        "mimetype": "application/pdf",
        "size": 1,
        "sha256": f"{number:064x}",
        "blobKey": str(ObjectId()),
        "path": "",
        "type": data["documentType"],
        "status": "processed",
        "tags": ["even" if number % 2 == 0 else "odd"],
        "metadata": {},
        "pageCount": 1,
        "processing": None,
        "failure": None,
        "ocrResult": {
            "text": "secret text",
            "confidence": 0.9,
            "engine": "",
            "extractedData": data,
            "pages": [],
        },
        "createdAt": START + timedelta(minutes=number),
        "updatedAt": START,
        "schemaVersion": 1,
    }


async def seed(bench: Any, count: int) -> list[str]:
    """Documents 0 to count - 1; gives their ids."""
    rows = [row_of(number) for number in range(count)]
    if rows:
        await bench.mongo.tenant("documents").insert_many(rows)
    return [str(row["_id"]) for row in rows]


async def export(bench: Any, format: str, **more: Any) -> tuple[Any, list[bytes]]:
    """The header and the pieces."""
    number = pb.BooksFormat.Value(f"BOOKS_FORMAT_{format.upper()}")
    request = pb.ExportDocumentsRequest(format=number, **more)
    stream = ExportsServiceStub(bench.channel).ExportDocuments(request)
    messages = [message async for message in stream]
    assert messages[0].HasField("header")
    return messages[0].header, [message.chunk for message in messages[1:]]


async def table(bench: Any, **more: Any) -> list[dict[str, str]]:
    _, pieces = await export(bench, "csv", **more)
    return list(csv.DictReader(io.StringIO(b"".join(pieces).decode(), newline="")))


async def test_many_documents_come_in_pieces_newest_first(bench: Any) -> None:
    with calling():
        await seed(bench, 250)
        header, pieces = await export(bench, "csv")
        rows = await table(bench)
        lines = await table(bench, table=pb.EXPORT_TABLE_LINES)
    assert header.mimetype.startswith("text/csv")
    assert header.filename.endswith(".csv")
    # The head and three pages.
    assert len(pieces) == 4
    assert [row["total"] for row in rows] == [f"{number}.00" for number in reversed(range(250))]
    assert rows[0]["vendor"] == "'=Vendor 249"
    assert len(lines) == 500
    assert (lines[0]["line"], lines[1]["line"], lines[1]["description"]) == ("1", "2", "line 1")


async def test_a_filter_and_ids_choose(bench: Any) -> None:
    with calling():
        ids = await seed(bench, 6)
        even = documents_pb2.DocumentFilter(tags=["even"])
        assert [row["total"] for row in await table(bench, filter=even)] == ["4.00", "2.00", "0.00"]
        chosen = [ids[3], ids[0]]
        assert [row["id"] for row in await table(bench, documents=chosen, filter=even)] == chosen
        assert await table(bench, filter=documents_pb2.DocumentFilter(tags=["none"])) == []
        with pytest.raises(NotFound):
            await export(bench, "csv", documents=[ids[0], str(ObjectId())])
        for wrong in ({"documents": ["x"]}, {"documents": [str(ObjectId())] * 2}):
            with pytest.raises(InvalidInput):
                await export(bench, "csv", **wrong)
        with pytest.raises(InvalidInput):
            await export(bench, "unspecified")


async def test_json_is_whole_and_has_no_text(bench: Any) -> None:
    with calling(role=Role.STAFF):
        for count in (0, 1, 120):
            await bench.mongo.tenant("documents").delete_many({})
            await seed(bench, count)
            header, pieces = await export(bench, "json")
            content = b"".join(pieces)
            made = json.loads(content)
            assert (made["version"], len(made["documents"])) == (1, count)
    assert header.mimetype == "application/json"
    assert b"secret text" not in content


async def test_a_workbook_has_documents_and_lines(bench: Any) -> None:
    with calling():
        await seed(bench, 120)
        header, pieces = await export(bench, "xlsx")
    book = openpyxl.load_workbook(io.BytesIO(b"".join(pieces)))
    assert header.filename.endswith(".xlsx")
    assert (book["Documents"].max_row, book["Line items"].max_row) == (121, 241)
    totals = [
        row[0] for row in book["Documents"].iter_rows(min_row=2, min_col=24, max_col=24, values_only=True)
    ]
    assert totals == list(reversed(range(120)))


async def test_ubl_comes_as_a_zip_that_says_what_is_missing(bench: Any) -> None:
    with calling():
        ids = await seed(bench, 4)
        header, pieces = await export(bench, "ubl")
        one, xml = await export(bench, "ubl", documents=[ids[2]])
        with pytest.raises(FailedPrecondition) as refused:
            await export(bench, "ubl", documents=[ids[1]])
    assert header.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"{ids[2]}.xml", f"{ids[0]}.xml", "skipped.csv"]
        skipped = list(csv.DictReader(io.StringIO(archive.read("skipped.csv").decode())))
        assert archive.read(f"{ids[2]}.xml") == b"".join(xml)
    assert [row["documentId"] for row in skipped] == [ids[3], ids[1]]
    assert skipped[0]["reason"] == "it is no invoice and no credit note"
    assert (one.mimetype, one.filename) == ("application/xml", f"{ids[2]}.xml")
    assert refused.value.reason == "UBL_NOT_POSSIBLE"


async def test_strangers_export_nothing(bench: Any) -> None:
    with calling():
        ids = await seed(bench, 2)
    with calling():
        assert await table(bench) == []
        with pytest.raises(NotFound):
            await export(bench, "csv", documents=ids)


async def test_who_leaves_early_leaves_no_file_behind(
    bench: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with calling():
        await seed(bench, 3)
        stream = ExportsServiceStub(bench.channel).ExportDocuments(
            pb.ExportDocumentsRequest(format=pb.BOOKS_FORMAT_XLSX)
        )
        assert (await anext(aiter(stream))).HasField("header")
        await stream.aclose()
        _, pieces = await export(bench, "xlsx")
    assert pieces
    await eventually(lambda: not list(tmp_path.glob("export-*")))
