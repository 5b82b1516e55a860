"""The wrong answers as a page of pictures: what was asked, what was said, and the place on the page it was read from.

Written to benchmarks/.work, because the documents are other people's and stay out of the repository.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import naive
from dataset import Labelled
from ours import WORK
from PIL import Image, ImageDraw
from scoring import LISTS, Answer, right

# A crop is the page's width and this much around the place, as a share of the page's height.
_AROUND = 0.12
_WIDTH = 900


def write(name: str, answers: Iterable[tuple[Labelled, Answer]]) -> Path:
    """The wrong single fields of a set, one after another; gives the file."""
    parts = [f"<!doctype html><meta charset=utf-8><title>{name}</title><h1>{name}</h1>"]
    for document, answer in answers:
        for field, want in document.fields.items():
            if field not in LISTS and not right(document, field, answer.fields.get(field)):
                parts.append(_entry(document, field, want, answer))
    path = WORK / "misses" / f"{name}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts))
    return path


def _entry(document: Labelled, field: str, want: object, answer: Answer) -> str:
    said = answer.fields.get(field, "nothing")
    title = f"{document.path.name}: {field} is {want!r}, said {said!r}"
    return f"<h2>{html.escape(title)}</h2>{_picture(document, answer.places.get(field))}"


def _picture(document: Labelled, place: tuple[int, float, float, float, float] | None) -> str:
    """The crop around a place (page, and left, top, right, bottom as shares of the page), or the first page."""
    pages = naive.pictures(document.path)
    number = place[0] if place else 1
    if not 1 <= number <= len(pages):
        return "<p>(no picture of that page)</p>"
    page = pages[number - 1]
    if place is not None:
        left, top, right_, bottom = (
            share * side for share, side in zip(place[1:], page.size * 2, strict=True)
        )
        ImageDraw.Draw(page).rectangle((left - 3, top - 3, right_ + 3, bottom + 3), outline="red", width=3)
        room = _AROUND * page.height
        page = page.crop((0, int(max(0, top - room)), page.width, int(min(page.height, bottom + room))))
    page.thumbnail((_WIDTH, 2 * _WIDTH), Image.Resampling.LANCZOS)
    out = BytesIO()
    page.save(out, "JPEG", quality=70)
    return f'<img src="data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}">'
