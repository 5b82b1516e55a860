"""Documents: upload, find, read, watch, download, delete."""

import re
from datetime import UTC, datetime
from typing import Any

from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq.documents.v1 import batches_pb2
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq_core.errors import NotFound
from fastapi import APIRouter
from google.protobuf.timestamp_pb2 import Timestamp
from starlette.requests import Request
from starlette.responses import Response

from automateiq_gateway import multipart, parts, sse, uploads, words
from automateiq_gateway.downloads import FileStream
from automateiq_gateway.endpoint import GuardedEndpoint, StreamEndpoint, UploadEndpoint
from automateiq_gateway.replies import MEDIA_TYPE, page, reply, to_plain
from automateiq_gateway.schemas.batches import Batch
from automateiq_gateway.schemas.common import PROBLEMS, DocumentId, IdempotencyKey
from automateiq_gateway.schemas.documents import (
    Document,
    Documents,
    FilterQuery,
    ListParameters,
    ListQuery,
    ProcessBody,
    UploadedDocument,
    UploadForm,
)

_OPTIONS: dict[str, Any] = {"prefix": "/api/documents", "tags": ["documents"], "responses": PROBLEMS}
router = APIRouter(route_class=GuardedEndpoint, **_OPTIONS)
upload_router = APIRouter(route_class=UploadEndpoint, **_OPTIONS)
stream_router = APIRouter(route_class=StreamEndpoint, **_OPTIONS)

_ID = re.compile(r"[0-9a-f]{24}")
_EVENTS = (
    "retry: 2000\n"
    'event: progress\ndata: {"status":"processing","processing":{"stage":"reading","pagesDone":1,…},"failure":null}\n\n'
    ": still here\n\n"
    'id: 65f0c0ffee65f0c0ffee65f6-3\nevent: processed\ndata: {"status":"processed",…}\n\n'
)


@router.get("/{document_id}", response_model=Document)
async def get_document(document_id: DocumentId, request: Request) -> Response:
    """One document with all that was read from it."""
    json = await parts.of(request).document_json(known(document_id))
    return Response(json, media_type=MEDIA_TYPE)


@router.get("", response_model=Documents)
async def list_documents(which: ListParameters, request: Request) -> Response:
    """The documents, filtered, searched and sorted, page by page; without their text and word boxes."""
    answer = await parts.of(request).documents.ListDocuments(_listing(which))
    return reply(page(answer.documents, answer.page_info.next_page_token))


@router.delete("/{document_id}", status_code=204)
async def delete_document(
    document_id: DocumentId, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Remove a document, its file and all that was read from it (admins and managers)."""
    await parts.of(request).documents.DeleteDocument(
        pb.DeleteDocumentRequest(request_id=idempotency_key, document_id=known(document_id))
    )
    return Response(status_code=204)


@router.post("/process", response_model=Document | Batch, status_code=202)
async def process_document(
    body: ProcessBody, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Have a document read, or many: the answer is the document, or a batch.

    The most it can cost is set aside; what was needed is charged once it was read. A failed reading is free. Each
    document of a batch is paid for on its own, and one that is refused holds up no other.
    """
    mode = words.numbers(pb.ReadingMode.DESCRIPTOR)[body.mode]
    if body.document_ids is not None:
        asked = batches_pb2.StartBatchRequest(
            request_id=idempotency_key, document_ids=map(known, body.document_ids), mode=mode
        )
        batch = (await parts.of(request).batches.StartBatch(asked)).batch
        return reply(batch, 202, {"Location": f"/api/documents/batches/{batch.id}"})
    answer = await parts.of(request).documents.ProcessDocument(
        pb.ProcessDocumentRequest(
            request_id=idempotency_key,
            document_id=known(body.document_id or ""),
            mode=mode,
        )
    )
    return reply(answer.document, 202)


@router.post("/{document_id}/cancel", response_model=Document)
async def cancel_processing(
    document_id: DocumentId, request: Request, idempotency_key: IdempotencyKey = ""
) -> Response:
    """Stop the reading of a document; nothing is charged."""
    answer = await parts.of(request).documents.CancelProcessing(
        pb.CancelProcessingRequest(request_id=idempotency_key, document_id=known(document_id))
    )
    return reply(answer.document)


@upload_router.post(
    "/upload",
    response_model=UploadedDocument,
    status_code=201,
    responses={
        200: {
            "model": UploadedDocument,
            "description": "The same content was uploaded before: the earlier document",
        }
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": {"$ref": f"#/components/schemas/{UploadForm.__name__}"}}
            },
        }
    },
)
async def upload_document(request: Request, idempotency_key: IdempotencyKey = "") -> Response:
    """Store a file. It is passed on while it arrives; its type is told from its content, never from its name."""
    boundary = multipart.boundary_of(request.headers.get("content-type", ""))
    form = multipart.events(request.stream(), boundary)
    answer = await uploads.send(parts.of(request).documents, uploads.messages(form, idempotency_key))
    document = answer.document
    return reply(
        {**to_plain(document), "duplicate": answer.duplicate},
        200 if answer.duplicate else 201,
        {"Location": f"/api/documents/{document.id}"},
    )


@stream_router.get(
    "/{document_id}/file",
    response_class=Response,
    response_model=None,
    responses={
        200: {
            "description": "The file as it was uploaded, to be saved",
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def download_file(document_id: DocumentId, request: Request) -> FileStream:  # noqa: ARG001
    """The file as it was uploaded."""
    return FileStream(known(document_id))


@stream_router.get(
    "/{document_id}/events",
    response_class=Response,
    response_model=None,
    responses={
        200: {
            "description": "Server-sent events `progress`, then `processed` or `failed`; each one's data is a "
            "`Progress`. The stream ends with the reading. Comments keep it alive.",
            "content": {sse.MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EVENTS}},
        },
        204: {"description": "Nothing more will come; a browser stops asking"},
    },
)
async def watch_document(document_id: DocumentId, request: Request) -> sse.EventStream:  # noqa: ARG001
    """A document's progress as server-sent events: where it stands now, then each change."""
    return sse.EventStream(known(document_id))


def known(document_id: str) -> str:
    """The id, where it can be one."""
    # An id that can not be one names nothing, as one that is not there.
    if not _ID.fullmatch(document_id):
        raise NotFound("DOCUMENT_NOT_FOUND", "There is no such document. It may have been deleted.")
    return document_id


def _listing(which: ListQuery) -> pb.ListDocumentsRequest:
    return pb.ListDocumentsRequest(
        page=PageRequest(page_size=which.page_size, page_token=which.page_token),
        filter=filter_message(which),
        sort=words.numbers(pb.DocumentSort.DESCRIPTOR)[which.sort],
    )


def filter_message(which: FilterQuery) -> pb.DocumentFilter:
    """Which documents are wanted, as a message."""
    statuses, types = words.numbers(pb.DocumentStatus.DESCRIPTOR), words.numbers(pb.DocumentType.DESCRIPTOR)
    return pb.DocumentFilter(
        statuses=[statuses[word] for word in which.status],
        types=[types[word] for word in which.type],
        tags=which.tag,
        query=which.q,
        created_from=_stamp(which.created_from),
        created_before=_stamp(which.created_before),
    )


def _stamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(time if time.tzinfo else time.replace(tzinfo=UTC))
    return stamp
