"""Where a value of the XML stands on the pages, in any of the ways in which such a value is usually printed."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import accumulate

from automateiq_ocr.extraction.amounts import SYMBOLS
from automateiq_ocr.extraction.dates import find_dates
from automateiq_ocr.extraction.evidence import Evidence
from automateiq_ocr.extraction.layout import Layout, Row, Span, fold, joined_field, overlap
from automateiq_ocr.extraction.models import Field
from automateiq_ocr.recognition.models import Page

_LONGEST = 300  # letters of a text that are looked for
_ROWS_OF_A_TEXT = 5
_SHORTEST_WRAPPED = 4
_MOST_STARTS = 100
_FEW_DIGITS = 2
_SURE = 0.99

_CODES = "EUR|USD|GBP|CHF"  # the currencies that are often printed without a space
# Not the end of another number, of a date or a time, nor of an article's number.
_NOTHING_BEFORE = rf"(?:(?<![\w.,:/'’])|(?<={_CODES}))"


@dataclass(frozen=True, slots=True)
class Place:
    """text[start:end] of a row."""

    row: Row
    start: int
    end: int

    def field(self, value: str) -> Field:
        """The value, read here."""
        return self.row.field(value, self.start, self.end, _SURE)

    def meets(self, other: Place) -> bool:
        """Whether the two share letters."""
        return self.row.index == other.row.index and self.start < other.end and other.start < self.end


class Pages:
    """The pages to look on."""

    def __init__(self, pages: Sequence[Page], layout: Layout) -> None:
        self._layout = layout
        self._evidence = Evidence(pages, layout)
        # The same article may stand on a thousand lines.
        self._known: dict[tuple[str, bool], list[Place]] = {}

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """All rows, page after page."""
        return self._layout.rows

    def stands(self, field: Field) -> bool:
        """Whether the field's source is really what stands in its box."""
        return self._evidence.stands_on(field)

    @cached_property
    def _letters(self) -> _Haystack:
        return _Haystack(self.rows, [letters_of(row.text) for row in self.rows])

    @cached_property
    def _digits(self) -> _Haystack:
        return _Haystack(self.rows, ["".join(filter(str.isdigit, row.text)) for row in self.rows])

    @cached_property
    def _starts(self) -> dict[str, list[tuple[Row, Span, int]]]:
        """Where each word stands: its row, its cell, and which of the cell's words it is."""
        starts = defaultdict(list)
        for row in self.rows:
            for cell in row.cells:
                for index, token in enumerate(cell.tokens):
                    starts[letters_of(token.text)].append((row, cell, index))
        return starts

    def numbers(
        self, value: Decimal, rows: Iterable[Row] | None = None, *, money: bool = False
    ) -> list[Place]:
        """Where a number is printed, from top to bottom; with its own sign if found anywhere, else with any.

        A small sum of money counts only with its decimals, for a bare "0" or "5" may be anything.
        """
        if rows is not None:
            return _numbers(value, rows, money)
        key = (str(value), money)
        if key not in self._known:
            digits = f"{abs(value.normalize()):f}".replace(".", "").lstrip("0")
            self._known[key] = _numbers(value, self._digits.rows_with(digits), money)
        return self._known[key]

    def dates(self, value: str) -> list[Place]:
        """Where a day (ISO 8601) is printed, in any order of day and month that can mean it."""
        day = date.fromisoformat(value)
        year = (str(day.year), f"{day.year % 100:02d}")
        return [
            Place(row, found.start, found.end)
            for row in self.rows
            if any(part in row.text for part in year)
            for found in find_dates(row.text)
            if day in (found.value, found.other)
        ]

    def currencies(self, code: str) -> list[Place]:
        """Where a currency's code or sign is printed; the code first."""
        signs = [re.escape(sign) for sign, meant in SYMBOLS.items() if meant == code]
        places: list[Place] = []
        for mark in (re.escape(code), *sorted(signs, key=len, reverse=True)):
            pattern = re.compile(rf"(?<![\w$]){mark}(?![A-Za-z])|(?<=\d){mark}(?![A-Za-z])")
            places.extend(
                Place(row, match.start(), match.end())
                for row in self.rows
                for match in pattern.finditer(row.text)
            )
        return places

    def texts(self, value: str) -> list[Place]:
        """Where a text stands in one row, whatever the case, accents, spaces and punctuation; from top to bottom."""
        pattern, letters = text_pattern(value), letters_of(value)[:_LONGEST]
        if pattern is None:
            return []
        # A key that no number has.
        key = (f"text {letters}", False)
        if key not in self._known:
            self._known[key] = self._texts(letters, pattern)
        return self._known[key]

    def _texts(self, letters: str, pattern: re.Pattern[str]) -> list[Place]:
        return [
            Place(row, match.start(), match.end())
            for row in self._letters.rows_with(letters)
            for match in pattern.finditer(row.folded)
        ]

    def wrapped(self, value: str) -> tuple[Place, Field] | None:
        """A text that runs over several rows of one column: its first row, and a field with a box around all."""
        wanted = letters_of(value)[:_LONGEST]
        if len(wanted) < _SHORTEST_WRAPPED:
            return None
        for length in range(1, len(wanted) + 1):
            for row, cell, start in self._starts.get(wanted[:length], ())[:_MOST_STARTS]:
                parts = self._continued(cell, start, wanted, row)
                if parts is not None:
                    field = joined_field(value, parts, _SURE)
                    if self.stands(field):
                        return Place(row, 0, len(row.text)), field
        return None

    def _continued(self, cell: Span, start: int, wanted: str, row: Row) -> list[Span] | None:
        first = Span(cell.page, cell.index, cell.tokens[start:])
        letters = letters_of(first.text)
        if not letters or not wanted.startswith(letters):
            return None
        parts, rest = [first], wanted[len(letters) :]
        for below in self._layout.below(row, _ROWS_OF_A_TEXT):
            if not rest:
                break
            under = next((span for span in below.cells if overlap(span, first) > 0.3), None)
            if under is None:
                continue
            taken = _prefix(under, rest)
            if taken is None:
                break
            parts.append(taken)
            rest = rest[len(letters_of(taken.text)) :]
        return parts if not rest else None


