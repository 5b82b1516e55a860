"""Small documents that the tests draw, and a look at what stands where on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import pypdfium2
from automateiq_ocr.recognition.engine import open_document, recognize_page
from automateiq_ocr.recognition.models import Box, Options, Page
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

LINES = (
    "Dear Mrs Hawthorne,",
    "the garden benches that you ordered in March",
    "will be delivered on Thursday afternoon.",
    "Please leave the northern gate unlocked.",
    "Number of parcels: 17",
)
SIZE = (360, 220)
LEFT, FIRST, STEP, FONT = 30, 180, 26, 14


def pdf(*pages: Callable[[Any], None], size: tuple[float, float] = SIZE) -> bytes:
    """A PDF with a page for each of the drawings, in points from the lower left corner."""
    out = BytesIO()
    canvas: Any = Canvas(out, pagesize=size, invariant=1)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def text(lines: Sequence[str] = LINES, *, mode: int = 0, first: float = FIRST) -> Callable[[Any], None]:
    """Draws lines of text; mode 3 is text that nobody sees."""

    def draw(canvas: Any) -> None:
        written = canvas.beginText(LEFT, first)
        written.setFont("Helvetica", FONT, STEP)
        written.setTextRenderMode(mode)
        for line in lines:
            written.textLine(line)
        canvas.drawText(written)

    return draw


def picture(image: Image.Image, size: tuple[float, float] = SIZE) -> Callable[[Any], None]:
    """Draws an image over the whole page."""
    return lambda canvas: canvas.drawImage(ImageReader(image), 0, 0, *size)


def shot(document: bytes, dpi: int = 200, page_no: int = 1) -> Image.Image:
    """What a scanner would make of a page: a grey image."""
    with pypdfium2.PdfDocument(document) as opened:
        grey: Image.Image = opened[page_no - 1].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
        return grey


def letter(dpi: int = 200) -> Image.Image:
    """LINES as a grey image."""
    return shot(pdf(text()), dpi)


def saved(image: Image.Image, kind: str, **more: Any) -> bytes:
    """The image as a file."""
    out = BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def read(source: bytes, page_no: int = 1, options: Options | None = None) -> Page:
    """One page of a document, read in this process."""
    options = options or Options()
    return recognize_page(source, open_document(source, None, options).mimetype, page_no, options)


def tokens(page: Page) -> list[str]:
    """The words without the order of lines."""
    return [word.text for word in page.words]


def share_read(page: Page, lines: Sequence[str] = LINES) -> float:
    """Which share of the words of these lines was read, letter by letter."""
    wanted = " ".join(lines).split()
    found = set(tokens(page))
    return sum(word in found for word in wanted) / len(wanted)


def box_of(page: Page, word: str) -> Box:
    """Where a word that stands on the page once was found."""
    (found,) = [candidate for candidate in page.words if candidate.text == word]
    return found.box


def ink_box(image: Image.Image) -> Box:
    """The box around all dark pixels of a grey image."""
    rows, columns = np.nonzero(np.asarray(image) < 128)
    left, top = int(columns.min()), int(rows.min())
    return Box(left, top, int(columns.max()) + 1 - left, int(rows.max()) + 1 - top)


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    across = min(one.right, other.right) - max(one.x, other.x)
    down = min(one.bottom, other.bottom) - max(one.y, other.y)
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    return shared / (one.width * one.height + other.width * other.height - shared)


def only(word: str, lines: Sequence[str] = LINES) -> Callable[[Any], None]:
    """Draws of these lines one word alone, where it stands among the others."""

    def draw(canvas: Any) -> None:
        for at, line in enumerate(lines):
            if word in line.split():
                canvas.setFont("Helvetica", FONT)
                before = line[: line.index(word)]
                x = LEFT + canvas.stringWidth(before, "Helvetica", FONT)
                canvas.drawString(x, FIRST - at * STEP, word)
                return
        raise ValueError(word)

    return draw
