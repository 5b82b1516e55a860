"""PDFs: their own text where it can be trusted, a look at the page where not."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from automateiq_ocr.recognition.engine import open_document
from automateiq_ocr.recognition.models import Box, Options, Page, PageNotFound
from automateiq_ocr.recognition.pdf import is_plausible
from ocr_pages import (
    FONT,
    LEFT,
    LINES,
    SIZE,
    box_of,
    ink_box,
    letter,
    only,
    overlap,
    pdf,
    picture,
    read,
    share_read,
    shot,
    text,
    tokens,
)
from PIL import Image

from samples.make import hostile

WORD = "Hawthorne,"
DPI = 200


def seen_at(document: bytes) -> Box:
    """Where, in points, the only thing on the first page is seen."""
    box = ink_box(shot(document, DPI))
    factor = 72 / DPI
    return Box(box.x * factor, box.y * factor, box.width * factor, box.height * factor)


def covers(found: Box, seen: Box) -> bool:
    """A word of a text layer has its font's height; what is seen of it lies within, and ends at the same sides."""
    across = abs(found.x - seen.x) < 2 and abs(found.right - seen.right) < 2
    return across and found.y <= seen.y + 1 and found.bottom >= seen.bottom - 1 and found.height < 2.2 * FONT


def test_a_text_layer_is_taken_as_it_is() -> None:
    page = read(pdf(text()))
    assert page.source == "text_layer"
    assert page.text == "\n".join(LINES)
    assert (page.width, page.height, page.unit, page.rotation) == (*SIZE, "pt", 0)
    assert page.confidence == 1.0
    assert {word.confidence for word in page.words} == {1.0}


@pytest.mark.parametrize("word", ["Hawthorne,", "benches", "afternoon.", "17"])
def test_words_of_a_text_layer_lie_where_they_are_seen(word: str) -> None:
    assert covers(box_of(read(pdf(text())), word), seen_at(pdf(only(word))))


def test_the_text_layer_of_an_invoice_is_complete() -> None:
    bill = hostile.load_bill(3)
    found = read(hostile.digital_pdf(3)).text
    for wanted in (bill.vendor, bill.number, *(item.description for item in bill.items)):
        assert wanted in found


def shown_turned(document: bytes, quarter: int) -> bytes:
    """The same page with /Rotate."""
    turned = re.sub(rb"/Rotate 0", b"/Rotate %d" % quarter, document)
    assert turned != document
    return turned


@pytest.mark.parametrize("quarter", [90, 180, 270])
def test_boxes_of_a_turned_pdf_page_lie_on_the_page_as_shown(quarter: int) -> None:
    page = read(shown_turned(pdf(text()), quarter))
    assert (page.width, page.height) == (SIZE if quarter == 180 else SIZE[::-1])
    assert (page.source, share_read(page)) == ("text_layer", 1.0)
    assert page.rotation == (360 - quarter) % 360
    seen = seen_at(shown_turned(pdf(only(WORD)), quarter))
    assert overlap(box_of(page, WORD), seen) > 0.5


@pytest.mark.parametrize("quarter", [90, 180, 270])
def test_text_set_sideways_and_shown_upright_is_upright(quarter: int) -> None:
    size = SIZE if quarter == 180 else SIZE[::-1]

    def sideways(draw: Callable[[Any], None]) -> Callable[[Any], None]:
        def turned(canvas: Any) -> None:
            canvas.translate(*{90: (size[0], 0), 180: size, 270: (0, size[1])}[quarter])
            canvas.rotate(quarter)
            draw(canvas)

        return turned

    document = shown_turned(pdf(sideways(text()), size=size), quarter)
    page = read(document)
    assert (page.width, page.height, page.rotation) == (*SIZE, 0)
    assert page.text == "\n".join(LINES)
    seen = seen_at(shown_turned(pdf(sideways(only(WORD)), size=size), quarter))
    assert covers(box_of(page, WORD), seen)
    plain = read(pdf(sideways(text()), size=size))
    assert plain.rotation == quarter
    assert overlap(box_of(plain, WORD), seen_at(pdf(sideways(only(WORD)), size=size))) > 0.5


