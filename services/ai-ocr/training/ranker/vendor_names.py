"""What the ranker of vendors learns from: the names that extraction weighs, and which of them is the issuer's."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from automateiq_ocr.extraction.addresses import find_addresses
from automateiq_ocr.extraction.customers import find_customers, outline
from automateiq_ocr.extraction.layout import lay_out
from automateiq_ocr.extraction.names import Surroundings, candidates
from automateiq_ocr.extraction.vendors import features
from automateiq_ocr.recognition.models import Page
from labelled import Labelled, squeeze
from learning import Candidates

# The reader's slips are not the ranker's: a name with a letter or two misread is still the right one.
_ALIKE = 0.9


def vendors(pages: Sequence[Page]) -> Candidates:
    """The names on these pages with their features."""
    layout = lay_out(pages)
    if not layout.rows:
        return []
    addresses = find_addresses(layout)
    known = Surroundings(layout, addresses, outline(find_customers(layout, addresses)))
    return [(name.text, features(name, known)) for name in candidates(known)]


def vendor_right(document: Labelled, value: str) -> bool | None:
    """Whether a name is the labelled vendor's, but for misread letters; None where the labels do not say."""
    if "vendor" not in document.labels:
        return None
    wanted = [document.labels["vendor"], *document.accept.get("vendor", [])]
    return any(alike(squeeze(one), squeeze(value)) >= _ALIKE for one in wanted)


def alike(one: str, other: str) -> float:
    """How alike two texts are, 0 to 1."""
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
