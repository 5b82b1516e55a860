"""Reviews: look, correct, confirm, reject, reopen; the queue and its settings."""

import re
from typing import Annotated, Any

from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq.documents.v1 import documents_pb2
from automateiq.documents.v1 import review_pb2 as pb
from automateiq_core.errors import NotFound
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from automateiq_gateway import parts, words
from automateiq_gateway.endpoint import GuardedEndpoint
from automateiq_gateway.replies import page, reply
from automateiq_gateway.routers.documents import known
from automateiq_gateway.schemas.common import PROBLEMS, DocumentId, IdempotencyKey
from automateiq_gateway.schemas.review import (
    AssignBody,
    CorrectBody,
    FieldChange,
    FilterParameters,
    FilterQuery,
    QueueParameters,
    RejectBody,
    Review,
    ReviewCounts,
    ReviewNeighbours,
    Reviews,
    ReviewSettings,
    ReviewSettingsBody,
    VendorMemories,
    VendorMemory,
    VendorMemoryBody,
    VendorParameters,
    VersionBody,
)

_OPTIONS: dict[str, Any] = {"tags": ["review"], "responses": PROBLEMS, "route_class": GuardedEndpoint}
router = APIRouter(prefix="/api/review", **_OPTIONS)
document_router = APIRouter(prefix="/api/documents/{document_id}/review", **_OPTIONS)

CorrectionId = Annotated[str, Path(description="The correction's id", examples=["65f0c0ffee65f0c0ffee65f7"])]
MemoryId = Annotated[str, Path(description="The memory's id", examples=["65f0c0ffee65f0c0ffee65f9"])]
_ID = re.compile(r"[0-9a-f]{24}")


@document_router.get("", response_model=Review)
async def get_review(document_id: DocumentId, request: Request) -> Response:
    """The review of a document: its state and why, what was read, what people said, and the audit."""
    answer = await parts.of(request).reviews.GetReview(pb.GetReviewRequest(document_id=known(document_id)))
    return reply(answer.review)


