"""Two receipts: a hardware shop's thermal print-out, scanned, and a café's, photographed on a table."""

from datetime import date
from decimal import Decimal
from typing import cast

from reportlab.graphics.barcode.code128 import Code128

from samples.make.camera import photo_file, photograph
from samples.make.imaging import png, render, thermal
from samples.make.model import Bill, Item, Sample, items, plain
from samples.make.page import Align, Pen, english

MM = 72 / 25.4
PAPER = 80 * MM
LEFT, RIGHT = 5 * MM, 75 * MM


def _item(description: str, quantity: str, price: str, rate: str, code: str = "") -> Item:
    return Item(description, Decimal(quantity), Decimal(price), Decimal(rate), code, bare=quantity == "1")


HARDWARE = Bill(
    vendor="FENNIMORE HARDWARE & GARDEN",
    number="004417-0263",
    issued=date(2026, 10, 24),
    currency="USD",
    items=(
        _item("PAINTERS TAPE 2IN", "3", "6.49", "7.5"),
        _item("EXT PRIMER WHT 1GAL", "1", "32.98", "7.5"),
        _item("ROLLER COVER 9IN 3PK", "2", "11.97", "7.5"),
        _item("DECK SCREW 2.5IN 5LB", "1", "34.50", "7.5"),
        _item("POTTING SOIL 2CUFT", "4", "13.29", "7.5"),
        _item("HOSE NOZZLE BRASS", "1", "12.99", "7.5"),
        _item("WORK GLOVES L", "1", "10.49", "7.5"),
    ),
)

CAFE = Bill(
    vendor="Marrow & Thyme",
    number="38214",
    issued=date(2026, 7, 25),
    currency="GBP",
    gross=True,
    items=items(
        ("Flat white", "2", "3.60"),
        ("Pot of tea", "1", "3.10"),
        ("Mushroom toast", "1", "9.50"),
        ("Ham & leek pie", "2", "11.75"),
        ("Side salad", "1", "4.25"),
        ("Lemon drizzle", "3", "3.80"),
        rate="20",
    ),
)


class Roll:
    """Lines printed down a strip of paper."""

    def __init__(self, pen: Pen, y: float, font: str, size: float, leading: float) -> None:
        self.pen, self.y, self.font, self.size, self.leading = pen, y, font, size, leading

    def middle(self, text: str, size: float = 0, font: str = "") -> None:
        size = size or self.size
        self.pen.text(PAPER / 2, self.y, text, size, font or self.font, "#000000", "center")
        self.y += self.leading * max(1, size / self.size)

    def sides(self, left: str, right: str, size: float = 0, font: str = "") -> None:
        size = size or self.size
        self.pen.text(LEFT, self.y, left, size, font or self.font, "#000000")
        self.pen.text(RIGHT, self.y, right, size, font or self.font, "#000000", "right")
        self.y += self.leading * max(1, size / self.size)

    def columns(self, quantity: str, text: str, price: str, amount: str) -> None:
        """Quantity, text, price of one and amount, on one line."""
        for x, cell, align in (
            (LEFT, quantity, "left"),
            (LEFT + 17, text, "left"),
            (RIGHT - 49, price, "right"),
        ):
            self.pen.text(x, self.y, cell, self.size, self.font, "#000000", cast(Align, align))
        self.pen.text(RIGHT, self.y, amount, self.size, self.font, "#000000", "right")
        self.y += self.leading

    def sum(self, label: str, amount: str, size: float = 0, font: str = "") -> None:
        """A figure with its label close by, both at the right."""
        size, font = size or self.size, font or self.font
        self.pen.text(RIGHT - 78, self.y, label, size, font, "#000000", "right")
        self.pen.text(RIGHT, self.y, amount, size, font, "#000000", "right")
        self.y += self.leading * max(1, size / self.size)

    def dashes(self) -> None:
        self.pen.rule(LEFT, self.y - self.size * 0.3, RIGHT, "#000000", 0.9, dash=(3, 2.4))
        self.y += self.leading

    def gap(self, lines: float = 0.5) -> None:
        self.y += self.leading * lines


