"""The rules of extraction, on pages that are set here word by word."""

import datetime
from dataclasses import fields
from decimal import Decimal

import pytest
from automateiq_ocr.extraction.amounts import find_amounts, normal, usual_decimal_mark
from automateiq_ocr.extraction.dates import find_dates
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.extraction.layout import fold, lay_out
from automateiq_ocr.recognition.models import Line, Page, Word
from extraction_deeds import HIGH, WIDE, every_field, is_printed, set_page
from hypothesis import given
from hypothesis import strategies as st

HEAD = ("Quillfeather Bindery Ltd", "INVOICE", "Invoice number   QB-1204", "Invoice date   3 May 2026", "")


# --- layout ---


def test_a_row_is_joined_again_from_blocks() -> None:
    left = Line((Word("Total", 10, 100, 40, 10, 1.0),), block=1)
    between = Line((Word("Thanks", 10, 140, 40, 10, 1.0),), block=1)
    right = Line((Word("12.00", 300, 101, 40, 10, 1.0),), block=2)
    page = Page(1, 400, 200, "pt", "text_layer", 0, 0.0, 1.0, (left, between, right))
    assert [row.text for row in lay_out([page]).rows] == ["Total 12.00", "Thanks"]


@pytest.mark.parametrize("letters", ["1", "1.", "1,", "I1"])
def test_a_word_without_end_is_no_word(letters: str) -> None:
    endless = Word(letters * 100_000, 60, 100, 300, 10, 1.0)
    page = Page(
        1, 400, 200, "pt", "text_layer", 0, 0.0, 1.0, (Line((Word("Total", 10, 100, 40, 10, 1.0), endless)),)
    )
    assert [row.text for row in lay_out([page]).rows] == ["Total"]
    assert extract([page]).total is None


def test_rows_of_a_turned_page_run_as_a_person_reads_them() -> None:
    # Upright, "Total" stands left of "9.00"; the page shows them turned by 90 degrees.
    words = (Word("Total", 100, 300, 10, 40, 1.0), Word("9.00", 100, 100, 10, 40, 1.0))
    turned = [Page(1, 200, 400, "px", "ocr", rotation, 0.0, 1.0, (Line(words),)) for rotation in (90, 270)]
    texts = [[row.text for row in lay_out([page]).rows] for page in turned]
    assert sorted(texts) == [["9.00 Total"], ["Total 9.00"]]


@given(st.text(max_size=60))
def test_folding_keeps_offsets(text: str) -> None:
    assert len(fold(text)) == len(text)


# --- amounts ---


@given(
    st.decimals(0, 9_999_999, places=2),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("", "."), ("", ",")]),
)
def test_amounts_are_read_in_every_format(value: Decimal, marks: tuple[str, str]) -> None:
    thousands, decimal = marks
    written = f"{value:,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)
    # Groups parted by a space are one number only where the gap is that of a thin space.
    words, at = [], 20.0
    for part in written.split(" "):
        words.append(Word(part, at, 20, len(part) * WIDE, HIGH, 1.0))
        at += len(part) * WIDE + 2.5
    page = Page(1, 500, 100, "pt", "text_layer", 0, 0.0, 1.0, (Line(tuple(words)),))
    (row,) = lay_out([page]).rows
    assert [normal(amount.value) for amount in find_amounts(row, decimal)] == [f"{value:.2f}"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("-15.00", "-15.00"),
        ("15.00-", "-15.00"),
        ("(15.00)", "-15.00"),
        ("€ 1.234,50", "1234.50"),
        ("$5,803.05", "5803.05"),
    ],
)
def test_signs_and_currencies_around_an_amount(written: str, value: str) -> None:
    (row,) = lay_out([set_page(f"Sum   {written}")]).rows
    (amount,) = find_amounts(row, None)
    assert amount.text == value


