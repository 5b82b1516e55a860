"""The proof that a value was read and not invented: its source text stands in its box."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from automateiq_ocr.extraction.layout import Layout
from automateiq_ocr.extraction.models import Field
from automateiq_ocr.recognition.models import Box, Page, Word


def stands_on(field: Field, pages: Sequence[Page], layout: Layout) -> bool:
    """Whether the words whose centres lie in the field's box, joined by spaces, contain its source text.

    The words are joined in the reader's order or, where it split a row into blocks, in that of the visual rows.
    """
    page = next((page for page in pages if page.number == field.page), None)
    if page is None or field.box is None or not field.source_text.strip():
        return False
    by_rows = (token.word for row in layout.rows if row.page == field.page for token in row.tokens)
    return any(field.source_text in _joined(words, field.box) for words in (page.words, by_rows))


def text_in(layout: Layout, page: int, box: Box) -> str:
    """All that is printed inside a box, row after row."""
    return _joined((token.word for row in layout.rows if row.page == page for token in row.tokens), box)


def _joined(words: Iterable[Word], box: Box) -> str:
    slack = 0.5  # boxes are rounded
    return " ".join(
        word.text
        for word in words
        if box.x - slack <= word.x + word.width / 2 <= box.right + slack
        and box.y - slack <= word.y + word.height / 2 <= box.bottom + slack
    )
