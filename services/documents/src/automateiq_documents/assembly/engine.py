"""Files out of pages of other files: pure calls on paths, for a process of their own (worker.py)."""

from collections.abc import Sequence
from pathlib import Path

import pypdfium2
from PIL import Image, ImageOps

# A picture that does not say its resolution is taken for a scan of this one, as ai-ocr takes it.
_ASSUMED_DPI = 300
_LEAST_DPI, _MOST_DPI = 50, 1200
_JPEG_QUALITY = 92
# ai-ocr refuses larger pictures, so none of these was read.
Image.MAX_IMAGE_PIXELS = 100_000_000


def split_pdf(source: Path, parts: Sequence[Sequence[int]], targets: Sequence[Path]) -> None:
    """Writes pages (from 1) of a PDF to PDFs of their own, a target a part."""
    with pypdfium2.PdfDocument(source) as opened:
        for pages, target in zip(parts, targets, strict=True):
            made = pypdfium2.PdfDocument.new()
            made.import_pages(opened, [page - 1 for page in pages])
            made.save(target)
            made.close()


def split_tiff(source: Path, parts: Sequence[Sequence[int]], targets: Sequence[Path]) -> None:
    """Writes pages (from 1) of a TIFF to TIFFs of their own without loss, a target a part."""
    with Image.open(source, formats=["TIFF"]) as opened:
        for pages, target in zip(parts, targets, strict=True):
            frames = []
            for page in pages:
                opened.seek(page - 1)
                frame = opened.copy()
                # Kept as it is: its orientation too, or its pixels would stand elsewhere than where they were read.
                orientation = opened.getexif().get(0x0112)
                if orientation:
                    frame.getexif()[0x0112] = orientation
                frames.append(frame)
            compression = "group4" if all(frame.mode == "1" for frame in frames) else "tiff_deflate"
            dpi = opened.info.get("dpi")
            more = {"dpi": dpi} if dpi else {}
            frames[0].save(
                target, "TIFF", save_all=True, append_images=frames[1:], compression=compression, **more
            )


def merge(sources: Sequence[tuple[Path, str]], target: Path) -> None:
    """Writes the pages of files (path and media type), in order, to one PDF."""
    made = pypdfium2.PdfDocument.new()
    for number, (source, mimetype) in enumerate(sources):
        if mimetype == "application/pdf":
            paper = source
        else:
            paper = target.with_name(f"{target.name}-{number}.pdf")
            _print(source, mimetype, paper)
        with pypdfium2.PdfDocument(paper) as opened:
            made.import_pages(opened)
    made.save(target)
    made.close()


def _print(source: Path, mimetype: str, target: Path) -> None:
    pages = []
    with Image.open(source) as opened:
        # An animation is read as its first picture; only a TIFF has pages.
        for number in range(getattr(opened, "n_frames", 1) if mimetype == "image/tiff" else 1):
            opened.seek(number)
            pages.append(ImageOps.exif_transpose(opened.copy()))
        dpi = _dpi(opened)
    ready = [_flat(page) for page in pages]
    ready[0].save(
        target, "PDF", save_all=True, append_images=ready[1:], resolution=dpi, quality=_JPEG_QUALITY
    )


def _dpi(image: Image.Image) -> float:
    told = image.info.get("dpi", (_ASSUMED_DPI,))[0]
    return float(told) if _LEAST_DPI <= told <= _MOST_DPI else float(_ASSUMED_DPI)


def _flat(image: Image.Image) -> Image.Image:
    """On white paper, in a mode that a PDF knows."""
    if image.mode in ("1", "L", "RGB"):
        return image
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        clear = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
    return image.convert("L" if image.mode.startswith(("I", "F")) else "RGB")
