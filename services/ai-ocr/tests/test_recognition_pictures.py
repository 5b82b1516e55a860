"""Images of every kind and position: the words are read, and their boxes lie on the image as it is shown."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from automateiq_ocr.recognition.geometry import Placement, rotate, scaling, turn
from automateiq_ocr.recognition.models import EngineUnavailable, Options, PageFailed, PageNotFound
from automateiq_ocr.recognition.orientation import estimate_skew, find_ink
from ocr_pages import (
    LINES,
    box_of,
    ink_box,
    letter,
    only,
    overlap,
    pdf,
    read,
    saved,
    share_read,
    shot,
    text,
    tokens,
)
from PIL import Image, ImageChops, ImageDraw

from samples.make import hostile

WORD = "Hawthorne,"


def deep(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(image).astype(np.uint16) * 257)


def clear_paper(image: Image.Image) -> Image.Image:
    """Black letters on nothing; what is transparent is black, as many programs leave it."""
    seen = Image.new("RGBA", image.size, (0, 0, 0, 0))
    seen.putalpha(ImageChops.invert(image))
    return seen


def palette(image: Image.Image) -> Image.Image:
    return image.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE, colors=8)


FILES: dict[str, Callable[[Image.Image], bytes]] = {
    "png grey": lambda image: saved(image, "PNG", dpi=(200, 200)),
    "png without dpi": lambda image: saved(image, "PNG"),
    "png with nonsense for dpi": lambda image: saved(image, "PNG", dpi=(1, 1)),
    "png 1 bit": lambda image: saved(image.convert("1"), "PNG"),
    "png 16 bit": lambda image: saved(deep(image), "PNG"),
    "png palette": lambda image: saved(palette(image), "PNG"),
    "png alpha": lambda image: saved(clear_paper(image), "PNG"),
    "png grey with alpha": lambda image: saved(clear_paper(image).convert("LA"), "PNG"),
    "jpeg": lambda image: saved(image.convert("RGB"), "JPEG", quality=80),
    "jpeg cmyk": lambda image: saved(image.convert("CMYK"), "JPEG", quality=90),
    "jpeg progressive": lambda image: saved(image, "JPEG", quality=80, progressive=True),
    "webp": lambda image: saved(image.convert("RGB"), "WEBP", quality=80),
    "webp alpha": lambda image: saved(clear_paper(image), "WEBP", lossless=True),
    "tiff fax": lambda image: saved(image.convert("1"), "TIFF", compression="group4"),
    "tiff lzw": lambda image: saved(image.convert("RGB"), "TIFF", compression="tiff_lzw"),
    "tiff 16 bit": lambda image: saved(deep(image), "TIFF"),
    "tiff float": lambda image: saved(Image.fromarray(np.asarray(image, np.float32) / 255), "TIFF"),
    "tiff cmyk": lambda image: saved(image.convert("CMYK"), "TIFF"),
}


@pytest.mark.parametrize("kind", FILES)
def test_images_of_every_kind_are_read(kind: str) -> None:
    image = letter()
    page = read(FILES[kind](image))
    assert share_read(page) >= 0.95
    assert (page.width, page.height, page.unit) == (*image.size, "px")
    assert (page.source, page.rotation, page.skew) == ("ocr", 0, 0.0)
    assert 0.8 < page.confidence <= 1
    assert overlap(box_of(page, WORD), ink_box(shot(pdf(only(WORD))))) > 0.7


def test_every_word_covers_its_own_ink() -> None:
    image = letter()
    page = read(saved(image, "PNG"))
    words = " ".join(LINES).split()
    for word in (word for word in words if words.count(word) == 1):
        assert overlap(box_of(page, word), ink_box(shot(pdf(only(word))))) > 0.6, word


def test_the_text_keeps_lines_and_their_order() -> None:
    page = read(saved(letter(), "PNG"))
    assert [line for line in page.text.split("\n") if line] == list(LINES)


def test_pages_of_a_tiff_are_read_one_by_one() -> None:
    first, second = letter(), shot(pdf(text(("The second page", "speaks of ladders."))))
    file = saved(first, "TIFF", save_all=True, append_images=[second.resize((500, 310))])
    assert share_read(read(file, 1)) >= 0.95
    last = read(file, 2)
    assert "ladders." in tokens(last)
    assert (last.number, last.width, last.height) == (2, 500, 310)
    for missing in (0, 3, -1):
        with pytest.raises(PageNotFound):
            read(file, missing)


def test_only_the_first_picture_of_an_animation_is_a_page() -> None:
    file = saved(
        letter(), "WEBP", save_all=True, append_images=[letter().transpose(Image.Transpose.ROTATE_180)]
    )
    assert share_read(read(file)) >= 0.95
    with pytest.raises(PageNotFound):
        read(file, 2)


# What a camera writes for each way it was held, and what undoes it (EXIF 2.32, tag 0x0112).
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("tag", STORED)
def test_photographs_are_turned_by_their_exif_tag(tag: int) -> None:
    upright = letter(150)
    exif = Image.Exif()
    exif[0x0112] = tag
    page = read(saved(upright.transpose(STORED[tag]), "JPEG", quality=90, exif=exif))
    assert (page.width, page.height, page.rotation) == (*upright.size, 0)
    assert share_read(page) >= 0.95
    assert overlap(box_of(page, WORD), ink_box(shot(pdf(only(WORD)), 150))) > 0.7


@pytest.mark.parametrize(
    ("turned", "rotation"),
    [
        (Image.Transpose.ROTATE_90, 90),
        (Image.Transpose.ROTATE_180, 180),
        (Image.Transpose.ROTATE_270, 270),
    ],
)
def test_pages_that_lie_on_their_side_are_read_where_they_stand(
    turned: Image.Transpose, rotation: int
) -> None:
    image = letter().transpose(turned)
    page = read(saved(image, "PNG"))
    assert page.rotation == rotation
    assert (page.width, page.height) == image.size
    assert share_read(page) >= 0.9
    alone = shot(pdf(only(WORD))).transpose(turned)
    assert overlap(box_of(page, WORD), ink_box(alone)) > 0.7


@pytest.mark.parametrize("degrees", [-3.0, 3.0])
def test_crooked_pages_are_straightened_and_boxes_lie_on_the_crooked_page(degrees: float) -> None:
    def crooked(image: Image.Image) -> Image.Image:
        return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)

    image = crooked(letter())
    page = read(saved(image, "PNG"))
    assert page.skew == pytest.approx(-degrees, abs=0.3)
    assert (page.width, page.height) == image.size
    assert share_read(page) >= 0.9
    assert overlap(box_of(page, WORD), ink_box(crooked(shot(pdf(only(WORD)))))) > 0.6


def test_a_page_both_turned_and_crooked_is_read_where_it_stands() -> None:
    def laid(image: Image.Image) -> Image.Image:
        return image.rotate(180 + 2.5, Image.Resampling.BICUBIC, expand=True, fillcolor=255)

    page = read(saved(laid(letter()), "PNG"))
    assert page.rotation == 180
    assert page.skew == pytest.approx(-2.5, abs=0.4)
    assert overlap(box_of(page, WORD), ink_box(laid(shot(pdf(only(WORD)))))) > 0.6


def test_a_straight_page_is_not_rotated() -> None:
    assert estimate_skew(find_ink(letter())) == 0.0


def test_a_large_scan_is_scaled_down_and_boxes_lie_on_the_large_one() -> None:
    big = (5600, 4200)
    image, alone = Image.new("L", big, 255), Image.new("L", big, 255)
    for canvas, drawing in ((image, text()), (alone, only(WORD))):
        canvas.paste(shot(pdf(drawing), 800), (700, 900))
    page = read(saved(image, "PNG", compress_level=1))
    assert (page.width, page.height) == big
    assert share_read(page) >= 0.9
    assert overlap(box_of(page, WORD), ink_box(alone)) > 0.7


@pytest.mark.parametrize(
    "image",
    [
        Image.new("L", (800, 600), 255),
        Image.new("L", (800, 600), 0),
        Image.new("L", (1, 1), 255),
        Image.new("L", (3, 2000), 255),
        Image.new("RGBA", (300, 300), (0, 0, 0, 0)),
        Image.new("RGB", (500, 400), (120, 130, 110)),
    ],
    ids=["white", "black", "one pixel", "a strip", "nothing", "one colour"],
)
def test_a_page_with_nothing_on_it_is_empty_and_no_error(image: Image.Image) -> None:
    page = read(saved(image, "PNG"))
    assert (page.text, page.words, page.confidence, page.rotation) == ("", (), 0.0, 0)
    assert (page.width, page.height) == image.size


def test_a_blank_scan_is_empty() -> None:
    assert read(hostile.blank_png()).text == ""


def faint(image: Image.Image) -> Image.Image:
    return image.point(lambda grey: 190 + grey * 60 // 255)


def inverted(image: Image.Image) -> Image.Image:
    return ImageChops.invert(image)


def shaded(image: Image.Image) -> Image.Image:
    slope = np.linspace(0.35, 1.0, image.width, dtype=np.float32)
    return Image.fromarray((np.asarray(image) * slope).astype(np.uint8))


def noisy(image: Image.Image) -> Image.Image:
    noise = np.random.default_rng(5).normal(0, 25, (image.height, image.width))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def small(image: Image.Image) -> Image.Image:
    return image.resize((image.width * 2 // 5, image.height * 2 // 5), Image.Resampling.LANCZOS)


def framed(image: Image.Image) -> Image.Image:
    ImageDraw.Draw(image).rectangle((8, 8, image.width - 9, image.height - 9), outline=0, width=6)
    return image


@pytest.mark.parametrize("spoil", [faint, inverted, shaded, noisy, small, framed])
def test_a_legible_page_does_not_come_back_empty(spoil: Callable[[Image.Image], Image.Image]) -> None:
    page = read(saved(spoil(letter()), "PNG"))
    assert share_read(page) >= 0.8


@pytest.mark.parametrize("word", ["Hello", "42.50", "Kestrel"])
def test_a_single_word_is_read(word: str) -> None:
    assert word in tokens(read(saved(shot(pdf(text((word,)))), "PNG")))


def test_the_same_image_is_read_the_same_twice() -> None:
    file = saved(noisy(letter()), "PNG")
    assert read(file) == read(file)


def test_a_page_that_takes_too_long_fails() -> None:

    with pytest.raises(PageFailed):
        read(saved(letter(), "PNG"), options=Options(page_seconds=0.001))


def test_a_language_that_is_not_installed_is_named() -> None:

    with pytest.raises(EngineUnavailable, match="tlh") as caught:
        read(saved(letter(), "PNG"), options=Options(languages=("tlh",)))
    assert caught.value.metadata["languages"] == "tlh"


def marked(width: int, height: int, x: int, y: int) -> Image.Image:
    image = Image.new("L", (width, height), 255)
    ImageDraw.Draw(image).rectangle((x, y, x + 9, y + 5), fill=0)
    return image


@pytest.mark.parametrize("clockwise", [0, 90, 180, 270, 360, -90])
def test_quarter_turns_lead_back(clockwise: int) -> None:
    image = marked(120, 80, 30, 20)
    turned, back = turn(image, clockwise)
    box = ink_box(turned)
    assert back.box(box.x, box.y, box.width, box.height) == ink_box(image)


@pytest.mark.parametrize("degrees", [-7.5, -1.0, 0.5, 4.0])
def test_small_rotations_lead_back(degrees: float) -> None:
    image = marked(240, 160, 60, 40)
    turned, back = rotate(image, degrees)
    box = ink_box(turned)
    middle = back.box(box.x + box.width / 2, box.y + box.height / 2, 0, 0)
    assert math.dist((middle.x, middle.y), (65, 43)) < 1.5


def test_placements_apply_from_the_newest_image_to_the_oldest() -> None:
    image = marked(200, 100, 40, 30)
    turned, back = turn(image, 90)
    large = turned.resize((turned.width * 2, turned.height * 2), Image.Resampling.NEAREST)
    box = ink_box(large)
    whole = Placement().after(back).after(scaling(2, 2))
    assert whole.box(box.x, box.y, box.width, box.height) == ink_box(image)
    with pytest.raises(ValueError, match="quarter"):
        turn(image, 45)
