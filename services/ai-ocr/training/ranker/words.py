"""What generated documents say, language by language: the labels that shops and offices print (words.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_WORDS: dict[str, Any] = json.loads(Path(__file__).with_name("words.json").read_text())

LABELS: dict[str, dict[str, list[str]]] = _WORDS["labels"]
# Rates of tax in percent where the language is spoken, and currencies with the signs that are printed.
RATES: dict[str, list[str]] = _WORDS["rates"]
CURRENCIES: dict[str, list[tuple[str, list[str]]]] = _WORDS["currencies"]
FORMS: dict[str, list[str]] = _WORDS["forms"]
NAMES: list[str] = _WORDS["names"]
TRADES: list[str] = _WORDS["trades"]
