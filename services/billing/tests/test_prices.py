import pytest
from automateiq_billing.credits.models import Work, WorkKind
from automateiq_billing.credits.prices import OcrPages, price, price_of_pages
from hypothesis import given
from hypothesis import strategies as st

counts = st.builds(OcrPages, *[st.integers(0, 1_000_000)] * 4)


@pytest.mark.parametrize(("pages", "credits"), [(1, 3), (2, 5), (3, 7), (4, 9), (5, 10), (1_000_000, 10)])
def test_a_document_is_quoted_as_if_a_deep_engine_had_to_read_every_page(pages: int, credits: int) -> None:
    assert price(Work(WorkKind.OCR, pages)) == credits


@pytest.mark.parametrize(
    ("pages", "credits"),
    [
        (OcrPages(text_layer=1), 2),
        (OcrPages(text_layer=2), 2),
        (OcrPages(text_layer=3), 3),
        (OcrPages(text_layer=100), 10),
        (OcrPages(tesseract=1), 2),
        (OcrPages(tesseract=2), 3),
        (OcrPages(deep=1), 3),
        (OcrPages(text_layer=1, tesseract=1, deep=1), 5),
        (OcrPages(cached=100), 2),
        (OcrPages(cached=9, deep=1), 3),
        (OcrPages(), 2),
    ],
)
def test_a_document_costs_what_read_its_pages(pages: OcrPages, credits: int) -> None:
    assert price_of_pages(pages) == credits


@given(st.integers(1, 1_000_000))
def test_a_price_stays_in_its_range_and_never_falls_with_more_work(pages: int) -> None:
    credits = price(Work(WorkKind.OCR, pages))
    assert 2 <= credits <= price(Work(WorkKind.OCR, pages + 1)) <= 10


@given(counts)
def test_no_document_costs_more_than_was_quoted_for_its_pages(pages: OcrPages) -> None:
    total = pages.text_layer + pages.tesseract + pages.deep + pages.cached
    assert 2 <= price_of_pages(pages) <= price(Work(WorkKind.OCR, max(1, total)))
