"""Issuer and customer, each with what belongs to it, on pages that are set here word by word."""

import pytest
from automateiq_ocr.extraction.addresses import find_addresses
from automateiq_ocr.extraction.customers import find_customers
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.extraction.layout import lay_out
from automateiq_ocr.extraction.models import DocumentType, Field
from automateiq_ocr.extraction.parties import Parties, find_parties
from automateiq_ocr.recognition.models import Page
from extraction_deeds import every_field, is_printed, set_page

FILLER = ["", "Pos  Text                        12.00", "Total                            12.00"]


def parties(*rows: str, kind: DocumentType = DocumentType.INVOICE) -> Parties:
    page = set_page(*rows)
    found = find_parties(lay_out([page]), kind)
    fields = [getattr(found, name) for name in found.__slots__]
    assert [field for field in fields if field is not None and not is_printed(field, [page])] == []
    return found


def value(field: Field | None) -> str | None:
    return field.value if field else None


# --- the customer is not the issuer, in each language ---

SIDES = [
    ("Seller", "Bill to"),
    ("Sold by:", "Ship to:"),
    ("Verkäufer", "Rechnung an"),
    ("Rechnungssteller:", "Käufer/Leistungsempfänger:"),
    ("Fournisseur", "Facturé à"),
    ("Émetteur :", "Adresse de facturation"),
    ("Emisor:", "Facturar a"),
    ("Proveedor", "Cliente:"),
    ("Cedente/prestatore", "Spett.le"),
    ("Fornitore", "Fatturato a:"),
    ("Leverancier", "Factuuradres"),
    ("Verkoper:", "Factuur aan:"),
    ("Fornecedor", "Faturar a"),
    ("Emitente:", "Destinatário"),
]


@pytest.mark.parametrize(("issuer", "customer"), SIDES)
def test_titles_part_issuer_and_customer(issuer: str, customer: str) -> None:
    ours = ("Quillfeather Bindery", "14 Reed Street", "12345 Ottermere")
    theirs = ("Thistlewick Holdings", "7 Mill Road", "54321 Saltmarsh")
    for head, first, second in ((ours, issuer, customer), (theirs, customer, issuer)):
        other = theirs if head is ours else ours
        found = parties("20411", first, *head, "", second, *other, *FILLER)
        assert value(found.vendor) == ours[0]
        assert value(found.customer) == theirs[0]


@pytest.mark.parametrize(("issuer", "customer"), SIDES)
def test_titles_side_by_side_have_their_blocks_below(issuer: str, customer: str) -> None:
    found = parties(
        "20411",
        f"{issuer:<40}{customer}",
        f"{'Quillfeather Bindery':<40}Thistlewick Holdings",
        f"{'14 Reed Street':<40}7 Mill Road",
        f"{'12345 Ottermere':<40}54321 Saltmarsh",
        *FILLER,
    )
    assert value(found.vendor) == "Quillfeather Bindery"
    assert value(found.customer) == "Thistlewick Holdings"
    assert value(found.vendor_address) == "14 Reed Street 12345 Ottermere"


@pytest.mark.parametrize(
    "row",
    [
        "Advertiser:  Friends of the Reed Lane Library",
        "Advertiser     Friends of the Reed Lane Library     Invoice Date   02/20/20",
        "Sold To        Friends of the Reed Lane Library",
        "Customer: Friends of the Reed Lane Library (33528)",
        "Guest name: Friends of the Reed Lane Library",
    ],
)
def test_a_customer_beside_its_title(row: str) -> None:
    assert value(parties("Quillfeather Ltd", row, *FILLER).customer) == "Friends of the Reed Lane Library"


def test_the_advertiser_goes_before_its_agency() -> None:
    found = parties(
        "KQXZ Television Inc", "Billing Address:", "Bluewater Media", "5 Elm St", "Denver, CO 80220", "",
        "Advertiser   Otter for Mayor", *FILLER,
    )  # fmt: skip
    assert value(found.customer) in ("Otter for Mayor", "Bluewater Media")
    assert value(found.vendor) == "KQXZ Television Inc"


