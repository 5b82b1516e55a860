"""To whom a document is addressed: by its titles ("Bill to", "Rechnung an" ...), else by the recipient's place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.addresses import POSTCODE, Address, find_addresses
from automateiq_ocr.extraction.blocks import OWN_LABEL, Cell, beneath, cells_of, own_label, right_of
from automateiq_ocr.extraction.column_titles import TITLE
from automateiq_ocr.extraction.dates import find_dates
from automateiq_ocr.extraction.layout import Layout, Row, joined_field
from automateiq_ocr.extraction.models import Field
from automateiq_ocr.extraction.vocabulary import any_of

# Who is billed goes before who is delivered to; an advertising bill goes to an agency, but is the advertiser's.
BILLED = any_of(
    r"(?:bill(?:ed|ing)?|invoiced?|sold|charge|issued) to", r"advertiser", r"buyer",
    r"customer(?: name| details)?",
    r"client(?: name)?", r"bill(?:ing)? (?:to )?address", r"invoice address", r"tenant", r"prepared for",
    r"recipient",
    r"guest(?: name)?", r"insured", r"subscriber", r"to",
    r"rechnung an", r"rechnungsempfanger", r"kunde", r"kaufer", r"auftraggeber", r"leistungsempfanger",
    r"abnehmer",
    r"rechnungsadresse", r"rechnungsanschrift", r"empfanger", r"besteller", r"mieter", r"gast(?:name)?",
    r"patient(?:in)?",
    r"versicherungsnehmer", r"an",
    r"factur(?:e|er|ee) a", r"adresse de facturation", r"client", r"acheteur", r"destinataire", r"adresse a",
    r"nom (?:de l.abonne|du client)",
    r"factura(?:r|do)? a", r"cliente", r"datos del cliente", r"comprador", r"destinatario",
    r"direccion de facturacion",
    r"fattura(?:to|re)? a", r"spett(?:\.?le|abile)?", r"acquirente", r"cessionario(?:/committente)?",
    r"committente", r"indirizzo di fatturazione",
    r"factu(?:ur|reren) aan", r"gefactureerd aan", r"factuuradres", r"klant", r"koper", r"afnemer",
    r"opdrachtgever",
    r"fatura(?:r|do)? (?:a|para)", r"adquirente", r"morada de faturacao",
    r"exmos?\.?\(?s?\)? ?\.? ?(?:sr|senhor)\w*\.?\(?s?\)?",
)  # fmt: skip
DELIVERED = any_of(
    r"(?:ship(?:ped|ping)?|deliver(?:ed|y)?|consigned) to",
    r"(?:ship(?:ping)?|delivery|service|install(?:ation)?) address",
    r"ship-to", r"install at", r"consignee", r"attn", r"payer", r"agency",
    r"lieferadresse", r"lieferanschrift", r"lieferung an", r"warenempfanger", r"lieferempfanger",
    r"adresse de livraison", r"livre a", r"adresse de l.installation",
    r"direccion de (?:envio|entrega)", r"enviar a", r"entregar a",
    r"indirizzo di (?:spedizione|consegna)", r"destinazione(?: merce)?", r"spedire a", r"luogo di consegna",
    r"a(?:f)?leveradres", r"verzendadres", r"leveren aan", r"bezorgadres",
    r"morada de (?:entrega|envio)", r"local de entrega", r"enviar para",
)  # fmt: skip
# These stand in running text too: they are titles only alone in their cell or before a colon.
_SHORT = re.compile(
    r"(?:to|an|a|client|customer|kunde|klant|cliente|buyer|patient|patientin|guest|gast|agency|tenant"
    r"|advertiser)"
)
_SALUTATION = re.compile(
    r"(?:an )?(?:herrn?|frau|firma|familie|fa|mr|mrs|ms|messrs|m|mme|mlle|monsieur|madame|sr|sra|d|dona"
    r"|senor|senora|sig|sig\.ra|spett\.?le"
    r"|dott|dhr|mevr|de heer|mevrouw|exmo)\.?"
)
NO_NAME = re.compile(
    r"(?:your |ihre |votre |uw )?(?:order|bestell\w*|commande|pedido|ordine|reference|referenz)\b"
    r"|gln\b|(?:globale )?nummer|(?:\w*kunden|customer|client|klant|account|lief)\S* ?-?(?:nr|no|number"
    r"|nummer|id|#)|@|www\.|"
    r"(?:tel|fax|phone|fon|telefon|e-?mail|ust|vat|tva|btw|p\.? ?iva|nif|date|datum|contact|attention)\b"
    r"|[\d\W]+$"
)
_LEAST_LETTERS = 3
# What forms call their fields: a cell that is no more than this has its value elsewhere.
_FIELD_TITLE = re.compile(
    r"(?:[a-z/&.-]+ ){0,3}(?:dates?|datum|numbers?|no|nr|types?|offices?|regions?|executive|contact"
    r"|calendar|cycle|codes?|ref"
    r"|period|month|brand|handling|estimate|revision|terms|category|conditions|person|manager|rep|desc"
    r"|description|details|summary)\W*(?:/.*)?"
    r"|product|property|agency|salesperson|station|market|order|orders|brand|estimate|demographic|invoice"
    r"|contract|kopie|copy"
)
_TITLES = (
    BILLED, DELIVERED, vocabulary.ISSUER, vocabulary.DATE_ISSUE_STRONG, vocabulary.DATE_DUE, vocabulary.DATE_OTHER,
    vocabulary.NUMBER_STRONG, vocabulary.NUMBER_HEADING, vocabulary.TOTAL_TO_PAY, vocabulary.SUBTOTAL,
    vocabulary.DATE_ISSUE, *TITLE.values(),
)  # fmt: skip
# A code that a name is kept under, printed after it: "Ottermere Holdings (33528)".
_CODE = re.compile(r"\s*[(\[]\s?[A-Z]{0,3}\d{2,}\s?[)\]]?\s*$")


@dataclass(frozen=True)
class Customer:
    """A customer's name, the cells of the whole block, and how surely it is the one who is billed (0 to 1)."""

    name: tuple[Cell, ...]
    places: tuple[Cell, ...]
    strength: float

    def field(self) -> Field:
        """The name as a field."""
        spans = [cell.span for cell in self.name]
        if len(spans) > 1:
            return joined_field(None, spans, self.strength)
        (cell,) = self.name
        return cell.row.field(cell.text, cell.start, cell.end, self.strength)


