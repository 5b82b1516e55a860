"""The OpenAPI document is valid, complete, and its examples are true."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from automateiq_core.permissions import METHODS, Permission
from automateiq_gateway.app import create_app
from automateiq_gateway.settings import GatewaySettings
from openapi_spec_validator import validate

APP = create_app(GatewaySettings())
DOCUMENT: dict[str, Any] = APP.openapi()
ENDPOINTS = {
    "POST /api/auth/register",
    "POST /api/auth/login",
    "POST /api/auth/logout",
    "POST /api/auth/refresh",
    "GET /api/auth/me",
    "POST /api/auth/accept-invitation",
    "POST /api/members/invite",
    "POST /api/documents/upload",
    "GET /api/documents",
    "GET /api/documents/{document_id}",
    "DELETE /api/documents/{document_id}",
    "GET /api/documents/{document_id}/file",
    "GET /api/documents/{document_id}/events",
    "GET /api/documents/{document_id}/pages/{page}/image",
    "GET /api/documents/{document_id}/export",
    "POST /api/documents/{document_id}/cancel",
    "POST /api/documents/process",
    "GET /api/documents/{document_id}/split",
    "POST /api/documents/{document_id}/split",
    "POST /api/documents/{document_id}/split/undo",
    "POST /api/documents/merge",
    "POST /api/documents/{document_id}/duplicates/{other_document_id}/dismiss",
    "POST /api/documents/quote",
    "GET /api/documents/batches/{batch_id}",
    "POST /api/documents/batches/{batch_id}/cancel",
    "POST /api/documents/{document_id}/merge/undo",
    "GET /api/documents/{document_id}/review",
    "POST /api/documents/{document_id}/review/corrections",
    "POST /api/documents/{document_id}/review/corrections/{correction_id}/undo",
    "POST /api/documents/{document_id}/review/confirm",
    "POST /api/documents/{document_id}/review/reject",
    "POST /api/documents/{document_id}/review/reopen",
    "PUT /api/documents/{document_id}/review/assignee",
    "GET /api/documents/{document_id}/review/neighbours",
    "GET /api/review",
    "GET /api/review/counts",
    "GET /api/review/settings",
    "PUT /api/review/settings",
    "GET /api/review/vendors",
    "GET /api/review/vendors/{memory_id}",
    "PATCH /api/review/vendors/{memory_id}",
    "DELETE /api/review/vendors/{memory_id}",
    "GET /api/billing/credits",
    "GET /api/billing/quote",
    "GET /api/billing/ledger",
    "GET /api/exports",
    "POST /api/rules",
    "GET /api/rules",
    "POST /api/rules/order",
    "GET /api/rules/{rule_id}",
    "PUT /api/rules/{rule_id}",
    "DELETE /api/rules/{rule_id}",
    "POST /api/rules/{rule_id}/test",
    "GET /api/rules/{rule_id}/versions",
    "GET /api/documents/{document_id}/rules",
    "POST /api/webhooks",
    "GET /api/webhooks",
    "GET /api/webhooks/{endpoint_id}",
    "PATCH /api/webhooks/{endpoint_id}",
    "DELETE /api/webhooks/{endpoint_id}",
    "POST /api/webhooks/{endpoint_id}/rotate-secret",
    "POST /api/webhooks/{endpoint_id}/ping",
    "GET /api/webhooks/{endpoint_id}/deliveries",
    "POST /api/webhooks/{endpoint_id}/deliveries/{delivery_id}/replay",
    "POST /api/webhooks/{endpoint_id}/replay",
    "GET /health",
    "GET /health/live",
}


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def bodies(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for part in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from part.get("content", {}).values()


def whole(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "components": DOCUMENT["components"]}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return DOCUMENT["components"]["schemas"][name] if name else schema


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


def test_every_endpoint_is_there() -> None:
    assert {name for name, _ in operations()} == ENDPOINTS


@pytest.mark.parametrize(("name", "operation"), list(operations()), ids=lambda value: str(value)[:60])
def test_every_operation_is_described(name: str, operation: dict[str, Any]) -> None:
    assert operation["description"], name
    assert operation["tags"]
    assert all(parameter.get("description") for parameter in operation.get("parameters", ())), name
    if name.split()[1].startswith("/api/"):
        error = operation["responses"]["default"]["content"]
        assert error == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        assert "422" not in operation["responses"]


def test_only_signing_in_is_open_to_everybody() -> None:
    opened = {name for name, operation in operations() if not operation.get("security")}
    assert opened == {
        "POST /api/auth/register",
        "POST /api/auth/login",
        "POST /api/auth/refresh",
        "POST /api/auth/accept-invitation",
        "GET /health",
        "GET /health/live",
    }
    public = {path for path, rule in METHODS.items() if rule.permission is Permission.PUBLIC}
    assert {path.rpartition("/")[2] for path in public} == {
        "Register",
        "AcceptInvitation",
        "Login",
        "RefreshSession",
        "GetSigningKeys",
    }


def test_what_changes_something_takes_a_key() -> None:
    for name, operation in operations():
        keyed = any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ()))
        unkeyed = name in (
            "POST /api/auth/login",
            "POST /api/auth/refresh",
            # Changes nothing.
            "POST /api/rules/{rule_id}/test",
            "POST /api/documents/quote",
        )
        assert keyed == (not name.startswith("GET ") and not unkeyed), name


def test_every_body_has_an_example_and_it_is_true() -> None:
    seen = 0
    for name, operation in operations():
        for body in bodies(operation):
            schema = body.get("schema")
            if schema is None or "$ref" not in schema:
                continue
            model = resolved(schema)
            if model.get("title") in ("UploadForm", "Liveness", "LogoutBody"):
                continue
            assert "example" in model, f"{name}: {model.get('title')}"
            jsonschema.validate(model["example"], whole(schema))
            seen += 1
    assert seen > 25


def test_every_member_is_described() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        for member, inner in schema.get("properties", {}).items():
            described = inner.get("description") or resolved(inner).get("description") or inner.get("const")
            assert described, f"{name}.{member}"


def test_no_operation_is_named_twice() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(set(names)) == len(names)
