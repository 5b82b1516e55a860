"""A document's progress as server-sent events (WHATWG HTML, section 9.2).

The stream ends when the reading has ended, when the session has, when the gateway stops, or after `watch_seconds`;
a browser then asks again by itself, and is told 204 where there is nothing more to come.
"""

import asyncio
from collections.abc import AsyncIterable

import structlog
from automateiq.documents.v1.documents_pb2 import DocumentStatus, WatchDocumentRequest, WatchDocumentResponse
from automateiq_core import context
from automateiq_core.errors import AppError
from starlette.types import Receive, Scope, Send

from automateiq_gateway import disconnects, exchange, parts, replies

MEDIA_TYPE = "text/event-stream"
_HEARTBEAT = b": still here\n\n"
_RETRY = b"retry: 2000\n"
_NAMES = {
    DocumentStatus.DOCUMENT_STATUS_PROCESSED: "processed",
    DocumentStatus.DOCUMENT_STATUS_FAILED: "failed",
}
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Nginx would else collect the events until its buffer is full.
    (b"x-accel-buffering", b"no"),
]

_log = structlog.get_logger(__name__)


def frame(change: WatchDocumentResponse) -> bytes:
    """A change as an event: progress, processed or failed."""
    name = _NAMES.get(change.status, "progress")
    mark = b"id: %b\n" % _mark(change).encode() if name != "progress" else b""
    return b"%bevent: %b\ndata: %b\n\n" % (mark, name.encode(), replies.dumps(replies.to_plain(change)))


class EventStream:
    """The reply to a request for a document's events, as an ASGI application."""

    def __init__(self, document_id: str) -> None:
        self._document_id = document_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends events until there are no more.

        Raises:
            AppError: there is no such document, or it can not be watched; before anything was sent.
        """
        gateway = parts.in_scope(scope)
        changes: asyncio.Queue[WatchDocumentResponse | AppError | None] = asyncio.Queue(maxsize=8)
        watched = gateway.documents.WatchDocument(
            WatchDocumentRequest(document_id=self._document_id), timeout=gateway.settings.watch_seconds
        )
        # A task of its own, so that waiting for the next change can be given up without ending the watch.
        pump = asyncio.create_task(_pump(watched, changes))
        try:
            first = await changes.get()
            if isinstance(first, AppError):
                raise first
            last_seen = exchange.header(scope, b"last-event-id")
            if first is None or (last_seen and last_seen == _mark(first) and first.status in _NAMES):
                await send({"type": "http.response.start", "status": 204, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            events = _Events(send)
            await events.tell(first)
            async with disconnects.watched(receive) as gone:
                await _forward(gateway, changes, gone, events)
            await events.end()
        finally:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)


async def _forward(
    gateway: parts.Parts,
    changes: "asyncio.Queue[WatchDocumentResponse | AppError | None]",
    gone: "asyncio.Task[None]",
    events: "_Events",
) -> None:
    session_id = context.current().session_id
    stopping = asyncio.create_task(gateway.stopping.wait())
    coming = asyncio.create_task(changes.get())
    try:
        while True:
            done, _ = await asyncio.wait(
                {coming, gone, stopping},
                timeout=gateway.settings.heartbeat_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if coming in done:
                change = coming.result()
                if not isinstance(change, WatchDocumentResponse):
                    if change is not None:
                        _log.info("watch ended", reason=change.reason)
                    return
                await events.tell(change)
                coming = asyncio.create_task(changes.get())
            elif done or not await _still_welcome(gateway, session_id):
                return
            else:
                await events.beat()
    finally:
        stopping.cancel()
        coming.cancel()


async def _still_welcome(gateway: parts.Parts, session_id: str) -> bool:
    try:
        return await gateway.admission.is_alive(session_id)
    except AppError:
        return False


async def _pump(
    watched: AsyncIterable[WatchDocumentResponse],
    changes: "asyncio.Queue[WatchDocumentResponse | AppError | None]",
) -> None:
    try:
        async for change in watched:
            await changes.put(change)
    except AppError as error:
        await changes.put(error)
    else:
        await changes.put(None)


def _mark(change: WatchDocumentResponse) -> str:
    return f"{change.processing.job_id}-{change.status}"


class _Events:
    """Writes events. The last word on a reading may come in two steps (read, then charged): it is told once, whole."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._begun = False
        self._last_word: WatchDocumentResponse | None = None

    async def tell(self, change: WatchDocumentResponse) -> None:
        self._last_word = change if change.status in _NAMES else None
        if self._last_word is None:
            await self._write(frame(change))

    async def beat(self) -> None:
        await self._send({"type": "http.response.body", "body": _HEARTBEAT, "more_body": True})

    async def end(self) -> None:
        if self._last_word is not None:
            await self._write(frame(self._last_word))
        await self._send({"type": "http.response.body", "body": b""})

    async def _write(self, event: bytes) -> None:
        # With the first event and not before it: some clients take a lone "retry" for an event.
        body = event if self._begun else _RETRY + event
        self._begun = True
        await self._send({"type": "http.response.body", "body": body, "more_body": True})
