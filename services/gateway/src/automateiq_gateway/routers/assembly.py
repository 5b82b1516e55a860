"""Splitting and merging documents."""

from automateiq.documents.v1 import assembly_pb2 as pb
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from automateiq_gateway import parts
from automateiq_gateway.endpoint import GuardedEndpoint
from automateiq_gateway.replies import reply, to_plain
from automateiq_gateway.routers.documents import known
from automateiq_gateway.schemas.assembly import Assembled, MergeBody, SplitBody, SplitProposal
from automateiq_gateway.schemas.common import PROBLEMS, DocumentId, IdempotencyKey
from automateiq_gateway.schemas.documents import Document

router = APIRouter(
    prefix="/api/documents", tags=["documents"], responses=PROBLEMS, route_class=GuardedEndpoint
)


@router.get("/{document_id}/split", response_model=SplitProposal)
async def propose_split(document_id: DocumentId, request: Request) -> Response:
    """The documents that a processed document's pages seem to hold. Changes nothing."""
    asked = pb.ProposeSplitRequest(document_id=known(document_id))
    return reply(await parts.of(request).assembly.ProposeSplit(asked))


@router.post("/{document_id}/split", response_model=Assembled, status_code=201)
async def split_document(
    document_id: DocumentId, body: SplitBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Make a document of each part. The source is kept, with `replacedBy`.

    Parts of a processed document are read at once; what was read and paid for before costs nothing.
    """
    answer = await parts.of(request).assembly.SplitDocument(
        pb.SplitDocumentRequest(
            request_id=idempotency_key,
            document_id=known(document_id),
            parts=[pb.PartPages(pages=part.pages) for part in body.parts],
        )
    )
    return _documents(answer, 201)


@router.post("/{document_id}/split/undo", response_model=Assembled)
async def undo_split(
    document_id: DocumentId, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Remove the parts of a document, if nobody worked on them, and revive it."""
    return await _undo(document_id, request, idempotency_key)


@router.post("/merge", response_model=Document, status_code=201)
async def merge_documents(
    body: MergeBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Put documents together, in this order, into one PDF. The sources are kept, with `replacedBy`."""
    answer = await parts.of(request).assembly.MergeDocuments(
        pb.MergeDocumentsRequest(
            request_id=idempotency_key,
            document_ids=[known(document_id) for document_id in body.document_ids],
            name=body.name,
        )
    )
    return reply(answer.document, 201, {"Location": f"/api/documents/{answer.document.id}"})


@router.post("/{document_id}/merge/undo", response_model=Assembled)
async def undo_merge(
    document_id: DocumentId, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Remove a merged document, if nobody worked on it, and revive what it was made of."""
    return await _undo(document_id, request, idempotency_key)


async def _undo(document_id: str, request: Request, idempotency_key: str) -> Response:
    asked = pb.UndoAssemblyRequest(request_id=idempotency_key, document_id=known(document_id))
    return _documents(await parts.of(request).assembly.UndoAssembly(asked), 200)


def _documents(answer: pb.SplitDocumentResponse | pb.UndoAssemblyResponse, status: int) -> Response:
    return reply({"documents": [to_plain(document) for document in answer.documents]}, status)
