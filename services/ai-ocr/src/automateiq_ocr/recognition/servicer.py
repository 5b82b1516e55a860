"""`automateiq.ocr.v1.RecognitionService` over the service."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import fields
from typing import Any, cast

from automateiq.common.v1 import recognition_pb2 as common
from automateiq.ocr.v1 import recognition_pb2 as pb
from automateiq.ocr.v1.recognition_pb2_grpc import RecognitionServiceServicer
from automateiq_core.errors import InvalidInput

from automateiq_ocr.extraction.models import ExtractedData, Field, LineItem, TaxLine
from automateiq_ocr.extraction.stacks import UnderstoodPart
from automateiq_ocr.recognition.models import Box, Page
from automateiq_ocr.recognition.service import KnownPage, PagesRead, Recognition, RecognitionService
from automateiq_ocr.recognition.spool import spooled

_SOURCES = {"text_layer": common.TEXT_SOURCE_TEXT_LAYER, "ocr": common.TEXT_SOURCE_OCR}


class RecognitionServicer(RecognitionServiceServicer):
    """Protobuf in, one call of the service, protobuf out."""

    def __init__(self, service: RecognitionService) -> None:
        self._service = service

    async def InspectDocument(
        self, request_iterator: AsyncIterator[Any], _rpc: Any
    ) -> pb.InspectDocumentResponse:
        """Counts the pages of a document."""
        header, chunks = await _opened(request_iterator)
        async with spooled(chunks, size=header.size, sha256=header.sha256) as path:
            info = await self._service.inspect(path, header.mimetype)
        return pb.InspectDocumentResponse(page_count=info.page_count)

    async def RecognizeDocument(
        self, request_iterator: AsyncIterator[Any], _rpc: Any
    ) -> AsyncIterator[pb.RecognizeDocumentResponse]:
        """Reads a document and reports as it goes."""
        header, chunks = await _opened(request_iterator)
        async with spooled(chunks, size=header.size, sha256=header.sha256) as path:
            events = self._service.recognize(
                path,
                header.mimetype,
                header.sha256,
                fresh=header.fresh,
                known=[KnownPage(page.sha256, page.number) for page in header.known_pages],
            )
            # Closed here: a caller who hangs up ends the work at once, not when the garbage is collected.
            async with aclosing(cast(AsyncGenerator[PagesRead | Recognition, None], events)):
                async for event in events:
                    yield _response(event)


async def _opened(requests: AsyncIterator[Any]) -> tuple[pb.FileHeader, AsyncIterator[bytes]]:
    async for first in requests:
        if first.HasField("header"):
            return first.header, _chunks(requests)
        break
    raise InvalidInput("HEADER_MISSING", "The first message of the stream must be the header.")


async def _chunks(requests: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    async for request in requests:
        if not request.HasField("chunk"):
            raise InvalidInput("HEADER_REPEATED", "Only the first message of the stream may be a header.")
        yield request.chunk


def _response(event: PagesRead | Recognition) -> pb.RecognizeDocumentResponse:
    if isinstance(event, PagesRead):
        progress = pb.RecognitionProgress(pages_done=event.done, pages_total=event.total)
        return pb.RecognizeDocumentResponse(progress=progress)
    result = pb.RecognitionResult(
        text=event.text,
        confidence=event.confidence,
        pages=[_page(page, cached=page.number in event.cached) for page in event.pages],
        words=[
            common.Word(text=word.text, box=_box(page.number, word.box), confidence=word.confidence)
            for page in event.pages
            for word in page.words
        ],
        extracted_data=_data(event.data),
        engine=event.engine,
        from_cache=event.from_cache,
        parts=[_part(part) for part in event.parts],
    )
    return pb.RecognizeDocumentResponse(result=result)


def _part(understood: UnderstoodPart) -> common.DocumentPart:
    part, data = understood.part, understood.data
    return common.DocumentPart(
        pages=part.pages,
        confidence=part.confidence,
        reasons=part.reasons,
        document_type=data.document_type,
        vendor=None if data.vendor is None else _field(data.vendor),
        invoice_number=None if data.invoice_number is None else _field(data.invoice_number),
        total=None if data.total is None else _field(data.total),
    )


def _page(page: Page, *, cached: bool) -> common.Page:
    return common.Page(
        number=page.number,
        width=page.width,
        height=page.height,
        source=_SOURCES[page.source],
        rotation=page.rotation,
        confidence=page.confidence,
        engine=page.engine,
        image_hash=page.image_hash,
        from_cache=cached,
    )


def _box(page: int, box: Box) -> common.BoundingBox:
    return common.BoundingBox(page=page, x=box.x, y=box.y, width=box.width, height=box.height)


def _data(data: ExtractedData) -> common.ExtractedData:
    return common.ExtractedData(
        document_type=data.document_type,
        document_type_confidence=data.document_type_confidence,
        language=data.language,
        taxes=[common.TaxLine(**_fields(line)) for line in data.taxes],
        line_items=[common.LineItem(**_fields(line)) for line in data.line_items],
        parties=[_field(party) for party in data.parties],
        **_fields(data),
    )


def _fields(found: ExtractedData | LineItem | TaxLine) -> dict[str, common.ExtractedField]:
    values = {field.name: getattr(found, field.name) for field in fields(found)}
    return {name: _field(value) for name, value in values.items() if isinstance(value, Field)}


def _field(field: Field) -> common.ExtractedField:
    return common.ExtractedField(
        value=field.value,
        confidence=field.confidence,
        box=None if field.box is None else _box(field.page, field.box),
        source_text=field.source_text,
        origin=field.origin,
        checks=field.checks,
        doubts=field.doubts,
    )
