"""Who issued a document and to whom: names, addresses, tax numbers and accounts, each on its own side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from automateiq_ocr.extraction.addresses import Address, find_addresses
from automateiq_ocr.extraction.blocks import Cell, beneath, inside
from automateiq_ocr.extraction.customers import find_customers, outline
from automateiq_ocr.extraction.iban import find_iban
from automateiq_ocr.extraction.layout import Layout
from automateiq_ocr.extraction.models import DocumentType, Field
from automateiq_ocr.extraction.names import Name
from automateiq_ocr.extraction.tax_ids import find_tax_id
from automateiq_ocr.extraction.vendors import best_name


@dataclass(frozen=True, slots=True)
class Parties:
    """The issuer and the customer of a document; what was not found is None."""

    vendor: Field | None = None
    vendor_tax_id: Field | None = None
    vendor_address: Field | None = None
    iban: Field | None = None
    customer: Field | None = None


# Below this a block by its place alone is not called the customer's; elsewhere than on bills only a title makes one.
_SURE_ENOUGH = 0.4


def find_parties(layout: Layout, kind: DocumentType) -> Parties:
    """All that is said about issuer and customer; what stands in the customer's block is never the issuer's."""
    addresses = find_addresses(layout)
    customers = find_customers(layout, addresses)
    theirs = outline(customers)
    named = best_name(layout, addresses, theirs)
    customer = next((c for c in customers if named is None or c.name[0].text != named[0].text), None)
    own = _own_address(layout, addresses, theirs, named[0] if named else None)
    letter = kind not in (DocumentType.CONTRACT, DocumentType.GENERAL)
    return Parties(
        vendor=named[0].field(named[1]) if named else None,
        vendor_tax_id=find_tax_id(layout, theirs),
        vendor_address=own.field(0.45 + 0.5 * own.score) if own and letter else None,
        iban=find_iban(layout),
        customer=customer.field()
        if customer and customer.strength >= (_SURE_ENOUGH if letter else 0.8)
        else None,
    )


def _own_address(
    layout: Layout, addresses: Sequence[Address], theirs: Sequence[Cell], name: Name | None
) -> Address | None:
    """The issuer's address: on the lines below its name or on the same line; else the first that is no customer's."""
    open_to_us = [one for one in addresses if not inside(theirs, one.parts[0].row, one.parts[0].start)]
    if name is not None:
        # A till prints one address, its shop's; a letter's issuer may print its name in several places.
        for place in (name.cells[-1], *(() if layout.narrow else _same_name(layout, name))):
            if (near := _nearest(layout, open_to_us, place)) is not None:
                return near
        if not layout.narrow:
            return None
    return max(open_to_us[:3], key=lambda one: (one.score > 0.5, -one.parts[0].row.index), default=None)


def _nearest(layout: Layout, addresses: Sequence[Address], name: Cell) -> Address | None:
    """The address that begins on the name's line after it, or within the lines of the name's block below it."""
    for address in addresses:
        first = address.parts[0]
        if first.row.index == name.row.index and 0 <= first.start - name.end < 30:
            return address
    reach = 8 if layout.narrow else 6
    column = {name.row.index, *(cell.row.index for cell in beneath(layout, name, reach, whole=layout.narrow))}
    below = [
        one
        for one in addresses
        if one.parts[0].row.index in column
        and one.parts[0].row.index > name.row.index
        and (layout.narrow or abs(one.parts[0].span.left - name.span.left) < 3 * name.span.height)
    ]
    return below[0] if below else None


def _same_name(layout: Layout, name: Name) -> Iterator[Cell]:
    """The other places of the document where the name stands."""
    wanted = name.cells[-1].folded
    if len(wanted) < 5:
        return
    for row in layout.rows:
        at = row.folded.find(wanted)
        if at >= 0 and row.index != name.cells[-1].row.index:
            yield Cell(row, at, at + len(wanted))
