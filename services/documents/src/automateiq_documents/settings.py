"""Settings of the documents service."""

from pathlib import Path
from typing import Literal

from automateiq_core.settings import ServiceSettings
from pydantic import Field

# What ai-ocr takes (recognition.proto), so nothing larger can be read.
_LARGEST_FILE_BYTES = 100 << 20


class DocumentsSettings(ServiceSettings):
    """What the documents service needs beyond the fleet's settings."""

    listen: str = Field("127.0.0.1:50052", description="host:port to serve on")

    max_upload_bytes: int = Field(
        25 << 20, gt=0, le=_LARGEST_FILE_BYTES, description="The largest file that may be uploaded, in bytes"
    )
    inspect_seconds: float = Field(
        20.0, gt=0, description="How long ai-ocr may take to count an uploaded document's pages"
    )
    recognize_seconds: float = Field(900.0, gt=0, description="How long ai-ocr may take to read one document")

    readings_at_once: int = Field(
        3,
        ge=1,
        le=1000,
        description="How many documents of one organization are read at once; more wait. "
        "Keep it below the worker's threads, so that one organization does not hold up the others",
    )

    render_seconds: float = Field(60.0, gt=0, description="How long ai-ocr may take to show one page")
    export_seconds: float = Field(
        600.0, gt=0, description="How long ai-ocr may take to make a searchable PDF of one document"
    )

    blob_store: Literal["gridfs", "s3"] = Field(
        "gridfs", description="Where files are kept: gridfs (in MongoDB) or s3; choose once"
    )
    s3_endpoint_url: str = Field("", description="Endpoint of an S3-compatible store; empty is AWS")
    s3_bucket: str = Field("", description="Bucket of the files; needed with blob_store=s3")
    s3_region: str = Field("us-east-1", description="Region of the bucket")

    webhook_seconds: float = Field(
        10.0, gt=0, le=60, description="How long a receiver of webhooks may take to answer"
    )
    webhook_disable_days: float = Field(
        3.0, gt=0, description="An endpoint that takes nothing for this long is disabled"
    )
    webhook_local_targets: bool = Field(
        False,
        description="Lets webhooks go to http and to private addresses; for a stack on one machine only",
    )
    webhook_ca_file: Path | None = Field(
        None,
        description="PEM file of certificate authorities that receivers of webhooks may have beside the public ones",
    )
