"""Images: what they are, how many pages they have, and each page as a grey picture ready to be read."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from automateiq_ocr.recognition.models import (
    JPEG,
    PDF,
    PNG,
    TIFF,
    WEBP,
    XML,
    DamagedFile,
    ImageTooLarge,
    Options,
    PageNotFound,
    TooManyPages,
    UnsupportedFile,
)

_FORMATS = {PNG: "PNG", JPEG: "JPEG", TIFF: "TIFF", WEBP: "WEBP"}
# What Tesseract is given at most; beyond it a page gets slower to read, not better (A3 at 300 dpi fits).
WORKING_PIXELS = 20_000_000
# XML that says so, in UTF-8 or UTF-16, or that begins with an invoice at once; comments may come before.
_XML = re.compile(
    rb"(?:\xef\xbb\xbf)?<\?xml\s|\xff\xfe<\x00\?\x00x\x00|\xfe\xff\x00<\x00\?\x00x"
    rb"|(?:\xef\xbb\xbf)?\s*(?><!--.*?-->\s*)*+<(?:[\w.-]{1,40}:)?"
    rb"(?:Invoice|CreditNote|CrossIndustryInvoice|CrossIndustryDocument)[\s>]",
    re.DOTALL,
)
# Pillow raises many kinds of error on damaged data, depending on the format's decoder.
_DECODER_ERRORS = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError)


def sniff(head: bytes) -> str | None:
    """The mimetype by the file's first bytes (give at least 1,024), or None if it is nothing that is read."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return TIFF
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    # The header may follow up to 1,024 bytes of something else (PDF 32000-1, annex H, note 13).
    if b"%PDF-" in head[:1024]:
        return PDF
    if _XML.match(head):
        return XML
    return None


@contextmanager
def opened(source: bytes | Path, mimetype: str, options: Options) -> Iterator[Image.Image]:
    """The image, not yet decoded, with its declared size checked."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own bomb warning: the limit here is ours
            image = Image.open(
                io.BytesIO(source) if isinstance(source, bytes) else source, formats=[_FORMATS[mimetype]]
            )
    except Image.DecompressionBombError as error:
        raise _too_large(None, options) from error
    except UnidentifiedImageError as error:
        raise DamagedFile("The image is damaged: its header cannot be read.") from error
    except _DECODER_ERRORS as error:
        raise DamagedFile("The image is damaged and cannot be opened.") from error
    with image:
        check_size(image, options)
        yield image


def count_pages(source: bytes | Path, mimetype: str, options: Options) -> int:
    """Pages of the image: more than one only for TIFF. Animations are read as their first picture."""
    with opened(source, mimetype, options) as image:
        if mimetype != TIFF:
            return 1
        count = 0
        try:
            while True:
                image.seek(count)
                check_size(image, options)
                count += 1
                if count > options.max_pages:
                    raise TooManyPages(
                        f"The document has more than {options.max_pages} pages, which is the limit.",
                        limit=str(options.max_pages),
                    )
        except EOFError:
            return count
        except _DECODER_ERRORS as error:
            if count:
                return count
            raise DamagedFile("The TIFF file is damaged.") from error


def load_page(source: bytes | Path, mimetype: str, page_no: int, options: Options) -> Image.Image:
    """Page `page_no` (from 1) as shown: upright by its EXIF tag, on white, 8 bits of grey."""
    with opened(source, mimetype, options) as image:
        try:
            if page_no != 1:
                if mimetype != TIFF:
                    raise EOFError
                image.seek(page_no - 1)
        except EOFError:
            raise PageNotFound(f"The document has no page {page_no}.", page=str(page_no)) from None
        check_size(image, options)
        try:
            if mimetype == JPEG and image.mode in ("RGB", "L", "YCbCr"):
                image.draft("L", image.size)  # decodes the luminance only
            image.load()
            shown = ImageOps.exif_transpose(image)
            return _grey(shown)
        except _DECODER_ERRORS as error:
            raise DamagedFile("The image is damaged or cut short: its pixels cannot be read.") from error
        except Image.DecompressionBombError as error:
            raise _too_large(None, options) from error


def fit(image: Image.Image) -> tuple[Image.Image, float]:
    """The image scaled down to what is worth reading, and the factor (1.0: untouched)."""
    pixels = image.width * image.height
    if pixels <= WORKING_PIXELS:
        return image, 1.0
    factor = (WORKING_PIXELS / pixels) ** 0.5
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.BOX, reducing_gap=2.0), factor


def _grey(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep(image)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("L")
    return image if image.mode == "L" else image.convert("L")


def _from_deep(image: Image.Image) -> Image.Image:
    """16 and 32 bit samples: Pillow's own conversion would clip everything above 255 to white."""
    samples = np.nan_to_num(np.asarray(image).astype(np.float32))
    top = float(samples.max(initial=0.0))
    if top > 255:
        samples *= 255.0 / max(top, 65535.0 if top <= 65535 else top)
    elif image.mode == "F" and 0 < top <= 1:
        samples *= 255.0
    return Image.fromarray(samples.clip(0, 255).astype(np.uint8), mode="L")


def check_size(image: Image.Image, options: Options) -> None:
    """Refuses an image that declares more pixels than the limit."""
    width, height = image.size
    if width * height > options.max_pixels:
        raise _too_large((width, height), options)


def _too_large(size: tuple[int, int] | None, options: Options) -> ImageTooLarge:
    limit = options.max_pixels // 1_000_000
    what = f"The image is {size[0]} × {size[1]} pixels" if size else "The image is far too large"
    return ImageTooLarge(f"{what}; at most {limit} megapixels are read.", limit=str(options.max_pixels))


def require_supported(found: str | None, declared: str | None) -> str:
    """The mimetype by content, if it is one that is read."""
    if found is None:
        named = f" (it was sent as {declared})" if declared else ""
        raise UnsupportedFile(
            f"The file is neither a PDF, nor a PNG, JPEG, TIFF or WebP image, nor an XML invoice{named}."
        )
    return found