def test_boxes_of_a_cropped_page_count_from_the_corner_that_is_shown() -> None:
    def cropped(draw: Callable[[Any], None]) -> Callable[[Any], None]:
        def cut(canvas: Any) -> None:
            canvas.setCropBox((20, 50, 340, 210))
            draw(canvas)

        return cut

    page = read(pdf(cropped(text())))
    assert (page.width, page.height) == (320, 160)
    assert covers(box_of(page, WORD), seen_at(pdf(cropped(only(WORD)))))
    # Cut off, so that nobody sees it.
    assert tokens(read(pdf(cropped(text(("seen", "hidden"), first=60))))) == ["seen"]


def test_a_scanned_page_is_read_and_its_boxes_are_points() -> None:
    page = read(pdf(picture(letter())))
    assert (page.source, page.unit, page.width, page.height) == ("ocr", "pt", *SIZE)
    assert share_read(page) >= 0.95
    assert overlap(box_of(page, WORD), seen_at(pdf(picture(shot(pdf(only(WORD))))))) > 0.7


@pytest.mark.parametrize("quarter", [90, 180, 270])
def test_a_scan_that_is_shown_turned_is_read_where_it_stands(quarter: int) -> None:
    page = read(shown_turned(pdf(picture(letter())), quarter))
    assert page.rotation == (360 - quarter) % 360
    assert share_read(page) >= 0.9
    seen = seen_at(shown_turned(pdf(picture(shot(pdf(only(WORD))))), quarter))
    assert overlap(box_of(page, WORD), seen) > 0.7


def test_each_page_is_read_in_the_way_it_needs() -> None:
    document = pdf(text(), picture(letter()), lambda canvas: None, text(("And a last page of text.",)))
    assert open_document(document, "application/pdf", Options()).page_count == 4
    pages = [read(document, number) for number in (1, 2, 3, 4)]
    assert [page.source for page in pages] == ["text_layer", "ocr", "ocr", "text_layer"]
    assert [page.number for page in pages] == [1, 2, 3, 4]
    assert share_read(pages[1]) >= 0.95
    assert (pages[2].text, pages[2].words, pages[2].confidence) == ("", (), 0.0)
    assert pages[3].text == "And a last page of text."
    for missing in (0, 5, -1):
        with pytest.raises(PageNotFound):
            read(document, missing)


def test_a_blank_pdf_is_empty() -> None:
    page = read(hostile.blank_pdf())
    assert (page.text, page.words) == ("", ())


WRONG = (
    "Completely different words that",
    "some scanner once believed to see,",
    "none of which stand on the page.",
)


def test_a_scanners_own_layer_is_not_trusted() -> None:
    def scanned_with_layer(canvas: Any) -> None:
        picture(letter())(canvas)
        text(WRONG, mode=3)(canvas)

    page = read(pdf(scanned_with_layer))
    assert page.source == "ocr"
    assert share_read(page) >= 0.95
    assert share_read(page, WRONG) < 0.5


def test_text_beneath_a_scan_is_not_trusted() -> None:
    def covered(canvas: Any) -> None:
        text(WRONG)(canvas)
        picture(letter())(canvas)

    page = read(pdf(covered))
    assert (page.source, share_read(page) >= 0.95) == ("ocr", True)


def test_a_scanners_layer_is_better_than_nothing() -> None:
    def illegible(canvas: Any) -> None:
        picture(Image.new("L", (400, 300), 255))(canvas)
        text(mode=3)(canvas)

    page = read(pdf(illegible))
    assert (page.source, page.text) == ("text_layer", "\n".join(LINES))


def test_a_stamp_on_a_scan_does_not_hide_what_the_scan_says() -> None:
    stamp = ("Received on 12 March 2025 by the accounts department",)

    def stamped(canvas: Any) -> None:
        picture(letter())(canvas)
        text(stamp, first=18)(canvas)

    page = read(pdf(stamped))
    assert share_read(page) >= 0.9
    assert share_read(page, stamp) >= 0.7


