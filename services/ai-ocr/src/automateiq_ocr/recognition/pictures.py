"""Pictures among the text of a digital PDF page: a logo may be the only place where the vendor's name stands.

Only those that can hold words are looked at, because a look costs ten times what the text layer does: wide enough for
a name, wider than tall or large, with no text over them, and on pages after the first only large ones (a letterhead
repeats). Seen in development data: a wordmark 198 × 72 points that alone names the vendor; 23 of 30 advertising
invoices carry a square emblem without a word, which this leaves alone.
"""

from __future__ import annotations

import ctypes

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from automateiq_ocr.recognition.models import Box, Page
from automateiq_ocr.recognition.pdf import objects

_LEAST_WIDTH, _LEAST_HEIGHT = 60.0, 14.0  # points
_LEAST_PIXELS = 20  # of height, for a line of print
_WORDMARK = 1.8  # a name is wider than tall
_LARGE = 0.04  # of the page: large enough for words of any shape
_WHOLE = 0.4  # of the page: what is larger is looked at with the page itself
_MOST = 3
_DPI = 200


def unread_pictures(page: pypdfium2.PdfPage, layer: Page) -> list[Box]:
    """The boxes, on the page as shown and in points, of the pictures that may say what the text layer does not."""
    area = max(1.0, layer.width * layer.height)
    found: list[tuple[float, Box]] = []
    for raw, kind in objects(page):
        if kind != pdfium.FPDF_PAGEOBJ_IMAGE:
            continue
        across, down = ctypes.c_uint(), ctypes.c_uint()
        if not pdfium.FPDFImageObj_GetImagePixelSize(raw, across, down) or down.value < _LEAST_PIXELS:
            continue
        box = _place(page, raw)
        if box is None or box.width < _LEAST_WIDTH or box.height < _LEAST_HEIGHT:
            continue
        share = box.width * box.height / area
        wordmark = layer.number == 1 and box.width >= _WORDMARK * box.height
        if share < _WHOLE and (share >= _LARGE or wordmark) and not _written_over(box, layer):
            found.append((share, box))
    found.sort(key=lambda one: -one[0])
    return [box for _, box in found[:_MOST]]


def render_part(page: pypdfium2.PdfPage, part: Box) -> tuple[Image.Image, int]:
    """That part of the page as a grey picture, and its resolution."""
    width, height = page.get_size()
    edges = (part.x, height - part.bottom, width - part.right, part.y)  # left, bottom, right, top
    picture = page.render(
        scale=_DPI / 72, crop=tuple(max(0.0, edge) for edge in edges), grayscale=True, may_draw_forms=False
    ).to_pil()
    return (picture if picture.mode == "L" else picture.convert("L")), _DPI


def _place(page: pypdfium2.PdfPage, raw: object) -> Box | None:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not pdfium.FPDFPageObj_GetBounds(raw, left, bottom, right, top):
        return None
    width, height = page.get_size()
    corners = []
    for x, y in ((left.value, bottom.value), (right.value, top.value)):
        across, down = ctypes.c_int(), ctypes.c_int()
        # To hundredths of a point, with the page's turn and crop undone.
        pdfium.FPDF_PageToDevice(page, 0, 0, round(width * 100), round(height * 100), 0, x, y, across, down)
        corners.append((across.value / 100, down.value / 100))
    (x0, y0), (x1, y1) = corners
    x, y = max(0.0, min(x0, x1)), max(0.0, min(y0, y1))
    far_x, far_y = min(width, max(x0, x1)), min(height, max(y0, y1))
    return Box(x, y, far_x - x, far_y - y) if far_x > x and far_y > y else None


def _written_over(box: Box, layer: Page) -> bool:
    """Whether words of the text layer stand on the picture: then it is their background, or its text is known."""
    return any(
        box.x <= word.x + word.width / 2 <= box.right and box.y <= word.y + word.height / 2 <= box.bottom
        for word in layer.words
    )