@pytest.mark.parametrize(
    "written", ["2026-05-03", "GB 918 2736 45 no. A4417X", "20%", "10:45", "01632/960417"]
)
def test_other_numbers_are_no_money(written: str) -> None:
    (row,) = lay_out([set_page(written)]).rows
    assert [amount for amount in find_amounts(row, ".") if amount.money] == []


def test_three_decimals_are_settled_by_the_rest_of_the_document() -> None:
    layout = lay_out([set_page("A   1.234", "B   17,50", "C   3,20")])
    mark = usual_decimal_mark(layout)
    assert [normal(a.value) for a in find_amounts(layout.rows[0], mark)] == ["1234.00"]
    assert next(iter(find_amounts(layout.rows[0], None))).unsure


# --- dates ---

WRITTEN = {
    "dmy": ["{d:02}/{m:02}/{y}", "{d}.{m}.{y}", "{d:02}-{m:02}-{y}"],
    "mdy": ["{m:02}/{d:02}/{y}", "{m}/{d}/{y}"],
    "any": [
        "{y}-{m:02}-{d:02}",
        "{y}/{m:02}/{d:02}",
        "{d} {name} {y}",
        "{name} {d}, {y}",
        "{d}. {german} {y}",
        "{d} {french} {y}",
    ],
}
ENGLISH = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
GERMAN = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
FRENCH = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]


@given(
    st.dates(datetime.date(1990, 1, 1), datetime.date(2060, 1, 1)),
    st.sampled_from([(order, form) for order, forms in WRITTEN.items() for form in forms]),
)
def test_dates_are_read_in_every_format(day: datetime.date, how: tuple[str, str]) -> None:
    order, form = how
    text = form.format(
        d=day.day,
        m=day.month,
        y=day.year,
        name=ENGLISH[day.month - 1],
        german=GERMAN[day.month - 1],
        french=FRENCH[day.month - 1],
    )
    found = list(find_dates(f"on {text} as agreed", "mdy" if order == "mdy" else "dmy"))
    assert [date.value for date in found] == [day]
    assert f"on {text} as agreed"[found[0].start : found[0].end] == text


def test_an_ambiguous_date_is_less_sure_and_another_one_settles_it() -> None:
    open_date = extract(
        [
            set_page(
                "Quillfeather Ltd", "INVOICE", "Invoice no  4711", "Invoice date  03/04/2026", "Total  £10.00"
            )
        ]
    )
    settled = extract(
        [
            set_page(
                "Quillfeather Ltd",
                "INVOICE",
                "Invoice no  4711",
                "Invoice date  03/04/2026",
                "Due date  25/04/2026",
                "Total  £10.00",
            )
        ]
    )
    plain = extract(
        [
            set_page(
                "Quillfeather Ltd",
                "INVOICE",
                "Invoice no  4711",
                "Invoice date  3 April 2026",
                "Total  £10.00",
            )
        ]
    )
    assert open_date.date and settled.date and plain.date
    assert {open_date.date.value, settled.date.value, plain.date.value} == {"2026-04-03"}
    assert open_date.date.confidence < settled.date.confidence < plain.date.confidence


def test_american_dates_run_month_first() -> None:
    data = extract(
        [
            set_page(
                "Larkbone LLC",
                "Austin, TX 78701",
                "INVOICE",
                "Invoice # 88120",
                "Date  03/04/2026",
                "Total  $10.00",
            )
        ]
    )
    assert data.date and data.date.value == "2026-03-04"
    assert data.currency and (data.currency.value, data.currency.source_text) == ("USD", "$")


def test_dates_of_delivery_and_order_are_not_the_date_of_issue() -> None:
    data = extract(
        [
            set_page(
                "Quillfeather GmbH",
                "Rechnung",
                "Lieferdatum  01.02.2026",
                "Rechnungsdatum  05.02.2026",
                "Zahlbar bis  19.02.2026",
                "Gesamtbetrag  10,00 €",
            )
        ]
    )
    assert data.date and data.due_date
    assert (data.date.value, data.due_date.value) == ("2026-02-05", "2026-02-19")


# --- sums ---


