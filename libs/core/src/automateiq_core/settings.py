"""Settings that every service has. They come from the environment; docs/operations.md lists them all."""

from enum import StrEnum
from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(StrEnum):
    """Where the process runs."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class ServiceSettings(BaseSettings):
    """What every process of the fleet needs. A service adds its own by inheriting from it."""

    model_config = SettingsConfigDict(env_prefix="AUTOMATEIQ_", env_ignore_empty=True, frozen=True)

    environment: Environment = Field(Environment.PRODUCTION, description="development or production")
    log_level: str = Field("INFO", description="The least severe level that is logged")
    log_json: bool = Field(True, description="Log lines as JSON; else as coloured text for a terminal")

    listen: str = Field("127.0.0.1:0", description="host:port to serve on")
    metrics_listen: str = Field("127.0.0.1:0", description="host:port for /metrics and /healthz")
    shutdown_grace_seconds: float = Field(
        15.0, gt=0, description="How long a stopping process drains its calls"
    )
    default_deadline_seconds: float = Field(
        30.0, gt=0, description="Deadline of a call whose caller set none"
    )

    mongodb_uri: str = Field(
        "mongodb://127.0.0.1:27017/?replicaSet=rs0",
        validation_alias=AliasChoices("MONGODB_URI", "AUTOMATEIQ_MONGODB_URI"),
        description="The MongoDB replica set",
    )
    mongodb_database_prefix: str = Field("", description="Put before the name of each service's database")
    redis_url: str = Field(
        "redis://127.0.0.1:6379/0",
        validation_alias=AliasChoices("REDIS_URL", "AUTOMATEIQ_REDIS_URL"),
        description="Redis",
    )

    identity_target: str = Field("127.0.0.1:50051", description="host:port of identity")
    documents_target: str = Field("127.0.0.1:50052", description="host:port of documents")
    ocr_target: str = Field("127.0.0.1:50053", description="host:port of ai-ocr")
    billing_target: str = Field("127.0.0.1:50056", description="host:port of billing")

    internal_private_key_file: Path = Field(
        Path("/run/secrets/internal.pem"),
        description="The Ed25519 key this service signs its calls with (PEM)",
    )
    internal_public_keys_dir: Path = Field(
        Path("/run/secrets/internal-public"), description="Folder with <caller>.pub.pem of every caller"
    )

    trace_sample_ratio: float = Field(0.1, ge=0, le=1, description="Share of requests that are traced")
    otlp_endpoint: str = Field("", description="OTLP/HTTP collector for traces; empty exports none")
