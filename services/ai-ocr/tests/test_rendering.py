"""Pages as pictures, and searchable PDFs that a validator passes and whose text PDFium reads back in its boxes."""

from collections.abc import Iterable
from io import BytesIO

import pikepdf
import pytest
from automateiq_ocr.recognition import pdf as layers
from automateiq_ocr.recognition.engine import open_document, recognize_page
from automateiq_ocr.recognition.models import (
    JPEG,
    PDF,
    PNG,
    TIFF,
    XML,
    DamagedFile,
    ImageTooLarge,
    Options,
    Page,
    PageNotFound,
    Word,
)
from automateiq_ocr.rendering.engine import make_sheet, render_page
from automateiq_ocr.rendering.models import Sheet, WordsOfPage
from automateiq_ocr.rendering.pdfa import PdfaWriter
from automateiq_ocr.rendering.pictures import MOST_PIXELS
from einvoices import ubl
from hypothesis import given, settings
from hypothesis import strategies as st
from ocr_pages import letter, pdf, picture, saved, text
from pikepdf import pdfa
from PIL import Image, ImageDraw

OPTIONS = Options()


def shown(source: bytes, mimetype: str, page: int = 1, width: int = 300) -> Image.Image:
    image = Image.open(BytesIO(render_page(source, mimetype, page, width, OPTIONS)))
    assert image.format == "WEBP"
    image.load()
    return image


def sheet_of(source: bytes, mimetype: str, page: Page) -> Sheet:
    words = WordsOfPage(page.number, page.width, page.height, page.rotation, page.words)
    return make_sheet(source, mimetype, words, OPTIONS)


def written(sheets: Iterable[Sheet], title: str = "A title") -> bytes:
    out = BytesIO()
    writer = PdfaWriter(out, title)
    for sheet in sheets:
        writer.add(sheet)
    writer.finish()
    return out.getvalue()


def read_back(document: bytes, number: int = 1) -> Page:
    with layers.opened(document, OPTIONS) as opened, layers.opened_page(opened, number) as page:
        read = layers.read_text_layer(page, number, distrust_scans=False)
    assert read is not None
    return read


def blank_sheet(words: list[Word], *, rotation: int = 0, size: tuple[float, float] = (400.0, 300.0)) -> Sheet:
    source = saved(Image.new("RGB", (400, 300), "white"), "PNG")
    return make_sheet(source, PNG, WordsOfPage(1, *size, rotation, words), OPTIONS)


def findings(document: bytes) -> list[str]:
    return [str(finding) for finding in pdfa.validate_written(BytesIO(document), "2b").findings]


def test_a_page_is_shown_in_the_width_that_was_asked_for() -> None:
    document = pdf(
        text(), lambda canvas: canvas.setFillColorRGB(1, 0, 0) or canvas.rect(0, 0, 360, 220, fill=1)
    )
    first, second = shown(document, PDF), shown(document, PDF, 2, 720)
    assert (first.size, second.size) == ((300, 184), (720, 440))
    red, green, blue = second.convert("RGB").getpixel((360, 220))
    assert red > 240 > 20 > max(green, blue)
    assert min(first.convert("L").get_flattened_data()) < 60


