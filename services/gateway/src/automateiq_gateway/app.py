"""The REST API as an ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from automateiq_core.errors import AppError
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from automateiq_gateway import openapi, problems
from automateiq_gateway.entry import DOCS_PATH, Entry
from automateiq_gateway.parts import open_parts
from automateiq_gateway.routers import (
    assembly,
    auth,
    batches,
    billing,
    documents,
    duplicates,
    exports,
    health,
    members,
    review,
    rules,
    views,
    webhooks,
)
from automateiq_gateway.settings import GatewaySettings

# In the order in which they are tried: what is asked for most goes first.
_ROUTERS = (
    documents.router,
    documents.upload_router,
    documents.stream_router,
    views.router,
    review.document_router,
    review.router,
    assembly.router,
    batches.router,
    duplicates.router,
    auth.open_router,
    auth.guarded_router,
    billing.router,
    members.router,
    webhooks.router,
    exports.router,
    rules.router,
    rules.log_router,
    health.router,
)
_SENT_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "Last-Event-ID",
    "X-Auth-Mode",
    "X-Request-Id",
)
_SHOWN_HEADERS = (
    "Content-Disposition",
    "ETag",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-Id",
)


def create_app(settings: GatewaySettings) -> FastAPI:
    """The application; its parts are opened by its lifespan, in the event loop that serves it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_parts(settings) as opened:
            app.state.parts = opened
            yield

    app = FastAPI(
        title=openapi.TITLE,
        version=openapi.VERSION,
        lifespan=lifespan,
        docs_url=DOCS_PATH,
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI's own spans and metrics would double those of the entry, and cost as much again.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for router in _ROUTERS:
        # Not include_router: it would wrap each route once more, on every request.
        app.router.routes.extend(router.routes)
    app.openapi = partial(openapi.document, app)  # type: ignore[method-assign]
    for kind in (AppError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, problems.handle)
    app.add_middleware(Entry, settings=settings)
    # Outside of the entry, so that a page may read every reply, the unexpected ones too.
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_credentials=True,
        allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
        allow_headers=_SENT_HEADERS,
        expose_headers=_SHOWN_HEADERS,
        max_age=3600,
    )
    return app
