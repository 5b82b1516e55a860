"""Electronic invoices in pure calls: bytes in, data out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from automateiq_ocr.einvoice.alone import open_invoice, print_invoice, read_invoice
from automateiq_ocr.einvoice.attachments import attached_to
from automateiq_ocr.einvoice.merging import merge
from automateiq_ocr.einvoice.trees import UnreadableXml
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.extraction.models import ExtractedData
from automateiq_ocr.recognition.models import PDF, XML, Page


def understand(source: bytes | Path, mimetype: str, pages: Sequence[Page]) -> ExtractedData:
    """The data of a recognized document: what its pages show, and what the invoice inside it says.

    XML that is damaged or refused is left aside, with the doubt `xml_unreadable`; it is never an error.
    """
    if mimetype == XML:
        return print_invoice(open_invoice(source))[1]
    data = extract(pages)
    if mimetype != PDF:
        return data
    unreadable = False
    for content in attached_to(source):
        try:
            invoice = read_invoice(content)
        except UnreadableXml:
            unreadable = True
            continue
        if invoice is not None:
            return merge(data, pages, invoice)
    return _doubted(data) if unreadable else data


def _doubted(data: ExtractedData) -> ExtractedData:
    """The doubt goes to the total, which matters most, or to whatever was found first."""
    found = data.fields()
    name = "total" if "total" in found else next(iter(found), None)
    if name is None:
        return data
    doubted = replace(found[name], doubts=(*found[name].doubts, "xml_unreadable"))
    changed: dict[str, Any] = {name: doubted}
    return replace(data, **changed)