def sums(*rows: str) -> tuple[str | None, str | None, str | None]:
    data = extract([set_page(*HEAD, *rows)])
    return tuple(field and field.value for field in (data.subtotal, data.tax, data.total))  # type: ignore[return-value]


def test_arithmetic_overrules_a_misread_total() -> None:
    assert sums("Net  £49.13", "VAT 20%  £9.82", "TOTAL  £58.92", "Card  £58.95") == (
        "49.13",
        "9.82",
        "58.95",
    )


def test_cash_and_change_are_not_the_total() -> None:
    assert sums("Subtotal  20.00", "Tax  2.00", "Total  22.00", "Cash  50.00", "Change  28.00") == (
        "20.00",
        "2.00",
        "22.00",
    )


def test_the_total_is_the_one_after_rounding() -> None:
    assert sums("Total incl. GST  31.47", "Rounding  -0.02", "Total  31.45")[2] == "31.45"


def test_several_taxes_without_a_printed_sum_are_added_up_where_net_and_total_prove_it() -> None:
    rows = ("Net total  £300.00", "VAT 5% on 100.00  £5.00", "VAT 20% on 200.00  £40.00", "Total  £345.00")
    data = extract([set_page(*HEAD, *rows)])
    assert data.tax is not None
    assert (data.tax.value, data.tax.source_text) == ("45.00", "£5.00 £40.00")
    assert "sum_of_taxes" in data.tax.checks
    assert [(tax.rate.value, tax.base.value, tax.amount.value) for tax in data.taxes] == [
        ("5", "100.00", "5.00"),
        ("20", "200.00", "40.00"),
    ]
    assert sums(*rows[:3], "VAT total  £45.00", rows[3]) == ("300.00", "45.00", "345.00")


def test_proof_raises_the_confidence() -> None:
    proven = extract([set_page(*HEAD, "Subtotal  £20.00", "VAT  £4.00", "Total  £24.00")]).total
    refuted = extract([set_page(*HEAD, "Subtotal  £20.00", "VAT  £4.00", "Total  £27.10")]).total
    assert proven and refuted
    assert proven.confidence > refuted.confidence


def test_the_readers_own_doubt_lowers_the_confidence() -> None:
    rows = (*HEAD, "Subtotal  £20.00", "VAT  £4.00", "Total  £24.00")
    clear, faint = extract([set_page(*rows)]).total, extract([set_page(*rows, confidence=0.5)]).total
    assert clear and faint
    assert faint.confidence < clear.confidence


def test_more_than_two_decimals_are_kept() -> None:
    assert normal(Decimal("0.025")) == "0.025"
    assert normal(Decimal("21.9000")) == "21.90"


# --- parties and currency ---


def test_the_customer_is_not_the_vendor() -> None:
    data = extract(
        [
            set_page(
                "INVOICE",
                "Bill to",
                "Ottermere Holdings Ltd",
                "1 Reed Lane",
                "",
                "",
                "From",
                "Quillfeather Bindery",
                "Total due  £10.00",
            )
        ]
    )
    assert data.vendor and data.vendor.value == "Quillfeather Bindery"


def test_without_a_sign_or_code_there_is_no_currency() -> None:
    data = extract(
        [
            set_page(
                "Quillfeather GmbH", "Rechnung Nr. 20411", "Rechnungsdatum 05.02.2026", "Gesamtbetrag  10,00"
            )
        ]
    )
    assert data.total and data.total.value == "10.00"
    assert data.currency is None


# --- lines ---

TITLES = "Description                    Qty    Unit price      Amount"


