"""Postal addresses: which lines are one, by the words and postcodes that addresses are made of in many countries."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from automateiq_ocr.extraction.blocks import Cell, beneath, cells_of
from automateiq_ocr.extraction.layout import Layout, Row, Span, joined_field, once
from automateiq_ocr.extraction.models import Field
from automateiq_ocr.extraction.vocabulary import LEGAL_FORM, STRONG_FORM, any_of

_MOST_LINES = 8
_SEPARATOR = re.compile(r"\s*[|·•●¦;]\s*|\s+[-–—]\s+")
# Longer names of places, which can be told even with a letter misread.
_PLACES = (
    "selangor", "malaysia", "johor bahru", "kuala lumpur", "pulau pinang", "negeri sembilan", "selangor darul ehsan",
    "singapore", "united kingdom", "deutschland", "germany", "france", "osterreich", "nederland", "portugal", "espana",
)  # fmt: skip

# What streets are called. German and Dutch ones end so, the others begin or end with the word.
STREET = re.compile(
    r"(?<!\w)(?:jalan|jln|jl|lorong|lrg|persiaran|lebuh(?:raya)?|leboh|lingkaran|kampung|kg|taman|tmn"
    r"|bandar|bdr|seksyen|"
    r"kawasan|pusat|medan|dataran|"
    r"street|str|st|road|rd|avenue|ave?|av|boulevard|blvd|bd|lane|ln|drive|dr|court|ct|crescent|close"
    r"|terrace|square|sq|"
    r"highway|hwy|parkway|pkwy|broadway|circle|row|walk|quay|mall|plaza|loop|way|turnpike|pike|marg|nagar|"
    r"rue|chemin|allee|allees|impasse|quai|route|cours|place|"
    r"calle|c/|avda|avenida|paseo|plaza|carrer|carretera|rua|travessa|largo|estrada|praca|"
    r"via|viale|vicolo|corso|piazza|strada|"
    r"straat|laan|plein|gracht|weg|kade|"
    r"ul|al|pl|ulica|aleja|vag|vagen|gatan|gata|tn|vej|gade|katu|tie|"
    r"am|an der|auf der|im)(?:\.|(?!\w))"
    r"|(?<=\w)(?:stra(?:ss|s|ß)e|str\.|strasse|weg|platz|allee|gasse|ring|steg|damm|ufer|chaussee|straat|laan"
    r"|plein|gracht|gatan|gata"
    r"|vagen|vej|gade|katu)(?!\w)"
)
# Words that name streets in few other places.
STRONG_STREET = re.compile(
    r"(?<!\w)(?:jalan|jln|lorong|persiaran|lebuhraya|taman|tmn|bandar|seksyen|kampung|street|road|rd"
    r"|avenue|ave|blvd|"
    r"boulevard|lane|rue|chemin|calle|avda|avenida|rua|viale|corso|piazza)(?:\.|(?!\w))"
    r"|(?<=\w)(?:strasse|str\.|straat|laan|gracht|gatan)(?!\w)"
)
UNIT = re.compile(
    r"(?<!\w)(?:lot|no|unit|level|lvl|floor|flr|flo{1,2}r|ground|blk|block|blok|suite|ste|room|rm|shop"
    r"|building|bldg|tower|"
    r"wisma|menara|plaza|kompleks|complex|bangunan|plot|km|batu|p\.? ?o\.? ?box|postfach|postbus|b\.?p"
    r"|boite postale|apartado|"
    r"casella postale|gate|house|hof|bat|batiment|etage|og|eg|piso|c/o|mall|centre|center)(?:[.:]|(?!\w))"
    r"|(?<!\w)\d+(?:st|nd|rd|th) fl"
)
# A postcode with the town that it belongs to.
POSTCODE = re.compile(
    r"(?<![\w/.:-])(?:"
    r"(?:[a-z]{1,2}[- ])?\d{4,5},? ?[a-z]{2}[a-z'.-]*"  # D-80333 Munchen, 75371 Paris, 81100 Johor
    r"|[a-z][a-z .'-]+,? \d{5}(?!\d)(?:-\d{4})?"  # Springfield, IL 62704; Johor 81100
    r"|[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}(?!\w)"  # SW1B 3BN
    r"|[a-z]\d[a-z] ?\d[a-z]\d(?!\w)"  # H3B 4C9
    r"|\d{4} ?[a-z]{2} [a-z]{3}"  # 3500 MJ Utrecht
    r"|\d{3} \d{2} [a-z]{3}"  # 111 47 Stockholm
    r"|\d{2}-\d{3} [a-z]{3}"  # 80-309 Gdansk
    r"|\d{4}-\d{3} [a-z]{3}"  # 1200-109 Lisboa
    r"|(?:nsw|vic|qld|wa|sa|tas|act|nt) \d{4}(?!\d)|singapore \d{6}(?!\d)|[a-z]+ ?- ?\d{6}(?!\d)"
    r")"
)
_BARE_POSTCODE = re.compile(r"(?<![\w/.:-])\d{5,6}(?![\w/:-]|\.\d)")
# Numbers of five digits that are none: of a lot, a box, or in brackets.
_LOT = re.compile(r"(?<!\w)(?:lot|p\.?t|no|unit|plot|gm|box|postfach|b\.?p|#)\.?[: ]*\d+|[(#]\d+\)?")
# Countries and the states and provinces that stand in addresses written in English, Malay, German, French ...
PLACE = any_of(
    r"malaysia", r"selangor", r"johor(?: bahru)?", r"kuala lumpur", r"k\.?l\.?", r"w\.? ?p\.?",
    r"pulau pinang", r"penang",
    r"perak", r"kedah", r"kelantan", r"terengganu", r"pahang", r"negeri sembilan", r"melaka", r"malacca",
    r"sabah",
    r"sarawak", r"perlis", r"putrajaya", r"labuan", r"wilayah persekutuan", r"darul \w+", r"d\.e\.?",
    r"singapore",
    r"u\.?s\.?a\.?", r"united states", r"united kingdom", r"u\.?k\.?", r"england", r"scotland", r"wales",
    r"ireland",
    r"canada", r"australia", r"new zealand", r"india", r"hong kong", r"kowloon", r"china", r"japan",
    r"thailand",
    r"indonesia", r"philippines", r"deutschland", r"germany", r"osterreich", r"austria", r"schweiz",
    r"suisse", r"svizzera",
    r"switzerland", r"france", r"belgique", r"belgie", r"belgium", r"nederland", r"netherlands",
    r"luxembourg", r"espana",
    r"spain", r"italia", r"italy", r"portugal", r"polska", r"poland", r"sverige", r"sweden", r"danmark",
    r"denmark",
    r"norge", r"norway", r"suomi", r"finland", r"eesti", r"estonia", r"lietuva", r"lithuania", r"latvija",
    r"latvia",
    r"cesko", r"czech republic", r"slovensko", r"hungary", r"romania", r"brasil", r"brazil", r"mexico",
)  # fmt: skip
# Lines that are anything but an address.
STOP = re.compile(
    r"@|www|http|\.com|(?<!\w)(?:tel|te1|t[ée]l[ée]?(?:phone|efon|fon|fono|efone)?|phone|fon|fone|ph|fax"
    r"|mobile|hp|hotline|"
    r"whatsapps?|e-?mail|"
    r"gst|sst|vat|tax|mwst|ust|tva|siret|siren|iva|btw|nip|gstin|tin|abn|reg(?:istration|d)?|co\.? ?(?:reg"
    r"|no)\S*|"
    r"company|companyno|roc|brn?|(?:tax)?invoice\w*|rechnung\w*|facture|fattura|factura|factuur|receipt\w*"
    r"|cash|bill|date|datum|"
    r"time|cashier|table|hours?|customer|counter|order|pax|server|page|seite|statement|terminal|"
    r"operator|careline|welcome|thank|licensee|formerly|owned|description|iban|bic|gln|amount|qty|total"
    r"|hrb|steuer\w*|"
    r"geschaftsfuhrer|capital|rcs|org\.? ?nr|kunde\w*|item|opening|store|pos)(?!\w)"
    r"|\d[.,]\d{2} ?[a-z]{0,3}$|(?:rm|[$€£]) ?\d+[.,]\d{2}(?!\d)|\d{1,2}:\d{2}"
    r"|(?<!\d)\d{1,2}[-/]\d{1,2}[-/](?:19|20)\d\d"
)
_LEAD = re.compile(
    r"\s*(?:(?:registered |head |main |warehouse |business |company )?(?:address|office|adress)|anschrift"
    r"|adresse|siege(?: social)?|"
    r"sitz|direccion|domicilio|indirizzo|sede(?: legale)?|adres|endereco|morada|hq)\s*[:.]\s*"
)
_TAIL = re.compile(
    r"\s*(?:[|·•–—;(,-]\s*)?(?:(?<!\w)(?:tel|t[ée]l[ée]?(?:phone|efon|fono)?|phone|fon|ph|fax|e-?mail|www"
    r"|http|mobile|gst|vat|tva|siret)"
    r"(?!\w)|\(?\+\d{2}).*$"
)


@dataclass(frozen=True)
class Line:
    """A cell with what speaks for its being a line of an address."""

    cell: Cell

    @cached_property
    def text(self) -> str:
        """Folded, without what is a title before it or a telephone number after it."""
        return self.cell.folded

    @cached_property
    def street(self) -> bool:
        """Names a street, quarter or estate."""
        return STREET.search(self.text) is not None and bool(re.search(r"\d|[a-z]{4}", self.text))

    @cached_property
    def strong(self) -> bool:
        """Has a word that names streets in few other places."""
        return STRONG_STREET.search(self.text) is not None

    @cached_property
    def unit(self) -> bool:
        """Names a lot, floor or building, with a number."""
        return UNIT.search(self.text) is not None and any(c.isdigit() for c in self.text)

    @cached_property
    def postcode(self) -> bool:
        """Has a postcode with a town, or five digits alone in a line of words; not the number of a lot."""
        text = _LOT.sub(" ", self.text)
        # "2750 County Road" is a house and its street.
        if any(not STRONG_STREET.search(text, match.start()) for match in POSTCODE.finditer(text)):
            return True
        return re.search(r"[a-z]{3}", text) is not None and any(
            not STRONG_STREET.match(text[match.end() :].lstrip()) for match in _BARE_POSTCODE.finditer(text)
        )

    @cached_property
    def place(self) -> bool:
        """Names a country or state."""
        return PLACE.search(self.text) is not None

    @cached_property
    def numbered(self) -> bool:
        """Begins or ends with a house number."""
        return bool(
            re.match(r"(?:no\.?\s?|#)?\d{1,5}[a-z]?(?:[-/&+,. ]|\s)", self.text)
            or re.search(r"[a-z]{3}\.? \d{1,4} ?[a-z]?(?:$|,? \d{4,5} [a-z])", self.text)
        )

    @cached_property
    def stop(self) -> bool:
        """Is labelled as something else, or has a price, a time or a date."""
        return STOP.search(self.text) is not None

    @cached_property
    def named(self) -> bool:
        """Is or has a company's name: its legal form."""
        return LEGAL_FORM.search(self.text) is not None and not self.postcode

    @property
    def opens(self) -> bool:
        """Whether an address can begin here."""
        if (
            self.stop
            or self.named
            or self.text.startswith("(")
            or not re.search(r"[a-z]{2}", self.text)
            or len(self.text) > 90
        ):
            return False
        return (
            self.strong
            or (self.street and self.numbered)
            or (self.unit and not self.place)
            or self.postcode
            or (self.numbered and "," in self.text)
        )


