"""Every error becomes a problem, and says no more than it should."""

from http import HTTPStatus
from typing import Any

import grpc
import httpx
import pytest
from automateiq_core import errors
from automateiq_core.errors import AppError, Violation
from automateiq_gateway import problems
from automateiq_gateway.entry import Entry
from automateiq_gateway.settings import GatewaySettings
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from services.gateway.tests.conftest import problem

KINDS = [
    (errors.InvalidInput, 400),
    (errors.Unauthenticated, 401),
    (errors.PermissionDenied, 403),
    (errors.NotFound, 404),
    (errors.AlreadyExists, 409),
    (errors.FailedPrecondition, 409),
    (errors.Conflict, 409),
    (errors.ResourceExhausted, 429),
    (errors.DeadlineExceeded, 504),
    (errors.Unavailable, 503),
    (errors.Internal, 500),
]
REASONS = [
    (errors.InvalidInput, "VALIDATION_FAILED", 422),
    (errors.InvalidInput, "IDEMPOTENCY_KEY_REUSED", 422),
    (errors.Conflict, "IDEMPOTENCY_KEY_IN_USE", 409),
    (errors.InvalidInput, "FILE_TOO_LARGE", 413),
    (errors.InvalidInput, "UNSUPPORTED_TYPE", 415),
    (errors.ResourceExhausted, "INSUFFICIENT_CREDITS", 402),
]


def of(error: Exception) -> problems.Problem:
    return problems.of(error, Request({"type": "http", "headers": []}))


@pytest.mark.parametrize(("kind", "status"), KINDS)
def test_each_kind_of_error_has_its_status(kind: type[AppError], status: int) -> None:
    assert of(kind("SOME_REASON", "Some words.")).status == status


def test_no_kind_of_error_is_forgotten() -> None:
    assert {kind for kind, _ in KINDS} == set(errors._BY_STATUS.values())


@pytest.mark.parametrize(("kind", "reason", "status"), REASONS)
def test_some_reasons_have_a_status_of_their_own(kind: type[AppError], reason: str, status: int) -> None:
    found = of(kind(reason, "Some words."))
    assert (found.status, found.reason, found.detail) == (status, reason, "Some words.")


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
def test_what_grpc_itself_says_is_not_passed_on(code: grpc.StatusCode) -> None:
    kind = errors._BY_STATUS.get(code, errors.Internal)
    found = of(kind(code.name, "failed to connect to all addresses; last error: ipv4:10.0.0.7:50052"))
    assert "10.0.0.7" not in found.body("/", "r").decode()


def test_an_internal_error_tells_nothing() -> None:
    assert "pymongo" not in of(errors.Internal("INTERNAL", "pymongo said no")).detail


def test_broken_rules_are_named_as_json_names_them() -> None:
    rule = Violation("work.unit_count", "must be greater than 0")
    found = of(errors.InvalidInput("VALIDATION_FAILED", "No.", violations=[rule]))
    assert list(found.errors) == [{"field": "work.unitCount", "detail": "must be greater than 0"}]


def test_a_hint_to_wait_becomes_a_header() -> None:
    found = of(errors.ResourceExhausted("RATE_LIMITED", "Wait.", retryAfterSeconds="7"))
    assert found.headers == {"Retry-After": "7"}
    unavailable = of(errors.Unavailable("X", "Down.")).headers
    assert unavailable is not None
    assert "Retry-After" in unavailable


def test_an_unknown_caller_is_asked_for_a_token() -> None:
    expired = of(errors.Unauthenticated("ACCESS_TOKEN_EXPIRED", "Over.")).headers
    nobody = of(errors.Unauthenticated("SIGN_IN_REQUIRED", "Sign in.")).headers
    assert expired == {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    assert nobody == {"WWW-Authenticate": "Bearer"}


def client_of(app: Any) -> httpx.AsyncClient:
    entry = Entry(app, GatewaySettings())
    return httpx.AsyncClient(transport=httpx.ASGITransport(entry), base_url="http://gateway")


async def test_an_unexpected_error_is_a_problem_too() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("the password of the database is hunter2")

    async with client_of(broken) as client:
        found = problem(await client.get("/x"), 500, "INTERNAL")
    assert "hunter2" not in str(found)


async def test_a_reply_that_breaks_off_stays_unfinished() -> None:
    sent: list[str] = []

    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise RuntimeError("the other half is lost")

    async def send(message: Any) -> None:
        sent.append(message["type"])

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/x", "headers": []}
    await Entry(breaks, GatewaySettings())(scope, receive, send)
    assert sent == ["http.response.start", "http.response.body"]


async def test_malformed_requests_over_http(admin: Any, anybody: httpx.AsyncClient) -> None:
    client = admin.client
    problem(await client.get("/api/nothing"), 404, "ROUTE_NOT_FOUND")
    refused = await client.put("/api/documents")
    problem(refused, 405, "METHOD_NOT_ALLOWED")
    assert "GET" in refused.headers["allow"]
    for path in ("/api/documents/xyz", f"/api/documents/{'0' * 24}", f"/api/documents/{'A' * 24}"):
        problem(await client.get(path), 404, "DOCUMENT_NOT_FOUND")
    problem(await client.post("/api/documents/process", json={"documentId": "?"}), 404, "DOCUMENT_NOT_FOUND")

    def posted(content: bytes, kind: str = "application/json") -> Any:
        return anybody.post("/api/auth/login", content=content, headers={"Content-Type": kind})

    problem(await posted(b'{"email": '), 400, "MALFORMED_JSON")
    problem(await posted(b"\xff\xfe"), 400, "MALFORMED_JSON")
    problem(await posted(b"email=a", "application/x-www-form-urlencoded"), 415, "UNSUPPORTED_MEDIA_TYPE")
    problem(await posted(b"[]"), 422, "VALIDATION_FAILED")
    problem(await posted(b'{"email":"\\ud800@x.example","password":"\\udfff"}'), 422, "VALIDATION_FAILED")
    problem(await posted(b'{"\\ud800":1}'), 422, "VALIDATION_FAILED")
    problem(await posted(b"[" * 100_000), 400, "BAD_REQUEST")
    found = problem(await posted(b'{"email":"ada@example.com"}'), 422, "VALIDATION_FAILED")
    assert found["errors"] == [{"field": "password", "detail": "Field required"}]


async def test_a_rule_that_only_the_service_knows(anybody: httpx.AsyncClient) -> None:
    body = {
        "email": "no address",
        "password": "correct horse battery",
        "firstName": "A",
        "lastName": "B",
        "organizationName": "C",
    }
    found = problem(await anybody.post("/api/auth/register", json=body), 422, "VALIDATION_FAILED")
    assert [one["field"] for one in found["errors"]] == ["email"]
    assert HTTPStatus(found["status"]) is HTTPStatus.UNPROCESSABLE_ENTITY


async def test_a_service_that_is_down(alone: httpx.AsyncClient) -> None:
    reply = await alone.post("/api/auth/login", json={"email": "a@b.example", "password": "x"})
    found = problem(reply, 503, "UNAVAILABLE")
    assert "127.0.0.1" not in found["detail"]
    assert reply.headers["retry-after"]
