"""Signing up, in and out."""

from typing import Any

from automateiq.identity.v1 import accounts_pb2, sessions_pb2
from automateiq.identity.v1.accounts_pb2 import TokenPair
from automateiq_core.errors import Unauthenticated
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from automateiq_gateway import authentication, cookies, parts
from automateiq_gateway.endpoint import GuardedEndpoint, SignInEndpoint
from automateiq_gateway.replies import reply, to_plain
from automateiq_gateway.schemas.auth import (
    AcceptInvitationBody,
    AuthMode,
    LoginBody,
    LogoutBody,
    Me,
    RefreshBody,
    Refreshed,
    RegisterBody,
    SignedIn,
    SignedOut,
)
from automateiq_gateway.schemas.common import PROBLEMS, IdempotencyKey

_OPTIONS: dict[str, Any] = {"prefix": "/api/auth", "tags": ["auth"], "responses": PROBLEMS}
open_router = APIRouter(route_class=SignInEndpoint, **_OPTIONS)
guarded_router = APIRouter(route_class=GuardedEndpoint, **_OPTIONS)


@open_router.post("/register", response_model=SignedIn, status_code=201)
async def register(
    body: RegisterBody, request: Request, mode: AuthMode = "cookie", idempotency_key: IdempotencyKey = ""
) -> Response:
    """Make an organization with its first user, an admin, and sign in. EMAIL_TAKEN where the address has an account."""
    answer = await parts.of(request).accounts.Register(
        accounts_pb2.RegisterRequest(request_id=idempotency_key, **body.model_dump())
    )
    return _signed_in(answer, mode, 201)


@open_router.post("/login", response_model=SignedIn)
async def login(body: LoginBody, request: Request, mode: AuthMode = "cookie") -> Response:
    """Sign in. CREDENTIALS_INVALID for a wrong address and a wrong password alike."""
    answer = await parts.of(request).sessions.Login(sessions_pb2.LoginRequest(**body.model_dump()))
    return _signed_in(answer, mode, 200)


@open_router.post("/accept-invitation", response_model=SignedIn, status_code=201)
async def accept_invitation(
    body: AcceptInvitationBody,
    request: Request,
    mode: AuthMode = "cookie",
    idempotency_key: IdempotencyKey = "",
) -> Response:
    """Turn an invitation into a user of the organization that invited, and sign in."""
    answer = await parts.of(request).accounts.AcceptInvitation(
        accounts_pb2.AcceptInvitationRequest(request_id=idempotency_key, **body.model_dump())
    )
    return _signed_in(answer, mode, 201)


@open_router.post("/refresh", response_model=Refreshed)
async def refresh(request: Request, body: RefreshBody | None = None) -> Response:
    """Get the next tokens for a refresh token, from the body or from the cookie.

    Each refresh token works once; one that is shown again ends its session. Of two tabs that ask at the same moment
    one gets the new refresh token, the other an access token only; neither loses its cookies.
    """
    gateway = parts.of(request)
    shown = body.refresh_token if body is not None else ""
    by_cookie = not shown
    if by_cookie:
        shown = cookies.read(request.scope, cookies.REFRESH)
        if not shown:
            raise Unauthenticated("SIGN_IN_REQUIRED", "Sign in first.")
        authentication.refuse_cross_site(request.scope, gateway.origins)
    answer = await gateway.sessions.RefreshSession(sessions_pb2.RefreshSessionRequest(refresh_token=shown))
    tokens = to_plain(answer.tokens)
    if not by_cookie:
        return reply({"accessExpiresAt": tokens["accessExpiresAt"], "tokens": tokens})
    response = reply({"accessExpiresAt": tokens["accessExpiresAt"]})
    cookies.set_tokens(response, answer.tokens)
    return response


@guarded_router.post("/logout", response_model=SignedOut)
async def logout(
    request: Request, body: LogoutBody | None = None, idempotency_key: IdempotencyKey = ""
) -> Response:
    """End this session at once, or all sessions of the user. The cookies are taken away."""
    everywhere = body is not None and body.everywhere
    answer = await parts.of(request).sessions.Logout(
        sessions_pb2.LogoutRequest(request_id=idempotency_key, everywhere=everywhere)
    )
    response = reply(answer)
    cookies.clear(response)
    return response


@guarded_router.get("/me", response_model=Me)
async def me(request: Request) -> Response:
    """Who is calling, and the organization."""
    return reply(await parts.of(request).accounts.GetMe(accounts_pb2.GetMeRequest()))


def _signed_in(answer: Any, mode: str, status: int) -> Response:
    tokens: TokenPair = answer.tokens
    body = {"user": to_plain(answer.user), "organization": to_plain(answer.organization)}
    if mode == "bearer":
        return reply({**body, "tokens": to_plain(tokens)}, status)
    response = reply(body, status)
    cookies.set_tokens(response, tokens)
    return response
