"""The peer: invoice2data with the templates that come with it (https://github.com/invoice-x/invoice2data)."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import Any

from scoring import Answer

NAMES = {"issuer": "vendor", "amount": "total", "currency": "currency", "invoice_number": "invoice_number"}


@cache
def _templates() -> Any:
    from invoice2data.extract.loader import read_templates

    return read_templates()


def answer(path: Path) -> Answer:
    """What the first matching template gives; empty where none matches, as for pictures."""
    from invoice2data import extract_data

    logging.getLogger("invoice2data").setLevel(logging.CRITICAL)
    if path.suffix.lower() != ".pdf":
        return Answer()
    try:
        found = extract_data(str(path), templates=_templates()) or {}
    except Exception:  # a peer that breaks on a file has no answer to it
        return Answer()
    fields = {ours: str(found[theirs]) for theirs, ours in NAMES.items() if found.get(theirs)}
    if found.get("date"):
        fields["date"] = f"{found['date']:%Y-%m-%d}"
    return Answer(fields)