def find_customers(layout: Layout, addresses: Sequence[Address] | None = None) -> list[Customer]:
    """All that are named as customers or stand in a recipient's place, the likeliest first."""
    rows = [row for row in layout.rows if row.page == layout.rows[0].page]
    low = rows[0].middle + 0.55 * (rows[-1].middle - rows[0].middle) if rows else 0.0
    found = [customer for row in rows for customer in _titled(layout, row, row.middle > low)]
    if not layout.narrow:
        known = find_addresses(layout) if addresses is None else addresses
        taken = {cell.key for customer in found for cell in customer.places}
        if not any(customer.strength > 0.6 for customer in found):
            found += _by_place(layout, known, taken)
    return sorted(found, key=lambda customer: -customer.strength)


def is_title(text: str) -> bool:
    """Whether a folded text of a cell is the title of something rather than a value."""
    text = text.strip()
    if text.endswith((":", "#")) or not text:
        return True
    squeezed = re.sub(r"(?<=\b\w) (?=\w\b)", "", text)  # W A R E N R E C H N U N G
    if _FIELD_TITLE.fullmatch(text) or re.search(r"(?:rechnung|korrektur|gutschrift)s?$", squeezed):
        return True
    return any((match := pattern.match(text)) and match.end() >= 0.55 * len(text) for pattern in _TITLES)


def _first_page(layout: Layout) -> Iterator[Row]:
    return (row for row in layout.rows if row.page == layout.rows[0].page)


def _titled(layout: Layout, row: Row, low: bool) -> Iterator[Customer]:
    for cell in cells_of(row):
        for pattern, strength in ((BILLED, 0.95), (DELIVERED, 0.55)):
            title = pattern.match(cell.folded.lstrip(" *#-")) if cell.folded else None
            if title is None:
                continue
            title = pattern.search(cell.folded)
            if title is None or title.start() > 3:
                continue
            made = _from_title(layout, cell, title, strength - 0.2 * low)
            if made is not None:
                yield made
                break