@pytest.mark.parametrize(
    "row", ["Customer no 4711", "Kundennummer: 4711", "Customer:2", "Client code 99", "Klant  SC0123"]
)
def test_the_customers_number_is_not_its_name(row: str) -> None:
    assert parties("Quillfeather Ltd", row, "Order AB321", *FILLER).customer is None


def test_salutation_and_name_belong_together() -> None:
    found = parties(
        "Quillfeather GmbH", "Käufer:", "Herrn", "Max Muster", "Weg 1", "12345 Ottermere", *FILLER
    )
    assert value(found.customer) == "Herrn Max Muster"


def test_a_name_goes_on_until_its_legal_form() -> None:
    found = parties(
        "20411",
        "Verkäufer:",
        "OVM Ottermerer",
        "Versicherungsverein a.G.",
        "Weg 1",
        "12345 Ottermere",
        *FILLER,
    )
    assert value(found.vendor) == "OVM Ottermerer Versicherungsverein a.G."


def test_the_recipient_stands_in_the_envelopes_window() -> None:
    found = parties(
        "Quillfeather GmbH - Ecke 12 - 12345 Stadthausen", "", "Theodora Muster", "Bahnstr. 42", "88802 Ottermere", "",
        "", "Rechnung Nr. 20411", "Pos  Text", "1  Buch  10,00", "Summe 10,00", "", "", "", "", "Sofort zahlbar",
        "Steuernummer 201/113/40209 Amtsgericht Stadthausen HRB 12345 und so fort mit vielen Worten",
    )  # fmt: skip
    assert value(found.customer) == "Theodora Muster"
    assert value(found.vendor) == "Quillfeather GmbH"
    assert value(found.vendor_address) == "Ecke 12 - 12345 Stadthausen"


def test_a_tax_number_in_the_customers_block_is_not_the_issuers() -> None:
    found = parties(
        "Quillfeather Ltd", "VAT Reg No GB 980 7806 84", "", "Bill to", "Musterwerk GmbH", "Weg 1", "12345 Ottermere",
        "USt-IdNr. DE136695976", *FILLER,
    )  # fmt: skip
    assert value(found.vendor_tax_id) == "GB980780684"


# --- addresses ---


@pytest.mark.parametrize(
    "lines",
    [
        ("14 Reed Street", "Ottermere OT4 9ZZ"),
        ("2750 County Road 9", "Otter Falls OH 44999"),
        ("P.O. Box 32172", "New York, NY 10087-2172"),
        ("Lieferantenstraße 20", "80333 München", "Deutschland"),
        ("12 rue des Otaries", "75011 Paris"),
        ("Calle Mayor 5", "28013 Madrid"),
        ("Via Garibaldi 7", "20121 Milano"),
        ("Keizersgracht 12", "1015 CJ Amsterdam"),
        ("Rua Augusta 100", "1100-053 Lisboa"),
        ("ul. Dluga 66", "80-831 Gdansk"),
        ("Hamngatan 31", "111 47 Stockholm"),
        ("NO.5, JALAN SAGU 18,", "TAMAN DAYA,", "81100 JOHOR BAHRU,", "JOHOR."),
        ("LOT 34817 JALAN BATU AMBAR", "TAMAN KOK LIAN", "51200 KUALA LUMPUR"),
        ("1, Place du Canada,", "Montréal, QC H3B 4C9"),
        ("5 Harbour Rd", "Sydney NSW 2000"),
    ],
)
def test_addresses_of_many_countries(lines: tuple[str, ...]) -> None:
    layout = lay_out(
        [set_page("Quillfeather Works", *lines, "Tel: 020 7946 0123", "Invoice date 03/04/2026")]
    )
    (address,) = find_addresses(layout)
    assert address.text == " ".join(lines)


@pytest.mark.parametrize(
    "row",
    [
        "Invoice No. 80333 dated 2026",
        "Tel: 12345 67890",
        "2 x Marbled paper 15.00",
        "12345678 REAMS OF PAPER",
        "Thank you for your visit",
        "Total 10000 points",
    ],
)
def test_what_is_no_address(row: str) -> None:
    assert find_addresses(lay_out([set_page("Quillfeather Works", row, *FILLER)])) == []


