"""Amounts of money: what is one, what it is worth, and in which currency."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.layout import Layout, Row, once

SYMBOLS = {
    "€": "EUR",
    "Euro": "EUR",
    "EURO": "EUR",
    "euro": "EUR",
    "£": "GBP",
    "$": "USD",
    "US$": "USD",
    "HK$": "HKD",
    "C$": "CAD",
    "CA$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "S$": "SGD",
    "NZ$": "NZD",
    "R$": "BRL",
    "¥": "JPY",
    "￥": "CNY",
    "₹": "INR",
    "Rs": "INR",
    "Rs.": "INR",
    "RM": "MYR",
    "zł": "PLN",
    "Kč": "CZK",
    "kr": "SEK",
    "Fr.": "CHF",
}
CODES = frozenset(
    [
        "EUR",
        "USD",
        "GBP",
        "CHF",
        "CAD",
        "AUD",
        "NZD",
        "JPY",
        "CNY",
        "HKD",
        "SGD",
        "MYR",
        "INR",
        "IDR",
        "THB",
        "PHP",
        "VND",
        "KRW",
        "TWD",
        "AED",
        "SAR",
        "QAR",
        "ILS",
        "TRY",
        "ZAR",
        "NGN",
        "KES",
        "EGP",
        "MAD",
        "PLN",
        "CZK",
        "HUF",
        "RON",
        "BGN",
        "SEK",
        "NOK",
        "DKK",
        "ISK",
        "RUB",
        "UAH",
        "BRL",
        "MXN",
        "ARS",
        "CLP",
        "COP",
        "PEN",
    ]
)
# Signs that several currencies share: the sign alone settles less.
_SHARED = frozenset({"$", "¥", "kr", "Rs", "Rs."})

_MARK = "|".join(sorted((re.escape(mark) for mark in (*SYMBOLS, *CODES)), key=len, reverse=True))
_NUMBER = (
    r"\d{1,3}(?:[.,'’]\d{3})+(?:[.,]\d{1,4})?"
    r"|\d{1,3}(?: \d{3})+[.,]\d{2}(?!\d)"  # checked against the gap between the words
    r"|\d+[.,] ?\d{2}(?!\d)"
    r"|\d+[.,]\d{1,4}"
    r"|[.,]\d{2}(?!\d)"
    r"|\d+(?:[.,]-)?"
)
# Tills print the code of the tax rate against the price: "2.45S", "38.68SR".
_TAX_CODE = r"[A-HNSTVZ]|SR|ZR|ZRL|OS|TX|NR"
_AMOUNT = re.compile(
    rf"(?<![\w./:#-])(?P<before>(?:{_MARK})(?![A-Za-z]))?\s?(?P<open>\()?(?P<minus>[-−–])?\s?"
    rf"(?P<middle>(?:{_MARK})(?![A-Za-z]))?\s?(?P<number>{_NUMBER})(?P<tail>[-−](?=\s|$))?(?P<close>\))?"
    rf"(?:\s?(?P<after>(?:{_MARK})(?![\w])))?"
    rf"(?:(?<=[.,]\d\d)(?:{_TAX_CODE})(?![\w.,/]))?"
    r"(?![\w/:]|[.,]\d|-\w|\s?%)"
)
_DIGIT = re.compile(r"\d")
_CURRENCY = re.compile(rf"(?<![\w$/])(?P<mark>{_MARK})(?![A-Za-z])")
_MOST = Decimal("9999999999.99")
CENT = Decimal("0.01")
TOLERANCE = Decimal("0.02")  # what rounding each line makes of a sum


@dataclass(frozen=True, slots=True)
class Amount:
    """A number that may be money, where it stands, and what speaks for it."""

    row: Row
    start: int
    end: int
    value: Decimal
    mark: str | None
    cents: bool  # written with two decimals
    unsure: bool  # "1.234" may be either
    repaired: bool = False  # misread; the value is what the arithmetic proves

    @property
    def text(self) -> str:
        """The value in normal form."""
        return normal(self.value)

    @property
    def right(self) -> float:
        """Its right edge on the upright page."""
        return self.row.within(self.start, self.end)[-1].right

    @property
    def left(self) -> float:
        """Its left edge on the upright page."""
        return self.row.within(self.start, self.end)[0].left

    @property
    def money(self) -> bool:
        """Whether it looks like money: cents, or a currency beside it."""
        return self.cents or self.mark is not None


def normal(value: Decimal) -> str:
    """Dot and two decimals, more only where more are printed and not zero; never "-0.00"."""
    exact = value.normalize() + 0
    places = max(2, -int(exact.as_tuple().exponent))
    return f"{exact if exact else abs(exact):.{places}f}"


def parse_number(text: str, decimal_mark: str | None = None) -> tuple[Decimal, bool] | None:
    """(the value of digits with separators, whether it could be read in another way), or None.

    `decimal_mark` is what the rest of the document uses; it settles "1.234".
    """
    text = text.strip().replace(" ", "").replace("'", "").replace("’", "").replace("\u00a0", "")
    text = re.sub(r"[.,]-$", "", text)
    if not re.fullmatch(r"\d*(?:[.,]\d+)*", text) or not text:
        return None
    marks = [character for character in text if character in ".,"]
    unsure = False
    if not marks:
        decimal = None
    elif len(set(marks)) == 2:
        decimal = marks[-1]
        if marks.count(decimal) > 1:
            return None
    elif len(marks) > 1:
        decimal = None
        groups = re.split(r"[.,]", text)
        if any(len(group) != 3 for group in groups[1:]):
            return None
    else:
        digits = len(text) - text.index(marks[0]) - 1
        whole = text[: text.index(marks[0])]
        if digits == 3 and whole and whole != "0" and len(whole) <= 3:
            decimal = marks[0] if decimal_mark == marks[0] else None
            unsure = decimal_mark is None
        else:
            decimal = marks[0]
    plain = "".join("." if c == decimal else "" if c in ".," else c for c in text)
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return None
    return (value, unsure) if value <= _MOST else None


@once
def find_amounts(row: Row, decimal_mark: str | None) -> tuple[Amount, ...]:
    """The numbers of a row that may be money, from left to right."""
    return tuple(_amounts(row, decimal_mark)) if _DIGIT.search(row.meant.text) else ()


def _amounts(row: Row, decimal_mark: str | None) -> Iterator[Amount]:
    text = row.meant.text
    for match in _AMOUNT.finditer(text):
        number = match["number"]
        start = match.start()
        if re.search(r"\d \d{3}", number) and not _close_together(
            row, *row.meant.span(match.start("number"), match.end("number"))
        ):
            # "2 150.00" is a quantity and a price: keep the price.
            cut = number.rindex(" ") + 1
            start = match.start("number") + cut
            number = number[cut:]
        while text[start] == " ":
            start += 1
        parsed = parse_number(number, decimal_mark)
        if parsed is None:
            continue
        value, unsure = parsed
        bracketed = bool(match["open"] and match["close"])
        if match["open"] and not bracketed and number.isdigit() and text[match.end("number") :].find(")") > 0:
            continue  # a count: "TO PAY SEK (3 ITEMS)"
        if match["open"] and not bracketed:
            start = match.start("number")
        if match["minus"] or match["tail"] or bracketed:
            value = -value
        end = match.end("number")
        for part in ("tail", "close", "after"):
            if match[part] and not (part == "close" and not bracketed):
                end = match.end(part)
        mark = match["before"] or match["middle"] or match["after"]
        cents = bool(re.search(r"[.,] ?\d{2}$|[.,]-$", number)) and not unsure
        yield Amount(row, *row.meant.span(start, end), value, mark, cents, unsure)


def _close_together(row: Row, start: int, end: int) -> bool:
    tokens = row.within(start, end)
    return all(b.left - a.right < 0.45 * row.height for a, b in pairwise(tokens))


def usual_decimal_mark(layout: Layout) -> str | None:
    """The mark before the cents in this document, where it is clear."""
    votes = Counter(match[1] for match in re.finditer(r"\d([.,])\d{2}(?![\d.,])", layout.text))
    (best, count), (_, other) = [*votes.most_common(2), ("", 0), ("", 0)][:2]
    return best if count > 2 * other and best else None


@dataclass(frozen=True, slots=True)
class CurrencyMark:
    """A currency's sign or code on the page."""

    row: Row
    start: int
    end: int
    code: str
    confidence: float


