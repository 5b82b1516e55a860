"""What the gateway knows about the request it is answering: one object in the ASGI scope, made by the entry."""

from dataclasses import dataclass, field
from typing import cast

from starlette.types import Scope

_KEY = "automateiq.exchange"

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Exchange:
    """A request on its way; `headers` are added to the reply, whatever the reply is."""

    request_id: str
    headers: Headers = field(default_factory=list)
    address: str = ""
    user_id: str = ""
    organization_id: str = ""
    reason: str = ""


def begin(scope: Scope, request_id: str) -> Exchange:
    """Puts a new exchange into the scope."""
    exchange = Exchange(request_id)
    scope[_KEY] = exchange
    return exchange


def of(scope: Scope) -> Exchange:
    """The exchange of a request."""
    return cast(Exchange, scope[_KEY])


def header(scope: Scope, name: bytes) -> str:
    """The first header of this (lower-case) name, or an empty string."""
    for key, value in scope["headers"]:
        if key == name:
            return cast(bytes, value).decode("latin-1")
    return ""


def joined_header(scope: Scope, name: bytes) -> str:
    """All headers of this (lower-case) name as one, as RFC 9110 (5.3) joins those that are lists."""
    return ", ".join(cast(bytes, value).decode("latin-1") for key, value in scope["headers"] if key == name)
