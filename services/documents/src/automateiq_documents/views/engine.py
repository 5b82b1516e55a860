"""hOCR 1.2 (https://kba.github.io/hocr-spec/1.2/): words with their places as XHTML, a page at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from automateiq_documents.views.models import PlacedPage, PlacedWord

# hOCR's boxes are whole pixels; points of a PDF are given as if it had been scanned at this resolution.
_DPI = 300
_POINTS = 72
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def hocr_head(title: str, engine: str) -> str:
    """What stands before the pages."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
        '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
        '<html xmlns="http://www.w3.org/1999/xhtml">\n<head>\n'
        f"<title>{_safe(title)}</title>\n"
        '<meta http-equiv="Content-Type" content="text/html; charset=utf-8"/>\n'
        f'<meta name="ocr-system" content="AutomateIQ {_safe(engine)}"/>\n'
        '<meta name="ocr-capabilities" content="ocr_page ocr_line ocrx_word"/>\n'
        "</head>\n<body>\n"
    )


def hocr_tail() -> str:
    """What stands after the pages."""
    return "</body>\n</html>\n"


def hocr_page(page: PlacedPage, *, in_points: bool) -> str:
    """A page with its lines and words."""
    scale = _DPI / _POINTS if in_points else 1.0
    number = page.number
    resolution = f"; scan_res {_DPI} {_DPI}" if in_points else ""
    size = f"bbox 0 0 {round(page.width * scale)} {round(page.height * scale)}"
    parts = [f'<div class="ocr_page" id="page_{number}" title="{size}; ppageno {number - 1}{resolution}">\n']
    count = 0
    for index, line in enumerate(lines_of(page), start=1):
        parts.append(f'<span class="ocr_line" id="line_{number}_{index}" title="{_box(line, scale)}">')
        words = []
        for word in line:
            count += 1
            sure = f"x_wconf {round(100 * word.confidence)}"
            words.append(
                f'<span class="ocrx_word" id="word_{number}_{count}" '
                f'title="{_box([word], scale)}; {sure}">{_safe(word.text)}</span>'
            )
        parts.append(" ".join(words) + "</span>\n")
    parts.append("</div>\n")
    return "".join(parts)


def lines_of(page: PlacedPage) -> Iterator[list[PlacedWord]]:
    """The words, line by line: they are kept in reading order, so a line ends where the next word is not beside."""
    line: list[PlacedWord] = []
    for word in page.words:
        if line and not _beside(line[-1], word, page.rotation):
            yield line
            line = []
        line.append(word)
    if line:
        yield line


def _beside(one: PlacedWord, other: PlacedWord, rotation: int) -> bool:
    """Whether the other word goes on in the line of the one: level with it, and further along."""
    if rotation in (90, 270):
        start, end = max(one.x, other.x), min(one.x + one.width, other.x + other.width)
        level = end - start >= 0.5 * min(one.width, other.width)
        return level and (other.y < one.y if rotation == 90 else other.y > one.y)
    start, end = max(one.y, other.y), min(one.y + one.height, other.y + other.height)
    level = end - start >= 0.5 * min(one.height, other.height)
    return level and (other.x < one.x if rotation == 180 else other.x > one.x)


def _box(words: Sequence[PlacedWord], scale: float) -> str:
    left, top = min(word.x for word in words), min(word.y for word in words)
    right = max(word.x + word.width for word in words)
    bottom = max(word.y + word.height for word in words)
    return "bbox " + " ".join(str(round(edge * scale)) for edge in (left, top, right, bottom))


def _safe(text: str) -> str:
    return escape(_UNSEEN.sub("", text))