def find_currency(layout: Layout, near: Row | None) -> CurrencyMark | None:
    """The document's currency by the signs on it; those beside amounts, and beside the total, count most."""
    votes: dict[str, float] = defaultdict(float)
    best: dict[str, tuple[float, CurrencyMark]] = {}
    local = None
    if "$" in layout.text:
        local = next((code for code, words in vocabulary.DOLLARS.items() if words.search(layout.text)), None)
    for row in layout.rows:
        for match in _CURRENCY.finditer(row.text):
            mark = match["mark"]
            code = local if mark == "$" and local else SYMBOLS.get(mark, mark)
            weight = _mark_weight(row, match, at_total=near is not None and row.index == near.index)
            votes[code] += weight
            sure = 0.8 if mark in _SHARED else 0.95
            found = CurrencyMark(row, match.start("mark"), match.end("mark"), code, sure)
            if code not in best or weight > best[code][0]:
                best[code] = (weight, found)
    # "AUD" or "HK$" beside many bare "$" says which dollar is meant.
    for code in ("CAD", "AUD", "NZD", "HKD", "SGD"):
        if votes[code] >= 1 and not any("US$" in row.text or "USD" in row.text for row in layout.rows):
            votes[code] += votes.pop("USD", 0.0)
    ranked = sorted(votes.items(), key=lambda entry: entry[1], reverse=True)[:2]
    if not ranked or ranked[0][1] < _LEAST_VOTES:
        return None
    code, most = ranked[0]
    found = best[code][1]
    doubt = ranked[1][1] / most if len(ranked) > 1 else 0.0
    return CurrencyMark(found.row, found.start, found.end, code, found.confidence * (1 - 0.5 * doubt))


_LEAST_VOTES = 0.8
# Also words, or what a speck is read as: alone they say little.
_AMBIGUOUS = frozenset({"RM", "kr", "Rs", "¥", "PEN", "COP", "TRY", "BGN", "CHF"})


def _mark_weight(row: Row, match: re.Match[str], *, at_total: bool) -> float:
    """How much a mark says: in a running text it may be anything."""
    before, after = row.text[: match.start()], row.text[match.end() :]
    if vocabulary.CURRENCY_LABEL.search(row.folded[: match.start()]):
        return 5.0
    if re.search(r"[(\[]\s*$", before) and re.match(r"\s*[)\]]", after):
        return 3.0
    beside = re.search(r"\d[.,]\d{2}\)?\s?$", before[-14:]) or re.match(
        r"\s?\(?-?\s?\d+(?:[.,]\d|(?![\d/:]))", after[:14]
    )
    weight = (2.0 if beside else 1.0) + (3.0 if at_total and match["mark"] != "¥" else 0.0)
    return weight if beside or at_total or match["mark"] not in _AMBIGUOUS else 0.3
