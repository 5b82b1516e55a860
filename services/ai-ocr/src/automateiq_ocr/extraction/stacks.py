"""The documents that a stack of pages holds, each with its own data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.extraction.models import ExtractedData
from automateiq_ocr.extraction.parts import Part, find_parts
from automateiq_ocr.recognition.models import Page


@dataclass(frozen=True, slots=True)
class UnderstoodPart:
    """Pages that seem to be one document, and what stands on them."""

    part: Part
    data: ExtractedData


def understand_parts(pages: Sequence[Page]) -> tuple[UnderstoodPart, ...]:
    """The parts of a stack with their data; nothing where the pages seem to be one document. Pure."""
    parts = find_parts(pages)
    numbers = [number for part in parts for number in part.pages]
    if len(parts) < 2 and len(numbers) == len(pages):
        return ()
    by_number = {page.number: page for page in pages}
    return tuple(
        UnderstoodPart(part, extract([by_number[number] for number in part.pages])) for part in parts
    )
