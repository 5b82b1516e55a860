"""Who issued a document: what speaks for each of the names that it could be, and which is the likeliest.

A learned ranker (`ranking.ranker("vendor")`) weighs the features; services/ai-ocr/training/ranker trains it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from automateiq_ocr.extraction import vocabulary
from automateiq_ocr.extraction.addresses import Address, line_at
from automateiq_ocr.extraction.blocks import Cell, inside
from automateiq_ocr.extraction.customers import is_title
from automateiq_ocr.extraction.layout import Layout, Row, fold, once
from automateiq_ocr.extraction.names import (
    PAPER,
    REGISTERED,
    REGISTRATION,
    SENTENCE,
    Name,
    Surroundings,
    candidates,
    ends_in_form,
)
from automateiq_ocr.extraction.ranking import ranker
from automateiq_ocr.recognition.models import mean_confidence

# What trades call themselves: many names say what is sold.
TRADE = vocabulary.any_of(
    r"restaurants?", r"restoran", r"ristorante", r"restaurante", r"caf[e]?", r"kafe", r"kopitiam", r"coffee",
    r"bakery", r"bakeries",
    r"confectionery", r"bistro", r"bar", r"grill", r"kitchen", r"pizza", r"pizzeria", r"burgers?", r"foods?",
    r"seafood",
    r"hotels?", r"inn", r"resort", r"hostel", r"gasthaus", r"gasthof", r"stationery", r"books?",
    r"bookstore", r"hardware",
    r"electrical?s?", r"electronics?", r"trading", r"enterprises?", r"industries", r"market", r"mart",
    r"mini ?market",
    r"supermarket", r"supermarkt", r"grocer(?:y|ies)?", r"store", r"shop", r"boutique", r"gallery",
    r"pharmacy", r"farmasi",
    r"apotheke", r"apoteket?", r"pharmacie", r"farmacia", r"clinic", r"klinik", r"dental", r"optical",
    r"salon", r"spa",
    r"motors?", r"auto\w*", r"garage", r"service station", r"petrol", r"station", r"services?", r"solutions",
    r"systems?",
    r"technolog(?:y|ies)", r"consulting", r"media", r"television", r"broadcast\w*", r"studio", r"design",
    r"print\w*",
    r"florist", r"bindery", r"works?", r"werke?", r"bau", r"handel", r"buchhandlung", r"drogerie", r"markt",
    r"backerei",
    r"metzgerei", r"librairie", r"boulangerie", r"brasserie", r"moulin", r"tienda", r"panaderia", r"negozio",
    r"winkel",
    r"company", r"syarikat", r"perniagaan", r"kedai", r"pasaraya", r"group", r"holdings?", r"international",
    r"partners?",
    r"associates", r"bank", r"insurance", r"versicherung\w*", r"supplies", r"supply", r"wholesale",
    r"retail", r"marketing",
    r"house", r"corner", r"center|centre", r"creamery", r"bookshop", r"deli", r"creations?", r"furniture",
    r"fashion",
    r"sp", r"verlag", r"institut\w*", r"stiftung", r"university", r"school", r"college", r"foundation",
    r"club",
)  # fmt: skip
_LEAST = 0.12
# The least chance of a name that words announce, whatever else is around it.
_FLOOR = {"titled": 0.75, "thanked": 0.3}


def best_name(
    layout: Layout, addresses: Sequence[Address], customers: Sequence[Cell]
) -> tuple[Name, float] | None:
    """(the issuer's likeliest name, its chance from 0 to 1), or None where nothing is likely enough."""
    known = Surroundings(layout, addresses, customers)
    # Who is named as the customer is not the issuer, wherever the name stands.
    names = [
        name
        for name in candidates(known)
        if name.kind == "titled" or not inside(customers, name.cells[0].row, name.cells[0].start)
    ]
    if not names:
        return None
    chances = ranker("vendor").score([features(name, known) for name in names])
    return choose(names, chances)


def choose(names: Sequence[Name], chances: Sequence[float]) -> tuple[Name, float] | None:
    """The likeliest name in its whole length: what a title introduces, and what ends in the row above or below."""
    floors = [_FLOOR.get(name.kind, 0.0) for name in names]
    chances = [floor + (1 - floor) * one for floor, one in zip(floors, chances, strict=True)]
    best = max(range(len(names)), key=lambda index: (chances[index], -names[index].cells[0].row.index))
    if chances[best] < _LEAST:
        return None
    chosen, before = _in_full(names, chances, best), best
    while chosen != before:
        before, chosen = chosen, _in_full(names, chances, chosen)
    return names[chosen], max(chances[chosen], 0.8 * chances[best])


def _in_full(names: Sequence[Name], chances: Sequence[float], best: int) -> int:
    """The same name where it is printed whole: over more rows, after a title, or below a logo of its first word."""
    name = names[best]
    # A brand over its owner's whole name is not the beginning of that name.
    owners = [
        i
        for i, one in enumerate(names)
        if len(one.cells) < len(name.cells)
        and one.cells == name.cells[-len(one.cells) :]
        and ends_in_form(fold(one.text))
        and vocabulary.STRONG_FORM.search(fold(one.text))
        and chances[i] > chances[best] - 0.12
        and not _completes(name, one)
    ]
    if owners and name.kind != "titled":
        return max(owners, key=lambda i: chances[i])
    longer = [i for i, one in enumerate(names) if len(one.plain) > len(name.plain)]
    over_rows = [
        i
        for i in longer
        if {cell.key for cell in name.cells} < {cell.key for cell in names[i].cells}
        and _completes(names[i], name)
    ]
    if over_rows:
        return min(over_rows, key=lambda i: len(names[i].cells))
    titled = [i for i in longer if names[i].kind == "titled" and name.plain in names[i].plain]
    if titled:
        return titled[0]
    row = name.cells[-1].row.index
    below_logo = [
        i
        for i in longer
        if len(names[i].cells) == len(name.cells) == 1
        and names[i].plain.startswith(name.plain)
        and 0 < names[i].cells[0].row.index - row <= 2
        and chances[i] > 0.4
    ]
    if below_logo:
        return below_logo[0]
    # Where the foot gives the name with its legal form, the head says how the issuer calls itself.
    at_head = [
        i
        for i, one in enumerate(names)
        if one.kind == "head" and name.kind == "foot" and one.plain in name.plain and chances[i] > 0.5
    ]
    return at_head[0] if at_head else best


def _completes(longer: Name, name: Name) -> bool:
    """Whether a name is a part only: it ends in "&" or in an open bracket, or is but a trade with a legal form."""
    text = name.text.rstrip()
    extends_down = longer.cells[0].key == name.cells[0].key
    if extends_down:
        open_end = text.endswith(("&", "+")) or text.count("(") > text.count(")")
        return (open_end and longer.text.count("(") == longer.text.count(")")) or bool(
            vocabulary.LEGAL_FORM.match(fold(longer.cells[len(name.cells)].text))
        )
    if vocabulary.LEGAL_FORM.match(fold(text)):
        return True
    words = re.sub(r"\W+", " ", vocabulary.LEGAL_FORM.sub("", fold(text))).split()
    return (
        len(words) <= 1 and ends_in_form(fold(text)) and (not words or TRADE.fullmatch(words[0]) is not None)
    )


def features(name: Name, known: Surroundings) -> list[float]:
    """What speaks for and against a name, always in the same order; each follows a habit of letterheads and tills."""
    layout, first, last = known.layout, name.cells[0], name.cells[-1]
    rows = known.first_page
    text, row = fold(name.text), first.row
    letters = max(1, sum(c.isalpha() for c in name.text))
    near_below = " ".join(r.folded for r in layout.below(last.row, 2))
    span = [token for cell in name.cells for token in cell.span.tokens]
    place = (row.middle - rows[0].middle) / max(1e-6, rows[-1].middle - rows[0].middle)
    before_form = _stronger_follows(name, known)
    size = first.span.height / max(1e-6, layout.line_height)
    rest = last.row.folded[last.end :]
    line = line_at(row, first.start, first.end)
    return [
        float(known.wordy.get(row.index, 30)),  # issuers head their papers
        place,
        first.span.left / max(1e-6, known.right),
        min(4.0, size),  # in larger print
        mean_confidence(token.word for token in span),
        float(vocabulary.STRONG_FORM.search(text) is not None),
        float(vocabulary.LEGAL_FORM.search(text) is not None),
        float(TRADE.search(text) is not None),
        float(bool(REGISTRATION.search(rest) or REGISTRATION.search(near_below) or REGISTERED.search(rest))),
        float(vocabulary.TAX_ID.search(near_below) is not None),
        _rows_to_address(last, known),  # the address follows the name
        float(known.in_address(row, first.start)),
        float(inside(known.customers, row, first.start)),
        float(name.kind == "titled"),
        float(name.kind == "thanked"),
        float(name.kind == "foot"),
        float(len(name.text)),
        float(name.text.count(" ") + 1),
        sum(c.isdigit() for c in name.text) / len(name.text),
        sum(c.isupper() for c in name.text) / letters,
        float(min(4, known.everything.count(name.plain))) if len(name.plain) > 4 else 0.0,
        float(any(host in name.plain or name.plain in host for host in known.hosts if len(name.plain) > 3)),
        float(layout.narrow),
        float(line.stop),
        float(line.strong or line.unit),
        float(line.postcode or line.place),
        float(vocabulary.NO_NAME.search(text) is not None),
        float(SENTENCE.match(text) is not None),
        float(len(name.cells)),
        before_form,  # a brand stands over its owner's name
        float(is_title(row.folded[first.start : first.end])),
        float(bool(re.fullmatch(r"(?:\S ){3,}\S", name.text))),  # letters spaced out
        float(name.text.count("(") != name.text.count(")") or name.text.rstrip().endswith(("&", "+"))),
        float(bool(vocabulary.LEGAL_FORM.match(text))),
        float(ends_in_form(text)),
        float(PAPER.search(text) is not None),
        1.0 - len(PAPER.sub("", text).strip(" .:-*")) / len(text),
    ]


def _rows_to_address(last: Cell, known: Surroundings) -> float:
    """How many rows below the name its address begins; 9 where none does."""
    own = known.address_rows.get(last.row.index)
    if (
        own is not None
        and last.end <= known.addresses[own].parts[0].start + 2
        and known.addresses[own].parts[0].row.index == last.row.index
    ):
        return 0.0
    for distance, row in enumerate(known.layout.below(last.row, 6), 1):
        number = known.address_rows.get(row.index)
        if number is not None and known.addresses[number].parts[0].row.index == row.index:
            opening = known.addresses[number].parts[0].span
            if known.layout.narrow or abs(opening.left - last.span.left) < 6 * row.height:
                return float(distance)
    return 9.0


def _stronger_follows(name: Name, known: Surroundings) -> float:
    """Whether a name with a legal form stands within the next rows, before the address, while this one has none."""
    if vocabulary.STRONG_FORM.search(fold(name.text)):
        return 0.0
    for row in known.layout.below(name.cells[-1].row, 3):
        if row.index in known.address_rows:
            return 0.0
        if _has_strong_form(row):
            return 1.0
    return 0.0


@once
def _has_strong_form(row: Row) -> bool:
    return vocabulary.STRONG_FORM.search(row.folded) is not None
