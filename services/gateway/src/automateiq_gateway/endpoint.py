"""What every endpoint does before its handler runs, as route classes.

    Endpoint                for everybody
    ├── SignInEndpoint      for everybody, at a slow rate: it takes a password or another secret
    └── GuardedEndpoint     for those who have signed in
        ├── UploadEndpoint  with a long body and a long deadline
        └── StreamEndpoint  with a long reply

The guard stands before the body is read and before anything is parsed. A handler then runs inside a `CallContext`,
which is what a call to a service is signed with.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

from automateiq_core import context
from automateiq_core.context import CallContext, Role
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from automateiq_gateway import authentication, bodies, exchange, parts
from automateiq_gateway.exchange import Exchange
from automateiq_gateway.parts import CALLER, Parts
from automateiq_gateway.settings import GatewaySettings

BEARER = "bearer"
COOKIE = "cookie"


class Endpoint(APIRoute):
    """An endpoint for everybody."""

    security: tuple[dict[str, list[str]], ...] = ()

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        extra = {"security": list(self.security), **(options.pop("openapi_extra", None) or {})}
        super().__init__(path, endpoint, openapi_extra=extra, **options)
        if _takes_only_path(self):
            self.app = _plain_app(endpoint)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Guards, then lets the handler answer."""
        methods = self.methods or set()
        if scope["method"] not in methods:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(methods))})
        gateway = parts.in_scope(scope)
        going = exchange.of(scope)
        settings = gateway.settings
        receive = bodies.limited(
            scope, receive, max_bytes=self.body_limit(settings), seconds=self.seconds(settings)
        )
        call = await self.admit(gateway, scope, going)
        with self.place(gateway, call), context.use(call):
            await self.app(scope, receive, send)

    async def admit(self, gateway: Parts, scope: Scope, going: Exchange) -> CallContext:  # noqa: ARG002
        """Who is calling; raises for those who may not."""
        await gateway.admission.anonymous(going, going.address)
        return self.nobody(gateway, going)

    def place(self, gateway: Parts, call: CallContext) -> AbstractContextManager[None]:  # noqa: ARG002
        """What is held while the request is answered; raises where the caller holds too much already."""
        return nullcontext()

    def nobody(self, gateway: Parts, going: Exchange) -> CallContext:
        """Somebody who has not signed in."""
        return CallContext(
            CALLER, Role.ANONYMOUS, request_id=going.request_id, deadline=self._deadline(gateway)
        )

    def body_limit(self, settings: GatewaySettings) -> int:
        """Bytes that the request's body may have."""
        return settings.max_body_bytes

    def seconds(self, settings: GatewaySettings) -> float:
        """How long the answer may take."""
        return settings.default_deadline_seconds

    def _deadline(self, gateway: Parts) -> float:
        return time.monotonic() + self.seconds(gateway.settings)


class SignInEndpoint(Endpoint):
    """An endpoint that takes a secret from somebody who has not signed in."""

    async def admit(self, gateway: Parts, scope: Scope, going: Exchange) -> CallContext:
        """Who is calling: nobody yet."""
        # A page of somebody else could sign its visitor in to an account of its own (login CSRF).
        if exchange.header(scope, b"origin") or exchange.header(scope, b"sec-fetch-site"):
            authentication.refuse_cross_site(scope, gateway.origins)
        await gateway.admission.signing_in(going, going.address)
        return self.nobody(gateway, going)


class GuardedEndpoint(Endpoint):
    """An endpoint for those who have signed in."""

    security = ({BEARER: []}, {COOKIE: []})

    async def admit(self, gateway: Parts, scope: Scope, going: Exchange) -> CallContext:
        """Who is calling, if the session is alive and the rates are kept."""
        shown = authentication.credential(scope)
        principal = await gateway.authenticator.principal(shown.token)
        going.user_id, going.organization_id = principal.user_id, principal.organization_id
        if shown.by_cookie:
            authentication.refuse_cross_site(scope, gateway.origins)
        await gateway.admission.signed_in(
            going, principal.session_id, principal.user_id, principal.organization_id, going.address
        )
        return CallContext(
            CALLER,
            principal.role,
            organization_id=principal.organization_id,
            user_id=principal.user_id,
            session_id=principal.session_id,
            request_id=going.request_id,
            deadline=self._deadline(gateway),
        )


class UploadEndpoint(GuardedEndpoint):
    """An endpoint that takes a file."""

    def body_limit(self, settings: GatewaySettings) -> int:
        """Bytes that the request's body may have."""
        # The form around the file has a length too. Documents tells exactly when a file is too large.
        return settings.max_upload_bytes + settings.max_body_bytes

    def seconds(self, settings: GatewaySettings) -> float:
        """How long the answer may take."""
        return settings.upload_deadline_seconds

    def place(self, gateway: Parts, call: CallContext) -> AbstractContextManager[None]:
        """One of the organization's uploads."""
        return gateway.uploads.taken(call.organization_id)


class StreamEndpoint(GuardedEndpoint):
    """An endpoint that gives a file or events."""

    def seconds(self, settings: GatewaySettings) -> float:
        """How long the answer may take."""
        return max(settings.upload_deadline_seconds, settings.watch_seconds)

    def place(self, gateway: Parts, call: CallContext) -> AbstractContextManager[None]:
        """One of the organization's downloads and streams."""
        return gateway.streams.taken(call.organization_id)


def _takes_only_path(route: APIRoute) -> bool:
    """Whether the handler takes nothing but the request and words out of the path."""
    needs = route.dependant
    wants_more = (
        needs.query_params
        or needs.header_params
        or needs.cookie_params
        or needs.body_params
        or needs.dependencies
        or needs.response_param_name
        or needs.background_tasks_param_name
    )
    words = all(field.field_info.annotation is str for field in needs.path_params)
    return not wants_more and words and needs.request_param_name == "request"


def _plain_app(handler: Callable[..., Any]) -> ASGIApp:
    """The handler without FastAPI's machinery for dependencies and bodies, of which it needs nothing.

    That machinery would be a good part of a document read (`make bench-gateway`). Such handlers answer with a
    `Response`.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handler(request=Request(scope, receive, send), **scope["path_params"])
        await cast(ASGIApp, response)(scope, receive, send)

    return app
