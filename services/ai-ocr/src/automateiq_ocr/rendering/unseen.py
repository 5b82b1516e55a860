"""The text that lies unseen beneath a page's picture, as PDF operators: each word just fills its box."""

from __future__ import annotations

from automateiq_ocr.rendering.glyphless import ADVANCE, UNITS
from automateiq_ocr.rendering.models import WordsOfPage

_LEAST = 0.1  # points; a smaller box holds no text that anybody could select


def text_of(page: WordsOfPage, width: float, height: float) -> tuple[bytes, frozenset[str]]:
    """(operators, the characters they use) for the words of a page on a sheet of this size in points."""
    across, down = width / page.width, height / page.height
    parts = [b"BT 3 Tr"]
    letters: set[str] = set()
    for word in page.words:
        text = _clean(word.text)
        x, y = word.x * across, word.y * down
        wide, high = word.width * across, word.height * down
        if not text or wide < _LEAST or high < _LEAST:
            continue
        letters.update(text, " ")
        parts.append(_word(text, (x, height - y - high, wide, high), page.rotation))
    parts.append(b"ET")
    return b"\n".join(parts), frozenset(letters)


def _word(text: str, box: tuple[float, float, float, float], rotation: int) -> bytes:
    """One word in a box: lower left corner, width and height. A space follows, which parts it from the next."""
    x, y, wide, high = box
    long, thick = (high, wide) if rotation in (90, 270) else (wide, high)
    match rotation:
        case 90:  # runs upwards
            turn, start = "0 1 -1 0", (x + wide, y)
        case 180:
            turn, start = "-1 0 0 -1", (x + wide, y + high)
        case 270:  # runs downwards
            turn, start = "0 -1 1 0", (x, y + high)
        case _:
            turn, start = "1 0 0 1", (x, y)
    units = len(text.encode("utf-16-be")) // 2
    stretch = 100 * long / (units * thick * ADVANCE / UNITS)
    codes = f"{text} ".encode("utf-16-be").hex().upper()
    return (
        f"/F1 {thick:.3f} Tf {stretch:.3f} Tz {turn} {start[0]:.3f} {start[1]:.3f} Tm <{codes}> Tj"
    ).encode()


def _clean(text: str) -> str:
    """Without what is no character: controls, lone surrogates, and code points that no PDF may name."""
    text = text.encode("utf-16", "ignore").decode("utf-16", "ignore")
    return "".join(
        letter for letter in text if letter.isprintable() and letter not in "\ufeff\ufffe\uffff"
    ).strip()
