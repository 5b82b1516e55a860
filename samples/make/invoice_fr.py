"""A French facture: side column in colour, TVA table, the legal mentions at the foot."""

from datetime import date

from samples.make.model import Bill, Sample, iban, items, plain
from samples.make.page import GREY, Column, Look, Pen, french, table

WINE, ROSE, SAND = "#6d1f3c", "#f7eef1", "#d9b8a8"

BILL = Bill(
    vendor="Atelier Brumeval SARL",
    number="F2026-0147",
    issued=date(2026, 6, 23),
    due=date(2026, 7, 23),
    currency="EUR",
    items=items(
        ("Étude et plans d'agencement, boutique rue des Tisserands", "1", "1850.00"),
        ("Comptoir en chêne massif, huilé, sur mesure", "1", "3420.00"),
        ("Étagères murales en frêne, le mètre linéaire", "14.5", "128.00"),
        ("Portes coulissantes, verre trempé 8 mm", "3", "486.50"),
        ("Quincaillerie et visserie, laiton brossé", "1", "214.80"),
        ("Pose sur site, main d'œuvre, l'heure", "32", "48.00"),
        rate="20",
    ),
)


def _rib(bank: str, branch: str, account: str) -> str:
    """A French account number with its own check key."""
    key = 97 - (89 * int(bank) + 15 * int(branch) + 3 * int(account)) % 97
    return f"{bank}{branch}{account}{key:02d}"


def _logo(pen: Pen, x: float, y: float) -> None:
    pen.circle(x + 26, y + 26, 26, stroke="#ffffff", line=1.4)
    for at in range(4):
        dx = x + 12 + at * 9.3
        pen.shape(
            [(dx, y + 40), (dx + 6, y + 28, dx - 6, y + 24, dx, y + 12)], stroke=SAND, line=2, close=False
        )
    pen.text(x + 26, y + 70, "ATELIER", 8, "Helvetica", "#ffffff", "center", tracking=3)
    pen.text(x + 26, y + 87, "Brumeval", 18, "Times-Italic", "#ffffff", "center")


def _side(pen: Pen) -> None:
    pen.box(0, 0, 150, pen.height, fill=WINE)
    _logo(pen, 49, 44)
    y = 190.0
    for title, rows in (
        ("ÉMETTEUR", [BILL.vendor, "Agencement et menuiserie", "27, quai de l'Exemple", "99000 Villebrume"]),
        ("CONTACT", ["01 99 00 41 73", "atelier@brumeval.example", "www.brumeval.example"]),
        (
            "IDENTIFICATION",
            ["SIRET 000 417 351 00018", "APE 4332A", "TVA FR 00 000417351", "Capital 12 000 €"],
        ),
        ("RÈGLEMENT", ["Virement à 30 jours", "Banque du Littoral Fictif", "BIC XMPLFRPPXXX"]),
    ):
        pen.text(22, y, title, 7.5, "Helvetica-Bold", SAND, tracking=1)
        y = pen.lines(22, y + 14, rows, 12, size=8.3, color="#ffffff") + 14
    account = iban("FR", _rib("99417", "00012", "00041735161")).split(" ")
    pen.lines(
        22, y - 14, ["IBAN " + " ".join(account[:3]), " ".join(account[3:])], 12, size=8.3, color="#ffffff"
    )


def _head(pen: Pen) -> None:
    pen.text(178, 74, "Facture", 30, "Times-Roman", WINE)
    pen.text(178, 92, f"N° {BILL.number}", 11, "Helvetica-Bold")
    y = 122.0
    for label, value in (
        ("Date de facture", BILL.issued.strftime("%d/%m/%Y")),
        ("Date d'échéance", "23/07/2026"),
        ("Devis accepté", "D2026-0092"),
        ("Fin de chantier", "19/06/2026"),
    ):
        pen.text(178, y, label, 8.8, color=GREY)
        pen.text(262, y, value, 8.8)
        y += 14
    pen.box(360, 56, 200, 104, fill=ROSE, radius=4)
    pen.text(374, 76, "FACTURÉ À", 7.5, "Helvetica-Bold", WINE, tracking=1)
    pen.text(374, 94, "Maison Tilleraye SAS", 10.5, "Helvetica-Bold")
    pen.lines(
        374,
        109,
        ["À l'attention de Mme Solène Garrivet", "8, rue des Tisserands", "99010 Sainte-Exemple"],
        13,
        size=9,
    )


def _totals(pen: Pen, y: float) -> float:
    for label, value in (("Total HT", BILL.subtotal), ("TVA 20 %", BILL.tax)):
        pen.text(380, y, label, 9.5)
        pen.text(554, y, french(value, "€"), 9.5, align="right")
        pen.rule(374, y + 5, 560, SAND, 0.5)
        y += 19
    pen.text(380, y + 3, "Total TTC", 12, "Helvetica-Bold", WINE)
    pen.text(554, y + 3, french(BILL.total, "€"), 12, "Helvetica-Bold", WINE, "right")
    pen.rule(374, y + 10, 560, WINE, 1.4)
    return y + 36


def draw() -> bytes:
    pen = Pen(f"Facture {BILL.number}", BILL.vendor)
    _side(pen)
    _head(pen)
    columns = [
        Column("Désignation", 182, 180),
        Column("Qté", 370, 34, "right"),
        Column("P.U. HT", 414, 66, "right"),
        Column("Montant HT", 488, 66, "right"),
    ]
    rows = [
        [
            item.description,
            plain(item.quantity).replace(".", ","),
            french(item.unit_price, "€"),
            french(item.amount, "€"),
        ]
        for item in BILL.items
    ]
    look = Look(head_rule=WINE, head_ink=WINE, row_rule="#ead9d2", pad=6, inset=5)
    y = table(pen, 206, columns, rows, look)
    y = _totals(pen, y + 26)
    pen.paragraph(
        178,
        y + 26,
        "Conditions de règlement : 30 jours date de facture, sans escompte pour paiement anticipé. "
        "En cas de retard, pénalités au taux de trois fois l'intérêt légal et indemnité forfaitaire "
        "pour frais de recouvrement de 40\u00a0€ (art. L441-10 du Code de commerce).",
        382,
        8,
        11.5,
        color=GREY,
    )
    pen.paragraph(
        178,
        y + 80,
        "Garantie décennale souscrite auprès d'Assurances Fictives du Littoral, police 417-352. "
        "Couverture : France métropolitaine.",
        382,
        8,
        11.5,
        color=GREY,
    )
    pen.text(178, 806, f"{BILL.vendor} · Facture {BILL.number} · page 1/1", 7.5, color=GREY)
    return pen.pdf()


SAMPLE = Sample("facture-fr-brumeval.pdf", "invoice", "digital", BILL.fields(), draw)
