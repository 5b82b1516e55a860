"""Words brought into rows and cells, the way a person's eye runs over an invoice.

The recogniser's own lines follow columns; labels and their amounts stand in different columns of one row. So lines
are joined again by their height on the page, after the page was turned upright in thought.
"""

from __future__ import annotations

import math
import statistics
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from automateiq_ocr.extraction.glyphs import Meant, meant
from automateiq_ocr.extraction.models import Field
from automateiq_ocr.recognition.models import Box, Page, Word

_P = ParamSpec("_P")
_R = TypeVar("_R")
# Letters side by side; no value has more, and what is longer is no word (a code, a picture printed as text).
_LONGEST_WORD = 100
# No print has more words side by side; what claims to is cut, so that no row takes long to look at.
_MOST_IN_ROW = 200
_CELL_GAP = 1.1  # of the row's height: wider than between words, narrower than between columns


@dataclass(frozen=True, slots=True)
class Token:
    """A word, with its place as if the page were upright: left and right edge, middle and height."""

    word: Word
    left: float
    right: float
    middle: float
    height: float

    @property
    def text(self) -> str:
        """What it says."""
        return self.word.text


@dataclass(frozen=True)
class Span:
    """Tokens side by side. Its `text` joins them by one space; offsets into it lead back to the tokens."""

    page: int
    index: int  # of the row within the document
    tokens: tuple[Token, ...]

    @cached_property
    def text(self) -> str:
        """The tokens' text."""
        return " ".join(token.word.text for token in self.tokens)

    @cached_property
    def folded(self) -> str:
        """The text without case and accents, of the same length."""
        return fold(self.text)

    @cached_property
    def meant(self) -> Meant:
        """What the text was meant to say: numbers are looked for in it."""
        return meant(self)

    @cached_property
    def left(self) -> float:
        """Left edge."""
        return min(token.left for token in self.tokens)

    @cached_property
    def right(self) -> float:
        """Right edge."""
        return max(token.right for token in self.tokens)

    @cached_property
    def middle(self) -> float:
        """Middle of the height."""
        return statistics.median(token.middle for token in self.tokens)

    @cached_property
    def height(self) -> float:
        """Height of the print."""
        return statistics.median(token.height for token in self.tokens)

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        starts, at = [], 0
        for token in self.tokens:
            starts.append(at)
            at += len(token.text) + 1
        return tuple(starts)

    def within(self, start: int, end: int) -> tuple[Token, ...]:
        """The tokens that text[start:end] touches."""
        if not self.tokens:
            return ()
        first = max(0, bisect_right(self._starts, start) - 1)
        if self._starts[first] + len(self.tokens[first].text) <= start:
            first += 1
        return self.tokens[first : bisect_left(self._starts, end)]

    def field(self, value: str, start: int, end: int, confidence: float) -> Field:
        """What text[start:end] says, as a field; the words' own confidence lowers its."""
        tokens = self.within(start, end)
        read = min(token.word.confidence for token in tokens)
        return Field(
            value=value,
            confidence=round(max(0.0, min(1.0, confidence * (0.4 + 0.6 * read))), 3),
            page=self.page,
            box=Box.around(token.word.box for token in tokens),
            source_text=self.text[start:end],
        )


@dataclass(frozen=True)
class Row(Span):
    """Everything on one height of a page."""

    @cached_property
    def known(self) -> dict[Any, Any]:
        """What `once` keeps."""
        return {}

    @cached_property
    def cells(self) -> tuple[Span, ...]:
        """The row cut at its wide gaps."""
        groups: list[list[Token]] = []
        for token in self.tokens:
            if groups and token.left - groups[-1][-1].right <= _CELL_GAP * self.height:
                groups[-1].append(token)
            else:
                groups.append([token])
        return tuple(Span(self.page, self.index, tuple(group)) for group in groups)


def once(work: Callable[Concatenate[Row, _P], _R]) -> Callable[Concatenate[Row, _P], _R]:
    """Makes a pure function keep what it says of a row with the row: many fields ask the same of each."""

    @wraps(work)
    def answer(row: Row, /, *rest: _P.args, **named: _P.kwargs) -> _R:
        key = (work, *rest, *named.items())
        if key not in row.known:
            row.known[key] = work(row, *rest, **named)
        found: _R = row.known[key]
        return found

    return answer


