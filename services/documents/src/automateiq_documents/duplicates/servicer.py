"""The RPCs of duplicates."""
# ruff: noqa: ARG002 (gRPC fixes what a method is given)

from typing import Any

from automateiq.documents.v1 import duplicates_pb2 as pb
from automateiq.documents.v1 import duplicates_pb2_grpc

from automateiq_documents.documents.messages import document_message
from automateiq_documents.duplicates.service import DuplicatesService


class DuplicatesServicer(duplicates_pb2_grpc.DuplicatesServiceServicer):
    """Protobuf in, one call of the service, protobuf out."""

    def __init__(self, duplicates: DuplicatesService) -> None:
        self._duplicates = duplicates

    async def DismissDuplicate(
        self, request: pb.DismissDuplicateRequest, context: Any
    ) -> pb.DismissDuplicateResponse:
        """Notes that two documents are not the same."""
        document = await self._duplicates.dismiss(request.document_id, request.other_document_id)
        return pb.DismissDuplicateResponse(document=document_message(document))
