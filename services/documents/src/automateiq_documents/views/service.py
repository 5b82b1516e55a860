"""Pages as pictures, and readings in other forms. Nothing is kept: HTTP's own caches hold what was asked for before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from automateiq_documents.documents.blobs import BlobStore
from automateiq_documents.documents.models import Document, PageWords, Reading, not_found
from automateiq_documents.documents.spool import Spool
from automateiq_documents.documents.store import DocumentStore
from automateiq_documents.views.engine import hocr_head, hocr_page, hocr_tail
from automateiq_documents.views.models import (
    DEFAULT_WIDTH,
    MIMETYPES,
    ExportFormat,
    View,
    export_name,
    export_tag,
    not_read_yet,
    page_name,
    page_not_found,
    page_tag,
)
from automateiq_documents.views.renderer import Renderer, placed

_WEBP = "image/webp"
# Their pages are measured in points; those of images in pixels.
_IN_POINTS = frozenset({"application/pdf", "application/xml"})
_PIECE_BYTES = 512 << 10


class ViewsService:
    """Views of the calling organization's documents."""

    def __init__(self, store: DocumentStore, blobs: BlobStore, renderer: Renderer) -> None:
        self._store = store
        self._blobs = blobs
        self._renderer = renderer

    async def page_image(
        self, document_id: str, page: int, width: int, known_tags: Sequence[str] = ()
    ) -> View:
        """A page as a picture; page 0 is the first, width 0 the usual one.

        Raises:
            NotFound: there is no such document or page.
            InvalidInput: its file can not be opened.
        """
        document = await self._store.find(document_id)
        if document is None:
            raise not_found()
        page, width = page or 1, width or DEFAULT_WIDTH
        if document.page_count and page > document.page_count:
            raise page_not_found(page)
        tag, name = page_tag(document, page, width), page_name(document.filename, page)
        if tag in known_tags:
            return View(_WEBP, 0, name, tag, True, _nothing())
        content = self._blobs.read(document.blob_key)
        size, pieces = await self._renderer.page(document, content, page, width)
        return View(_WEBP, size, name, tag, False, pieces)

    async def export(self, document_id: str, form: ExportFormat, known_tags: Sequence[str] = ()) -> View:
        """What was read, in a form.

        Raises:
            NotFound: there is no such document.
            FailedPrecondition: it has not been read (NOT_READ_YET).
        """
        found = await self._store.find_whole(document_id)
        if found is None:
            raise not_found()
        document, words = found
        reading = document.reading
        if reading is None:
            raise not_read_yet()
        tag, name = export_tag(document, reading, words, form), export_name(document.filename, form)
        if tag in known_tags:
            return View(MIMETYPES[form], 0, name, tag, True, _nothing())
        match form:
            case ExportFormat.SEARCHABLE_PDF:
                content = self._blobs.read(document.blob_key)
                size, pieces = await self._renderer.searchable_pdf(document, content, reading, words)
            case ExportFormat.HOCR:
                size, pieces = await _hocr(document, reading, words)
            case ExportFormat.TEXT:
                size, pieces = await _spooled([reading.text])
        return View(MIMETYPES[form], size, name, tag, False, pieces)


async def _hocr(
    document: Document, reading: Reading, words: Sequence[PageWords]
) -> tuple[int, AsyncGenerator[bytes, None]]:
    by_number = {page.page: page for page in words}
    in_points = document.mimetype in _IN_POINTS

    def parts() -> list[str]:
        pages = (placed(page, by_number.get(page["number"])) for page in reading.pages)
        made = [hocr_page(page, in_points=in_points) for page in pages]
        return [hocr_head(document.original_name, reading.engine), *made, hocr_tail()]

    # Some 200,000 words at most are kept of a document; beside the event loop they hold nobody up.
    return await _spooled(await asyncio.to_thread(parts))


async def _spooled(parts: Sequence[str]) -> tuple[int, AsyncGenerator[bytes, None]]:
    spool = Spool()
    for part in parts:
        await spool.write(part.encode("utf-8", "ignore"))

    async def pieces() -> AsyncGenerator[bytes, None]:
        with spool:
            async for piece in spool.pieces():
                yield piece

    return spool.size, pieces()


async def _nothing() -> AsyncGenerator[bytes, None]:
    return
    yield b""
