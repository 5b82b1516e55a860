"""A file on its way through the service: in memory while it is small, else on disk, and gone when closed."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import IO, Any, Self, cast

_IN_MEMORY_BYTES = 4 << 20
_PIECE_BYTES = 512 << 10


class Spool:
    """Bytes that are written once and read as often as needed, by one reader at a time."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - closed by __exit__
        self._digest = hashlib.sha256()
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def sha256(self) -> str:
        """Lower-case hexadecimal SHA-256 of what was written."""
        return self._digest.hexdigest()

    async def write(self, piece: bytes) -> None:
        """Appends a piece."""
        self.size += len(piece)
        self._digest.update(piece)
        if self.size <= _IN_MEMORY_BYTES:
            self._file.write(piece)
        else:
            await asyncio.to_thread(self._file.write, piece)

    async def fill(self, pieces: AsyncIterator[bytes]) -> None:
        """Appends all pieces."""
        async for piece in pieces:
            await self.write(piece)

    def rewound(self) -> IO[bytes]:
        """The file at its beginning, for code that reads files and runs in a thread."""
        self._file.seek(0)
        return cast(IO[bytes], cast(Any, self._file))

    async def pieces(self) -> AsyncIterator[bytes]:
        """The content from its beginning, piece by piece."""
        self._file.seek(0)
        while True:
            if self.size <= _IN_MEMORY_BYTES:
                piece = self._file.read(_PIECE_BYTES)
            else:
                piece = await asyncio.to_thread(self._file.read, _PIECE_BYTES)
            if not piece:
                return
            yield piece
