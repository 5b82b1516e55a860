"""The RPCs of reviews."""
# ruff: noqa: ARG002 (gRPC fixes what a method is given)

from typing import Any

from automateiq.documents.v1 import review_pb2 as pb
from automateiq.documents.v1 import review_pb2_grpc

from automateiq_documents.documents.models import ReviewState
from automateiq_documents.review.memory import Memory
from automateiq_documents.review.messages import (
    changes_of,
    filter_of,
    memory_message,
    queued_message,
    review_message,
    settings_message,
    settings_of,
)
from automateiq_documents.review.service import ReviewService


class ReviewServicer(review_pb2_grpc.ReviewServiceServicer):
    """Protobuf in, one call of the service, protobuf out."""

    def __init__(self, reviews: ReviewService, memory: Memory) -> None:
        self._reviews = reviews
        self._memory = memory

    async def GetReview(self, request: pb.GetReviewRequest, context: Any) -> pb.GetReviewResponse:
        """Gives a review."""
        found = await self._reviews.get(request.document_id)
        return pb.GetReviewResponse(review=review_message(found))

    async def CorrectFields(self, request: pb.CorrectFieldsRequest, context: Any) -> pb.CorrectFieldsResponse:
        """Corrects values."""
        changes = changes_of(request.corrections)
        found = await self._reviews.correct(request.document_id, request.version, changes)
        return pb.CorrectFieldsResponse(review=review_message(found))

    async def UndoCorrection(
        self, request: pb.UndoCorrectionRequest, context: Any
    ) -> pb.UndoCorrectionResponse:
        """Takes a correction back."""
        found = await self._reviews.undo(request.document_id, request.version, request.correction_id)
        return pb.UndoCorrectionResponse(review=review_message(found))

    async def ConfirmReview(self, request: pb.ConfirmReviewRequest, context: Any) -> pb.ConfirmReviewResponse:
        """Confirms a document."""
        found = await self._reviews.confirm(request.document_id, request.version)
        return pb.ConfirmReviewResponse(review=review_message(found))

    async def RejectReview(self, request: pb.RejectReviewRequest, context: Any) -> pb.RejectReviewResponse:
        """Rejects a document."""
        found = await self._reviews.reject(request.document_id, request.version, request.reason)
        return pb.RejectReviewResponse(review=review_message(found))

    async def ReopenReview(self, request: pb.ReopenReviewRequest, context: Any) -> pb.ReopenReviewResponse:
        """Reopens a review."""
        found = await self._reviews.reopen(request.document_id, request.version)
        return pb.ReopenReviewResponse(review=review_message(found))

    async def AssignReview(self, request: pb.AssignReviewRequest, context: Any) -> pb.AssignReviewResponse:
        """Gives a document to somebody."""
        found = await self._reviews.assign(request.document_id, request.version, request.user_id)
        return pb.AssignReviewResponse(review=review_message(found))

    async def ListReviews(self, request: pb.ListReviewsRequest, context: Any) -> pb.ListReviewsResponse:
        """Gives a page of the queue."""
        page = await self._reviews.queue(filter_of(request.filter), request.page)
        response = pb.ListReviewsResponse(reviews=map(queued_message, page.items))
        response.page_info.next_page_token = page.next_page_token
        return response

    async def CountReviews(self, request: pb.CountReviewsRequest, context: Any) -> pb.CountReviewsResponse:
        """Counts documents by state."""
        counts = await self._reviews.counts(filter_of(request.filter))
        return pb.CountReviewsResponse(
            not_needed=counts.get(ReviewState.NOT_NEEDED, 0),
            needed=counts.get(ReviewState.NEEDED, 0),
            confirmed=counts.get(ReviewState.CONFIRMED, 0),
            rejected=counts.get(ReviewState.REJECTED, 0),
        )

    async def GetReviewNeighbours(
        self, request: pb.GetReviewNeighboursRequest, context: Any
    ) -> pb.GetReviewNeighboursResponse:
        """Gives the documents beside one."""
        before, after = await self._reviews.neighbours(request.document_id, filter_of(request.filter))
        return pb.GetReviewNeighboursResponse(previous_document_id=before, next_document_id=after)

    async def GetReviewSettings(
        self, request: pb.GetReviewSettingsRequest, context: Any
    ) -> pb.GetReviewSettingsResponse:
        """Gives the settings."""
        return pb.GetReviewSettingsResponse(settings=settings_message(await self._reviews.settings()))

    async def UpdateReviewSettings(
        self, request: pb.UpdateReviewSettingsRequest, context: Any
    ) -> pb.UpdateReviewSettingsResponse:
        """Replaces the settings."""
        kept = await self._reviews.update_settings(settings_of(request.settings))
        return pb.UpdateReviewSettingsResponse(settings=settings_message(kept))

    async def ListVendorMemories(
        self, request: pb.ListVendorMemoriesRequest, context: Any
    ) -> pb.ListVendorMemoriesResponse:
        """Gives a page of what is remembered."""
        page = await self._memory.page(request.name, request.page)
        response = pb.ListVendorMemoriesResponse(memories=map(memory_message, page.memories))
        response.page_info.next_page_token = page.next_page_token
        return response

    async def GetVendorMemory(
        self, request: pb.GetVendorMemoryRequest, context: Any
    ) -> pb.GetVendorMemoryResponse:
        """Gives what is remembered of a vendor."""
        found = await self._memory.get(request.memory_id)
        return pb.GetVendorMemoryResponse(memory=memory_message(found))

    async def UpdateVendorMemory(
        self, request: pb.UpdateVendorMemoryRequest, context: Any
    ) -> pb.UpdateVendorMemoryResponse:
        """Switches a memory on or off."""
        found = await self._memory.switch(request.memory_id, request.enabled)
        return pb.UpdateVendorMemoryResponse(memory=memory_message(found))

    async def DeleteVendorMemory(
        self, request: pb.DeleteVendorMemoryRequest, context: Any
    ) -> pb.DeleteVendorMemoryResponse:
        """Forgets a vendor."""
        await self._memory.delete(request.memory_id)
        return pb.DeleteVendorMemoryResponse()
