"""PDF pages: their own text where it can be trusted, a picture of them where not. Not for threads (PDFium)."""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from automateiq_ocr.recognition.images import WORKING_PIXELS
from automateiq_ocr.recognition.models import (
    Box,
    DamagedFile,
    EncryptedFile,
    ImageTooLarge,
    Line,
    Options,
    Page,
    PageNotFound,
    TooManyPages,
    Word,
)
from automateiq_ocr.recognition.orientation import find_ink

# A bilevel scan has 50 times the pixels of a grey one for the same memory, so an embedded picture may be larger.
_EMBEDDED_FACTOR = 4
_BIG_PICTURE = 0.6  # of the page: then the page is a scan
_MUCH_PICTURE = 0.4
_LEAST_COVERED = 0.4
_LOOK_DPI = 100
_FEW_LETTERS = 30
_MANY_PATHS = 40
_MOST_OBJECTS = 20_000
_MOST_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True)
class _Content:
    """What lies on the page beside its characters."""

    picture_share: float  # of the page's area, the largest picture
    pictures_share: float  # all pictures together; scanners cut a page into strips
    pixels: int
    paths: int
    hidden_text: bool  # most text is invisible or lies beneath the large picture


@contextmanager
def opened(source: bytes | Path, options: Options) -> Iterator[pypdfium2.PdfDocument]:
    """The document, with form fields ready to be shown."""
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD:
            raise EncryptedFile("The PDF is protected by a password. Upload it without one.") from error
        if getattr(error, "err_code", None) == pdfium.FPDF_ERR_SECURITY:
            raise EncryptedFile("The PDF is protected in a way that cannot be opened.") from error
        raise DamagedFile("The PDF is damaged or cut short and cannot be opened.") from error
    with closing(document):
        pages = len(document)
        if pages == 0:
            raise DamagedFile("The PDF is damaged: it has no pages.")
        if pages > options.max_pages:
            raise TooManyPages(
                f"The document has {pages} pages; at most {options.max_pages} are read.",
                pages=str(pages),
                limit=str(options.max_pages),
            )
        if document.get_formtype() != pdfium.FORMTYPE_NONE:
            document.init_forms()
        yield document


@contextmanager
def opened_page(document: pypdfium2.PdfDocument, page_no: int) -> Iterator[pypdfium2.PdfPage]:
    """Page `page_no` (from 1), its filled form fields and typed notes made part of the content."""
    if not 1 <= page_no <= len(document):
        raise PageNotFound(f"The document has no page {page_no}.", page=str(page_no))
    try:
        page = document[page_no - 1]
    except pypdfium2.PdfiumError as error:
        raise DamagedFile(f"Page {page_no} of the PDF is damaged.") from error
    if pdfium.FPDFPage_GetAnnotCount(page) > 0:
        flattened = pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY)
        if flattened == pdfium.FLATTEN_SUCCESS:
            page.close()
            page = document[page_no - 1]  # the content is parsed once a page load
    with closing(page):
        yield page


def read_text_layer(page: pypdfium2.PdfPage, number: int, *, distrust_scans: bool = True) -> Page | None:
    """The page by its own text, or None where that cannot be trusted and the page has to be looked at."""
    with closing(page.get_textpage()) as text_page:
        layer = _Layer(page, text_page)
        lines = layer.lines()
        text = " ".join(line.text for line in lines)
        if not is_plausible(text) or layer.unmapped_share > 0.1:
            return None
        content = _content(page)
        letters = sum(character.isalnum() for character in text)
        if distrust_scans and content.hidden_text and content.picture_share >= _BIG_PICTURE:
            return None
        if letters < _FEW_LETTERS and (content.picture_share > 0.1 or content.paths > _MANY_PATHS):
            return None
        width, height = page.get_size()
        return Page(
            number=number,
            width=round(width, 2),
            height=round(height, 2),
            unit="pt",
            source="text_layer",
            rotation=layer.rotation,
            skew=0.0,
            confidence=1.0 if lines else 0.0,
            lines=tuple(lines),
            engine="text_layer",
        )


def leaves_pictures_unread(page: pypdfium2.PdfPage, layer: Page) -> bool:
    """Whether much of what is seen lies outside the text layer's words, as where a scan was stamped by a program."""
    if _content(page).pictures_share < _MUCH_PICTURE:
        return False
    picture, dpi = _rendered(page, _LOOK_DPI / 72)
    seen = find_ink(picture)
    scale = dpi / 72
    boxes = (
        Box(word.x * scale, word.y * scale, word.width * scale, word.height * scale) for word in layer.words
    )
    return seen.share_within(boxes) < _LEAST_COVERED


def render(page: pypdfium2.PdfPage, options: Options) -> tuple[Image.Image, float]:
    """The page as a grey picture, and its resolution: `options.dpi`, less for very large pages."""
    refuse_large_pictures(page, options)
    width, height = page.get_size()
    scale = options.dpi / 72
    if width * height * scale * scale > WORKING_PIXELS:
        scale = math.sqrt(WORKING_PIXELS / (width * height))
    return _rendered(page, scale)


