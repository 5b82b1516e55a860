"""What a contract says about itself: its parties, its first day, how long it lasts, how it renews, under which law.

Every rule follows a habit of drafting that is written down at the rule; none was fitted to a single document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from automateiq_ocr.extraction.contract_clauses import find_governing_law, find_renewal, find_term
from automateiq_ocr.extraction.contract_dates import find_effective_date
from automateiq_ocr.extraction.contract_parties import find_parties, find_preamble
from automateiq_ocr.extraction.layout import Layout
from automateiq_ocr.extraction.models import Field
from automateiq_ocr.extraction.prose import Prose
from automateiq_ocr.recognition.models import Page


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract's own data; what it does not say is None."""

    parties: tuple[Field, ...] = ()
    effective_date: Field | None = None
    term: Field | None = None
    governing_law: Field | None = None
    renewal: Field | None = None


def find_contract(pages: Sequence[Page], layout: Layout) -> Contract:
    """The data of a document that was found to be a contract."""
    prose = Prose(pages)
    preamble = find_preamble(prose)
    return Contract(
        parties=find_parties(prose, layout, preamble),
        effective_date=find_effective_date(prose, layout, preamble),
        term=find_term(prose),
        governing_law=find_governing_law(prose),
        renewal=find_renewal(prose),
    )