class _Haystack:
    """Something of every row in one string: a look at it is much cheaper than a pattern tried on each row."""

    def __init__(self, rows: Sequence[Row], texts: Sequence[str]) -> None:
        self._rows = rows
        self._text = "\n".join(texts)
        self._ends = list(accumulate(len(text) + 1 for text in texts))

    def rows_with(self, needle: str) -> Iterator[Row]:
        """The rows whose text holds the needle, from top to bottom."""
        at = self._text.find(needle)
        while 0 <= at < len(self._text):
            index = bisect_right(self._ends, at)
            yield self._rows[index]
            at = self._text.find(needle, self._ends[index])


def _numbers(value: Decimal, rows: Iterable[Row], money: bool) -> list[Place]:
    pattern = number_pattern(value, money=money)
    found = [
        (match["before"] or match["after"] or "", Place(row, match.start(), match.end()))
        for row in rows
        for match in pattern.finditer(row.text)
    ]
    signed = [place for sign, place in found if bool(sign) == (value < 0)]
    return signed or [place for _, place in found]


def _prefix(span: Span, wanted: str) -> Span | None:
    """As many of the span's first words as the wanted letters begin with."""
    count, at = 0, 0
    for token in span.tokens:
        letters = letters_of(token.text)
        if not wanted.startswith(letters, at):
            break
        at += len(letters)
        count += 1
        if at == len(wanted):
            break
    return Span(span.page, span.index, span.tokens[:count]) if at else None


def letters_of(text: str) -> str:
    """Letters and digits alone, without case and accents."""
    return "".join(letter for letter in fold(text) if letter.isalnum())


def text_pattern(value: str) -> re.Pattern[str] | None:
    """Finds a text in folded rows: its letters and digits in order, anything else between them."""
    letters = letters_of(value)[:_LONGEST]
    if not letters:
        return None
    inner = r"[\W_]*".join(map(re.escape, letters))
    return re.compile(rf"(?<![^\W_]){inner}(?![^\W_])")


def number_pattern(value: Decimal, *, money: bool = False) -> re.Pattern[str]:
    """Finds a number however its thousands are grouped, its decimals marked and filled up, and its sign set."""
    whole, _, decimals = f"{abs(value.normalize()):f}".partition(".")
    grouped = "".join(_grouped(whole))
    # "1.00", "1,0000", "1" and "1,--" are one number; ".50" stands for "0.50".
    tail = rf"[.,] ?{decimals}0*" if decimals else r"[.,](?:0+|[-–]{1,2})"
    if not decimals and (not money or len(whole) > _FEW_DIGITS):
        tail = rf"(?:{tail})?"
    lead = rf"(?:{grouped})?" if whole == "0" and decimals else grouped
    return re.compile(
        rf"{_NOTHING_BEFORE}(?P<before>[-−–(] ?)?{_NOTHING_BEFORE}{lead}{tail}"
        rf"(?![.,:/]\d)(?!(?!{_CODES})\w)(?P<after>[-−](?=\s|$)|\))?"
    )


def _grouped(digits: str) -> Iterator[str]:
    for index, digit in enumerate(digits):
        if index and (len(digits) - index) % 3 == 0:
            yield "[.,'’  ]?"
        yield digit
