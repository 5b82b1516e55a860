"""What a document is, by its title and by what it talks about."""

from __future__ import annotations

import re

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.layout import Layout
from automateiq_ocr.extraction.models import DocumentType

# A title says it outright: the kinds that share all their words with invoices are told by it alone.
_TITLES: tuple[tuple[DocumentType, re.Pattern[str], float], ...] = (
    (DocumentType.CREDIT_NOTE, vocabulary.CREDIT_TITLE, 2.6),
    (DocumentType.PURCHASE_ORDER, vocabulary.ORDER_TITLE, 2.4),
    (DocumentType.STATEMENT, vocabulary.STATEMENT_TITLE, 2.2),
)
_LONGEST_TITLE = 45


def find_type(layout: Layout, *, has_total: bool, has_number: bool) -> tuple[DocumentType, float]:
    """(the type, how sure from 0 to 1)."""
    text = layout.text
    words = len(text.split())
    invoice = _distinct(vocabulary.INVOICE_WORDS, text)
    receipt = _distinct(vocabulary.RECEIPT_WORDS, text)
    contract = _distinct(vocabulary.CONTRACT_WORDS, text)
    scores = {
        DocumentType.GENERAL: 1.6,
        DocumentType.INVOICE: 0.5 * invoice,
        DocumentType.RECEIPT: 0.45 * receipt,
    }
    head = layout.rows[: max(6, len(layout.rows) // 4)]
    titles = [cell.folded.strip(" :*-") for row in head for cell in row.cells]
    if any(vocabulary.NUMBER_HEADING.match(title) and len(title) < _LONGEST_TITLE for title in titles):
        scores[DocumentType.INVOICE] += 1.5
    if any(
        re.search(r"receipt|quittung|kassenbon|ticket de caisse|recu|cash bill", title) for title in titles
    ):
        scores[DocumentType.RECEIPT] += 1.0
    if any(vocabulary.CONTRACT_TITLE.fullmatch(title) for title in titles):
        scores[DocumentType.CONTRACT] = 1.5
    if has_total:
        scores[DocumentType.INVOICE] += 0.8
        scores[DocumentType.RECEIPT] += 0.8
    else:
        scores[DocumentType.INVOICE] *= 0.5
        scores[DocumentType.RECEIPT] *= 0.4
    if has_number:
        scores[DocumentType.INVOICE] += 0.4
    if layout.narrow:
        scores[DocumentType.RECEIPT] += 1.4
        scores[DocumentType.INVOICE] -= 0.6
    if vocabulary.INVOICE_ONLY.search(text):
        scores[DocumentType.RECEIPT] -= 1.5
    if contract >= 3 and words > 120:
        scores[DocumentType.CONTRACT] = scores.get(DocumentType.CONTRACT, 0.0) + 0.35 * contract
    business = max(scores[DocumentType.INVOICE], scores[DocumentType.RECEIPT], 1.6)
    top = layout.rows[: max(4, len(layout.rows) // 8)]
    called_invoice = any(vocabulary.NUMBER_HEADING.match(title) for title in titles)
    for kind, pattern, weight in _TITLES:
        if kind is DocumentType.PURCHASE_ORDER and called_invoice:
            continue  # an invoice names the order it belongs to
        if any(_is_title(pattern, cell.folded) for row in top for cell in row.cells):
            # Above what the same paper would count for as an invoice, unless it calls itself one too.
            scores[kind] = weight + (0.6 * business if has_total or has_number else 0.0)
            scores[DocumentType.INVOICE] -= 1.5 * (kind is not DocumentType.STATEMENT)
    ranked = sorted(scores.items(), key=lambda entry: entry[1], reverse=True)
    (kind, best), (_, second) = ranked[0], ranked[1]
    return kind, round(min(0.99, 0.5 + 0.5 * (best - second) / max(best, 1e-6)), 3)


def _is_title(pattern: re.Pattern[str], folded: str) -> bool:
    """Whether a cell is a title, with nothing behind it but a number."""
    title = folded.strip(" :*-#")
    match = pattern.match(title)
    return (
        match is not None
        and re.fullmatch(r"[^a-z]{0,3}(?:(?:no|nr|n[o°º])\b.*|[^a-z]*)", title[match.end() :]) is not None
    )


def _distinct(pattern: re.Pattern[str], text: str) -> int:
    return len({match[0] for match in pattern.finditer(text)})
