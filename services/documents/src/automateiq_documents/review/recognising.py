"""By what a vendor is recognised, and which of those that are remembered a document is of.

Its own numbers count most: the tax number and the IBAN that were read as the vendor's. Domains and telephone numbers
are taken from all over the page, except from where the customer's are: below the customer's name, and beside words that
say so. A key that was seen with two vendors tells neither (the service drops it).
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from automateiq_documents.review.models import Data
from automateiq_documents.review.overlay import box_of, value_of
from automateiq_documents.review.patterns import likeness, plain, skeleton
from automateiq_documents.review.remembered import MAX_KEYS, VendorMemory
from automateiq_documents.review.words import Sheet, Word

# A vendor is recognised from this score up.
ENOUGH = 2.0
_WEIGHTS = {"tax": 3.0, "iban": 3.0, "domain": 2.0, "mail": 2.0, "phone": 2.0}
_STRONG = ("tax", "iban")
_NAME_WEIGHT = 2.0
_SAME_NAME = 0.84
_OTHER_NAME = 0.5
# A name this sure is not a misreading of another one.
_SURE = 0.9

_PROVIDER_DOMAINS = """
    aol.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.de gmx.net googlemail.com hotmail.com icloud.com laposte.net
    libero.it live.com mail.com me.com msn.com online.de orange.fr outlook.com proton.me protonmail.com sfr.fr
    t-online.de tiscali.it virgilio.it wanadoo.fr web.de yahoo.com yahoo.de yahoo.fr ymail.com ziggo.nl
    facebook.com instagram.com linkedin.com twitter.com paypal.com
"""
# Addresses there say who somebody's provider is, not who somebody is.
_PROVIDERS = frozenset(_PROVIDER_DOMAINS.split())
_TITLES = """
    invoice taxinvoice rechnung receipt facture fattura factura factuur bill quittung beleg total date page creditnote
    statement order customer billto kunde client cliente copy original
"""
# Names that a reading gives to a page on which it found none.
_NO_NAMES = frozenset(skeleton(word) for word in _TITLES.split())
_FORMS = """
    ab ag as bv co company corp corporation eg ek gbr gmbh inc incorporated kg kgaa lda limited llc llp lp ltd ltda nv
    ohg oy plc pte pty sa sarl sas sasu se sl slu snc spa srl ug vof
