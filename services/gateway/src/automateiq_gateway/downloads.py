"""A document's file, passed on piece by piece."""

from collections.abc import AsyncGenerator
from typing import cast
from urllib.parse import quote

from automateiq.documents.v1.documents_pb2 import (
    DownloadDocumentRequest,
    DownloadDocumentResponse,
    DownloadHeader,
)
from automateiq_core import context
from automateiq_core.errors import Internal
from starlette.types import Receive, Scope, Send

from automateiq_gateway import disconnects, parts


class FileStream:
    """The reply to a request for a document's file, as an ASGI application."""

    def __init__(self, document_id: str) -> None:
        self._document_id = document_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the file. One that breaks off leaves the reply unfinished, so that the client sees it.

        Raises:
            AppError: there is no such document, or its file can not be had.
        """
        request = DownloadDocumentRequest(document_id=self._document_id)
        stub = parts.in_scope(scope).documents
        # What a `Peer` gives for a stream of answers; the stub's types tell of a plain channel.
        pieces = cast(
            AsyncGenerator[DownloadDocumentResponse, None],
            stub.DownloadDocument(request, timeout=context.current().remaining()),
        )
        first = await anext(pieces, None)
        if first is None or not first.HasField("header"):
            raise Internal("DOWNLOAD_WITHOUT_HEADER", "The download began without a header.")
        await send({"type": "http.response.start", "status": 200, "headers": _headers(first.header)})
        async with disconnects.watched(receive) as gone:
            async for piece in pieces:
                if gone.done():
                    break
                await send({"type": "http.response.body", "body": piece.chunk, "more_body": True})
        await pieces.aclose()
        await send({"type": "http.response.body", "body": b""})


def attachment(filename: str) -> str:
    """Content-Disposition for a file to be saved under this name (RFC 6266, with RFC 5987 for what is not ASCII)."""
    plain = "".join(
        sign if sign.isascii() and sign.isprintable() and sign not in '"\\%' else "_" for sign in filename
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def _headers(header: DownloadHeader) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", header.mimetype.encode()),
        (b"content-length", str(header.size).encode()),
        (b"content-disposition", attachment(header.filename).encode()),
        # A file of a stranger: were it opened after all, it may run nothing.
        (b"content-security-policy", b"default-src 'none'; sandbox"),
    ]
