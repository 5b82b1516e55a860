"""A list of words sorted by their first letters finds what the plain list finds."""

from __future__ import annotations

import re
from itertools import product

import pytest
from automateiq_ocr.extraction.alternatives import joined

LISTS = (
    ("tax", "taxes", "total", "to pay", "tip"),
    ("tax(?:es)?", r"\S*steuer", "tax total", "steuer"),
    ("(?:sales |state )?tax", "(?:a|b|ab)?c", "sales"),
    (r"t\.?t\.?c\.?", "t[tc]+", r"\(?tax\)?", "t?ip", "a|b"),
    ("(?:(?:new )?old )?age", "(?:no)?+pe", "(?:ha){2}", "[a-c|)]x", "[]|]y"),
)
PARTS = (
    "",
    "tax",
    "es",
    " total",
    "sales ",
    "ttc",
    "t.t.c.",
    "steuer",
    "tip",
    "ip",
    "abc",
    "(",
    "new old age",
    "haha",
    "|y",
)


@pytest.mark.parametrize("patterns", LISTS)
def test_the_same_is_found_at_the_same_place(patterns: tuple[str, ...]) -> None:
    plain, quick = (re.compile(rf"(?<!\w)(?:{one})(?!\w)") for one in ("|".join(patterns), joined(patterns)))
    texts = ["".join(parts) for parts in product(PARTS, repeat=3)]
    found = [[match.span() for match in plain.finditer(text)] for text in texts]
    assert found == [[match.span() for match in quick.finditer(text)] for text in texts]
    assert sum(map(len, found)) > 100