@dataclass(frozen=True)
class Address:
    """Lines of one postal address from top to bottom, and how surely they are one (0 to 1)."""

    parts: tuple[Cell, ...]
    score: float

    @property
    def text(self) -> str:
        """The lines as printed, joined by spaces."""
        return " ".join(part.text for part in self.parts)

    def field(self, confidence: float) -> Field:
        """As a field: a row's parts with what separates them, the rows joined."""
        spans = [Span(row.page, row.index, row.within(start, end)) for row, start, end in self._rows()]
        joined = joined_field(None, spans, confidence)
        return replace(joined, value=joined.source_text.strip(" ,;|·•●-–—"))

    def _rows(self) -> Iterator[tuple[Row, int, int]]:
        for _, group in groupby(self.parts, key=lambda part: part.row.index):
            parts = list(group)
            yield parts[0].row, parts[0].start, parts[-1].end


def find_addresses(layout: Layout) -> list[Address]:
    """All that looks like a postal address on the first and the last page, each line in one of them at most.

    Who a document is from and to stands where it begins, or at its very end.
    """
    if not layout.rows:
        return []
    pages = {layout.rows[0].page, layout.rows[-1].page}
    found: list[Address] = []
    taken: set[tuple[int, int]] = set()
    for row in layout.rows:
        if row.page not in pages:
            continue
        for cell in cells_of(row, whole=layout.narrow):
            if cell.key in taken:
                continue
            lines = _lines_of(cell)
            for index, line in enumerate(lines):
                if line.cell.key in taken or not _begins(line, lines[index + 1 :], layout):
                    continue
                column = [*lines[index:], *_following(layout, cell)]
                address = _grown(column, narrow=layout.narrow)
                if address is not None:
                    found.append(address)
                    taken |= {part.key for part in address.parts} | {
                        (p.row.index, _cell_start(p)) for p in address.parts
                    }
                    break
    return found


