"""The RPCs of views."""
# ruff: noqa: ARG002 (gRPC fixes what a method is given)

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from automateiq.documents.v1 import views_pb2 as pb
from automateiq.documents.v1 import views_pb2_grpc

from automateiq_documents.views.models import ExportFormat, View
from automateiq_documents.views.service import ViewsService

_FORMS = {
    pb.EXPORT_FORMAT_UNSPECIFIED: ExportFormat.SEARCHABLE_PDF,
    pb.EXPORT_FORMAT_SEARCHABLE_PDF: ExportFormat.SEARCHABLE_PDF,
    pb.EXPORT_FORMAT_HOCR: ExportFormat.HOCR,
    pb.EXPORT_FORMAT_TEXT: ExportFormat.TEXT,
}


class ViewsServicer(views_pb2_grpc.ViewsServiceServicer):
    """Protobuf in, one call of the service, protobuf out."""

    def __init__(self, views: ViewsService) -> None:
        self._views = views

    async def GetPageImage(
        self, request: pb.GetPageImageRequest, context: Any
    ) -> AsyncIterator[pb.GetPageImageResponse]:
        """Shows a page."""
        view = await self._views.page_image(
            request.document_id, request.page, request.width, request.known_tags
        )
        async with aclosing(view.pieces):
            yield pb.GetPageImageResponse(header=_header(view))
            async for piece in view.pieces:
                yield pb.GetPageImageResponse(chunk=piece)

    async def ExportReading(
        self, request: pb.ExportReadingRequest, context: Any
    ) -> AsyncIterator[pb.ExportReadingResponse]:
        """Gives a reading in another form."""
        view = await self._views.export(request.document_id, _FORMS[request.format], request.known_tags)
        async with aclosing(view.pieces):
            yield pb.ExportReadingResponse(header=_header(view))
            async for piece in view.pieces:
                yield pb.ExportReadingResponse(chunk=piece)


def _header(view: View) -> pb.ViewHeader:
    return pb.ViewHeader(
        mimetype=view.mimetype, size=view.size, filename=view.filename, tag=view.tag, known=view.known
    )
