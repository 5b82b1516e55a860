"""Looks at one picture: it is laid straight once, and every engine that looks at it gives words in the same pixels."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from PIL import Image

from automateiq_ocr.recognition import orientation, tesseract
from automateiq_ocr.recognition.agreement import mended
from automateiq_ocr.recognition.geometry import Placement, rotate, turn
from automateiq_ocr.recognition.images import WORKING_PIXELS
from automateiq_ocr.recognition.language import TESSERACT_NAMES, detect
from automateiq_ocr.recognition.models import Box, Options, PageFailed
from automateiq_ocr.recognition.recognizers import LineReader, RawWord, Recognizer

Treatment = Callable[[Image.Image], Image.Image]

_LONG_WORD = 3
# Below this a word is doubtful enough to have its stretch of the line read again; a wrong digit shows in nothing else.
_SURE_WORD, _SURE_NUMBER = 0.92, 0.96
# A gap of so many heights of a word parts columns.
_WIDE_GAP = 2.0
# What the language of a text must be believed with before the page is read again for its sake.
_SURE_LANGUAGE = 0.9
# Heights of words in pixels: Tesseract was trained on lines of about 36 and loses small, thin or huge letters.
SMALL_WORD, _TALL_WORD, _BEST_WORD = 16, 70, 36


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was read: words in pixels of the straightened picture, and the way back to the picture as it came."""

    words: list[RawWord]
    placement: Placement = field(default_factory=Placement)
    rotation: int = 0
    skew: float = 0.0
    engine: str = "tesseract"

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
    def sideways(self) -> bool:
        """Whether most words of some length are taller than wide."""
        long = [word for word in self.words if len(word.text) >= _LONG_WORD]
        return sum(word.height > word.width for word in long) > len(long) / 2

    @property
    def word_height(self) -> float:
        """The median, across the reading direction; 0 without words."""
        return statistics.median(word.height for word in self.words) if self.words else 0.0


class Looker:
    """A grey picture of at most WORKING_PIXELS, to be looked at within `options.page_seconds` from now on."""

    def __init__(
        self, image: Image.Image, ink: orientation.Ink, dpi: int, options: Options, ends: float
    ) -> None:
        self.image = image
        self.ink = ink
        self._dpi = dpi
        self._languages = options.languages
        self._ends = ends
        self._straight: dict[int, tuple[Image.Image, Placement, float]] = {}

    def look(
        self,
        rotation: int = 0,
        treat: Treatment | None = None,
        zoom: float = 1.0,
        psm: int = tesseract.AUTO,
        languages: tuple[str, ...] = (),
    ) -> Attempt:
        """What Tesseract reads, of the picture turned clockwise by `rotation`, straightened, treated and enlarged.

        It reads in the first of the options' languages unless told others.
        """
        picture, placement, skew = self._straightened(rotation)
        if zoom != 1.0:
            size = (round(picture.width * zoom), round(picture.height * zoom))
            picture = picture.resize(size, Image.Resampling.BICUBIC)
        # Sauvola's threshold goes with every treatment: the page is a hard one, perhaps for its shadows.
        words = tesseract.read(
            treat(picture) if treat else picture,
            languages or self._languages[:1],
            self._dpi,
            psm,
            self.remaining(),
            local_threshold=treat is not None,
        )
        if zoom != 1.0:
            words = [_scaled(word, 1 / zoom) for word in words]
        return Attempt(words, placement, rotation, skew)

    def look_with(self, engine: Recognizer, rotation: int = 0) -> Attempt:
        """What another engine reads, of the picture turned and straightened."""
        picture, placement, skew = self._straightened(rotation)
        words = engine.read(picture, self._dpi, self._languages, self.remaining())
        return Attempt(words, placement, rotation, skew, engine.name)

    def look_again(self, found: Attempt) -> Attempt:
        """What Tesseract reads in the page's own language, if that is another than the first and one of the options."""
        code, confidence = detect("\n".join(word.text for word in found.words))
        language = TESSERACT_NAMES.get(code)
        if confidence < _SURE_LANGUAGE or language not in self._languages[1:]:
            return found
        return self.look(found.rotation, languages=(language, self._languages[0]))

    def mend(self, engine: LineReader, found: Attempt) -> Attempt:
        """The attempt with every stretch of its lines that holds a doubtful word read by another engine too."""
        picture, _, _ = self._straightened(found.rotation)
        self.remaining()
        doubtful = [words for words in _stretches(found.words) if any(map(_is_doubtful, words))]
        boxes = [
            Box.around(Box(word.x, word.y, word.width, word.height) for word in words) for words in doubtful
        ]
        read = engine.read_lines(picture, boxes)
        return replace(found, words=mended(found.words, list(zip(doubtful, read, strict=True))))

    def told_turn(self) -> tuple[int, float] | None:
        """Tesseract's opinion of how the picture lies: (clockwise turn that brings it upright, confidence)."""
        return tesseract.orientation(self.image, self._dpi, self.remaining())

    def zoom_for(self, found: Attempt) -> float:
        """By how much to enlarge, so that the print gets the height that Tesseract reads best."""
        height = found.word_height
        if height > _TALL_WORD:
            return _BEST_WORD / height
        if 0 < height < SMALL_WORD:
            room = math.sqrt(WORKING_PIXELS / (self.image.width * self.image.height))
            return max(1.0, min(2.0, room))
        return 1.0

    def remaining(self) -> float:
        """Seconds that are left; raises PageFailed where there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise PageFailed("Reading this page took too long.")
        return left

    def _straightened(self, rotation: int) -> tuple[Image.Image, Placement, float]:
        kept = self._straight.get(rotation)
        if kept is None:
            turned, placement = turn(self.image, rotation)
            skew = orientation.estimate_skew(orientation.find_ink(turned) if rotation else self.ink)
            if skew:
                turned, back = rotate(turned, skew)
                placement = placement.after(back)
            kept = self._straight[rotation] = turned, placement, skew
        return kept


def _stretches(words: list[RawWord]) -> list[list[RawWord]]:
    """The words of each line, cut where a gap is wider than any between words: beyond it stands another column."""
    found: list[list[RawWord]] = []
    for word in words:
        before = found[-1][-1] if found else None
        if (
            before is not None
            and before.line == word.line
            and word.x - before.x - before.width <= _WIDE_GAP * max(before.height, word.height)
        ):
            found[-1].append(word)
        else:
            found.append([word])
    return found


def _is_doubtful(word: RawWord) -> bool:
    has_digit = any(character.isdigit() for character in word.text)
    return word.confidence < (_SURE_NUMBER if has_digit else _SURE_WORD)


def _scaled(word: RawWord, factor: float) -> RawWord:
    x, y, width, height = (side * factor for side in (word.x, word.y, word.width, word.height))
    return replace(word, x=x, y=y, width=width, height=height)
