"""What a page looks like in 256 bits, so that two pictures of one page can be told to be that.

The page's ink is cropped to what is printed, averaged over a grid of 17 × 16 cells, and each bit says whether a cell
is darker than its neighbour to the right: the difference hash (N. Krawetz, "Kind of Like That", 2013) on the density
of ink. Scale, margins, compression, contrast and a little skew leave most bits as they are; a page of one layout with
another amount does too, so whoever compares pages compares their numbers as well.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from automateiq_ocr.recognition import pdf
from automateiq_ocr.recognition.models import FileRefused, Options, Page

_COLUMNS, _ROWS = 17, 16
# Enough to see where the lines of print stand; more would only cost time.
_LONG_SIDE = 320
# Of the page's darkest print, how much of it a pixel must have to count as ink.
_INK = 0.35
# Below this share of inked pixels a page is blank: what is left is dust.
_LEAST_INK = 0.0005
# Cells differ only if they differ by this share of the mean density: the flat parts of a page are not noise.
_STEP = 0.04


def fingerprint(picture: Image.Image, rotation: int = 0, skew: float = 0.0) -> str:
    """The fingerprint of a page's picture: 64 hexadecimal digits, or nothing for a blank page.

    `rotation` (degrees clockwise) and `skew` (degrees counter-clockwise) bring it upright, as in `Page`.
    """
    grey = picture.convert("L")
    grey.thumbnail((_LONG_SIDE, _LONG_SIDE), Image.Resampling.BOX)
    if rotation:
        grey = grey.rotate(-rotation, expand=True)
    if skew:
        grey = grey.rotate(skew, resample=Image.Resampling.BILINEAR, fillcolor=255)
    # Against the paper around it, so that shadows and grey paper are no ink.
    paper = np.asarray(Image.fromarray(_lightest(np.asarray(grey))).filter(ImageFilter.BoxBlur(8)))
    depth = paper - np.minimum(np.asarray(grey), paper)
    deepest = np.percentile(depth, 99.5)
    if deepest < 16:
        return ""
    ink = np.clip(depth / deepest, 0, 1)
    marked = ink > _INK
    if marked.mean() < _LEAST_INK:
        return ""
    top, bottom = _extent(marked.sum(axis=1))
    left, right = _extent(marked.sum(axis=0))
    printed = Image.fromarray(ink[top:bottom, left:right].astype(np.float32), mode="F")
    cells = np.asarray(printed.resize((_COLUMNS, _ROWS), Image.Resampling.BOX), float)
    # Neighbours share some of their ink: a line that lies on the border of two cells falls to neither alone.
    cells = (cells + _shifted(cells, 1) + _shifted(cells, -1)) / 3
    bits = cells[:, :-1] - cells[:, 1:] > _STEP * cells.mean()
    return np.packbits(bits).tobytes().hex()


def fingerprint_of_pdf(source: bytes | Path, page: Page, options: Options) -> str:
    """The fingerprint of a page of a PDF that was read; nothing where its picture can not be had."""
    small = replace(options, dpi=max(1, round(_LONG_SIDE * 72 / max(page.width, page.height, 1))))
    try:
        with pdf.opened(source, options) as document, pdf.opened_page(document, page.number) as opened:
            picture, _ = pdf.render(opened, small)
    except FileRefused:
        # The text layer of a page can be read though a picture on it is too large or damaged.
        return ""
    return fingerprint(picture, page.rotation, page.skew)


def distance(one: str, other: str) -> int:
    """In how many of the 256 bits two fingerprints differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _extent(counts: np.ndarray) -> tuple[int, int]:
    """Where all but the outermost thousandth of the ink lies: a speck at the edge does not move the crop."""
    share = np.cumsum(counts) / counts.sum()
    first = int(np.searchsorted(share, 0.001))
    last = int(np.searchsorted(share, 0.999))
    return first, max(last, first) + 1


def _lightest(grey: np.ndarray) -> np.ndarray:
    """The lightest of the 5 x 5 pixels around each: five rows and then five columns are quicker than a rank filter."""
    for axis in (0, 1):
        width = [(0, 0), (0, 0)]
        width[axis] = (2, 2)
        wide = np.moveaxis(np.pad(grey, width, mode="edge"), axis, 0)
        count = len(wide) - 4
        shifted = [wide[start : start + count] for start in range(5)]
        grey = np.moveaxis(np.maximum.reduce(shifted), 0, axis)
    return np.ascontiguousarray(grey)


def _shifted(cells: np.ndarray, by: int) -> np.ndarray:
    return np.pad(cells, ((1, 1), (0, 0)), mode="edge")[1 + by : 1 + by + len(cells)]
