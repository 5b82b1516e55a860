"""The RPCs of batches."""
# ruff: noqa: ARG002 (gRPC fixes what a method is given)

from typing import Any

from automateiq.documents.v1 import batches_pb2 as pb
from automateiq.documents.v1 import batches_pb2_grpc

from automateiq_documents.batches.models import Progress
from automateiq_documents.batches.service import BatchService
from automateiq_documents.documents.messages import mode_of, stamp


class BatchesServicer(batches_pb2_grpc.BatchesServiceServicer):
    """Protobuf in, one call of the service, protobuf out."""

    def __init__(self, batches: BatchService) -> None:
        self._batches = batches

    async def QuoteBatch(self, request: pb.QuoteBatchRequest, context: Any) -> pb.QuoteBatchResponse:
        """Says what a batch would cost at most."""
        quoted = await self._batches.quote(list(request.document_ids), mode_of(request.mode))
        return pb.QuoteBatchResponse(
            documents=[
                pb.QuotedDocument(
                    document_id=one.document_id, pages=one.pages, credits=one.credits, reason=one.reason
                )
                for one in quoted
            ],
            credits=sum(one.credits for one in quoted),
        )

    async def StartBatch(self, request: pb.StartBatchRequest, context: Any) -> pb.StartBatchResponse:
        """Begins a batch."""
        begun = await self._batches.start(list(request.document_ids), mode_of(request.mode))
        return pb.StartBatchResponse(batch=_message(begun))

    async def GetBatch(self, request: pb.GetBatchRequest, context: Any) -> pb.GetBatchResponse:
        """Gives a batch."""
        return pb.GetBatchResponse(batch=_message(await self._batches.get(request.batch_id)))

    async def CancelBatch(self, request: pb.CancelBatchRequest, context: Any) -> pb.CancelBatchResponse:
        """Cancels the rest of a batch."""
        return pb.CancelBatchResponse(batch=_message(await self._batches.cancel(request.batch_id)))


def _message(progress: Progress) -> pb.Batch:
    return pb.Batch(
        id=progress.batch.id,
        created_at=stamp(progress.batch.created_at),
        state=progress.state,
        counts=progress.counts,
        credits=progress.credits,
        items=[
            pb.BatchItem(
                document_id=item.document_id,
                outcome=item.outcome.value,
                reason=item.reason,
                message=item.message,
                credits=item.credits,
            )
            for item in progress.items
        ],
    )
