"""An English invoice in pounds: colour band, striped table, a filled box for the total."""

from datetime import date

from samples.make.model import Bill, Sample, iban, items, plain
from samples.make.page import GREY, Column, Look, Pen, english, table

TEAL, PALE, DEEP = "#0f5c63", "#eef5f5", "#0a3f45"

BILL = Bill(
    vendor="Thistlewick Paper Company Ltd",
    number="TPC-20419",
    issued=date(2026, 3, 17),
    due=date(2026, 4, 16),
    currency="GBP",
    items=items(
        ("A4 copier paper 80 gsm, white, box of 5 reams", "24", "18.95"),
        ("A3 cartridge paper 130 gsm, 250 sheets", "6", "21.40"),
        ("Kraft envelopes C4, peel and seal, box of 250", "8", "32.75"),
        ("Lever arch files, cloth spine, assorted colours", "40", "2.85"),
        ("Letterhead printing, two colours, 120 gsm laid paper, cut to A4 and boxed in 500s", "3", "146.00"),
        ("Carriage, next working day", "1", "12.50"),
        rate="20",
    ),
)


def _logo(pen: Pen, x: float, y: float) -> None:
    """A thistle of strokes over a folded sheet."""
    pen.shape([(x, y), (x + 25, y), (x + 34, y + 9), (x + 34, y + 42), (x, y + 42)], fill="#ffffff")
    pen.shape([(x + 25, y), (x + 34, y + 9), (x + 25, y + 9)], fill="#b9d6d5")
    for dx in (-9, -5.5, -2, 2, 5.5, 9):
        pen.rule(x + 17, y + 20, x + 17 + dx, TEAL, 1.5, to_y=y + 10 + abs(dx) * 0.35)
    pen.circle(x + 17, y + 22, 5.2, fill=TEAL)
    pen.rule(x + 17, y + 25, x + 17, TEAL, 1.5, to_y=y + 38)
    pen.shape([(x + 17, y + 35), (x + 10, y + 34, x + 9, y + 31, x + 8, y + 28)], stroke=TEAL, close=False)


def _head(pen: Pen) -> None:
    pen.box(0, 0, pen.width, 92, fill=TEAL)
    pen.box(0, 92, pen.width, 4, fill="#d9a441")
    _logo(pen, 42, 24)
    pen.text(90, 46, "Thistlewick", 22, "Times-Bold", "#ffffff")
    pen.text(90, 63, "PAPER COMPANY", 8.5, "Helvetica", "#cfe3e2", tracking=2.2)
    pen.text(553, 56, "INVOICE", 25, "Helvetica-Bold", "#ffffff", "right", tracking=1.5)

    pen.text(42, 126, "Invoice to", 8, "Helvetica-Bold", TEAL)
    pen.text(42, 141, "Orla Penhallow Architects LLP", 10, "Helvetica-Bold")
    pen.lines(42, 155, ["Accounts Department", "3 Weavers' Yard", "Norwich", "NR3 9ZZ"], 12.5, size=9)

    pen.text(232, 126, "From", 8, "Helvetica-Bold", TEAL)
    pen.text(232, 141, BILL.vendor, 9.5, "Helvetica-Bold")
    pen.lines(
        232,
        155,
        ["Unit 7, Mill Lane Works", "Wymondham, NR18 9ZZ", "01632 960 417", "accounts@thistlewick.example"],
        12.5,
        size=9,
    )

    y = 126.0
    for label, value in (
        ("Invoice number", BILL.number),
        ("Invoice date", f"{BILL.issued.day} March 2026"),
        ("Payment due", "16 April 2026"),
        ("Customer account", "ORL004"),
        ("Your order", "PO 88172"),
    ):
        pen.text(478, y, label, 8.5, color=GREY, align="right")
        pen.text(553, y, value, 8.5, "Helvetica-Bold", align="right")
        y += 14.5


def _totals(pen: Pen, y: float) -> float:
    for label, value in (("Subtotal", BILL.subtotal), ("VAT at 20%", BILL.tax)):
        pen.text(455, y, label, 9.5, color=GREY, align="right")
        pen.text(545, y, english(value, "£"), 9.5, align="right")
        y += 17
    pen.box(340, y - 7, 213, 28, fill=TEAL)
    pen.text(352, y + 11.5, "Total due", 11, "Helvetica-Bold", "#ffffff")
    pen.text(545, y + 11.5, english(BILL.total, "£"), 13, "Helvetica-Bold", "#ffffff", "right")
    return y + 40


def _foot(pen: Pen) -> None:
    pen.rule(42, 724, 553, TEAL, 1)
    account = iban("GB", "XMPL04990431926819")
    for x, title, rows in (
        (42, "Pay by bank transfer", ["Tamar & Yare Bank plc", "Sort code 04-99-04", "Account 31926819"]),
        (210, "From abroad", [f"IBAN {account}", "BIC XMPLGB2LXXX", f"Reference {BILL.number}"]),
        (412, "Company", ["Registered in England 00918273", "VAT no. GB 918 2736 45", "thistlewick.example"]),
    ):
        pen.text(x, 741, title, 8, "Helvetica-Bold", TEAL)
        pen.lines(x, 754, rows, 11.5, size=8, color=DEEP)
    pen.text(297, 812, "Recycled papers are marked on the delivery note.", 7, color=GREY, align="center")


def draw() -> bytes:
    pen = Pen(f"Invoice {BILL.number}", BILL.vendor)
    _head(pen)
    columns = [
        Column("Description", 50, 278),
        Column("Qty", 340, 40, "right"),
        Column("Unit price", 394, 62, "right"),
        Column("Amount", 470, 75, "right"),
    ]
    rows = [
        [item.description, plain(item.quantity), english(item.unit_price, "£"), english(item.amount, "£")]
        for item in BILL.items
    ]
    look = Look(pad=6.5, head_fill=DEEP, head_ink="#ffffff", zebra=PALE, size=9.3, inset=8)
    y = table(pen, 232, columns, rows, look)
    pen.rule(42, y, 553, TEAL, 1)
    y = _totals(pen, y + 24)
    pen.text(42, y + 14, "Terms", 8.5, "Helvetica-Bold", TEAL)
    pen.paragraph(
        42,
        y + 28,
        "Payment within 30 days of the invoice date. Goods remain our property until paid in full. "
        "We may charge interest on late payment at 8% a year above the Bank of England base rate. "
        "Please report shortages within three working days of delivery.",
        330,
        8.5,
        color=GREY,
    )
    _foot(pen)
    return pen.pdf()


SAMPLE = Sample("invoice-gb-thistlewick.pdf", "invoice", "digital", BILL.fields(), draw)
