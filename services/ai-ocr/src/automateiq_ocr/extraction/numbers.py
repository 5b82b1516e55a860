"""The numbers that a document goes by: its own, its order's and its contract's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.blocks import cells_of
from automateiq_ocr.extraction.customers import is_title
from automateiq_ocr.extraction.dates import find_dates
from automateiq_ocr.extraction.labels import Place, places_after
from automateiq_ocr.extraction.layout import Layout, Row
from automateiq_ocr.extraction.models import Field

_NO = r"(?:numbers?|num\.?|no\.?|nos\.?|n\.?[°ºo]\.?|n\.|nr\.?|nummer|#|num[ée]ro|id)"


def _labels(*patterns: str) -> re.Pattern[str]:
    """Any of these, not within a word; a digit may follow at once, as in "n°562044387"."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})(?![a-z])")


# "Rechnung des Versicherers (575) Nr. 12": between the paper's name and "number" may stand whose it is, and its code.
_OWN = _labels(
    rf"(?:\w*rechnung|invoice|facture|factura|fattura|factuur|fatura)(?: (?:des|der|du|de la|de|of|della|van de) \w+)?"
    rf"(?: ?\(\d+\))? ?{_NO}",
    rf"rechnungs\.?\s?-?\s?{_NO}", rf"(?:faktura|arve|paragon)\s?{_NO}?",
)  # fmt: skip
_BOOKING = _labels(
    rf"(?:booking|reservation|confirmation|buchungs?|reservierungs?|reserva|prenotazione)\s?-?{_NO}"
)
_CONTRACT = _labels(
    rf"contract(?:\s?{_NO}| ?/ ?rev(?:ision)?)?", rf"agreement\s?{_NO}", rf"vertrags?\s?-?\s?{_NO}",
    rf"contrat\s?{_NO}", r"(?:numero|n[°º])\.? (?:de |du )?contrato?", rf"contrato\s?{_NO}", rf"contratto\s?{_NO}",
    r"contract\s?-?nummer",
)  # fmt: skip
_ORDER = _labels(
    rf"(?:purchase |customer |your |client |sales )?orders?(?:\s?{_NO}| ?/ ?rev(?:ision)?:?)", rf"p\.?o\.? ?{_NO}",
    r"(?:your |our )?order(?= [a-z]*\d)", rf"bestell(?:ung)?(?:s)?\s?-?\s?{_NO}?", rf"auftrags?\s?-?\s?{_NO}",
    rf"commande\s?{_NO}", r"(?:numero|n[°º])\.? (?:de )?(?:la )?(?:commande|pedido|ordine|encomenda)",
    rf"(?:pedido|ordine|encomenda)\s?{_NO}?", rf"bestel(?:ling)?-?\s?{_NO}", rf"order-?{_NO}",
)  # fmt: skip
# Before an order's label, these make it another paper's; before "date" behind it no number follows.
_NOT_THE_ORDER = re.compile(r"(?:alt(?:ernate)?|station|internal|customer service|money)\W*$")
_BARE = re.compile(r"(?<![\w.])n(?:r|o|°|º)\.?\s?:?\s?(?=\d)")
_HASH = re.compile(r"#\s?(?=[a-z]{0,12}[_-]?[a-z]{0,12}[_-]?\d)")
_ADVERTISER = vocabulary.any_of(r"advertiser", r"flight dates?", r"air time", r"spots?")
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9/._\\-]*(?: ?[/-] ?[A-Za-z0-9]+)*")
_LEAST = 0.35


@dataclass(frozen=True, slots=True)
class Numbers:
    """What was found; `invoice` is the document's own number."""

    invoice: Field | None = None
    order: Field | None = None
    contract: Field | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    row: Row
    start: int
    end: int
    score: float

    def field(self) -> Field:
        return self.row.field(
            self.row.text[self.start : self.end], self.start, self.end, 0.55 + 0.4 * min(1.0, self.score)
        )


# (labels, how plainly they say it, whether they are a heading rather than a label)
_OWN_LABELS: tuple[tuple[re.Pattern[str], float, bool], ...] = (
    (vocabulary.NUMBER_STRONG, 1.0, False),
    (_OWN, 1.0, False),
    (vocabulary.NUMBER_RECEIPT, 0.7, False),
    (_BOOKING, 0.6, False),
    (vocabulary.NUMBER_HEADING, 0.6, True),
)


def find_numbers(layout: Layout) -> Numbers:
    """The document's own number, its order's and its contract's; those of customers and taxes are none of them."""
    owns = [found for row in layout.rows for found in _own_numbers(layout, row)]
    order = _best([found for row in layout.rows for found in _others(layout, row, _ORDER)])
    contract = _best([found for row in layout.rows for found in _others(layout, row, _CONTRACT)])
    if contract is None and len({match[0] for match in _ADVERTISER.finditer(layout.text)}) > 1:
        # In the broadcasting trade order, contract and invoice are papers of one number: that of the paper at hand.
        named = list(_own_numbers_of(layout, vocabulary.NUMBER_STRONG)) or ([order] if order else [])
        contract = _best(named)
    # What only a receipt's weak labels call its own is the order's where an order's label stands before it.
    taken = (order.row.index, order.start) if order else None
    own = _best([one for one in owns if one.score > 0.75 or (one.row.index, one.start) != taken])
    return Numbers(*(one.field() if one else None for one in (own, order, contract)))


def _best(found: Sequence[_Found]) -> _Found | None:
    best = max(found, key=lambda one: (one.score, -one.row.index), default=None)
    return best if best is not None and best.score >= _LEAST else None


