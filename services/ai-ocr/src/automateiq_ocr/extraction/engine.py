"""All the data of a document in one pure call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from automateiq_ocr.extraction.amounts import find_currency, usual_decimal_mark
from automateiq_ocr.extraction.contracts import Contract, find_contract
from automateiq_ocr.extraction.dating import find_document_dates
from automateiq_ocr.extraction.document_type import find_type
from automateiq_ocr.extraction.evidence import Evidence
from automateiq_ocr.extraction.layout import lay_out
from automateiq_ocr.extraction.line_items import check_lines, find_line_items
from automateiq_ocr.extraction.models import DocumentType, ExtractedData, Field, LineItem, TaxLine
from automateiq_ocr.extraction.numbers import Numbers, find_numbers
from automateiq_ocr.extraction.parties import find_parties
from automateiq_ocr.extraction.payment import find_payment_method
from automateiq_ocr.extraction.ranking import calibrated
from automateiq_ocr.extraction.totals import Totals, checked_by_lines, find_totals
from automateiq_ocr.recognition.language import detect
from automateiq_ocr.recognition.models import Page

# A contract or a letter speaks of many sums; a total among them is shown only if it is plain.
_PLAIN_TOTAL = 0.6


def extract(pages: Sequence[Page]) -> ExtractedData:
    """Read the data out of a document's recognized pages, given in the order of their numbers.

    Pure and deterministic. Every field's `source_text` stands on its page, in its box; what is not printed
    is left out.
    """
    layout = lay_out(pages)
    if not layout.rows:
        return ExtractedData()
    decimal_mark = usual_decimal_mark(layout)
    totals = find_totals(layout)
    items = find_line_items(layout, decimal_mark, totals.first_row)
    totals = checked_by_lines(
        totals, (Decimal(item.amount.value) for item in items if item.amount is not None)
    )
    numbers = find_numbers(layout)
    kind, sure = find_type(layout, has_total=totals.total is not None, has_number=numbers.invoice is not None)
    currency = find_currency(layout, totals.total_row)
    language, _ = detect("\n".join(row.text for row in layout.rows))
    dates = find_document_dates(layout, currency.code if currency else None, language)
    bill = kind not in (DocumentType.CONTRACT, DocumentType.GENERAL)
    if not bill:
        items = ()
        if totals.total is None or totals.total.confidence < _PLAIN_TOTAL:
            totals = Totals()
    paid_by = find_payment_method(layout, Decimal(totals.total.value) if totals.total else None)
    if kind in (DocumentType.CONTRACT, DocumentType.GENERAL):
        numbers = Numbers(contract=numbers.contract)
    parties = find_parties(layout, kind)
    contract = find_contract(pages, layout) if kind is DocumentType.CONTRACT else Contract()
    sign = None
    if currency is not None:
        sign = currency.row.field(currency.code, currency.start, currency.end, currency.confidence)

    evidence = Evidence(pages, layout)

    def proven(field: Field | None) -> Field | None:
        return field if field is not None and evidence.stands_on(field) else None

    data = ExtractedData(
        document_type=kind,
        document_type_confidence=sure,
        language=language,
        vendor=proven(contract.parties[0] if contract.parties else parties.vendor),
        vendor_tax_id=proven(parties.vendor_tax_id),
        vendor_address=proven(parties.vendor_address),
        iban=proven(parties.iban),
        customer=proven(parties.customer),
        invoice_number=proven(numbers.invoice),
        order_number=proven(numbers.order),
        contract_number=proven(numbers.contract),
        date=proven(contract.effective_date or dates.issue),
        due_date=proven(dates.due) if bill else None,
        period_start=proven(dates.period_start),
        period_end=proven(dates.period_end),
        currency=proven(sign),
        subtotal=proven(totals.subtotal),
        tax=proven(totals.tax),
        tip=proven(totals.tip),
        rounding=proven(totals.rounding),
        total=proven(totals.total),
        amount_due=proven(totals.amount_due or _still_due(kind, totals)),
        payment_method=proven(paid_by) if bill else None,
        taxes=tuple(
            TaxLine(proven(line.rate), proven(line.base), proven(line.amount)) for line in totals.taxes
        ),
        line_items=tuple(
            LineItem(
                proven(i.description),
                proven(i.quantity),
                proven(i.unit_price),
                proven(i.amount),
                proven(i.tax_rate),
            )
            for i in check_lines(items, (Decimal(f.value) for f in (totals.subtotal, totals.total) if f))
        ),
        parties=tuple(party for party in contract.parties if proven(party)),
        effective_date=proven(contract.effective_date),
        term=proven(contract.term),
        governing_law=proven(contract.governing_law),
        renewal=proven(contract.renewal),
    )
    return _calibrated(data) if bill else data  # what the confidences were learnt on


def _calibrated(data: ExtractedData) -> ExtractedData:
    """With confidences that are chances, for the fields where they were learnt."""
    found = {
        name: replace(field, confidence=round(calibrated(name, field.confidence), 4))
        for name, field in data.fields().items()
    }
    return replace(data, **found)  # type: ignore[arg-type]


def _still_due(kind: DocumentType, totals: Totals) -> Field | None:
    """The whole total is due on an invoice that speaks of no payment."""
    if kind is not DocumentType.INVOICE or totals.total is None or totals.paid:
        return None
    return replace(totals.total, confidence=round(0.85 * totals.total.confidence, 3))
