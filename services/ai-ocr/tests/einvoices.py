"""Electronic invoices for the tests, in every syntax that is read, and PDFs that carry them."""

from __future__ import annotations

from io import BytesIO

import pypdfium2

_CII_1 = (
    'xmlns:rsm="urn:ferd:CrossIndustryDocument:invoice:1p0" '
    'xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:12" '
    'xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:15"'
)
_CII = (
    'xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100" '
    'xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100" '
    'xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"'
)
_UBL = (
    'xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" '
    'xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"'
)

# The page that says the same as all of the invoices below.
PAGE = (
    "Gärtnerei Waldhof GmbH",
    "Am Hang 7",
    "79100 Freiburg",
    "USt-IdNr. DE136695976",
    "",
    "Hotel Sonnenblick KG",
    "",
    "Rechnung Nr. RE-2024/118        Datum: 03.04.2024",
    "Bestellung PO-77    Vertrag V-5    Zeitraum 01.03.2024 - 31.03.2024",
    "",
    "Pos  Bezeichnung            Menge   Preis     MwSt    Betrag",
    "1    Topfrose rot           20      4,50      7 %     90,00",
    "2    Pflanzkübel aus        2       1.250,00  19 %    2.500,00",
    "     Terrakotta",
    "",
    "                            Netto                     2.590,00",
    "                            7 % MwSt von 90,00           6,30",
    "                            19 % MwSt von 2.500,00     475,00",
    "                            MwSt gesamt                481,30",
    "                            Gesamtbetrag EUR         3.071,30",
    "                            Anzahlung                  500,00",
    "                            Zahlbetrag               2.571,30",
    "Zahlbar bis 17.04.2024 auf IBAN DE88 2008 0000 0970 3757 00",
)


