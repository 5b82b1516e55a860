"""Limits of request bodies: their length, also where the Content-Length lies or is missing, and their time."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from automateiq_gateway import exchange


def limited(scope: Scope, receive: Receive, *, max_bytes: int, seconds: float) -> Receive:
    """`receive`, that raises as soon as more than `max_bytes` have come, or when they take longer than `seconds`.

    Raises:
        HTTPException: 413 where the body is too long, at once where the Content-Length says so; 408 where it is late.
    """
    declared = exchange.header(scope, b"content-length")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    if declared == "0" or scope["method"] in ("GET", "HEAD"):
        return receive
    seen = 0
    complete = False
    deadline = asyncio.get_running_loop().time() + seconds

    async def counted() -> Message:
        nonlocal seen, complete
        if complete:
            # Only the end of the connection can come now, and that may come as late as it likes.
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, "The request's body took too long to arrive. Send it again.") from None
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if seen > max_bytes:
                raise _too_large(max_bytes)
        return message

    return counted


def _too_large(limit: int) -> HTTPException:
    # An HTTPException, because FastAPI turns any other error while it reads a body into a plain 400.
    size = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit} bytes"
    return HTTPException(413, f"The request's body is longer than the {size} that are allowed here.")
