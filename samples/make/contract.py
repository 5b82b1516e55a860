"""A one-page services agreement, signed by both sides."""

from samples.make.model import Sample
from samples.make.page import GREY, INK, Pen

VENDOR = "Corvane Ledger Services Ltd"
CLIENT = "Halloway Pottery Works Ltd"

CLAUSES = (
    (
        "Services",
        "The Provider shall keep the Client's purchase and sales ledgers, reconcile its bank accounts "
        "monthly, "
        "prepare quarterly VAT returns and answer the Client's questions on them within two working days.",
    ),
    (
        "Term",
        "This Agreement starts on 1 May 2026 and runs for twelve months. It then renews month by month until "
        "either party ends it by sixty days' notice in writing.",
    ),
    (
        "Fees",
        "The Client shall pay a fixed fee of £1,450.00 per month, plus VAT, within 30 days of the date of "
        "each "
        "invoice. Work outside clause 1 is charged at £68.00 per hour and only after written approval.",
    ),
    (
        "Client's duties",
        "The Client shall supply complete records by the fifth working day of each month and shall give the "
        "Provider read-only access to its bank statements.",
    ),
    (
        "Confidentiality",
        "Each party shall keep the other's information confidential, use it only for this Agreement, and "
        "return "
        "or destroy it at the end of the term. This clause survives termination for five years.",
    ),
    (
        "Data protection",
        "The Provider processes personal data solely on the Client's documented instructions and in "
        "accordance "
        "with the UK GDPR. The schedule of processing is kept with this Agreement.",
    ),
    (
        "Liability",
        "Except for fraud, death or personal injury, each party's total liability in any twelve months is "
        "limited "
        "to £35,000.00. Neither party is liable for loss of profit.",
    ),
    (
        "Termination",
        "Either party may terminate at once by notice if the other commits a material breach and does not "
        "remedy "
        "it within fourteen days, or becomes insolvent.",
    ),
    (
        "Governing law",
        "This Agreement is governed by the law of England and Wales, whose courts have exclusive "
        "jurisdiction.",
    ),
)

FIELDS = {"vendor": VENDOR, "date": "2026-04-21", "currency": "GBP", "lineItems": []}


def _signature(pen: Pen, x: float, y: float, turns: tuple[tuple[float, ...], ...]) -> None:
    points: list[tuple[float, ...]] = [(x, y)]
    points += [tuple(value + (x if at % 2 == 0 else y) for at, value in enumerate(turn)) for turn in turns]
    pen.shape(points, stroke="#1c2f6b", line=1.1, close=False)


def _parties(pen: Pen) -> None:
    pen.text(297.5, 76, "SERVICES AGREEMENT", 17, "Times-Bold", align="center", tracking=1.5)
    pen.rule(225, 85, 370, INK, 0.8)
    pen.text(297.5, 104, "dated 21 April 2026", 11, "Times-Italic", align="center")
    y = 132.0
    for party in (
        f"(1)  {VENDOR}, registered in England under number 00999417, of 12 Tannery Court, "
        "Shrewsbury SY9 9ZZ (the “Provider”); and",
        f"(2)  {CLIENT}, registered in England under number 00999352, of The Old Kiln, "
        "Stoke Lane, Ludlow SY9 8ZZ (the “Client”).",
    ):
        y = pen.paragraph(72, y, party, 451, 10, 13, font="Times-Roman") + 3
    pen.text(72, y + 8, "The parties agree as follows.", 10, "Times-Roman")


def draw() -> bytes:
    pen = Pen("Services Agreement", VENDOR)
    _parties(pen)
    y = 224.0
    for at, (title, body) in enumerate(CLAUSES, 1):
        pen.text(72, y, f"{at}.", 10, "Times-Bold")
        pen.text(94, y, title, 10, "Times-Bold")
        y = pen.paragraph(94, y + 13, body, 429, 10, 12.4, font="Times-Roman") + 10
    assert y < 670
    pen.text(
        72, 680, "Signed by the parties' authorised representatives on the date above.", 10, "Times-Roman"
    )
    for x, party, name, role in (
        (72, VENDOR, "Maud Ellery-Stroud", "Director"),
        (310, CLIENT, "Tobias Wrenfield", "Managing Director"),
    ):
        pen.text(x, 700, f"For {party}", 10, "Times-Bold")
        pen.rule(x, 752, x + 200, INK, 0.7)
        pen.text(x, 765, name, 10, "Times-Roman")
        pen.text(x, 777, role, 9, "Times-Italic", GREY)
    _signature(
        pen,
        84,
        744,
        (
            (6, -30, 14, -40, 16, -8),
            (18, -34, 30, -36, 30, -6),
            (36, -22, 46, -20, 40, -6),
            (48, -14, 58, -16, 54, -4),
            (70, -30, 80, -26, 74, -4),
            (90, -16, 100, -10, 142, -14),
        ),
    )
    _signature(
        pen,
        322,
        742,
        (
            (20, -34, 50, -34, 66, -30),
            (30, -26, 30, -6, 26, 4),
            (44, -16, 54, -14, 48, -2),
            (58, -18, 68, -16, 66, -4),
            (72, -24, 86, -24, 78, 2),
            (92, -14, 120, -6, 156, -18),
        ),
    )
    pen.text(297.5, 812, "Page 1 of 1", 8, "Times-Roman", GREY, "center")
    return pen.pdf()


SAMPLE = Sample("contract-corvane-services-agreement.pdf", "contract", "digital", FIELDS, draw)
