"""The published prices (docs/prices.md). A price follows from the work alone, so it can be told before it is done.

OCR, a document    1 credit, and for each page
                       ½  whose text layer was good enough
                       1  read by Tesseract
                       2  read by a deep engine
                       0  that had been read before
                   rounded up, at least 2 and at most 10
"""

from dataclasses import dataclass
from math import ceil

from automateiq_billing.credits.models import Work, WorkKind

OCR_A_DOCUMENT = 1
OCR_TEXT_LAYER_PAGE = 0.5
OCR_TESSERACT_PAGE = 1
OCR_DEEP_PAGE = 2
OCR_AT_LEAST, OCR_AT_MOST = 2, 10


@dataclass(frozen=True, slots=True)
class OcrPages:
    """How many pages of a document were read by what."""

    text_layer: int = 0
    tesseract: int = 0
    deep: int = 0
    cached: int = 0


def price(work: Work) -> int:
    """The most that a piece of work can cost, in credits."""
    match work.kind:
        case WorkKind.OCR:
            return price_of_pages(OcrPages(deep=work.units))


def price_of_pages(pages: OcrPages) -> int:
    """What the reading of a document costs once it is known what read its pages, in credits."""
    by_page = (
        OCR_TEXT_LAYER_PAGE * pages.text_layer
        + OCR_TESSERACT_PAGE * pages.tesseract
        + OCR_DEEP_PAGE * pages.deep
    )
    return min(OCR_AT_MOST, max(OCR_AT_LEAST, OCR_A_DOCUMENT + ceil(by_page)))
