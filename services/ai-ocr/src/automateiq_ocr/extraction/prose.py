"""A document as running text: what a sentence says, and where on the pages it stands."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property

from automateiq_ocr.extraction.layout import fold
from automateiq_ocr.extraction.models import Field
from automateiq_ocr.recognition.models import Box, Page, Word

_MOST_LETTERS = 400_000  # about two hundred pages; what a contract is about stands before that


class Prose:
    """The pages' words in the reader's order, joined by one space, across lines and pages.

    Offsets into `text` (and into `folded`, which has the same length) lead back to the words.
    """

    def __init__(self, pages: Sequence[Page]) -> None:
        self._words: list[tuple[int, Word]] = []  # (page, word)
        self._starts: list[int] = []
        self.line_starts: set[int] = set()
        at = 0
        parts: list[str] = []
        for page in pages:
            for line in page.lines:
                self.line_starts.add(at)
                for word in line.words:
                    if not word.text or at > _MOST_LETTERS:
                        continue
                    self._words.append((page.number, word))
                    self._starts.append(at)
                    parts.append(word.text)
                    at += len(word.text) + 1
        self.text = " ".join(parts)

    @cached_property
    def folded(self) -> str:
        """The text without case and accents, of the same length."""
        return fold(self.text)

    def field(self, value: str, start: int, end: int, confidence: float) -> Field | None:
        """What text[start:end] says, as a field; None where it runs over to another page.

        The box is drawn around all the words, so over several lines it may hold words of other sentences.
        """
        first, last = bisect_right(self._starts, start) - 1, bisect_left(self._starts, end)
        touched = self._words[max(0, first) : last]
        if not touched or len({page for page, _ in touched}) > 1:
            return None
        read = min(word.confidence for _, word in touched)
        return Field(
            value=value,
            confidence=round(max(0.0, min(1.0, confidence * (0.4 + 0.6 * read))), 3),
            page=touched[0][0],
            box=Box.around(word.box for _, word in touched),
            source_text=self.text[start:end],
        )
