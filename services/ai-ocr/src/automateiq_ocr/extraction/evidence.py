"""The proof that a value was read and not invented: its source text stands in its box."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property

from automateiq_ocr.extraction.layout import Layout
from automateiq_ocr.extraction.models import Field
from automateiq_ocr.recognition.models import Box, Page, Word

_SLACK = 0.5  # boxes are rounded


class Evidence:
    """What is printed where on a document's pages, to be asked once for each value."""

    def __init__(self, pages: Sequence[Page], layout: Layout) -> None:
        self._pages = pages
        self._layout = layout

    def stands_on(self, field: Field) -> bool:
        """Whether the words whose centres lie in the field's box, joined by spaces, contain its source text.

        The words are joined in the reader's order or, where it split a row into blocks, in that of the visual rows.
        """
        if field.box is None or not field.source_text.strip():
            return False
        orders = (self._read.get(field.page), self._rows.get(field.page))
        return any(words is not None and field.source_text in words.within(field.box) for words in orders)

    @cached_property
    def _read(self) -> dict[int, _Words]:
        return {page.number: _Words(page.words) for page in reversed(self._pages)}

    @cached_property
    def _rows(self) -> dict[int, _Words]:
        words: dict[int, list[Word]] = {page.number: [] for page in self._pages}
        for row in self._layout.rows:
            if row.page in words:
                words[row.page].extend(token.word for token in row.tokens)
        return {number: _Words(found) for number, found in words.items()}


class _Words:
    """Words in some order, found by their place."""

    def __init__(self, words: Iterable[Word]) -> None:
        placed = sorted((word.y + word.height / 2, at, word) for at, word in enumerate(words))
        self._middles = [middle for middle, _, _ in placed]
        self._placed = [(at, word) for _, at, word in placed]

    def within(self, box: Box) -> str:
        """All whose centres lie in the box, joined by spaces."""
        first = bisect_left(self._middles, box.y - _SLACK)
        last = bisect_right(self._middles, box.bottom + _SLACK)
        left, right = box.x - _SLACK, box.right + _SLACK
        return " ".join(
            word.text
            for _, word in sorted(
                (
                    (at, word)
                    for at, word in self._placed[first:last]
                    if left <= word.x + word.width / 2 <= right
                ),
                key=lambda entry: entry[0],
            )
        )


def stands_on(field: Field, pages: Sequence[Page], layout: Layout) -> bool:
    """`Evidence.stands_on` for a single field."""
    return Evidence(pages, layout).stands_on(field)


def text_in(layout: Layout, page: int, box: Box) -> str:
    """All that is printed inside a box, row after row."""
    return _Words(token.word for row in layout.rows if row.page == page for token in row.tokens).within(box)
