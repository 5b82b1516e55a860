"""Who issued the document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.dates import find_dates
from automateiq_ocr.extraction.labels import Place, cell_bounds, places_after
from automateiq_ocr.extraction.layout import Layout, Row, Span, fold, joined_field, overlap
from automateiq_ocr.extraction.models import DocumentType, Field
from automateiq_ocr.recognition.models import mean_confidence

_BREAK = re.compile(
    r"\s*(?:[·•|¦]|,? (?:registered|a company)\b|, (?:of|whose)\b| [-–—] |;|\s\*\s)\s*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Name:
    row: Row
    start: int
    end: int
    score: float
    above: Row | None = None  # the row in which the name began

    @property
    def text(self) -> str:
        own = self.row.text[self.start : self.end]
        return f"{self.above.text} {own}" if self.above else own


def find_vendor(layout: Layout, kind: DocumentType) -> Field | None:
    """The issuer's name, by its print, its place, its legal form and the labels around it; not the customer's."""
    if kind is DocumentType.CONTRACT:
        names = list(_contract_parties(layout)) or list(_names(layout))
    else:
        names = list(_names(layout))
    if not names:
        return None
    # A name that stands in several places is the issuer's rather than the customer's.
    plain = [_plain(name.text) for name in names]
    everything = _plain(layout.text)

    def weight(index: int) -> float:
        name, key = names[index], plain[index]
        again = min(3, everything.count(key) - 1) if len(key) > 4 else 0
        echo = 0.5 if len(key) > 4 and _in_address(layout, key) else 0.0
        return name.score + 0.35 * again + echo

    best = max(range(len(names)), key=lambda index: (weight(index), -names[index].row.index))
    score = weight(best)
    if score < 0.6:
        return None
    name = names[best]
    if kind in (DocumentType.INVOICE, DocumentType.RECEIPT):
        name = _in_full(name, names)
    confidence = min(0.97, 0.4 + 0.16 * score)
    if name.above is not None:
        own = Span(name.row.page, name.row.index, name.row.within(name.start, name.end))
        return joined_field(None, (name.above, own), confidence)
    return name.row.field(name.text, name.start, name.end, confidence)


def _in_full(name: _Name, names: list[_Name]) -> _Name:
    """The same name where it is printed in full: a logo often shows its first word only."""
    key = _plain(name.text)
    if vocabulary.STRONG_FORM.search(fold(name.text)) or len(key) < 4:
        return name
    longer = [
        other
        for other in names
        if key in _plain(other.text)
        and len(_plain(vocabulary.LEGAL_FORM.sub("", fold(other.text)))) > len(key)
        and (vocabulary.STRONG_FORM.search(fold(other.text)) or abs(other.row.index - name.row.index) <= 1)
    ]
    return max(longer, key=lambda other: (other.score, -other.row.index), default=name)


def _plain(text: str) -> str:
    return re.sub(r"\W", "", fold(text))


def _in_address(layout: Layout, key: str) -> bool:
    """Whether the name is that of the document's web or mail address."""
    hosts = re.findall(r"(?:@|www\.)([\w.-]+)", layout.text)
    return any(
        key.startswith(re.sub(r"\W", "", host.split(".")[0])) for host in hosts if len(host.split(".")[0]) > 3
    )


def _contract_parties(layout: Layout) -> Iterator[_Name]:
    for row in layout.rows[:40]:
        match = re.match(r"\W*(?:\(?1[.)]|between:?|zwischen|entre|by and between)\s*:?\s*", row.folded)
        if match and match.end() < len(row.text):
            yield from _trimmed(row, match.end(), len(row.text), 3.0)
            return


def _names(layout: Layout) -> Iterator[_Name]:
    customers = list(_customer_places(layout))
    first_page = layout.rows[0].page if layout.rows else 0
    count = sum(1 for row in layout.rows if row.page == first_page)
    seen = 0
    for row in layout.rows:
        for label in vocabulary.ISSUER.finditer(row.folded):
            bounds = cell_bounds(row)
            opens = any(
                start <= label.start() <= start + 2 and label.end() >= end - 2 for start, end in bounds
            )
            colon = row.text[label.end() : label.end() + 2].strip().startswith(":")
            if not (opens or colon):
                continue
            for place in (*places_after(layout, row, label), *_named_below(layout, row, label)):
                names = list(_trimmed(place.row, place.start, place.end, 2.6))
                if names and (place.below or colon):
                    yield names[0]
                    break
        if row.page != first_page:
            continue
        # A till's print has gaps between its words that elsewhere part columns.
        for start, end in [(0, len(row.text))] if layout.narrow else cell_bounds(row):
            cell = Span(row.page, row.index, row.within(start, end))
            score = _score(layout, row, cell, seen, count)
            if any(index == row.index and a <= start < b for index, a, b in customers):
                score -= 2.5
            for name in _trimmed(row, start, end, score):
                yield _begun_above(layout, name)
        if re.search(r"[a-z]{3}", row.folded):
            seen += 1


