"""Fingerprints of pages: near for pictures of one page, far for others."""

from io import BytesIO

import pytest
from automateiq_ocr.recognition.fingerprint import distance, fingerprint, fingerprint_of_pdf
from automateiq_ocr.recognition.models import Options, Page
from automateiq_ocr.recognition.pages import read_page
from ocr_pages import pdf, picture, saved, shot, text
from PIL import Image

from samples.make import hostile

# As far as pictures of one page may be apart (documents/duplicates/models.py looks for such).
SAME = 40


def bill(number: int) -> Image.Image:
    return shot(hostile.digital_pdf(number), 150)


def recompressed(image: Image.Image) -> Image.Image:
    out = BytesIO()
    image.save(out, "JPEG", quality=30)
    with Image.open(BytesIO(out.getvalue())) as opened:
        return opened.convert("L")


def with_margin(image: Image.Image) -> Image.Image:
    wide = Image.new("L", (image.width * 6 // 5, image.height * 7 // 6), 255)
    wide.paste(image, (image.width // 10, image.height // 12))
    return wide


@pytest.mark.parametrize(
    "change",
    [
        recompressed,
        with_margin,
        lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.BICUBIC),
        lambda image: image.point(lambda shade: int(shade * 0.8)),
        lambda image: image.rotate(0.4, resample=Image.Resampling.BICUBIC, fillcolor=255),
    ],
    ids=["recompressed", "with a margin", "half as large", "darker", "a little askew"],
)
@pytest.mark.parametrize("number", range(4))
def test_another_picture_of_a_page_is_near(change: object, number: int) -> None:
    assert callable(change)
    assert distance(fingerprint(bill(number)), fingerprint(change(bill(number)))) <= SAME


def test_another_page_is_far() -> None:
    letter = fingerprint(shot(pdf(text()), 150))
    other = fingerprint(
        shot(pdf(text(("Paid", "in full", "", "", "on the seventeenth of March, thank you."))), 150)
    )
    assert all(distance(fingerprint(bill(number)), letter) > 2 * SAME for number in range(4))
    assert distance(letter, other) > 2 * SAME


def test_what_the_reader_turned_is_turned_here_too() -> None:
    upright, page = fingerprint(bill(1)), bill(1)
    assert distance(upright, fingerprint(page.rotate(-90, expand=True), rotation=270)) <= SAME
    askew = page.rotate(-3, resample=Image.Resampling.BICUBIC, fillcolor=255)
    assert distance(upright, fingerprint(askew, skew=3.0)) <= 2 * SAME


def test_a_blank_page_has_none() -> None:
    assert fingerprint(Image.new("L", (600, 800), 250)) == ""
    assert fingerprint(Image.new("L", (1, 1), 0)) == ""


def test_a_page_that_was_read_says_what_read_it_and_what_it_looks_like() -> None:
    digital = hostile.digital_pdf(2)
    layer = read_page(digital, "application/pdf", 1, Options())
    scan = read_page(saved(shot(digital, 200), "PNG"), "image/png", 1, Options())
    assert (layer.engine, layer.source) == ("text_layer", "text_layer")
    assert scan.source == "ocr" and scan.engine not in ("", "text_layer")
    assert distance(layer.image_hash, scan.image_hash) <= SAME


def test_a_page_whose_picture_is_refused_has_no_fingerprint() -> None:
    page = Page(1, 360, 220, "pt", "text_layer", 0, 0.0, 1.0, ())
    bomb = pdf(picture(Image.new("L", (600, 600), 128)))
    assert fingerprint_of_pdf(bomb, page, Options(max_pixels=1000)) == ""
