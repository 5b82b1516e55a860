"""What a scanner, a till printer and a telephone's camera do to a clean page.

Pictures are float arrays from 0 (black) to 1 (white), height × width (× 3); every chance comes from a seed.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

Picture = NDArray[np.float32]


def render(pdf: bytes, dpi: int, color: bool = False) -> list[Picture]:
    """Every page of the PDF."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        mode = "RGB" if color else "L"
        return [to_array(page.render(scale=dpi / 72).to_pil().convert(mode)) for page in document]
    finally:
        document.close()


def to_array(image: Image.Image) -> Picture:
    return np.asarray(image, np.float32) / np.float32(255)


def to_image(picture: Picture) -> Image.Image:
    return Image.fromarray(np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8))


def blur(picture: Picture, radius: float) -> Picture:
    return to_array(to_image(picture).filter(ImageFilter.GaussianBlur(radius)))


def clouds(chance: np.random.Generator, height: int, width: int, cell: int) -> Picture:
    """Smooth noise of mean 0, about -1 to 1, changing over some `cell` pixels."""
    coarse = chance.standard_normal((height // cell + 3, width // cell + 3)).astype(np.float32)
    grown = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(grown, np.float32) * np.float32(0.5)


def like(shade: Picture, picture: Picture) -> Picture:
    """A grey shade with the axis for colours that the picture may have."""
    return shade if picture.ndim == 2 else shade[..., None]


def turn(picture: Picture, degrees: float, paper: float = 0.98) -> Picture:
    """The page laid askew on the glass; what shows beside it has the shade `paper`."""
    image = to_image(picture)
    fill = int(paper * 255)
    colour = fill if image.mode == "L" else (fill, fill, fill)
    return to_array(image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=colour))


def specks(picture: Picture, chance: np.random.Generator, count: int) -> Picture:
    """Dust: small dark grains anywhere on the page."""
    height, width = picture.shape[:2]
    marked = picture.copy()
    for _ in range(count):
        y, x = int(chance.integers(height - 4)), int(chance.integers(width - 4))
        size = int(chance.integers(1, 4))
        marked[y : y + size, x : x + size] *= np.float32(chance.uniform(0.25, 0.7))
    return marked


def scanned(picture: Picture, seed: int, skew: float, noise: float = 0.022, dust: int = 120) -> Picture:
    """The page as an office scanner gives it: uneven toner, skew, dust, shadow at an edge, sensor noise."""
    chance = np.random.default_rng(seed)
    height, width = picture.shape[:2]
    ink = 1 - blur(picture, 0.9)
    toner = np.float32(0.9) + np.float32(0.08) * clouds(chance, height, width, 160)
    page = 1 - ink * like(toner, picture)
    page = turn(page, skew)
    page = page * np.float32(0.955) + np.float32(0.02)
    page = page + like(np.float32(0.008) * clouds(chance, height, width, 500), picture)
    across = np.arange(width, dtype=np.float32) / width
    page = page * like(np.broadcast_to(1 - np.float32(0.3) * np.exp(-across * 60), (height, width)), picture)
    page = specks(page, chance, dust)
    grain = chance.standard_normal(page.shape[:2]).astype(np.float32)
    noisy: Picture = np.clip(page + like(np.float32(noise) * grain, picture), 0, 1)
    return noisy


def thermal(picture: Picture, seed: int) -> Picture:
    """A till's print-out at 203 dots an inch, scanned at 300: round dots, a weak heater or two, a crease."""
    chance = np.random.default_rng(seed)
    dots = (blur(picture, 0.5) > 0.62).astype(np.float32)
    height, width = dots.shape
    strength = np.full(width, 0.86, np.float32)
    for column in chance.integers(20, width - 20, 5):
        strength[column : column + 1] = np.float32(0.45)
    fade = np.float32(1) - np.float32(0.14) * np.clip(clouds(chance, height, width, 140), 0, 1)
    page = 1 - (1 - dots) * strength[None, :] * fade
    size = (round(width * 300 / 203), round(height * 300 / 203))
    page = blur(to_array(to_image(page).resize(size, Image.Resampling.BICUBIC)), 0.8)
    height, width = page.shape
    down = np.arange(height, dtype=np.float32)[:, None]
    crease = np.float32(0.10) * np.exp(-(((down - height * 0.43) / 5) ** 2))
    page = page * np.float32(0.93) + np.float32(0.035) - crease
    page = page + np.float32(0.01) * clouds(chance, height, width, 260)
    page = turn(page, -0.5, 0.95)
    page = specks(page, chance, 30)
    page = page + np.float32(0.012) * chance.standard_normal(page.shape).astype(np.float32)
    return np.clip(np.round(page * 40) / 40, 0, 1)  # few shades: the noise costs little in a PNG


def jpeg(picture: Picture, quality: int, dpi: int) -> bytes:
    out = BytesIO()
    to_image(picture).save(out, "JPEG", quality=quality, dpi=(dpi, dpi))
    return out.getvalue()


def png(picture: Picture, dpi: int) -> bytes:
    out = BytesIO()
    to_image(picture).save(out, "PNG", optimize=True, dpi=(dpi, dpi))
    return out.getvalue()


def webp(picture: Picture, quality: int) -> bytes:
    out = BytesIO()
    to_image(picture).save(out, "WEBP", quality=quality, method=6)
    return out.getvalue()


def tiff(pages: list[Picture], quality: int, dpi: int) -> bytes:
    """One TIFF of several pages, each compressed as JPEG."""
    first, *rest = [to_image(page) for page in pages]
    out = BytesIO()
    first.save(
        out, "TIFF", save_all=True, append_images=rest, compression="jpeg", quality=quality, dpi=(dpi, dpi)
    )
    return out.getvalue()


def pdf_of_jpegs(jpegs: list[bytes], dpi: int, title: str) -> bytes:
    """A PDF with one picture a page and no text layer, as scanners write it."""
    out = BytesIO()
    canvas = Canvas(out, invariant=1, pageCompression=1)
    canvas.setTitle(title)
    canvas.setAuthor("Office scanner")
    for data in jpegs:
        reader = ImageReader(BytesIO(data))
        width, height = (side * 72 / dpi for side in reader.getSize())
        canvas.setPageSize((width, height))
        canvas.drawImage(reader, 0, 0, width, height)
        canvas.showPage()
    canvas.save()
    return out.getvalue()
