"""The gateway's settings."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from automateiq_core.settings import ServiceSettings
from pydantic import Field, field_validator
from pydantic_settings import NoDecode

Network = IPv4Network | IPv6Network
_MIB = 1 << 20


class GatewaySettings(ServiceSettings):
    """What the gateway needs beside what every process needs. It has no database."""

    listen: str = Field("127.0.0.1:5000", description="host:port to serve the REST API on")

    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        ("http://localhost:5173",),
        description="Origins whose pages may call the API with cookies, parted by commas",
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        (),
        description="Addresses or networks of proxies whose X-Forwarded-For is believed, parted by commas",
    )

    max_body_bytes: int = Field(_MIB, gt=0, description="Longest request body, uploads aside")
    max_upload_bytes: int = Field(
        25 * _MIB, gt=0, description="The largest file that may be uploaded, in bytes; documents reads it too"
    )
    upload_deadline_seconds: float = Field(300.0, gt=0, description="Deadline of an upload or a download")
    watch_seconds: float = Field(
        900.0, gt=0, description="Longest stream of a document's events; the browser then asks again"
    )
    heartbeat_seconds: float = Field(
        15.0, gt=0, description="Pause between the comments that keep a stream alive"
    )

    user_requests_per_minute: int = Field(600, gt=0, description="Rate limit of a user")
    address_requests_per_minute: int = Field(3000, gt=0, description="Rate limit of a network address")
    organization_requests_per_minute: int = Field(3000, gt=0, description="Rate limit of an organization")
    sign_ins_per_minute: int = Field(
        30, gt=0, description="Rate limit of an address for sign-in, registration, refresh and invitations"
    )
    uploads_at_once: int = Field(
        16, gt=0, description="Uploads that an organization may have open at once, at each gateway"
    )
    streams_at_once: int = Field(
        64,
        gt=0,
        description="Downloads and event streams that an organization may have open at once, at each gateway",
    )
    redis_timeout_seconds: float = Field(2.0, gt=0, description="How long Redis may take to answer")

    health_red_seconds: float = Field(
        0.5, ge=0, description="How long a stopping gateway is unhealthy before it takes no more connections"
    )

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        return tuple(part.rstrip("/") for part in _parts(value)) if isinstance(value, str) else value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(ip_network(part, strict=False) for part in _parts(value))
        return value


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
