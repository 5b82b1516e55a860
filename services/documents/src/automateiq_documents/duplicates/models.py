"""When two documents seem to be the same.

Two signs: their pages look alike and hold the same numbers, or they have the same vendor, number and total. The first
finds a bill that was scanned twice, the second one that came as a PDF and on paper. Neither follows from the layout
alone: two bills of one vendor look alike and differ in their numbers.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

SAME_PAGE_IMAGE = "same_page_image"
SAME_NUMBER_AND_TOTAL = "same_number_and_total"

# Of the 256 bits of two fingerprints (ai-ocr, recognition/fingerprint.py), so many may differ.
MOST_DISTANCE = 40
# Of the numbers on the pages, this share must stand on both: OCR reads one or the other wrong, but few.
_LEAST_SHARED = 0.75
_FEW_NUMBERS = 3
_LEAST_WORDS_SHARED = 0.8
# Twelve bits each: pictures of one page have at least one of the 21 bands in common with nearly no exception.
_BAND_DIGITS = 3
_MOST_NUMBERS = 400
# Letters kept of a number or a word: a text without a gap is no number, and hundreds of marks are compared at once.
_MOST_LETTERS = 40

_NUMBER = re.compile(r"\d[\d.,'’ ]*\d|\d")
_LEGAL_FORMS = re.compile(
    r"\b(?:gmbh|mbh|kg|ag|ohg|ug|ltd|limited|llc|inc|corp|co|plc|bv|nv|sa|sas|sarl|srl|spa|sl|lda|oy|ab|as)\b"
)


@dataclass(frozen=True, slots=True)
class Marks:
    """What a document is compared by."""

    document_id: str
    # The fingerprints of its pages that have one, in order.
    hashes: tuple[str, ...]
    pages: int
    numbers: frozenset[str]
    words: frozenset[str]
    vendor: str
    tax_id: str
    number: str
    total: str
    # What it was made of by a split or merge.
    made_of: frozenset[str]

    @property
    def bands(self) -> list[str]:
        """Parts of the first page's fingerprint, each with its place: keys to look others up by."""
        if not self.hashes:
            return []
        first = self.hashes[0]
        starts = range(0, len(first) - _BAND_DIGITS + 1, _BAND_DIGITS)
        return [f"{at // _BAND_DIGITS}:{first[at : at + _BAND_DIGITS]}" for at in starts]

    @property
    def bill(self) -> str:
        """Number and total, a key to look others up by; nothing where one of them was not found."""
        return f"{self.number}|{self.total}" if self.number and self.total else ""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Why two documents seem to be the same, and how sure that is (0 to 1)."""

    reason: str
    score: float


def marks_of(
    document_id: str,
    text: str,
    pages: Sequence[Mapping[str, Any]],
    data: Mapping[str, Any],
    made_of: frozenset[str] = frozenset(),
) -> Marks:
    """What a document is compared by; `pages` and `data` have the API's JSON names."""
    numbers = sorted({_digits(found)[:_MOST_LETTERS] for found in _NUMBER.findall(text)} - {""})
    words = sorted({found[:_MOST_LETTERS] for found in re.findall(r"[^\W\d_]{3,}", text.casefold())})
    return Marks(
        document_id=document_id,
        hashes=tuple(page["imageHash"] for page in pages if page.get("imageHash")),
        pages=len(pages),
        numbers=frozenset(numbers[:_MOST_NUMBERS]),
        words=frozenset(words[:_MOST_NUMBERS]),
        vendor=normal_vendor(_value(data, "vendor")),
        tax_id=re.sub(r"\W", "", _value(data, "vendorTaxId")).casefold(),
        number=normal_number(_value(data, "invoiceNumber")),
        total=_normal_amount(_value(data, "total")),
        made_of=made_of,
    )


def likeness(one: Marks, other: Marks) -> Likeness | None:
    """Whether two documents seem to be the same."""
    if one.document_id in other.made_of or other.document_id in one.made_of:
        return None
    if _differ(one.total, other.total) or _differ(one.number, other.number):
        return None
    if one.bill and one.bill == other.bill and _same_vendor(one, other):
        return Likeness(SAME_NUMBER_AND_TOTAL, 0.98)
    looks = _same_looks(one, other)
    if looks is None:
        return None
    shared = _same_contents(one, other)
    if shared is None:
        return None
    return Likeness(SAME_PAGE_IMAGE, round(0.5 * looks + 0.5 * shared, 4))


def normal_vendor(vendor: str) -> str:
    """A vendor's name without case, punctuation and legal form."""
    plain = re.sub(r"[.,&]", " ", vendor.casefold().replace(".", ""))
    return re.sub(r"\W", "", _LEGAL_FORMS.sub(" ", plain))


def normal_number(number: str) -> str:
    """A document's number without case, punctuation and leading zeros."""
    return re.sub(r"\W|_", "", number).casefold().lstrip("0")


def _same_looks(one: Marks, other: Marks) -> float | None:
    if not one.hashes or one.pages != other.pages or len(one.hashes) != len(other.hashes):
        return None
    worst = max(_distance(ours, theirs) for ours, theirs in zip(one.hashes, other.hashes, strict=True))
    return 1 - worst / (4 * MOST_DISTANCE) if worst <= MOST_DISTANCE else None


def _same_contents(one: Marks, other: Marks) -> float | None:
    if min(len(one.numbers), len(other.numbers)) < _FEW_NUMBERS:
        # With hardly a number to go by, all of them and the words must agree.
        same = one.numbers == other.numbers and _shared(one.words, other.words) >= _LEAST_WORDS_SHARED
        return 1.0 if same else None
    shared = _shared(one.numbers, other.numbers)
    return shared if shared >= _LEAST_SHARED else None


def _same_vendor(one: Marks, other: Marks) -> bool:
    if one.tax_id and other.tax_id:
        return one.tax_id == other.tax_id
    shorter, longer = sorted((one.vendor, other.vendor), key=len)
    return len(shorter) >= 3 and shorter in longer


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and one != other


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0


def _distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def _normal_amount(amount: str) -> str:
    try:
        return f"{Decimal(amount):.2f}" if amount else ""
    except InvalidOperation:
        return ""


def _value(data: Mapping[str, Any], name: str) -> str:
    return str((data.get(name) or {}).get("value", ""))
