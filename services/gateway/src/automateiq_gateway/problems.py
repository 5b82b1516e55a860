"""Every error as application/problem+json (RFC 9457): the one place where errors become HTTP.

    InvalidInput 400 (422, 413, 415 by reason)   AlreadyExists, Conflict, FailedPrecondition 409
    Unauthenticated 401                          ResourceExhausted 429 (402 INSUFFICIENT_CREDITS)
    PermissionDenied 403                         DeadlineExceeded 504, Unavailable 503
    NotFound 404                                 Internal and anything unknown 500

`reason` is a fixed word for programs, `detail` a sentence for people. What a stranger's error says (a connection
refused, a traceback) stays in the log.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import grpc
import orjson
import structlog
from automateiq_core.errors import RETRY_HINT_SECONDS, AppError, Internal
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from automateiq_gateway import exchange

MEDIA_TYPE = "application/problem+json"

_BY_STATUS: Mapping[grpc.StatusCode, HTTPStatus] = {
    grpc.StatusCode.INVALID_ARGUMENT: HTTPStatus.BAD_REQUEST,
    grpc.StatusCode.UNAUTHENTICATED: HTTPStatus.UNAUTHORIZED,
    grpc.StatusCode.PERMISSION_DENIED: HTTPStatus.FORBIDDEN,
    grpc.StatusCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS: HTTPStatus.CONFLICT,
    grpc.StatusCode.FAILED_PRECONDITION: HTTPStatus.CONFLICT,
    grpc.StatusCode.ABORTED: HTTPStatus.CONFLICT,
    grpc.StatusCode.RESOURCE_EXHAUSTED: HTTPStatus.TOO_MANY_REQUESTS,
    grpc.StatusCode.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
    grpc.StatusCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    grpc.StatusCode.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_BY_REASON: Mapping[str, HTTPStatus] = {
    "VALIDATION_FAILED": HTTPStatus.UNPROCESSABLE_ENTITY,
    "IDEMPOTENCY_KEY_REUSED": HTTPStatus.UNPROCESSABLE_ENTITY,
    "FILE_TOO_LARGE": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "UNSUPPORTED_TYPE": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "UNSUPPORTED_MEDIA_TYPE": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "INSUFFICIENT_CREDITS": HTTPStatus.PAYMENT_REQUIRED,
}
_TITLES: Mapping[int, str] = {413: "Content Too Large", 422: "Unprocessable Content"}
_STRANGERS = frozenset(code.name for code in grpc.StatusCode)
_GENERAL: Mapping[HTTPStatus, str] = {
    HTTPStatus.SERVICE_UNAVAILABLE: "A part of the product does not answer right now. Try again in a moment.",
    HTTPStatus.GATEWAY_TIMEOUT: "The answer did not come in time. Try again in a moment.",
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address does not take this method.",
}
_OUR_FAULT = "Something went wrong on our side. It was logged; try again later."
_RETRY_SECONDS = "2"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error, ready to be sent."""

    status: HTTPStatus
    reason: str
    detail: str
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] | None = None

    def body(self, instance: str, request_id: str) -> bytes:
        """The members of RFC 9457, and ours: reason, requestId and, where rules were broken, errors."""
        members: dict[str, Any] = {
            "type": f"urn:automateiq:problem:{self.reason.lower().replace('_', '-')}",
            "title": _TITLES.get(self.status, self.status.phrase),
            "status": int(self.status),
            "detail": self.detail,
            "instance": instance,
            "reason": self.reason,
            "requestId": request_id,
        }
        if self.errors:
            members["errors"] = list(self.errors)
        return orjson.dumps(members)


async def handle(request: Request, error: Exception) -> Response:
    """The reply for any error."""
    problem = of(error, request)
    going = exchange.of(request.scope)
    going.reason = problem.reason
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _report(error, problem)
    return Response(
        problem.body(request.scope["path"], going.request_id),
        problem.status,
        headers=dict(problem.headers or {}),
        media_type=MEDIA_TYPE,
    )


def of(error: Exception, request: Request) -> Problem:
    """What an error is to the client."""
    if isinstance(error, AppError):
        return _of_app_error(error)
    if isinstance(error, RequestValidationError):
        return _of_validation(error, request)
    if isinstance(error, HTTPException):
        return _of_http(error)
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL", _OUR_FAULT)


def camel(path: str) -> str:
    """A proto's field path as the JSON of the API names it."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), path)


def _of_app_error(error: AppError) -> Problem:
    status = _BY_REASON.get(error.reason) or _BY_STATUS[error.status]
    detail = error.message
    if error.reason in _STRANGERS or isinstance(error, Internal):
        detail = _GENERAL.get(status, _OUR_FAULT)
    headers: dict[str, str] = {}
    if status is HTTPStatus.UNAUTHORIZED:
        shown = error.reason.startswith(("ACCESS_TOKEN_", "SESSION_"))
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if shown else "Bearer"
    if RETRY_HINT_SECONDS in error.metadata:
        headers["Retry-After"] = error.metadata[RETRY_HINT_SECONDS]
    elif status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = _RETRY_SECONDS
    errors = [{"field": camel(rule.field), "detail": rule.description} for rule in error.violations]
    return Problem(status, error.reason, detail, errors, headers)


def _of_validation(error: RequestValidationError, request: Request) -> Problem:
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return Problem(HTTPStatus.BAD_REQUEST, "MALFORMED_JSON", "The request's body is not valid JSON.")
    content_type = request.headers.get("content-type", "")
    if found[0]["loc"] == ("body",) and "json" not in content_type:
        return Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "UNSUPPORTED_MEDIA_TYPE",
            "Send a JSON object as the body, with the header Content-Type: application/json.",
        )
    errors = [{"field": _place(one["loc"]), "detail": str(one["msg"])} for one in found]
    first = errors[0]
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "VALIDATION_FAILED",
        f"{first['field'] or 'The request'}: {first['detail']}.",
        errors,
    )


def _of_http(error: HTTPException) -> Problem:
    status = HTTPStatus(error.status_code)
    spoken = isinstance(error.detail, str) and error.detail != status.phrase
    detail = error.detail if spoken else _GENERAL.get(status, f"{status.phrase}.")
    reason = {413: "PAYLOAD_TOO_LARGE", 404: "ROUTE_NOT_FOUND"}.get(int(status), status.name)
    return Problem(status, reason, str(detail), headers=error.headers)


def _place(location: Sequence[int | str]) -> str:
    # The first word tells body, query, path or header, which the name alone tells as well.
    place = ".".join(str(part) for part in location[1:])
    # The name of a member that is not known can be any JSON word, half a surrogate pair too.
    return place.encode(errors="replace").decode()


def _report(error: Exception, problem: Problem) -> None:
    if problem.status is HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request failed", reason=problem.reason, exc_info=error)
    else:
        _log.warning("request failed", reason=problem.reason, error=str(error))
