"""The names on a document that may be its issuer's: at its head and foot, after titles, and after words of thanks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.addresses import Address
from automateiq_ocr.extraction.blocks import OWN_LABEL, Cell, beneath, cells_of, inside, own_label, right_of
from automateiq_ocr.extraction.customers import BILLED, DELIVERED, NO_NAME, is_title
from automateiq_ocr.extraction.dates import find_dates
from automateiq_ocr.extraction.layout import Layout, Row, fold, joined_field, once
from automateiq_ocr.extraction.models import Field

# What a register or a tax office calls a company by, printed after its name: "(126926-H)", "(Co. No. 113825-W)".
REGISTERED = re.compile(
    r"\s*[(\[]?(?:(?:company|co|roc|ssm|brn?|reg)\.? ?(?:reg\.? ?)?(?:no)?\.?:? ?)?"
    r"[A-Z]{0,3}\d{4,}\s?[-–]?\s?[A-Z]?[)\]]*\W*$",
    re.I,
)
REGISTRATION = re.compile(
    r"\(?[a-z]{0,3}\d{5,}\s?-\s?[a-z]\b|(?:company|co|reg|roc|brn?)\.? ?(?:reg\.? ?)?(?:no|nr|number)"
)
_BREAK = re.compile(
    r"\s*(?:\(?\d{5,}-[A-Z]\)|[·•●|¦]|,? (?:registered|a company)\b|, (?:of|whose)\b| [-–—] |;|\s\*\s)\s*",
    re.IGNORECASE,
)
_LEAD = re.compile(r"(?:[#\d]{3,} )?(?:[A-Za-z]{3,12}: )?[\s:.,\-–—*=~|_'\"“”‘’«»()#>]*")
_TRAIL = " ,:;-–—*=~|_'\"“”‘’«»#>"
# After one of these comes who sold: on the same line or on the next.
_SOLD_BY = re.compile(
    r"(?:thank(?:s| you) for (?:shopping|dining|eating|visiting|your visit|choosing|staying)[a-z ]*?(?: at"
    r"| with| to)?|"
    r"welcome to|visit (?:us )?at|(?:is|are) sold by|(?:in )?favou?r of|operated by|owned (?:&"
    r"|and) operated by|"
    r"titulaire du compte|kontoinhaber|account (?:name|holder)|beneficiary(?: name)?|for and on behalf of"
    r"|copyright(?: ?©)?(?: \d{4})?|©(?: ?\d{4})?|"
    r"a (?:brand|division) of)\s*:?\s*"
)
# Titles that can mean nobody else: not a payee, who may be a bank or a collector.
_SELLER = vocabulary.any_of(
    r"issued by", r"seller", r"vendor", r"supplier", r"sold by", r"issuer", r"from", r"service provider",
    r"provider",
    r"rechnungse?r?steller", r"verkaufer", r"lieferant", r"absender", r"aussteller", r"auftragnehmer",
    r"leistungserbringer",
    r"emetteur", r"fournisseur", r"vendeur", r"emis par", r"prestataire", r"emisor", r"proveedor",
    r"vendedor", r"emitido por",
    r"fornitore", r"emittente", r"cedente(?:/prestatore)?", r"venditore", r"leverancier", r"verkoper",
    r"afzender",
    r"fornecedor", r"emitente", r"prestador",
)  # fmt: skip
SENTENCE = re.compile(
    r"(?:not|please|for|we|if|this|all|your|our|the following|no|thank|thanks|tq|welcome|visit|follow"
    r"|enjoy|have|goods|formerly|licensee"
    r"|managed|operated|owned|dimiliki|powered|keep|merci|danke|vielen|bitte|grazie|gracias|bedankt"
    r"|obrigad[oa]|join|tell|hier)(?!\w)"
)
# "Thank you" even where the reader lost the space after it.
_THANKS = re.compile(r"(?:tq|thank you|terima kasih)")
# What papers are called, and what stands over a part of one.
PAPER = vocabulary.any_of(
    r"receipts?",
    r"invoices?",
    r"kvitto",
    r"quittung",
    r"\w*rechnung",
    r"beleg",
    r"folio",
    r"tickets?",
    r"paragon",
    r"recibo",
    r"scontrino",
    r"factura",
    r"facture",
    r"fattura",
    r"factuur",
    r"bon",
    r"bilietas",
    r"guest check",
    r"check",
    r"details",
    r"summary",
    r"copy",
    r"kopie",
    r"take ?-?(?:away|out)",
    r"dine ?-?in",
    r"eat ?-?in",
    r"sur place",
    r"emporter",
    r"duplicate",
    r"counter",
    r"table",
    r"statement",
    r"order",
    r"contract",
    r"payment",
    r"gst",
    r"cashier",
    r"page",
    r"remit",
    r"tax",
)
# Of the words beside those, these say nothing either.
_FILLER = vocabulary.any_of(
    r"du", r"de", r"client", r"guest", r"customer", r"the", r"sales?", r"official", r"number", r"no"
)
_HOST = re.compile(
    r"(?:@|www\.|https?://(?:www\.)?)([\w-]+(?:\.[\w-]+)*)|(?<![\w@.])([\w-]{3,})\.(?:com|net|org|de|fr|nl"
    r"|be|at|ch|it|es|pt|co|my|eu|se)(?!\w)"
)
_HEAD_ROWS = 12
_TOP, _BOTTOM = 0.4, 0.78


@dataclass(frozen=True)
class Name:
    """A candidate: the cells it is printed in, one a row, and how it was found."""

    cells: tuple[Cell, ...]
    kind: str  # head, foot, titled or thanked

    @cached_property
    def text(self) -> str:
        """The name as printed."""
        return " ".join(cell.text for cell in self.cells)

    @cached_property
    def plain(self) -> str:
        """Its letters and digits alone."""
        return re.sub(r"\W", "", fold(self.text))

    def field(self, confidence: float) -> Field:
        """As a field."""
        if len(self.cells) == 1:
            (cell,) = self.cells
            return cell.row.field(cell.text, cell.start, cell.end, confidence)
        return joined_field(None, [cell.span for cell in self.cells], confidence)


@dataclass(frozen=True)
class Surroundings:
    """What is known of the page around the names."""

    layout: Layout
    addresses: Sequence[Address]
    customers: Sequence[Cell]

    @cached_property
    def everything(self) -> str:
        """All letters and digits."""
        return re.sub(r"\W", "", self.layout.text)

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The names in web and mail addresses."""
        found = (match[1] or match[2] for match in _HOST.finditer(self.layout.text))
        return tuple(
            {re.sub(r"\W", "", part) for host in found for part in host.split(".")[:2] if len(part) > 3}
        )

    @cached_property
    def first_page(self) -> list[Row]:
        """The rows of the first page."""
        return [row for row in self.layout.rows if row.page == self.layout.rows[0].page]

    @cached_property
    def wordy(self) -> dict[int, int]:
        """row index -> how many rows with words stand above it on the first page."""
        counts: dict[int, int] = {}
        seen = 0
        for row in self.first_page:
            counts[row.index] = seen
            seen += bool(re.search(r"[a-z]{3}", row.folded))
        return counts

    @cached_property
    def address_cells(self) -> dict[int, list[Cell]]:
        """row index -> the lines of addresses there."""
        found: dict[int, list[Cell]] = {}
        for part in (part for one in self.addresses for part in one.parts):
            found.setdefault(part.row.index, []).append(part)
        return found

    def in_address(self, row: Row, start: int) -> bool:
        """Whether what starts at `start` of the row's text stands in an address."""
        return inside(self.address_cells.get(row.index, ()), row, start)

    @cached_property
    def right(self) -> float:
        """Where the print of the first page ends to the right."""
        return max(row.right for row in self.first_page)

    @cached_property
    def address_rows(self) -> dict[int, int]:
        """row index -> the number of the address that has a line there."""
        return {part.row.index: number for number, one in enumerate(self.addresses) for part in one.parts}


