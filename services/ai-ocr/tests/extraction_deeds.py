"""Pages set word by word, and the proof that what was extracted stands on them."""

import re
from collections.abc import Sequence
from dataclasses import fields

from automateiq_ocr.extraction.models import ExtractedData, Field
from automateiq_ocr.recognition.models import Line, Page, Word

WIDE = 6.0  # a letter
HIGH = 10.0  # a row's print
APART = 14.0  # from row to row


def set_page(*rows: str, number: int = 1, confidence: float = 1.0) -> Page:
    """A page with these rows; two or more spaces between words part columns, by their number of letters."""
    lines = []
    for index, row in enumerate(rows):
        words, at = [], 0
        for part in row.split(" "):
            if part:
                words.append(
                    Word(part, 20 + at * WIDE, 20 + index * APART, len(part) * WIDE, HIGH, confidence)
                )
            at += len(part) + 1
        if words:
            lines.append(Line(tuple(words)))
    height = 20 + APART * (len(rows) + 1)
    return Page(number, 700, height, "pt", "text_layer", 0, 0.0, 1.0, tuple(lines))


def every_field(data: ExtractedData) -> list[Field]:
    """All values of the document and of its lines."""
    lines = [getattr(item, field.name) for item in data.line_items for field in fields(item)]
    return [*data.fields().values(), *(field for field in lines if field is not None)]


def is_printed(field: Field, pages: Sequence[Page]) -> bool:
    """Whether the source's words are just those that stand in the box, and a number's value has their digits."""
    (page,) = [page for page in pages if page.number == field.page]
    box = field.box
    inside = [
        word.text
        for word in page.words
        if box.x - 1 <= word.x + word.width / 2 <= box.right + 1
        and box.y - 1 <= word.y + word.height / 2 <= box.bottom + 1
    ]
    rest = "".join(inside)
    for part in sorted(field.source_text.split(), key=len, reverse=True):
        if part not in rest:
            return False
        rest = rest.replace(part, " ", 1)
    if {"sum_of_taxes", "repaired"} & set(field.checks):
        return True  # proved by other sums; the source is what stands in its stead
    if re.fullmatch(r"-?\d+\.\d+", field.value):
        digits = re.sub(r"\D", "", field.source_text)
        return digits.strip("0") == re.sub(r"\D", "", field.value).strip("0")
    return True
