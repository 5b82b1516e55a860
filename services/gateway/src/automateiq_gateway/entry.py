"""The outermost layer of every request: its id, its trace, its measures, its line in the log, and safe headers.

Pure ASGI: it adds no task and no copy of the body. What no handler caught ends here as a problem with status 500.
"""

import logging
import re
import sys
import time
import uuid
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from automateiq_core import telemetry
from opentelemetry.trace import Span, SpanKind, format_trace_id
from prometheus_client import Histogram
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from automateiq_gateway import addresses, exchange, problems
from automateiq_gateway.exchange import Exchange, Headers
from automateiq_gateway.settings import GatewaySettings

HTTP_SECONDS = Histogram(
    "http_server_seconds",
    "Time from a request's arrival to the end of its reply.",
    ["method", "route", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120),
)

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NO_ROUTE = "(none)"
_CLIENT_GONE = 499

_SAFE: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"strict-transport-security", b"max-age=63072000; includeSubDomains"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-site"),
]
_API: Headers = [
    *_SAFE,
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
# The pages of the API's documentation load Swagger UI, which FastAPI takes from this host.
_DOCS: Headers = [
    *_SAFE,
    (
        b"content-security-policy",
        b"default-src 'none'; connect-src 'self'; img-src 'self' data: https://fastapi.tiangolo.com; "
        b"script-src 'unsafe-inline' https://cdn.jsdelivr.net; style-src 'unsafe-inline' https://cdn.jsdelivr.net; "
        b"frame-ancestors 'none'",
    ),
]
DOCS_PATH = "/docs"


class Entry:
    """See the module."""

    def __init__(self, app: ASGIApp, settings: GatewaySettings) -> None:
        self._app = app
        self._trusted = settings.trusted_proxies
        self._log = _access_log(settings)
        self._histograms: dict[tuple[str, str, int], Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        given = exchange.header(scope, b"x-request-id")
        going = exchange.begin(scope, given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex)
        going.address = addresses.client_address(scope, self._trusted)
        reply = _Reply(scope, send, going)
        with telemetry.span(scope["method"], SpanKind.SERVER, _carrier(scope)) as span:
            try:
                await self._app(scope, receive, reply.send)
            except ClientDisconnect:
                going.reason = "CLIENT_GONE"
            except Exception as error:
                await _last_resort(scope, receive, reply, error)
            finally:
                self._end(scope, going, reply.status, time.perf_counter() - began, span)

    def _end(self, scope: Scope, going: Exchange, status: int, seconds: float, span: Span) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        route = getattr(scope.get("route"), "path", _NO_ROUTE)
        labels = (method, route, status)
        histogram = self._histograms.get(labels)
        if histogram is None:
            histogram = self._histograms[labels] = HTTP_SECONDS.labels(method, route, str(status))
        histogram.observe(seconds)
        if span.is_recording():
            span.update_name(f"{method} {route}")
            span.set_attributes(
                {"http.request.method": method, "http.route": route, "http.response.status_code": status}
            )
        if self._log is not None:
            # Neither query nor headers: they may hold search words of people, tokens and cookies.
            line: dict[str, Any] = {
                "method": method,
                "path": scope["path"],
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 2),
                "address": going.address,
                "requestId": going.request_id,
            }
            trace = span.get_span_context()
            if trace.is_valid:
                line["traceId"] = format_trace_id(trace.trace_id)
            if going.user_id:
                line["userId"] = going.user_id
                line["organizationId"] = going.organization_id
            if going.reason:
                line["reason"] = going.reason
            self._log.info("request", **line)


class _Reply:
    """Adds the headers that every reply has, and remembers how the reply began."""

    def __init__(self, scope: Scope, send: Send, going: Exchange) -> None:
        self._send = send
        self._going = going
        self._always = _DOCS if scope["path"].startswith(DOCS_PATH) else _API
        self.status = _CLIENT_GONE
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = list(message["headers"])
            own = {name for name, _ in headers}
            headers += [header for header in self._always if header[0] not in own]
            headers += self._going.headers
            headers.append((b"x-request-id", self._going.request_id.encode()))
            message = {**message, "headers": headers}
        await self._send(message)


async def _last_resort(scope: Scope, receive: Receive, reply: _Reply, error: Exception) -> None:
    response = await problems.handle(Request(scope), error)
    if reply.started:
        # The status is sent already. A reply that stays unfinished makes the server break the connection, which
        # is how the client sees that something is missing.
        return
    await response(scope, receive, reply.send)


def _carrier(scope: Scope) -> Mapping[str, str] | None:
    parent = exchange.header(scope, b"traceparent")
    return {"traceparent": parent, "tracestate": exchange.header(scope, b"tracestate")} if parent else None


def _access_log(settings: GatewaySettings) -> Any:
    """A logger for one line a request: the same lines as all others, by a shorter way."""
    if logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO) > logging.INFO:
        return None
    if not settings.log_json:
        return structlog.get_logger(__name__)
    return structlog.wrap_logger(
        structlog.BytesLogger(sys.stderr.buffer),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.JSONRenderer(serializer=lambda line, **_: orjson.dumps(line)),
        ],
        wrapper_class=structlog.BoundLogger,
        context_class=dict,
        cache_logger_on_first_use=True,
        service="gateway",
    )