def test_an_address_on_the_line_of_its_name() -> None:
    (address,) = find_addresses(
        lay_out([set_page("MADRIGAL Hotel GmbH Schaarsteg 4 20459 Hamburg", *FILLER)])
    )
    assert address.text == "Schaarsteg 4 20459 Hamburg"


# --- the issuer on a till's strip ---


def receipt(*rows: str) -> Page:
    return set_page(
        *rows, "Date 12/03/2018 18:23", "TEH TARIK   2.20", "TOTAL   2.20", "CASH   5.00", "CHANGE   2.80"
    )


@pytest.mark.parametrize(
    ("rows", "vendor", "address"),
    [
        (("OTTERMERE HARDWARE SDN BHD", "(126926-H)", "NO.5, JALAN SAGU 18,", "81100 JOHOR BAHRU"),
         "OTTERMERE HARDWARE SDN BHD", "NO.5, JALAN SAGU 18, 81100 JOHOR BAHRU"),
        (("OTTERMERE TRADING SDN BND (126926-H)", "12 JALAN MANIS 4", "56100 KUALA LUMPUR"),
         "OTTERMERE TRADING SDN BND", "12 JALAN MANIS 4 56100 KUALA LUMPUR"),
        (("OTTERMERE HARDWARE &", "ELECTRICAL", "NO.5, JALAN SAGU 18,", "81100 JOHOR BAHRU"),
         "OTTERMERE HARDWARE & ELECTRICAL", "NO.5, JALAN SAGU 18, 81100 JOHOR BAHRU"),
        (("OTTERMERE BOOK", "CO. (M) SDN BHD", "(GST Reg No. 001492992000)", "No 8, Jalan 7", "56000 Kuala Lumpur"),
         "OTTERMERE BOOK CO. (M) SDN BHD", "No 8, Jalan 7 56000 Kuala Lumpur"),
        (("31803014", "RESTORAN OTTERMERE", "002043319-W", "No.2, Jalan Reed 19", "43200 Cheras, Selangor"),
         "RESTORAN OTTERMERE", "No.2, Jalan Reed 19 43200 Cheras, Selangor"),
    ],
)  # fmt: skip
def test_the_head_of_a_receipt(rows: tuple[str, ...], vendor: str, address: str) -> None:
    found = extract([receipt(*rows)])
    assert value(found.vendor) == vendor
    assert value(found.vendor_address) == address


def test_thanks_and_papers_are_no_names() -> None:
    found = extract(
        [
            receipt(
                "TAX INVOICE",
                "THANK YOU FOR SHOPPING",
                "OTTERMERE BAKERY",
                "12 JALAN MANIS 4",
                "56100 KUALA LUMPUR",
            )
        ]
    )
    assert value(found.vendor) == "OTTERMERE BAKERY"


def test_every_party_stands_in_its_box() -> None:
    page = set_page(
        "Quillfeather GmbH - Ecke 12 - 12345 Stadthausen", "", "Musterwerk AG", "Bahnstr. 42", "88802 Ottermere", "",
        "Rechnung Nr. 20411   Rechnungsdatum 05.02.2026", "Summe netto 10,00", "USt 19% 1,90", "Gesamtbetrag 11,90 EUR",
        "IBAN DE89 3704 0044 0532 0130 00   USt-IdNr. DE136695976 und noch mehr Worte am Fuß der Seite, viele Worte",
    )  # fmt: skip
    data = extract([page])
    assert {"vendor", "vendor_address", "customer", "iban", "vendor_tax_id"} <= data.fields().keys()
    assert [field for field in every_field(data) if not is_printed(field, [page])] == []


def test_customers_are_ordered_by_how_sure_they_are() -> None:
    layout = lay_out([set_page("Ship to", "Reed Store", "", "Bill to", "Reed Holdings", *FILLER)])
    assert [customer.name[0].text for customer in find_customers(layout)] == ["Reed Holdings", "Reed Store"]
