"""A view of a document, passed on piece by piece, with HTTP's validators so that nothing is made twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, cast

from automateiq.documents.v1.views_pb2 import ViewHeader
from automateiq_core.errors import Internal
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from automateiq_gateway import disconnects
from automateiq_gateway.downloads import attachment

_MOST_TAGS = 20
_LONGEST_TAG = 100


def known_tags(request: Request) -> list[str]:
    """What the client has already, out of If-None-Match (RFC 9110, section 13.1.2)."""
    tags = (
        tag.strip().removeprefix("W/").strip('"')
        for tag in request.headers.get("if-none-match", "").split(",")
    )
    return [tag for tag in tags if tag and len(tag) <= _LONGEST_TAG][:_MOST_TAGS]


class ViewStream(Response):
    """The reply: 304 where the client has it, else the header's facts and then the pieces."""

    def __init__(self, header: ViewHeader, pieces: AsyncGenerator[Any, None], *, inline: bool) -> None:
        # Checked again at each use, for a document may be deleted and a session end; a fitting tag costs no work.
        headers = {"etag": f'"{header.tag}"', "cache-control": "private, no-cache"}
        if not header.known:
            named = attachment(header.filename)
            headers |= {
                "content-type": header.mimetype,
                "content-length": str(header.size),
                "content-disposition": named.replace("attachment", "inline", 1) if inline else named,
                # Made of a stranger's file: were it opened after all, it may run nothing.
                "content-security-policy": "default-src 'none'; sandbox",
            }
        super().__init__(status_code=304 if header.known else 200)
        self._pieces = pieces
        self.raw_headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Sends it. One that breaks off leaves the reply unfinished, so that the client sees it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with disconnects.watched(receive) as gone:
            async for piece in self._pieces:
                if gone.done():
                    break
                await send({"type": "http.response.body", "body": piece.chunk, "more_body": True})
        await self._pieces.aclose()
        await send({"type": "http.response.body", "body": b""})


async def opened(answers: Any, *, inline: bool) -> ViewStream:
    """The reply to the answers of a call, whose first says what follows.

    Raises:
        AppError: there is nothing to be shown.
    """
    # What a `Peer` gives for a stream of answers; the stub's types tell of a plain channel.
    pieces = cast(AsyncGenerator[Any, None], answers)
    first = await anext(pieces, None)
    if first is None or not first.HasField("header"):
        raise Internal("VIEW_WITHOUT_HEADER", "The view began without a header.")
    return ViewStream(first.header, pieces, inline=inline)
