"""The name a file is stored and downloaded under: nothing in it means anything to a shell, a browser or a disk."""

import re
import unicodedata
from pathlib import PurePosixPath

from automateiq_documents.documents.sniffing import ACCEPTED, FileType

_MAX_BYTES = 200
_FORBIDDEN = re.compile(r'[<>:"|?*]')
# Windows opens devices under these names, with any ending.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
_ENDINGS = {ending for kind in ACCEPTED for ending in kind.endings}


def safe_filename(original: str, kind: FileType) -> str:
    """The last part of a name without control characters and path signs, with the ending of its type."""
    last = original.replace("\\", "/").rsplit("/", 1)[-1]
    # Category C holds control, format (also the signs that turn the reading direction) and unassigned characters.
    visible = "".join(
        sign for sign in unicodedata.normalize("NFC", last) if unicodedata.category(sign)[0] != "C"
    )
    plain = _FORBIDDEN.sub("_", visible).strip(" .")
    ending = PurePosixPath(plain).suffix
    if ending.lower() in kind.endings:
        stem = plain[: -len(ending)]
    else:
        # The ending of another accepted type is a mistake; any other is part of the name.
        stem = plain[: -len(ending)] if ending.lower() in _ENDINGS else plain
        ending = kind.endings[0]
    stem = stem.encode()[: _MAX_BYTES - len(ending)].decode(errors="ignore").rstrip(" .") or "document"
    if _DEVICES.fullmatch(stem.split(".", 1)[0]):
        stem = f"_{stem}"
    return stem + ending