def _begun_above(layout: Layout, name: _Name) -> _Name:
    """A row that begins with a legal form, or follows one that ends with "&", goes on with the row above."""
    for above in layout.above(name.row, 1):
        near = name.row.middle - above.middle < 2 * max(name.row.height, above.height)
        alike = 0.6 < above.height / name.row.height < 1.7 and len(above.text) < 50
        goes_on = vocabulary.LEGAL_FORM.match(fold(name.text)) or above.text.rstrip().endswith(("&", "+"))
        if near and alike and goes_on and name.start == 0 and list(_trimmed(above, 0, len(above.text), 0.0)):
            return replace(name, above=above, score=name.score + 0.3)
    return name


def _named_below(layout: Layout, row: Row, label: re.Match[str]) -> list[Place]:
    """The name in the block under a label: after "Name:", else the first text there that can be one."""
    for below in layout.below(row, 5):
        explicit = re.match(r"(?:company )?(?:name|firma|nom)\s*:", below.folded)
        if explicit:
            return [Place(below, explicit.end(), len(below.text), True)]
    header = Span(row.page, row.index, row.within(label.start(), label.end()))
    for below in layout.below(row, 4):
        for (start, end), cell in zip(cell_bounds(below), below.cells, strict=True):
            beneath = abs(cell.left - header.left) < 2 * header.height or overlap(cell, header) > 0.3
            if beneath and any(_trimmed(below, start, end, 0.0)):
                return [Place(below, start, end, True)]
    return []


def _score(layout: Layout, row: Row, cell: Span, seen: int, count: int) -> float:
    """How much speaks for a cell being the issuer's name: its print, its height on the page, its words."""
    text = cell.folded
    score = max(0.0, 1.7 - 0.3 * seen) if layout.narrow else max(0.0, 1.0 - 0.09 * seen)
    size = cell.height / max(1e-6, layout.line_height)
    if seen < 6:
        score += min(0.8 if layout.narrow else 1.3, max(0.0, size - 1.1) * 1.2)
    # Letters that the reader is not sure of are rather a picture.
    score -= 2.0 * (1 - min(1.0, mean_confidence(token.word for token in cell.tokens) + 0.1))
    if vocabulary.STRONG_FORM.search(text):
        score += 1.1
    elif vocabulary.LEGAL_FORM.search(text):
        score += 0.5
    near = " ".join(r.folded for r in (row, *layout.below(row, 2), *layout.above(row, 1)))
    if vocabulary.TAX_ID.search(near):
        score += 0.4
    if row.index > 0.75 * count and vocabulary.STRONG_FORM.search(text) and len(text) < 60:
        score += 0.3
    if len(text) > 60:
        score -= 0.6
    return score


def _customer_places(layout: Layout) -> Iterator[tuple[int, int, int]]:
    """(row, start, end) of the cells that name or belong to a customer."""
    for row in layout.rows:
        for label in vocabulary.CUSTOMER.finditer(row.folded):
            bounds = cell_bounds(row)
            opening = next(((a, b) for a, b in bounds if a <= label.start() < b), None)
            if opening is None or label.start() > opening[0] + 2:
                continue
            rest = row.text[label.end() : opening[1]]
            if (
                rest
                and not re.match(r"\s*[:.]|\s*$", rest)
                and label[0] in ("to", "client", "customer", "service", "kunde")
            ):
                continue
            header = Span(row.page, row.index, row.within(*opening))
            yield row.index, *opening
            if not re.search(r"\w", rest):
                after = next(((a, b) for a, b in bounds if a > opening[0]), None)
                if rest.strip() == ":" and after:
                    yield row.index, *after
            for below in layout.below(row, 4):
                for (start, end), cell in zip(cell_bounds(below), below.cells, strict=True):
                    if overlap(cell, header) > 0.2 or abs(cell.left - header.left) < 2 * header.height:
                        yield below.index, start, end


def _trimmed(row: Row, start: int, end: int, score: float) -> Iterator[_Name]:
    """The name at the start of this place, without the address that follows it."""
    text = row.text[start:end]
    cut = _BREAK.search(text, 2)
    if cut:
        text = text[: cut.start()]
    form = vocabulary.STRONG_FORM.search(fold(text))
    if form and re.match(r"\s*[(\[]?\d|\s?,", text[form.end() :]):
        text = text[: form.end()]
    lead = re.match(r"(?:\d{3,} )?(?:[A-Za-z]{3,12}: )?[\s:.,\-–—*=~|_'\"“”‘’«»()#]*", text)
    offset = lead.end() if lead else 0
    name = text[offset:].rstrip(" ,:;-–—*=~|_'\"“”‘’«»#")
    folded = fold(name)
    if re.match(r"\s*:", row.text[start + offset + len(name) :]):
        return  # a label
    if (
        len(re.findall(r"[^\W\d_]", name)) < 3
        or len(name) > 70
        or (vocabulary.NO_NAME.search(folded) and not form)
    ):
        return
    if next(find_dates(name), None) is not None:
        return
    if re.match(r"(?:not|please|for|we|if|this|all|your|our|the following|no)(?!\w)", folded) or name.count(
        ")"
    ) > name.count("("):
        score -= 1.5
    if name.count(" ") > 8 or (re.search(r"\d", name) and not form):
        score -= 0.8
    yield _Name(row, start + offset, start + offset + len(name), score)
