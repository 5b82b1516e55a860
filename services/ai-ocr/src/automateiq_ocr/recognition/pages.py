"""A page as it is kept: what was read on it, and what it looks like."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from automateiq_ocr.recognition import images
from automateiq_ocr.recognition.engine import recognize_page, recognize_picture
from automateiq_ocr.recognition.fingerprint import fingerprint, fingerprint_of_pdf
from automateiq_ocr.recognition.models import PDF, XML, Options, Page


def read_page(source: bytes | Path, mimetype: str, page_no: int, options: Options) -> Page:
    """Reads page `page_no` and takes its fingerprint. Raises as `recognize_page` does."""
    if mimetype == XML:
        # There is no picture of it: its pages are drawn by us.
        return recognize_page(source, mimetype, page_no, options)
    if mimetype == PDF:
        page = recognize_page(source, mimetype, page_no, options)
        return replace(page, image_hash=fingerprint_of_pdf(source, page, options))
    picture = images.load_page(source, mimetype, page_no, options)  # once for both: decoding takes its time
    page = recognize_picture(picture, page_no, options)
    return replace(page, image_hash=fingerprint(picture, page.rotation, page.skew))
