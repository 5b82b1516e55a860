"""The lines of an invoice's table, or of a receipt's list."""

from __future__ import annotations

from automateiq_ocr.extraction.layout import Layout
from automateiq_ocr.extraction.models import LineItem


def find_line_items(layout: Layout, decimal_mark: str | None, end: int | None) -> tuple[LineItem, ...]:
    """The lines before the row `end`, where the totals begin."""
    return ()
