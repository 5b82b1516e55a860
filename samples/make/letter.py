"""A general letter: a landlord's agent tells the tenants about works in the yard."""

from samples.make.model import Sample
from samples.make.page import GREY, Pen

VENDOR = "Larchfold Estates"
BLUE, STONE = "#2b4a6f", "#a89878"
FIELDS = {"vendor": VENDOR, "date": "2026-08-19", "lineItems": []}

BODY = (
    "Dear Ms Okonjo-Reeve,",
    "Resurfacing of the yard at Larchfold Business Park",
    "I am writing to let you know that the yard in front of units 3 to 9 will be resurfaced this autumn. "
    "The work "
    "starts on Monday 14 September and should take nine working days, if the weather allows.",
    "While it goes on, deliveries will come in by the north gate, which we shall keep open from 6.30 in "
    "the morning "
    "until 8 in the evening. Please ask your carriers to follow the yellow signs. Parking beside unit 5 "
    "will be closed; "
    "twenty-two spaces behind the old sawmill are free for your staff in the meantime.",
    "The contractor has promised to leave a walkway of at least two metres to every door, and to stop the "
    "noisier "
    "work between noon and two o'clock. Should a delivery of yours need more room than that, tell us "
    "three days ahead "
    "and we shall arrange it with the foreman.",
    "There is no charge to tenants for these works, and your service charge does not change. If anything "
    "is unclear, "
    "please telephone me or write to yard@larchfold.example.",
    "Thank you for your patience.",
    "Yours sincerely,",
)


def _head(pen: Pen) -> None:
    pen.shape([(76, 74), (90, 40), (104, 74)], fill=BLUE)
    pen.shape([(92, 74), (103, 48), (114, 74)], fill=STONE)
    pen.rule(90, 74, 90, BLUE, 2.4, to_y=82)
    pen.rule(103, 74, 103, STONE, 2.4, to_y=82)
    pen.text(126, 66, "Larchfold Estates", 20, "Times-Roman", BLUE)
    pen.text(126, 81, "Letting and management since 1987", 8.5, "Times-Italic", GREY)
    pen.lines(
        523,
        56,
        ["The Gatehouse, Larchfold Park", "Hexham, NE99 9ZZ", "01632 960 288", "office@larchfold.example"],
        11,
        size=8,
        color=GREY,
        align="right",
    )
    pen.rule(72, 100, 523, STONE, 0.9)


def draw() -> bytes:
    pen = Pen("Resurfacing of the yard", VENDOR)
    _head(pen)
    pen.lines(
        72,
        136,
        [
            "Ms Adaeze Okonjo-Reeve",
            "Fernhill Bicycle Repairs",
            "Unit 6, Larchfold Business Park",
            "Hexham, NE99 8ZZ",
        ],
        14,
        size=11,
        font="Times-Roman",
    )
    pen.text(523, 210, "19 August 2026", 11, "Times-Roman", align="right")
    pen.text(72, 210, "Our reference: LBP/YARD/26", 9.5, "Times-Italic", GREY)
    y = 246.0
    for at, text in enumerate(BODY):
        font = "Times-Bold" if at == 1 else "Times-Roman"
        y = pen.paragraph(72, y, text, 451, 11.3, 15.5, font=font) + 9
    curve = [(78, y + 26), (90, y - 12, 104, y - 8, 92, y + 22), (110, y - 2, 122, y - 2, 116, y + 18)]
    curve += [(128, y + 6, 142, y + 4, 138, y + 18), (152, y + 4, 160, y + 20, 210, y + 6)]
    pen.shape([*curve], stroke="#20242c", line=1.2, close=False)
    pen.text(72, y + 54, "Perpetua Aldous-Finch", 11.3, "Times-Roman")
    pen.text(72, y + 69, "Estate Manager", 10, "Times-Italic", GREY)
    pen.rule(72, 782, 523, STONE, 0.5)
    pen.text(
        297.5,
        796,
        "Larchfold Estates LLP · Registered in England OC999417 · Registered office as above",
        7.5,
        color=GREY,
        align="center",
    )
    return pen.pdf()


SAMPLE = Sample("letter-larchfold-estates.pdf", "general", "digital", FIELDS, draw)