def test_text_over_a_photograph_is_taken_from_the_layer() -> None:
    specks = np.random.default_rng(1).integers(120, 256, (60, 90)).astype(np.uint8)

    def on_photograph(canvas: Any) -> None:
        picture(Image.fromarray(specks).resize((1080, 660), Image.Resampling.BICUBIC))(canvas)
        text()(canvas)

    page = read(pdf(on_photograph))
    assert (page.source, page.text) == ("text_layer", "\n".join(LINES))


def test_text_over_a_picture_of_paper_is_taken_from_the_layer() -> None:
    def on_paper(canvas: Any) -> None:
        picture(Image.new("L", (400, 300), 235))(canvas)
        text()(canvas)

    page = read(pdf(on_paper))
    assert (page.source, page.text) == ("text_layer", "\n".join(LINES))


def without_map(document: bytes) -> bytes:
    """The page's letters moved into a range where they mean nothing, as fonts without a Unicode map leave them."""
    return re.sub(
        rb"/Encoding /WinAnsiEncoding", b"/Encoding << /Differences [32 " + GARBLED + b"] >>", document
    )


# The glyphs keep their shapes' places, and their names say something else: `a` is called /g1, `b` /g2 and so on.
GARBLED = b" ".join(b"/uniE%03X" % code for code in range(224))


def test_a_layer_whose_letters_mean_nothing_is_not_trusted() -> None:
    def nonsense(canvas: Any) -> None:
        picture(letter())(canvas)

    document = without_map(pdf(text(), nonsense))
    page = read(document)
    assert page.source == "ocr"
    assert not any("\ue000" <= mark <= "\uf8ff" for mark in page.text)


@pytest.mark.parametrize(
    ("said", "plausible"),
    [
        ("Invoice 2025-114 of Larch & Fold Ltd, total 12.50", True),
        ("Überweisung für Grünstraße 5, 10115 Berlin", True),
        ("12.50 13.00 25.50", True),
        ("Счёт на оплату № 15", True),
        ("请求书 第五号", True),
        ("", False),
        (" \n\t ", False),
        ("\ue001\ue002\ue003 \ue004\ue005 \ue006", False),
        ("\ufffd\ufffd\ufffd bad \ufffd\ufffd", False),
        ("!!\" #$% &'( )*+ ,-. /:; <=>", False),
        ("qxz vbnm kjhg wrtp sdfg zxcv plkm", False),
        ("\x01\x02\x03\x04 \x05\x06\x07", False),
    ],
)
def test_what_reads_like_text(said: str, plausible: bool) -> None:
    assert is_plausible(said) is plausible


def filled_form(canvas: Any) -> None:
    canvas.setFont("Helvetica", 12)
    canvas.drawString(30, 180, "Order of the Garden Club, to be filled in by hand")
    canvas.acroForm.textfield(
        name="name", value="Lindqvist", x=30, y=120, width=200, height=24, borderWidth=1
    )
    canvas.acroForm.textfield(
        name="total", value="118.40", x=30, y=80, width=200, height=24, borderWidth=1, fontSize=12
    )


def values_only(document: bytes) -> bytes:
    """The form as a program leaves it that fills in the values and draws nothing (/NeedAppearances)."""
    bare = re.sub(rb"/AP <<\s*/N \d+ 0 R\s*>>", b"", document)
    assert bare.count(b"/AP") < document.count(b"/AP")
    return bare


@pytest.mark.parametrize("made", [lambda document: document, values_only], ids=["drawn", "values only"])
def test_what_was_filled_into_a_form_is_part_of_the_text(made: Callable[[bytes], bytes]) -> None:
    page: Page = read(made(pdf(filled_form)))
    assert page.source == "text_layer"
    assert {"Lindqvist", "118.40", "Garden"} <= set(tokens(page))
    assert overlap(box_of(page, "118.40"), Box(30, 120, 60, 20)) > 0.2


def test_a_form_on_a_scan_is_read_with_its_values() -> None:
    def form(canvas: Any) -> None:
        picture(letter())(canvas)
        canvas.acroForm.textfield(
            name="n", value="Lindqvist", x=LEFT, y=20, width=200, height=30, fontSize=16
        )

    page = read(pdf(form))
    assert share_read(page) >= 0.9
    assert "Lindqvist" in tokens(page)
