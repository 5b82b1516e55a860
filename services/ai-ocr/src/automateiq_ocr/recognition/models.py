"""What recognition gives back: words with boxes on pages, and the ways in which a file can be refused.

Errors, each with a fixed reason and a sentence for a person; they cross from worker processes unharmed:

    AppError
    ├── InvalidInput
    │   └── FileRefused         the file is at fault: sending it again changes nothing
    │       ├── EmptyFile       FILE_EMPTY
    │       ├── UnsupportedFile UNSUPPORTED_TYPE
    │       ├── DamagedFile     FILE_DAMAGED
    │       ├── EncryptedFile   PDF_ENCRYPTED
    │       ├── TooManyPages    TOO_MANY_PAGES
    │       └── ImageTooLarge   IMAGE_TOO_LARGE
    ├── NotFound
    │   └── PageNotFound        PAGE_NOT_FOUND: asked for a page that the document has not
    ├── Internal
    │   └── PageFailed          PAGE_FAILED: reading the page crashed or took too long, twice
    └── Unavailable
        └── EngineUnavailable   OCR_ENGINE_UNAVAILABLE: Tesseract is not installed or lacks a language
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from automateiq_core.errors import AppError, Internal, InvalidInput, NotFound, Unavailable

Source = Literal["text_layer", "ocr"]
Unit = Literal["px", "pt"]

PDF = "application/pdf"
PNG = "image/png"
JPEG = "image/jpeg"
TIFF = "image/tiff"
WEBP = "image/webp"
XML = "application/xml"
MIMETYPES = (PDF, PNG, JPEG, TIFF, WEBP, XML)


class _Refusal(AppError):
    """An AppError whose reason belongs to its class, and which can be pickled."""

    reason_code: ClassVar[str]

    def __init__(self, message: str, **metadata: str) -> None:
        super().__init__(self.reason_code, message, violations=(), **metadata)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuilt, (type(self), self.message, self.metadata))


def _rebuilt(kind: type[_Refusal], message: str, metadata: dict[str, str]) -> _Refusal:
    return kind(message, **metadata)


class FileRefused(_Refusal, InvalidInput):
    """The file is at fault; trying again is pointless."""


class EmptyFile(FileRefused):
    """Zero bytes."""

    reason_code = "FILE_EMPTY"


class UnsupportedFile(FileRefused):
    """Neither a PDF nor an image of a kind that is read."""

    reason_code = "UNSUPPORTED_TYPE"


class DamagedFile(FileRefused):
    """Truncated or damaged beyond repair."""

    reason_code = "FILE_DAMAGED"


class EncryptedFile(FileRefused):
    """Protected by a password."""

    reason_code = "PDF_ENCRYPTED"


class TooManyPages(FileRefused):
    """More pages than the limit."""

    reason_code = "TOO_MANY_PAGES"


class ImageTooLarge(FileRefused):
    """Declares more pixels than the limit; refused before any of them is decoded."""

    reason_code = "IMAGE_TOO_LARGE"


class PageNotFound(_Refusal, NotFound):
    """A page number outside the document."""

    reason_code = "PAGE_NOT_FOUND"


class PageFailed(_Refusal, Internal):
    """The worker died or ran out of time, on the retry too."""

    reason_code = "PAGE_FAILED"


class EngineUnavailable(_Refusal, Unavailable):
    """The OCR program is missing."""

    reason_code = "OCR_ENGINE_UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle on the page as displayed: origin top left, in the page's unit."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Where it ends to the right."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Where it ends below."""
        return self.y + self.height

    @staticmethod
    def around(boxes: Iterable[Box]) -> Box:
        """The smallest box that holds all of `boxes` (at least one)."""
        many = list(boxes)
        x, y = min(b.x for b in many), min(b.y for b in many)
        return Box(x, y, max(b.right for b in many) - x, max(b.bottom for b in many) - y)


@dataclass(frozen=True, slots=True)
class Word:
    """One word in its box; `confidence` 0..1 (1 for a text layer)."""

    text: str
    x: float
    y: float
    width: float
    height: float
    confidence: float

    @property
    def box(self) -> Box:
        """Where the word stands."""
        return Box(self.x, self.y, self.width, self.height)


@dataclass(frozen=True, slots=True)
class Line:
    """A line as the reader of the page grouped it. Lines of one `block` belong together."""

    words: tuple[Word, ...]
    block: int = 0

    @property
    def text(self) -> str:
        """Its words, parted by spaces."""
        return " ".join(word.text for word in self.words)

    @property
    def box(self) -> Box:
        """The box around its words."""
        return Box.around(word.box for word in self.words)


@dataclass(frozen=True)
class Page:
    """One page that was read.

    `width`, `height` and all boxes are those of the page as displayed (after EXIF and /Rotate), in `unit`:
    pixels for images, points (1/72 inch) for PDF. `rotation` is the clockwise quarter turn (0, 90, 180, 270)
    that brings the text upright, `skew` the further degrees counter-clockwise that straighten it.
    """

    number: int
    width: float
    height: float
    unit: Unit
    source: Source
    rotation: int
    skew: float
    confidence: float
    lines: tuple[Line, ...]
    # What read it: text_layer, tesseract, rapidocr or easyocr.
    engine: str = ""
    # `fingerprint.py`; empty for a blank page.
    image_hash: str = ""

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """Every word, line by line."""
        return tuple(word for line in self.lines for word in line.words)

    @property
    def letters(self) -> int:
        """How many letters and digits stand on it."""
        return sum(character.isalnum() for word in self.words for character in word.text)

    @cached_property
    def text(self) -> str:
        """The page's text, a line a line, blocks parted by an empty line."""
        parts: list[str] = []
        block = self.lines[0].block if self.lines else 0
        for line in self.lines:
            if line.block != block:
                parts.append("")
                block = line.block
            parts.append(line.text)
        return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """What is known about a document before any page is read."""

    mimetype: str
    page_count: int


@dataclass(frozen=True, slots=True)
class Options:
    """How to read; `deep_engine` is one of engines.py.

    `easyocr_network` is the folder of a network for EasyOCR, "" for its official weights, which may be downloaded
    only with `easyocr_download`.

    `languages` are Tesseract's names; they must be installed. A page is read in the first one, and again in that which
    its text turns out to be in, if it is another of them.
    """

    languages: tuple[str, ...] = ("eng", "deu", "fra", "spa", "ita", "nld", "por")
    dpi: int = 300
    max_pages: int = 100
    max_pixels: int = 50_000_000
    page_seconds: float = 120.0
    deep_engine: str = "rapidocr"
    easyocr_network: str = ""
    easyocr_download: bool = False


def mean_confidence(words: Iterable[Word]) -> float:
    """The mean over the characters, so that one long wrong word weighs more than a speck; 0 without words."""
    weight = total = 0.0
    for word in words:
        weight += len(word.text)
        total += len(word.text) * word.confidence
    return total / weight if weight else 0.0