def refuse_large_pictures(page: pypdfium2.PdfPage, options: Options) -> None:
    """Refuses a page whose embedded pictures would fill the memory when it is drawn."""
    pixels = _content(page).pixels
    if pixels > options.max_pixels * _EMBEDDED_FACTOR:
        raise ImageTooLarge(
            f"The PDF holds a picture of {pixels // 1_000_000} megapixels, which is too large to be read.",
            limit=str(options.max_pixels * _EMBEDDED_FACTOR),
        )


def _rendered(page: pypdfium2.PdfPage, scale: float) -> tuple[Image.Image, float]:
    try:
        picture = page.render(scale=scale, grayscale=True, may_draw_forms=False).to_pil()
    except (pypdfium2.PdfiumError, ValueError, RuntimeError) as error:
        raise DamagedFile("The PDF page is damaged and cannot be shown.") from error
    return (picture if picture.mode == "L" else picture.convert("L")), scale * 72


_WORD = re.compile(r"[^\W\d_]{2,}")
_LATIN = re.compile(r"[a-zà-öø-ÿœ]{4,}$", re.IGNORECASE)
_VOWEL = re.compile(r"[aeiouyà-æè-ïò-öù-ýœ]", re.IGNORECASE)
_NUMBER = re.compile(r"\d")


def is_plausible(text: str) -> bool:
    """Does this read like a text a person would see, not like codes of a font without a Unicode map?"""
    marks = [character for character in text if not character.isspace()]
    if not marks:
        return False
    bad = sum(
        character in "\ufffd\ufffe\uffff" or "\ue000" <= character <= "\uf8ff" or ord(character) < 32
        for character in marks
    )
    if bad > len(marks) * 0.1:
        return False
    tokens = text.split()
    sound = sum(bool(_WORD.search(token) or _NUMBER.search(token)) for token in tokens)
    if sound < len(tokens) * 0.3 or sum(character.isalnum() for character in marks) < len(marks) * 0.4:
        return False
    latin = [token for token in tokens if _LATIN.match(token)]
    return len(latin) < 5 or sum(bool(_VOWEL.search(token)) for token in latin) >= len(latin) * 0.6


