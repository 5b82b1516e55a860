"""What is shown: a page's picture, and the words that go beneath it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from automateiq_ocr.recognition.models import Word

WEBP = "image/webp"


@dataclass(frozen=True, slots=True)
class WordsOfPage:
    """How a page was read: its number, its size in the unit of the words' boxes, its quarter turn, its words.

    `rotation` is the clockwise turn (0, 90, 180, 270) that brings the text upright.
    """

    number: int
    width: float
    height: float
    rotation: int
    words: Sequence[Word]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page ready to be put into a PDF: its size in points, its picture as JPEG, its invisible text.

    `content` draws the text (PDF operators), `letters` are the characters that it uses.
    """

    width: float
    height: float
    jpeg: bytes
    pixels: tuple[int, int]
    grey: bool
    content: bytes
    letters: frozenset[str]
