"""What every reading engine is: a picture goes in, words in boxes come out.

`reading.py` alone decides which engine reads what. An engine is loaded once in a worker process, when it is first
asked: half of all documents never need the deep one, and it takes 40 MB and more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from PIL import Image

from automateiq_ocr.recognition.models import Box


@dataclass(frozen=True, slots=True)
class RawWord:
    """A word in pixels of the picture that was read; `confidence` 0..1, `line` counts lines, `block` paragraphs.

    The words of a line follow each other; no two lines share a number, and a line is in one block.
    """

    text: str
    x: float
    y: float
    width: float
    height: float
    confidence: float
    line: int
    block: int


class Recognizer(Protocol):
    """A reading engine."""

    @property
    def name(self) -> str:
        """The engine's name, as pages and cached results call it."""
        ...

    def version(self) -> str:
        """The version of the engine and its models; raises EngineUnavailable where it is not installed."""
        ...

    def read(self, image: Image.Image, dpi: int, languages: tuple[str, ...], seconds: float) -> list[RawWord]:
        """The words of a grey or RGB picture, in reading order.

        `dpi` is a guess, `languages` are Tesseract's names; an engine that needs neither ignores them. An engine that
        cannot be interrupted may overrun `seconds`: the pool ends its worker then.

        Raises:
            EngineUnavailable: it, or a language, is not installed.
            PageFailed: it crashed on this picture or took too long.
        """
        ...


@runtime_checkable
class LineReader(Protocol):
    """An engine that can also read lines that another has found, which saves it the search."""

    def read_lines(self, image: Image.Image, lines: Sequence[Box]) -> list[list[RawWord]]:
        """For each of the boxes (pixels of the picture, tight around a line) its words from left to right.

        Nothing for a line that it cannot make out. `line` and `block` of the words say nothing. Raises as `read` does.
        """
        ...
