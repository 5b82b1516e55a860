"""The account to pay to, as an IBAN (ISO 13616), proven by its check digits (ISO 7064, mod 97-10)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from stdnum import iban as standard
from stdnum.exceptions import ValidationError

from automateiq_ocr.extraction.layout import Layout, Row
from automateiq_ocr.extraction.models import Field

# Printed in groups of four as a rule, sometimes with dashes or dots, sometimes in one piece.
_SHAPE = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2} ?\d{2}(?:[ .-]?[A-Z0-9]){11,30}")
_LABEL = re.compile(r"(?<!\w)(?:iban|i\.b\.a\.n\.?)(?!\w)")
_SHORTEST, _LONGEST = 15, 34
CHECKED = "iban_check_digits"
REFUTED = "iban_check_digits_wrong"


@dataclass(frozen=True, slots=True)
class _Found:
    row: Row
    start: int
    end: int
    value: str
    valid: bool
    labelled: bool


def find_iban(layout: Layout) -> Field | None:
    """The first IBAN with right check digits; else the first one that a label calls so, with a doubt.

    An account that is masked ("FR76 ****") or the payer's own is not one to pay to.
    """
    found = list(_ibans(layout))
    best = next((f for f in found if f.valid), None) or next((f for f in found if f.labelled), None)
    if best is None:
        return None
    field = best.row.field(best.value, best.start, best.end, 0.99 if best.valid else 0.35)
    return replace(field, checks=(CHECKED,)) if best.valid else replace(field, doubts=(REFUTED,))


def _ibans(layout: Layout) -> Iterator[_Found]:
    for row in layout.rows:
        for match in _SHAPE.finditer(row.text):
            before = row.folded[max(0, match.start() - 30) : match.start()]
            if re.search(r"(?<!\w)(?:your|ihre?r?|votre|su|vostro|uw|vosso)(?!\w)[^:]*:?\s*$", before):
                continue
            end, value = _longest_valid(match[0])
            if value is not None:
                yield _Found(row, match.start(), match.start() + end, value, True, True)
            elif _LABEL.search(before):
                text = match[0].split("  ")[0].rstrip(" .-")
                yield _Found(
                    row, match.start(), match.start() + len(text), standard.compact(text), False, True
                )


def _longest_valid(text: str) -> tuple[int, str | None]:
    """(end, value) of the longest start of the text that is an IBAN: what follows may be a BIC's first letters."""
    ends = [i + 1 for i, letter in enumerate(text) if letter.isalnum()]
    for end in reversed(ends[_SHORTEST - 1 : _LONGEST]):
        try:
            number = re.sub(r"[ .-]", "", text[:end])
            # The banks of a country change: only form and check digits decide.
            return end, standard.validate(number, check_country=False)
        except ValidationError:
            continue
    return 0, None
