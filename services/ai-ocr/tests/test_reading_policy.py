"""What is looked at, with which engine and how often; on pictures and PDFs that the tests draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from automateiq_ocr.recognition import regions, tesseract
from automateiq_ocr.recognition.models import Options, Page
from automateiq_ocr.recognition.orientation import find_ink, seems_sideways
from automateiq_ocr.recognition.rapid import RapidRecognizer
from automateiq_ocr.recognition.recognizers import RawWord
from ocr_pages import LINES, letter, pdf, picture, read, saved, share_read, shot, text, tokens
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader

SHOPS = (
    ("Corner Bakery", "Rye bread 3.40", "Apple cake 2.80", "Total 6.20", "Thank you"),
    ("Harbour Books", "Atlas 24.00", "Pencils 5.50", "Total 29.50", "Come again"),
)
GERMAN = (
    "Sehr geehrte Frau Müller, wir danken für",
    "Ihren Auftrag und übersenden die Rechnung.",
    "Bitte überweisen Sie den Betrag für die",
    "Gartenmöbel und Lampenschirme bis Freitag.",
    "Mit freundlichen Grüßen aus Köln",
)


def receipt(lines: tuple[str, ...], *, width: int = 420) -> Image.Image:
    image = Image.new("L", (width, 130 * len(lines)), 255)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(34)
    for at, line in enumerate(lines):
        draw.text((20, 45 + at * 120), line, fill=15, font=font)
        draw.text((20, 100 + at * 120), f"no. {at} of the till", fill=15, font=font)
    return image


def on_glass(*receipts: Image.Image, size: tuple[int, int] = (1700, 1500)) -> Image.Image:
    """Receipts side by side on a scanner's glass."""
    glass = Image.new("L", size, 255)
    for at, one in enumerate(receipts):
        glass.paste(one, (200 + at * 800, 150))
    return glass


def spoilt(image: Image.Image) -> Image.Image:
    """Faint dots on grey paper, which Tesseract cannot make out."""
    grey = np.asarray(image).astype(np.float32)
    y, x = np.indices(grey.shape)
    noise = np.random.default_rng(3).normal(0, 12, grey.shape)
    faint = np.where(((x % 4 == 0) | (y % 4 == 0)) & (grey < 128), 205, 150 + grey / 4 + noise)
    return Image.fromarray(faint.clip(0, 255).astype(np.uint8))


def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The languages of each of Tesseract's looks, which are made all the same."""
    looks: list[tuple[str, ...]] = []
    real: Callable[..., list[RawWord]] = tesseract.read

    def look(image: Image.Image, languages: tuple[str, ...], *rest: Any, **more: Any) -> list[RawWord]:
        looks.append(languages)
        return real(image, languages, *rest, **more)

    monkeypatch.setattr(tesseract, "read", look)
    return looks


def block_of(page: Page, word: str) -> int:
    (found,) = [line.block for line in page.lines if word in line.text.split()]
    return found


def test_receipts_side_by_side_are_read_apart_and_keep_together() -> None:
    page = read(saved(on_glass(*map(receipt, SHOPS)), "PNG"))
    assert {block_of(page, word) for word in ("Bakery", "3.40", "6.20")} == {block_of(page, "Bakery")}
    assert {block_of(page, word) for word in ("Books", "24.00", "29.50")} == {block_of(page, "Books")}
    assert block_of(page, "Bakery") != block_of(page, "Books")
    (total,) = [word for word in page.words if word.text == "29.50"]
    assert total.x > 1000
    assert not any("Bakery" in line.text and "Books" in line.text for line in page.lines)


def test_a_small_receipt_is_cut_out_and_a_page_full_of_print_is_not() -> None:
    glass = on_glass(receipt(SHOPS[0]), size=(1700, 2400))
    dust = np.random.default_rng(1)
    draw = ImageDraw.Draw(glass)
    for x, y in dust.integers((0, 0), (1690, 2390), (60, 2)):
        draw.rectangle((x, y, x + 3, y + 3), fill=60)
    (part,) = regions.parts(find_ink(glass))
    assert part.x <= 220
    assert part.right >= 500
    assert part.width * part.height < 0.5 * 1700 * 2400
    assert regions.parts(find_ink(letter())) == []
    assert regions.parts(find_ink(Image.new("L", (900, 900), 255))) == []


def test_a_small_receipts_boxes_lie_on_the_whole_scan() -> None:
    page = read(saved(on_glass(receipt(SHOPS[1]), size=(1700, 2400)), "PNG"))
    assert (page.width, page.height) == (1700, 2400)
    (word,) = [word for word in page.words if word.text == "Atlas"]
    assert 200 < word.x < 260
    assert 290 < word.y < 360


