"""Showing documents: the heavy work in worker processes, page by page, so that nothing else waits long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO
from weakref import WeakValueDictionary

from automateiq_core import context

from automateiq_ocr.recognition.engine import open_document
from automateiq_ocr.recognition.models import Options
from automateiq_ocr.recognition.pool import WorkerPool
from automateiq_ocr.rendering.engine import make_sheet, render_page
from automateiq_ocr.rendering.models import WordsOfPage
from automateiq_ocr.rendering.pdfa import PdfaWriter


class RenderingService:
    """Pictures of pages, and searchable PDFs."""

    def __init__(self, pool: WorkerPool, options: Options) -> None:
        self._pool = pool
        self._options = options
        # One page of an organization at a time: its slow pages are for it to wait for.
        self._lanes: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def render_page(self, path: Path, mimetype: str, page: int, width: int) -> bytes:
        """A page as WebP, at most `width` pixels wide.

        Raises:
            FileRefused: the file can not be opened.
            PageNotFound: it has no such page.
            PageFailed: drawing the page crashed its worker or took too long, twice.
        """
        async with self._lane():
            info = await self._pool.run(open_document, path, mimetype, self._options)
            return await self._pool.run(render_page, path, info.mimetype, page, width, self._options)

    @asynccontextmanager
    async def searchable_pdf(
        self, path: Path, mimetype: str, pages: Sequence[WordsOfPage], title: str
    ) -> AsyncIterator[IO[bytes]]:
        """The document as PDF/A-2b with these words beneath its pages, in a file that is gone after the block.

        A page of the document without words among `pages` has only its picture; words of no page are left out.
        Raises as `render_page` does.
        """
        async with self._lane():
            info = await self._pool.run(open_document, path, mimetype, self._options)
        by_number = {page.number: page for page in pages}
        with NamedTemporaryFile(prefix="automateiq-pdf-") as file:
            writer = PdfaWriter(file, title)
            for number in range(1, info.page_count + 1):
                page = by_number.get(number) or WordsOfPage(number, 1.0, 1.0, 0, ())
                async with self._lane():
                    sheet = await self._pool.run(make_sheet, path, info.mimetype, page, self._options)
                await asyncio.to_thread(writer.add, sheet)
            await asyncio.to_thread(writer.finish)
            file.seek(0)
            yield file

    def _lane(self) -> asyncio.Lock:
        return self._lanes.setdefault(context.current().tenant(), asyncio.Lock())
