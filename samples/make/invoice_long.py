"""An Irish builders' merchant: 36 lines over two pages, carried forward and brought forward."""

from datetime import date
from decimal import Decimal

from samples.make.model import Bill, Item, Sample, iban, items, plain
from samples.make.page import GREY, Column, Look, Pen, english, table

BRICK, SLATE = "#a63d20", "#2f3b45"
FIRST_PAGE = 26

BILL = Bill(
    vendor="Dunmarrow Builders Providers Ltd",
    number="INV/0064218",
    issued=date(2026, 9, 4),
    due=date(2026, 10, 31),
    currency="EUR",
    items=items(
        ("Cement, general purpose, 25 kg bag", "40", "7.45", "CEM025"),
        ("Washed sand, bulk bag", "4", "62.00", "AGG110"),
        ("Pea gravel 10 mm, bulk bag", "2", "64.50", "AGG122"),
        ("Concrete block, solid, 100 mm", "480", "0.92", "BLK100"),
        ("Facing brick, Old Mill red", "1250", "0.78", "BRK207"),
        ("Lintel, prestressed, 1500 mm", "6", "18.60", "LIN150"),
        ("Lintel, prestressed, 2100 mm", "2", "27.35", "LIN210"),
        ("Wall ties, stainless, 225 mm, box of 250", "3", "41.90", "TIE225"),
        ("DPC, polythene, 450 mm x 30 m", "4", "13.75", "DPC450"),
        ("Radon barrier, 4 m x 12.5 m", "2", "118.00", "RAD400"),
        ("Cavity insulation board, 100 mm, pack of 6", "22", "52.40", "INS100"),
        ("Floor insulation board, 120 mm, pack of 4", "12", "61.15", "INS120"),
        ("Timber, C16, 44 x 225 mm, 4.8 m", "36", "24.80", "TIM225"),
        ("Timber, C16, 44 x 100 mm, 4.8 m", "54", "10.95", "TIM100"),
        ("Roofing batten, treated, 35 x 50 mm, 4.8 m", "110", "4.85", "TIM035"),
        ("OSB 3 board, 18 mm, 2440 x 1220 mm", "26", "24.10", "OSB018"),
        ("Plywood, structural, 12 mm", "14", "33.70", "PLY012"),
        ("Roof slate, fibre cement, 600 x 300 mm", "640", "1.68", "SLA600"),
        ("Ridge tile, angled, blue-black", "34", "9.20", "RDG034"),
        ("Breather membrane, 1.5 m x 50 m", "3", "94.00", "MEM150"),
        ("Lead flashing, code 4, 300 mm x 6 m", "2", "132.50", "LED300"),
        ("Gutter, half round, black, 4 m", "9", "11.30", "GUT400"),
        ("Gutter bracket, half round, black", "45", "1.35", "GUT045"),
        ("Downpipe, 68 mm, black, 4 m", "6", "12.45", "DWN068"),
        ("Soil pipe, 110 mm, grey, 3 m", "8", "14.90", "SOL110"),
        ("Access junction, 110 mm", "3", "26.75", "SOL130"),
        ("Plasterboard, 12.5 mm, 2400 x 1200 mm", "64", "11.60", "PLB125"),
        ("Insulated plasterboard, 52.5 mm", "28", "38.95", "PLB525"),
        ("Skim finish plaster, 25 kg", "30", "12.20", "PLA025"),
        ("Scrim tape, 50 mm x 90 m", "12", "3.40", "TAP050"),
        ("Drywall screw, 38 mm, box of 1000", "10", "9.85", "SCR038"),
        ("Joist hanger, 44 mm, galvanised", "72", "2.15", "HNG044"),
        ("Nails, galvanised, 75 mm, 2.5 kg", "8", "13.10", "NAI075"),
        ("Silicone sealant, clear, 310 ml", "18", "5.95", "SIL310"),
        ("Window board, MDF, 25 x 244 mm, 3.66 m", "7", "29.40", "WBD244"),
        ("Pallet return, credit", "11", "-15.00", "PALCR"),
        rate="23",
    ),
)

COLUMNS = [
    Column("Code", 46, 48),
    Column("Description", 104, 224),
    Column("Qty", 336, 44, "right"),
    Column("Price", 390, 46, "right"),
    Column("VAT", 446, 30, "right"),
    Column("Amount", 486, 63, "right"),
]
LOOK = Look(
    "Vera", "Vera-Bold", 7.8, 10, 4.1, head_fill=SLATE, head_ink="#ffffff", row_rule="#d8dbde", inset=4
)


def _row(item: Item) -> list[str]:
    return [
        item.code,
        item.description,
        f"{item.quantity:,}",
        english(item.unit_price),
        f"{plain(item.rate)}%",
        english(item.amount),
    ]


def _logo(pen: Pen, x: float, y: float) -> None:
    for row in range(4):
        shift = 0 if row % 2 else -9
        for column in range(3):
            left = max(x, x + shift + column * 18)
            right = min(x + 45, x + shift + column * 18 + 16.5)
            if right > left:
                pen.box(left, y + row * 9.5, right - left, 8, fill=BRICK)
    pen.text(x + 56, y + 19, "DUNMARROW", 19, "Vera-Bold", SLATE)
    pen.text(x + 57, y + 34, "Builders Providers", 11, "Vera", BRICK)


