"""Dates: day or month first, decided for the document; and the time that a document covers."""

import pytest
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.extraction.models import ExtractedData
from extraction_deeds import set_page


def read(*rows: str) -> ExtractedData:
    """What is read from a small receipt with these rows."""
    return extract([set_page("Birch Corner", *rows, "Tea  2.40", "Total  2.40")])


def date_of(*rows: str) -> tuple[str, tuple[str, ...]]:
    """(the date, its doubts)."""
    found = read(*rows).date
    assert found is not None
    return found.value, found.doubts


def test_a_day_above_twelve_settles_it() -> None:
    assert date_of("Date 12/31/2025", "Printed on 01/04/2026")[0] == "2025-12-31"
    assert date_of("Date 04/01/2026", "Printed on 31/12/2026") == ("2026-01-04", ())


def test_an_address_in_the_united_states_puts_the_month_first() -> None:
    assert date_of("St Louis, MO 63101", "314-977-4615", "Date 04/08/2026")[0] == "2026-04-08"


def test_a_tax_called_vat_puts_the_day_first() -> None:
    assert date_of("VAT 12345", "Date 04/08/2026")[0] == "2026-08-04"


def test_an_open_question_is_said_to_be_one_and_lowers_the_confidence() -> None:
    open_, settled = read("Date 04/08/2026").date, read("Date 04.08.2026").date
    assert open_ is not None
    assert settled is not None
    assert (open_.doubts, settled.doubts) == (("ambiguous_date",), ())
    assert open_.confidence < settled.confidence


def test_another_language_than_english_writes_the_day_first() -> None:
    rows = ("Merci de votre visite et à bientôt dans notre boutique", "Montréal", "Le 04/08/2026")
    assert date_of(*rows)[0] == "2026-08-04"


@pytest.mark.parametrize(
    ("row", "day"),
    [
        ("Date 08/02/20172:09:49PM VAT", "2017-02-08"),
        ("Date 17/03/201721:35", "2017-03-17"),
        ("27032018", "2018-03-27"),
    ],
)
def test_dates_as_tills_print_and_readers_read_them(row: str, day: str) -> None:
    assert date_of(row)[0] == day


@pytest.mark.parametrize(
    "row",
    [
        "Service period: 01.10.2025 - 31.10.2025",
        "Leistungszeitraum: 01.10.2025 bis 31.10.2025",
        "Flight Dates: Wednesday, October 1, 2025 to Friday, October 31, 2025",
        "Schedule Dates 10/01/25-10/31/25",
    ],
)
def test_the_period_that_is_billed(row: str) -> None:
    data = extract(
        [set_page("Birch Ads Ltd", "INVOICE", "Invoice date 3 November 2025", row, "Total  £2.40")]
    )
    assert data.period_start is not None
    assert data.period_end is not None
    assert (data.period_start.value, data.period_end.value) == ("2025-10-01", "2025-10-31")
    assert data.date is not None
    assert data.date.value == "2025-11-03"
    assert data.due_date is None


def test_a_period_runs_forward() -> None:
    data = read("Period: 31.10.2025 - 01.10.2025")
    assert data.period_start is None
