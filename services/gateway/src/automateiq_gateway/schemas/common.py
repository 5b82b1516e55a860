"""What several resources share."""

from typing import Annotated, Any

from fastapi import Header, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

_MAX_MEMBERS = 100


class Schema(BaseModel):
    """A body of the API: camelCase in JSON, snake_case in Python."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_alias=True, validate_by_name=True)


class Strict(Schema):
    """What a client sends. A member that is not known is a mistake and is told so."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _is_no_flood(cls, given: Any) -> Any:
        # Each unknown member is an error of its own: a body full of them would hold up everybody for seconds.
        if isinstance(given, dict) and len(given) > _MAX_MEMBERS:
            raise PydanticCustomError("too_many_members", f"has more than {_MAX_MEMBERS} members")
        return given


class Body(Strict):
    """A request's body."""


class BrokenRule(Schema):
    """One thing that is wrong with a request."""

    field: str = Field(description="The field, with dots between the levels")
    detail: str = Field(description="What is wrong with it, for a person")


class Problem(Schema):
    """An error (RFC 9457)."""

    type: str = Field(description="A URN of the kind of error")
    title: str = Field(description="The HTTP status in words")
    status: int = Field(description="The HTTP status")
    detail: str = Field(description="A sentence for a person that says what to do next")
    instance: str = Field(description="The path that was asked for")
    reason: str = Field(description="A fixed word for programs")
    request_id: str = Field(
        description="The request's id, as in the header X-Request-Id; tell it our support"
    )
    errors: list[BrokenRule] | None = Field(None, description="What is wrong with the request, rule by rule")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:automateiq:problem:document-not-found",
                "title": "Not Found",
                "status": 404,
                "detail": "There is no such document. It may have been deleted.",
                "instance": "/api/documents/65f0c0ffee65f0c0ffee65f0",
                "reason": "DOCUMENT_NOT_FOUND",
                "requestId": "0d7c1f5e6a9b4c3d8e2f1a0b9c8d7e6f",
            }
        }
    )


_KEY = "Makes it harmless to send the request again: the same key gives the same answer, for a day. Any visible ASCII."
_PROBLEM_CONTENT: dict[str, Any] = {
    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {"description": "Any error, as a problem (RFC 9457)", "content": _PROBLEM_CONTENT}
}

IdempotencyKey = Annotated[
    str,
    Header(alias="Idempotency-Key", max_length=128, pattern=r"^[\x21-\x7e]*$", description=_KEY),
]
DocumentId = Annotated[str, Path(description="The document's id", examples=["65f0c0ffee65f0c0ffee65f0"])]


class PageQuery(Strict):
    """Which page of a listing."""

    page_size: int = Field(20, ge=1, le=100, description="How many items at most")
    page_token: str = Field(
        "",
        max_length=1024,
        description="`nextPageToken` of the page before; it belongs to one filter and sort",
    )


class Page(Schema):
    """A page of a listing."""

    next_page_token: str | None = Field(description="Gets the next page; null on the last one")


PageParameters = Annotated[PageQuery, Query()]
