"""Documents that seem to be the same."""

from automateiq.documents.v1 import duplicates_pb2 as pb
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from automateiq_gateway import parts
from automateiq_gateway.endpoint import GuardedEndpoint
from automateiq_gateway.replies import reply
from automateiq_gateway.routers.documents import known
from automateiq_gateway.schemas.common import PROBLEMS, DocumentId, IdempotencyKey
from automateiq_gateway.schemas.documents import Document

router = APIRouter(
    prefix="/api/documents", tags=["documents"], responses=PROBLEMS, route_class=GuardedEndpoint
)


@router.post("/{document_id}/duplicates/{other_document_id}/dismiss", response_model=Document)
async def dismiss_duplicate(
    document_id: DocumentId,
    other_document_id: DocumentId,
    request: Request,
    idempotency_key: IdempotencyKey = "",
) -> Response:
    """Say that two documents are not the same. That stays said, however often they are read."""
    asked = pb.DismissDuplicateRequest(
        request_id=idempotency_key,
        document_id=known(document_id),
        other_document_id=known(other_document_id),
    )
    return reply((await parts.of(request).duplicates.DismissDuplicate(asked)).document)
