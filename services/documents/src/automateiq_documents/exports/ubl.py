"""An invoice or a credit note as UBL 2.1 (OASIS, ISO/IEC 19845), with what is known of it and nothing else.

The amounts agree as EN 16931 wants it (BR-CO-10, 13, 14, 15 and 16): lines sum up to the net, net and charges and tax
are the total, total less what was paid and plus rounding is what is due. A document whose amounts contradict each other
is not written. No conformance to a profile (Peppol, XRechnung) is claimed: those want more than a page tells.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from xml.etree import ElementTree as ET

from automateiq_documents.documents.models import Document
from automateiq_documents.exports.models import data_of, value
from automateiq_documents.exports.tables import clean, is_number

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
CAC, CBC = f"{_UBL}CommonAggregateComponents-2", f"{_UBL}CommonBasicComponents-2"
_CENT = Decimal("0.01")
_ZERO = Decimal("0.00")
_KINDS = ("invoice", "credit_note")
_NEEDED = ("invoiceNumber", "date", "currency", "vendor", "total")
_DATES = frozenset({"date", "dueDate", "periodStart", "periodEnd"})
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_VAT_ID = re.compile(r"[A-Z]{2}")
# UNTDID 4461.
_PAYMENT = {"cash": "10", "transfer": "30", "card": "48", "direct_debit": "49", "paypal": "68", "other": "1"}

ET.register_namespace("cac", CAC)
ET.register_namespace("cbc", CBC)


class NotPossibleError(ValueError):
    """A document can not be written as UBL; says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its net amount and what else is known. `quantity` and `price` stand only where they make the amount."""

    name: str
    amount: Decimal
    quantity: str = ""
    price: str = ""
    rate: str = ""


@dataclass(frozen=True, slots=True)
class Amounts:
    """The amounts of a document; all agree with each other."""

    lines: Sequence[Line]
    net: Decimal
    tip: Decimal
    tax: Decimal | None
    subtotals: Sequence[tuple[str, Decimal, Decimal]]
    gross: Decimal
    rounding: Decimal
    prepaid: Decimal
    payable: Decimal


def ubl(document: Document) -> bytes:
    """The XML of an invoice or a credit note.

    Raises:
        NotPossibleError: it is neither, something that UBL needs is not known, or its amounts contradict each other.
    """
    data = data_of(document)
    kind = str(data.get("documentType", ""))
    if kind not in _KINDS:
        raise NotPossibleError("it is no invoice and no credit note")
    missing = [name for name in _NEEDED if not _known(data, name)]
    if missing:
        raise NotPossibleError(f"not known: {', '.join(missing)}")
    amounts = amounts_of(
        data, sign=-1 if kind == "credit_note" and value(data, "total").startswith("-") else 1
    )
    writer = _Writer(data, amounts, document.organization_id, credit=kind == "credit_note")
    return bytes(ET.tostring(writer.written(), encoding="utf-8", xml_declaration=True))


def amounts_of(data: Mapping[str, Any], *, sign: int = 1) -> Amounts:
    """The amounts of a document, checked against each other. `sign` turns those of a credit note round.

    Raises:
        NotPossibleError: they contradict each other.
    """

    def amount(name: str) -> Decimal | None:
        found = _decimal(value(data, name))
        return None if found is None else sign * found

    total = amount("total")
    if total is None:
        raise NotPossibleError("its total is no amount")
    tip, rounding = amount("tip") or _ZERO, amount("rounding") or _ZERO
    tax, subtotal, gross = amount("tax"), amount("subtotal"), total - rounding
    if subtotal is None:
        subtotal = gross - tip - (tax or _ZERO)
    elif tax is None and subtotal + tip != gross:
        tax = gross - tip - subtotal
    if subtotal + tip + (tax or _ZERO) != gross:
        raise NotPossibleError("its net, tax and total contradict each other")
    due = amount("amountDue")
    payable = total if due is None or not _ZERO <= due <= total else due
    return Amounts(
        lines=_lines(data, subtotal, sign),
        net=subtotal,
        tip=tip,
        tax=tax,
        subtotals=_subtotals(data, subtotal + tip, tax, sign),
        gross=gross,
        rounding=rounding,
        prepaid=total - payable,
        payable=payable,
    )


def _known(data: Mapping[str, Any], name: str) -> str:
    """A value as it may be written; empty where it is not known, or not in the form that UBL has for it."""
    text = " ".join(clean(value(data, name)).split())
    form = _DATE if name in _DATES else _CURRENCY if name == "currency" else None
    return text if form is None or form.fullmatch(text) else ""


def _lines(data: Mapping[str, Any], net: Decimal, sign: int) -> Sequence[Line]:
    """The lines where they sum up to the net; else one line of the whole net."""
    found = [_line(line, sign) for line in data.get("lineItems", ())]
    known = [line for line in found if line is not None]
    if known and len(known) == len(found) and sum((line.amount for line in known), _ZERO) == net:
        return known
    return [Line("Sum of the document", net)]


def _line(line: Mapping[str, Any], sign: int) -> Line | None:
    amount = _decimal(value(line, "amount"))
    if amount is None:
        return None
    amount *= sign
    quantity, price = value(line, "quantity"), value(line, "unitPrice")
    agree = is_number(quantity) and is_number(price) and not price.startswith("-")
    agree = agree and _cents(Decimal(quantity) * Decimal(price)) * sign == amount
    rate = value(line, "taxRate")
    return Line(
        name=clean(value(line, "description")).strip() or "Line",
        amount=amount,
        quantity=str(Decimal(quantity) * sign) if agree else "",
        price=price if agree else "",
        rate=rate if is_number(rate) else "",
    )


def _subtotals(
    data: Mapping[str, Any], taxed: Decimal, tax: Decimal | None, sign: int
) -> Sequence[tuple[str, Decimal, Decimal]]:
    """Rate, base and tax of each rate, where they sum up to the tax; else none."""
    found: list[tuple[str, Decimal, Decimal]] = []
    for line in data.get("taxes", ()):
        rate, base, amount = (value(line, part) for part in ("rate", "base", "amount"))
        if not (is_number(rate) and is_number(base) and is_number(amount)):
            return []
        found.append((rate, sign * _cents(Decimal(base)), sign * _cents(Decimal(amount))))
    sums = (sum((one[place] for one in found), _ZERO) for place in (1, 2))
    return found if found and tuple(sums) == (taxed, tax) else []


def _decimal(text: str) -> Decimal | None:
    return _cents(Decimal(text)) if is_number(text) else None


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


class _Writer:
    """Writes the elements in the order of the schema."""

    def __init__(
        self, data: Mapping[str, Any], amounts: Amounts, organization_id: str, *, credit: bool
    ) -> None:
        self._data, self._amounts, self._organization, self._credit = data, amounts, organization_id, credit
        self._currency = value(data, "currency")
        self._scheme = (
            "VAT" if value(data, "vendorTaxId")[:2].isalpha() and value(data, "vendorTaxId") else "OTH"
        )

    def written(self) -> ET.Element:
        """The whole document."""
        name = "CreditNote" if self._credit else "Invoice"
        root = ET.Element(f"{{{_UBL}{name}-2}}{name}")
        self._text(root, "UBLVersionID", "2.1")
        self._text(root, "ID", _known(self._data, "invoiceNumber"))
        self._text(root, "IssueDate", _known(self._data, "date"))
        if self._credit:
            self._text(root, "CreditNoteTypeCode", "381")
        else:
            self._text(root, "DueDate", _known(self._data, "dueDate"))
            self._text(root, "InvoiceTypeCode", "380")
        self._text(root, "DocumentCurrencyCode", self._currency)
        self._period(root)
        if order := _known(self._data, "orderNumber"):
            self._text(_group(root, "OrderReference"), "ID", order)
        if contract := _known(self._data, "contractNumber"):
            self._text(_group(root, "ContractDocumentReference"), "ID", contract)
        self._supplier(root)
        self._customer(root)
        self._payment(root)
        self._tip(root)
        self._taxes(root)
        self._totals(root)
        for number, line in enumerate(self._amounts.lines, 1):
            self._line(root, number, line)
        return root

    def _period(self, root: ET.Element) -> None:
        start, end = _known(self._data, "periodStart"), _known(self._data, "periodEnd")
        if start or end:
            period = _group(root, "InvoicePeriod")
            self._text(period, "StartDate", start)
            self._text(period, "EndDate", end)

    def _supplier(self, root: ET.Element) -> None:
        party = _group(_group(root, "AccountingSupplierParty"), "Party")
        self._text(_group(party, "PartyName"), "Name", _known(self._data, "vendor"))
        if address := _known(self._data, "vendorAddress"):
            self._text(
                _group(_group(party, "PostalAddress"), "AddressLine"), "Line", " ".join(address.split())
            )
        if tax_id := _known(self._data, "vendorTaxId"):
            tax = _group(party, "PartyTaxScheme")
            self._text(tax, "CompanyID", tax_id)
            self._text(_group(tax, "TaxScheme"), "ID", self._scheme)

    def _customer(self, root: ET.Element) -> None:
        party = _group(_group(root, "AccountingCustomerParty"), "Party")
        # Whoever it names: it is the organization that has the document.
        identified = _group(party, "PartyIdentification")
        self._text(identified, "ID", self._organization).set("schemeID", "automateiq")
        if name := _known(self._data, "customer"):
            self._text(_group(party, "PartyName"), "Name", name)

    def _payment(self, root: ET.Element) -> None:
        iban, method = _known(self._data, "iban"), _known(self._data, "paymentMethod")
        due = _known(self._data, "dueDate") if self._credit else ""
        if not (iban or method):
            return
        means = _group(root, "PaymentMeans")
        self._text(means, "PaymentMeansCode", _PAYMENT.get(method, "30" if iban else "1"))
        self._text(means, "PaymentDueDate", due)
        if iban:
            self._text(_group(means, "PayeeFinancialAccount"), "ID", iban)

    def _tip(self, root: ET.Element) -> None:
        if self._amounts.tip:
            charge = _group(root, "AllowanceCharge")
            self._text(charge, "ChargeIndicator", "true")
            self._text(charge, "AllowanceChargeReason", "Tip")
            self._money(charge, "Amount", self._amounts.tip)

    def _taxes(self, root: ET.Element) -> None:
        if self._amounts.tax is None:
            return
        total = _group(root, "TaxTotal")
        self._money(total, "TaxAmount", self._amounts.tax)
        for rate, base, tax in self._amounts.subtotals:
            part = _group(total, "TaxSubtotal")
            self._money(part, "TaxableAmount", base)
            self._money(part, "TaxAmount", tax)
            self._category(_group(part, "TaxCategory"), rate)

    def _totals(self, root: ET.Element) -> None:
        amounts, total = self._amounts, _group(root, "LegalMonetaryTotal")
        self._money(total, "LineExtensionAmount", amounts.net)
        self._money(total, "TaxExclusiveAmount", amounts.net + amounts.tip)
        self._money(total, "TaxInclusiveAmount", amounts.gross)
        for name, amount in (
            ("ChargeTotalAmount", amounts.tip),
            ("PrepaidAmount", amounts.prepaid),
            ("PayableRoundingAmount", amounts.rounding),
        ):
            if amount:
                self._money(total, name, amount)
        self._money(total, "PayableAmount", amounts.payable)

    def _line(self, root: ET.Element, number: int, line: Line) -> None:
        item = _group(root, "CreditNoteLine" if self._credit else "InvoiceLine")
        self._text(item, "ID", str(number))
        if line.quantity:
            name = "CreditedQuantity" if self._credit else "InvoicedQuantity"
            # C62 is "one" (UN/ECE Recommendation 20): a page seldom tells a unit that can be trusted.
            self._text(item, name, line.quantity).set("unitCode", "C62")
        self._money(item, "LineExtensionAmount", line.amount)
        goods = _group(item, "Item")
        self._text(goods, "Name", line.name)
        if line.rate:
            self._category(_group(goods, "ClassifiedTaxCategory"), line.rate)
        if line.price:
            self._text(_group(item, "Price"), "PriceAmount", line.price).set("currencyID", self._currency)

    def _category(self, category: ET.Element, rate: str) -> None:
        # UNCL 5305: S at a rate, Z at the rate zero.
        self._text(category, "ID", "S" if Decimal(rate) else "Z")
        self._text(category, "Percent", rate)
        self._text(_group(category, "TaxScheme"), "ID", self._scheme)

    def _money(self, parent: ET.Element, name: str, amount: Decimal) -> None:
        self._text(parent, name, f"{amount:.2f}").set("currencyID", self._currency)

    def _text(self, parent: ET.Element, name: str, text: str) -> ET.Element:
        """Adds an element; one without content is left out, for UBL has no empty elements (IND5)."""
        element = ET.Element(f"{{{CBC}}}{name}")
        element.text = clean(text).strip()
        if element.text:
            parent.append(element)
        return element


def _group(parent: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(parent, f"{{{CAC}}}{name}")
