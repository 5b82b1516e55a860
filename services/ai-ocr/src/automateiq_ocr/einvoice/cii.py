"""UN/CEFACT Cross Industry Invoice: ZUGFeRD 1 and 2, Factur-X, and XRechnung in that syntax.

Names changed little from the drafts of ZUGFeRD to Factur-X; where they did, a step of a path names both.
"""

from __future__ import annotations

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

_ROOTS = ("CrossIndustryInvoice", "CrossIndustryDocument")
_DRAFT = "urn:un:unece:uncefact:data:standard:CBFBUY:5"

_HEADER = "HeaderExchangedDocument|ExchangedDocument"
_TRANSACTION = "SpecifiedSupplyChainTradeTransaction|SupplyChainTradeTransaction"
_AGREEMENT = "ApplicableSupplyChainTradeAgreement|ApplicableHeaderTradeAgreement"
_SETTLEMENT = "ApplicableSupplyChainTradeSettlement|ApplicableHeaderTradeSettlement"
_SUMS = "SpecifiedTradeSettlementMonetarySummation|SpecifiedTradeSettlementHeaderMonetarySummation"
_ID = "IssuerAssignedID|ID"
_RATE = "RateApplicablePercent|ApplicablePercent"

_LINE_AGREEMENT = "SpecifiedSupplyChainTradeAgreement|SpecifiedLineTradeAgreement"
_LINE_DELIVERY = "SpecifiedSupplyChainTradeDelivery|SpecifiedLineTradeDelivery"
_LINE_SETTLEMENT = "SpecifiedSupplyChainTradeSettlement|SpecifiedLineTradeSettlement"
_LINE_SUMS = "SpecifiedTradeSettlementMonetarySummation|SpecifiedTradeSettlementLineMonetarySummation"
# EXTENDED profile: lines that only group or explain others carry no money of their own.
_NO_LINES_OF_THEIR_OWN = frozenset({"GROUP", "INFORMATION"})


def is_cii(root: Node) -> bool:
    """Whether this is an invoice in CII; an order (Order-X) is none."""
    return root.name in _ROOTS or (root.name == "Invoice" and root.namespace == _DRAFT)


def read(root: Node) -> XmlInvoice:
    """What the invoice says; what is missing or makes no sense is left out."""
    empty = Node("", "", {})
    header = root.first(_HEADER) or empty
    transaction = root.first(_TRANSACTION) or empty
    settlement = transaction.first(_SETTLEMENT) or empty
    texts = {
        "invoice_number": header.value("ID"),
        "date": header.date("IssueDateTime"),
        **_agreed(transaction.first(_AGREEMENT) or empty),
        **_settled(settlement),
    }
    sums = _sums(settlement.first(_SUMS) or empty, texts["currency"])
    return XmlInvoice(
        type=document_type(header.value("TypeCode"), sums),
        texts={name: value for name, value in texts.items() if value},
        sums=sums,
        taxes=tuple(
            XmlTax(tax.number(_RATE), tax.number("BasisAmount"), tax.number("CalculatedAmount"))
            for tax in settlement.all("ApplicableTradeTax")
        ),
        lines=tuple(_lines(transaction)),
    )


def _agreed(agreement: Node) -> dict[str, str]:
    seller = agreement.first("SellerTradeParty") or Node("", "", {})
    registered = {
        number.attributes.get("schemeID", ""): number.text
        for number in seller.all("SpecifiedTaxRegistration/ID")
        if number.text
    }
    return {
        "vendor": joined(seller.value("Name")),
        "vendor_tax_id": registered.get("VA") or next(iter(registered.values()), ""),
        "vendor_address": _address(seller.first("PostalTradeAddress")),
        "customer": joined(agreement.value("BuyerTradeParty/Name")),
        "order_number": agreement.value(f"BuyerOrderReferencedDocument/{_ID}"),
        "contract_number": agreement.value(f"ContractReferencedDocument/{_ID}"),
    }


def _address(place: Node | None) -> str:
    if place is None:
        return ""
    streets = [place.value(name) for name in ("LineOne", "LineTwo", "LineThree")]
    return address(streets, place.value("PostcodeCode"), place.value("CityName"))


def _settled(settlement: Node) -> dict[str, str]:
    means = settlement.value("SpecifiedTradeSettlementPaymentMeans/TypeCode")
    account = "SpecifiedTradeSettlementPaymentMeans/PayeePartyCreditorFinancialAccount/IBANID"
    period = "BillingSpecifiedPeriod"
    return {
        "currency": settlement.value("InvoiceCurrencyCode").upper(),
        "due_date": settlement.date("SpecifiedTradePaymentTerms/DueDateDateTime"),
        "period_start": settlement.date(f"{period}/StartDateTime"),
        "period_end": settlement.date(f"{period}/EndDateTime"),
        "iban": settlement.value(account).replace(" ", ""),
        "payment_method": PAYMENT_METHODS.get(means, "other") if means else "",
    }


def _sums(sums: Node, currency: str) -> XmlSums:
    # A second tax total may be there in the currency of the tax office (BT-111).
    tax = Node("", "", {})
    tax.children = [
        node for node in sums.all("TaxTotalAmount") if node.attributes.get("currencyID", currency) == currency
    ]
    return XmlSums(
        lines=sums.number("LineTotalAmount"),
        allowances=sums.number("AllowanceTotalAmount"),
        charges=sums.number("ChargeTotalAmount"),
        net=sums.number("TaxBasisTotalAmount"),
        tax=tax.number("TaxTotalAmount"),
        gross=sums.number("GrandTotalAmount"),
        prepaid=sums.number("TotalPrepaidAmount"),
        rounding=sums.number("RoundingAmount"),
        due=sums.number("DuePayableAmount"),
    )


def _lines(transaction: Node) -> Iterator[XmlLine]:
    for item in transaction.all("IncludedSupplyChainTradeLineItem"):
        reason = item.value("AssociatedDocumentLineDocument/LineStatusReasonCode")
        product = item.first("SpecifiedTradeProduct") or Node("", "", {})
        # The smallest profiles have no name, only a note on the line.
        description = (
            product.value("Name")
            or product.value("Description")
            or item.value("AssociatedDocumentLineDocument/IncludedNote/Content")
        )
        amount = item.number(f"{_LINE_SETTLEMENT}/{_LINE_SUMS}/LineTotalAmount")
        if amount is None or reason in _NO_LINES_OF_THEIR_OWN:
            continue
        price = f"{_LINE_AGREEMENT}/NetPriceProductTradePrice"
        yield XmlLine(
            description=joined(description),
            quantity=item.number(f"{_LINE_DELIVERY}/BilledQuantity"),
            unit_price=divided(item.number(f"{price}/ChargeAmount"), item.number(f"{price}/BasisQuantity")),
            amount=amount,
            tax_rate=item.number(f"{_LINE_SETTLEMENT}/ApplicableTradeTax/{_RATE}"),
        )