class _Layer:
    """The characters of a page, gathered into words and lines in the order of the page's content."""

    def __init__(self, page: pypdfium2.PdfPage, text_page: pypdfium2.PdfTextPage) -> None:
        self._text = text_page
        self._count = min(text_page.count_chars(), _MOST_CHARACTERS)
        self._turn = page.get_rotation()
        self._left, self._bottom, self._right, self._top = page.get_bbox()
        self._page_width, self._page_height = page.get_size()
        # PDFium writes each character's box into these.
        self._sides = tuple(ctypes.c_double() for _ in range(4))
        self._loose = pdfium.FS_RECTF()
        self._unmapped = 0
        self._mapped = 0
        self.rotation = self._dominant_rotation()

    @property
    def unmapped_share(self) -> float:
        return self._unmapped / max(1, self._unmapped + self._mapped)

    def _dominant_rotation(self) -> int:
        votes = {0: 0, 90: 0, 180: 0, 270: 0}
        for index in range(0, self._count, max(1, self._count // 200)):
            if pdfium.FPDFText_GetUnicode(self._text, index) <= 32:
                continue
            angle = pdfium.FPDFText_GetCharAngle(self._text, index)
            if angle >= 0:
                votes[round(math.degrees(angle) / 90) * 90 % 360] += 1
        # PDFium measures the angle clockwise as it does /Rotate, both on the unturned page.
        found = max(votes, key=lambda quarter: votes[quarter])
        return int(360 - found - self._turn) % 360

    def lines(self) -> list[Line]:
        lines: list[Line] = []
        words: list[Word] = []
        letters: list[str] = []
        edges: list[tuple[float, float, float, float]] = []

        def end_word() -> None:
            text = "".join(letters)
            if text and edges:
                word = self._place(text, edges)
                if word is not None:
                    words.append(word)
            letters.clear()
            edges.clear()

        def end_line() -> None:
            end_word()
            if words:
                lines.append(Line(tuple(words)))
                words.clear()

        for index in range(self._count):
            code = pdfium.FPDFText_GetUnicode(self._text, index)
            if code in (10, 13):
                end_line()
                continue
            character = self._character(code, letters)
            if character is None:
                continue
            if character.isspace():
                end_word()
                continue
            if pdfium.FPDFText_HasUnicodeMapError(self._text, index) == 1:
                self._unmapped += 1
            else:
                self._mapped += 1
            letters.append(character)
            edge = self._edges(index)
            if edge is not None:
                edges.append(edge)
        end_line()
        return lines

    @staticmethod
    def _character(code: int, before: list[str]) -> str | None:
        if code in (0x02, 0xFFFE):  # PDFium's marks for a hyphen at the end of a line
            return "-"
        if code in (0, 0xFEFF, 0x200B, 0x200E, 0x200F, 0xAD):
            return None
        if 0xD800 <= code <= 0xDBFF:
            before.append(chr(code))
            return None
        if 0xDC00 <= code <= 0xDFFF:
            if before and 0xD800 <= ord(before[-1]) <= 0xDBFF:
                high = ord(before.pop())
                return chr(0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00))
            return "\ufffd"
        if code < 32 and code != 9:
            return "\ufffd"
        return chr(code)

    def _edges(self, index: int) -> tuple[float, float, float, float] | None:
        left, bottom, right, top = self._sides
        if not pdfium.FPDFText_GetCharBox(self._text, index, left, right, bottom, top):
            return None
        tight = (left.value, bottom.value, right.value, top.value)
        loose = self._loose
        if pdfium.FPDFText_GetLooseCharBox(self._text, index, loose):
            # The font's own height keeps the words of a line level; some fonts declare nonsense.
            height, tight_height = abs(loose.top - loose.bottom), abs(tight[3] - tight[1])
            width, tight_width = abs(loose.right - loose.left), abs(tight[2] - tight[0])
            if 0 < height <= max(4 * tight_height, 30) and 0 < width <= max(4 * tight_width, 30):
                return (loose.left, loose.bottom, loose.right, loose.top)
        return tight

    def _place(self, text: str, edges: list[tuple[float, float, float, float]]) -> Word | None:
        left, bottom = min(e[0] for e in edges), min(e[1] for e in edges)
        right, top = max(e[2] for e in edges), max(e[3] for e in edges)
        page_width, page_height = self._right - self._left, self._top - self._bottom
        x0, x1 = left - self._left, right - self._left
        y0, y1 = self._top - top, self._top - bottom
        match self._turn:
            case 90:
                x0, y0, x1, y1 = page_height - y1, x0, page_height - y0, x1
            case 180:
                x0, y0, x1, y1 = page_width - x1, page_height - y1, page_width - x0, page_height - y0
            case 270:
                x0, y0, x1, y1 = y0, page_width - x1, y1, page_width - x0
        x0, x1 = max(0.0, x0), min(self._page_width, x1)
        y0, y1 = max(0.0, y0), min(self._page_height, y1)
        if x1 <= x0 or y1 <= y0:
            return None  # off the page: cropped away, so nobody sees it
        text = text.encode("utf-16", "replace").decode("utf-16")  # a lone surrogate would break every writer
        return Word(text, round(x0, 2), round(y0, 2), round(x1 - x0, 2), round(y1 - y0, 2), 1.0)


def _content(page: pypdfium2.PdfPage) -> _Content:
    """A look over the page's objects, bounded, forms within forms included."""
    width, height = page.get_size()
    area = max(1.0, width * height)
    share = together = 0.0
    pixels = paths = texts = invisible = texts_before_picture = 0
    for raw, kind in objects(page):
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            texts += 1
            if pdfium.FPDFTextObj_GetTextRenderMode(raw) == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE:
                invisible += 1
        elif kind == pdfium.FPDF_PAGEOBJ_PATH:
            paths += 1
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            across, down = ctypes.c_uint(), ctypes.c_uint()
            if pdfium.FPDFImageObj_GetImagePixelSize(raw, across, down):
                pixels += across.value * down.value
            left, bottom, right, top = (ctypes.c_float() for _ in range(4))
            if pdfium.FPDFPageObj_GetBounds(raw, left, bottom, right, top):
                covered = abs(right.value - left.value) * abs(top.value - bottom.value) / area
                together += covered
                if covered > share:
                    share = min(1.0, covered)
                    texts_before_picture = texts
    hidden = texts > 0 and max(invisible, texts_before_picture) > texts / 2
    return _Content(share, min(1.0, together), pixels, paths, hidden)


def objects(page: pypdfium2.PdfPage) -> Iterator[tuple[object, int]]:
    """What the page is made of, as (PDFium's handle, kind), forms within forms included, up to a limit."""
    budget = _MOST_OBJECTS

    def walk(count: int, get: object, depth: int) -> Iterator[tuple[object, int]]:
        nonlocal budget
        for index in range(count):
            if budget <= 0:
                return
            budget -= 1
            raw = get(index)  # type: ignore[operator]
            if not raw:
                continue
            kind = pdfium.FPDFPageObj_GetType(raw)
            if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < 5:
                inner = pdfium.FPDFFormObj_CountObjects(raw)
                yield from walk(inner, lambda i, form=raw: pdfium.FPDFFormObj_GetObject(form, i), depth + 1)
            else:
                yield raw, kind

    yield from walk(pdfium.FPDFPage_CountObjects(page), lambda i: pdfium.FPDFPage_GetObject(page, i), 0)
