"""Dates: every usual way of writing one, and an honest doubt where day and month could be swapped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from automateiq_ocr.extraction.layout import fold

Order = Literal["dmy", "mdy"]

_MONTHS: dict[str, int] = {}
for _number, _names in enumerate(
    (
        "january jan januar janner janvier janv enero ene gennaio gen januari janeiro",
        "february feb februar fevrier fevr fev febrero febbraio febr februari fevereiro",
        "march mar marz maerz mrz mars marzo maart mrt marco",
        "april apr avril avr abril abr aprile",
        "may mai mayo maggio mag mei maio",
        "june jun juni juin junio giugno giu junho",
        "july jul juli juillet juil julio luglio lug julho",
        "august aug aout agosto ago augustus",
        "september sep sept septembre septiembre settembre set setembro",
        "october oct oktober okt octobre octubre ottobre ott outubro out",
        "november nov novembre noviembre novembro",
        "december dec dezember dez decembre diciembre dic dicembre desember dezembro",
    ),
    start=1,
):
    _MONTHS.update(dict.fromkeys(_names.split(), _number))

_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
# A till prints the time right behind the year: "08/02/20172:09:49PM".
_YEAR = r"(?:(?:19|20)\d{2}(?=\d{1,2}:\d{2})|(?:(?:19|20)\d{2}|'?\d{2})(?!\d))"
_ISO = re.compile(r"(?<!\d)((?:19|20)\d{2})([-/. ])(\d{1,2})\2(\d{1,2})(?!\d)")
_JOINED = re.compile(r"(?<!\d)(20[0-4]\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")
_JOINED_DAY_FIRST = re.compile(r"(?<![\d.-])(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])(20[0-4]\d)(?![\d.-])")
_DIGIT = re.compile(r"\d")
_FEWEST_DIGITS = 3  # of a day and a year: "1 Jan 20"
# The second date of "03/16/20-03/29/20" stands right behind the dash.
_NUMERIC = re.compile(
    # What stands before is looked at behind the first digit, so that other characters are passed over at once.
    r"(\d(?:(?<![\d.,/-]\d)|(?<=/\d\d-\d)|(?<=/\d{4}-\d)|(?<=\.\d\d-\d)|(?<=\.\d{4}-\d))\d?)"
    rf"\s?([-/.])\s?(\d{{1,2}})\s?\2\s?({_YEAR})"
)
_DAY_FIRST = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:\s?(?:st|nd|rd|th)|er|\.|º|o)?[\s/.,-]{{0,2}}(?:de\s|day of\s|di\s)?({_MONTH})"
    rf"\s?[.,]?[\s/.,'-]{{0,2}}(?:de\s|del\s)?({_YEAR})"
)
_MONTH_FIRST = re.compile(
    rf"(?<![a-z])({_MONTH})[.]?[\s/-]{{0,2}}(\d{{1,2}})(?:st|nd|rd|th)?[\s,./'-]{{1,3}}({_YEAR})"
)


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date in a text. `other` is what it means with day and month swapped, where that is possible too."""

    start: int
    end: int
    value: date
    other: date | None = None
    separator: str = ""

    @property
    def ambiguous(self) -> bool:
        """Whether the writing alone does not settle the day."""
        return self.other is not None


def find_dates(text: str, order: Order = "dmy") -> Iterator[FoundDate]:
    """The dates of a text, left to right; `order` decides the ambiguous ones."""
    folded = fold(text)
    if len(_DIGIT.findall(folded)) < _FEWEST_DIGITS:
        return
    taken: list[tuple[int, int]] = []
    found: list[FoundDate] = []

    def take(
        start: int, end: int, value: date | None, other: date | None = None, separator: str = ""
    ) -> None:
        if value is not None and all(end <= a or start >= b for a, b in taken):
            taken.append((start, end))
            found.append(FoundDate(start, end, value, other if other != value else None, separator))

    for match in _ISO.finditer(folded):
        take(match.start(), match.end(), _date(match[1], match[3], match[4]))
    for match in _DAY_FIRST.finditer(folded):
        take(match.start(), match.end(), _date(match[3], _MONTHS[match[2]], match[1]))
    for match in _MONTH_FIRST.finditer(folded):
        take(match.start(), match.end(), _date(match[3], _MONTHS[match[1]], match[2]))
    for match in _NUMERIC.finditer(folded):
        day_first, month_first = _date(match[4], match[3], match[1]), _date(match[4], match[1], match[3])
        if match[2] == ".":
            # A dot is only ever written between day, month and year in this order.
            take(match.start(), match.end(), day_first or month_first, None, ".")
        elif order == "mdy":
            take(
                match.start(),
                match.end(),
                month_first or day_first,
                day_first if month_first else None,
                match[2],
            )
        else:
            take(
                match.start(),
                match.end(),
                day_first or month_first,
                month_first if day_first else None,
                match[2],
            )
    for match in _JOINED.finditer(folded):
        take(match.start(), match.end(), _date(match[1], match[2], match[3]))
    for match in _JOINED_DAY_FIRST.finditer(folded):
        take(match.start(), match.end(), _date(match[3], match[2], match[1]))
    yield from sorted(found, key=lambda entry: entry.start)


def document_order(text: str, *, american: bool) -> tuple[Order, bool]:
    """(the order of day and month in this document, whether its own dates prove it)."""
    proofs = {"dmy": 0, "mdy": 0}
    for match in _NUMERIC.finditer(fold(text)):
        if match[2] == ".":
            continue
        first, second = int(match[1]), int(match[3])
        if 31 >= first > 12 >= second >= 1:
            proofs["dmy"] += 1
        elif 31 >= second > 12 >= first >= 1:
            proofs["mdy"] += 1
    if proofs["dmy"] != proofs["mdy"]:
        return ("dmy" if proofs["dmy"] > proofs["mdy"] else "mdy"), True
    return ("mdy" if american else "dmy"), False


def _date(year: str, month: str | int, day: str) -> date | None:
    digits = year.lstrip("'")
    number = int(digits)
    if len(digits) == 2:
        number += 2000 if number < 70 else 1900
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None
