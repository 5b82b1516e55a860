"""A line of a bill in the making, and the arithmetic that proves it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from automateiq_ocr.extraction.amounts import Amount, parse_number
from automateiq_ocr.extraction.layout import Row, Span, Token

CENT = Decimal("0.01")


@dataclass
class Draft:
    """A line: the spans of its description row by row, and its numbers. `factors` are what a discount leaves."""

    rows: list[Span] = field(default_factory=list)
    quantity: tuple[Span, Decimal] | None = None
    unit_price: Amount | None = None
    amount: Amount | None = None
    amounts: list[Amount] = field(default_factory=list)  # where several columns may be that of the amount
    tax_rate: tuple[Span, Decimal] | None = None
    factors: tuple[Decimal, ...] = ()
    row: Row | None = None  # that of its numbers

    def agrees(self, amount: Amount | None = None) -> bool | None:
        """Whether quantity x unit price = amount, a discount or a price per hundred allowed; None: unknown."""
        amount = amount or self.amount
        if self.quantity is None or self.unit_price is None or amount is None:
            return None
        quantity, price = self.quantity[1], self.unit_price.value
        product = quantity * price
        # A printed price is rounded, by less than half its last digit.
        slack = max(2 * CENT, abs(quantity) * Decimal("0.0005"))
        bases = (Decimal(1), *self.factors, Decimal("0.01"), Decimal("0.001"))
        return any(abs(product * base - amount.value) <= slack for base in bases) or (
            amount.value < 0 < product and abs(product + amount.value) <= slack
        )


def quantity_in(span: Span, decimal_mark: str | None) -> tuple[Span, Decimal] | None:
    """The first number of a span that can count goods: "3", "2x", "1,5 kg", "-2"."""
    for token in span.tokens:
        match = re.match(r"[x×]?(?P<number>-?\d[\d.,]*)(?P<unit>.*)$", token.text)
        if (
            match is None
            or not re.fullmatch(r"[A-Za-zÀ-ÿ²³.%×()*/]{0,7}", match["unit"])
            or "%" in match["unit"]
        ):
            continue
        number = match["number"].rstrip(".,")
        parsed = parse_number(number.lstrip("-"), decimal_mark)
        if parsed is not None and parsed[0] <= 1_000_000:
            value = -parsed[0] if number.startswith("-") else parsed[0]
            return Span(span.page, span.index, (token,)), value
    return None


def rate_in(span: Span, decimal_mark: str | None) -> tuple[Span, Decimal] | None:
    """A rate of tax in percent: "19 %", "7,0", "5.5%"."""
    for index, token in enumerate(span.tokens):
        match = re.match(r"(\d{1,2}(?:[.,]\d{1,4})?)\s?%?$", token.text)
        parsed = parse_number(match[1], decimal_mark) if match else None
        if parsed is not None and parsed[0] <= 30:
            sign = span.tokens[index + 1 : index + 2]
            tokens: tuple[Token, ...] = (token, *sign) if sign and sign[0].text == "%" else (token,)
            return Span(span.page, span.index, tokens), parsed[0]
    return None


# An article's number with its letters, a tax code, or no letters at all.
_CODE = re.compile(r"[A-Z]{0,4}-?[A-Z]{0,2}\d[\w/.-]*|[A-Z]{1,3}|[\W\d_]*")


def is_code(text: str) -> bool:
    """Whether a text is no more than an article's number or a tax code: "9001620", "FG-A00019", "CE72 - 10", "SR"."""
    words = all(_CODE.fullmatch(word) for word in text.split())
    return words or not re.search(r"[^\W\d_]{3}|[\u3040-\u9fff\uac00-\ud7af]", text)


def has_words(text: str) -> bool:
    """Whether a text says something: two letters side by side, or a sign that is a word of its own."""
    return bool(re.search(r"[^\W\d_]{2}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", text))
