"""How values look on paper: dates and amounts in a known notation, the shape of numbers, names as they are misread."""

import re
import unicodedata
from datetime import date
from decimal import Decimal, InvalidOperation
from difflib import SequenceMatcher
from functools import lru_cache

from automateiq_documents.review.models import FieldKind

# Letters that readers of pages take for one another.
_CONFUSED = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "5": "s", "8": "b", "6": "b"})
_NUMERIC_DATE = re.compile(r"(\d{1,4})\s?[./-]\s?(\d{1,2})\s?[./-]\s?(\d{1,4})")
_WORD_DATE = re.compile(
    r"(?:(\d{1,2})(?:st|nd|rd|th|\.|er|º)?\s*(?:de\s+)?([^\W\d_]{3,})\.?,?\s*(?:de\s+)?(\d{4})"
    r"|([^\W\d_]{3,})\.?\s*(\d{1,2})(?:st|nd|rd|th)?,?\s*(\d{4}))",
    re.IGNORECASE,
)
# The first letters of the months in English, German, French, Spanish, Italian, Dutch and Portuguese, without accents.
_MONTHS = {
    1: "jan janv ene gen",
    2: "feb fev febb",
    3: "mar maa mrz mars",
    4: "apr avr abr",
    5: "mai may mei mag",
    6: "jun juin giu",
    7: "jul juil lug",
    8: "aug aou ago",
    9: "sep set",
    10: "oct okt out ott",
    11: "nov",
    12: "dec dez dic",
}
_MONTH_OF = {prefix: number for number, prefixes in _MONTHS.items() for prefix in prefixes.split()}
_AMOUNT = re.compile(r"[-+]?\d[\d.,'\u2019 \u00a0]*\d|\d")


def plain(text: str) -> str:
    """In lower case, without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


@lru_cache(maxsize=16_384)
def skeleton(text: str) -> str:
    """What is left of a text where letters that are taken for one another are the same."""
    bare = "".join(letter for letter in plain(text) if letter.isalnum() or letter in "|!")
    return bare.translate(_CONFUSED).replace("rn", "m").replace("vv", "w")


def likeness(one: str, other: str) -> float:
    """How alike two skeletons are, 0 to 1 (Ratcliff and Obershelp); 0 for what is less than half alike."""
    if one == other:
        return 1.0 if one else 0.0
    shorter, longer = sorted((len(one), len(other)))
    # Most pairs are told apart by their lengths or their letters, at a hundredth of the price.
    if 3 * shorter < longer or 4 * len(set(one) & set(other)) < len(set(one)) + len(set(other)):
        return 0.0
    ratio = SequenceMatcher(None, one, other, autojunk=False).ratio()
    return ratio if ratio >= 0.5 else 0.0


def shape_of(text: str) -> str:
    """The pattern of a number: of a run of letters A and its length, of digits 9 and its length, else the sign."""
    runs: list[str] = []
    for run in re.finditer(r"[^\W\d_]+|\d+|[^\w\s]|_", text):
        first = run[0][0]
        kind = "9" if first.isdigit() else "A" if first.isalpha() else first
        runs.append(f"{kind}{len(run[0])}" if kind in "A9" else kind)
    return " ".join(runs)


def shape_likeness(one: str, other: str) -> float:
    """1 for the same pattern, 0.9 where runs differ in length, 0 for another pattern."""
    if one == other:
        return 1.0
    kinds = [[run[0] for run in shape.split()] for shape in (one, other)]
    return 0.9 if kinds[0] == kinds[1] else 0.0


def date_of(text: str, order: str) -> str:
    """The first day that stands in a text, in ISO 8601; empty where there is none. `order` is that of numeric dates."""
    numeric = _NUMERIC_DATE.search(text)
    if numeric is not None:
        return _iso(*_ordered(numeric, order))
    worded = _WORD_DATE.search(text)
    if worded is None:
        return ""
    day, month, year = (worded[1], worded[2], worded[3]) if worded[1] else (worded[5], worded[4], worded[6])
    return _iso(int(year), _month_of(month), int(day))


def is_month(word: str) -> bool:
    """Whether a word is the name of a month."""
    return _month_of(word) != 0


def _month_of(word: str) -> int:
    letters = plain(word)
    return next((_MONTH_OF[letters[:length]] for length in (4, 3) if letters[:length] in _MONTH_OF), 0)


def order_of(text: str, value: str) -> str:
    """The order in which a numeric date must be read to mean this day; empty where all or none do."""
    if _NUMERIC_DATE.search(text) is None:
        return ""
    fitting = [order for order in ("DMY", "MDY", "YMD") if date_of(text, order) == value]
    return fitting[0] if len(fitting) == 1 else ""


def is_two_faced(text: str) -> bool:
    """Whether a numeric date could be read in two orders."""
    return date_of(text, "DMY") != date_of(text, "MDY") and "" not in (
        date_of(text, "DMY"),
        date_of(text, "MDY"),
    )


def amount_of(text: str, decimal: str) -> str:
    """The amount in a text in normal form; empty where there is none. `decimal` is its decimal mark, if known."""
    found = _AMOUNT.search(text)
    if found is None or len(found[0]) > 20:
        return ""
    digits = re.sub(r"['\u2019 \u00a0]", "", found[0])
    mark = decimal or decimal_mark(digits)
    digits = digits.replace("," if mark == "." else ".", "").replace(",", ".")
    before = text[: found.start()].rstrip(" $€£¥")
    negative = before.endswith(("-", "(")) or text[found.end() :].lstrip().startswith("-")
    try:
        amount = Decimal(digits)
    except InvalidOperation:
        return ""
    return f"{-amount if negative else amount:.2f}" if amount == amount.quantize(Decimal("0.01")) else ""


def decimal_mark(text: str) -> str:
    """The decimal mark of an amount as it is printed; empty where it shows none."""
    found = re.search(r"([.,])\d{1,2}$", text.strip())
    return found[1] if found else ""


def normal_of(kind: FieldKind, text: str, *, order: str = "", decimal: str = "") -> str:
    """The value that a text on the page says; empty where it says none of this kind."""
    if kind is FieldKind.DATE:
        return date_of(text, order)
    if kind is FieldKind.AMOUNT:
        return amount_of(text, decimal)
    return text.strip(" :#.,;")


def _ordered(numeric: "re.Match[str]", order: str) -> tuple[int, int, int]:
    first, second, third = (int(part) for part in numeric.groups())
    if len(numeric[1]) == 4:
        return first, second, third
    if order == "YMD":
        return _full(first), second, third
    day, month = (second, first) if order == "MDY" else (first, second)
    return _full(third), month, day


def _full(year: int) -> int:
    return 2000 + year if year < 100 else year


def _iso(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return ""