def _from_title(layout: Layout, cell: Cell, title: re.Match[str], strength: float) -> Customer | None:
    rest = cell.folded[title.end() :]
    beside = re.match(
        r"(?:\s*/\s*[\w ]+|\s*\([^)]*\)|\s+(?:name|address|details))?\s*(?P<colon>[:.])?\s*", rest
    )
    after = title.end() + (beside.end() if beside else 0)
    colon = bool(beside and beside["colon"])
    follows_on = not colon and rest[: beside.end() if beside else 0].strip() != rest.strip()
    # Words follow on without a colon: a name after "Bill to", a sentence after "customer".
    if follows_on and (_SHORT.fullmatch(title[0]) or not cell.text[after : after + 1].isupper()):
        return None
    if after < len(cell.text) and not is_title(cell.folded[after:]):
        here = own_label(Cell(cell.row, cell.start + after, cell.end))
        if not _is_name(_bare(here)):
            return None  # the customer's number
        return _named([here, *beneath(layout, here, 6)], (cell,), strength, gap=False)
    # Two titles side by side have their blocks below: "Lieferant   Käufer   Rechnung".
    block = list(beneath(layout, cell, 8))
    if not colon and any(POSTCODE.search(one.folded) for one in block[:6]):
        return _named(block, (cell,), strength - 0.03, gap=True)
    beside_it = right_of(cell)
    if beside_it is not None and OWN_LABEL.fullmatch(beside_it.folded):
        beside_it = right_of(beside_it)
    if beside_it is not None and not colon and re.search(r"\d", beside_it.text) and not _is_name(beside_it):
        return None  # the customer's number
    if beside_it is not None and not is_title(_bare(beside_it).folded) and _is_name(_bare(beside_it)):
        beneath_it = list(beneath(layout, beside_it, 6))
        below = list(beneath(layout, cell, 1))
        # Side by side are a title and its name; but two blocks stand side by side as well, each with its title above.
        if colon or not below or not _is_name(below[0]) or is_title(below[0].folded):
            return _named([beside_it, *beneath_it], (cell,), strength, gap=False)
    if _SHORT.fullmatch(title[0]) and title[0] in ("to", "an", "a") and not colon and rest.strip():
        return None
    return _named(block, (cell,), strength - 0.03, gap=True)


def _named(block: Iterable[Cell], head: tuple[Cell, ...], strength: float, *, gap: bool) -> Customer | None:
    """The customer whose block this is: its first line that can be a name, with what belongs to it."""
    cells: list[Cell] = []
    for cell in block:
        if cells and is_title(cell.folded) and not OWN_LABEL.match(cell.folded):
            if not gap or any(_is_name(own_label(one)) for one in cells):
                break
            continue
        cells.append(cell)
    for index, cell in enumerate(cells[:5]):
        beside = right_of(cell) if OWN_LABEL.fullmatch(cell.folded.strip() + " ") else None
        named = _bare(own_label(beside or cell))
        if not _is_name(named) or is_title(named.folded):
            continue
        name = [named]
        following = cells[index + 1] if index + 1 < len(cells) else None
        if following is not None and _is_name(following):
            alone = _SALUTATION.fullmatch(named.folded.strip())
            form = vocabulary.STRONG_FORM.search(following.folded)
            if alone or (
                form and form.end() >= len(following.text.rstrip()) and not _has_form(named) and gap
            ):
                name.append(following)
        return Customer(tuple(name), (*head, *cells), strength)
    return None


def _bare(cell: Cell) -> Cell:
    """The name without a code in brackets, and without the title of the next column grown onto it."""
    end = cell.end
    if code := _CODE.search(cell.text):
        end = cell.start + code.start()
    if date := next(find_dates(cell.text), None):
        end = min(end, cell.start + date.start) if date.start else end
    for pattern in (vocabulary.DATE_ISSUE_STRONG, vocabulary.NUMBER_STRONG):
        title = pattern.search(cell.row.folded, cell.start + 5, end)
        if title and title.end() >= end - 2:
            end = title.start()
    text = cell.row.text[cell.start : end]
    start = cell.start + len(text) - len(text.lstrip(" ,;:*-"))
    return Cell(cell.row, start, cell.start + len(text.rstrip(" ,;:*-"))) if text.strip(" ,;:*-") else cell


