"""What a view is: a page's picture, or a reading in another form, and the mark that tells whether it changed."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from automateiq_core.errors import FailedPrecondition, NotFound

from automateiq_documents.documents.models import Document, PageWords, Reading

# Raised whenever the same document may look otherwise: it is a part of every tag.
_VERSION = 1
DEFAULT_WIDTH = 1200


class ExportFormat(StrEnum):
    """The forms of a reading."""

    SEARCHABLE_PDF = "searchable_pdf"
    HOCR = "hocr"
    TEXT = "text"


MIMETYPES = {
    ExportFormat.SEARCHABLE_PDF: "application/pdf",
    # hOCR is XHTML; as a type of its own nothing opens it by mistake.
    ExportFormat.HOCR: "text/vnd.hocr+html",
    ExportFormat.TEXT: "text/plain; charset=utf-8",
}
_ENDINGS = {
    ExportFormat.SEARCHABLE_PDF: ".searchable.pdf",
    ExportFormat.HOCR: ".hocr",
    ExportFormat.TEXT: ".txt",
}


@dataclass(frozen=True, slots=True)
class View:
    """Something to send. `size` is in bytes, `known` says that the asker has it; then there are no pieces."""

    mimetype: str
    size: int
    filename: str
    tag: str
    known: bool
    pieces: AsyncGenerator[bytes, None]


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word and its box, in the page's unit."""

    text: str
    x: float
    y: float
    width: float
    height: float
    confidence: float


@dataclass(frozen=True, slots=True)
class PlacedPage:
    """A page with its words. `rotation` is the clockwise turn (0, 90, 180, 270) that brings its text upright."""

    number: int
    width: float
    height: float
    rotation: int
    words: Sequence[PlacedWord]


def page_tag(document: Document, page: int, width: int) -> str:
    """Changes when the picture of a page does."""
    return _tag(document.sha256, "page", str(page), str(width))


def export_tag(document: Document, reading: Reading, words: Sequence[PageWords], form: ExportFormat) -> str:
    """Changes when an export of a reading does."""
    read = hashlib.sha256(reading.text.encode())
    for page in words:
        read.update(page.packed)
    return _tag(document.sha256, document.filename, form.value, reading.engine, read.hexdigest())


def _tag(*parts: str) -> str:
    return hashlib.sha256("\n".join((str(_VERSION), *parts)).encode()).hexdigest()[:32]


def export_name(filename: str, form: ExportFormat) -> str:
    """The name of an export, after that of the document."""
    return _stem(filename) + _ENDINGS[form]


def page_name(filename: str, page: int) -> str:
    """The name of a page's picture."""
    return f"{_stem(filename)}-page-{page}.webp"


def _stem(filename: str) -> str:
    return filename.rsplit(".", 1)[0]


def page_not_found(page: int) -> NotFound:
    """What is said of a page that the document has not."""
    return NotFound("PAGE_NOT_FOUND", f"The document has no page {page}.", page=str(page))


def not_read_yet() -> FailedPrecondition:
    """What is said where there is no reading to export."""
    return FailedPrecondition(
        "NOT_READ_YET", "This document has not been read yet. Process it first, then export what was read."
    )
