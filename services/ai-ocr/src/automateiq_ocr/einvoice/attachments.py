"""The invoice that a PDF carries as an attachment (ZUGFeRD, Factur-X, XRechnung in a PDF). Not for threads (PDFium)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pypdfium2

from automateiq_ocr.einvoice.trees import MAX_BYTES

# What the standards call it; many tools call it otherwise, so any XML is looked at after these.
_NAMES = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml", "cii.xml", "ubl.xml")
_MOST = 20


def xml_attachments(document: pypdfium2.PdfDocument) -> Iterator[bytes]:
    """The XML files attached to an open PDF, those with a known name first."""
    named: list[tuple[int, pypdfium2.PdfAttachment]] = []
    for index in range(min(document.count_attachments(), _MOST)):
        try:
            attachment = document.get_attachment(index)
            name = attachment.get_name().lower()
        except (pypdfium2.PdfiumError, UnicodeDecodeError):
            continue
        if name.endswith(".xml"):
            named.append((_NAMES.index(name) if name in _NAMES else len(_NAMES), attachment))
    for _, attachment in sorted(named, key=lambda entry: entry[0]):
        try:
            content = bytes(attachment.get_data())
        except pypdfium2.PdfiumError:
            continue
        if len(content) <= MAX_BYTES:
            yield content


def attached_to(source: bytes | Path) -> list[bytes]:
    """The XML files of a PDF; none where it cannot be opened."""
    try:
        with pypdfium2.PdfDocument(source) as document:
            return list(xml_attachments(document))
    except pypdfium2.PdfiumError:
        return []