def _begins(line: Line, rest: Sequence[Line], layout: Layout) -> bool:
    """Whether an address begins here: also with a street of any name and a number, before the line of the town."""
    if line.opens:
        return True
    if not line.numbered or line.stop or line.named or len(re.findall(r"[a-z]", line.text)) < 4:
        return False
    after = rest[0] if rest else next(_following(layout, line.cell), None)
    return after is not None and after.postcode and not after.stop


def _cell_start(part: Cell) -> int:
    return next((c.start for c in cells_of(part.row) if c.start <= part.start < c.end), part.start)


def _following(layout: Layout, cell: Cell) -> Iterator[Line]:
    for under in beneath(layout, cell, _MOST_LINES, whole=layout.narrow):
        yield from _lines_of(under)


def _lines_of(cell: Cell) -> tuple[Line, ...]:
    return _lines_within(cell.row, cell.start, cell.end)


@once
def _lines_within(row: Row, start: int, end: int) -> tuple[Line, ...]:
    return tuple(line_at(row, part.start, part.end) for part in _parts(Cell(row, start, end)))


@once
def line_at(row: Row, start: int, end: int) -> Line:
    """This part of a row, as a line of an address; what was found out about it is kept with the row."""
    return Line(Cell(row, start, end))


def _parts(cell: Cell) -> Iterator[Cell]:
    """The pieces of a cell: at separators, and after a company's legal form, where an address may begin."""
    lead = _LEAD.match(cell.folded)
    start = cell.start + (lead.end() if lead else 0)
    tail = _TAIL.search(cell.row.folded, start, cell.end)
    # A telephone number after an address on its line is no part of it.
    end = tail.start() if tail and tail.start() > start + 8 else cell.end
    cuts = [(m.start(), m.end()) for m in _SEPARATOR.finditer(cell.row.text, start, end)]
    form = STRONG_FORM.search(cell.row.folded, start, end)
    if form and POSTCODE.search(cell.row.folded, form.end(), end):
        cuts.append((form.end(), form.end()))
    for stop, following in [*sorted(cuts), (end, end)]:
        text = cell.row.text[start:stop]
        left = len(text) - len(text.lstrip(" ,"))
        if text.strip():
            yield Cell(cell.row, start + left, start + len(text.rstrip()))
        start = following