def cii(*, total: str = "3071.30", number: str = "RE-2024/118", version: int = 2) -> bytes:
    """The invoice in UN/CEFACT CII: as Factur-X and ZUGFeRD 2 have it, or as ZUGFeRD 1."""
    first = version == 1
    root = "CrossIndustryDocument" if first else "CrossIndustryInvoice"
    header = "HeaderExchangedDocument" if first else "ExchangedDocument"
    trade = "SpecifiedSupplyChainTradeTransaction" if first else "SupplyChainTradeTransaction"
    parts = {
        name: f"ApplicableSupplyChainTrade{name}" if first else f"ApplicableHeaderTrade{name}"
        for name in ("Agreement", "Settlement")
    }
    sums = "SpecifiedTradeSettlement" + ("" if first else "Header") + "MonetarySummation"
    rate = "ApplicablePercent" if first else "RateApplicablePercent"
    reference = "ID" if first else "IssuerAssignedID"
    lines = _cii_line("Topfrose rot", "20", "4.50", "7", "90.00", first) + _cii_line(
        "Pflanzkübel aus Terrakotta", "2", "1250.00", "19", "2500.00", first
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:{root} {_CII_1 if first else _CII}>
 <rsm:{header}><ram:ID>{number}</ram:ID><ram:TypeCode>380</ram:TypeCode>
  <ram:IssueDateTime><udt:DateTimeString format="102">20240403</udt:DateTimeString></ram:IssueDateTime>
 </rsm:{header}>
 <rsm:{trade}>{"" if first else lines}
  <ram:{parts["Agreement"]}>
   <ram:SellerTradeParty><ram:Name>Gärtnerei Waldhof GmbH</ram:Name>
    <ram:PostalTradeAddress><ram:PostcodeCode>79100</ram:PostcodeCode><ram:LineOne>Am Hang 7</ram:LineOne>
     <ram:CityName>Freiburg</ram:CityName><ram:CountryID>DE</ram:CountryID></ram:PostalTradeAddress>
    <ram:SpecifiedTaxRegistration><ram:ID schemeID="FC">06/123/45678</ram:ID></ram:SpecifiedTaxRegistration>
    <ram:SpecifiedTaxRegistration><ram:ID schemeID="VA">DE136695976</ram:ID></ram:SpecifiedTaxRegistration>
   </ram:SellerTradeParty>
   <ram:BuyerTradeParty><ram:Name>Hotel Sonnenblick KG</ram:Name></ram:BuyerTradeParty>
   <ram:BuyerOrderReferencedDocument><ram:{reference}>PO-77</ram:{reference}></ram:BuyerOrderReferencedDocument>
   <ram:ContractReferencedDocument><ram:{reference}>V-5</ram:{reference}></ram:ContractReferencedDocument>
  </ram:{parts["Agreement"]}>
  <ram:{parts["Settlement"]}>
   <ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
   <ram:SpecifiedTradeSettlementPaymentMeans><ram:TypeCode>58</ram:TypeCode>
    <ram:PayeePartyCreditorFinancialAccount><ram:IBANID>DE88200800000970375700</ram:IBANID>
    </ram:PayeePartyCreditorFinancialAccount></ram:SpecifiedTradeSettlementPaymentMeans>
   {_cii_tax("7", "90.00", "6.30", rate)}{_cii_tax("19", "2500.00", "475.00", rate)}
   <ram:BillingSpecifiedPeriod>
    <ram:StartDateTime><udt:DateTimeString format="102">20240301</udt:DateTimeString></ram:StartDateTime>
    <ram:EndDateTime><udt:DateTimeString format="102">20240331</udt:DateTimeString></ram:EndDateTime>
   </ram:BillingSpecifiedPeriod>
   <ram:SpecifiedTradePaymentTerms><ram:DueDateDateTime>
    <udt:DateTimeString format="102">20240417</udt:DateTimeString></ram:DueDateDateTime>
   </ram:SpecifiedTradePaymentTerms>
   <ram:{sums}>
    <ram:LineTotalAmount>2590.00</ram:LineTotalAmount>
    <ram:TaxBasisTotalAmount>2590.00</ram:TaxBasisTotalAmount>
    <ram:TaxTotalAmount currencyID="CHF">470.00</ram:TaxTotalAmount>
    <ram:TaxTotalAmount currencyID="EUR">481.30</ram:TaxTotalAmount>
    <ram:GrandTotalAmount>{total}</ram:GrandTotalAmount>
    <ram:TotalPrepaidAmount>500.00</ram:TotalPrepaidAmount>
    <ram:DuePayableAmount>2571.30</ram:DuePayableAmount>
   </ram:{sums}>
  </ram:{parts["Settlement"]}>{lines if first else ""}
 </rsm:{trade}>
</rsm:{root}>""".encode()


def _cii_tax(percent: str, base: str, amount: str, rate: str) -> str:
    return (
        f"<ram:ApplicableTradeTax><ram:CalculatedAmount>{amount}</ram:CalculatedAmount>"
        f"<ram:TypeCode>VAT</ram:TypeCode><ram:BasisAmount>{base}</ram:BasisAmount>"
        f"<ram:{rate}>{percent}.00</ram:{rate}></ram:ApplicableTradeTax>"
    )


def _cii_line(name: str, quantity: str, price: str, percent: str, amount: str, first: bool) -> str:
    kind = "SpecifiedSupplyChainTrade" if first else "SpecifiedLineTrade"
    sums = "SpecifiedTradeSettlement" + ("" if first else "Line") + "MonetarySummation"
    rate = "ApplicablePercent" if first else "RateApplicablePercent"
    return f"""<ram:IncludedSupplyChainTradeLineItem>
   <ram:SpecifiedTradeProduct><ram:Name>{name}</ram:Name></ram:SpecifiedTradeProduct>
   <ram:{kind}Agreement><ram:NetPriceProductTradePrice><ram:ChargeAmount>{price}00</ram:ChargeAmount>
   </ram:NetPriceProductTradePrice></ram:{kind}Agreement>
   <ram:{kind}Delivery><ram:BilledQuantity unitCode="C62">{quantity}.0000</ram:BilledQuantity></ram:{kind}Delivery>
   <ram:{kind}Settlement><ram:ApplicableTradeTax><ram:{rate}>{percent}.00</ram:{rate}></ram:ApplicableTradeTax>
   <ram:{sums}><ram:LineTotalAmount>{amount}</ram:LineTotalAmount></ram:{sums}></ram:{kind}Settlement>
  </ram:IncludedSupplyChainTradeLineItem>"""


def ubl(*, credit: bool = False) -> bytes:
    """The invoice in UBL 2.1, or the same as a credit note."""
    root = "CreditNote" if credit else "Invoice"
    quantity = "CreditedQuantity" if credit else "InvoicedQuantity"
    code = (
        "CreditNoteTypeCode>381</cbc:CreditNoteTypeCode"
        if credit
        else "InvoiceTypeCode>380</cbc:InvoiceTypeCode"
    )
    due = "" if credit else "<cbc:DueDate>2024-04-17</cbc:DueDate>"
    due_with_means = "<cbc:PaymentDueDate>2024-04-17</cbc:PaymentDueDate>" if credit else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<{root} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{root}-2" {_UBL}>
 <cbc:ID>RE-2024/118</cbc:ID><cbc:IssueDate>2024-04-03</cbc:IssueDate>{due}<cbc:{code}>
 <cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
 <cac:InvoicePeriod><cbc:StartDate>2024-03-01</cbc:StartDate><cbc:EndDate>2024-03-31</cbc:EndDate></cac:InvoicePeriod>
 <cac:OrderReference><cbc:ID>PO-77</cbc:ID></cac:OrderReference>
 <cac:ContractDocumentReference><cbc:ID>V-5</cbc:ID></cac:ContractDocumentReference>
 <cac:AccountingSupplierParty><cac:Party>
  <cac:PartyName><cbc:Name>Waldhof</cbc:Name></cac:PartyName>
  <cac:PostalAddress><cbc:StreetName>Am Hang 7</cbc:StreetName><cbc:CityName>Freiburg</cbc:CityName>
   <cbc:PostalZone>79100</cbc:PostalZone></cac:PostalAddress>
  <cac:PartyTaxScheme><cbc:CompanyID>06/123/45678</cbc:CompanyID><cac:TaxScheme><cbc:ID>FC</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
  <cac:PartyTaxScheme><cbc:CompanyID>DE136695976</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>
  <cac:PartyLegalEntity><cbc:RegistrationName>Gärtnerei Waldhof GmbH</cbc:RegistrationName></cac:PartyLegalEntity>
 </cac:Party></cac:AccountingSupplierParty>
 <cac:AccountingCustomerParty><cac:Party><cac:PartyLegalEntity>
  <cbc:RegistrationName>Hotel Sonnenblick KG</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party>
 </cac:AccountingCustomerParty>
 <cac:PaymentMeans><cbc:PaymentMeansCode>58</cbc:PaymentMeansCode>{due_with_means}
  <cac:PayeeFinancialAccount><cbc:ID>DE88 2008 0000 0970 3757 00</cbc:ID></cac:PayeeFinancialAccount></cac:PaymentMeans>
 <cac:TaxTotal><cbc:TaxAmount currencyID="CHF">470.00</cbc:TaxAmount></cac:TaxTotal>
 <cac:TaxTotal><cbc:TaxAmount currencyID="EUR">481.30</cbc:TaxAmount>
  {_ubl_tax("7", "90.00", "6.30")}{_ubl_tax("19", "2500.00", "475.00")}</cac:TaxTotal>
 <cac:LegalMonetaryTotal>
  <cbc:LineExtensionAmount currencyID="EUR">2590.00</cbc:LineExtensionAmount>
  <cbc:TaxExclusiveAmount currencyID="EUR">2590.00</cbc:TaxExclusiveAmount>
  <cbc:TaxInclusiveAmount currencyID="EUR">3071.30</cbc:TaxInclusiveAmount>
  <cbc:PrepaidAmount currencyID="EUR">500.00</cbc:PrepaidAmount>
  <cbc:PayableAmount currencyID="EUR">2571.30</cbc:PayableAmount></cac:LegalMonetaryTotal>
 {_ubl_line(root, quantity, "Topfrose rot", "20", "4.50", "7", "90.00")}
 {_ubl_line(root, quantity, "Pflanzkübel aus Terrakotta", "2", "1250.00", "19", "2500.00")}
</{root}>""".encode()


def _ubl_tax(percent: str, base: str, amount: str) -> str:
    return (
        f'<cac:TaxSubtotal><cbc:TaxableAmount currencyID="EUR">{base}</cbc:TaxableAmount>'
        f'<cbc:TaxAmount currencyID="EUR">{amount}</cbc:TaxAmount>'
        f"<cac:TaxCategory><cbc:Percent>{percent}</cbc:Percent></cac:TaxCategory></cac:TaxSubtotal>"
    )


def _ubl_line(root: str, quantity: str, name: str, count: str, price: str, percent: str, amount: str) -> str:
    return f"""<cac:{root}Line><cbc:{quantity}>{count}</cbc:{quantity}>
  <cbc:LineExtensionAmount currencyID="EUR">{amount}</cbc:LineExtensionAmount>
  <cac:Item><cbc:Name>{name}</cbc:Name><cac:ClassifiedTaxCategory><cbc:Percent>{percent}</cbc:Percent>
  </cac:ClassifiedTaxCategory></cac:Item>
  <cac:Price><cbc:PriceAmount currencyID="EUR">{price}</cbc:PriceAmount></cac:Price></cac:{root}Line>"""


def attached(document: bytes, **files: bytes) -> bytes:
    """The PDF with files attached; a name's "__" stands for its dot."""
    with pypdfium2.PdfDocument(document) as opened:
        for name, content in files.items():
            opened.new_attachment(name.replace("__", ".")).set_data(content)
        out = BytesIO()
        opened.save(out)
        return out.getvalue()
