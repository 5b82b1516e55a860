"""A page of any document as a colour picture of a wanted size."""

from __future__ import annotations

import ctypes
from contextlib import closing
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageOps

from automateiq_ocr.einvoice.alone import open_invoice, pages_of
from automateiq_ocr.recognition import images, pdf
from automateiq_ocr.recognition.models import (
    JPEG,
    PDF,
    TIFF,
    XML,
    DamagedFile,
    Options,
    Page,
    PageNotFound,
)

_ERRORS = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError)
# What a picture may have at most, whatever is asked for: A4 at the largest width.
MOST_PIXELS = 24_000_000
_POINTS_OF_A_LETTER = 9.0


def picture_of(
    source: bytes | Path, mimetype: str, page_no: int, width: int, options: Options
) -> tuple[Image.Image, tuple[float, float]]:
    """Page `page_no` (from 1), `width` pixels wide, and its own size: points, or pixels for an image.

    Narrower where it would have more than MOST_PIXELS, or where an image has no more; never wider than asked for.
    Raises a FileRefused or PageNotFound.
    """
    if mimetype == PDF:
        return _of_pdf(source, page_no, width, options)
    if mimetype == XML:
        return _of_xml(source, page_no, width, options)
    image = _of_image(source, mimetype, page_no, options)
    size = (float(image.width), float(image.height))
    fitting = min(width, image.width, _widest(*size))
    if fitting < image.width:
        height = max(1, round(image.height * fitting / image.width))
        image = image.resize((fitting, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image, size


def _widest(width: float, height: float) -> int:
    return max(1, int((MOST_PIXELS * width / max(height, 1.0)) ** 0.5))


def _of_pdf(
    source: bytes | Path, page_no: int, width: int, options: Options
) -> tuple[Image.Image, tuple[float, float]]:
    with pdf.opened(source, options) as document, pdf.opened_page(document, page_no) as page:
        pdf.refuse_large_pictures(page, options)
        size = page.get_size()
        return _drawn(page, min(width, _widest(*size)) / max(size[0], 1.0)), size


def _drawn(page: pypdfium2.PdfPage, scale: float) -> Image.Image:
    try:
        drawn: Image.Image = page.render(scale=scale, may_draw_forms=False, rev_byteorder=True).to_pil()
    except (pypdfium2.PdfiumError, ValueError, RuntimeError) as error:
        raise DamagedFile("The PDF page is damaged and cannot be shown.") from error
    return drawn.convert("RGB")


def _of_image(source: bytes | Path, mimetype: str, page_no: int, options: Options) -> Image.Image:
    """The image as shown: upright by its EXIF tag, on white, grey or in colours."""
    with images.opened(source, mimetype, options) as image:
        deep = image.mode.startswith("I") or image.mode == "F"
        try:
            if page_no != 1:
                if mimetype != TIFF:
                    raise EOFError
                image.seek(page_no - 1)
        except EOFError:
            raise PageNotFound(f"The document has no page {page_no}.", page=str(page_no)) from None
        if not deep:
            images.check_size(image, options)
            try:
                if mimetype == JPEG and image.mode == "CMYK":
                    image.draft("RGB", image.size)
                image.load()
                return _on_white(ImageOps.exif_transpose(image))
            except _ERRORS as error:
                raise DamagedFile("The image is damaged: its pixels cannot be read.") from error
    return images.load_page(source, mimetype, page_no, options)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _of_xml(
    source: bytes | Path, page_no: int, width: int, options: Options
) -> tuple[Image.Image, tuple[float, float]]:
    pages = pages_of(open_invoice(source), options)
    if not 1 <= page_no <= len(pages):
        raise PageNotFound(f"The document has no page {page_no}.", page=str(page_no))
    sheet = pages[page_no - 1]
    with pypdfium2.PdfDocument.new() as document:
        page = _typed(document, sheet)
        with closing(page):
            return _drawn(page, width / sheet.width), (sheet.width, sheet.height)


def _typed(document: pypdfium2.PdfDocument, sheet: Page) -> pypdfium2.PdfPage:
    """The words of a sheet in Courier, in whose steps they were set."""
    page = document.new_page(sheet.width, sheet.height)
    font = pdfium.FPDFText_LoadStandardFont(document, b"Courier")
    try:
        for word in sheet.words:
            drawn = pdfium.FPDFPageObj_CreateTextObj(document, font, _POINTS_OF_A_LETTER)
            text = (word.text + "\0").encode("utf-16-le", "replace")
            buffer = ctypes.create_string_buffer(text, len(text))
            pdfium.FPDFText_SetText(drawn, ctypes.cast(buffer, pdfium.FPDF_WIDESTRING))
            # A quarter of a letter hangs below its line.
            baseline = sheet.height - word.y - 0.75 * word.height
            pdfium.FPDFPageObj_Transform(drawn, 1, 0, 0, 1, word.x, baseline)
            pdfium.FPDFPage_InsertObject(page, drawn)
        pdfium.FPDFPage_GenerateContent(page)
    finally:
        pdfium.FPDFFont_Close(font)
    return page