def candidates(surroundings: Surroundings) -> list[Name]:
    """The names that the issuer may have, each text once in a place."""
    found: dict[tuple[tuple[int, int, int], ...], Name] = {}
    for name in (*_titled(surroundings), *_thanked(surroundings), *_printed(surroundings)):
        key = tuple((cell.row.index, cell.start, cell.end) for cell in name.cells)
        found.setdefault(key, name)
    return list(found.values())


def _titled(known: Surroundings) -> Iterator[Name]:
    """Names after or under a title such as "Seller" or "Remit to"."""
    layout = known.layout
    for row in layout.rows:
        for cell in cells_of(row):
            title = _SELLER.search(cell.folded)
            if title is None or title.start() > 2:
                continue
            rest = cell.folded[title.end() :]
            if rest.strip(" :./") and not re.match(r"\s*(?:/[\w ]+|\([^)]*\))?\s*:|\s+[a-z0-9]", rest):
                continue
            lead = re.match(r"\s*(?:/[\w ]+|\([^)]*\)|address|details)?\s*[:.]?\s*", rest)
            here = Cell(row, cell.start + title.end() + (lead.end() if lead else 0), cell.end)
            if here.text.strip():
                if cell.text[title.end() :].lstrip(" :")[:1].isupper():
                    yield from _one(here, "titled")
                continue
            beside = right_of(cell)
            yield from _block_name(layout, beneath(layout, cell, 6), "titled")
            if beside is not None and not is_title(beside.folded):
                yield from _one(beside, "titled")


