"""Has files made in processes of their own."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog
from automateiq_core.errors import InvalidInput, Unavailable

_SECONDS = 60.0
# Each takes a core and up to 2 GiB; more at once would only wait for each other.
_AT_ONCE = 2

_log = structlog.get_logger(__name__)


class Workshop:
    """Splits and merges files on disk."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def split(
        self, source: Path, mimetype: str, parts: Sequence[Sequence[int]], targets: Sequence[Path]
    ) -> None:
        """Writes parts of a PDF or TIFF to files of their own.

        Raises:
            InvalidInput: the file is damaged (FILE_DAMAGED).
            Unavailable: it took too long (ASSEMBLY_TOO_SLOW).
        """
        await self._do(
            {
                "do": "split_pdf" if mimetype == "application/pdf" else "split_tiff",
                "source": str(source),
                "parts": [list(part) for part in parts],
                "targets": [str(target) for target in targets],
            }
        )

    async def merge(self, sources: Sequence[tuple[Path, str]], target: Path) -> None:
        """Writes the pages of files to one PDF. Raises as `split` does."""
        await self._do(
            {"do": "merge", "sources": [(str(path), kind) for path, kind in sources], "target": str(target)}
        )

    async def _do(self, job: Mapping[str, Any]) -> None:
        async with self._free:
            ended = await asyncio.to_thread(_worked, json.dumps(job).encode())
        if ended is None:
            raise Unavailable(
                "ASSEMBLY_TOO_SLOW", "Making the file took too long. Try again, or with fewer pages."
            )
        if ended.returncode != 0:
            _log.warning(
                "file not made",
                job=job["do"],
                exit=ended.returncode,
                error=ended.stderr.decode(errors="replace")[-500:],
            )
            raise InvalidInput(
                "FILE_DAMAGED", "The pages of this file can not be copied: it is damaged or too large."
            )


def _worked(job: bytes) -> subprocess.CompletedProcess[bytes] | None:
    """The end of a process that did the job; None where it took too long and was ended.

    In a thread and not by asyncio: uvloop sometimes gives a pipe to the process that is closed already (seen in 0.23).
    """
    command = [sys.executable, "-m", "automateiq_documents.assembly.worker"]
    try:
        return subprocess.run(command, input=job, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None
