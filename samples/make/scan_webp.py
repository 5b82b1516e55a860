"""An Australian tax invoice scanned in colour at 200 dpi and kept as WEBP."""

from datetime import date

from samples.make.imaging import render, scanned, webp
from samples.make.model import Bill, Sample, items, plain
from samples.make.page import GREY, Column, Look, Pen, english, table

DPI = 200
SEA, SUN = "#17627a", "#e08a1e"

BILL = Bill(
    vendor="Saltmarsh Surf Hire Pty Ltd",
    number="SSH-00742",
    issued=date(2026, 2, 18),
    due=date(2026, 3, 4),
    currency="AUD",
    items=items(
        ("Soft-top boards, 8 ft, day hire", "18", "45.00"),
        ("Wetsuits 3/2 mm, day hire", "18", "22.50"),
        ("Group lesson, two hours, instructor", "3", "210.00"),
        ("Rash vests, printed with your logo", "20", "31.80"),
        ("Trailer delivery to Pelican Beach", "1", "95.00"),
        rate="10",
    ),
)


def _logo(pen: Pen, x: float, y: float) -> None:
    pen.circle(x + 30, y + 22, 15, fill=SUN)
    for at, colour in enumerate(("#5aa6ba", SEA)):
        top = y + 26 + at * 9
        wave: list[tuple[float, ...]] = [(x, top)]
        wave += [(x + s + 5, top - 9, x + s + 10, top - 9, x + s + 15, top) for s in (0, 15, 30, 45)]
        pen.shape([*wave, (x + 60, y + 52), (x, y + 52)], fill=colour)


def _head(pen: Pen) -> None:
    pen.box(0, 0, pen.width, 14, fill=SEA)
    _logo(pen, 52, 40)
    pen.text(126, 70, "Saltmarsh", 26, "Helvetica-Bold", SEA)
    pen.text(127, 88, "SURF HIRE", 12, "Helvetica", SUN, tracking=3)
    pen.text(545, 68, "TAX INVOICE", 20, "Helvetica-Bold", SEA, "right")
    pen.lines(
        52,
        126,
        [BILL.vendor, "ABN 99 417 352 618", "5 Jetty Road, Saltmarsh Bay", "Phone (02) 5550 0417"],
        15,
        size=10.5,
    )
    pen.text(52, 204, "Bill to", 10.5, "Helvetica-Bold", SEA)
    pen.lines(52, 220, ["Banksia Ridge College", "Outdoor Education", "Banksia Ridge"], 15, size=11)
    y = 126.0
    for label, value in (
        ("Invoice number", BILL.number),
        ("Invoice date", "18 February 2026"),
        ("Due date", "4 March 2026"),
        ("Currency", "AUD"),
    ):
        pen.text(345, y, label, 11, "Helvetica-Bold")
        pen.text(545, y, value, 11, align="right")
        pen.rule(345, y + 6, 545, "#b7c8cd", 0.7)
        y += 21


def page() -> bytes:
    pen = Pen(f"Tax invoice {BILL.number}", BILL.vendor)
    _head(pen)
    columns = [
        Column("Description", 60, 252),
        Column("Qty", 324, 36, "right"),
        Column("Unit price", 374, 68, "right"),
        Column("Amount", 456, 81, "right"),
    ]
    rows = [
        [item.description, plain(item.quantity), english(item.unit_price, "$"), english(item.amount, "$")]
        for item in BILL.items
    ]
    look = Look(size=11, leading=14, pad=7.5, head_fill="#d8e9ee", head_ink=SEA, row_rule="#b7c8cd", inset=8)
    y = table(pen, 282, columns, rows, look) + 30
    for label, value in (("Subtotal", BILL.subtotal), ("GST 10%", BILL.tax)):
        pen.text(442, y, label, 12, align="right")
        pen.text(537, y, english(value, "$"), 12, align="right")
        y += 21
    pen.box(318, y - 8, 227, 30, fill="#d8e9ee")
    pen.text(442, y + 12, "Total AUD", 13, "Helvetica-Bold", SEA, "right")
    pen.text(537, y + 12, english(BILL.total, "$"), 13, "Helvetica-Bold", SEA, "right")
    pen.text(52, y + 80, "How to pay", 11, "Helvetica-Bold", SEA)
    pen.lines(
        52,
        y + 97,
        ["Mangrove Coast Example Bank", "BSB 999-417   Account 0074 2618", f"Reference {BILL.number}"],
        15,
        size=10.5,
    )
    pen.text(
        298,
        790,
        "Boards lost or broken are charged at replacement cost. See you in the water!",
        9.5,
        color=GREY,
        align="center",
    )
    return pen.pdf()


def draw() -> bytes:
    (one,) = render(page(), DPI, color=True)
    return webp(scanned(one, 742, -0.8, noise=0.016, dust=45), 62)


SAMPLE = Sample("scan-invoice-saltmarsh.webp", "invoice", "scan", BILL.fields(), draw)
