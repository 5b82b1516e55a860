"""A German Rechnung after DIN 5008: address window, 7 % and 19 % tax, a payment QR code (EPC 069-12)."""

from datetime import date

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing

from samples.make.model import Bill, Sample, iban, items, plain
from samples.make.page import GREY, RULE, Column, Look, Pen, german, table

MOSS, OCHRE = "#4a5d23", "#b8862b"
IBAN = iban("DE", "999123450048172635")

BILL = Bill(
    vendor="Bergmoos Feinkost GmbH",
    number="RE-2026-00873",
    issued=date(2026, 5, 8),
    due=date(2026, 5, 22),
    currency="EUR",
    items=items(
        ("Bergkäse, 12 Monate gereift, je kg", "18.5", "21.90"),
        ("Waldblütenhonig, Glas 500 g", "48", "7.85"),
        ("Dinkelnudeln, Beutel 500 g", "60", "2.95"),
        ("Kürbiskernöl, Flasche 250 ml", "24", "9.40"),
        rate="7",
    )
    + items(
        ("Apfel-Quitten-Secco, Flasche 0,75 l", "36", "6.75"),
        ("Geschenkkarton „Bergwiese“ mit Sichtfenster", "30", "3.20"),
        ("Versand, gekühlt", "1", "24.90"),
        rate="19",
    ),
)


def _logo(pen: Pen, right: float, y: float) -> None:
    left = right - 54
    pen.shape([(left, y + 32), (left + 19, y + 4), (left + 38, y + 32)], fill=MOSS)
    pen.shape([(left + 22, y + 32), (left + 38, y + 12), (left + 54, y + 32)], fill="#7d9150")
    pen.shape(
        [(left + 13, y + 13), (left + 19, y + 4), (left + 25, y + 13), (left + 19, y + 10)], fill="#ffffff"
    )
    pen.circle(left + 43, y + 5, 5, fill=OCHRE)
    pen.text(left - 10, y + 20, "Bergmoos", 21, "Times-Bold", MOSS, "right")
    pen.text(left - 10, y + 33, "F E I N K O S T", 8, "Helvetica", OCHRE, "right")


def _head(pen: Pen) -> None:
    _logo(pen, 538, 40)
    for y in (297.6, 595.3):
        pen.rule(0, y, 14, "#9a9a9a", 0.5)
    pen.text(71, 141, "Bergmoos Feinkost GmbH · Talstraße 999 · 99999 Oberbeispiel", 6.8, color=GREY)
    pen.rule(71, 144, 283, RULE, 0.4)
    pen.lines(
        71,
        160,
        ["Hofladen Sonnenried", "Frau Ilse Quandtmeier", "Am Mühlbach 12 b", "99998 Musterried"],
        13.5,
        size=10.5,
    )
    y = 141.0
    for label, value in (
        ("Rechnungsnummer", BILL.number),
        ("Rechnungsdatum", BILL.issued.strftime("%d.%m.%Y")),
        ("Lieferdatum", "06.05.2026"),
        ("Kundennummer", "K-10457"),
        ("Ihr Zeichen", "IQ / Frühjahr"),
        ("Ansprechpartner", "Jost Wendelin"),
        ("Telefon", "030 23125 417"),
    ):
        pen.text(368, y, label, 8.8, color=GREY)
        pen.text(538, y, value, 8.8, align="right")
        y += 13.2
    pen.text(71, 282, f"Rechnung {BILL.number}", 15, "Helvetica-Bold", MOSS)
    pen.lines(
        71,
        304,
        ["Sehr geehrte Frau Quandtmeier,", "wir danken für Ihren Auftrag und berechnen Ihnen wie folgt:"],
        14,
        size=9.5,
    )


