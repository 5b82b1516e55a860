"""Documents to look at and to take away."""

from typing import Any

from automateiq.documents.v1 import views_pb2 as pb
from automateiq_core import context
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from automateiq_gateway import parts, views
from automateiq_gateway.endpoint import StreamEndpoint
from automateiq_gateway.routers.documents import known
from automateiq_gateway.schemas.common import PROBLEMS, DocumentId
from automateiq_gateway.schemas.views import PageNumber, WantedFormat, Width
from automateiq_gateway.views import ViewStream

router = APIRouter(
    route_class=StreamEndpoint, prefix="/api/documents", tags=["documents"], responses=PROBLEMS
)

_FORMATS = {
    "pdf": pb.EXPORT_FORMAT_SEARCHABLE_PDF,
    "hocr": pb.EXPORT_FORMAT_HOCR,
    "text": pb.EXPORT_FORMAT_TEXT,
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_UNCHANGED: dict[str, Any] = {"description": "What If-None-Match names is what would be sent"}


@router.get(
    "/{document_id}/pages/{page}/image",
    response_class=Response,
    response_model=None,
    responses={
        200: {"description": "The page, with an ETag", "content": {"image/webp": _BINARY}},
        304: _UNCHANGED,
    },
)
async def page_image(
    document_id: DocumentId, page: PageNumber, request: Request, width: Width = 1200
) -> ViewStream:
    """A page as a picture, before it was read too. Boxes of words lie on it in the page's own unit."""
    wanted = pb.GetPageImageRequest(
        document_id=known(document_id), page=page, width=width, known_tags=views.known_tags(request)
    )
    answers = parts.of(request).views.GetPageImage(wanted, timeout=context.current().remaining())
    return await views.opened(answers, inline=True)


@router.get(
    "/{document_id}/export",
    response_class=Response,
    response_model=None,
    responses={
        200: {
            "description": "The reading, to be saved, with an ETag",
            "content": {
                "application/pdf": _BINARY,
                "text/vnd.hocr+html": {"schema": {"type": "string"}},
                "text/plain": {"schema": {"type": "string"}},
            },
        },
        304: _UNCHANGED,
    },
)
async def export_reading(
    document_id: DocumentId, request: Request, wanted_format: WantedFormat = "pdf"
) -> ViewStream:
    """What was read from a document, as a searchable PDF, hOCR or plain text; 409 where it has not been read."""
    wanted = pb.ExportReadingRequest(
        document_id=known(document_id),
        format=_FORMATS[wanted_format],
        known_tags=views.known_tags(request),
    )
    answers = parts.of(request).views.ExportReading(wanted, timeout=context.current().remaining())
    return await views.opened(answers, inline=False)
