"""Where a point of the image that was read lies on the page that is shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PIL import Image

from automateiq_ocr.recognition.models import Box


@dataclass(frozen=True, slots=True)
class Placement:
    """The affine map page = (a·x + b·y + c, d·x + e·y + f) from the working image to the page."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 0.0
    e: float = 1.0
    f: float = 0.0

    def after(self, step: Placement) -> Placement:
        """This map applied to what `step` gives: `step` leads from a newer image to the one mapped here."""
        return Placement(
            self.a * step.a + self.b * step.d,
            self.a * step.b + self.b * step.e,
            self.a * step.c + self.b * step.f + self.c,
            self.d * step.a + self.e * step.d,
            self.d * step.b + self.e * step.e,
            self.d * step.c + self.e * step.f + self.f,
        )

    def box(self, x: float, y: float, width: float, height: float) -> Box:
        """The upright box on the page around this rectangle of the image."""
        corners = [(x, y), (x + width, y), (x, y + height), (x + width, y + height)]
        xs = [self.a * px + self.b * py + self.c for px, py in corners]
        ys = [self.d * px + self.e * py + self.f for px, py in corners]
        return Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def scaling(factor_x: float, factor_y: float) -> Placement:
    """Back from an image that was made `factor` times as large."""
    return Placement(a=1 / factor_x, e=1 / factor_y)


_TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


def turn(image: Image.Image, clockwise: int) -> tuple[Image.Image, Placement]:
    """Turn by a multiple of 90 degrees, without loss."""
    width, height = image.size
    match clockwise % 360:
        case 0:
            return image, Placement()
        case 90:
            back = Placement(a=0, b=1, c=0, d=-1, e=0, f=height)
        case 180:
            back = Placement(a=-1, c=width, e=-1, f=height)
        case 270:
            back = Placement(a=0, b=-1, c=width, d=1, e=0, f=0)
        case other:
            raise ValueError(f"not a quarter turn: {other}")
    return image.transpose(_TURNS[clockwise % 360]), back


def rotate(image: Image.Image, degrees: float) -> tuple[Image.Image, Placement]:
    """Rotate a grey image counter-clockwise by a small angle on a canvas that holds all of it."""
    turned = image.rotate(degrees, resample=Image.Resampling.BILINEAR, expand=True, fillcolor=255)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    cx, cy = turned.width / 2, turned.height / 2
    return turned, Placement(
        a=cos,
        b=-sin,
        c=image.width / 2 - cos * cx + sin * cy,
        d=sin,
        e=cos,
        f=image.height / 2 - sin * cx - cos * cy,
    )
