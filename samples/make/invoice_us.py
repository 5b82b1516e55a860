"""A US invoice on Letter paper: serif type, a full grid, sales tax, a slip to tear off."""

from datetime import date
from decimal import Decimal

from reportlab.lib.pagesizes import LETTER

from samples.make.model import Bill, Item, Sample, plain
from samples.make.page import GREY, Column, Look, Pen, english, table

NIGHT, LAMP = "#23283f", "#c65d2e"
RATE = Decimal("8.25")


def _item(description: str, quantity: str, price: str) -> Item:
    return Item(description, Decimal(quantity), Decimal(price), RATE)


BILL = Bill(
    vendor="Prairie Lantern Signworks, LLC",
    number="10583",
    issued=date(2026, 3, 27),
    due=date(2026, 4, 26),
    currency="USD",
    items=(
        _item("Storefront channel letters, 18 in., LED lit, white", "14", "186.50"),
        _item("Raceway mounting kit, painted to match facade", "2", "245.00"),
        _item("Blade sign, double sided, 24 x 36 in., aluminum composite", "1", "912.75"),
        _item("Window vinyl, per square foot, installed", "62.5", "14.20"),
        _item("Power supply, 60 W, UL listed", "4", "58.95"),
        _item("Wayfinding plaque, brushed brass, engraved", "9", "74.00"),
    ),
)


def _logo(pen: Pen, x: float, y: float) -> None:
    pen.shape([(x + 8, y + 12), (x + 32, y + 12), (x + 36, y + 44), (x + 4, y + 44)], fill=NIGHT)
    pen.shape([(x + 4, y + 12), (x + 20, y), (x + 36, y + 12)], fill=NIGHT)
    pen.box(x + 2, y + 45, 36, 4, fill=NIGHT)
    pen.shape([(x + 12, y + 16), (x + 28, y + 16), (x + 30, y + 41), (x + 10, y + 41)], fill="#fff3dc")
    flame = [(x + 20, y + 20), (x + 30, y + 29, x + 27, y + 38, x + 20, y + 38)]
    pen.shape([*flame, (x + 13, y + 38, x + 10, y + 29, x + 20, y + 20)], fill=LAMP)


def _head(pen: Pen) -> None:
    _logo(pen, 46, 40)
    pen.text(98, 62, "Prairie Lantern", 24, "Times-Bold", NIGHT)
    pen.text(98, 79, "S I G N W O R K S", 10, "Times-Roman", LAMP)
    pen.lines(
        566,
        48,
        [BILL.vendor, "4100 Cottonwood Avenue, Suite 9", "Amarillo, TX 79100", "(806) 555-0142"],
        12,
        size=9.5,
        font="Times-Roman",
        align="right",
    )
    pen.text(566, 96, "billing@prairielantern.example", 9.5, "Times-Italic", LAMP, "right")
    pen.rule(46, 110, 566, NIGHT, 1.4)
    pen.rule(46, 113, 566, NIGHT, 0.4)
    pen.text(306, 138, "INVOICE", 17, "Times-Bold", NIGHT, "center", tracking=5)

    for x, title, rows in (
        (
            46,
            "BILL TO",
            [
                "Juniper & Slate Outfitters, Inc.",
                "Attn: Accounts Payable",
                "220 Mesa Street",
                "Lubbock, TX 79400",
            ],
        ),
        (214, "INSTALL AT", ["Juniper & Slate, Store 3", "Polk Street Plaza, Unit 12", "Amarillo, TX 79101"]),
    ):
        pen.text(x, 168, title, 8.5, "Times-Bold", LAMP, tracking=1)
        pen.lines(x, 182, rows, 12.5, size=10, font="Times-Roman")
    columns = [
        Column("Invoice #", 376, 54, "center"),
        Column("Date", 442, 54, "center"),
        Column("Due date", 508, 52, "center"),
    ]
    assert BILL.due is not None
    cells = [BILL.number, BILL.issued.strftime("%m/%d/%Y"), BILL.due.strftime("%m/%d/%Y")]
    look = Look("Times-Roman", "Times-Bold", 9.5, 11, 5, head_fill="#e8e4da", grid=NIGHT, inset=6)
    y = table(pen, 160, columns, [cells], look)
    columns = [Column("P.O. number", 376, 87, "center"), Column("Terms", 475, 85, "center")]
    table(pen, y + 6, columns, [["JS-4471", "Net 30"]], look)


def _totals(pen: Pen, y: float) -> float:
    rows = (("Subtotal", BILL.subtotal), (f"Sales tax ({RATE}%)", BILL.tax), ("TOTAL DUE", BILL.total))
    for label, value in rows:
        last = label == "TOTAL DUE"
        pen.box(384, y, 182, 22, fill="#e8e4da" if last else None, stroke=NIGHT)
        font = "Times-Bold" if last else "Times-Roman"
        pen.text(392, y + 14.5, label, 10.5, font)
        pen.text(558, y + 14.5, english(value, "$"), 10.5, font, align="right")
        y += 22
    return y


def _slip(pen: Pen) -> None:
    pen.rule(30, 668, 582, GREY, 0.7, dash=(4, 3))
    pen.text(306, 664, "Please detach and return with your check", 7.5, "Times-Italic", GREY, "center")
    pen.text(46, 692, "REMIT TO", 8.5, "Times-Bold", LAMP, tracking=1)
    pen.lines(
        46, 706, [BILL.vendor, "P.O. Box 99017", "Amarillo, TX 79100"], 12.5, size=10, font="Times-Roman"
    )
    pen.text(230, 692, "ACH", 8.5, "Times-Bold", LAMP, tracking=1)
    pen.lines(
        230,
        706,
        ["Caprock Savings Example Bank", "Routing 999900417", "Account 4400719826"],
        12.5,
        size=10,
        font="Times-Roman",
    )
    for y, label, value in ((700, "Invoice #", BILL.number), (720, "Amount due", english(BILL.total, "$"))):
        pen.text(470, y, label, 10, "Times-Roman", align="right")
        pen.text(566, y, value, 10, "Times-Bold", align="right")
    pen.text(470, 742, "Amount enclosed", 10, "Times-Roman", align="right")
    pen.text(482, 742, "$", 10, "Times-Roman")
    pen.rule(490, 744, 566, NIGHT, 0.6)


def draw() -> bytes:
    pen = Pen(f"Invoice {BILL.number}", BILL.vendor, LETTER)
    _head(pen)
    columns = [
        Column("Qty", 52, 36, "center"),
        Column("Description", 102, 276),
        Column("Rate", 392, 70, "right"),
        Column("Amount", 476, 84, "right"),
    ]
    rows = [
        [plain(item.quantity), item.description, english(item.unit_price), english(item.amount)]
        for item in BILL.items
    ]
    look = Look("Times-Roman", "Times-Bold", 10.5, 13, 6, head_fill=NIGHT, head_ink="#ffffff", grid=NIGHT)
    y = table(pen, 258, columns, rows, look)
    bottom = _totals(pen, y + 8)
    pen.text(46, y + 28, "Thank you for lighting up with us.", 11, "Times-Italic", LAMP)
    pen.paragraph(
        46,
        y + 46,
        "A finance charge of 1.5% per month applies to balances past due. Five-year warranty on LED modules; "
        "see the service card left on site. Texas sales tax permit on file.",
        310,
        9,
        font="Times-Roman",
        color=GREY,
    )
    assert bottom < 640
    _slip(pen)
    return pen.pdf()


SAMPLE = Sample("invoice-us-prairie-lantern.pdf", "invoice", "digital", BILL.fields(), draw)
