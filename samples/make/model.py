"""What a sample says: its lines, taxes and totals, and how that reads in expected.json."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

CENT = Decimal("0.01")


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def plain(value: Decimal) -> str:
    """A quantity without needless zeros: 12, 7.5."""
    return format(value.normalize(), "f")


@dataclass(frozen=True)
class Item:
    description: str
    quantity: Decimal
    unit_price: Decimal
    rate: Decimal = Decimal(0)
    """Tax in per cent."""
    code: str = ""
    unit: str = ""
    bare: bool = False
    """Only description and amount are printed, as tills do for a single piece."""

    @property
    def amount(self) -> Decimal:
        return cents(self.quantity * self.unit_price)

    def fields(self) -> dict[str, str]:
        if self.bare:
            return {"description": self.description, "amount": str(self.amount)}
        return {
            "description": self.description,
            "quantity": plain(self.quantity),
            "unitPrice": str(cents(self.unit_price)),
            "amount": str(self.amount),
        }


def items(*rows: tuple[str, str, str] | tuple[str, str, str, str], rate: str = "0") -> tuple[Item, ...]:
    """Items from (description, quantity, unit price[, code]) at one tax rate."""
    return tuple(
        Item(row[0], Decimal(row[1]), Decimal(row[2]), Decimal(rate), row[3] if len(row) == 4 else "")
        for row in rows
    )


@dataclass(frozen=True)
class Bill:
    """An invoice or receipt. `gross`: the amounts of the items already include the tax."""

    vendor: str
    number: str
    issued: date
    currency: str
    items: tuple[Item, ...]
    due: date | None = None
    gross: bool = False

    def taxes(self) -> dict[Decimal, tuple[Decimal, Decimal]]:
        """Tax rate in per cent → (net base, tax), lowest rate first."""
        found: dict[Decimal, tuple[Decimal, Decimal]] = {}
        for rate in sorted({item.rate for item in self.items}):
            amount = sum((item.amount for item in self.items if item.rate == rate), Decimal(0))
            if self.gross:
                net = cents(amount * 100 / (100 + rate))
                found[rate] = (net, amount - net)
            else:
                found[rate] = (amount, cents(amount * rate / 100))
        return found

    @property
    def subtotal(self) -> Decimal:
        return sum((base for base, _ in self.taxes().values()), Decimal(0))

    @property
    def tax(self) -> Decimal:
        return sum((tax for _, tax in self.taxes().values()), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.tax

    def fields(self) -> dict[str, Any]:
        """What expected.json holds; a due date only where one is printed."""
        lines = sum((item.amount for item in self.items), Decimal(0))
        assert lines == (self.total if self.gross else self.subtotal), self.number
        assert self.total == self.subtotal + self.tax == cents(self.total) > 0, self.number
        assert self.due is None or self.due >= self.issued, self.number
        found: dict[str, Any] = {
            "vendor": self.vendor,
            "invoiceNumber": self.number,
            "date": self.issued.isoformat(),
        }
        if self.due is not None:
            found["dueDate"] = self.due.isoformat()
        return found | {
            "currency": self.currency,
            "subtotal": str(cents(self.subtotal)),
            "tax": str(cents(self.tax)),
            "total": str(cents(self.total)),
            "lineItems": [item.fields() for item in self.items],
        }


Kind = Literal["invoice", "receipt", "contract", "general"]
How = Literal["digital", "scan", "photo"]


@dataclass(frozen=True)
class Sample:
    file: str
    kind: Kind
    how: How
    fields: dict[str, Any]
    draw: Callable[[], bytes]

    def expected(self) -> dict[str, Any]:
        return {"file": self.file, "kind": self.kind, "how": self.how, "fields": self.fields}


def iban(country: str, bban: str) -> str:
    """The IBAN of an invented account, with its check digits (ISO 13616), in groups of four."""
    digits = "".join(str(int(sign, 36)) for sign in f"{bban}{country}00")
    whole = f"{country}{98 - int(digits) % 97:02d}{bban}"
    return " ".join(whole[start : start + 4] for start in range(0, len(whole), 4))


def iban_is_valid(text: str) -> bool:
    compact = text.replace(" ", "")
    return int("".join(str(int(sign, 36)) for sign in compact[4:] + compact[:4])) % 97 == 1
