"""`automateiq.ocr.v1.RenderingService` over the service."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

from automateiq.ocr.v1 import rendering_pb2 as pb
from automateiq.ocr.v1.rendering_pb2_grpc import RenderingServiceServicer
from automateiq_core.errors import InvalidInput

from automateiq_ocr.recognition.models import Word
from automateiq_ocr.recognition.spool import spooled
from automateiq_ocr.rendering.models import WEBP, WordsOfPage
from automateiq_ocr.rendering.service import RenderingService

_PIECE_BYTES = 512 << 10
# What `documents` keeps of a document's words (its MAX_WORDS_BYTES) is some 200,000 of them.
_MOST_WORDS = 400_000
_MOST_PAGES = 10_000
_PDF = "application/pdf"


class RenderingServicer(RenderingServiceServicer):
    """Protobuf in, one call of the service, protobuf out."""

    def __init__(self, service: RenderingService) -> None:
        self._service = service

    async def RenderPage(
        self, request_iterator: AsyncIterator[Any], _rpc: Any
    ) -> AsyncIterator[pb.RenderPageResponse]:
        """Shows a page."""
        header = await _header(request_iterator)
        chunks = _chunks(request_iterator)
        async with spooled(chunks, size=header.file.size, sha256=header.file.sha256) as path:
            image = await self._service.render_page(path, header.file.mimetype, header.page, header.width)
        yield pb.RenderPageResponse(header=pb.RenderedFile(mimetype=WEBP, size=len(image)))
        for start in range(0, len(image), _PIECE_BYTES):
            yield pb.RenderPageResponse(chunk=image[start : start + _PIECE_BYTES])

    async def MakeSearchablePdf(
        self, request_iterator: AsyncIterator[Any], _rpc: Any
    ) -> AsyncIterator[pb.MakeSearchablePdfResponse]:
        """Makes a searchable PDF."""
        header = await _header(request_iterator)
        pages: dict[int, WordsOfPage] = {}
        chunks = _chunks(request_iterator, pages)
        async with spooled(chunks, size=header.file.size, sha256=header.file.sha256) as path:
            made = self._service.searchable_pdf(
                path, header.file.mimetype, tuple(pages.values()), header.title
            )
            async with made as file:
                size = os.fstat(file.fileno()).st_size
                yield pb.MakeSearchablePdfResponse(header=pb.RenderedFile(mimetype=_PDF, size=size))
                while piece := file.read(_PIECE_BYTES):
                    yield pb.MakeSearchablePdfResponse(chunk=piece)


async def _header(requests: AsyncIterator[Any]) -> Any:
    first = await anext(requests, None)
    if first is None or not first.HasField("header"):
        raise InvalidInput("HEADER_MISSING", "The first message of the stream must be the header.")
    return first.header


async def _chunks(
    requests: AsyncIterator[Any], pages: dict[int, WordsOfPage] | None = None
) -> AsyncIterator[bytes]:
    """The pieces of the file; the words that come before them go to `pages`."""
    count, began = 0, False
    async for request in requests:
        part = request.WhichOneof("part")
        if part == "chunk":
            began = True
            yield request.chunk
        elif part == "words" and pages is not None and not began:
            count += len(request.words.words)
            if count > _MOST_WORDS or len(pages) > _MOST_PAGES:
                raise InvalidInput("TOO_MANY_WORDS", f"At most {_MOST_WORDS} words are put into a PDF.")
            _take(request.words, pages)
        elif part == "words":
            raise InvalidInput("WORDS_TOO_LATE", "The words come before the file.")
        else:
            raise InvalidInput("HEADER_REPEATED", "Only the first message of the stream may be a header.")


def _take(message: pb.PageWords, pages: dict[int, WordsOfPage]) -> None:
    page = message.page
    if page.width <= 0 or page.height <= 0 or page.rotation not in (0, 90, 180, 270):
        raise InvalidInput("PAGE_WITHOUT_SIZE", "A page has a width, a height and a rotation by quarters.")
    words = [
        Word(word.text, word.box.x, word.box.y, word.box.width, word.box.height, word.confidence)
        for word in message.words
    ]
    earlier = pages[page.number].words if page.number in pages else ()
    pages[page.number] = WordsOfPage(page.number, page.width, page.height, page.rotation, (*earlier, *words))