"""
# The legal form says nothing about which company it is, and makes short names look alike.
_LEGAL_FORMS = frozenset(_FORMS.split())
_MAIL = re.compile(r"([\w.+-]{1,64})@((?:[a-z0-9-]+\.)+[a-z]{2,12})", re.IGNORECASE)
_SITE = re.compile(r"(?:https?://|www\.)((?:[a-z0-9-]+\.)+[a-z]{2,12})", re.IGNORECASE)
_PHONE = re.compile(
    r"(?:tel|tfn|fon|phone|telefon|telephone|telefono|telefoon|ph|fax|mob)\w{0,6}\W{0,4}(\+?[\d(][\d ()/.-]{5,22}\d)"
)
_CUSTOMER = re.compile(
    r"\b(?:bill(?:ed)? to|ship(?:ped)? to|sold to|deliver to|customer|client|kunde|rechnungsempfanger|lieferadresse"
    r"|rechnungsadresse|destinatario|cliente|facture a|livre a|adresse de (?:livraison|facturation)|klant|factuuradres"
    r"|your (?:vat|tax)|ihre ust)"
)
# How far the block of a customer reaches: lines below its label, and the share of the page's width beside it.
_BLOCK_LINES = 9
_BLOCK_WIDTH = 0.4
# A page that says "customer" more often is no letter to one.
_MOST_BLOCKS = 50


def keys_of(read: Data, sheets: Sequence[Sheet]) -> list[str]:
    """What tells the vendor of a document from others, beside its name."""
    found: list[str] = []
    for name, kind in (("vendorTaxId", "tax"), ("iban", "iban")):
        bare = re.sub(r"[^A-Z0-9]", "", value_of(read, name).upper())
        if len(bare) >= 5:
            found.append(f"{kind}:{bare}")
    for sheet in sheets:
        for row in _rows_of_vendor(read, sheet):
            found += _addresses_in(plain(" ".join(word.text for word in row)))
    return list(dict.fromkeys(found))[:MAX_KEYS]


def name_keys(*names: str) -> list[str]:
    """What a name is looked up by: each of its longer words, so that one misread word does not hide it."""
    words = [skeleton(word) for name in names for word in _without_form(name)]
    return list(dict.fromkeys(f"word:{word}" for word in words if len(word) >= 4))


def _without_form(name: str) -> list[str]:
    words = name.split()
    kept = [word for word in words if plain(word).replace(".", "").strip(",") not in _LEGAL_FORMS]
    return kept or words


def own_name(name: str) -> str:
    """The skeleton of a name, or nothing where it is none."""
    bare = skeleton(" ".join(_without_form(name)))
    return "" if len(bare) < 3 or bare in _NO_NAMES else bare


def name_likeness(memory: VendorMemory, name: str) -> float:
    """How alike a name is to those that a vendor is known under."""
    bare = own_name(name)
    return max((likeness(bare, known) for known in memory.names), default=0.0) if bare else 0.0


def recognise(
    read: Data, keys: Sequence[str], memories: Sequence[VendorMemory]
) -> tuple[VendorMemory, bool] | None:
    """The vendor that a document is of, and whether one of its own numbers says so; None where that is not clear."""
    scored = sorted(((_score(read, keys, one), one) for one in memories), key=lambda pair: -pair[0])
    if not scored or scored[0][0] < ENOUGH:
        return None
    if len(scored) > 1 and scored[1][0] == scored[0][0] and scored[1][1].name != scored[0][1].name:
        return None
    best = scored[0][1]
    return best, any(key in best.keys for key in keys if key.startswith(_STRONG))


def _score(read: Data, keys: Sequence[str], memory: VendorMemory) -> float:
    matched = [key for key in keys if key in memory.keys]
    strong = any(key.startswith(_STRONG) for key in matched)
    score = sum(_WEIGHTS[key.partition(":")[0]] for key in matched)
    name = value_of(read, "vendor")
    alike = name_likeness(memory, name)
    if alike >= _SAME_NAME:
        score += _NAME_WEIGHT * alike
    elif own_name(name) and alike < _OTHER_NAME and not strong:
        confidence = float(read["vendor"].get("confidence", 0.0))
        score -= 4.0 if confidence >= _SURE else 1.0
    return score - 4.0 * _contradicts("tax:", keys, memory) - 1.0 * _contradicts("iban:", keys, memory)


def _contradicts(kind: str, keys: Sequence[str], memory: VendorMemory) -> bool:
    here = {key for key in keys if key.startswith(kind)}
    known = {key for key in memory.keys if key.startswith(kind)}
    return bool(here and known) and not here & known


def _addresses_in(text: str) -> Iterator[str]:
    for mail in _MAIL.finditer(text):
        domain = mail[2]
        yield f"mail:{mail[0]}" if domain in _PROVIDERS else f"domain:{domain.removeprefix('www.')}"
    for site in _SITE.finditer(text):
        if (domain := site[1].removeprefix("www.")) not in _PROVIDERS:
            yield f"domain:{domain}"
    for phone in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", phone[1])
        if len(digits) >= 7:
            # The last digits: country and area are written in many ways.
            yield f"phone:{digits[-7:]}"


def _rows_of_vendor(read: Data, sheet: Sheet) -> Iterator[Sequence[Word]]:
    """The rows of a page without what stands in the customer's block."""
    blocks = list(islice(_customer_blocks(read, sheet), _MOST_BLOCKS))
    for row in sheet.rows:
        yield [
            word
            for word in row
            if not any(
                left <= word.x <= right and top <= word.middle <= bottom
                for left, top, right, bottom in blocks
            )
        ]


def _customer_blocks(read: Data, sheet: Sheet) -> Iterator[tuple[float, float, float, float]]:
    box = box_of(_field(read, "customer"))
    if box is not None and box.page == sheet.number:
        height = max(box.height / sheet.height, 0.008)
        yield _block(box.x / sheet.width, box.y / sheet.height, height)
    for row in sheet.rows:
        starts: list[int] = []
        text = ""
        for word in row:
            starts.append(len(text))
            text += plain(word.text) + " "
        for label in _CUSTOMER.finditer(text):
            first = row[bisect_right(starts, label.start()) - 1]
            yield _block(first.x, first.y, max(first.height, 0.008))


def _block(x: float, y: float, height: float) -> tuple[float, float, float, float]:
    return (x - 0.02, y - height, x + _BLOCK_WIDTH, y + 1.6 * _BLOCK_LINES * height)


def _field(read: Data, name: str) -> Mapping[str, object] | None:
    found = read.get(name)
    return found if isinstance(found, Mapping) else None