@document_router.post("/corrections", response_model=Review)
async def correct_fields(
    document_id: DocumentId, body: CorrectBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Correct values, all or none. What was read is kept beside what people say, and each change is noted."""
    answer = await parts.of(request).reviews.CorrectFields(
        pb.CorrectFieldsRequest(
            request_id=idempotency_key,
            document_id=known(document_id),
            version=body.version,
            corrections=[_change(change) for change in body.corrections],
        )
    )
    return reply(answer.review)


@document_router.post("/corrections/{correction_id}/undo", response_model=Review)
async def undo_correction(
    document_id: DocumentId,
    correction_id: CorrectionId,
    body: VersionBody,
    request: Request,
    idempotency_key: IdempotencyKey = "",
) -> Response:
    """Take a correction back: what was read, or said before it, is shown again."""
    if not _ID.fullmatch(correction_id):
        raise NotFound("CORRECTION_NOT_FOUND", "There is no such correction. It may have been taken back.")
    answer = await parts.of(request).reviews.UndoCorrection(
        pb.UndoCorrectionRequest(
            request_id=idempotency_key,
            document_id=known(document_id),
            version=body.version,
            correction_id=correction_id,
        )
    )
    return reply(answer.review)


@document_router.post("/confirm", response_model=Review)
async def confirm_review(
    document_id: DocumentId, body: VersionBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Say that a document is right as it is shown."""
    answer = await parts.of(request).reviews.ConfirmReview(
        pb.ConfirmReviewRequest(
            request_id=idempotency_key, document_id=known(document_id), version=body.version
        )
    )
    return reply(answer.review)


@document_router.post("/reject", response_model=Review)
async def reject_review(
    document_id: DocumentId, body: RejectBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Say that a document is not to be used, and why."""
    answer = await parts.of(request).reviews.RejectReview(
        pb.RejectReviewRequest(
            request_id=idempotency_key,
            document_id=known(document_id),
            version=body.version,
            reason=body.reason,
        )
    )
    return reply(answer.review)


@document_router.post("/reopen", response_model=Review)
async def reopen_review(
    document_id: DocumentId, body: VersionBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Take the last word back: the document waits to be looked at again."""
    answer = await parts.of(request).reviews.ReopenReview(
        pb.ReopenReviewRequest(
            request_id=idempotency_key, document_id=known(document_id), version=body.version
        )
    )
    return reply(answer.review)


@document_router.put("/assignee", response_model=Review)
async def assign_review(
    document_id: DocumentId, body: AssignBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Give a document to somebody to look at."""
    answer = await parts.of(request).reviews.AssignReview(
        pb.AssignReviewRequest(
            request_id=idempotency_key,
            document_id=known(document_id),
            version=body.version,
            user_id=body.user_id,
        )
    )
    return reply(answer.review)


@document_router.get("/neighbours", response_model=ReviewNeighbours)
async def review_neighbours(document_id: DocumentId, which: FilterParameters, request: Request) -> Response:
    """The documents before and after one in the queue."""
    return reply(
        await parts.of(request).reviews.GetReviewNeighbours(
            pb.GetReviewNeighboursRequest(document_id=known(document_id), filter=_filter(which))
        )
    )


@router.get("", response_model=Reviews)
async def list_reviews(which: QueueParameters, request: Request) -> Response:
    """The documents to look at, the largest expected loss first, page by page."""
    answer = await parts.of(request).reviews.ListReviews(
        pb.ListReviewsRequest(
            page=PageRequest(page_size=which.page_size, page_token=which.page_token), filter=_filter(which)
        )
    )
    return reply(page(answer.reviews, answer.page_info.next_page_token))


@router.get("/counts", response_model=ReviewCounts)
async def count_reviews(which: FilterParameters, request: Request) -> Response:
    """How many documents are in each state. The filter's states are not looked at."""
    return reply(await parts.of(request).reviews.CountReviews(pb.CountReviewsRequest(filter=_filter(which))))


@router.get("/settings", response_model=ReviewSettings)
async def get_settings(request: Request) -> Response:
    """What the organization wants to look at."""
    answer = await parts.of(request).reviews.GetReviewSettings(pb.GetReviewSettingsRequest())
    return reply(answer.settings)


@router.put("/settings", response_model=ReviewSettings)
async def update_settings(
    body: ReviewSettingsBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Replace what the organization wants to look at (admins and managers)."""
    types = words.numbers(documents_pb2.DocumentType.DESCRIPTOR)
    answer = await parts.of(request).reviews.UpdateReviewSettings(
        pb.UpdateReviewSettingsRequest(
            request_id=idempotency_key,
            settings=pb.ReviewSettings(
                threshold=body.threshold,
                thresholds=body.thresholds,
                important=[
                    pb.ImportantFields(type=types[one.type], fields=one.fields) for one in body.important
                ],
                version=body.version,
            ),
        )
    )
    return reply(answer.settings)


@router.get("/vendors", response_model=VendorMemories)
async def list_vendor_memories(which: VendorParameters, request: Request) -> Response:
    """What is remembered of vendors from people's corrections, by name, page by page."""
    answer = await parts.of(request).reviews.ListVendorMemories(
        pb.ListVendorMemoriesRequest(
            page=PageRequest(page_size=which.page_size, page_token=which.page_token), name=which.name
        )
    )
    return reply(page(answer.memories, answer.page_info.next_page_token))


@router.get("/vendors/{memory_id}", response_model=VendorMemory)
async def get_vendor_memory(memory_id: MemoryId, request: Request) -> Response:
    """What is remembered of one vendor."""
    answer = await parts.of(request).reviews.GetVendorMemory(
        pb.GetVendorMemoryRequest(memory_id=_known_memory(memory_id))
    )
    return reply(answer.memory)


@router.patch("/vendors/{memory_id}", response_model=VendorMemory)
async def update_vendor_memory(
    memory_id: MemoryId, body: VendorMemoryBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Switch a vendor's memory on or off (admins and managers)."""
    answer = await parts.of(request).reviews.UpdateVendorMemory(
        pb.UpdateVendorMemoryRequest(
            request_id=idempotency_key, memory_id=_known_memory(memory_id), enabled=body.enabled
        )
    )
    return reply(answer.memory)


@router.delete("/vendors/{memory_id}", status_code=204)
async def delete_vendor_memory(
    memory_id: MemoryId, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Forget a vendor (admins and managers)."""
    await parts.of(request).reviews.DeleteVendorMemory(
        pb.DeleteVendorMemoryRequest(request_id=idempotency_key, memory_id=_known_memory(memory_id))
    )
    return Response(status_code=204)


def _known_memory(memory_id: str) -> str:
    if not _ID.fullmatch(memory_id):
        raise NotFound("MEMORY_NOT_FOUND", "There is no such vendor memory. It may have been deleted.")
    return memory_id


def _change(change: FieldChange) -> pb.FieldChange:
    return pb.FieldChange(
        field=change.field,
        action=words.numbers(pb.CorrectionAction.DESCRIPTOR)[change.action],
        index=change.index,
        value=change.value,
        values=change.values,
        box=None if change.box is None else pb.SelectedBox(**change.box.model_dump()),
    )


def _filter(which: FilterQuery) -> pb.ReviewFilter:
    states = words.numbers(documents_pb2.ReviewState.DESCRIPTOR)
    types = words.numbers(documents_pb2.DocumentType.DESCRIPTOR)
    return pb.ReviewFilter(
        states=[states[word] for word in which.state],
        types=[types[word] for word in which.type],
        vendor=which.vendor,
        tags=which.tag,
        assigned_to=which.assigned_to,
        unassigned=which.unassigned,
    )
