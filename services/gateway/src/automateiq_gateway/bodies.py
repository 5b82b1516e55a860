"""A limit on the length of request bodies, that holds for lying and for missing Content-Length headers too."""

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from automateiq_gateway import exchange


def limited(scope: Scope, receive: Receive, limit: int) -> Receive:
    """`receive`, that raises as soon as more than `limit` bytes have come.

    Raises:
        HTTPException: 413; at once where the Content-Length says so.
    """
    declared = exchange.header(scope, b"content-length")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    if declared == "0" or scope["method"] in ("GET", "HEAD"):
        return receive
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _too_large(limit)
        return message

    return counted


def _too_large(limit: int) -> HTTPException:
    # An HTTPException, because FastAPI turns any other error while it reads a body into a plain 400.
    size = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit} bytes"
    return HTTPException(413, f"The request's body is longer than the {size} that are allowed here.")
