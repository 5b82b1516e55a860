"""Line items: tables with and without heads, wrapped names, several pages, tills; one habit of bills a test."""

from decimal import Decimal

import pytest
from automateiq_ocr.extraction.amounts import usual_decimal_mark
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.extraction.evidence import stands_on
from automateiq_ocr.extraction.layout import lay_out
from automateiq_ocr.extraction.line_items import check_lines, find_line_items
from automateiq_ocr.extraction.models import LineItem
from automateiq_ocr.recognition.models import Page
from extraction_deeds import set_page
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = ("description", "quantity", "unit_price", "amount")


def items_of(*pages: Page, end: int | None = None) -> tuple[LineItem, ...]:
    """The lines of these pages, after the proof that all their values stand on them."""
    layout = lay_out(pages)
    items = find_line_items(layout, usual_decimal_mark(layout), end)
    for item in items:
        for name in (*NAMES, "tax_rate"):
            field = getattr(item, name)
            assert field is None or stands_on(field, pages, layout), field
    return items


def values(items: tuple[LineItem, ...]) -> list[tuple[str | None, ...]]:
    """Description, quantity, unit price and amount of each."""
    return [tuple(f.value if (f := getattr(item, name)) else None for name in NAMES) for item in items]


# --- tables with a head ---


@pytest.mark.parametrize(
    "rows",
    [
        (
            "Pos  Bezeichnung              Menge  Einzelpreis    Gesamt",
            "1    Notizbuch A5, kariert    4 Stk         3,50     14,00",
            "2    Bleistift HB            12 Stk         0,80      9,60",
        ),
        (
            "Désignation                Qté     P.U. HT    Montant HT",
            "Notizbuch A5, kariert        4        3,50         14,00",
            "Bleistift HB                12        0,80          9,60",
        ),
        (
            "Cantidad   Concepto                   Precio     Importe",
            "4          Notizbuch A5, kariert        3,50       14,00",
            "12         Bleistift HB                 0,80        9,60",
        ),
        (
            "Omschrijving               Prijs  Hoeveelheid    Bedrag",
            "Notizbuch A5, kariert       3,50            4     14,00",
            "Bleistift HB                0,80           12      9,60",
        ),
        (
            "Item                       Unit                   Line",
            "                          price      Qty         total",
            "Notizbuch A5, kariert      3.50        4         14.00",
            "Bleistift HB               0.80       12          9.60",
        ),
    ],
)
def test_columns_are_told_by_their_titles_in_any_order_and_language(rows: tuple[str, ...]) -> None:
    assert values(items_of(set_page(*rows))) == [
        ("Notizbuch A5, kariert", "4", "3.50", "14.00"),
        ("Bleistift HB", "12", "0.80", "9.60"),
    ]


def test_the_rate_of_tax_and_the_arithmetic_of_a_line() -> None:
    right, wrong = items_of(
        set_page(
            "Description        Qty     Price     VAT %     Amount",
            "Marbled paper        3     10.00      20 %      30.00",
            "Slip case            2      5.50       5 %      12.00",
        )
    )
    assert (right.tax_rate and right.tax_rate.value, wrong.tax_rate and wrong.tax_rate.value) == ("20", "5")
    assert right.amount is not None
    assert wrong.amount is not None
    assert right.amount.checks == ("qty_times_price",)
    assert wrong.amount.doubts == ("qty_times_price_differs",)
    assert right.amount.confidence > wrong.amount.confidence


def test_names_wrap_under_their_numbers_and_attributes_are_no_names() -> None:
    assert values(
        items_of(
            set_page(
                "Description                      Qty      Price      Amount",
                "Half leather binding, spine        2      40.00       80.00",
                "lettered in gold",
                "Colour: red",
                "Delivered in one box",
                "Slip case                         10       5.50       55.00",
            )
        )
    ) == [
        ("Half leather binding, spine lettered in gold", "2", "40.00", "80.00"),
        ("Slip case", "10", "5.50", "55.00"),
    ]