def _block_name(layout: Layout, block: Iterator[Cell], kind: str) -> Iterator[Name]:
    """The first line of a block that can be a name, alone and with the next one."""
    cells = []
    for cell in block:
        beside = right_of(cell) if OWN_LABEL.fullmatch(cell.folded.strip() + " ") else None
        if beside is None:
            cells.append(own_label(cell))
        else:
            cells += [beside, *beneath(layout, beside, 1)]
    for index, cell in enumerate(cells):
        names = list(_one(cell, kind))
        if names:
            more = list(_one(cells[index + 1], kind)) if index + 1 < len(cells) else []
            # A name that goes on in the next line, which ends in its legal form, is never meant in part.
            if (
                more
                and not vocabulary.LEGAL_FORM.search(fold(names[0].text))
                and ends_in_form(fold(more[0].text))
            ):
                yield Name((*names[0].cells, *more[0].cells), kind)
            else:
                yield from names
            return


def _thanked(known: Surroundings) -> Iterator[Name]:
    """Names after words that only the seller's name follows."""
    for row in known.layout.rows:
        match = _SOLD_BY.search(row.folded)
        if match is None:
            continue
        here = Cell(row, match.end(), len(row.text))
        if re.search(r"\w{3}", here.text):
            yield from _one(here, "thanked")
        else:
            for below in known.layout.below(row, 1):
                yield from _one(Cell(below, 0, len(below.text)), "thanked")


def _printed(known: Surroundings) -> Iterator[Name]:
    """What stands at the head and at the foot of the first page, row by row and joined over rows."""
    rows, narrow = known.first_page, known.layout.narrow
    top, height = rows[0].middle, max(1e-6, rows[-1].middle - rows[0].middle)
    for row in rows:
        place = (row.middle - top) / height
        seen = known.wordy[row.index]
        head = seen < _HEAD_ROWS if narrow else (place < _TOP or seen < 8)
        if not head and not (place > _BOTTOM and not narrow):
            continue
        for cell in cells_of(row, whole=narrow):
            for name in _one(cell, "head" if head else "foot"):
                yield name
                if head:
                    yield from _joined(known, name)


def _joined(known: Surroundings, name: Name) -> Iterator[Name]:
    """The name with the next row or two, where they are printed alike and can go on with it."""
    cells = name.cells
    for _ in range(2):
        last = cells[-1]
        below = next(beneath(known.layout, last, 1, whole=known.layout.narrow), None)
        if below is None or below.row.middle - last.row.middle > 2.2 * max(last.row.height, below.row.height):
            return
        ratio = below.span.height / max(1e-6, last.span.height)
        following = next(iter(_one(below, name.kind)), None)
        if following is None or not 0.7 < ratio < 1.45 or known.in_address(below.row, below.start):
            return
        if vocabulary.STRONG_FORM.search(last.folded.rstrip(" .")[-8:]):
            return
        cells = (*cells, *following.cells)
        yield Name(cells, name.kind)


def _one(cell: Cell, kind: str) -> Iterator[Name]:
    """The name at the start of this cell, without the register's number or the address that follows it."""
    name = _name_at(cell.row, cell.start, cell.end)
    if name is not None:
        yield Name((name,), kind)


@once
def _name_at(row: Row, start: int, end: int) -> Cell | None:
    text = row.text[start:end]
    if REGISTERED.fullmatch(text.strip()):
        return None
    if cut := _BREAK.search(text, 2):
        text = text[: cut.start()]
    form = vocabulary.STRONG_FORM.search(fold(text))
    if (
        form
        and re.match(r"\s*[(\[]?\d|\s?,|\s+[A-Z0-9]\w*", text[form.end() :])
        and not vocabulary.LEGAL_FORM.search(fold(text), form.end())
    ):
        text = text[: form.end()]
    if (registered := REGISTERED.search(text)) and registered.start() > 3:
        text = text[: registered.start()]
    lead = _LEAD.match(text)
    offset = lead.end() if lead else 0
    name = text[offset:].rstrip(_TRAIL)
    letters = sum(character.isalpha() for character in name)
    folded = fold(name)
    if (
        NO_NAME.match(folded)
        or REGISTRATION.match(folded)
        or REGISTERED.fullmatch(name)
        or any(title.fullmatch(folded) for title in (_SELLER, BILLED, DELIVERED))
        or len(re.findall(r"[^\W\d_]", _FILLER.sub("", PAPER.sub("", folded)))) < 3
        or vocabulary.LEGAL_FORM.fullmatch(folded)
        or re.fullmatch(r"\S+\.(?:com|net|org|[a-z]{2})[./]?\S*", folded)
    ):
        return None
    if (SENTENCE.match(folded) or _THANKS.match(folded)) and not vocabulary.STRONG_FORM.search(folded):
        return None
    if letters < 3 or len(name) > 70 or next(find_dates(name), None) is not None:
        return None
    begin = start + offset
    if re.match(r"\s*:", row.text[begin + len(name) :]) or re.search(r"\d[.,]\d{2}(?!\d)|@|https?:", name):
        return None
    return Cell(row, begin, begin + len(name))


def ends_in_form(text: str) -> bool:
    """Whether a folded name ends in its legal form."""
    matches = list(vocabulary.LEGAL_FORM.finditer(text))
    return bool(matches) and matches[-1].end() >= len(text.rstrip(" .)"))
