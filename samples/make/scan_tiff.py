"""A joinery's two-page invoice without any rules in its table, scanned into one TIFF."""

from datetime import date

from samples.make.imaging import render, scanned, tiff
from samples.make.model import Bill, Item, Sample, iban, items, plain
from samples.make.page import Column, Look, Pen, english, table

DPI = 300
FIRST_PAGE = 12

BILL = Bill(
    vendor="Kestrel Lane Joinery",
    number="2026/118",
    issued=date(2026, 7, 13),
    due=date(2026, 8, 12),
    currency="GBP",
    items=items(
        ("Survey and setting out", "1", "140.00"),
        ("Oak stair treads, 32 mm, made to template", "14", "68.50"),
        ("Oak risers, 15 mm", "14", "31.20"),
        ("Newel posts, turned, oak", "3", "124.00"),
        ("Handrail, oak, per metre", "8.5", "47.60"),
        ("Spindles, square, 41 mm", "52", "8.75"),
        ("Base rail and fillets, set", "2", "56.00"),
        ("Landing boards, engineered oak, per square metre", "6.5", "72.40"),
        ("Skirting, 169 mm, primed, per metre", "24", "6.30"),
        ("Architrave, 69 mm, primed, set", "4", "28.90"),
        ("Fire door FD30, oak veneer", "3", "189.00"),
        ("Hinges, stainless, grade 13, pair", "5", "14.60"),
        ("Door closers, overhead", "3", "62.25"),
        ("Ironmongery, satin brass, set", "3", "44.80"),
        ("Hardwax oil, two coats, per square metre", "21", "9.40"),
        ("Joiner on site, days", "6", "235.00"),
        ("Removal of the old staircase", "1", "260.00"),
        ("Waste disposal, 4 yard skip", "1", "195.00"),
        rate="20",
    ),
)

COLUMNS = [
    Column("Item", 62, 270),
    Column("Quantity", 340, 52, "right"),
    Column("Price", 404, 60, "right"),
    Column("Total", 474, 66, "right"),
]
LOOK = Look("Times-Roman", "Times-Bold", 12, 15, 5, head_rule="#202020", inset=2)


def _rows(some: tuple[Item, ...]) -> list[list[str]]:
    return [
        [item.description, plain(item.quantity), english(item.unit_price), english(item.amount)]
        for item in some
    ]


def _logo(pen: Pen, x: float, y: float) -> None:
    """A kestrel: two wings and a fanned tail."""
    pen.shape(
        [
            (x, y + 6),
            (x + 16, y + 2, x + 24, y + 8, x + 28, y + 20),
            (x + 20, y + 14, x + 10, y + 10, x, y + 6),
        ],
        fill="#222222",
    )
    pen.shape(
        [
            (x + 56, y),
            (x + 40, y + 2, x + 32, y + 8, x + 28, y + 20),
            (x + 38, y + 12, x + 46, y + 8, x + 56, y),
        ],
        fill="#222222",
    )
    pen.shape(
        [
            (x + 28, y + 14),
            (x + 34, y + 26),
            (x + 40, y + 40),
            (x + 28, y + 36),
            (x + 18, y + 40),
            (x + 23, y + 26),
        ],
        fill="#222222",
    )


def page() -> bytes:
    pen = Pen(f"Invoice {BILL.number}", BILL.vendor)
    _logo(pen, 270, 40)
    pen.text(298, 106, "Kestrel Lane Joinery", 24, "Times-Bold", align="center")
    pen.text(298, 124, "Staircases, doors and fine fitting", 12, "Times-Italic", align="center")
    pen.text(
        298,
        142,
        "The Old Forge, Kestrel Lane, Ambleford AB99 9ZZ   01632 960 118",
        10.5,
        "Times-Roman",
        align="center",
    )
    pen.rule(60, 154, 542, "#202020", 1)
    pen.lines(
        60,
        184,
        ["Mr and Mrs D. Abernethy-Cole", "Rookery House", "Ambleford", "AB99 8ZZ"],
        15,
        size=12,
        font="Times-Roman",
    )
    y = 184.0
    for label, value in (
        ("Invoice number", BILL.number),
        ("Invoice date", "13 July 2026"),
        ("Please pay by", "12 August 2026"),
    ):
        pen.text(352, y, label, 12, "Times-Bold")
        pen.text(542, y, value, 12, "Times-Roman", align="right")
        y += 17
    pen.text(60, 276, "Staircase and landing at Rookery House, as quoted on 2 June.", 12, "Times-Italic")
    table(pen, 294, COLUMNS, _rows(BILL.items[:FIRST_PAGE]), LOOK)
    pen.text(298, 800, "Page 1 of 2, continued overleaf", 10.5, "Times-Roman", align="center")
    pen.next_page()

    pen.text(60, 70, f"Kestrel Lane Joinery   Invoice {BILL.number}", 12, "Times-Bold")
    pen.text(542, 70, "Page 2 of 2", 11, "Times-Roman", align="right")
    pen.rule(60, 80, 542, "#202020", 1)
    y = table(pen, 92, COLUMNS, _rows(BILL.items[FIRST_PAGE:]), LOOK) + 30
    pen.rule(340, y - 20, 542, "#202020", 0.8)
    for label, amount in (("Net total", BILL.subtotal), ("VAT 20%", BILL.tax), ("Amount due", BILL.total)):
        font = "Times-Bold" if label == "Amount due" else "Times-Roman"
        pen.text(352, y, label, 13, font)
        pen.text(540, y, english(amount, "£"), 13, font, align="right")
        y += 21
    pen.rule(340, y - 12, 542, "#202020", 1.6)
    y = pen.paragraph(
        60,
        y + 34,
        "Thank you for your custom. All timber comes from certified woods; please let it settle for a "
        "fortnight before "
        "laying carpet. Our work is guaranteed for five years.",
        480,
        12,
        16,
        font="Times-Roman",
    )
    pen.lines(
        60,
        y + 16,
        [
            "Bank: Fells & Dales Example Bank",
            f"IBAN: {iban('GB', 'XMPL04992811820264')}",
            "VAT registration: GB 928 1182 60",
        ],
        16,
        size=12,
        font="Times-Roman",
    )
    return pen.pdf()


def draw() -> bytes:
    pages = [
        scanned(one, 1180 + at, skew)
        for at, (one, skew) in enumerate(zip(render(page(), DPI), (-0.9, 0.7), strict=True))
    ]
    return tiff(pages, 40, DPI)


SAMPLE = Sample("scan-invoice-kestrel-lane.tif", "invoice", "scan", BILL.fields(), draw)
