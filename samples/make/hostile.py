"""Documents that a test needs but nobody should keep in a repository: broken, locked, huge, or one of thousands.

Every function gives the bytes of one file and is deterministic. `digital_pdf(i)` and `scan_png(i)` differ for each i
and take some milliseconds, so that a load test meets no cache.
"""

from __future__ import annotations

import struct
import zlib
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image
from reportlab.lib.pagesizes import A4, A5
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from samples.make.imaging import jpeg, pdf_of_jpegs, png, render, scanned
from samples.make.model import Bill, items, plain
from samples.make.page import english

VENDORS = ("Alderwick Supplies Ltd", "Brindlemoor Trading Ltd", "Coppergate Foods Ltd", "Dunnock & Pell Ltd")
GOODS = (
    "Paper towels, case",
    "Washing liquid, 5 l",
    "Storage crate",
    "Till rolls, box",
    "Gloves, pair",
    "Twine, ball",
)


def load_bill(i: int) -> Bill:
    """What digital_pdf(i) and scan_png(i) say; `.fields()` has the shape of expected.json."""
    lines = [
        (
            GOODS[(i + at) % len(GOODS)],
            str(1 + (i * 7 + at * 3) % 23),
            str(Decimal(199 + (i * 131 + at * 977) % 9000) / 100),
        )
        for at in range(3 + i % 3)
    ]
    issued = date(2025, 1, 1) + timedelta(days=i % 700)
    return Bill(
        vendor=VENDORS[i % len(VENDORS)],
        number=f"LT-{i:07d}",
        issued=issued,
        due=issued + timedelta(days=30),
        currency="GBP",
        items=items(*lines, rate="20"),
    )


def digital_pdf(i: int) -> bytes:
    """A small unique invoice on A5 with a text layer."""
    bill = load_bill(i)
    out = BytesIO()
    canvas: Any = Canvas(out, pagesize=A5, invariant=1, pageCompression=1)
    canvas.setFont("Helvetica-Bold", 15)
    canvas.drawString(36, 548, bill.vendor)
    canvas.drawRightString(384, 548, "INVOICE")
    canvas.setFont("Helvetica", 10.5)
    assert bill.due is not None
    for y, label, value in (
        (516, "Invoice number", bill.number),
        (500, "Invoice date", bill.issued.strftime("%d/%m/%Y")),
        (484, "Due date", bill.due.strftime("%d/%m/%Y")),
    ):
        canvas.drawString(36, y, f"{label}: {value}")
    rows = [("Description", "Qty", "Unit price", "Amount")]
    rows += [
        (item.description, plain(item.quantity), english(item.unit_price), english(item.amount))
        for item in bill.items
    ]
    y = 446
    for row in rows:
        canvas.drawString(36, y, row[0])
        for x, cell in zip((226, 304, 384), row[1:], strict=True):
            canvas.drawRightString(x, y, cell)
        y -= 18
    canvas.line(36, y + 8, 384, y + 8)
    for label, amount in (("Subtotal", bill.subtotal), ("VAT 20%", bill.tax), ("Total", bill.total)):
        y -= 18
        canvas.drawRightString(304, y, label)
        canvas.drawRightString(384, y, english(amount, "£"))
    canvas.save()
    return out.getvalue()


def scan_png(i: int) -> bytes:
    """The same invoice as a grey picture at 150 dpi, without noise for the sake of speed."""
    (page,) = render(digital_pdf(i), 150)
    out = BytesIO()
    Image.fromarray((page * 255).astype("uint8")).save(out, "PNG", compress_level=1, dpi=(150, 150))
    return out.getvalue()


@cache
def scan_pdf(pages: int = 1) -> bytes:
    """Pages that are pictures, without a text layer; each page shows another invoice."""
    shots = [
        jpeg(scanned(render(digital_pdf(at), 150)[0], at, 0.6 if at % 2 else -0.6, dust=30), 50, 150)
        for at in range(pages)
    ]
    return pdf_of_jpegs(shots, 150, "Scan")


@cache
def encrypted_pdf(password: str = "not-for-you") -> bytes:
    """An invoice that opens only with the password."""
    out = BytesIO()
    lock = StandardEncryption(password, ownerPassword=f"{password}-owner", strength=128)
    canvas = Canvas(out, pagesize=A4, invariant=1, encrypt=lock)
    canvas.drawString(72, 760, "Invoice LOCKED-1   Total 10.00")
    canvas.save()
    return out.getvalue()


def truncated_pdf(keep: float = 0.4) -> bytes:
    """An invoice whose upload broke off: only the first part of its bytes, with no table of its pages."""
    whole = digital_pdf(0)
    return whole[: int(len(whole) * keep)]


def text_as_pdf() -> bytes:
    """Plain text that somebody named .pdf."""
    return b"Dear sir or madam,\n\nthis is a text file whose name ends in .pdf.\n\nTotal: 12.00\n" * 20


def pixel_bomb_png(width: int = 10000, height: int = 10000) -> bytes:
    """A valid PNG of few bytes and very many pixels (grey, one bit each)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    row = b"\0" + b"\xff" * ((width + 7) // 8)
    squeeze = zlib.compressobj(9)
    body = b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@cache
def many_pages_pdf(n: int = 500) -> bytes:
    """A PDF of n pages with a line of text on each."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1, pageCompression=1)
    for page in range(1, n + 1):
        canvas.drawString(72, 760, f"Page {page} of {n}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def blank_pdf() -> bytes:
    """One page with nothing on it."""
    out = BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def blank_png() -> bytes:
    """A white page scanned at 150 dpi."""
    (page,) = render(blank_pdf(), 150)
    return png(page, 150)
