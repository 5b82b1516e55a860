"""Drawing on a PDF page with y counted from the top, in points; tables; money as countries write it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import reportlab
from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

Align = Literal["left", "right", "center"]

INK = "#1d1d1f"
GREY = "#6b6f76"
RULE = "#c9ccd1"

rl_config.useA85 = 0  # pictures are stored as they are, not in base 85: a fifth smaller

for _name, _file in (("Vera", "Vera"), ("Vera-Bold", "VeraBd"), ("Vera-Italic", "VeraIt")):
    pdfmetrics.registerFont(TTFont(_name, str(Path(reportlab.__file__).parent / "fonts" / f"{_file}.ttf")))


def wrap(text: str, font: str, size: float, width: float) -> list[str]:
    """Lines of `text` no wider than `width` points, broken at ordinary spaces only."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}" if line else word
            if line and pdfmetrics.stringWidth(longer, font, size) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


class Pen:
    """One PDF being drawn; the same calls give the same bytes."""

    def __init__(self, title: str, author: str, size: tuple[float, float] = A4) -> None:
        self._buffer = BytesIO()
        self.canvas: Any = Canvas(self._buffer, pagesize=size, invariant=1, pageCompression=1)
        self.canvas.setTitle(title)
        self.canvas.setAuthor(author)
        self.width, self.height = size

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 9,
        font: str = "Helvetica",
        color: str = INK,
        align: Align = "left",
        tracking: float = 0,
    ) -> None:
        """One line with its baseline at y."""
        width = pdfmetrics.stringWidth(text, font, size) + tracking * max(0, len(text) - 1)
        start = {"left": x, "right": x - width, "center": x - width / 2}[align]
        if not -1 <= start <= start + width <= self.width + 1:
            raise ValueError(f"cut at the edge of the page: {text!r}")
        self.canvas.setFillColor(HexColor(color))
        line = self.canvas.beginText(start, self.height - y)
        line.setFont(font, size)
        line.setCharSpace(tracking)
        line.textOut(text)
        self.canvas.drawText(line)

    def lines(self, x: float, y: float, lines: list[str], leading: float = 12, **style: Any) -> float:
        """Several lines; gives the baseline that the next one would have."""
        for line in lines:
            self.text(x, y, line, **style)
            y += leading
        return y

    def paragraph(
        self, x: float, y: float, text: str, width: float, size: float = 9, leading: float = 12, **style: Any
    ) -> float:
        font = style.get("font", "Helvetica")
        return self.lines(x, y, wrap(text, font, size, width), leading, size=size, **style)

    def rule(
        self,
        x: float,
        y: float,
        to_x: float,
        color: str = RULE,
        width: float = 0.6,
        to_y: float | None = None,
        dash: tuple[float, float] | None = None,
    ) -> None:
        self.canvas.saveState()
        self.canvas.setStrokeColor(HexColor(color))
        self.canvas.setLineWidth(width)
        if dash:
            self.canvas.setDash(*dash)
        self.canvas.line(x, self.height - y, to_x, self.height - (y if to_y is None else to_y))
        self.canvas.restoreState()

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str | None = None,
        stroke: str | None = None,
        line: float = 0.6,
        radius: float = 0,
    ) -> None:
        """A rectangle with its top left corner at (x, y)."""
        if fill:
            self.canvas.setFillColor(HexColor(fill))
        if stroke:
            self.canvas.setStrokeColor(HexColor(stroke))
            self.canvas.setLineWidth(line)
        self.canvas.roundRect(
            x, self.height - y - height, width, height, radius, fill=int(bool(fill)), stroke=int(bool(stroke))
        )

    def shape(
        self,
        points: list[tuple[float, ...]],
        fill: str | None = None,
        stroke: str | None = None,
        line: float = 1,
        close: bool = True,
    ) -> None:
        """A path: a point of two numbers is a straight line to it, one of six a Bézier curve."""
        path = self.canvas.beginPath()
        path.moveTo(points[0][0], self.height - points[0][1])
        for point in points[1:]:
            flipped = [value if at % 2 == 0 else self.height - value for at, value in enumerate(point)]
            (path.lineTo if len(point) == 2 else path.curveTo)(*flipped)
        if close:
            path.close()
        if fill:
            self.canvas.setFillColor(HexColor(fill))
        if stroke:
            self.canvas.setStrokeColor(HexColor(stroke))
            self.canvas.setLineWidth(line)
            self.canvas.setLineCap(1)
            self.canvas.setLineJoin(1)
        self.canvas.drawPath(path, fill=int(bool(fill)), stroke=int(bool(stroke)))

    def circle(
        self,
        x: float,
        y: float,
        radius: float,
        fill: str | None = None,
        stroke: str | None = None,
        line: float = 1,
    ) -> None:
        if fill:
            self.canvas.setFillColor(HexColor(fill))
        if stroke:
            self.canvas.setStrokeColor(HexColor(stroke))
            self.canvas.setLineWidth(line)
        self.canvas.circle(x, self.height - y, radius, fill=int(bool(fill)), stroke=int(bool(stroke)))

    def next_page(self) -> None:
        self.canvas.showPage()

    def pdf(self) -> bytes:
        self.canvas.save()
        return self._buffer.getvalue()


