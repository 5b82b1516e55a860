"""The RPC of exports."""
# ruff: noqa: ARG002 (gRPC fixes what a method is given)

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from automateiq.documents.v1 import exports_pb2 as pb
from automateiq.documents.v1 import exports_pb2_grpc

from automateiq_documents.documents.messages import filter_of
from automateiq_documents.exports.models import Format, Table, Wanted
from automateiq_documents.exports.service import ExportService

_FORMATS = {pb.BooksFormat.Value(f"BOOKS_FORMAT_{one.name}"): one for one in Format}
_TABLES = {pb.ExportTable.Value(f"EXPORT_TABLE_{one.name}"): one for one in Table}
_MAX_CHUNK = 1 << 20


class ExportsServicer(exports_pb2_grpc.ExportsServiceServicer):
    """Protobuf in, one call of the service, protobuf out."""

    def __init__(self, exports: ExportService) -> None:
        self._exports = exports

    async def ExportDocuments(
        self, request: pb.ExportDocumentsRequest, context: Any
    ) -> AsyncIterator[pb.ExportDocumentsResponse]:
        """Gives a file."""
        head, pieces = await self._exports.export(
            Wanted(
                format=_FORMATS[request.format],
                table=_TABLES.get(request.table, Table.DOCUMENTS),
                filter=filter_of(request.filter),
                ids=list(request.documents),
            )
        )
        yield pb.ExportDocumentsResponse(
            header=pb.ExportHeader(filename=head.filename, mimetype=head.mimetype)
        )
        # Closed here and not by the garbage collector: somebody who leaves early frees the files at once.
        async with aclosing(pieces):
            async for piece in pieces:
                for start in range(0, len(piece), _MAX_CHUNK):
                    yield pb.ExportDocumentsResponse(chunk=piece[start : start + _MAX_CHUNK])