def _has_form(cell: Cell) -> bool:
    return vocabulary.LEGAL_FORM.search(cell.folded) is not None


def _is_name(cell: Cell) -> bool:
    text = cell.folded.strip()
    letters = sum(c.isalpha() for c in text)
    if letters < _LEAST_LETTERS and not _SALUTATION.fullmatch(text):
        return False
    if letters < 0.45 * len(text.replace(" ", "")) or len(text) > 80 or NO_NAME.match(text):
        return False
    return next(find_dates(cell.text), None) is None


def _by_place(
    layout: Layout, addresses: Sequence[Address], taken: set[tuple[int, int]]
) -> Iterator[Customer]:
    """A letter's recipient: a name and its address high on the first page, where an envelope's window is.

    What goes on with a telephone, a web address or a tax number is the sender's own block.
    """
    rows = list(_first_page(layout))
    top, bottom = rows[0].middle, rows[-1].middle
    for address in addresses:
        first = address.parts[0]
        height = (first.row.middle - top) / max(1e-6, bottom - top)
        if first.row.page != rows[0].page or height > 0.45 or first.key in taken:
            continue
        if len({part.row.index for part in address.parts}) == 1:
            continue  # a sender's line
        name = _lines_above(layout, first)
        if not name or _goes_on_as_sender(layout, address.parts[-1]) or _titled_issuer(layout, name[0]):
            continue
        windowed = any(_is_sender_line(other, name[0]) for other in addresses if other is not address)
        right = first.span.left > 0.45 * max(row.right for row in rows)
        strength = 0.85 if windowed else 0.7 if right else 0.45
        yield Customer((name[0],), (*name, *address.parts), strength)


def _lines_above(layout: Layout, first: Cell) -> list[Cell]:
    """The lines of the block above its address, the uppermost first."""
    lines: list[Cell] = []
    below = first
    for row in layout.above(first.row, 6):
        if below.row.middle - row.middle > 2.3 * max(row.height, below.row.height):
            break
        here = [c for c in cells_of(row) if abs(c.span.left - first.span.left) < 1.2 * first.span.height]
        if not here:
            continue
        if (
            not _is_name(here[0])
            or is_title(here[0].folded)
            or ("," in here[0].text and any(c.isdigit() for c in here[0].text))
        ):
            break
        if here[0].span.height < 0.75 * first.span.height:
            break  # the sender's line, in small print
        lines.insert(0, here[0])
        below = here[0]
        if len(lines) == 3:
            break
    return lines


def _goes_on_as_sender(layout: Layout, last: Cell) -> bool:
    own = re.compile(
        r"(?:tel|fon|fax|phone|mobil|e-?mail|ust|vat|tva|siret|p\.? ?iva|nif|btw|kvk|abn|steuer)\b|.*(?:@"
        r"|www\.|http)"
    )
    above = last.row
    for cell in beneath(layout, last, 3):
        if cell.row.middle - above.middle > 2.2 * max(cell.row.height, above.height):
            return False
        if own.match(cell.folded.strip()):
            return True
        above = cell.row
    return False


def _titled_issuer(layout: Layout, name: Cell) -> bool:
    """Whether a title above calls the block the issuer's."""
    for row in layout.above(name.row, 3):
        for cell in cells_of(row):
            if abs(cell.span.left - name.span.left) < 2 * row.height and vocabulary.ISSUER.match(cell.folded):
                return True
    return False


def _is_sender_line(other: Address, name: Cell) -> bool:
    """Whether another address stands on one line just above the name: what an envelope's window shows first."""
    rows = {part.row.index for part in other.parts}
    row = other.parts[0].row
    if len(rows) > 1 or row.page != name.row.page:
        return False
    return (
        0 < name.row.middle - row.middle < 5 * max(row.height, name.span.height)
        and other.parts[-1].span.right > name.span.left
    )


def outline(customers: Iterable[Customer]) -> list[Cell]:
    """All cells that belong to customers."""
    return [cell for customer in customers for cell in customer.places]