def test_a_german_page_is_read_again_in_german(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = counted(monkeypatch)
    image = shot(pdf(text(GERMAN)), 300)
    page = read(saved(image, "PNG"))
    assert looks == [("eng",), ("deu", "eng")]
    assert share_read(page, GERMAN) > 0.95
    assert {"Müller,", "überweisen", "Grüßen"} <= set(tokens(page))


def test_a_page_is_read_in_no_language_that_was_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = counted(monkeypatch)
    read(saved(shot(pdf(text(GERMAN)), 300), "PNG"), options=Options(languages=("eng", "fra")))
    assert looks == [("eng",)]


def test_a_clean_english_page_takes_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = counted(monkeypatch)
    assert share_read(read(saved(letter(300), "PNG"))) > 0.95
    assert looks == [("eng",)]


def test_what_tesseract_finds_nothing_on_is_not_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tesseract, "read", lambda *_, **__: [])
    page = read(saved(letter(), "PNG"))
    assert share_read(page) > 0.9


@pytest.mark.parametrize(
    ("turned", "rotation"),
    [
        (Image.Transpose.ROTATE_90, 90),
        (Image.Transpose.ROTATE_180, 180),
        (Image.Transpose.ROTATE_270, 270),
    ],
)
def test_the_deep_engine_finds_out_alone_how_a_page_lies(
    turned: Image.Transpose, rotation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tesseract, "read", lambda *_, **__: [])
    monkeypatch.setattr(tesseract, "orientation", lambda *_: None)
    page = read(saved(letter().transpose(turned), "PNG"))
    assert page.rotation == rotation
    assert share_read(page) > 0.9


def test_a_page_on_its_side_is_suspected_and_an_upright_one_is_not() -> None:
    image = letter()
    assert seems_sideways(find_ink(image.transpose(Image.Transpose.ROTATE_90)))
    assert not seems_sideways(find_ink(image))
    assert not seems_sideways(find_ink(Image.new("L", (500, 700), 255)))


def test_a_spoilt_page_is_read_the_same_twice() -> None:
    file = saved(spoilt(letter()), "PNG")
    assert read(file) == read(file)


def with_logo(image: Image.Image, x: float, y: float, width: float, height: float) -> Callable[[Any], None]:
    body = text()

    def draw(canvas: Any) -> None:
        body(canvas)
        canvas.drawImage(ImageReader(image), x, y, width, height)

    return draw


def wordmark(name: str = "Kestrel & Daughters") -> Image.Image:
    image = Image.new("L", (720, 140), 255)
    ImageDraw.Draw(image).text((20, 30), name, fill=20, font=ImageFont.load_default(68))
    return image


def test_a_logo_beside_a_text_layer_is_read_where_it_stands() -> None:
    page = read(pdf(with_logo(wordmark(), 30, 300, 180, 35), size=(360, 400)))
    assert page.source == "text_layer"
    assert page.lines[0].text == "Kestrel & Daughters"
    assert share_read(page) == 1
    (word,) = [word for word in page.words if word.text == "Kestrel"]
    assert 30 < word.x < 45
    assert 65 < word.y < 100
    assert 0.7 < word.confidence < 1
    assert {word.confidence for word in page.words if word.text == "parcels:"} == {1.0}


@pytest.mark.parametrize(
    ("image", "place"),
    [
        (Image.new("L", (700, 140), 255), (30, 300, 180, 35)),
        (wordmark("Kestrel").resize((400, 400)), (30, 340, 40, 40)),
        (wordmark().resize((60, 12)), (30, 300, 180, 35)),
    ],
    ids=["nothing on it", "an emblem", "too few pixels"],
)
def test_pictures_that_say_nothing_leave_the_text_layer_alone(
    image: Image.Image, place: tuple[float, float, float, float]
) -> None:
    page = read(pdf(with_logo(image, *place), size=(360, 400)))
    assert tokens(page) == " ".join(LINES).split()
    assert page.confidence == 1.0


def test_a_letterhead_that_repeats_is_read_on_the_first_page_alone() -> None:
    head = with_logo(wordmark(), 30, 300, 180, 35)
    file = pdf(head, head, size=(595, 842))
    assert "Kestrel" in tokens(read(file, 1))
    assert "Kestrel" not in tokens(read(file, 2))


def test_a_text_layer_without_pictures_asks_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object, **__: object) -> list[RawWord]:
        raise AssertionError("an engine was asked")

    monkeypatch.setattr(tesseract, "read", asked)
    monkeypatch.setattr(RapidRecognizer, "read", asked)
    assert share_read(read(pdf(text()))) == 1


def test_a_scan_with_a_scanners_layer_is_read_anew() -> None:
    nonsense = ("Deer Mrs Howthornc,", "the gordan benchcs thct yuo ordcred")

    def draw(canvas: Any) -> None:
        picture(letter())(canvas)
        text(nonsense, mode=3)(canvas)

    page = read(pdf(draw))
    assert page.source == "ocr"
    assert share_read(page) > 0.9
    assert "Howthornc," not in tokens(page)
