"""ai-ocr's rendering, as the documents service sees it: a file goes in, a picture or a PDF comes out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from automateiq.common.v1 import recognition_pb2 as common
from automateiq.documents.v1.documents_pb2 import OcrResult
from automateiq.ocr.v1 import recognition_pb2
from automateiq.ocr.v1 import rendering_pb2 as pb
from automateiq.ocr.v1.rendering_pb2_grpc import RenderingServiceStub
from automateiq_core.errors import Unavailable
from automateiq_core.rpc_client import Peer

from automateiq_documents.documents.models import Document, PageWords, Reading
from automateiq_documents.views.models import PlacedPage, PlacedWord

if TYPE_CHECKING:
    # The async stub exists for the type checker only.
    from automateiq.ocr.v1.rendering_pb2_grpc import RenderingServiceAsyncStub

_WORDS_IN_A_MESSAGE = 5_000  # rendering.proto takes no more


class Renderer:
    """Sends files to ai-ocr to be shown."""

    def __init__(self, ocr: Peer, *, page_seconds: float, pdf_seconds: float) -> None:
        self._stub: RenderingServiceAsyncStub = RenderingServiceStub(ocr.channel)
        self._page_seconds = page_seconds
        self._pdf_seconds = pdf_seconds

    async def page(
        self, document: Document, content: AsyncGenerator[bytes, None], page: int, width: int
    ) -> tuple[int, AsyncGenerator[bytes, None]]:
        """A page as WebP: its length in bytes, and its content in pieces.

        Raises:
            NotFound: there is no such page.
            InvalidInput: the file can not be opened.
            Unavailable: ai-ocr does not answer.
        """
        header = pb.RenderPageHeader(file=_file(document), page=page, width=width)

        async def messages() -> AsyncIterator[pb.RenderPageRequest]:
            yield pb.RenderPageRequest(header=header)
            async with aclosing(content):
                async for piece in content:
                    yield pb.RenderPageRequest(chunk=piece)

        return await _opened(self._stub.RenderPage(messages(), timeout=self._page_seconds))

    async def searchable_pdf(
        self,
        document: Document,
        content: AsyncGenerator[bytes, None],
        reading: Reading,
        words: Sequence[PageWords],
    ) -> tuple[int, AsyncGenerator[bytes, None]]:
        """The document as PDF/A with what was read beneath its pages: its length, and its content in pieces.

        Raises as `page` does.
        """
        header = pb.MakeSearchablePdfHeader(file=_file(document), title=document.original_name[:300])

        async def messages() -> AsyncIterator[pb.MakeSearchablePdfRequest]:
            yield pb.MakeSearchablePdfRequest(header=header)
            for message in _words_of(reading, words):
                yield pb.MakeSearchablePdfRequest(words=message)
            async with aclosing(content):
                async for piece in content:
                    yield pb.MakeSearchablePdfRequest(chunk=piece)

        return await _opened(self._stub.MakeSearchablePdf(messages(), timeout=self._pdf_seconds))


async def _opened(answers: Any) -> tuple[int, AsyncGenerator[bytes, None]]:
    running = cast(AsyncGenerator[Any, None], answers)
    first = await anext(running, None)
    if first is None or not first.HasField("header"):
        await running.aclose()
        raise Unavailable("RENDERING_INCOMPLETE", "The page could not be shown. Try again.")
    return first.header.size, _chunks(running)


async def _chunks(running: AsyncGenerator[Any, None]) -> AsyncGenerator[bytes, None]:
    # Closed here and not by the garbage collector: somebody who leaves early ends the work at ai-ocr at once.
    async with aclosing(running):
        async for answer in running:
            yield answer.chunk


def _file(document: Document) -> recognition_pb2.FileHeader:
    return recognition_pb2.FileHeader(mimetype=document.mimetype, size=document.size, sha256=document.sha256)


def _page(kept: Mapping[str, Any]) -> common.Page:
    """What a view needs of a page as it is kept."""
    wanted = ("number", "width", "height", "rotation")
    return common.Page(**{name: kept[name] for name in wanted if name in kept})


def _words_of(reading: Reading, words: Sequence[PageWords]) -> list[pb.PageWords]:
    messages = []
    by_number = {page.page: page.packed for page in words}
    for page in map(_page, reading.pages):
        rest = iter(OcrResult.FromString(by_number.get(page.number, b"")).bounding_boxes)
        while part := list(islice(rest, _WORDS_IN_A_MESSAGE)):
            messages.append(pb.PageWords(page=page, words=part))
    return messages


def placed(page: Mapping[str, Any], words: PageWords | None) -> PlacedPage:
    """A page as it is kept (with the API's JSON names), and its words."""
    kept = _page(page)
    boxes = OcrResult.FromString(words.packed if words is not None else b"").bounding_boxes
    return PlacedPage(
        kept.number,
        kept.width,
        kept.height,
        kept.rotation,
        [PlacedWord(w.text, w.box.x, w.box.y, w.box.width, w.box.height, w.confidence) for w in boxes],
    )
