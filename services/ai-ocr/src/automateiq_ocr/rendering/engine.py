"""Pages as pictures and as sheets of a searchable PDF: pure calls that a worker process can make."""

from __future__ import annotations

import io
from pathlib import Path

from automateiq_ocr.recognition.models import PDF, XML, Options
from automateiq_ocr.rendering.models import Sheet, WordsOfPage
from automateiq_ocr.rendering.pictures import picture_of
from automateiq_ocr.rendering.unseen import text_of

_WEBP_QUALITY = 82
_WEBP_MOST = 16_383  # pixels of a side that the format can hold
_JPEG_QUALITY = 80
# A4 at 200 dpi: print as small as 6 points stays legible, a page has some 300 kB.
_SHEET_WIDTH = 1_654
_LONGEST_POINTS = 842.0  # what has no size in points is shown on A4
_LEAST_POINTS = 3.0  # of a PDF's page (ISO 32000-1, annex C.2)
_MOST_POINTS = 14_400.0


def render_page(source: bytes | Path, mimetype: str, page_no: int, width: int, options: Options) -> bytes:
    """Page `page_no` (from 1) as WebP, `width` pixels wide; narrower where the page is very long or has no more."""
    picture, _ = picture_of(source, mimetype, page_no, width, options)
    if picture.height > _WEBP_MOST:
        picture = picture.resize((max(1, picture.width * _WEBP_MOST // picture.height), _WEBP_MOST))
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=_WEBP_QUALITY, method=2)
    return out.getvalue()


def make_sheet(source: bytes | Path, mimetype: str, page: WordsOfPage, options: Options) -> Sheet:
    """A page for a searchable PDF: its picture, and its words unseen in their boxes."""
    picture, size = picture_of(source, mimetype, page.number, _SHEET_WIDTH, options)
    width, height = _points(size, mimetype)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    content, letters = text_of(page, width, height)
    return Sheet(width, height, out.getvalue(), picture.size, picture.mode == "L", content, letters)


def _points(size: tuple[float, float], mimetype: str) -> tuple[float, float]:
    """The sheet's size: a PDF's own, within what a PDF may have; an image fills A4 one way."""
    longest = max(*size, 1.0)
    most = _MOST_POINTS if mimetype in (PDF, XML) else _LONGEST_POINTS
    scale = 1.0 if mimetype in (PDF, XML) and longest <= most else most / longest
    return max(size[0] * scale, _LEAST_POINTS), max(size[1] * scale, _LEAST_POINTS)
