import pytest
from automateiq_billing.credits.models import Work, WorkKind
from automateiq_billing.credits.prices import price
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("pages", "credits"), [(1, 2), (2, 3), (3, 4), (8, 9), (9, 10), (10, 10), (11, 10), (1_000_000, 10)]
)
def test_ocr_costs_two_credits_and_one_for_each_further_page_up_to_ten(pages: int, credits: int) -> None:
    assert price(Work(WorkKind.OCR, pages)) == credits


@given(st.integers(1, 1_000_000))
def test_a_price_stays_in_its_range_and_never_falls_with_more_work(pages: int) -> None:
    credits = price(Work(WorkKind.OCR, pages))
    assert 2 <= credits <= price(Work(WorkKind.OCR, pages + 1)) <= 10
