"""The published prices. A price follows from the work alone, so it can be told before the work is done.

OCR, a document    2 credits for its first page and 1 for each further one, at most 10
"""

from automateiq_billing.credits.models import Work, WorkKind

OCR_FIRST_PAGE = 2
OCR_FURTHER_PAGE = 1
OCR_AT_MOST = 10


def price(work: Work) -> int:
    """The price of a piece of work, in credits."""
    match work.kind:
        case WorkKind.OCR:
            return min(OCR_AT_MOST, OCR_FIRST_PAGE + OCR_FURTHER_PAGE * (work.units - 1))
