"""Which sums of a document are its total, its tax and the rest, and how sure that is; on pages set here."""

from decimal import Decimal

import pytest
from automateiq_ocr.extraction.amounts import find_amounts, normal
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.extraction.layout import lay_out
from automateiq_ocr.extraction.models import ExtractedData
from automateiq_ocr.extraction.sums import features, find_sums
from automateiq_ocr.extraction.totals import chosen_total
from automateiq_ocr.recognition.models import Line, Page, Word
from extraction_deeds import every_field, is_printed, set_page
from hypothesis import given, settings
from hypothesis import strategies as st

TILL = ("Birch Corner Shop", "12 Mill Lane", "Tel 555 0101", "03/05/2026 14:21", "Tea  2.40", "Bread  3.60")
HEAD = ("Quillfeather Bindery Ltd", "INVOICE", "Invoice number   QB-1204", "Invoice date   3 May 2026", "")


def till(*rows: str) -> ExtractedData:
    """What is read from a till's receipt that ends with these rows."""
    return extract([set_page(*TILL, *rows)])


def invoice(*rows: str) -> ExtractedData:
    """What is read from an invoice that ends with these rows."""
    return extract([set_page(*HEAD, *rows)])


def values(row: str) -> list[str]:
    """The amounts of a row."""
    (line,) = lay_out([set_page(row)]).rows
    return [normal(amount.value) for amount in find_amounts(line, None)]


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("Cheese  2.45S", "2.45"),
        ("Salad  38.68SR", "38.68"),
        ("GST 6%  RMO.08", "0.08"),
        ("Total  l2.50", "12.50"),
        ("Total  ￥１２.50", "12.50"),
    ],
)
def test_misread_and_odd_print_of_sums_is_understood(row: str, value: str) -> None:
    assert values(row)[-1] == value


def test_the_source_of_spaced_out_print_is_what_stands_there() -> None:
    # As a reader gives double width: letter by letter, a little apart; between words there is more.
    words, at = [], 20.0
    for part in ("TOTAL", "RM6.00"):
        for letter in part:
            words.append(Word(letter, at, 200, 10, 12, 1.0))
            at += 11
        at += 8
    till_page = set_page(*TILL, "", "", "CASH  10.00", "CHANGE  4.00")
    page = Page(1, 700, 400, "pt", "ocr", 0, 0.0, 1.0, (*till_page.lines, Line(tuple(words))))
    (row,) = [row for row in lay_out([page]).rows if "T O" in row.text]
    assert row.meant.text == "TOTAL RM6.00"
    (amount,) = find_amounts(row, None)
    assert (amount.text, row.text[amount.start : amount.end]) == ("6.00", "R M 6 . 0 0")
    assert all(is_printed(field, [page]) for field in every_field(extract([page])))


def test_a_count_between_label_and_sum_is_no_sum() -> None:
    assert values("TO PAY SEK (3 ITEMS)  91.90") == ["91.90"]


def test_cash_less_change_proves_the_total() -> None:
    data = till("Total  6.00", "Cash  10.00", "Change  4.00")
    assert data.total is not None
    assert data.total.value == "6.00"
    assert {"cash_minus_change", "lines_sum"} <= set(data.total.checks)


def test_rounding_to_five_cents_is_followed_and_shown() -> None:
    data = till("Ink  0.02", "Total  6.02", "Rounding  -0.02", "Amount to be paid  6.00", "Cash  6.00")
    assert data.total is not None
    assert data.rounding is not None
    assert (data.total.value, data.rounding.value) == ("6.00", "-0.02")
    assert "rounded" in data.total.checks


def test_a_total_at_one_rate_is_not_the_documents() -> None:
    rows = ("Total 0% supplies:  26.61", "Total 6% supplies (excl. GST):  33.96", "GST:  2.04")
    data = till(
        *rows, "Total 6% supplies (Inc. GST):  36.00", "Total 0% supplies:  26.61", "Total Payable:  62.61"
    )
    assert data.total is not None
    assert data.total.value == "62.61"


