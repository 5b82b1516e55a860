"""The data of documents as files, made while they are sent."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

from automateiq.documents.v1 import exports_pb2 as pb
from automateiq_core import context
from automateiq_core.errors import Internal
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from automateiq_gateway import parts, words
from automateiq_gateway.downloads import attachment
from automateiq_gateway.endpoint import StreamEndpoint
from automateiq_gateway.routers.documents import filter_message
from automateiq_gateway.schemas.common import PROBLEMS
from automateiq_gateway.schemas.exports import ExportParameters

router = APIRouter(prefix="/api/exports", tags=["exports"], responses=PROBLEMS, route_class=StreamEndpoint)

_FILE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "",
    response_class=Response,
    response_model=None,
    responses={
        200: {
            "description": "The file, to be saved. One that breaks off before its end is left unfinished",
            "content": {
                "text/csv": _FILE,
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": _FILE,
                "application/zip": _FILE,
                "application/xml": _FILE,
            },
        }
    },
)
async def export_documents(which: ExportParameters, request: Request) -> Response:
    """Export the data of documents: csv, xlsx, json or ubl.

    The order of the columns is fixed; new ones come at the end. Dates are ISO 8601, amounts plain decimals with a dot.
    A text that a spreadsheet could take for a formula has an apostrophe in front (csv) or is marked as text (xlsx).
    UBL is written for invoices and credit notes whose amounts agree; `skipped.csv` in the ZIP names the others and why.
    """
    tables = words.numbers(pb.ExportTable.DESCRIPTOR)
    call = parts.of(request).exports.ExportDocuments(
        pb.ExportDocumentsRequest(
            format=words.numbers(pb.BooksFormat.DESCRIPTOR)[which.format],
            table=tables[which.table],
            filter=filter_message(which),
            documents=list(dict.fromkeys(which.id)),
        ),
        timeout=context.current().remaining(),
    )
    # What a `Peer` gives for a stream of answers; the stub's types tell of a plain channel.
    pieces = cast(AsyncGenerator[pb.ExportDocumentsResponse, None], call)
    first = await anext(pieces, None)
    if first is None or not first.HasField("header"):
        raise Internal("EXPORT_WITHOUT_HEADER", "The export began without a header.")
    headers = {
        "content-disposition": attachment(first.header.filename),
        "content-security-policy": "default-src 'none'; sandbox",
    }
    return StreamingResponse(_content(pieces), headers=headers, media_type=first.header.mimetype)


async def _content(pieces: AsyncGenerator[pb.ExportDocumentsResponse, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(pieces):
        async for piece in pieces:
            yield piece.chunk
