"""Reading documents, page by page: pure calls that a worker process can make on a path or on bytes."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pypdfium2
from PIL import Image

from automateiq_ocr.recognition import images, orientation, pdf, tesseract
from automateiq_ocr.recognition.geometry import Placement, rotate, scaling, turn
from automateiq_ocr.recognition.models import (
    PDF,
    DocumentInfo,
    EmptyFile,
    Line,
    Options,
    Page,
    PageFailed,
    Unit,
    Word,
    mean_confidence,
)

# Raised whenever the same file may be read differently: it is part of every cached result's key.
_OWN_VERSION = 1
# Below this mean confidence, or with fewer letters, the page may lie sideways or be hard to make out.
_GOOD_CONFIDENCE = 0.6
_FEW_LETTERS = 8
_SURE = 0.85
_ASSUMED_DPI = 300
# Heights of a line's ink in pixels: Tesseract was trained on lines of about 36 and loses thin or huge letters.
_TALL_LINE, _BEST_LINE = 70, 36
_SMALL_SIDE = 2500


def engine_version() -> str:
    """Names everything that the result depends on beside the file and the options."""
    return f"{_OWN_VERSION}-tesseract{tesseract.version()}-pdfium{pypdfium2.PDFIUM_INFO.build}"


def open_document(source: bytes | Path, mimetype: str | None, options: Options) -> DocumentInfo:
    """Check that the document can be read and count its pages, before any page is worked on.

    The content decides what the file is; `mimetype`, what the sender believes, is only used to word errors.
    Raises a FileRefused.
    """
    if isinstance(source, bytes):
        head = source[:1024]
    else:
        with source.open("rb") as file:
            head = file.read(1024)
    if not head:
        raise EmptyFile("The file is empty.")
    found = images.require_supported(images.sniff(head), mimetype)
    if found == PDF:
        with pdf.opened(source, options) as document:
            return DocumentInfo(found, len(document))
    return DocumentInfo(found, images.count_pages(source, found, options))


def recognize_page(source: bytes | Path, mimetype: str, page_no: int, options: Options) -> Page:
    """Page `page_no` (from 1) of a document whose true mimetype `open_document` gave.

    Raises a FileRefused for what only shows on this page, PageNotFound, PageFailed or EngineUnavailable.
    """
    if mimetype != PDF:
        image = images.load_page(source, mimetype, page_no, options)
        return _read_picture(image, page_no, Placement(), image.size, "px", _ASSUMED_DPI, options)
    with pdf.opened(source, options) as document, pdf.opened_page(document, page_no) as page:
        by_text = pdf.read_text_layer(page, page_no)
        if by_text is not None:
            return by_text
        picture, dpi = pdf.render(page, options)
        width, height = page.get_size()
        to_points = scaling(picture.width / width, picture.height / height)
        read = _read_picture(picture, page_no, to_points, (width, height), "pt", round(dpi), options)
        if not read.lines:
            # A scanner's own layer is better than nothing.
            return pdf.read_text_layer(page, page_no, distrust_scans=False) or read
        return read


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What one look at the picture gave, and how the picture had been turned for it."""

    words: list[tesseract.RawWord]
    placement: Placement
    rotation: int = 0
    skew: float = 0.0

    @property
    def letters(self) -> int:
        return sum(character.isalnum() for word in self.words for character in word.text)

    @property
    def confidence(self) -> float:
        weight = sum(len(word.text) for word in self.words)
        return sum(len(word.text) * word.confidence for word in self.words) / weight if weight else 0.0

    @property
    def score(self) -> float:
        """Letters that are believed; a doubtful one counts for little."""
        return sum(len(word.text) * word.confidence**2 for word in self.words)

    @property
    def good(self) -> bool:
        """Enough was made out; of a few letters more is asked, but a page may well hold no more."""
        few = self.letters < _FEW_LETTERS
        return self.letters > 0 and self.confidence >= (_SURE if few else _GOOD_CONFIDENCE)


def _read_picture(
    image: Image.Image,
    page_no: int,
    to_page: Placement,
    size: tuple[float, float],
    unit: Unit,
    dpi: int,
    options: Options,
) -> Page:
    reader = _Reader(dpi, options)
    fitted, factor = images.fit(image)
    found = reader.read(fitted, to_page.after(scaling(factor, factor)))
    return _as_page(found, page_no, size, unit)


