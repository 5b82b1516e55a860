"""Batches of documents."""

from typing import Annotated

from automateiq.billing.v1 import credits_pb2
from automateiq.documents.v1 import batches_pb2 as pb
from automateiq.documents.v1 import documents_pb2
from automateiq_core.errors import NotFound
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from automateiq_gateway import parts, words
from automateiq_gateway.endpoint import GuardedEndpoint
from automateiq_gateway.ids import is_id
from automateiq_gateway.replies import reply, to_plain
from automateiq_gateway.routers.documents import known
from automateiq_gateway.schemas.batches import Batch, DocumentsQuote, QuoteBody
from automateiq_gateway.schemas.common import PROBLEMS, IdempotencyKey

router = APIRouter(
    prefix="/api/documents", tags=["documents"], responses=PROBLEMS, route_class=GuardedEndpoint
)

BatchId = Annotated[str, Path(description="The batch's id", examples=["65f0c0ffee65f0c0ffee65f7"])]


@router.post("/quote", response_model=DocumentsQuote)
async def quote_documents(body: QuoteBody, request: Request) -> Response:
    """What the reading of documents would cost at most, and what that leaves. Charges nothing."""
    ids = [known(document_id) for document_id in body.document_ids]
    mode = words.numbers(documents_pb2.ReadingMode.DESCRIPTOR)[body.mode]
    quoted = await parts.of(request).batches.QuoteBatch(pb.QuoteBatchRequest(document_ids=ids, mode=mode))
    balance = await parts.of(request).credits.GetBalance(credits_pb2.GetBalanceRequest())
    left = balance.available - quoted.credits
    return reply({**to_plain(quoted), "available": balance.available, "left": left})


@router.get("/batches/{batch_id}", response_model=Batch)
async def get_batch(batch_id: BatchId, request: Request) -> Response:
    """How far a batch is, and what became of each document."""
    answer = await parts.of(request).batches.GetBatch(pb.GetBatchRequest(batch_id=_known(batch_id)))
    return reply(answer.batch)


@router.post("/batches/{batch_id}/cancel", response_model=Batch)
async def cancel_batch(batch_id: BatchId, request: Request, idempotency_key: IdempotencyKey = "") -> Response:
    """Cancel what is not read yet; nothing is charged for it."""
    asked = pb.CancelBatchRequest(request_id=idempotency_key, batch_id=_known(batch_id))
    return reply((await parts.of(request).batches.CancelBatch(asked)).batch)


def _known(batch_id: str) -> str:
    if not is_id(batch_id):
        raise NotFound("BATCH_NOT_FOUND", "There is no such batch. Batches are kept for thirty days.")
    return batch_id
