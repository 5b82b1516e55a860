"""Tesseract: one call a page, its words back. https://tesseract-ocr.github.io/tessdoc/Command-Line-Usage.html"""

from __future__ import annotations

import os
import re
from functools import cache

import pytesseract
from PIL import Image

from automateiq_ocr.recognition.models import EngineUnavailable, PageFailed
from automateiq_ocr.recognition.recognizers import RawWord

AUTO, SPARSE = 3, 11
# Marks without a letter or digit that Tesseract itself doubts: specks, rules and the edges of pictures.
_SPECK = re.compile(r"^[\W_]+$")
_SPECK_CONFIDENCE = 40.0


class TesseractRecognizer:
    """Tesseract as a Recognizer."""

    name = "tesseract"

    def version(self) -> str:
        """The version of the installed program."""
        return version()

    def read(self, image: Image.Image, dpi: int, languages: tuple[str, ...], seconds: float) -> list[RawWord]:
        """The words of a grey picture, in Tesseract's reading order."""
        return read(image, languages, dpi, AUTO, seconds)


def read(
    image: Image.Image,
    languages: tuple[str, ...],
    dpi: int,
    psm: int,
    seconds: float,
    *,
    local_threshold: bool = False,
) -> list[RawWord]:
    """The words of a grey image, in Tesseract's reading order."""
    # More threads make one page several times slower (facts: 0.3 s against 1.3 s) and starve the other workers.
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    config = f"--dpi {dpi} --psm {psm}"
    if local_threshold:
        config += " -c thresholding_method=2"  # Sauvola instead of Otsu, for shadows and stained paper
    image.format = "PPM"  # how pytesseract hands it over: PNG would cost a tenth of the reading
    try:
        table = pytesseract.image_to_data(
            image,
            lang="+".join(languages),
            config=config,
            timeout=seconds,
        )
    except pytesseract.TesseractNotFoundError as error:
        raise EngineUnavailable("The text recognition program is not installed.") from error
    except pytesseract.TesseractError as error:
        if "language" in str(error.message).lower():
            wanted = "+".join(languages)
            raise EngineUnavailable(
                f"The text recognition lacks a language of {wanted}.", languages=wanted
            ) from error
        raise PageFailed("The text recognition failed on this page.") from error
    except RuntimeError as error:  # pytesseract's way to say that the time was up
        raise PageFailed(f"Reading this page took longer than {seconds:.0f} seconds.") from error
    return _parse(str(table))


def orientation(image: Image.Image, dpi: int, seconds: float) -> tuple[int, float] | None:
    """(clockwise turn that brings the text upright, Tesseract's confidence), or None where it cannot tell."""
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    image.format = "PPM"
    try:
        found = pytesseract.image_to_osd(
            image, config=f"--dpi {dpi}", output_type=pytesseract.Output.DICT, timeout=seconds
        )
        return int(found["rotate"]), float(found["orientation_conf"])
    except (pytesseract.TesseractError, RuntimeError, KeyError, ValueError, IndexError):
        return None  # too few characters on the page, or no osd data installed


@cache
def version() -> str:
    """Tesseract's version, which is part of every cached result's key."""
    try:
        return str(pytesseract.get_tesseract_version())
    except pytesseract.TesseractNotFoundError as error:
        raise EngineUnavailable("The text recognition program is not installed.") from error


def _parse(table: str) -> list[RawWord]:
    words: list[RawWord] = []
    line = block = 0
    for row in table.splitlines():
        cells = row.split("\t")
        if len(cells) < 11 or not cells[0].isdigit():
            continue
        level = int(cells[0])
        if level == 3:
            block += 1
        elif level == 4:
            line += 1
        elif level == 5 and len(cells) > 11:
            text, confidence = cells[11].strip(), float(cells[10])
            if not text or confidence < 0 or (_SPECK.match(text) and confidence < _SPECK_CONFIDENCE):
                continue
            x, y, width, height = (int(cell) for cell in cells[6:10])
            words.append(RawWord(text, x, y, width, height, min(confidence, 100.0) / 100.0, line, block))
    return words