@dataclass(frozen=True)
class Column:
    title: str
    x: float
    width: float
    align: Align = "left"

    @property
    def anchor(self) -> float:
        return {"left": self.x, "right": self.x + self.width, "center": self.x + self.width / 2}[self.align]


@dataclass(frozen=True)
class Look:
    """How a table is dressed; absent colours draw nothing."""

    font: str = "Helvetica"
    bold: str = "Helvetica-Bold"
    size: float = 9
    leading: float = 11.5
    pad: float = 5
    head_fill: str | None = None
    head_ink: str = INK
    head_rule: str | None = None
    zebra: str | None = None
    row_rule: str | None = None
    grid: str | None = None
    inset: float = 6
    """How far the fills, rules and grid reach beyond the text of the outer columns."""


def table(pen: Pen, y: float, columns: list[Column], rows: list[list[str]], look: Look) -> float:
    """The table with its top edge at y; gives its bottom edge. Long cells wrap."""
    left = columns[0].x - look.inset
    right = columns[-1].x + columns[-1].width + look.inset
    edges = [left, *(column.x - look.inset for column in columns[1:]), right]

    def draw(cells: list[str], top: float, font: str, ink: str, fill: str | None) -> float:
        wrapped = [
            wrap(cell, font, look.size, column.width) for cell, column in zip(cells, columns, strict=True)
        ]
        height = max(map(len, wrapped)) * look.leading + 2 * look.pad
        if fill:
            pen.box(left, top, right - left, height, fill=fill)
        for column, lines in zip(columns, wrapped, strict=True):
            baseline = top + look.pad + look.leading * 0.5 + look.size * 0.36
            pen.lines(
                column.anchor,
                baseline,
                lines,
                look.leading,
                size=look.size,
                font=font,
                color=ink,
                align=column.align,
            )
        if look.grid:
            for edge in edges:
                pen.rule(edge, top, edge, look.grid, to_y=top + height)
            pen.rule(left, top, right, look.grid)
            pen.rule(left, top + height, right, look.grid)
        return top + height

    y = draw([column.title for column in columns], y, look.bold, look.head_ink, look.head_fill)
    if look.head_rule:
        pen.rule(left, y, right, look.head_rule, 1.1)
    for at, row in enumerate(rows):
        y = draw(row, y, look.font, INK, look.zebra if at % 2 else None)
        if look.row_rule:
            pen.rule(left, y, right, look.row_rule, 0.5)
    return y


def english(value: Decimal, sign: str = "") -> str:
    return f"{'-' if value < 0 else ''}{sign}{abs(value):,.2f}"


def german(value: Decimal, sign: str = "") -> str:
    swapped = f"{value:,.2f}".translate(str.maketrans(",.", ".,"))
    return f"{swapped} {sign}".rstrip()


def french(value: Decimal, sign: str = "") -> str:
    swapped = f"{value:,.2f}".translate(str.maketrans(",.", "\u00a0,"))
    return f"{swapped}\u00a0{sign}" if sign else swapped
