"""Reading one picture: a single look where that is enough, and further looks, bounded, where it is not.

A look costs what Tesseract costs, so nothing is tried in advance. What a poor first look tells says what to try:
words taller than wide lie on their side, small or faint print wants preparing, and so on.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from PIL import Image, ImageFilter, ImageOps

from automateiq_ocr.recognition import orientation, tesseract
from automateiq_ocr.recognition.geometry import Placement, rotate, scaling, turn
from automateiq_ocr.recognition.images import WORKING_PIXELS
from automateiq_ocr.recognition.models import Box, Options, PageFailed

# Below this mean confidence, or with fewer letters, the page may lie sideways or be hard to make out.
_GOOD_CONFIDENCE = 0.6
_FEW_LETTERS = 8
_LONG_WORD = 3
_SURE = 0.85
# Least share of the page's ink that lies in words. Pages with pictures fall below it too: they get one look more.
_GOOD_COVERAGE = 0.5
# Heights of words in pixels: Tesseract was trained on lines of about 36 and loses small, thin or huge letters.
_SMALL_WORD, _TALL_WORD, _BEST_WORD = 16, 70, 36
# Tesseract's orientation confidence, above which it was never seen to be wrong here.
_SURE_TURN = 2.0

_Treatment = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one look gave: words in pixels of the turned picture, and the way back to the picture as it came."""

    words: list[tesseract.RawWord]
    placement: Placement = field(default_factory=Placement)
    rotation: int = 0
    skew: float = 0.0

    def boxes(self) -> list[Box]:
        """The words' boxes on the picture as it came."""
        return [self.placement.box(word.x, word.y, word.width, word.height) for word in self.words]

    @property
    def letters(self) -> int:
        """How many letters and digits were read."""
        return sum(character.isalnum() for word in self.words for character in word.text)

    @property
    def confidence(self) -> float:
        """The mean over the characters."""
        weight = sum(len(word.text) for word in self.words)
        return sum(len(word.text) * word.confidence for word in self.words) / weight if weight else 0.0

    @property
    def score(self) -> float:
        """Characters that are believed; a doubtful one counts for little."""
        return sum(len(word.text) * word.confidence**2 for word in self.words)

    @property
    def good(self) -> bool:
        """Whether what was made out is sound; of a few letters more is asked, as a page may hold no more."""
        few = self.letters < _FEW_LETTERS
        return self.letters > 0 and self.confidence >= (_SURE if few else _GOOD_CONFIDENCE)

    @property
    def sideways(self) -> bool:
        """Whether most words of some length are taller than wide."""
        long = [word for word in self.words if len(word.text) >= _LONG_WORD]
        return sum(word.height > word.width for word in long) > len(long) / 2

    @property
    def word_height(self) -> float:
        """The median, across the reading direction; 0 without words."""
        return statistics.median(word.height for word in self.words) if self.words else 0.0


def read_picture(image: Image.Image, dpi: int, options: Options) -> Attempt:
    """Read a grey picture of at most WORKING_PIXELS within `options.page_seconds`."""
    ink = orientation.find_ink(image)
    if ink.blank:
        return Attempt([])
    reader = _Reader(image, ink, dpi, options)
    first = reader.look()
    if first.sideways:
        # Tesseract reads lines that run up or down too, but does not say so; what follows wants to know.
        upright = reader.turned(Attempt([]))
        return upright if upright.good else first
    if first.good:
        if ink.share_within(first.boxes()) >= _GOOD_COVERAGE:
            return first
        return reader.better(first, (_clear,))
    if first.word_height < _SMALL_WORD:
        found = reader.better(first, (_clear, _thicken))
        return found if found.good else reader.turned(found)
    found = reader.turned(first)
    return found if found.good else reader.better(found, (_clear, _thicken))


def _clear(image: Image.Image) -> Image.Image:
    return ImageOps.autocontrast(image, cutoff=2)


def _thicken(image: Image.Image) -> Image.Image:
    """For letters made of dots or outlines, as worn printers leave them."""
    return _clear(image).filter(ImageFilter.MinFilter(3))


class _Reader:
    def __init__(self, image: Image.Image, ink: orientation.Ink, dpi: int, options: Options) -> None:
        self._image = image
        self._ink = ink
        self._dpi = dpi
        self._languages = options.languages
        self._ends = time.monotonic() + options.page_seconds

    def look(
        self, rotation: int = 0, treat: _Treatment | None = None, zoom: float = 1.0, psm: int = tesseract.AUTO
    ) -> Attempt:
        turned, placement = turn(self._image, rotation)
        skew = orientation.estimate_skew(orientation.find_ink(turned) if rotation else self._ink)
        if skew:
            turned, back = rotate(turned, skew)
            placement = placement.after(back)
        if zoom != 1.0:
            size = (round(turned.width * zoom), round(turned.height * zoom))
            turned = turned.resize(size, Image.Resampling.BICUBIC)
            placement = placement.after(scaling(zoom, zoom))
        # Sauvola's threshold goes with every treatment: the page is a hard one, perhaps for its shadows.
        words = tesseract.read(
            treat(turned) if treat else turned,
            self._languages,
            self._dpi,
            psm,
            self._remaining(),
            local_threshold=treat is not None,
        )
        return Attempt(words, placement, rotation, skew)

    def turned(self, first: Attempt) -> Attempt:
        """Perhaps the page lies on its side or upside down."""
        told = tesseract.orientation(self._image, self._dpi, self._remaining())
        if told is not None and told[1] >= _SURE_TURN:
            candidates = [told[0]] if told[0] else []
        else:
            candidates = [told[0], 180, 90, 270] if told and told[0] else [180, 90, 270]
        best = first
        for rotation in dict.fromkeys(candidates):
            found = self.look(rotation)
            # A few letters can be read either way up; then the page is taken to be upright.
            if found.letters >= _FEW_LETTERS and found.score > best.score * 1.2:
                best = found
            if best.good:
                break
        return best

    def better(self, found: Attempt, treatments: tuple[_Treatment, ...]) -> Attempt:
        """Perhaps the print is faint, small or huge, or has no layout that Tesseract finds."""
        best = found
        zoom = self._zoom(found)
        for treat in treatments:
            again = self.look(found.rotation, treat, zoom if treat is _clear else 1.0)
            # More words that are less sure are specks and rules taken for letters.
            if again.score > best.score * 1.05 and again.confidence > best.confidence * 0.9:
                best = again
            if best.good and best is not found:
                return best
        if not best.words:
            best = self.look(found.rotation, _clear, zoom, tesseract.SPARSE)
        return best

    def _zoom(self, found: Attempt) -> float:
        height = found.word_height
        if height > _TALL_WORD:
            return _BEST_WORD / height
        if 0 < height < _SMALL_WORD:
            room = math.sqrt(WORKING_PIXELS / (self._image.width * self._image.height))
            return max(1.0, min(2.0, room))
        return 1.0

    def _remaining(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise PageFailed("Reading this page took too long.")
        return left
