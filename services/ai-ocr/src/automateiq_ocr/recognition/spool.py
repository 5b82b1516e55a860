"""A sent file, put on disk while it arrives, so that worker processes can open it by its path."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from automateiq_core.errors import InvalidInput


@asynccontextmanager
async def spooled(chunks: AsyncIterator[bytes], *, size: int, sha256: str) -> AsyncIterator[Path]:
    """The path of the file for as long as the block runs.

    Raises:
        InvalidInput: the content is not what was announced (CONTENT_MISMATCH).
    """
    with NamedTemporaryFile(prefix="automateiq-ocr-") as file:
        arrived, digest = 0, hashlib.sha256()
        async for chunk in chunks:
            arrived += len(chunk)
            if arrived > size:
                break
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        if arrived != size or digest.hexdigest() != sha256:
            raise InvalidInput("CONTENT_MISMATCH", "The file that arrived is not the one that was announced.")
        yield Path(file.name)