class _Reader:
    """Reads one picture, looking again only where the first look gave little, within the page's time."""

    def __init__(self, dpi: int, options: Options) -> None:
        self._dpi = dpi
        self._languages = options.languages
        self._ends = time.monotonic() + options.page_seconds

    def read(self, image: Image.Image, to_page: Placement) -> _Attempt:
        ink = orientation.find_ink(image)
        if ink.blank:
            return _Attempt([], to_page)
        found = self._look(image, to_page, 0, ink=ink)
        if found.good:
            return found
        found = self._turned(image, to_page, found)
        return found if found.good else self._harder(image, to_page, found)

    def _look(
        self,
        image: Image.Image,
        to_page: Placement,
        rotation: int,
        psm: int = tesseract.AUTO,
        zoom: float = 1.0,
        extra: str = "",
        ink: orientation.Ink | None = None,
    ) -> _Attempt:
        turned, back = turn(image, rotation)
        placement = to_page.after(back)
        skew = orientation.estimate_skew(ink or orientation.find_ink(turned))
        if skew:
            turned, back = rotate(turned, skew)
            placement = placement.after(back)
        if zoom != 1.0:
            size = (round(turned.width * zoom), round(turned.height * zoom))
            turned = turned.resize(size, Image.Resampling.BICUBIC)
            placement = placement.after(scaling(zoom, zoom))
        words = tesseract.read(turned, self._languages, self._dpi, psm, self._remaining(), extra)
        return _Attempt(words, placement, rotation, skew)

    def _turned(self, image: Image.Image, to_page: Placement, first: _Attempt) -> _Attempt:
        """Perhaps the page lies on its side or upside down."""
        told = tesseract.orientation(image, self._dpi, self._remaining())
        if told is not None:
            rotation, confidence = told
            if rotation == 0 and confidence >= 2.0:
                return first
            candidates = [rotation] if rotation and confidence >= 2.0 else [rotation or 180, 90, 270, 180]
        else:
            candidates = [180, 90, 270]
        best = first
        for rotation in dict.fromkeys(candidates):
            found = self._look(image, to_page, rotation)
            if found.score > best.score * 1.2:
                best = found
            if best.good:
                break
        return best

    def _harder(self, image: Image.Image, to_page: Placement, found: _Attempt) -> _Attempt:
        """Perhaps the print is small or huge, or the page has no layout that Tesseract finds."""
        best = found
        zoom = self._zoom(image, found)
        for psm, extra in ((tesseract.AUTO, _LOCAL_THRESHOLD), (tesseract.SPARSE, "")):
            again = self._look(image, to_page, found.rotation, psm, zoom, extra)
            if again.score > best.score * 1.1:
                best = again
            if best.good:
                break
        return best

    @staticmethod
    def _zoom(image: Image.Image, found: _Attempt) -> float:
        if found.words:
            height = statistics.median(word.height for word in found.words)
            if height > _TALL_LINE:
                return _BEST_LINE / height
        room = (images.WORKING_PIXELS / (image.width * image.height)) ** 0.5
        return min(2.0, room) if max(image.size) < _SMALL_SIDE else 1.0

    def _remaining(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise PageFailed("Reading this page took too long.")
        return left


# Sauvola's threshold instead of Otsu's: for shadows and stained paper.
_LOCAL_THRESHOLD = "-c thresholding_method=2"


def _as_page(found: _Attempt, page_no: int, size: tuple[float, float], unit: Unit) -> Page:
    width, height = size
    lines: dict[int, list[Word]] = {}
    blocks: dict[int, int] = {}
    for raw in found.words:
        box = found.placement.box(raw.x, raw.y, raw.width, raw.height)
        x, y = min(max(box.x, 0.0), width), min(max(box.y, 0.0), height)
        right, bottom = min(max(box.right, x), width), min(max(box.bottom, y), height)
        word = Word(
            raw.text, round(x, 2), round(y, 2), round(right - x, 2), round(bottom - y, 2), raw.confidence
        )
        lines.setdefault(raw.line, []).append(word)
        blocks[raw.line] = raw.block
    page = Page(
        number=page_no,
        width=round(width, 2),
        height=round(height, 2),
        unit=unit,
        source="ocr",
        rotation=found.rotation,
        skew=found.skew,
        confidence=0.0,
        lines=tuple(Line(tuple(words), blocks[line]) for line, words in lines.items()),
    )
    return replace(page, confidence=round(mean_confidence(page.words), 4))
