"""HTTP/1.1 as uvicorn speaks it, with a limit to what uvicorn would collect without end."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Twice of what nginx and most others take. A piece that arrives at once may be larger than this.
_MAX_HEAD_BYTES = 64 << 10


class BoundedProtocol(HttpToolsProtocol):
    """Breaks the connection of a client whose header lines, or trailers, do not come to an end.

    Counted is what arrives without completing a request's head and without being content: line, headers, trailers,
    the extensions of chunks. uvicorn keeps all of it in memory, before anybody asks who is calling.
    """

    _gathered = 0

    def data_received(self, data: bytes) -> None:
        """Takes what arrived."""
        self._gathered += len(data)
        super().data_received(data)
        if self._gathered > _MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The request's headers are too long.")

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._gathered = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Content arrived."""
        self._gathered = 0
        super().on_body(body)

    def on_message_complete(self) -> Any:
        """The request is complete."""
        self._gathered = 0
        return super().on_message_complete()
