"""A page as it is kept: what was read on it, and what it looks like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from automateiq_ocr.recognition.engine import recognize_page
from automateiq_ocr.recognition.fingerprint import fingerprint_of_page
from automateiq_ocr.recognition.models import Options, Page


def read_page(source: bytes | Path, mimetype: str, page_no: int, options: Options) -> Page:
    """Reads page `page_no` and takes its fingerprint. Raises as `recognize_page` does."""
    page = recognize_page(source, mimetype, page_no, options)
    return replace(page, image_hash=fingerprint_of_page(source, mimetype, page, options))
