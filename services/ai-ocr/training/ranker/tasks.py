"""The rankers that are trained: one line each. Add yours here."""

from __future__ import annotations

from collections.abc import Sequence

from automateiq_ocr.extraction.amounts import normal
from automateiq_ocr.extraction.layout import lay_out
from automateiq_ocr.extraction.sums import features, find_sums
from automateiq_ocr.recognition.models import Page
from learning import Candidates, Task
from vendor_names import vendor_right, vendors


def _sums(pages: Sequence[Page]) -> Candidates:
    sums = find_sums(lay_out(pages))
    return [(normal(entry.value), row) for entry, row in zip(sums.sums, features(sums), strict=True)]


TASKS: tuple[Task, ...] = (
    Task("total", "total", _sums),
    Task("subtotal", "subtotal", _sums),
    Task("tax", "tax", _sums),
    Task("vendor", "vendor", vendors, vendor_right),
)
