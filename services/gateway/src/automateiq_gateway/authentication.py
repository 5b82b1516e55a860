"""Who is calling: a bearer token or a cookie, its signature checked against identity's public keys.

Signature and times are checked here, once a token; whether its session is still alive is checked on every request,
in `admission.py`.
"""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
from automateiq.identity.v1.sessions_pb2 import GetSigningKeysRequest
from automateiq_core import context, sessions
from automateiq_core.context import CallContext, Role
from automateiq_core.errors import PermissionDenied, Unauthenticated
from starlette.types import Scope

from automateiq_gateway import cookies, exchange

if TYPE_CHECKING:
    from automateiq.identity.v1.sessions_pb2_grpc import SessionsServiceAsyncStub

_REFETCH_SECONDS = 3.0
_FETCH_DEADLINE_SECONDS = 5.0
_CACHE_SIZE = 20_000
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who has signed in."""

    user_id: str
    organization_id: str
    role: Role
    session_id: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request shows: a token, and whether a browser sent it by itself."""

    token: str
    by_cookie: bool


class SigningKeys:
    """Identity's public keys, fetched when they are first needed and when an unknown one is named."""

    def __init__(self, stub: "SessionsServiceAsyncStub") -> None:
        self._stub = stub
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched_at = -_REFETCH_SECONDS
        self._fetching = asyncio.Lock()

    async def get(self, key_id: str) -> jwt.PyJWK | None:
        """The key of this id, or None where identity has none.

        Raises:
            Unavailable: identity does not answer.
        """
        known = self._keys.get(key_id)
        if known is not None:
            return known
        async with self._fetching:
            if key_id not in self._keys and time.monotonic() - self._fetched_at >= _REFETCH_SECONDS:
                self._keys = await self._fetch()
                self._fetched_at = time.monotonic()
        return self._keys.get(key_id)

    async def _fetch(self) -> Mapping[str, jwt.PyJWK]:
        nobody = CallContext("gateway", Role.ANONYMOUS, deadline=time.monotonic() + _FETCH_DEADLINE_SECONDS)
        with context.use(nobody):
            answer = await self._stub.GetSigningKeys(GetSigningKeysRequest())
        keys = (jwt.PyJWK(key) for key in json.loads(answer.jwks)["keys"])
        return {key.key_id: key for key in keys if key.key_id}


class Authenticator:
    """Turns tokens into principals and remembers the last ones."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys
        self._recent: OrderedDict[str, Principal] = OrderedDict()

    async def principal(self, token: str) -> Principal:
        """Who the token speaks for.

        Raises:
            Unauthenticated: the token is forged, damaged or has ended.
            Unavailable: identity's keys are not known and identity does not answer.
        """
        known = self._recent.get(token)
        if known is not None:
            if known.expires_at <= time.time():
                del self._recent[token]
                raise _expired()
            self._recent.move_to_end(token)
            return known
        principal = await self._verify(token)
        self._recent[token] = principal
        if len(self._recent) > _CACHE_SIZE:
            self._recent.popitem(last=False)
        return principal

    async def _verify(self, token: str) -> Principal:
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            key = await self._keys.get(str(key_id))
            if key is None:
                raise _invalid()
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[sessions.ACCESS_TOKEN_ALGORITHM],
                audience=sessions.ACCESS_TOKEN_AUDIENCE,
                issuer=sessions.ACCESS_TOKEN_ISSUER,
                # Identity's clock may run a little ahead of ours: "issued in the future" is no reason to refuse.
                options={"require": list(sessions.ACCESS_TOKEN_CLAIMS), "verify_iat": False},
            )
            return Principal(
                user_id=claims["sub"],
                organization_id=claims[sessions.CLAIM_ORGANIZATION],
                role=_user_role(claims[sessions.CLAIM_ROLE]),
                session_id=claims[sessions.CLAIM_SESSION],
                expires_at=float(claims["exp"]),
            )
        except jwt.ExpiredSignatureError:
            raise _expired() from None
        except (jwt.InvalidTokenError, ValueError):
            raise _invalid() from None


def credential(scope: Scope) -> Credential:
    """What the request shows. A bearer token goes before a cookie.

    Raises:
        Unauthenticated: it shows nothing that could be a token.
    """
    authorization = exchange.header(scope, b"authorization")
    if authorization:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated(
                "SIGN_IN_REQUIRED", "Send the access token as `Authorization: Bearer <token>`."
            )
        return Credential(token.strip(), by_cookie=False)
    token = cookies.read(scope, cookies.ACCESS)
    if not token:
        raise Unauthenticated("SIGN_IN_REQUIRED", "Sign in first.")
    return Credential(token, by_cookie=True)


def refuse_cross_site(scope: Scope, origins: frozenset[str]) -> None:
    """Refuses what a page of somebody else made a browser send with our cookies (CSRF).

    Browsers say where a request comes from by Sec-Fetch-Site and Origin, and scripts can not change either.
    A request with cookies that says neither is refused as well: programs use bearer tokens.

    Raises:
        PermissionDenied: the request changes something and comes from elsewhere (CSRF).
    """
    if scope["method"] in _SAFE_METHODS:
        return
    if exchange.header(scope, b"sec-fetch-site") == "same-origin":
        return
    origin = exchange.header(scope, b"origin")
    host = exchange.header(scope, b"host")
    if origin and (origin in origins or (host and origin.partition("://")[2] == host)):
        return
    raise PermissionDenied(
        "CSRF",
        "This request was sent with cookies from a page that may not do so. "
        "Programs send the access token in the Authorization header.",
    )


def _user_role(word: str) -> Role:
    role = Role(word)
    if role in (Role.SYSTEM, Role.ANONYMOUS):
        raise ValueError(word)
    return role


def _expired() -> Unauthenticated:
    return Unauthenticated("ACCESS_TOKEN_EXPIRED", "The access token has ended. Refresh it or sign in again.")


def _invalid() -> Unauthenticated:
    return Unauthenticated("ACCESS_TOKEN_INVALID", "The access token is not valid. Sign in again.")
