"""Exports, made while they are sent: never more than some documents are in memory, however many are asked for."""

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core.errors import FailedPrecondition

from automateiq_documents.documents.models import Document, DocumentOrder, not_found
from automateiq_documents.documents.store import DocumentStore, now
from automateiq_documents.exports.models import (
    DOCUMENT_COLUMNS,
    LINE_COLUMNS,
    MIMETYPES,
    FileHead,
    Format,
    Table,
    Wanted,
    document_object,
    document_row,
    line_rows,
)
from automateiq_documents.exports.tables import Workbook, clean, csv_head, csv_lines, like_formula
from automateiq_documents.exports.ubl import NotPossibleError, ubl

_PAGE = 100
_PIECE_BYTES = 256 << 10

Pages = AsyncIterator[Sequence[Document]]


class ExportService:
    """Exports of the calling organization's documents."""

    def __init__(self, documents: DocumentStore, *, clock: Callable[[], datetime] = now) -> None:
        self._documents = documents
        self._clock = clock

    async def export(self, wanted: Wanted) -> tuple[FileHead, AsyncGenerator[bytes, None]]:
        """The name of an export, and its content in pieces.

        Raises:
            NotFound: a document that was asked for by its id is not there.
            FailedPrecondition: the only document asked for can not be written as UBL (UBL_NOT_POSSIBLE).
        """
        chosen = [await self._existing(document_id) for document_id in wanted.ids]
        if wanted.format is Format.UBL and len(chosen) == 1:
            return _single_ubl(chosen[0])
        pages = _once(chosen) if chosen else self._pages(wanted)
        table = "line-items" if wanted.table is Table.LINES and wanted.format is Format.CSV else "documents"
        ending = "zip" if wanted.format is Format.UBL else wanted.format.value
        name = f"{table}-{self._clock():%Y%m%d-%H%M%S}.{ending}"
        return FileHead(name, MIMETYPES[wanted.format]), _content(wanted, pages)

    async def _existing(self, document_id: str) -> Document:
        document = await self._documents.find_read(document_id)
        if document is None:
            raise not_found()
        return document

    async def _pages(self, wanted: Wanted) -> AsyncGenerator[Sequence[Document], None]:
        """A walk by keyset: no cursor is held open for a client that takes its time."""
        token = ""
        while True:
            page = await self._documents.page(
                wanted.filter, DocumentOrder.CREATED_DESC, PageRequest(page_size=_PAGE, page_token=token)
            )
            yield page.documents
            token = page.next_page_token
            if not token:
                return


async def _once(documents: Sequence[Document]) -> AsyncGenerator[Sequence[Document], None]:
    yield documents


def _content(wanted: Wanted, pages: Pages) -> AsyncGenerator[bytes, None]:
    if wanted.format is Format.CSV:
        return _csv(wanted.table, pages)
    if wanted.format is Format.JSON:
        return _json(pages)
    if wanted.format is Format.XLSX:
        return _xlsx(pages)
    return _ubl_zip(pages)


async def _csv(table: Table, pages: Pages) -> AsyncGenerator[bytes, None]:
    columns = LINE_COLUMNS if table is Table.LINES else DOCUMENT_COLUMNS
    yield csv_head(columns)
    async for documents in pages:
        if table is Table.LINES:
            yield csv_lines(columns, (row for document in documents for row in line_rows(document)))
        else:
            yield csv_lines(columns, map(document_row, documents))


async def _json(pages: Pages) -> AsyncGenerator[bytes, None]:
    yield b'{"version":1,"documents":['
    between = ""
    async for documents in pages:
        written = [
            json.dumps(document_object(document), ensure_ascii=False, separators=(",", ":"))
            for document in documents
        ]
        if written:
            yield (between + ",\n".join(written)).encode()
            between = ",\n"
    yield b"]}\n"


async def _xlsx(pages: Pages) -> AsyncGenerator[bytes, None]:
    with TemporaryDirectory(prefix="export-") as folder:
        path = Path(folder) / "export.xlsx"
        with path.open("wb") as file:
            book = Workbook(file, folder)
            async for documents in pages:
                lines = [row for document in documents for row in line_rows(document)]
                # Beside the event loop, which has others to serve.
                await asyncio.to_thread(book.add, [document_row(document) for document in documents], lines)
            await asyncio.to_thread(book.close)
        with path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                yield piece


async def _ubl_zip(pages: Pages) -> AsyncGenerator[bytes, None]:
    pipe = _Pipe()
    skipped = io.StringIO(newline="")
    told = csv.writer(skipped, lineterminator="\r\n")
    told.writerow(["documentId", "originalName", "reason"])
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        async for documents in pages:
            for document in documents:
                try:
                    archive.writestr(f"{document.id}.xml", ubl(document))
                except NotPossibleError as why:
                    name = clean(document.original_name)
                    told.writerow([document.id, f"'{name}" if like_formula(name) else name, str(why)])
            yield pipe.take()
        archive.writestr("skipped.csv", skipped.getvalue())
    yield pipe.take()


def _single_ubl(document: Document) -> tuple[FileHead, AsyncGenerator[bytes, None]]:
    try:
        xml = ubl(document)
    except NotPossibleError as why:
        raise FailedPrecondition(
            "UBL_NOT_POSSIBLE", f"This document can not be written as UBL: {why}."
        ) from None

    async def content() -> AsyncGenerator[bytes, None]:
        yield xml

    return FileHead(f"{document.id}.xml", "application/xml"), content()


class _Pipe(io.RawIOBase):
    """What the archive writes, until it is taken: no place to go back to, and never much in it."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, piece: object) -> int:
        """Keeps a piece."""
        content = bytes(memoryview(piece))  # type: ignore[arg-type]
        self._written += content
        return len(content)

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = bytes(self._written)
        self._written.clear()
        return taken