def test_lines_with_wrapped_descriptions_over_two_pages() -> None:
    first = set_page(
        *HEAD,
        TITLES,
        "Half leather binding, spine     2         40.00       80.00",
        "lettered in gold",
        "Slip case                      10          5.50       55.00",
        "                               Carried forward       135.00",
    )
    second = set_page(
        "                               Brought forward       135.00",
        TITLES,
        "Marbled paper, sheet          1.5         10.00       15.00",
        "                                       Subtotal     £150.00",
        "                                        VAT 20%      £30.00",
        "                                          Total     £180.00",
        number=2,
    )
    data = extract([first, second])
    found = [
        [getattr(item, f.name).value for f in fields(item) if getattr(item, f.name)]
        for item in data.line_items
    ]
    assert found == [
        ["Half leather binding, spine lettered in gold", "2", "40.00", "80.00"],
        ["Slip case", "10", "5.50", "55.00"],
        ["Marbled paper, sheet", "1.5", "10.00", "15.00"],
    ]
    assert [item.amount and item.amount.page for item in data.line_items] == [1, 1, 2]


def test_a_receipts_list_takes_quantity_and_price_from_the_row_below() -> None:
    data = extract(
        [
            set_page(
                "QUILLFEATHER",
                "RECEIPT 004417",
                "TAPE 2IN            19.47",
                "3 @ 6.49",
                "HOSE NOZZLE         12.99",
                "TOTAL               32.46",
                "CASH                40.00",
                "CHANGE               7.54",
            )
        ]
    )
    tape, hose = data.line_items
    assert tape.quantity and tape.unit_price and (tape.quantity.value, tape.unit_price.value) == ("3", "6.49")
    assert hose.description and hose.description.value == "HOSE NOZZLE"
    assert hose.quantity is None
    assert data.document_type == "receipt"


# --- nothing is invented ---

SOUP = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "Total",
                "Subtotal",
                "VAT",
                "Invoice",
                "No.",
                "Date:",
                "Due",
                "Description",
                "Qty",
                "Price",
                "Amount",
                "Ltd",
                "GmbH",
                "From",
                "Bill",
                "to",
                "€",
                "£",
                "$",
                "USD",
                "20%",
                "12.50",
                "1.234,00",
                "-3.00",
                "(4.00)",
                "03/04/2026",
                "2026-01-02",
                "May",
                "7",
                "INV-1204",
                "x",
                "@",
                "Cash",
                "Rounding",
                ",",
                ".",
                ":",
                "-",
                "‖",
                "%",
                "|",
                "3",
                "@",
                "1,000.00",
                "99999999999999999999.00",
                "31.02.2026",
            ]
        ),
        st.text(min_size=1, max_size=9),
    ),
    max_size=60,
)


@given(
    SOUP,
    st.integers(1, 8),
    st.sampled_from([0, 90, 180, 270]),
    st.floats(-6, 6),
    st.randoms(use_true_random=False),
)
def test_word_soup_neither_crashes_nor_invents(
    soup: list[str], a_row: int, rotation: int, skew: float, chance: object
) -> None:
    words = [
        Word(
            text,
            10 + 70 * (i % a_row) + chance.randint(0, 20),
            10 + 13 * (i // a_row) + chance.randint(0, 6),
            6.0 * len(text),
            10,
            0.9,
        )  # type: ignore[attr-defined]
        for i, text in enumerate(soup)
    ]
    lines = tuple(Line(tuple(words[i : i + a_row]), i % 3) for i in range(0, len(words), a_row))
    pages = [Page(1, 600, 800, "px", "ocr", rotation, skew, 0.9, lines)]
    assert all(
        is_printed(field, pages) and 0 <= field.confidence <= 1 for field in every_field(extract(pages))
    )


def test_no_row_grows_without_bound_so_none_takes_long_to_look_at() -> None:
    """A hostile page: thousands of words at one height, as one line and as a line each."""
    words = [Word(f"{number}.00", 3.0 * number, 100, 2, 8, 1.0) for number in range(3000)]
    for lines in ((Line(tuple(words)),), tuple(Line((word,)) for word in words)):
        page = Page(1, 9000, 800, "pt", "text_layer", 0, 0.0, 1.0, lines)
        rows = lay_out([page]).rows
        assert max(len(row.tokens) for row in rows) <= 200
        assert sorted(token.text for row in rows for token in row.tokens) == sorted(w.text for w in words)