def test_names_under_codes_and_names_over_counts() -> None:
    below = set_page(
        "Item            Qty     Price     Amount",
        "100088            3     55.00     165.00",
        "Steel mesh, 1.7 x 4 m",
        "100127            2      6.00      12.00",
        "Cement, 50 kg",
    )
    above = set_page(
        "Description     Qty     Price     Amount",
        "Tea with milk",
        "                2 x      2.20       4.40",
        "Herbal tea",
        "                1 x      1.70       1.70",
    )
    assert values(items_of(below)) == [
        ("Steel mesh, 1.7 x 4 m", "3", "55.00", "165.00"),
        ("Cement, 50 kg", "2", "6.00", "12.00"),
    ]
    assert values(items_of(above)) == [
        ("Tea with milk", "2", "2.20", "4.40"),
        ("Herbal tea", "1", "1.70", "1.70"),
    ]


def test_the_amount_may_slip_into_the_next_row() -> None:
    assert values(
        items_of(
            set_page(
                "Pos  Description        Price      Qty     Rate     Net amount",
                "1    Massage            26.00       10      0 %",
                "                                                        260.00",
                "2    House call         12.00       10      0 %",
                "                                                        120.00",
            )
        )
    ) == [("Massage", "10", "26.00", "260.00"), ("House call", "10", "12.00", "120.00")]


def test_of_net_and_gross_amounts_the_one_that_the_price_makes() -> None:
    assert values(
        items_of(
            set_page(
                "Description       Qty     Price      Net total      Total",
                "Marbled paper       3     10.00          30.00      36.00",
                "Slip case           2      5.50          11.00      13.20",
            )
        )
    ) == [("Marbled paper", "3", "10.00", "30.00"), ("Slip case", "2", "5.50", "11.00")]


def test_a_printed_discount_explains_an_amount() -> None:
    (item,) = items_of(
        set_page(
            "Description        Qty     Price    Discount     Amount",
            "Nougat             50      4.55       10%        204.75",
        )
    )
    assert item.amount is not None
    assert item.amount.checks == ("qty_times_price",)


def test_rows_that_explain_and_rows_that_take_off() -> None:
    assert values(
        items_of(
            set_page(
                "Description              Qty      Price      Amount",
                "Slip case                 10       5.50       55.00",
                "Discount 2 %, basis: 56.12",
                "Freight: 3.00",
                "Marbled paper              1      10.00       10.00",
                "Loyalty discount                              -5.00",
            )
        )
    ) == [
        ("Slip case", "10", "5.50", "55.00"),
        ("Marbled paper", "1", "10.00", "10.00"),
        ("Loyalty discount", None, None, "-5.00"),
    ]


def test_three_pages_with_carried_sums_and_one_without_a_head() -> None:
    titles = "Description                   Qty      Price      Amount"
    pages = [
        set_page(
            titles, "Alder board                     2      10.00       20.00", "Carried forward  20.00"
        ),
        set_page(
            "Brought forward  20.00",
            titles,
            "Birch board                     3      10.00       30.00",
            "Page 2 of 3",
            number=2,
        ),
        set_page(
            "Cedar board                     1      10.00       10.00",
            "                                   Subtotal       60.00",
            "                                      Total       60.00",
            number=3,
        ),
    ]
    items = items_of(*pages)
    assert [row[0] for row in values(items)] == ["Alder board", "Birch board", "Cedar board"]
    assert [item.amount and item.amount.page for item in items] == [1, 2, 3]


def test_other_tables_list_no_items() -> None:
    assert [
        row[0]
        for row in values(
            items_of(
                set_page(
                    "Description                   Qty      Price      Amount",
                    "Alder board                     2      10.00       20.00",
                    "VAT breakdown",
                    "Rate       Base       VAT amount",
                    "20 %      20.00             4.00",
                    "Payment terms",
                    "Description    Due date    Instalment",
                    "Transfer     3 May 2026        24.00",
                )
            )
        )
    ] == ["Alder board"]


