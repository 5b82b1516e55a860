"""Small forms that both syntaxes share: names, addresses, prices."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, localcontext


def joined(text: str) -> str:
    """A name in one line."""
    return " ".join(text.split())


def address(streets: Iterable[str], postcode: str, city: str) -> str:
    """A postal address in one line, its parts parted by commas; "" without any."""
    place = joined(f"{postcode} {city}")
    return ", ".join(part for part in (*map(joined, streets), place) if part)


def divided(price: Decimal | None, quantity: Decimal | None) -> Decimal | None:
    """The price of one where the price is given for several (BT-146 and BT-149), to 6 places at most."""
    if price is None or not quantity or quantity == 1:
        return price
    with localcontext() as context:
        context.prec = 40
        return round(price / quantity, 6).normalize()