def _totals(pen: Pen, y: float) -> float:
    rows = [("Zwischensumme netto", BILL.subtotal, False)]
    for rate, (base, tax) in BILL.taxes().items():
        rows.append((f"zzgl. {rate} % MwSt. auf {german(base, '€')}", tax, False))
    rows += [("MwSt. gesamt", BILL.tax, False), ("Gesamtbetrag", BILL.total, True)]
    for label, value, strong in rows:
        if strong:
            pen.rule(316, y - 9, 538, MOSS, 1)
            y += 6
        font, size = ("Helvetica-Bold", 11.0) if strong else ("Helvetica", 9.2)
        pen.text(322, y, label, size, font)
        pen.text(532, y, german(value, "€"), size, font, align="right")
        y += 15.5
    pen.rule(316, y - 9, 538, MOSS, 1)
    pen.rule(316, y - 7, 538, MOSS, 0.4)
    return y + 14


def _girocode(pen: Pen, x: float, y: float, size: float) -> None:
    head = ["BCD", "002", "1", "SCT", "XMPLDEFFXXX", BILL.vendor, IBAN.replace(" ", "")]
    payload = "\n".join([*head, f"EUR{BILL.total}", "", "", BILL.number])
    code = QrCodeWidget(payload, barLevel="M", barBorder=0, barWidth=size, barHeight=size)
    drawing = Drawing(size, size)
    drawing.add(code)
    renderPDF.draw(drawing, pen.canvas, x, pen.height - y - size)
    pen.text(x + size / 2, y + size + 9, "Zahlen mit Code", 6.5, color=GREY, align="center")


def _foot(pen: Pen) -> None:
    pen.rule(71, 764, 538, MOSS, 0.8)
    for x, rows in (
        (71, ["Bergmoos Feinkost GmbH", "Talstraße 999", "99999 Oberbeispiel"]),
        (190, ["Tel. 030 23125 400", "post@bergmoos.example", "www.bergmoos.example"]),
        (301, ["Amtsgericht Oberbeispiel", "HRB 999417", "Geschäftsführung: Hanna Lütjeohm"]),
        (425, ["Alpenvorland-Bank Musterstadt", IBAN, "BIC XMPLDEFFXXX"]),
    ):
        pen.lines(x, 777, rows, 10, size=7, color=GREY)
    pen.text(71, 812, "USt-IdNr. DE 999 417 352 · Steuernummer 999/417/35261", 7, color=GREY)
    pen.text(538, 812, "Seite 1 von 1", 7, color=GREY, align="right")


def draw() -> bytes:
    pen = Pen(f"Rechnung {BILL.number}", BILL.vendor)
    _head(pen)
    columns = [
        Column("Pos.", 77, 19, "right"),
        Column("Bezeichnung", 108, 186),
        Column("Menge", 302, 38, "right"),
        Column("MwSt.", 350, 34, "right"),
        Column("Einzelpreis", 396, 60, "right"),
        Column("Betrag", 468, 64, "right"),
    ]
    rows = [
        [
            str(at),
            item.description,
            plain(item.quantity).replace(".", ","),
            f"{item.rate} %",
            german(item.unit_price, "€"),
            german(item.amount, "€"),
        ]
        for at, item in enumerate(BILL.items, 1)
    ]
    y = table(pen, 336, columns, rows, Look(row_rule=RULE, head_rule=MOSS, pad=4.6, size=9.2, inset=6))
    y = _totals(pen, y + 20)
    _girocode(pen, 71, y - 96, 76)
    pen.lines(
        71,
        y + 20,
        [
            "Zahlbar ohne Abzug bis zum 22.05.2026 auf das unten genannte Konto.",
            "Die Ware bleibt bis zur vollständigen Bezahlung unser Eigentum.",
            "",
            "Mit freundlichen Grüßen",
            "Ihre Bergmoos Feinkost GmbH",
        ],
        13,
        size=9.2,
    )
    _foot(pen)
    return pen.pdf()


SAMPLE = Sample("rechnung-de-bergmoos.pdf", "invoice", "digital", BILL.fields(), draw)
