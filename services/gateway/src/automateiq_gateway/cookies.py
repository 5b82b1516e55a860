"""The two cookies of a browser's session.

`__Host-` makes the browser take them only over TLS (or from localhost), for this host alone and for all its paths;
no script can read them, and no other site's form can send them.
"""

import time

from automateiq.identity.v1.accounts_pb2 import TokenPair
from starlette.responses import Response
from starlette.types import Scope

from automateiq_gateway import exchange

ACCESS = "__Host-automateiq_access"
REFRESH = "__Host-automateiq_refresh"


def read(scope: Scope, name: str) -> str:
    """A cookie's value, or an empty string."""
    for part in exchange.header(scope, b"cookie").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""


def set_tokens(response: Response, tokens: TokenPair) -> None:
    """Gives the browser its tokens.

    The loser of a race between two tabs is given no refresh token; it must not touch the one that the winner got.
    """
    _set(response, ACCESS, tokens.access_token, tokens.access_expires_at.seconds)
    if tokens.refresh_token:
        _set(response, REFRESH, tokens.refresh_token, tokens.refresh_expires_at.seconds)


def clear(response: Response) -> None:
    """Takes both cookies away. Only for a sign-out: a failed refresh may have lost a race and keeps them."""
    for name in (ACCESS, REFRESH):
        response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")


def _set(response: Response, name: str, value: str, expires_at: int) -> None:
    seconds = max(0, expires_at - int(time.time()))
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")