def _grown(column: Sequence[Line], *, narrow: bool) -> Address | None:
    """The address that begins with the first of these lines, if it is one."""
    taken: list[Line] = []
    for index, line in enumerate(column[:_MOST_LINES]):
        after = column[index + 1] if index + 1 < len(column) else None
        if taken and not _goes_on(taken, line, after):
            break
        taken.append(line)
    kinds = {
        "street": any(line.street or line.numbered for line in taken),
        "postcode": any(line.postcode for line in taken),
        "unit": any(line.unit for line in taken),
        "place": any(line.place for line in taken),
        "strong": any(line.strong for line in taken),
    }
    whole = kinds["strong"] or (kinds["postcode"] and (kinds["street"] or kinds["unit"]))
    # A shop in a mall prints its lot and its floor, and the mall, without a postcode.
    if not whole and not (narrow and kinds["unit"] and kinds["street"] and len(taken) > 1):
        return None
    return Address(tuple(line.cell for line in taken), sum(kinds.values()) / len(kinds))


def _goes_on(taken: Sequence[Line], line: Line, after: Line | None) -> bool:
    """Whether the next line still belongs to the address."""
    if line.stop or line.named or not re.search(r"[^\W\d_]{2}", line.text) or len(line.text) > 70:
        return False
    complete = any(one.postcode for one in taken)
    open_end = taken[-1].cell.text.rstrip().endswith((",", "-", "&", "/"))
    if complete:
        return open_end or _a_place(line) or (line.strong and line.numbered)
    if line.street or line.unit or line.postcode or line.place or open_end:
        return True
    # A line without a sign of its own between two that have some.
    return after is not None and not after.stop and (after.postcode or after.strong or after.place)


def _a_place(line: Line) -> bool:
    """Whether the line is a country or a state, if misread, or begins with one."""
    word = re.sub(r"[^a-z ]", "", line.text).strip()
    if line.place and len(word) < 30:
        return True
    return len(word) > 5 and bool(difflib.get_close_matches(word, _PLACES, 1, 0.8))
