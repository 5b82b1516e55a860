"""A document's own number, its order's and its contract's, by their labels in seven languages."""

import pytest
from automateiq_ocr.extraction.layout import lay_out
from automateiq_ocr.extraction.numbers import Numbers, find_numbers
from extraction_deeds import is_printed, set_page

FILLER = (
    "Quillfeather Bindery, Reed Street 14, 12345 Ottermere, and more words that make this page a wide one",
    "",
)
END = (
    "",
    "Text                                          12.00",
    "Total                                         12.00",
)


def numbers(*rows: str) -> tuple[str | None, str | None, str | None]:
    page = set_page(*FILLER, *rows, *END)
    found: Numbers = find_numbers(lay_out([page]))
    fields = (found.invoice, found.order, found.contract)
    assert all(is_printed(field, [page]) for field in fields if field)
    own, order, contract = (field.value if field else None for field in fields)
    return own, order, contract


@pytest.mark.parametrize(
    "row",
    [
        "Invoice No: QB-1204",
        "Invoice Number:   QB-1204",
        "Invoice # QB-1204 issued at 2020-11-21",
        "Tax Invoice : QB-1204   12/03/18",
        "Rechnung Nr. QB-1204 vom 06.12.2018",
        "Rechnungs.-Nr. QB-1204 /",
        "Rechnung des Versicherers (575) Nr. QB-1204 vom 06.12.2018",
        "Handelsrechnung (380) Nr. QB-1204 vom 05.03.2018",
        "Beleg-Nr   : QB-1204",
        "Facture n° QB-1204",
        "Facture QB-1204",
        "N° de facture : QB-1204",
        "Factura n.º QB-1204",
        "Fattura n. QB-1204",
        "Factuurnummer: QB-1204",
        "Fatura n.º QB-1204",
        "Credit note no. QB-1204",
    ],
)
def test_the_documents_own_number(row: str) -> None:
    assert numbers(row)[0] == "QB-1204"


def test_a_number_grown_onto_its_label() -> None:
    assert numbers("Facture n°562044387 du 02 Juillet 2015")[0] == "562044387"


def test_a_column_has_its_number_below_its_title() -> None:
    own, order, _ = numbers(
        "Kopie factuur",
        "Klant          Order nr       Factuur datum   Factuur       Vervaldatum",
        "SC0303006280   SC000000444    8-9-2022        VF1005193     22-9-2022",
    )
    assert (own, order) == ("VF1005193", "SC000000444")


def test_a_number_after_a_hash_in_the_invoices_heading() -> None:
    assert (
        numbers("smay@quill.example                         INVOICE", "                             # 1204")[
            0
        ]
        == "1204"
    )


@pytest.mark.parametrize(
    ("row", "order"),
    [
        ("Purchase order no: AB3211", "AB3211"),
        ("PO Number: po_number_123", "po_number_123"),
        ("Order / Rev:   9835743", "9835743"),
        ("Bestellnummer 2018-471331", "2018-471331"),
        ("Bestell-Nr   : B123456789", "B123456789"),
        ("Auftragsnummer: 4711-22", "4711-22"),
        ("Commande n° 200415", "200415"),
        ("N° de commande : 200415", "200415"),
        ("Pedido n.º 200415", "200415"),
        ("Ordine n. 200415", "200415"),
        ("Bestelnummer 200415", "200415"),
    ],
)
def test_the_orders_number_is_not_the_documents(row: str, order: str) -> None:
    own, found, _ = numbers("Invoice no QB-1204", row)
    assert (own, found) == ("QB-1204", order)


@pytest.mark.parametrize(
    "rows",
    [
        ("Contract # 42954   Date entered 03/09/20",),
        ("Contract / Revision   Alt Order #", "42954 /               26905872"),
        ("Vertragsnummer: 42954",),
        ("Contrat n° 42954",),
        ("Contratto n. 42954",),
        ("Contractnummer 42954",),
    ],
)
def test_the_contracts_number(rows: tuple[str, ...]) -> None:
    assert numbers("Invoice no QB-1204", *rows)[2] == "42954"


def test_a_broadcasters_paper_bears_its_contracts_number() -> None:
    rows = ("Advertiser   Otter for Mayor", "Flight Dates   02/10/20 - 02/21/20")
    assert numbers("Invoice #   2383223-1", "Order #   2383223", *rows)[2] == "2383223-1"
    assert numbers("Order / Rev:   2383223", "Alt Order #:   26803298", *rows)[2] == "2383223"
    assert numbers("Invoice #   2383223-1", "Order #   2383223")[2] is None


@pytest.mark.parametrize(
    "row",
    [
        "Customer no: 4711",
        "Your VAT number: 4711042",
        "Order date: 12/03/2018",
        "Alt Order #: 26905872",
        "Invoice date: 12/03/2018",
        "Invoice total: 120.00",
        "Contract dates 02/10/20 - 02/12/20",
    ],
)
def test_what_is_another_number(row: str) -> None:
    assert numbers(row) == (None, None, None)


@pytest.mark.parametrize(
    ("row", "number"), [("Nr. 192428", "192428"), ("NIP 5213748328     nr:19488", "19488")]
)
def test_a_bare_number_on_a_tills_strip(row: str, number: str) -> None:
    rows = (
        "OTTERMERE",
        row,
        "BILET 1,00",
        "SUMA 1,00",
        "GOTOWKA 2,00",
        "RESZTA 1,00",
        "DO WIDZENIA",
        "OTTERMERE",
        "1",
        "2",
    )
    field = find_numbers(lay_out([set_page(*rows)])).invoice
    assert field is not None
    assert field.value == number
