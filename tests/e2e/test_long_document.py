"""A document with far more words than an invoice, whose JSON is made apart from all others."""

import io
from collections.abc import Callable

from reportlab.pdfgen.canvas import Canvas

from tests.business import Business

_LINES, _WORDS = 100, 120


def long_pdf() -> bytes:
    """One page of 12,000 numbered words in tiny print."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(3000, 800))
    canvas.setFont("Helvetica", 5)
    for line in range(_LINES):
        words = " ".join(f"w{line * _WORDS + word:05}" for word in range(_WORDS))
        canvas.drawString(10, 790 - 7.5 * line, words)
    canvas.save()
    return file.getvalue()


def test_a_long_document_is_shown_whole(business: Callable[[], Business]) -> None:
    shop = business()
    document = shop.upload(long_pdf(), "long.pdf")
    shop.process(document["id"])
    read = shop.ended(document["id"])
    assert read["status"] == "processed", read["failure"]
    boxes = read["ocrResult"]["boundingBoxes"]
    assert {word["text"] for word in boxes} == {f"w{number:05}" for number in range(_LINES * _WORDS)}
    assert shop.document(document["id"]) == read
