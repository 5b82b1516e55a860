"""The gateway's health."""

from typing import Literal

from pydantic import ConfigDict, Field

from automateiq_gateway.schemas.common import Schema


class Health(Schema):
    """Whether the gateway can do its work."""

    status: Literal["ok", "down", "stopping"] = Field(description="ok, or why requests should go elsewhere")
    parts: dict[str, Literal["ok", "down"]] = Field(description="What the gateway needs")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "status": "ok",
                "parts": {"redis": "ok", "identity": "ok", "documents": "ok", "billing": "ok"},
            }
        }
    )


class Liveness(Schema):
    """The process runs."""

    status: Literal["ok"] = "ok"
