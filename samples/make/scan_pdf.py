"""A plumber's invoice, stamped on arrival and scanned in grey: a JPEG in a PDF."""

from datetime import date

from reportlab.lib.colors import HexColor

from samples.make.imaging import jpeg, pdf_of_jpegs, render, scanned
from samples.make.model import Bill, Sample, iban, items, plain
from samples.make.page import Column, Look, Pen, english, table

DPI = 300
BLUE, STAMP = "#1f3a66", "#4b4f8f"

BILL = Bill(
    vendor="Millrace Plumbing & Heating Ltd",
    number="MR-5307",
    issued=date(2026, 4, 9),
    due=date(2026, 5, 9),
    currency="GBP",
    items=items(
        ("Call-out and fault finding, boiler room", "1", "85.00"),
        ("Circulating pump, 25-60, supplied", "2", "164.35"),
        ("Expansion vessel, 18 litre, supplied", "1", "58.90"),
        ("Isolating valves, 22 mm, brass", "6", "11.25"),
        ("Copper tube, 22 mm, per metre", "7.5", "9.80"),
        ("Labour, qualified engineer, hours", "9", "52.00"),
        ("Power flush and inhibitor", "1", "310.00"),
        rate="20",
    ),
)


def _logo(pen: Pen, x: float, y: float) -> None:
    pen.circle(x + 24, y + 24, 24, stroke=BLUE, line=3)
    drop = [(x + 24, y + 8), (x + 40, y + 26, x + 34, y + 39, x + 24, y + 39)]
    pen.shape([*drop, (x + 14, y + 39, x + 8, y + 26, x + 24, y + 8)], fill=BLUE)
    pen.shape(
        [(x + 19, y + 34), (x + 15, y + 31, x + 16, y + 26, x + 18, y + 24)],
        stroke="#ffffff",
        line=2,
        close=False,
    )


def _head(pen: Pen) -> None:
    _logo(pen, 56, 44)
    pen.text(116, 68, BILL.vendor, 17, "Helvetica-Bold", BLUE)
    pen.text(116, 86, "Boilers, bathrooms, repairs day and night", 9.5, "Helvetica", BLUE)
    pen.lines(
        545,
        56,
        ["14 Sluice Street, Halstow", "HX99 9ZZ", "01632 960 530", "office@millrace.example"],
        13,
        size=9.5,
        align="right",
    )
    pen.rule(56, 104, 545, BLUE, 0.9)
    pen.text(56, 142, "INVOICE", 20, "Helvetica-Bold")
    pen.text(56, 172, "To:", 10, "Helvetica-Bold")
    pen.lines(
        80, 172, ["Cobblegate Primary School", "The Bursar", "Cobble Lane", "Halstow HX99 8ZZ"], 14, size=10.5
    )
    y = 172.0
    for label, value in (
        ("Invoice No:", BILL.number),
        ("Date:", BILL.issued.strftime("%d/%m/%Y")),
        ("Due date:", "09/05/2026"),
        ("Job:", "Boiler room, 2-7 April"),
    ):
        pen.text(362, y, label, 10.5, "Helvetica-Bold")
        pen.text(434, y, value, 10.5)
        y += 17


def _stamp(pen: Pen) -> None:
    """RECEIVED, with the day the post came in: a date that is not the invoice's."""
    canvas = pen.canvas
    canvas.saveState()
    canvas.translate(156, pen.height - 574)
    canvas.rotate(7)
    canvas.setStrokeColor(HexColor(STAMP))
    canvas.setFillColor(HexColor(STAMP))
    canvas.setLineWidth(2.2)
    canvas.roundRect(-70, -26, 140, 52, 6, fill=0, stroke=1)
    canvas.setFont("Helvetica-Bold", 18)
    canvas.drawCentredString(0, 3, "RECEIVED")
    canvas.setFont("Helvetica-Bold", 11.5)
    canvas.drawCentredString(0, -16, "14 APR 2026")
    canvas.restoreState()


def page() -> bytes:
    pen = Pen(f"Invoice {BILL.number}", BILL.vendor)
    _head(pen)
    columns = [
        Column("Description", 62, 246),
        Column("Qty", 320, 38, "right"),
        Column("Unit price", 370, 70, "right"),
        Column("Amount", 452, 87, "right"),
    ]
    rows = [
        [item.description, plain(item.quantity), english(item.unit_price), english(item.amount)]
        for item in BILL.items
    ]
    look = Look(size=10.5, leading=13, pad=6.5, head_fill="#e3e6ec", grid="#50545c")
    y = table(pen, 262, columns, rows, look) + 24
    for label, value in (("Subtotal", BILL.subtotal), ("VAT @ 20%", BILL.tax), ("TOTAL", BILL.total)):
        font = "Helvetica-Bold" if label == "TOTAL" else "Helvetica"
        pen.text(440, y, label, 12, font, align="right")
        pen.text(539, y, english(value, "£"), 12, font, align="right")
        y += 20
    pen.rule(380, y - 34, 545, "#303338", 1)
    pen.rule(380, y - 13, 545, "#303338", 1.6)
    _stamp(pen)
    pen.lines(
        56,
        666,
        [
            "Payment within 30 days, please, quoting the invoice number.",
            "Weir & Lock Bank   Sort code 04-99-17   Account 53070417",
            f"IBAN {iban('GB', 'XMPL04991753070417')}",
        ],
        15,
        size=10,
    )
    pen.text(300, 796, "VAT Reg. No. GB 941 7352 60   Company No. 00941735", 9, align="center")
    for hole in (298, 525):  # of the file it was kept in
        pen.circle(20, hole, 8.5, fill="#77797c")
    return pen.pdf()


def draw() -> bytes:
    pages = [jpeg(scanned(one, 5307, 0.95), 50, DPI) for one in render(page(), DPI)]
    return pdf_of_jpegs(pages, DPI, "Scan 20260414")


SAMPLE = Sample("scan-invoice-millrace.pdf", "invoice", "scan", BILL.fields(), draw)
