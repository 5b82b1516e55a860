"""Reading documents, page by page: pure calls that a worker process can make on a path or on bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pypdfium2
from PIL import Image

from automateiq_ocr.einvoice.alone import open_invoice, pages_of
from automateiq_ocr.recognition import engines, images, pdf, pictures, tesseract
from automateiq_ocr.recognition.geometry import Placement, scaling
from automateiq_ocr.recognition.looks import Attempt
from automateiq_ocr.recognition.models import (
    PDF,
    XML,
    DocumentInfo,
    EmptyFile,
    Line,
    Options,
    Page,
    PageNotFound,
    Unit,
    Word,
    mean_confidence,
)
from automateiq_ocr.recognition.reading import read_picture

# Raised whenever the same file may be read differently: it is part of every cached result's key.
_OWN_VERSION = 5
_ASSUMED_DPI = 300
_DEFAULTS = Options()
# A look at pictures among text is believed before the text layer if it finds this much more.
_MORE = 1.2
# What is read with less belief in a picture beside a text layer is a drawing taken for letters.
_LEGIBLE = 0.7


def engine_version(options: Options = _DEFAULTS) -> str:
    """Names everything that the result depends on beside the file and the other options.

    Raises EngineUnavailable where an engine that is asked for is not installed.
    """
    deep = engines.deep(options)
    second = f"{deep.name}{deep.version()}" if deep else engines.NONE
    return f"{_OWN_VERSION}-tesseract{tesseract.version()}-{second}-pdfium{pypdfium2.PDFIUM_INFO.build}"


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
    if found == XML:
        return DocumentInfo(found, len(pages_of(open_invoice(source), options)))
    return DocumentInfo(found, images.count_pages(source, found, options))


def recognize_page(source: bytes | Path, mimetype: str, page_no: int, options: Options) -> Page:
    """Page `page_no` (from 1) of a document whose true mimetype `open_document` gave.

    Raises a FileRefused for what only shows on this page, PageNotFound, PageFailed or EngineUnavailable.
    """
    if mimetype == XML:
        return _sheet(source, page_no, options)
    if mimetype != PDF:
        return recognize_picture(images.load_page(source, mimetype, page_no, options), page_no, options)
    with pdf.opened(source, options) as document, pdf.opened_page(document, page_no) as page:
        by_text = pdf.read_text_layer(page, page_no)
        if by_text is not None and not pdf.leaves_pictures_unread(page, by_text):
            return _with_pictures(page, by_text, options)
        picture, dpi = pdf.render(page, options)
        width, height = page.get_size()
        to_points = scaling(picture.width / width, picture.height / height)
        read = _read_picture(picture, page_no, to_points, (width, height), "pt", round(dpi), options)
        if by_text is not None and read.letters < by_text.letters * _MORE:
            return by_text
        if not read.lines:
            # A scanner's own layer is better than nothing.
            return pdf.read_text_layer(page, page_no, distrust_scans=False) or read
        return read


def recognize_picture(image: Image.Image, page_no: int, options: Options) -> Page:
    """A page that is a picture, as `images.load_page` gives it. Raises PageFailed or EngineUnavailable."""
    return _read_picture(image, page_no, Placement(), image.size, "px", _ASSUMED_DPI, options)


def _sheet(source: bytes | Path, page_no: int, options: Options) -> Page:
    pages = pages_of(open_invoice(source), options)
    if not 1 <= page_no <= len(pages):
        raise PageNotFound(f"The document has no page {page_no}.", page=str(page_no))
    return pages[page_no - 1]


def _with_pictures(page: pypdfium2.PdfPage, layer: Page, options: Options) -> Page:
    """The text layer and what the pictures beside it say: those of the upper half first, as a letterhead is."""
    above: list[Line] = []
    below: list[Line] = []
    for number, part in enumerate(pictures.unread_pictures(page, layer)):
        picture, dpi = pictures.render_part(page, part)
        scale = dpi / 72
        to_page = Placement(a=1 / scale, c=part.x, e=1 / scale, f=part.y)
        size = (layer.width, layer.height)
        read = _as_page(read_picture(picture, dpi, options), to_page, layer.number, size, "pt")
        block = max((line.block for line in layer.lines), default=0) + 1 + number
        if read.confidence >= _LEGIBLE:
            (above if part.y < layer.height / 2 else below).extend(
                replace(line, block=block) for line in read.lines
            )
    if not above and not below:
        return layer
    both = replace(layer, lines=(*above, *layer.lines, *below))
    return replace(both, confidence=round(mean_confidence(both.words), 4))


def _read_picture(
    image: Image.Image,
    page_no: int,
    to_page: Placement,
    size: tuple[float, float],
    unit: Unit,
    dpi: int,
    options: Options,
) -> Page:
    fitted, factor = images.fit(image)
    found = read_picture(fitted, dpi, options)
    return _as_page(found, to_page.after(scaling(factor, factor)), page_no, size, unit)


def _as_page(
    found: list[Attempt], to_page: Placement, page_no: int, size: tuple[float, float], unit: Unit
) -> Page:
    width, height = size
    lines: list[Line] = []
    for part in found:
        placement = to_page.after(part.placement)
        block = max((line.block for line in lines), default=-1) + 1
        rows: dict[int, list[Word]] = {}
        blocks: dict[int, int] = {}
        for raw in part.words:
            box = placement.box(raw.x, raw.y, raw.width, raw.height)
            x, y = min(max(box.x, 0.0), width), min(max(box.y, 0.0), height)
            right, bottom = min(max(box.right, x), width), min(max(box.bottom, y), height)
            word = Word(
                raw.text,
                round(x, 2),
                round(y, 2),
                round(right - x, 2),
                round(bottom - y, 2),
                round(raw.confidence, 4),
            )
            rows.setdefault(raw.line, []).append(word)
            # Receipts read apart stay apart: one block each.
            blocks[raw.line] = block if len(found) > 1 else raw.block
        lines.extend(Line(tuple(words), blocks[line]) for line, words in rows.items())
    largest = max(found, key=lambda part: part.letters, default=Attempt([]))
    page = Page(
        number=page_no,
        width=round(width, 2),
        height=round(height, 2),
        unit=unit,
        source="ocr",
        rotation=largest.rotation,
        skew=largest.skew,
        confidence=0.0,
        lines=tuple(lines),
        engine=largest.engine,
    )
    return replace(page, confidence=round(mean_confidence(page.words), 4))
