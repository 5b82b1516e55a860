"""What a document is, by the words on it and the shape of its first page."""

from __future__ import annotations

import math

from automateiq_ocr.extraction.layout import Layout
from automateiq_ocr.extraction.models import DocumentType
from automateiq_ocr.extraction.vocabulary import CONTRACT_WORDS, INVOICE_WORDS, RECEIPT_WORDS, Label

_LEAST = 3.0


def classify(layout: Layout, *, narrow: bool, amounts: int) -> tuple[DocumentType, float]:
    """(type, confidence). `narrow`: the paper is a till roll's; `amounts`: how many sums of money stand on it."""
    words = max(1, len(layout.text.split()))
    head = "\n".join(row.folded for row in layout.rows[: max(8, len(layout.rows) // 5)])
    scores = {
        DocumentType.INVOICE: _score(INVOICE_WORDS, layout.text) + _score(INVOICE_WORDS, head),
        DocumentType.RECEIPT: _score(RECEIPT_WORDS, layout.text) + (4.0 if narrow and amounts else 0.0),
        DocumentType.CONTRACT: _score(CONTRACT_WORDS, layout.text) + _score(CONTRACT_WORDS, head),
    }
    # Prose without sums is no bill; a page of sums is no contract.
    density = amounts / words
    if density > 0.01:
        scores[DocumentType.CONTRACT] *= 0.4
    if words > 500 and density < 0.005:
        scores[DocumentType.CONTRACT] *= 1.5
        scores[DocumentType.INVOICE] *= 0.4
        scores[DocumentType.RECEIPT] *= 0.3
    if not amounts:
        scores[DocumentType.INVOICE] *= 0.5
        scores[DocumentType.RECEIPT] *= 0.5
    ranked = sorted(scores.items(), key=lambda entry: -entry[1])
    (best, score), (_, second) = ranked[0], ranked[1]
    if score < _LEAST:
        return DocumentType.GENERAL, round(0.9 - 0.1 * score, 3)
    lead = (score - second) / score
    return best, round(min(0.98, 0.5 + 0.5 * lead * min(1.0, score / 8)), 3)


def _score(labels: tuple[Label, ...], text: str) -> float:
    """Each word counts once in full and hardly more when it is repeated."""
    total = 0.0
    for label in labels:
        different = {match[0] for match in label.pattern.finditer(text)}
        times = sum(1 for _ in label.pattern.finditer(text))
        if different:
            total += label.weight * (len(different) ** 0.7 + 0.3 * math.log1p(times))
    return total