def hardware_page() -> bytes:
    pen = Pen("Receipt", HARDWARE.vendor, (PAPER, 206 * MM))
    roll = Roll(pen, 36, "Courier-Bold", 12, 15.6)
    roll.middle("FENNIMORE", 27, "Helvetica-BoldOblique")
    roll.middle(HARDWARE.vendor)
    for text in ("2750 COUNTY ROAD 9", "FENNIMORE FALLS OH 44999", "(440) 555-0163"):
        roll.middle(text)
    roll.gap()
    roll.sides("10/24/2026", "02:41 PM")
    roll.sides("REG 04 CASHIER DEB", "STORE 17")
    roll.sides("RECEIPT", HARDWARE.number)
    roll.dashes()
    for item in HARDWARE.items:
        roll.sides(item.description, english(item.amount))
        if not item.bare:
            roll.sides(f"  {plain(item.quantity)} @ {english(item.unit_price)}", "")
    roll.dashes()
    roll.sides("SUBTOTAL", english(HARDWARE.subtotal))
    roll.sides("SALES TAX 7.5%", english(HARDWARE.tax))
    roll.gap(0.3)
    roll.sides("TOTAL", english(HARDWARE.total, "$"), 16)
    roll.gap(0.2)
    roll.sides("DEBIT **** 4417", english(HARDWARE.total))
    roll.sides("CHANGE", "0.00")
    roll.gap()
    roll.middle("RETURNS WITHIN 30 DAYS")
    roll.middle("WITH THIS RECEIPT")
    roll.gap(0.2)
    code = Code128(HARDWARE.number.replace("-", ""), barHeight=30, barWidth=1.15)
    code.drawOn(pen.canvas, (PAPER - code.width) / 2, pen.height - roll.y - 24)
    roll.y += 42
    roll.middle("THANK YOU, NEIGHBOR!")
    assert roll.y < pen.height
    return pen.pdf()


def cafe_page() -> bytes:
    pen = Pen("Receipt", CAFE.vendor, (PAPER, 150 * MM))
    x = PAPER / 2
    for side in (-1, 1):
        leaf = [(x, 36), (x + side * 4, 22, x + side * 16, 18, x + side * 22, 16)]
        pen.shape([*leaf, (x + side * 20, 28, x + side * 12, 36, x, 36)], fill="#000000")
    pen.rule(x, 18, x, "#000000", 1.6, to_y=40)
    roll = Roll(pen, 64, "Courier-Bold", 10.5, 14)
    roll.middle(CAFE.vendor, 20, "Times-Bold")
    roll.middle("Kitchen and coffee")
    roll.middle("31 Minster Row, Ely")
    roll.middle("01632 960 742")
    roll.middle("VAT No 974 2618 30")
    roll.gap()
    roll.sides("Date 25/07/2026", "11:36")
    roll.sides("Receipt no. 38214", "Tbl 7")
    roll.gap(0.7)
    for item in CAFE.items:
        roll.columns(plain(item.quantity), item.description, english(item.unit_price), english(item.amount))
    roll.gap(0.7)
    roll.sum("TOTAL", english(CAFE.total, "£"), 15, "Courier-Bold")
    roll.gap(0.2)
    roll.sum("Card", english(CAFE.total, "£"))
    roll.sum("Net", english(CAFE.subtotal, "£"))
    roll.sum("VAT 20%", english(CAFE.tax, "£"))
    roll.gap()
    roll.middle("Service not included")
    roll.middle("Thank you, come again!")
    assert roll.y < pen.height
    return pen.pdf()


def draw_hardware() -> bytes:
    (page,) = render(hardware_page(), 203)
    return png(thermal(page, 4417), 300)


def draw_cafe() -> bytes:
    (page,) = render(cafe_page(), 400)
    return photo_file(photograph(page, 38214), 84)


THERMAL = Sample("receipt-fennimore-thermal.png", "receipt", "scan", HARDWARE.fields(), draw_hardware)
PHOTO = Sample("receipt-marrow-thyme-photo.jpg", "receipt", "photo", CAFE.fields(), draw_cafe)
