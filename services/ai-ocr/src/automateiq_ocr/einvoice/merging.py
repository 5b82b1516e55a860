"""All values of an electronic invoice, each settled against the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from stdnum import iban as standard

from automateiq_ocr.einvoice.checks import Verdicts, verify
from automateiq_ocr.einvoice.lines import LineFinder
from automateiq_ocr.einvoice.models import XmlInvoice
from automateiq_ocr.einvoice.placing import Pages
from automateiq_ocr.einvoice.settling import PAGE_DIFFERS, contradicted, of_another_invoice, same, settle
from automateiq_ocr.extraction.amounts import normal
from automateiq_ocr.extraction.iban import CHECKED
from automateiq_ocr.extraction.layout import fold, lay_out
from automateiq_ocr.extraction.models import ExtractedData, Field
from automateiq_ocr.recognition.models import Page

_DATES = frozenset({"date", "due_date", "period_start", "period_end"})
_SUMS = ("subtotal", "tax", "amount_due")
_TYPE_SURE = 0.99


def merge(data: ExtractedData, pages: Sequence[Page], invoice: XmlInvoice) -> ExtractedData:
    """What was read from the pages, together with what the invoice's XML says."""
    look = Pages(pages, lay_out(pages))
    verdicts = verify(invoice)
    found: dict[str, Any] = {
        name: _text(look, name, value, getattr(data, name)) for name, value in invoice.texts.items()
    }
    found.update(_sums(look, data, invoice.amounts(), verdicts))
    finder = LineFinder(look)
    if invoice.lines:
        found["line_items"] = finder.items(invoice.lines, data.line_items)
    if invoice.taxes:
        found["taxes"] = finder.taxes(invoice.taxes)
    return replace(data, document_type=invoice.type, document_type_confidence=_TYPE_SURE, **found)


def _text(look: Pages, name: str, value: str, own: Field | None) -> Field:
    if own is not None and same(own.value, value):
        return settle(value, own, None)
    if name == "payment_method":
        # Its normal form is a word of ours, printed in no document.
        return settle(value, own, None)
    if name in _DATES:
        places = look.dates(value)
    elif name == "currency":
        places = look.currencies(value)
    else:
        places = look.texts(value)
    wrapped = None if places else look.wrapped(value)
    shown = places[0].field(value) if places else wrapped and wrapped[1]
    if name == "vendor_address" and shown is None and own is not None and _words(value) <= _words(own.value):
        # The page puts the country, a floor or a post box between: the same address all the same.
        own = replace(own, value=value)
    checks = (CHECKED,) if name == "iban" and standard.is_valid(value, check_country=False) else ()
    return settle(value, own, shown, checks)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", fold(text)))


def _sums(
    look: Pages, data: ExtractedData, amounts: dict[str, Decimal], verdicts: Verdicts
) -> dict[str, Field]:
    found = {}
    for name, value in amounts.items():
        # Sums stand below what they sum up.
        places = look.numbers(value, money=True)
        shown = places[-1].field(normal(value)) if places else None
        checks, doubts = verdicts.checks[name], verdicts.doubts[name]
        found[name] = settle(normal(value), getattr(data, name), shown, checks, doubts)
    total = found.get("total")
    if total is not None and PAGE_DIFFERS in total.doubts:
        # A number of the XML may stand on the page by chance; with another total its sums are another invoice's.
        for name in _SUMS:
            own: Field | None = getattr(data, name)
            if name not in found or (own is not None and same(own.value, normal(amounts[name]))):
                continue
            if own is not None:
                found[name] = contradicted(own)
            elif found[name].page == 0:
                found[name] = of_another_invoice(found[name])
    return found