@pytest.mark.parametrize(
    ("rows", "items"),
    [
        (
            (
                "Hrs/Qty   Service                    Rate/Price     Adjust     Sub Total",
                "1.00      Web Design                     $85.00      0.00%        $85.00",
                "          This is a sample description",
            ),
            [("Web Design This is a sample description", "1", "85.00", "85.00")],
        ),
        (
            (
                "Date          Description            Hours     Rate      Amount",
                "03/05/2026    Site visit               2.5     80.00      200.00",
                "04/05/2026    Report                   3.0     80.00      240.00",
            ),
            [("Site visit", "2.5", "80.00", "200.00"), ("Report", "3", "80.00", "240.00")],
        ),
        (
            (
                "Pos.  Menge  Einheit  Bezeichnung                 E-Preis €    G-Preis €",
                "1     2,00   Std.     Montage Heizung               65,00       130,00",
            ),
            [("Montage Heizung", "2", "65.00", "130.00")],
        ),
        (
            (
                "Leistung                                        Preis",
                "Beratung Mai                                 450,00 €",
            ),
            [("Beratung Mai", None, None, "450.00")],
        ),
        (
            (
                "Description           Qty      Price            Amount",
                "Licence                 2      USD 1,200.00     USD 2,400.00",
            ),
            [("Licence", "2", "1200.00", "2400.00")],
        ),
        (
            (
                "Item              Quantity     Rate     Amount",
                "Consulting              10     $50       $500",
            ),
            [("Consulting", "10", "50.00", "500.00")],
        ),
    ],
)
def test_tables_of_other_makers(rows: tuple[str, ...], items: list[tuple[str | None, ...]]) -> None:
    assert values(items_of(set_page(*rows))) == items


def test_a_sum_over_the_table_does_not_end_it() -> None:
    rows = (
        "Balance due   127.50",
        "Item           Quantity     Rate     Amount",
        "Service A            12    10.00     120.00",
        "Notes: replaced a part",
        "Service B             5     1.50       7.50",
        "Subtotal                             127.50",
    )
    assert [row[0] for row in values(items_of(set_page(*rows), end=0))] == ["Service A", "Service B"]


# --- without a head ---


def test_rows_without_titles_are_read_by_their_arithmetic() -> None:
    assert values(
        items_of(
            set_page(
                "Quillfeather Bindery",
                "Notebook, ruled        4     3.50     14.00",
                "Pencil HB             12     0.80      9.60",
                "Total                                 23.60",
            ),
            end=3,
        )
    ) == [("Notebook, ruled", "4", "3.50", "14.00"), ("Pencil HB", "12", "0.80", "9.60")]


@pytest.mark.parametrize(
    ("rows", "items"),
    [
        (("TAPE 2IN   19.47", "3 @ 6.49"), [("TAPE 2IN", "3", "6.49", "19.47")]),
        (("TAPE 2IN", "3 x 6,49   19,47 A"), [("TAPE 2IN", "3", "6.49", "19.47")]),
        (("3 x 6,49", "TAPE 2IN   19,47 A"), [("TAPE 2IN", "3", "6.49", "19.47")]),
        (("TAPE 2IN", "9001620", "3 X 6.49   19.47"), [("TAPE 2IN", "3", "6.49", "19.47")]),
        (
            ("4997642045475", "Plastic spoons", "5.90 x 3   17.70 SR"),
            [("Plastic spoons", "3", "5.90", "17.70")],
        ),
        (("Bananas   1,02", "0,512 kg x 1,99 €/kg"), [("Bananas", "0.512", "1.99", "1.02")]),
        (("4006381333931 Marker   2,49 A",), [("Marker", None, None, "2.49")]),
        (("2 Cappuccino   7.00",), [("Cappuccino", "2", None, "7.00")]),
        (("Latte   3 x 4.50   13.50 B",), [("Latte", "3", "4.50", "13.50")]),
        (("1 Soda   35.00", "2 Box   7.00"), [("Soda", "1", None, "35.00"), ("Box", "2", None, "7.00")]),
        (("Kurczak z ryżem   1 ×23,90 23,90B",), [("Kurczak z ryżem", "1", "23.90", "23.90")]),
        (
            ("Coat   40.00", "Coupon   -5.00"),
            [("Coat", None, None, "40.00"), ("Coupon", None, None, "-5.00")],
        ),
        (
            ("1x 000004089728   5.90", "DROPS", "1x 000007572029   6.10", "CLIPS"),
            [("DROPS", "1", None, "5.90"), ("CLIPS", "1", None, "6.10")],
        ),
    ],
)
def test_what_tills_print(rows: tuple[str, ...], items: list[tuple[str | None, ...]]) -> None:
    assert values(items_of(set_page(*rows))) == items


def test_a_total_that_nobody_understands_still_sums_the_lines() -> None:
    rows = ("Alder   10.00", "Birch   4.50", "Zusmmn   14.50", "Bzhlt   20.00")
    assert [row[0] for row in values(items_of(set_page(*rows)))] == ["Alder", "Birch"]


# --- the sum ---


