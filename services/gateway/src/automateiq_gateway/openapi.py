"""The OpenAPI document of the REST API."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from automateiq_gateway import cookies
from automateiq_gateway.endpoint import BEARER, COOKIE
from automateiq_gateway.schemas.common import Problem, Schema
from automateiq_gateway.schemas.documents import Progress, UploadForm

TITLE = "AutomateIQ"
VERSION = "1.0.0"
DESCRIPTION = """
Reads a small business's documents and gives their data back.

**Signing in.** Browsers get HttpOnly cookies and never see a token. Programs send `X-Auth-Mode: bearer` when they
register or sign in, get the tokens in the body, and send `Authorization: Bearer <accessToken>`.

**Errors** are `application/problem+json` (RFC 9457). `reason` is a fixed word for programs, `detail` a sentence for
people, `errors` names each broken rule.

**Sending again.** Requests that change something take an `Idempotency-Key`: the same key gives the same answer. A key
that was used for another request answers 422, one whose first request is still running 409.

**Rates** are limited for each user, address and organization; `RateLimit` says what is left, `Retry-After` how long to
wait after 429.
"""
_TAGS = [
    {"name": "auth", "description": "Signing up, in and out"},
    {"name": "members", "description": "The members of an organization"},
    {"name": "documents", "description": "Documents, their files and what was read from them"},
    {"name": "exports", "description": "The data of documents as files"},
    {"name": "rules", "description": "What is done with documents that were read"},
    {"name": "webhooks", "description": "Telling partners what became of documents"},
    {"name": "review", "description": "The look of people at what was read"},
    {"name": "billing", "description": "Credits and their ledger"},
    {"name": "health", "description": "For load balancers"},
]


def document(app: FastAPI) -> dict[str, Any]:
    """The document, made once."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=TITLE, version=VERSION, description=DESCRIPTION, routes=app.routes, tags=_TAGS
        )
        components = made.setdefault("components", {})
        components["securitySchemes"] = {
            BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            COOKIE: {"type": "apiKey", "in": "cookie", "name": cookies.ACCESS},
        }
        # Named by reference only, which FastAPI does not look into.
        _, found = models_json_schema(
            [(Problem, "serialization"), (Progress, "serialization"), (UploadForm, "validation")],
            ref_template="#/components/schemas/{model}",
        )
        schemas = components.setdefault("schemas", {})
        schemas.update({name: schema for name, schema in found["$defs"].items() if name not in schemas})
        for model in _below(Schema):
            extra = model.model_config.get("json_schema_extra")
            if isinstance(extra, dict) and "example" in extra and model.__name__ in schemas:
                # FastAPI takes every null out of the document, those in the examples too.
                schemas[model.__name__]["example"] = extra["example"]
        app.openapi_schema = made
    return app.openapi_schema


def _below(kind: type[Schema]) -> Iterator[type[Schema]]:
    for model in kind.__subclasses__():
        yield model
        yield from _below(model)
