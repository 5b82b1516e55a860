"""How a page lies: is there anything on it, and by how much is its text skewed.

Both are judged on a small picture, so that they cost milliseconds beside the seconds of reading. The skew is
the angle at which the ink's projection onto the vertical is sharpest (Postl's method, US patent 4,723,297,
long expired; see also Bloomberg et al., "Measuring document image skew and orientation", SPIE 2422, 1995).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter

from automateiq_ocr.recognition.models import Box

# Below this Tesseract reads as well without, and the rotation would only blur (and cost).
LEAST_SKEW = 0.4
_MOST_SKEW = 10.0
_SIDE = 900
_MOST_POINTS = 40_000
# How much darker than its surroundings ink is, in grey levels; relative, because photographs have shadows.
_INK_DEPTH = 14
# A run of this many dark points is about a centimetre of a page: no letter has such a stroke.
_RULE = 40
# A straightened page must be sharper by this factor, or the angle is noise (pictures, single words).
_LEAST_GAIN = 1.15
# Upright pages stay below a third of this but for narrow receipts, which come near it.
_MUCH_SHARPER = 3.0
# And the ink must reach across this share of the width: a word or two says nothing about the page.
_LEAST_SPREAD = 0.3


@dataclass(frozen=True, slots=True)
class Ink:
    """The dark points of the page's small picture; `ruled` are those of lines and edges longer than any letter."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    ruled: NDArray[np.bool_]
    width: int
    height: int
    scale: float  # of the small picture to the picture it was made from

    @property
    def blank(self) -> bool:
        """Whether there is nothing on the page."""
        return self.x.size == 0

    def share_within(self, boxes: Iterable[Box]) -> float:
        """The share of the ink that lies in these boxes of the picture it was made from; 1.0 without ink.

        Ruled lines and the edges of coloured bands are no text: counted, they made a form's page look half unread.
        """
        x, y = self.x[~self.ruled].astype(np.intp), self.y[~self.ruled].astype(np.intp)
        if x.size == 0:
            return 1.0
        covered = np.zeros((self.height, self.width), dtype=bool)
        for box in boxes:
            left, top = max(0, int(box.x * self.scale)), max(0, int(box.y * self.scale))
            covered[top : int(box.bottom * self.scale) + 1, left : int(box.right * self.scale) + 1] = True
        return float(covered[y, x].mean())


def find_ink(image: Image.Image) -> Ink:
    """The ink of a grey image, wherever it is darker than its surroundings."""
    factor = max(1, max(image.size) // _SIDE)
    small = image.reduce(factor) if factor > 1 else image
    around = small.filter(ImageFilter.BoxBlur(max(8, _SIDE // 60)))
    dark = np.asarray(ImageChops.subtract(around, small)) > _INK_DEPTH
    y, x = np.nonzero(dark)
    if x.size > _MOST_POINTS:
        # Every k-th point would alias with the rows; a fixed seed keeps the result the same for the same page.
        chosen = np.random.default_rng(0).choice(x.size, _MOST_POINTS, replace=False)
        x, y = x[chosen], y[chosen]
    ruled = (_long_runs(dark) | _long_runs(dark.T).T)[y, x]
    return Ink(x.astype(np.float32), y.astype(np.float32), ruled, small.width, small.height, 1 / factor)


def _long_runs(dark: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The points that lie in unbroken horizontal runs of at least `_RULE` points."""
    height, width = dark.shape
    # A light point at both ends of each row, so that every run has an edge to the left and one to the right.
    padded = np.pad(dark, ((0, 0), (1, 1))).ravel()
    edges = np.flatnonzero(padded[1:] != padded[:-1]) + 1
    begins, ends = edges[::2], edges[1::2]
    long = ends - begins >= _RULE
    covered = np.zeros(padded.size, dtype=bool)
    for begin, end in zip(begins[long].tolist(), ends[long].tolist(), strict=True):
        covered[begin:end] = True
    return covered.reshape(height, width + 2)[:, 1:-1]


def estimate_skew(ink: Ink) -> float:
    """Degrees counter-clockwise that straighten the page; 0.0 where nothing clear is found or it is straight."""
    if ink.x.size < 200 or float(np.ptp(ink.x)) < ink.width * _LEAST_SPREAD:
        return 0.0
    straight = _sharpness(ink, 0.0)
    coarse = max(
        np.arange(-_MOST_SKEW, _MOST_SKEW + 0.01, 0.5), key=lambda angle: _sharpness(ink, float(angle))
    )
    fine = np.arange(coarse - 0.5, coarse + 0.51, 0.1)
    scores = [_sharpness(ink, float(angle)) for angle in fine]
    best = int(np.argmax(scores))
    angle = float(fine[best])
    if abs(angle) < LEAST_SKEW or abs(angle) >= _MOST_SKEW or scores[best] < straight * _LEAST_GAIN:
        return 0.0
    return round(angle, 2)


def seems_sideways(ink: Ink) -> bool:
    """Whether the ink is far sharper across than down the page, as where lines of text stand on end.

    A suspicion only: on 146 pages of development data it was raised for all 3 that lay on their side and for one other.
    """
    text = replace(ink, x=ink.x[~ink.ruled], y=ink.y[~ink.ruled], ruled=ink.ruled[~ink.ruled])
    if text.x.size < 200:
        return False
    turned = replace(text, x=text.y, y=text.x, width=text.height, height=text.width)
    angles = [float(angle) for angle in np.arange(-4.0, 4.1, 1.0)]
    across = max(_sharpness(turned, angle) for angle in angles)
    return across > _MUCH_SHARPER * max(_sharpness(text, angle) for angle in angles)


def _sharpness(ink: Ink, degrees: float) -> float:
    radians = np.float32(np.deg2rad(degrees))
    rows = ink.y * np.cos(radians) - ink.x * np.sin(radians)
    rows -= rows.min()
    profile = np.bincount(rows.astype(np.int32)).astype(np.float64)
    return float(np.square(np.diff(profile)).sum())