def test_lines_that_add_up_are_surer() -> None:
    items = items_of(set_page("Alder   10.00", "Birch   4.50"))
    assert check_lines(items, [Decimal("14.60")]) == items
    proven = check_lines(items, [Decimal("14.50")])
    assert all(item.amount is not None and item.amount.checks == ("lines_sum",) for item in proven)
    assert proven[0].amount is not None
    assert items[0].amount is not None
    assert proven[0].amount.confidence > items[0].amount.confidence


def test_the_whole_bill_says_that_its_lines_add_up() -> None:
    data = extract(
        [
            set_page(
                "Quillfeather Bindery Ltd",
                "INVOICE",
                "Invoice number   QB-1204",
                "Description               Qty      Price      Amount",
                "Slip case                  10       5.50       55.00",
                "Marbled paper               1      10.00       10.00",
                "                                 Subtotal      65.00",
                "                                  VAT 20%      13.00",
                "                                    Total      78.00",
            )
        ]
    )
    assert len(data.line_items) == 2
    for item in data.line_items:
        assert item.amount is not None
        assert item.amount.checks == ("qty_times_price", "lines_sum")


# --- whatever comes ---

GOODS = st.lists(
    st.text("bdfgjkwz", min_size=4, max_size=9).map(  # forms no word that titles or totals are made of
        str.capitalize
    ),
    min_size=1,
    max_size=3,
).map(" ".join)
LINES = st.lists(
    st.tuples(GOODS, st.integers(1, 99), st.decimals(Decimal("0.05"), Decimal("900"), places=2)),
    min_size=1,
    max_size=12,
)
HEADS = st.sampled_from(
    [
        ("Description", "Qty", "Unit price", "Amount"),
        ("Bezeichnung", "Menge", "Einzelpreis", "Gesamtpreis"),
        ("Désignation", "Quantité", "Prix unitaire", "Montant HT"),
        ("Descripción", "Cantidad", "Precio", "Importe"),
        ("Descrizione", "Quantità", "Prezzo unitario", "Importo"),
        ("Omschrijving", "Aantal", "Prijs", "Bedrag"),
        ("Descrição", "Quantidade", "Preço unitário", "Valor"),
    ]
)


@settings(deadline=None)
@given(LINES, HEADS, st.sampled_from([".", ","]), st.integers(0, 3))
def test_a_table_comes_back_as_it_was_made(
    lines: list[tuple[str, int, Decimal]], head: tuple[str, ...], mark: str, order: int
) -> None:
    def written(value: Decimal) -> str:
        return f"{value:.2f}".replace(".", mark)

    def row(cells: tuple[str, ...]) -> str:
        name, *numbers = cells
        numbers = numbers[order % 3 :] + numbers[: order % 3] if order < 2 else numbers
        return f"{name:<34}" + "".join(f"{number:>20}" for number in numbers)

    rows = [row(head), *(row((n, str(q), written(p), written(q * p))) for n, q, p in lines)]
    expected = [(n, str(q), f"{p:.2f}", f"{q * p:.2f}") for n, q, p in lines]
    assert values(items_of(set_page(*rows))) == expected


@pytest.mark.parametrize(
    "row", ["1 " * 2000 + "abc", "€ " * 2000 + "x", "Total " * 700, "3 x " * 900, "A-1 " * 900 + "é"]
)
def test_a_row_without_end_is_read_at_all(row: str) -> None:
    items_of(set_page("Description   Qty   Price   Amount", row, row, "Alder   1   2.00   2.00"))


SCRAPS = st.sampled_from(
    [
        *(
            "Description",
            "Qty",
            "Price",
            "Amount",
            "Total",
            "Menge",
            "Einzelpreis",
            "Gesamt",
            "2",
            "x",
            "3,50",
            "7.00",
        ),
        *(
            "-5.00",
            "@",
            "19 %",
            "kg",
            "Alder",
            "board",
            "Rabatt",
            ":",
            "*",
            "9001620",
            "€",
            "1.234,50",
            "Page 2",
            "炒",
        ),
    ]
)


@settings(deadline=None)
@given(st.lists(st.lists(SCRAPS, max_size=8).map("   ".join), max_size=14), st.none() | st.integers(0, 14))
def test_scraps_give_only_what_stands_there(rows: list[str], end: int | None) -> None:
    items_of(set_page(*rows), end=end)