def test_suggested_tips_are_neither_tip_nor_total() -> None:
    rows = (
        "Subtotal  6.00",
        "Sales tax  0.50",
        "Total  6.50",
        "18% Tip  1.17",
        "20%: (Tip $1.30 Total $7.80)",
    )
    data = till(*rows)
    assert data.total is not None
    assert (data.total.value, data.tip) == ("6.50", None)


def test_a_tip_that_was_given_is_read() -> None:
    data = till("Total  6.00", "Tip  1.00", "VISA  7.00")
    assert data.tip is not None
    assert data.tip.value == "1.00"


def test_taxes_by_rate_come_from_the_table_of_rates() -> None:
    rows = ("TOTAL  91.90", "Rate  Tax  Net  Gross", "12%  6.42  53.53  59.95", "25%  6.39  25.56  31.95")
    data = till(*rows)
    found = [
        (tax.rate and tax.rate.value, tax.base and tax.base.value, tax.amount and tax.amount.value)
        for tax in data.taxes
    ]
    assert found == [("12", "53.53", "6.42"), ("25", "25.56", "6.39")]
    assert data.tax is not None
    assert data.tax.value == "12.81"
    assert data.tax.source_text.split()[0] == "6.42"


@pytest.mark.parametrize("printed", ["2400", "24.80"])
def test_a_misread_total_is_put_right_where_the_arithmetic_proves_it(printed: str) -> None:
    data = invoice("Paper  20.00", "Subtotal  £20.00", "VAT 20%  £4.00", f"Total  {printed}")
    assert data.total is not None
    assert (data.total.value, data.total.source_text) == ("24.00", printed)
    assert "repaired" in data.total.checks


def test_a_sum_that_does_not_add_up_is_said_to() -> None:
    data = invoice("Subtotal  £20.00", "VAT  £4.00", "Total  £27.10")
    assert data.total is not None
    assert (data.total.value, data.total.doubts) == ("27.10", ("sum_differs",))


def test_what_is_due_is_nothing_on_a_paid_bill() -> None:
    data = invoice("Room  120.00", "Total  £120.00", "Payment received  £120.00", "Balance due  £0.00")
    assert data.total is not None
    assert data.amount_due is not None
    assert (data.total.value, data.amount_due.value) == ("120.00", "0.00")
    assert data.amount_due.checks == ("total_minus_paid",)


def test_an_unpaid_invoice_is_due_in_full() -> None:
    data = invoice("Paper  £20.00", "Subtotal  £20.00", "VAT 20%  £4.00", "Total  £24.00")
    assert data.amount_due is not None
    assert data.amount_due.value == "24.00"


def test_a_sum_in_a_sentence_is_no_total() -> None:
    rows = (
        "Dear neighbours,",
        "While the works last deliveries come before 6.30 by the north gate of the yard.",
    )
    assert extract([set_page("Larchfold Estates", *rows)]).total is None


@pytest.mark.parametrize(
    ("rows", "method"),
    [
        (("Total  6.00", "VISA DEBIT  6.00"), "card"),
        (("Total  6.00", "Cash  10.00", "Change  4.00"), "cash"),
        (("Cash bill", "Total  6.00", "Maestro  6.00"), "card"),
    ],
)
def test_how_a_receipt_was_paid(rows: tuple[str, ...], method: str) -> None:
    paid = till(*rows).payment_method
    assert paid is not None
    assert paid.value == method


def test_an_invoice_names_its_means_of_payment() -> None:
    paid = invoice("Total  £24.00", "Payment by direct debit").payment_method
    assert paid is not None
    assert paid.value == "direct_debit"


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("CREDIT NOTE", "credit_note"),
        ("Gutschrift", "credit_note"),
        ("PURCHASE ORDER", "purchase_order"),
        ("Bestellung Nr. 4711", "purchase_order"),
        ("STATEMENT OF ACCOUNT", "statement"),
        ("INVOICE", "invoice"),
    ],
)
def test_the_title_says_what_a_document_is(title: str, kind: str) -> None:
    rows = (
        "Quillfeather Bindery Ltd",
        title,
        "",
        "Bill to: Alder Mills",
        "Date   3 May 2026",
        "Paper   £24.00",
    )
    assert extract([set_page(*rows, "Total   £24.00")]).document_type == kind