def _own_numbers_of(layout: Layout, pattern: re.Pattern[str]) -> Iterator[_Found]:
    for row in layout.rows:
        for label in pattern.finditer(row.folded):
            if not _within_other(row.folded, label):
                found = _first_value(layout, row, label, 1.0, heading=False)
                if found is not None:
                    yield found


def _own_numbers(layout: Layout, row: Row) -> Iterator[_Found]:
    taken: list[tuple[int, int]] = []
    for pattern, strength, heading in _OWN_LABELS:
        for label in pattern.finditer(row.folded):
            overlaps = any(a < label.end() and label.start() < b for a, b in taken)
            before = row.folded[: label.start()]
            if overlaps or _within_other(row.folded, label) or _NOT_THE_ORDER.search(before):
                continue
            found = _first_value(layout, row, label, strength, heading=heading)
            taken.append(label.span())
            if found is not None:
                yield found
    yield from _unlabelled(layout, row)


def _unlabelled(layout: Layout, row: Row) -> Iterator[_Found]:
    """ "Nr. 192428" on a ticket; "# 1204" in the block of an invoice's heading."""
    for cell in cells_of(row):
        bare = _BARE.match(cell.folded) if layout.narrow else None
        sign = _HASH.match(cell.folded) if not layout.narrow else None
        if sign and not _under_heading(layout, row):
            continue
        match = bare or sign
        if match is None:
            continue
        value = _value_at(Place(row, cell.start + match.end(), cell.end, False), heading=False)
        if value is not None and value[1] - value[0] >= 3:
            yield _Found(row, *value, (0.45 if bare else 0.65) - 0.0005 * row.index)


def _under_heading(layout: Layout, row: Row) -> bool:
    """Whether one of the rows just above ends in an invoice's heading."""
    above = [row, *layout.above(row, 2)]
    return (
        any(
            vocabulary.NUMBER_HEADING.fullmatch(cell.folded.strip())
            for one in above
            for cell in cells_of(one)
        )
        or (
            row.index < 6
            and vocabulary.NUMBER_HEADING.search(" ".join(one.folded for one in above)) is not None
        )
        or row.index < 4
    )


def _others(layout: Layout, row: Row, pattern: re.Pattern[str]) -> Iterator[_Found]:
    """The numbers that labels of an order or a contract have."""
    for label in pattern.finditer(row.folded):
        before = row.folded[: label.start()]
        if _NOT_THE_ORDER.search(before) or re.match(
            r"\s*(?:date|dates|datum|type|separation|flight)", row.folded[label.end() :]
        ):
            continue
        found = _first_value(layout, row, label, 0.9, heading=False)
        if found is not None and sum(c.isdigit() for c in found.row.text[found.start : found.end]) > 2:
            yield found


def _first_value(
    layout: Layout, row: Row, label: re.Match[str], strength: float, *, heading: bool
) -> _Found | None:
    """The first place after the label, or under it, that has a number."""
    for nearness, place in enumerate(places_after(layout, row, label)):
        value = _value_at(place, heading=heading)
        if value is not None:
            start, end = value
            score = strength - 0.1 * nearness - (0.05 if place.below else 0.0)
            digits = sum(c.isdigit() for c in place.row.text[start:end])
            score -= 0.25 if digits < 3 else 0.0
            # A column's title alone in its cell names what is below it; "Copy of invoice" names the paper.
            if heading and place.below:
                alone = any(cell.folded.strip() == label[0] for cell in cells_of(row))
                score += 0.08 if alone else -0.15
            return _Found(place.row, start, end, score - 0.0005 * row.index)
        text = place.row.folded[place.start : place.end]
        if (
            heading
            and re.search(r"[a-z]{3,}", text)
            and not place.below
            and nearness == 0
            and not is_title(text)
        ):
            return None
    return None


def _within_other(text: str, label: re.Match[str]) -> bool:
    """Whether the label is part of a longer one of another kind: "customer invoice account no"."""
    before = text[max(0, label.start() - 18) : label.start()]
    return vocabulary.NUMBER_OF_OTHERS.search(before) is not None


def _value_at(place: Place, *, heading: bool) -> tuple[int, int] | None:
    """(start, end) in the row's text of the first thing in this place that can be a number."""
    lead = re.match(
        r"[\s:.#№°º)/-]*(?:\(\d+\))?\s*(?:(?:no|nr|n[°ºo]|number|nummer)(?![a-z])\.?|#)?[\s:.#-]*",
        place.text,
        re.IGNORECASE,
    )
    offset = lead.end() if lead else 0
    match = _VALUE.match(place.text, offset)
    if match is None:
        return None
    text = match[0].rstrip("-_./\\")
    if not re.search(r"\d", text):
        # A letter prefix of its own: "RE 2019 44"
        follow = re.match(r"([A-Z]{1,5}) (\d[\w/-]*)", place.text[offset:])
        if follow is None:
            return None
        text = follow[0]
    start = place.start + offset
    end = start + len(text)
    if heading and sum(c.isdigit() for c in text) < 3:
        return None
    for date in find_dates(place.row.text):
        if date.start <= start < date.end and date.end - date.start >= len(text) - 1:
            return None
    if re.fullmatch(r"\d{1,6}[.,]\d{2}", text) or place.row.text[end : end + 2].strip().startswith(
        ("%", "€", "$")
    ):
        return None
    if heading and re.match(r"\s+(?:days?|tage|jours)", place.row.folded[end:]):
        return None
    return start, end
