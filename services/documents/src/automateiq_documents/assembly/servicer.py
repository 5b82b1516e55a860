"""The RPCs of splitting and merging."""
# ruff: noqa: ARG002 (gRPC fixes what a method is given)

from typing import Any

from automateiq.common.v1 import recognition_pb2
from automateiq.documents.v1 import assembly_pb2 as pb
from automateiq.documents.v1 import assembly_pb2_grpc
from google.protobuf.json_format import ParseDict

from automateiq_documents.assembly.service import AssemblyService
from automateiq_documents.documents.messages import document_message


class AssemblyServicer(assembly_pb2_grpc.AssemblyServiceServicer):
    """Protobuf in, one call of the service, protobuf out."""

    def __init__(self, assembly: AssemblyService) -> None:
        self._assembly = assembly

    async def ProposeSplit(self, request: pb.ProposeSplitRequest, context: Any) -> pb.ProposeSplitResponse:
        """Gives the parts that a document seems to hold."""
        parts, pages = await self._assembly.propose(request.document_id)
        messages = [ParseDict(dict(part), recognition_pb2.DocumentPart()) for part in parts]
        return pb.ProposeSplitResponse(parts=messages, page_count=pages)

    async def SplitDocument(self, request: pb.SplitDocumentRequest, context: Any) -> pb.SplitDocumentResponse:
        """Splits a document."""
        made = await self._assembly.split(request.document_id, [list(part.pages) for part in request.parts])
        return pb.SplitDocumentResponse(documents=map(document_message, made))

    async def MergeDocuments(
        self, request: pb.MergeDocumentsRequest, context: Any
    ) -> pb.MergeDocumentsResponse:
        """Puts documents together."""
        made = await self._assembly.merge(list(request.document_ids), request.name)
        return pb.MergeDocumentsResponse(document=document_message(made))

    async def UndoAssembly(self, request: pb.UndoAssemblyRequest, context: Any) -> pb.UndoAssemblyResponse:
        """Undoes a split or a merge."""
        revived = await self._assembly.undo(request.document_id)
        return pb.UndoAssemblyResponse(documents=map(document_message, revived))