def _head(pen: Pen, page: int) -> float:
    _logo(pen, 42, 36)
    pen.text(553, 52, "INVOICE", 17, "Vera-Bold", SLATE, "right")
    pen.text(553, 67, f"Page {page} of 2", 8, "Vera", GREY, "right")
    if page == 2:
        pen.text(
            42,
            96,
            f"Invoice {BILL.number}   Date {BILL.issued.strftime('%d/%m/%Y')}   Account MULC02",
            8,
            "Vera",
        )
        return 108
    pen.lines(
        42,
        96,
        [
            BILL.vendor,
            "Quarry Road Industrial Estate, Dunmarrow, Co. Example",
            "Tel 020 913 0417",
            "sales@dunmarrow.example",
        ],
        11.5,
        size=8,
        font="Vera",
    )
    pen.box(42, 150, 244, 76, stroke="#b9bec4", radius=3)
    pen.text(52, 165, "Invoice to", 7.5, "Vera-Bold", BRICK)
    pen.lines(
        52,
        179,
        ["Mulcarrick Construction Ltd", "Site office, Saint Finbar's Row", "Ballyexample", "Co. Example"],
        12,
        size=8.6,
        font="Vera",
    )
    y = 162.0
    for label, value in (
        ("Invoice No.", BILL.number),
        ("Invoice Date", BILL.issued.strftime("%d/%m/%Y")),
        ("Due Date", "31/10/2026"),
        ("Account", "MULC02"),
        ("Delivery docket", "D 771305"),
    ):
        pen.text(336, y, label, 8.3, "Vera", GREY)
        pen.text(553, y, value, 8.3, "Vera-Bold", align="right")
        y += 14.5
    return 240


def _carried(pen: Pen, y: float, label: str, value: Decimal) -> float:
    pen.box(42, y, 511, 17, fill="#eef0f2")
    pen.text(436, y + 11.5, label, 7.8, "Vera-Italic", align="right")
    pen.text(549, y + 11.5, english(value), 7.8, "Vera-Italic", align="right")
    return y + 17


def _foot(pen: Pen) -> None:
    pen.rule(42, 792, 553, BRICK, 1.2)
    pen.text(
        42,
        804,
        "Registered in Ireland no. 999417 · VAT no. IE 9994173X · Directors: P. Mulqueeney, A. Rothmoyne",
        6.8,
        "Vera",
        GREY,
    )
    account = iban("IE", "XMPL99041731926819")
    pen.text(42, 815, f"Bank of Inishfiction · IBAN {account} · BIC XMPLIE2DXXX", 6.8, "Vera", GREY)


def _totals(pen: Pen, y: float) -> float:
    pen.text(46, y + 16, "VAT analysis", 8, "Vera-Bold", BRICK)
    (rate, (base, tax)), *_ = BILL.taxes().items()
    pen.text(46, y + 31, f"{plain(rate)}% on {english(base, '€')} = {english(tax, '€')}", 8, "Vera")
    for label, value in (("Goods total", BILL.subtotal), ("VAT 23%", BILL.tax)):
        pen.text(436, y + 16, label, 9, "Vera", align="right")
        pen.text(549, y + 16, english(value, "€"), 9, "Vera", align="right")
        y += 16
    pen.rule(336, y + 7, 553, SLATE, 1.2)
    pen.text(436, y + 23, "Invoice total", 10, "Vera-Bold", align="right")
    pen.text(549, y + 23, english(BILL.total, "€"), 10.5, "Vera-Bold", BRICK, "right")
    pen.rule(336, y + 31, 553, SLATE, 1.2)
    return y + 56


def draw() -> bytes:
    pen = Pen(f"Invoice {BILL.number}", BILL.vendor)
    first, second = BILL.items[:FIRST_PAGE], BILL.items[FIRST_PAGE:]
    carried = sum((item.amount for item in first), Decimal(0))
    y = table(pen, _head(pen, 1), COLUMNS, [_row(item) for item in first], LOOK)
    _carried(pen, y, "Carried forward", carried)
    _foot(pen)
    pen.next_page()
    y = _carried(pen, _head(pen, 2), "Brought forward", carried)
    y = table(pen, y, COLUMNS, [_row(item) for item in second], LOOK)
    y = _totals(pen, y + 8)
    pen.paragraph(
        42,
        y + 20,
        "Terms: end of month following. Claims for shortage or damage within 48 hours of delivery, "
        "quoting the "
        "docket number. Title to the goods passes on payment in full. Pallets are charged at €15.00 and "
        "credited "
        "on return in good order.",
        511,
        7.8,
        11,
        font="Vera",
        color=GREY,
    )
    _foot(pen)
    return pen.pdf()


SAMPLE = Sample("invoice-ie-dunmarrow-two-pages.pdf", "invoice", "digital", BILL.fields(), draw)
