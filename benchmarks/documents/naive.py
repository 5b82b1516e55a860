"""The baseline: an OCR engine alone, and the few rules that everybody writes first.

The total is the largest amount in a line that says total; the date is the first one in a usual form, day first;
the vendor is the first line with letters. Plain Tesseract and plain RapidOCR read the page's picture as it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pypdfium2
import pytesseract
from ours import WORK
from PIL import Image, ImageOps, UnidentifiedImageError
from scoring import Answer, cents

DPI = 200
MOST_PAGES = 3
_AMOUNT = re.compile(r"(?<![\d.,])-?\d{1,3}(?:[.,\s]?\d{3})*[.,]\d{2}(?!\d)")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NUMERIC = re.compile(r"\b(\d{1,4})[./-](\d{1,2})[./-](\d{2,4})\b")
_NAMED = re.compile(rf"\b(\d{{1,2}})[ -]?({'|'.join(_MONTHS)})[a-z]*[ -,]*(\d{{2,4}})\b", re.IGNORECASE)

Read = Callable[[Image.Image], str]


def pictures(path: Path) -> list[Image.Image]:
    """The pages' pictures; none where the file can not be opened."""
    try:
        if path.suffix.lower() == ".pdf":
            document = pypdfium2.PdfDocument(path)
            numbers = range(min(MOST_PAGES, len(document)))
            return [document[n].render(scale=DPI / 72).to_pil().convert("RGB") for n in numbers]
        return [ImageOps.exif_transpose(Image.open(path)).convert("RGB")]
    except (pypdfium2.PdfiumError, UnidentifiedImageError, OSError, Image.DecompressionBombError):
        return []


def tesseract(picture: Image.Image) -> str:
    """Plain Tesseract."""
    return str(pytesseract.image_to_string(picture, lang="eng"))


def rapid(picture: Image.Image) -> str:
    """Plain RapidOCR, a box a line."""
    found = _rapid()(np.asarray(picture)[:, :, ::-1])
    return "\n".join(found.txts or ())


@cache
def _rapid():  # type: ignore[no-untyped-def]
    from rapidocr import RapidOCR

    one_thread = {f"EngineConfig.onnxruntime.{name}_op_num_threads": 1 for name in ("intra", "inter")}
    return RapidOCR(params={**one_thread, "Global.log_level": "warning"})


def answer(path: Path, read: Read) -> Answer:
    """What the engine and the rules make of a document; its text is kept, as it does not change."""
    key = hashlib.sha256(path.read_bytes() + read.__name__.encode()).hexdigest()[:24]
    kept = WORK / "naive" / f"{key}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps("\n".join(read(picture) for picture in pictures(path))))
    return rules(json.loads(kept.read_text()))


def rules(text: str) -> Answer:
    """Vendor, date and total by the simplest rules."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    found = {
        "vendor": next((line for line in lines if sum(c.isalpha() for c in line) > 3), None),
        "date": _date(text),
        "total": _total(lines),
    }
    return Answer({name: value for name, value in found.items() if value}, text=text)


def _total(lines: list[str]) -> str | None:
    near: list[str] = []
    for index, line in enumerate(lines):
        if re.search(r"total|summe|gesamt|montant", line, re.IGNORECASE) and not re.search(
            r"sub", line, re.I
        ):
            near += _AMOUNT.findall(" ".join(lines[index : index + 2]))
    values = [value for value in map(cents, near or _AMOUNT.findall(" ".join(lines))) if value]
    return max(values, key=float, default=None)


def _date(text: str) -> str | None:
    for first, month, last in _NUMERIC.findall(text):
        year, day = (first, last) if len(first) == 4 else (last, first)
        found = _iso(year, month, day) or _iso(year, day, month)
        if found:
            return found
    for day, name, year in _NAMED.findall(text):
        return _iso(year, str(_MONTHS.index(name[:3].lower()) + 1), day)
    return None


def _iso(year: str, month: str, day: str) -> str | None:
    try:
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day)).isoformat()
    except ValueError:
        return None
