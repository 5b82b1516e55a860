"""The RPCs of documents."""
# ruff: noqa: ARG002 (gRPC fixes what a method is given)

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from automateiq.documents.v1 import documents_pb2 as pb
from automateiq.documents.v1 import documents_pb2_grpc
from automateiq_core.errors import InvalidInput

from automateiq_documents.documents.messages import (
    document_message,
    download_header,
    filter_of,
    mode_of,
    order_of,
    progress_message,
    upload_of,
)
from automateiq_documents.documents.processing import ProcessingService
from automateiq_documents.documents.service import DocumentsService


class DocumentsServicer(documents_pb2_grpc.DocumentsServiceServicer):
    """Protobuf in, one call of a service, protobuf out."""

    def __init__(self, documents: DocumentsService, processing: ProcessingService) -> None:
        self._documents = documents
        self._processing = processing

    async def UploadDocument(
        self, request: AsyncIterator[pb.UploadDocumentRequest], context: Any
    ) -> pb.UploadDocumentResponse:
        """Stores a file."""
        first = await anext(request, None)
        if first is None or not first.HasField("header"):
            raise InvalidInput("UPLOAD_HEADER_MISSING", "The first message of an upload is its header.")
        document, duplicate = await self._documents.upload(upload_of(first.header), _chunks(request))
        return pb.UploadDocumentResponse(document=document_message(document), duplicate=duplicate)

    async def ListDocuments(self, request: pb.ListDocumentsRequest, context: Any) -> pb.ListDocumentsResponse:
        """Gives a page of a listing."""
        page = await self._documents.search(filter_of(request.filter), order_of(request.sort), request.page)
        response = pb.ListDocumentsResponse(documents=map(document_message, page.documents))
        response.page_info.next_page_token = page.next_page_token
        return response

    async def GetDocument(self, request: pb.GetDocumentRequest, context: Any) -> pb.GetDocumentResponse:
        """Gives one document."""
        document, words = await self._documents.get(request.document_id)
        return pb.GetDocumentResponse(document=document_message(document, words))

    async def DownloadDocument(
        self, request: pb.DownloadDocumentRequest, context: Any
    ) -> AsyncIterator[pb.DownloadDocumentResponse]:
        """Gives a file."""
        document, pieces = await self._documents.download(request.document_id)
        yield pb.DownloadDocumentResponse(header=download_header(document))
        # Closed here and not by the garbage collector: somebody who leaves early frees the connection at once.
        async with aclosing(pieces):
            async for piece in pieces:
                yield pb.DownloadDocumentResponse(chunk=piece)

    async def ProcessDocument(
        self, request: pb.ProcessDocumentRequest, context: Any
    ) -> pb.ProcessDocumentResponse:
        """Has a document read."""
        document = await self._processing.process(request.document_id, mode_of(request.mode))
        return pb.ProcessDocumentResponse(document=document_message(document))

    async def CancelProcessing(
        self, request: pb.CancelProcessingRequest, context: Any
    ) -> pb.CancelProcessingResponse:
        """Stops a reading."""
        document = await self._processing.cancel(request.document_id)
        return pb.CancelProcessingResponse(document=document_message(document))

    async def WatchDocument(
        self, request: pb.WatchDocumentRequest, context: Any
    ) -> AsyncIterator[pb.WatchDocumentResponse]:
        """Tells of a reading."""
        async for progress in self._processing.watch(request.document_id):
            yield progress_message(progress)

    async def DeleteDocument(
        self, request: pb.DeleteDocumentRequest, context: Any
    ) -> pb.DeleteDocumentResponse:
        """Removes a document."""
        await self._documents.delete(request.document_id)
        return pb.DeleteDocumentResponse()


async def _chunks(messages: AsyncIterator[pb.UploadDocumentRequest]) -> AsyncIterator[bytes]:
    async for message in messages:
        if message.HasField("header"):
            raise InvalidInput("UPLOAD_HEADER_REPEATED", "An upload has one header, at its beginning.")
        yield message.chunk
