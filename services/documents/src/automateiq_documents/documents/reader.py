"""ai-ocr, as the documents service sees it: a file goes in, pages, text and data come out."""

import re
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from automateiq.documents.v1.documents_pb2 import OcrResult
from automateiq.ocr.v1 import recognition_pb2 as pb
from automateiq.ocr.v1.recognition_pb2_grpc import RecognitionServiceStub
from automateiq_core.errors import InvalidInput, Unavailable
from automateiq_core.rpc_client import Peer
from google.protobuf.json_format import MessageToDict

from automateiq_documents.documents.models import (
    MAX_TEXT_BYTES,
    MAX_WORDS_BYTES,
    DocumentType,
    Origin,
    PageWords,
    Reading,
)
from automateiq_documents.documents.spool import Spool

if TYPE_CHECKING:
    # The async stub exists for the type checker only.
    from automateiq.ocr.v1.recognition_pb2_grpc import RecognitionServiceAsyncStub

# Text layers hold what fonts and broken tools put there. Tab, line feed and form feed stay: they part words and pages.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")

# ai-ocr tells more kinds apart than a document's `type` has names for.
_KINDS = {kind.value: kind for kind in DocumentType} | {
    "credit_note": DocumentType.INVOICE,
    "purchase_order": DocumentType.GENERAL,
    "statement": DocumentType.GENERAL,
}


@dataclass(frozen=True, slots=True)
class PagesRead:
    """How far ai-ocr is."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ReadingDone:
    """All that ai-ocr read, and what it takes the document for."""

    reading: Reading
    words: list[PageWords]
    type: DocumentType | None


class Reader:
    """Sends files to ai-ocr."""

    def __init__(self, ocr: Peer, *, inspect_seconds: float, recognize_seconds: float) -> None:
        self._stub: RecognitionServiceAsyncStub = RecognitionServiceStub(ocr.channel)
        self._inspect_seconds = inspect_seconds
        self._recognize_seconds = recognize_seconds

    async def inspect(self, content: Spool, mimetype: str) -> int:
        """Counts the pages without reading them.

        Raises:
            InvalidInput: it can not be read (damaged, encrypted, too many pages or pixels).
            Unavailable: ai-ocr does not answer.
        """

        async def messages() -> AsyncIterator[pb.InspectDocumentRequest]:
            yield pb.InspectDocumentRequest(header=_header(content, mimetype))
            async for piece in content.pieces():
                yield pb.InspectDocumentRequest(chunk=piece)

        answer = await self._stub.InspectDocument(messages(), timeout=self._inspect_seconds)
        return answer.page_count

    async def recognize(
        self, content: Spool, mimetype: str, *, fresh: bool = False, origin: Origin | None = None
    ) -> AsyncGenerator[PagesRead | ReadingDone, None]:
        """Reads a document: reports pages as they are read, and the result at the end.

        Pages that were read a while ago, also as pages of the documents that it was made of, are not read again,
        unless a `fresh` reading is asked for.

        Raises:
            InvalidInput: it can not be read.
            Unavailable: ai-ocr does not answer, or stopped before the end.
        """

        async def messages() -> AsyncIterator[pb.RecognizeDocumentRequest]:
            header = _header(content, mimetype)
            header.fresh = fresh
            header.known_pages.extend(_known(origin))
            yield pb.RecognizeDocumentRequest(header=header)
            async for piece in content.pieces():
                yield pb.RecognizeDocumentRequest(chunk=piece)

        done: ReadingDone | None = None
        events = self._stub.RecognizeDocument(messages(), timeout=self._recognize_seconds)
        # Closed here and not by the garbage collector: a reader who stops early ends the work at ai-ocr at once.
        async with aclosing(cast(AsyncGenerator[pb.RecognizeDocumentResponse, None], events)):
            async for event in events:
                if event.HasField("result"):
                    done = reading_done(event.result)
                else:
                    yield PagesRead(event.progress.pages_done, event.progress.pages_total)
        if done is None:
            raise Unavailable("READING_INCOMPLETE", "The reading stopped before its end. Try again.")
        yield done


def _header(content: Spool, mimetype: str) -> pb.FileHeader:
    return pb.FileHeader(mimetype=mimetype, size=content.size, sha256=content.sha256)


def _known(origin: Origin | None) -> list[pb.KnownPage]:
    if origin is None:
        return []
    return [
        pb.KnownPage(sha256=source.sha256, number=number) if source.alike else pb.KnownPage()
        for source in origin.sources
        for number in source.pages
    ]


def reading_done(result: pb.RecognitionResult) -> ReadingDone:
    """What ai-ocr said, as it is kept.

    Raises:
        InvalidInput: it is more than can be kept (TEXT_TOO_LONG).
    """
    text = _CONTROLS.sub("", result.text)
    if len(text.encode()) > MAX_TEXT_BYTES:
        raise _too_long()
    reading = Reading(
        text=text,
        confidence=round(result.confidence, 4),
        engine=result.engine,
        extracted_data=_plain(MessageToDict(result.extracted_data)),
        pages=[MessageToDict(page, always_print_fields_with_no_presence=True) for page in result.pages],
        parts=[_plain(MessageToDict(part)) for part in result.parts],
    )
    return ReadingDone(reading, _packed(result), _KINDS.get(result.extracted_data.document_type))


def _packed(result: pb.RecognitionResult) -> list[PageWords]:
    by_page: defaultdict[int, OcrResult] = defaultdict(OcrResult)
    for word in result.words:
        by_page[word.box.page].bounding_boxes.append(word)
    packed = [PageWords(page, words.SerializeToString()) for page, words in sorted(by_page.items())]
    if sum(len(page.packed) for page in packed) > MAX_WORDS_BYTES:
        raise _too_long()
    return packed


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return _CONTROLS.sub("", value) if isinstance(value, str) else value


def _too_long() -> InvalidInput:
    return InvalidInput(
        "TEXT_TOO_LONG",
        "The document holds more text than can be kept. Split it into smaller documents and upload those.",
    )