@dataclass(frozen=True)
class Layout:
    """A document's rows, page after page, from top to bottom."""

    rows: tuple[Row, ...]

    @cached_property
    def narrow(self) -> bool:
        """Whether the print is a narrow strip, as a till's: few characters fit side by side.

        A letter in large print has about as few, but is not much higher than wide: pages are 1.41 times as high.
        """
        if not self.rows:
            return False
        wide = sorted((row.right - row.left) / max(1e-6, row.height) for row in self.rows)
        usual = wide[int(0.95 * (len(wide) - 1))]
        page = [row for row in self.rows if row.page == self.rows[0].page]
        width = max(row.right for row in page) - min(row.left for row in page)
        tall = (page[-1].middle - page[0].middle) / max(1e-6, width) > 1.55
        return usual < 26 or (usual < 32 and tall)

    @cached_property
    def text(self) -> str:
        """All rows, without case and accents."""
        return "\n".join(row.folded for row in self.rows)

    @cached_property
    def meant_text(self) -> str:
        """All rows as they were meant, without case and accents."""
        return "\n".join(fold(row.meant.text) for row in self.rows)

    @cached_property
    def line_height(self) -> float:
        """The usual height of print."""
        return statistics.median(row.height for row in self.rows) if self.rows else 0.0

    def below(self, row: Row, count: int) -> tuple[Row, ...]:
        """Up to `count` rows under a row, on its page."""
        after = self.rows[row.index + 1 : row.index + 1 + count]
        return tuple(other for other in after if other.page == row.page)

    def above(self, row: Row, count: int) -> tuple[Row, ...]:
        """Up to `count` rows over a row, on its page, the nearest first."""
        before = self.rows[max(0, row.index - count) : row.index]
        return tuple(other for other in reversed(before) if other.page == row.page)


def joined_field(value: str | None, spans: Sequence[Span], confidence: float) -> Field:
    """Spans on consecutive rows of one page as one field, its box around all; `value` None means their text."""
    parts = [span.field(span.text, 0, len(span.text), confidence) for span in spans]
    text = " ".join(part.source_text for part in parts)
    sure = min(part.confidence for part in parts)
    box = Box.around(part.box for part in parts if part.box is not None)
    return Field(value or text, sure, parts[0].page, box, text)


def fold(text: str) -> str:
    """Lower case without accents, letter for letter: offsets stay valid."""
    if text.isascii():
        return text.lower()
    return text.translate(_FOLDED)


class _Folded(dict[int, str]):
    """For `str.translate`: each letter without case and accents, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        base = letter.lower() if code < 0x80 else unicodedata.normalize("NFKD", letter)[0].casefold()
        folded = base[0] if base else letter
        if code < _KEPT:
            self[code] = folded
        return folded


_KEPT = 0x3000  # letters below are kept: those of the alphabets, not the many thousand signs of East Asia
_FOLDED = _Folded()


def overlap(a: Span | Token, b: Span | Token) -> float:
    """How much of the narrower one lies over the other, 0 to 1."""
    shared = min(a.right, b.right) - max(a.left, b.left)
    return max(0.0, shared) / max(1e-6, min(a.right - a.left, b.right - b.left))


def lay_out(pages: Sequence[Page]) -> Layout:
    """The pages' words in rows."""
    rows: list[Row] = []
    for page in pages:
        for tokens in _rows_of(page):
            rows.append(Row(page.number, len(rows), tokens))
    return Layout(tuple(rows))


def _rows_of(page: Page) -> list[tuple[Token, ...]]:
    upright = _upright(page)
    lines = [
        [upright(word) for word in line.words if 0 < len(word.text) <= _LONGEST_WORD] for line in page.lines
    ]
    measured = sorted(
        (
            (statistics.median(t.middle for t in line), statistics.median(t.height for t in line), line)
            for line in lines
            if line
        ),
        key=lambda entry: entry[0],
    )
    rows: list[tuple[float, float, list[Token]]] = []
    for middle, height, tokens in measured:
        for index in range(len(rows) - 1, max(-1, len(rows) - 4), -1):
            other_middle, other_height, there = rows[index]
            if len(there) >= _MOST_IN_ROW:
                continue
            if abs(middle - other_middle) <= 0.5 * min(height, other_height) and _apart(tokens, there):
                there.extend(tokens)
                break
        else:
            rows.append((middle, height, list(tokens)))
    rows.sort(key=lambda entry: entry[0])
    ordered = [sorted(tokens, key=lambda token: token.left) for _, _, tokens in rows]
    return [
        tuple(tokens[start : start + _MOST_IN_ROW])
        for tokens in ordered
        for start in range(0, len(tokens), _MOST_IN_ROW)
    ]


def _apart(tokens: Iterable[Token], others: Iterable[Token]) -> bool:
    """Words that lie over one another belong to different rows."""
    there = list(others)
    return not any(overlap(token, other) > 0.5 for token in tokens for other in there)


def _upright(page: Page) -> Callable[[Word], Token]:
    """What finds a word's place as if the page were upright."""
    sin, cos = math.sin(math.radians(page.skew)), math.cos(math.radians(page.skew))

    def token(word: Word) -> Token:
        x, y, across, down = word.x + word.width / 2, word.y + word.height / 2, word.width, word.height
        match page.rotation:
            case 90:
                x, y, across, down = page.height - y, x, down, across
            case 180:
                x, y = page.width - x, page.height - y
            case 270:
                x, y, across, down = y, page.width - x, down, across
        if page.skew:
            x, y = cos * x + sin * y, cos * y - sin * x
            # The box around a slanted word is higher and wider than the word.
            across, down = max(1.0, across - down * abs(sin)), max(down * 0.4, down - across * abs(sin))
        return Token(word, x - across / 2, x + across / 2, y, down)

    return token
