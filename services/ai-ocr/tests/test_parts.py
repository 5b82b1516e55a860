"""Where in a stack of pages a new document begins."""

import pytest
from automateiq_ocr.extraction.parts import find_parts
from automateiq_ocr.extraction.stacks import understand_parts
from automateiq_ocr.recognition.models import Line, Page, Word

HEIGHT = 842.0


def page(number: int, *lines: str, width: float = 595.0) -> Page:
    """A page with lines from its top on; one that begins with ↓ stands at its foot."""
    made = []
    for at, text in enumerate(lines):
        y = HEIGHT - 30 if text.startswith("↓") else 40.0 + 30 * at
        words = text.lstrip("↓").split()
        made.append(Line(tuple(Word(word, 60.0 + 60 * n, y, 55, 12, 1.0) for n, word in enumerate(words))))
    return Page(number, width, HEIGHT, "pt", "text_layer", 0, 0.0, 1.0, tuple(made))


def stack(*pages: tuple[str, ...]) -> list[Page]:
    return [page(number, *lines) for number, lines in enumerate(pages, 1)]


def cuts(pages: list[Page]) -> list[tuple[int, ...]]:
    return [part.pages for part in find_parts(pages)]


NORTH = (
    "Northwind Traders",
    "INVOICE",
    "Invoice number: NW-2041",
    "Table 120.00",
    "Chair 80.00",
    "Total 200.00",
)
HARBOUR = (
    "Harbour Coffee",
    "Rechnung",
    "Rechnungsnummer: 88-17",
    "Bohnen 42,00",
    "Milch 3,00",
    "Summe 45,00",
)
CAFE = ("Chez Paul", "Café 2,50", "Tarte 4,00", "Total 6,50", "Carte 6,50")


def test_invoices_of_different_senders_are_cut_apart() -> None:
    assert cuts(stack(NORTH, HARBOUR, CAFE)) == [(1,), (2,), (3,)]


def test_page_numbers_hold_pages_together_and_part_them() -> None:
    pages = stack(
        (*NORTH[:4], "↓Page 1 of 2"),
        ("Chair 80.00", "Invoice number: NW-2041", "Total 200.00", "↓Page 2 of 2"),
        (*HARBOUR, "↓Seite 1 von 1"),
        ("Contrat", "Entre les soussignés", "↓Page 1 sur 3"),
        ("Article 4", "↓Page 2 sur 3"),
        ("Article 9", "↓Page 3 sur 3"),
    )
    assert cuts(pages) == [(1, 2), (3,), (4, 5, 6)]
    first, second, third = find_parts(pages)
    assert first.reasons == ()
    assert {"page_one", "other_number"} <= set(second.reasons)
    assert min(part.confidence for part in (first, second, third)) > 0.9


def test_separator_sheets_part_documents_and_belong_to_none() -> None:
    text = ("A plain letter about nothing much", "that goes on and on")
    pages = stack(text, ("PATCHT",), text, ("Patch code T separator sheet",), text)
    assert cuts(pages) == [(1,), (3,), (5,)]
    assert find_parts(pages)[1].reasons == ("separator_page",)


def test_a_blank_page_inside_a_document_is_its_page_and_one_between_documents_is_not() -> None:
    assert cuts(stack((*NORTH[:4], "Page 1 of 2"), (), ("Chair 80.00", "Page 2 of 2"))) == [(1, 2, 3)]
    assert cuts(stack(NORTH, (), HARBOUR)) == [(1,), (3,)]


@pytest.mark.parametrize(
    "second",
    [
        ("Invoice number: NW-2041", "Chair 80.00", "Total 200.00"),
        ("carried forward 120.00", "Chair 80.00", "Total 200.00"),
        ("4. Term. This agreement ends", "when either party ends the agreement."),
        ("the delivery is described in the invoice.", "Yours, N."),
    ],
    ids=["the same number", "carried forward", "clauses", "prose"],
)
def test_a_document_that_goes_on_is_not_cut(second: tuple[str, ...]) -> None:
    assert cuts(stack(NORTH, second)) == [(1, 2)]


def test_another_size_of_paper_speaks_for_another_document() -> None:
    slips = [page(1, *CAFE, width=230.0), page(2, "Bistro Lou", "Menu 12,00", "Eau 2,00", "Total 14,00")]
    parts = find_parts(slips)
    assert [part.pages for part in parts] == [(1,), (2,)]
    assert "other_size" in parts[1].reasons


def test_nothing_and_blank_pages_hold_no_document() -> None:
    assert find_parts([]) == ()
    assert find_parts(stack((), ())) == ()


def test_each_part_has_its_own_data() -> None:
    first, second = understand_parts(stack(NORTH, HARBOUR))
    assert first.data.invoice_number is not None and second.data.invoice_number is not None
    assert (first.data.invoice_number.value, second.data.invoice_number.value) == ("NW-2041", "88-17")
    assert understand_parts(stack(NORTH)) == ()
