"""OASIS UBL 2.1 Invoice and CreditNote: XRechnung and Peppol BIS Billing 3 in that syntax."""

from __future__ import annotations

import re
from collections.abc import Iterator

from automateiq_ocr.einvoice.forms import address, divided, joined
from automateiq_ocr.einvoice.models import (
    PAYMENT_METHODS,
    XmlInvoice,
    XmlLine,
    XmlSums,
    XmlTax,
    document_type,
)
from automateiq_ocr.einvoice.trees import Node
from automateiq_ocr.extraction.models import DocumentType

_NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:"
_ROOTS = frozenset({"Invoice", "CreditNote"})
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")


def is_ubl(root: Node) -> bool:
    """Whether this is a UBL invoice or credit note."""
    return root.name in _ROOTS and root.namespace == f"{_NAMESPACE}{root.name}-2"


def read(root: Node) -> XmlInvoice:
    """What the invoice says; what is missing or makes no sense is left out."""
    texts = {
        "invoice_number": root.value("ID"),
        "date": root.date("IssueDate"),
        "due_date": root.date("DueDate") or root.date("PaymentMeans/PaymentDueDate"),
        "period_start": root.date("InvoicePeriod/StartDate"),
        "period_end": root.date("InvoicePeriod/EndDate"),
        "currency": root.value("DocumentCurrencyCode").upper(),
        "order_number": root.value("OrderReference/ID"),
        "contract_number": root.value("ContractDocumentReference/ID"),
        **_parties(root),
        **_payment(root),
    }
    tax = _tax_total(root, texts["currency"])
    sums = _sums(root.first("LegalMonetaryTotal") or Node("", "", {}), tax)
    kind = document_type(root.value("InvoiceTypeCode|CreditNoteTypeCode"), sums)
    return XmlInvoice(
        type=DocumentType.CREDIT_NOTE if root.name == "CreditNote" else kind,
        texts={name: value for name, value in texts.items() if value},
        sums=sums,
        taxes=tuple(
            XmlTax(part.number("TaxCategory/Percent"), part.number("TaxableAmount"), part.number("TaxAmount"))
            for part in tax.all("TaxSubtotal")
        ),
        lines=tuple(_lines(root)),
    )


def _parties(root: Node) -> dict[str, str]:
    seller = root.first("AccountingSupplierParty/Party") or Node("", "", {})
    buyer = root.first("AccountingCustomerParty/Party") or Node("", "", {})
    numbers = {
        scheme.value("TaxScheme/ID").upper(): scheme.value("CompanyID")
        for scheme in seller.all("PartyTaxScheme")
        if scheme.value("CompanyID")
    }
    return {
        "vendor": _name(seller),
        "vendor_tax_id": numbers.get("VAT") or next(iter(numbers.values()), ""),
        "vendor_address": _address(seller.first("PostalAddress")),
        "customer": _name(buyer),
    }


def _name(party: Node) -> str:
    return joined(party.value("PartyLegalEntity/RegistrationName") or party.value("PartyName/Name"))


def _address(place: Node | None) -> str:
    if place is None:
        return ""
    streets = (
        place.value("StreetName"),
        place.value("AdditionalStreetName"),
        place.value("AddressLine/Line"),
    )
    return address(streets, place.value("PostalZone"), place.value("CityName"))


def _payment(root: Node) -> dict[str, str]:
    means = root.value("PaymentMeans/PaymentMeansCode")
    account = root.value("PaymentMeans/PayeeFinancialAccount/ID").replace(" ", "").upper()
    return {
        "iban": account if _IBAN.fullmatch(account) else "",
        "payment_method": PAYMENT_METHODS.get(means, "other") if means else "",
    }


def _tax_total(root: Node, currency: str) -> Node:
    """The total in the invoice's currency; another may be there in that of the tax office (BT-111)."""
    for total in root.all("TaxTotal"):
        amount = total.first("TaxAmount")
        if amount is not None and amount.attributes.get("currencyID", currency).upper() == currency:
            return total
    return Node("", "", {})


def _sums(sums: Node, tax: Node) -> XmlSums:
    return XmlSums(
        lines=sums.number("LineExtensionAmount"),
        allowances=sums.number("AllowanceTotalAmount"),
        charges=sums.number("ChargeTotalAmount"),
        net=sums.number("TaxExclusiveAmount"),
        tax=tax.number("TaxAmount"),
        gross=sums.number("TaxInclusiveAmount"),
        prepaid=sums.number("PrepaidAmount"),
        rounding=sums.number("PayableRoundingAmount"),
        due=sums.number("PayableAmount"),
    )


def _lines(root: Node) -> Iterator[XmlLine]:
    for line in root.all("InvoiceLine|CreditNoteLine"):
        amount = line.number("LineExtensionAmount")
        if amount is None:
            continue
        yield XmlLine(
            description=joined(line.value("Item/Name") or line.value("Item/Description")),
            quantity=line.number("InvoicedQuantity|CreditedQuantity"),
            unit_price=divided(line.number("Price/PriceAmount"), line.number("Price/BaseQuantity")),
            amount=amount,
            tax_rate=line.number("Item/ClassifiedTaxCategory/Percent"),
        )
