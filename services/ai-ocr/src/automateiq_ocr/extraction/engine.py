"""All the data of a document in one pure call."""

from __future__ import annotations

from collections.abc import Sequence

from automateiq_ocr.extraction.layout import lay_out
from automateiq_ocr.extraction.models import ExtractedData
from automateiq_ocr.recognition.models import Page


def extract(pages: Sequence[Page]) -> ExtractedData:
    """Read the data out of a document's recognized pages, in the order of their numbers."""
    layout = lay_out(pages)
    return ExtractedData() if not layout.rows else ExtractedData()