def test_an_invoice_that_names_its_order_stays_an_invoice() -> None:
    data = invoice("Order   4711", "Paper   £24.00", "Total   £24.00")
    assert data.document_type == "invoice"


LABELS = st.sampled_from(
    [
        "Total", "Subtotal", "VAT 20%", "Tax", "Cash", "Change", "Rounding", "Tip", "Discount", "Balance due",
        "Total Qty",
        "20%", "", "GST 6% included", "Total 6% supplies", "Summe", "TOTAL A PAYER", "(", "Paper",
    ]
)  # fmt: skip
SUMS = st.one_of(
    st.decimals(-500, 5000, places=2).map(str),
    st.sampled_from(
        ["0.00", "-0.02", "1,234.50", "1.234,50", "2400", "R M 1 . 3 8", "12%", "(5.00)", "9.-", "00.5", "6%"]
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(LABELS, SUMS, SUMS), max_size=12))
def test_the_choice_never_invents_a_value_and_is_always_the_same(rows: list[tuple[str, str, str]]) -> None:
    page = set_page(*TILL, *(f"{label}  {one}   {other}" for label, one, other in rows))
    data = extract([page])
    assert all(is_printed(field, [page]) for field in every_field(data))
    assert extract([page]) == data
    sums = find_sums(lay_out([page]))
    assert len({len(row) for row in features(sums)}) <= 1
    for field in every_field(data):
        assert 0 <= field.confidence <= 1


def test_evidence_is_given_for_the_total_that_is_chosen() -> None:
    page = set_page(*TILL, "Total  6.00", "Cash  10.00", "Change  4.00")
    chosen = chosen_total([page])
    assert chosen is not None
    value, evidence = chosen
    assert Decimal(value) == Decimal("6.00")
    assert all(isinstance(part, float) for part in evidence)
    assert (
        chosen_total([Page(1, 10, 10, "px", "ocr", 0, 0.0, 0.0, (Line((Word("x", 1, 1, 5, 5, 1.0),)),))])
        is None
    )


def test_the_total_is_that_after_a_rounding_that_cannot_be_read() -> None:
    page = set_page(
        "Harbour Kitchen Sdn Bhd",
        "Rice and fish                 82.15",
        "GST 6%                         4.93",
        "Grand Total :                 87.08",
        "Rounding Adjustment:            002",
        "Net Total :                   87.10",
    )
    total = extract([page]).total
    assert total is not None
    assert total.value == "87.10"


def test_the_total_of_one_rate_is_not_that_of_the_bill() -> None:
    page = set_page(
        "Mill Lane Bakeries",
        "White loaf    3               6.39",
        "Wholemeal     3               8.34",
        "Jumbo         4              11.88",
        "Total 0% supplies:           26.61",
        "Bun returned  1              -2.88",
        "GST:                         -0.17",
        "Total 6% supplies (Inc. GST): -3.05",
        "Total 0% supplies:           26.61",
        "Total Payable:               23.56",
    )
    total = extract([page]).total
    assert total is not None
    assert total.value == "23.56"


def test_a_total_that_says_its_rate_of_tax_is_the_whole_one() -> None:
    page = set_page(
        "Lan Hill Stationery",
        "Pen, blue                     12.00",
        "Total Amt Incl.GST @ 6%:      12.00",
        "Rounding Adjustment",
        "Total Amt Payable             12.00",
        "Paid Amount                   20.00",
        "Change :                       8.00",
        "SR @ 6%          11.32         0.68",
        "Total            11.32         0.68",
    )
    total = extract([page]).total
    assert total is not None
    assert total.value == "12.00"
