"""The issuer's tax number: VAT ids and their like, proven by their check digits where the country gives them any.

The algorithms are python-stdnum's, which cites each country's publication.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from types import ModuleType

from stdnum.au import abn
from stdnum.br import cnpj
from stdnum.ca import bn
from stdnum.ch import uid as swiss_uid
from stdnum.de import stnr
from stdnum.eu import vat as european
from stdnum.fr import siren, siret
from stdnum.gb import vat as british
from stdnum.in_ import gstin
from stdnum.mx import rfc
from stdnum.no import mva
from stdnum.no import orgnr as norwegian
from stdnum.nz import ird
from stdnum.se import orgnr as swedish
from stdnum.us import ein
from stdnum.util import get_cc_module

from automateiq_ocr.extraction.blocks import Cell, inside
from automateiq_ocr.extraction.dates import find_dates
from automateiq_ocr.extraction.labels import places_after
from automateiq_ocr.extraction.layout import Layout, Row, fold
from automateiq_ocr.extraction.models import Field
from automateiq_ocr.extraction.vocabulary import any_of, either

VAT_CHECKED = "vat_check_digits"
CHECKED = "tax_id_check_digits"
REFUTED = "tax_id_check_digits_wrong"


@dataclass(frozen=True, slots=True)
class Family:
    """Numbers that go by one label.

    `countries` are tried where no country code is printed before the digits; `others` are formats that are not a
    VAT id. `worth` orders families: a VAT id names a company better than a register's number.
    """

    label: re.Pattern[str]
    worth: float
    countries: tuple[str, ...] = ()
    others: tuple[ModuleType, ...] = ()


_NO = r"(?:[ .:-]*(?:reg(?:istration)?|id(?:ent\w*)?|payer|intra\w*|number|nummer|numero|no|nr|n[°º]|code|#)\b\.?)*"
FAMILIES = (
    Family(
        any_of(rf"vat{_NO}", rf"v\.a\.t\.?{_NO}", rf"tva{_NO}", rf"n[°ºo]\.? ?(?:de )?tva{_NO}", rf"t\.v\.a\.?{_NO}"),
        1.0, ("gb", "fr", "be", "lu"), (british, mva),
    ),
    Family(any_of(rf"ust\.? ?-? ?id{_NO}", r"ust\.? ?-? ?id\.? ?-? ?(?:nr|nummer)\.?",
                  r"umsatzsteuer-?\s?id\w*\.?(?: ?-?(?:nr|nummer)\.?)?", rf"uid{_NO}", rf"mwst\.?{_NO}"),
           1.0, ("de", "at"), (swiss_uid,)),
    Family(any_of(r"p\.? ?iva", r"partita iva", r"part\. ?iva", r"cod(?:ice|\.)? fisc(?:ale|\.)?"), 1.0, ("it",)),
    Family(any_of(r"n\.?i\.?f\.?", r"c\.?i\.?f\.?", r"contribuinte", r"nipc"), 1.0, ("es", "pt", "ro")),
    Family(any_of(rf"btw{_NO}", r"btw-?(?:nr|nummer)", rf"b\.t\.w\.?{_NO}"), 1.0, ("nl", "be")),
    Family(any_of(r"nip"), 1.0, ("pl",)),
    Family(any_of(r"cvr(?:-?nr)?", rf"se-?nr{_NO}"), 1.0, ("dk",)),
    Family(any_of(r"dic", r"ic dph"), 1.0, ("cz", "sk")),
    Family(any_of(r"alv(?: ?(?:nro|tunnus))?", r"y-?tunnus"), 1.0, ("fi",)),
    Family(any_of(r"oib"), 1.0, ("hr",)),
    Family(any_of(r"kmkr", r"pvm(?: kodas| moketojo)?", r"pvn(?: reg)?"), 1.0, ("ee", "lt", "lv")),
    Family(any_of(r"moms(?:reg)?\.?(?: ?nr| ?nummer)?"), 1.0, ("se",), (mva,)),
    Family(any_of(r"a\.?b\.?n\.?"), 1.0, (), (abn,)),
    Family(any_of(r"gstin", r"gst ?in"), 1.0, (), (gstin,)),
    Family(any_of(rf"gst{_NO}", r"sst(?: reg)?(?: ?(?:no|id))?", rf"tps{_NO}", rf"hst{_NO}",
                  r"tax reg(?:istration)?\.? ?(?:id|no)?(?: cbp)?"), 0.95, (), (gstin, abn, bn, ird)),
    Family(any_of(r"cnpj"), 1.0, (), (cnpj,)),
    Family(any_of(r"rfc"), 1.0, (), (rfc,)),
    Family(any_of(r"f?ein(?: ?(?:no|number|#))?", r"fed(?:eral)? (?:tax )?id(?: ?(?:no|number|#))?",
                  r"tax ?id(?:entification)?(?: ?(?:no|number|#))?", r"tin"), 0.9, (), (ein,)),
    Family(any_of(r"steuer-? ?(?:nr|nummer)\.?", r"st\.? ?-? ?nr\.?", r"steuernr\.?"), 0.8, (), (stnr,)),
    Family(any_of(r"org(?:anisation(?:s|snummer)?)?\.? ?-?(?:nr|nummer|no)\.?"), 0.7, (), (swedish, norwegian)),
    Family(any_of(r"siret"), 0.6, (), (siret,)),
    Family(any_of(r"siren", r"rcs(?: [a-z-]+){0,3}"), 0.5, (), (siren,)),
)  # fmt: skip
_ANY_LABEL = either(*(family.label for family in FAMILIES))
# Formats without check digits: their shape alone proves nothing.
_UNCHECKED = (ein, stnr)
_VALUE = re.compile(r"(?:[A-Z]{2,3}[ -]?)?[A-Z0-9](?:[ ./-]{0,2}[A-Z0-9]){5,22}")
# What may still stand between label and number, also grown together with it by the reader: "GST REGNO00024".
_LEAD = re.compile(
    r"[\s:.#)\-–=]*(?:(?:reg(?:istration)?|id|no|nr|number)(?=[\W\dA-Z])[\s:.#)\-–=]*)*", re.IGNORECASE
)
# A label that alone is the name of a tax: what follows may as well be its rate or amount.
_TAX_ITSELF = re.compile(r"(?:v\.?a\.?t|t\.?v\.?a|mwst|iva|b\.?t\.?w|moms|gst|sst|hst|tps|alv|ust)\.?")
# Beside one of these the number is the customer's.
_CUSTOMERS = any_of(
    r"customer\S*", r"clients?", r"kunden?\S*", r"klant\S*", r"cliente", r"your", r"ihre?", r"votre", r"vos",
    r"uw",
    r"vostr[ao]", r"vossa?", r"buyer", r"kaufer\S*", r"destinatari[oa]", r"acheteur",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Found:
    row: Row
    start: int
    end: int
    value: str
    worth: float
    check: str | None  # the check it passed
    refuted: bool


def find_tax_id(layout: Layout, customers: Collection[Cell] = ()) -> Field | None:
    """The issuer's tax number in its compact form; what stands in the `customers`' cells is not it."""
    found = [f for f in _candidates(layout) if not inside(customers, f.row, f.start)]
    best = max(
        found,
        key=lambda f: (f.worth + (0.3 if f.check else 0.0) - 0.3 * f.refuted, -f.row.index),
        default=None,
    )
    if best is None:
        return None
    sure = 0.97 if best.check else 0.3 if best.refuted else 0.55 + 0.25 * best.worth
    field = best.row.field(best.value, best.start, best.end, sure)
    if best.check:
        return replace(field, checks=(best.check,))
    return replace(field, doubts=(REFUTED,)) if best.refuted else field


def _candidates(layout: Layout) -> Iterator[_Found]:
    for row in layout.rows:
        labelled = False
        for family in FAMILIES if _ANY_LABEL.search(row.folded) else ():
            for label in family.label.finditer(row.folded):
                around = row.folded[max(0, label.start() - 20) : label.end() + 10]
                if _CUSTOMERS.search(around):
                    labelled = True
                    continue
                bare = _TAX_ITSELF.fullmatch(label[0].strip()) is not None
                for place in places_after(layout, row, label):
                    found = _number_at(place.row, place.start, place.end, family)
                    if found is not None and (found.check or not (bare and place.below)):
                        labelled = True
                        yield found
                        break
        if not labelled:
            yield from _bare(row)


def _number_at(row: Row, start: int, end: int, family: Family) -> _Found | None:
    """The number at the start of this place of the row, by what the label lets expect."""
    lead = _LEAD.match(row.text, start, end)
    at = lead.end() if lead else start
    match = _VALUE.match(row.text, at, end)
    if match is None or sum(letter.isdigit() for letter in match[0]) < 6:
        return None
    if next(find_dates(row.text[at : at + 12]), None) or re.match(r"\d[\d ]*[.,]\d{2}(?!\d)", match[0]):
        return None
    for stop in _stops(match[0]):
        text = match[0][:stop]
        proven = _proven(text, family)
        if proven is not None:
            value, check = proven
            return _Found(row, at, at + stop, value, family.worth, check, False)
    text = match[0]
    if cut := re.search(r" (?=[A-Z]{2,}(?: |$))|  ", text[4:]):  # words after the number
        text = text[: 4 + cut.start()]
    value = re.sub(r"[ .-]", "", text)
    if sum(letter.isdigit() for letter in value) < 7:
        return None
    refuted = _known(value) or bool(family.countries and not family.others and value.isdigit())
    return _Found(row, at, at + len(text), value, family.worth, None, refuted)


def _stops(text: str) -> list[int]:
    """Where the number may end: before each gap, the whole first."""
    return [len(text), *(m.start() for m in reversed(list(re.finditer(r"[ ./-]", text))) if m.start() > 6)]


def _proven(text: str, family: Family) -> tuple[str, str | None] | None:
    """(compact number, check passed) where a format of the family takes the text."""
    compact = re.sub(r"[ .-]", "", text)
    if european.is_valid(compact):
        return compact, VAT_CHECKED
    for country in family.countries:
        module = british if country == "gb" else get_cc_module(country, "vat")
        if module is not None and module.is_valid(text):
            return compact, VAT_CHECKED
    for module in family.others:
        if module.is_valid(text):
            return str(module.compact(text)), None if module in _UNCHECKED else CHECKED
    return None


def _known(value: str) -> bool:
    """Whether it begins as a VAT id of a country whose check digits are known."""
    return bool(
        re.match(
            r"(?:AT|GB|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK)\w{8,}",
            value,
        )
    )


def _bare(row: Row) -> Iterator[_Found]:
    """VAT ids that no label names: the country's letters and right check digits."""
    for match in re.finditer(r"(?<![\w/])[A-Z]{2}[A-Z0-9]{8,12}(?!\w)", row.text):
        if european.is_valid(match[0]) and not _CUSTOMERS.search(fold(row.text[: match.start()])):
            yield _Found(row, match.start(), match.end(), match[0], 0.8, VAT_CHECKED, False)
