"""Where files are kept: GridFS or an S3-compatible store, behind one interface.

Keys are made by us and random. Both stores put the organization of the running call before the key, so no key can
name another organization's file.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from typing import Any

from automateiq_core.context import current
from automateiq_core.errors import NotFound, Unavailable
from automateiq_core.mongo import Mongo

from automateiq_documents.documents.spool import Spool

_BUCKET = "files"
_PIECE_BYTES = 512 << 10


class BlobStore(ABC):
    """Files of the running call's organization, by key."""

    @abstractmethod
    async def write(self, key: str, content: Spool) -> None:
        """Stores a file under a key that was never used before."""

    @abstractmethod
    def read(self, key: str) -> AsyncGenerator[bytes, None]:
        """The file's content in pieces.

        Raises:
            NotFound: it is not there (FILE_MISSING).
        """

    @abstractmethod
    async def delete(self, key: str) -> None:
        """Removes a file, also one that was written in part; one that is not there is no error."""


class GridFsBlobs(BlobStore):
    """Files in MongoDB."""

    def __init__(self, mongo: Mongo) -> None:
        self._bucket = mongo.bucket(_BUCKET)

    async def write(self, key: str, content: Spool) -> None:
        """Stores a file."""
        await self._bucket.write(key, content.pieces())

    async def read(self, key: str) -> AsyncGenerator[bytes, None]:
        """The file's content."""
        try:
            async for piece in self._bucket.read(key):
                yield piece
        except KeyError:
            raise _missing() from None

    async def delete(self, key: str) -> None:
        """Removes a file."""
        await self._bucket.delete(key)


class S3Blobs(BlobStore):
    """Files in a bucket of an S3-compatible store, as `<organization>/<key>`.

    Credentials come from where AWS tools look for them. boto3 blocks, so each call runs in a thread.
    """

    def __init__(self, *, bucket: str, region: str, endpoint_url: str = "") -> None:
        # Imported on demand: it takes 30 MB that a fleet on GridFS need not hold.
        import boto3
        from boto3.exceptions import Boto3Error
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        self._s3: Any = boto3.client(
            "s3",
            region_name=region,
            endpoint_url=endpoint_url or None,
            config=Config(
                connect_timeout=5, read_timeout=30, retries={"mode": "standard", "max_attempts": 3}
            ),
        )
        self._bucket = bucket
        self._refused: type[Exception] = ClientError
        self._errors: tuple[type[Exception], ...] = (Boto3Error, BotoCoreError, ClientError)

    async def write(self, key: str, content: Spool) -> None:
        """Stores a file; one of several MiB in parts."""
        await self._call(self._s3.upload_fileobj, content.rewound(), self._bucket, _owned(key))

    async def read(self, key: str) -> AsyncGenerator[bytes, None]:
        """The file's content."""
        body = (await self._call(self._s3.get_object, Bucket=self._bucket, Key=_owned(key)))["Body"]
        try:
            while piece := await self._call(body.read, _PIECE_BYTES):
                yield piece
        finally:
            body.close()

    async def delete(self, key: str) -> None:
        """Removes a file."""
        await self._call(self._s3.delete_object, Bucket=self._bucket, Key=_owned(key))

    async def _call(self, work: Callable[..., Any], *args: Any, **options: Any) -> Any:
        try:
            return await asyncio.to_thread(work, *args, **options)
        except self._errors as error:
            if isinstance(error, self._refused) and _code(error) in ("NoSuchKey", "404"):
                raise _missing() from None
            raise Unavailable(
                "FILE_STORE_UNAVAILABLE", "The store of files does not answer. Try again in a moment."
            ) from error


def _code(error: Any) -> str:
    return str(error.response["Error"]["Code"])


def _owned(key: str) -> str:
    return f"{current().tenant()}/{key}"


def _missing() -> NotFound:
    return NotFound(
        "FILE_MISSING", "The file of this document is lost. Delete the document and upload it again."
    )