def test_images_are_shown_upright_on_white_and_never_blown_up() -> None:
    photo = Image.new("RGB", (80, 40), "white")
    ImageDraw.Draw(photo).rectangle((0, 0, 20, 40), fill="black")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned clockwise by a quarter
    turned = shown(saved(photo, "JPEG", exif=exif), JPEG)
    assert turned.size == (40, 80)
    assert turned.convert("L").getpixel((20, 5)) < 60
    clear = shown(saved(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG"), PNG)
    assert clear.convert("L").getpixel((25, 25)) > 240
    pages = [Image.new("L", (60, 60), 0), Image.new("1", (60, 30), 1), Image.new("I;16", (60, 20), 40_000)]
    tiff = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert [shown(tiff, TIFF, number).size for number in (1, 2, 3)] == [(60, 60), (60, 30), (60, 20)]


def test_an_xml_invoice_is_shown_as_it_was_printed() -> None:
    (page,) = [recognize_page(ubl(), XML, 1, OPTIONS)]
    image = shown(ubl(), XML, 1, 1190).convert("L")
    scale = 1190 / page.width
    for word in page.words:
        box = (word.x, word.y, word.x + word.width, word.y + word.height)
        assert min(image.crop([round(edge * scale) for edge in box]).get_flattened_data()) < 128, word.text
    margins = [image.crop((0, 0, 60, image.height)), image.crop((1130, 0, 1190, image.height))]
    assert all(min(margin.get_flattened_data()) > 200 for margin in margins)


def test_what_can_not_be_shown_is_refused() -> None:
    with pytest.raises(PageNotFound):
        render_page(pdf(text()), PDF, 2, 300, OPTIONS)
    with pytest.raises(PageNotFound):
        render_page(saved(letter(), "PNG"), PNG, 2, 300, OPTIONS)
    with pytest.raises(PageNotFound):
        render_page(ubl(), XML, 2, 300, OPTIONS)
    with pytest.raises(DamagedFile):
        render_page(saved(letter(), "PNG")[:3000], PNG, 1, 300, OPTIONS)
    with pytest.raises(ImageTooLarge):
        render_page(saved(letter(), "PNG"), PNG, 1, 300, Options(max_pixels=1000))


def test_a_very_long_page_stays_within_the_limit() -> None:
    long = pdf(lambda canvas: None, size=(20, 14_000))
    image = shown(long, PDF, 1, 4000)
    assert image.width * image.height <= MOST_PIXELS
    assert image.height <= 16_383


@pytest.mark.parametrize("kind", ["born digital", "scan", "photo", "xml"])
def test_the_words_of_a_reading_come_back_from_their_boxes(kind: str) -> None:
    sources = {
        "born digital": (pdf(text()), PDF),
        "scan": (pdf(picture(letter())), PDF),
        "photo": (saved(letter(), "JPEG"), JPEG),
        "xml": (ubl(), XML),
    }
    source, mimetype = sources[kind]
    page = recognize_page(source, mimetype, 1, OPTIONS)
    document = written([sheet_of(source, mimetype, page)])
    assert findings(document) == []
    back = read_back(document)
    scale = back.width / page.width
    wanted = sorted((word.text, word.x * scale, word.y * scale, word.width * scale) for word in page.words)
    found = sorted((word.text, word.x, word.y, word.width) for word in back.words)
    assert wanted
    assert [word[0] for word in found] == [word[0] for word in wanted]
    for one, other in zip(wanted, found, strict=True):
        assert one[1:] == pytest.approx(other[1:], abs=0.5), one[0]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_text_that_runs_another_way_is_selected_that_way(rotation: int) -> None:
    tall = rotation in (90, 270)
    words = [
        Word("sideways", 50, 60, 12 if tall else 70, 70 if tall else 12, 0.9),
        Word("text", 50 if tall else 140, 150 if tall else 60, 12 if tall else 40, 40 if tall else 12, 0.9),
        # So much text that the page is not taken for a picture with a word on it.
        Word("a" * 30 + "bcd", 150, 20, 12 if tall else 200, 200 if tall else 12, 0.9),
    ]
    document = written([blank_sheet(words, rotation=rotation)])
    assert findings(document) == []
    back = read_back(document)
    assert back.rotation == rotation
    scale = back.width / 400
    for word in words:
        (found,) = [other for other in back.words if other.text == word.text]
        assert (found.x, found.y, found.width, found.height) == pytest.approx(
            [edge * scale for edge in (word.x, word.y, word.width, word.height)], abs=0.5
        )


def test_every_script_comes_back() -> None:
    texts = ["Größe", "čeština", "Ελλάδα", "Привет", "中文字", "𝔘nicode", "(a\\b)", "100%"]
    words = [Word(one, 20, 20 + 30 * row, 80, 14, 1) for row, one in enumerate(texts)]
    document = written([blank_sheet(words)])
    assert findings(document) == []
    assert sorted(word.text for word in read_back(document).words) == sorted(texts)


def test_pages_keep_their_order_and_their_sizes() -> None:
    source = pdf(
        text(("first page here, with more than a picture",)),
        text(("second page here, with more than a picture",)),
        size=(500, 300),
    )
    pages = [recognize_page(source, PDF, number, OPTIONS) for number in (1, 2)]
    document = written([sheet_of(source, PDF, page) for page in pages], "Größe <&> \x00")
    assert findings(document) == []
    with pikepdf.open(BytesIO(document)) as opened:
        assert [tuple(map(float, page.mediabox)) for page in opened.pages] == [(0, 0, 500, 300)] * 2
        meta = opened.open_metadata()
        assert meta.pdfa_status == "2B"
        assert meta["dc:title"] == "Größe <&> "
        assert not opened.check_pdf_syntax()
    assert [read_back(document, number).text for number in (1, 2)] == [
        "first page here, with more than a picture",
        "second page here, with more than a picture",
    ]


def test_the_picture_is_the_page() -> None:
    source = pdf(lambda canvas: canvas.setFillColorRGB(0, 0, 1) or canvas.rect(0, 110, 180, 110, fill=1))
    document = written([make_sheet(source, PDF, WordsOfPage(1, 360, 220, 0, ()), OPTIONS)])
    image = shown(document, PDF, 1, 360).convert("RGB")
    assert image.getpixel((90, 50))[2] > 200 > 60 > image.getpixel((90, 50))[0]
    assert min(image.getpixel((270, 160))) > 240


def test_the_same_call_gives_the_same_bytes() -> None:
    words = [Word("same", 20, 20, 80, 14, 1)]
    assert written([blank_sheet(words)]) == written([blank_sheet(words)])


def test_the_validator_sees_what_is_wrong() -> None:
    """What passes above is not passed blindly."""
    sound = written([blank_sheet([Word("word", 20, 20, 80, 14, 1)])])
    assert findings(sound.replace(b"<pdfaid:part>2<", b"<pdfaid:part>4<"))
    assert findings(sound.replace(b"/FontFile2 8 0 R", b"/FontFile2 9 9 R"))
    assert findings(sound.replace(b"/OutputIntents", b"/OutputIntentz"))


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.builds(
            Word,
            st.text(max_size=30),
            st.floats(-50, 500),
            st.floats(-50, 500),
            st.floats(0, 500),
            st.floats(0, 500),
            st.just(1.0),
        ),
        max_size=5,
    )
)
def test_any_words_make_a_sound_pdf(words: list[Word]) -> None:
    document = written([blank_sheet(words)])
    assert findings(document) == []
    assert open_document(document, PDF, OPTIONS).page_count == 1
