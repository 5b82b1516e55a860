"""What was meant by the characters of a row: spaced-out print joined, and letters between digits taken for digits.

Habits of print and of recognition that this follows:
- tills print totals in double width, which is read letter by letter: "R M 1 . 3 8";
- in a number, a reader takes 0 for O and 1 for l or I: "RMO.08", "l2.50";
- fonts for Chinese and Japanese have wide forms of the digits and marks.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from automateiq_ocr.extraction.layout import Span

_LOOKS = str.maketrans({"O": "0", "o": "0", "Q": "0", "l": "1", "I": "1", "|": "1"})
# A letter that stands for a digit: right beside a mark for cents, or between digits, in a number with cents.
_MISREAD = re.compile(
    r"(?<![A-Za-z])(?:RM|[€$£])?(?=[\dOolI|.,]*\d)[\dOolI|]+(?:[.,][\dOolI|]{3})*[.,] ?[\dOolI|]{2}(?![A-Za-z\d])"
)
_DIGIT = re.compile(r"\d")
_WIDEST = 0.28  # of the print's height, between the letters of a word; from a third on a new word begins
_SINGLES = 4  # fewer letters side by side are no spaced-out print


@dataclass(frozen=True, slots=True)
class Meant:
    """A row's text as it was meant; `back[i]` is where its i-th character stands in the row's own text."""

    text: str
    back: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place in the row's own text of text[start:end], which is not empty."""
        return self.back[start], self.back[end - 1] + 1


def meant(row: Span) -> Meant:
    """What the row's text was meant to say; mostly the text itself."""
    text = _plain(row.text)
    kept = range(len(text))
    spaces = _needless_spaces(row)
    if spaces:
        kept_places = [i for i in kept if i not in spaces]
        text = "".join(text[i] for i in kept_places)
        back = tuple(kept_places)
    else:
        back = tuple(kept)
    if _DIGIT.search(text):
        text = _MISREAD.sub(lambda match: _digits(match[0]), text)
    return Meant(text, back)


def _plain(text: str) -> str:
    """Wide forms as plain ones, letter for letter."""
    if text.isascii():
        return text
    return "".join(c if c < "\u3000" else (unicodedata.normalize("NFKC", c)[:1] or c) for c in text)


def _digits(number: str) -> str:
    mark = re.match(r"RM|[€$£]", number)
    head = mark[0] if mark else ""
    return head + number[len(head) :].translate(_LOOKS)


def _needless_spaces(row: Span) -> frozenset[int]:
    """Where the row's text has spaces only because the print is spaced out."""
    tokens = row.tokens
    if sum(len(token.text) == 1 for token in tokens) < _SINGLES:
        return frozenset()
    found: list[int] = []
    run: list[int] = []
    at = 0
    for index, token in enumerate(tokens):
        near = not run or token.left - tokens[index - 1].right < _WIDEST * token.height
        if len(token.text) == 1 and near:
            run.append(at)
        else:
            found += _inner(run)
            run = [at] if len(token.text) == 1 else []
        at += len(token.text) + 1
    found += _inner(run)
    return frozenset(found)


def _inner(run: list[int]) -> list[int]:
    return [at - 1 for at in run[1:]] if len(run) >= _SINGLES else []
