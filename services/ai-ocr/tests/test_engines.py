"""The engines behind their one interface, and two readings made one; on pictures that the tests draw."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import numpy as np
import pytest
from automateiq_ocr.recognition import engines
from automateiq_ocr.recognition.agreement import agreed, mended
from automateiq_ocr.recognition.looks import Looker
from automateiq_ocr.recognition.models import Box, EngineUnavailable, Options
from automateiq_ocr.recognition.orientation import find_ink
from automateiq_ocr.recognition.rapid import RapidRecognizer
from automateiq_ocr.recognition.reading import is_mendable
from automateiq_ocr.recognition.recognizers import RawWord, Recognizer
from automateiq_ocr.recognition.tesseract import TesseractRecognizer
from ocr_pages import LINES, ink_box, letter, only, overlap, pdf, read, saved, share_read, shot
from PIL import Image, ImageDraw, ImageFont

RECEIPT = (
    ("Coffee large", "4.50"),
    ("Croissant", "2.75"),
    ("Orange juice", "3.20"),
    ("TOTAL", "10.45"),
)


def dotted(image: Image.Image) -> Image.Image:
    """As a worn needle printer leaves it: grey dots on grey paper."""
    grey = np.asarray(image).astype(np.float32)
    y, x = np.indices(grey.shape)
    missing = (x % 4 == 0) | (y % 4 == 0)
    noise = np.random.default_rng(3).normal(0, 12, grey.shape)
    return Image.fromarray(
        np.where(missing & (grey < 128), 205, 150 + grey / 4 + noise).clip(0, 255).astype(np.uint8)
    )


def receipt() -> Image.Image:
    """A till's receipt: what was bought to the left, the amounts to the right."""
    image = Image.new("L", (560, 420), 250)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(30)
    for at, (name, amount) in enumerate(RECEIPT):
        draw.text((30, 40 + at * 80), name, fill=20, font=font)
        draw.text((440, 40 + at * 80), amount, fill=20, font=font)
    return image


def said(words: list[RawWord]) -> list[str]:
    """The lines."""
    lines: dict[int, list[str]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word.text)
    return [" ".join(line) for line in lines.values()]


@pytest.mark.parametrize("engine", [TesseractRecognizer(), RapidRecognizer()], ids=lambda engine: engine.name)
def test_every_engine_reads_words_with_boxes(engine: Recognizer) -> None:
    words = engine.read(letter(), 200, ("eng",), 60)
    assert engine.version()
    wanted = " ".join(LINES).split()
    texts = [word.text for word in words]
    assert sum(word in texts for word in wanted) / len(wanted) > 0.9
    (found,) = [word for word in words if word.text == "benches"]
    assert (
        overlap(Box(found.x, found.y, found.width, found.height), ink_box(shot(pdf(only("benches"))))) > 0.4
    )
    assert all(0 < word.confidence <= 1 for word in words)


def test_rapidocr_puts_the_pieces_of_a_row_side_by_side() -> None:
    words = RapidRecognizer().read(receipt(), 200, ("eng",), 60)
    assert said(words) == [f"{name} {amount}" for name, amount in RECEIPT]


def test_rapidocr_finds_nothing_on_an_empty_picture_and_reads_a_strip_and_a_large_scan() -> None:
    engine = RapidRecognizer()
    assert engine.read(Image.new("L", (300, 200), 255), 200, ("eng",), 60) == []
    strip = shot(pdf(lambda canvas: canvas.drawString(10, 8, "Kestrel and heron, 42.50"), size=(300, 24)))
    assert said(engine.read(strip, 200, ("eng",), 60)) == ["Kestrel and heron, 42.50"]
    large = Image.new("L", (4000, 3000), 255)
    large.paste(shot(pdf(only("Hawthorne,")), 500), (900, 700))
    (word,) = engine.read(large, 300, ("eng",), 60)
    assert word.text == "Hawthorne,"
    assert overlap(Box(word.x, word.y, word.width, word.height), ink_box(large)) > 0.4


def test_a_line_that_runs_up_or_down_is_read_by_rapidocr_where_it_stands() -> None:
    turned = shot(pdf(only("Hawthorne,"))).transpose(Image.Transpose.ROTATE_270)
    (word,) = RapidRecognizer().read(turned, 200, ("eng",), 60)
    assert word.text == "Hawthorne,"
    assert overlap(Box(word.x, word.y, word.width, word.height), ink_box(turned)) > 0.4


def test_an_engine_that_does_not_exist_is_refused_and_none_is_none() -> None:
    assert engines.deep(Options(deep_engine="none")) is None
    assert engines.deep(Options()) is engines.deep(Options())
    with pytest.raises(EngineUnavailable, match="tarot"):
        engines.deep(Options(deep_engine="tarot"))


def test_print_that_tesseract_cannot_read_is_read_with_the_deep_engine() -> None:
    file = saved(dotted(letter()), "PNG")
    alone = read(file, options=Options(deep_engine="none"))
    together = read(file)
    assert share_read(alone) < 0.8
    assert share_read(together) > 0.9


def test_a_clean_page_never_asks_the_deep_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object) -> list[RawWord]:
        raise AssertionError("the deep engine was asked")

    monkeypatch.setattr(RapidRecognizer, "read", asked)
    assert share_read(read(saved(letter(300), "PNG"))) > 0.95


def word(text: str, x: float, confidence: float, line: int = 0, y: float = 10) -> RawWord:
    return RawWord(text, x, y, 12 * len(text), 20, confidence, line, 0)


def test_what_both_engines_say_is_believed_more_and_keeps_the_fast_ones_spaces() -> None:
    fast = [word("TOTAL", 10, 0.8), word("9.00", 82, 0.7)]
    deep = [word("TOTAL9.00", 10, 0.9)]
    found = agreed(fast, deep)
    assert [one.text for one in found] == ["TOTAL", "9.00"]
    assert min(one.confidence for one in found) > 0.95


def test_a_number_that_the_fast_engine_cut_is_not_kept() -> None:
    found = agreed([word("9", 10, 0.9), word(".00", 30, 0.9)], [word("9.00", 10, 0.9)])
    assert [one.text for one in found] == ["9.00"]


def test_where_the_engines_differ_the_deep_ones_word_is_taken_and_doubted() -> None:
    fast = [word("T0TAL", 10, 0.8), word("9.00", 90, 0.8)]
    deep = [word("TOTAL", 10, 0.9), word("9.00", 90, 0.9)]
    total, amount = agreed(fast, deep)
    assert (total.text, amount.text) == ("TOTAL", "9.00")
    assert total.confidence < 0.9 < amount.confidence


def test_a_reading_that_is_much_surer_is_taken_from_the_fast_engine() -> None:
    (found,) = agreed([word("Hawthorne", 10, 0.96)], [word("Hawtho", 10, 0.55)])
    assert found.text == "Hawthorne"
    assert found.confidence < 0.96


def test_lines_of_one_engine_alone_are_kept_if_it_is_sure() -> None:
    fast = [word("Thanks", 10, 0.9, 0, 10), word("xz", 10, 0.3, 1, 200), word("~", 10, 0.9, 2, 300)]
    deep = [word("TOTAL", 10, 0.9, 0, 100)]
    assert [one.text for one in agreed(fast, deep)] == ["TOTAL", "Thanks"]
    assert [one.text for one in agreed([], deep)] == ["TOTAL"]
    assert [one.text for one in agreed(fast, [])] == ["Thanks"]
    lines = {one.line for one in agreed(fast, deep)}
    assert len(lines) == 2


def test_agreement_raises_the_confidence_of_a_whole_page() -> None:
    picture = letter(110)
    fast = TesseractRecognizer().read(picture, 110, ("eng",), 60)
    deep = RapidRecognizer().read(picture, 110, ("eng",), 60)
    found = agreed(fast, deep)
    assert statistics.fmean(one.confidence for one in found) > statistics.fmean(
        one.confidence for one in fast
    )
    wanted = " ".join(LINES).split()
    texts = [one.text for one in found]
    assert sum(one in texts for one in wanted) / len(wanted) > 0.9


def test_rapidocr_reads_the_lines_that_it_is_given_and_leaves_what_it_cannot_read() -> None:
    picture = receipt()
    lines = [Box(30, 40, 200, 36), Box(440, 40, 70, 36), Box(300, 200, 60, 20), Box(5, 5, 2, 2)]
    coffee, price, nothing, speck = RapidRecognizer().read_lines(picture, lines)
    assert [[one.text for one in words] for words in (coffee, price)] == [["Coffee", "large"], ["4.50"]]
    assert 25 < coffee[0].x < coffee[1].x < 240
    assert 435 < price[0].x < 460
    assert nothing == speck == []
    assert RapidRecognizer().read_lines(picture, []) == []


def test_doubtful_words_are_mended_where_tesseract_found_the_lines() -> None:
    picture = letter(300)
    looker = Looker(picture, find_ink(picture), 300, Options(), time.monotonic() + 60)
    found = looker.look()
    wrong = [
        replace(one, text="bcnehos", confidence=0.4) if one.text == "benches" else one for one in found.words
    ]
    mended_words = looker.mend(RapidRecognizer(), replace(found, words=wrong)).words
    assert [one.text for one in mended_words] == [one.text for one in found.words]
    (benches,) = [one for one in mended_words if one.text == "benches"]
    assert benches.confidence < 0.95
    # What no engine doubts is not read again: the boxes are Tesseract's own.
    assert {one for one in mended_words if one.text == "Thursday"} <= set(found.words)


def test_a_stretch_that_the_deep_engine_cannot_read_stays() -> None:
    fast = [word("Hawthorne", 10, 0.5), word("9.00", 300, 0.95)]
    assert mended(fast, [(fast[:1], [])]) == fast
    changed = mended(fast, [(fast[:1], [word("Hawthorn", 10, 0.9, line=7)])])
    assert [one.text for one in changed] == ["Hawthorn", "9.00"]
    assert {one.line for one in changed} == {0}


def test_only_a_wide_page_whose_lines_tesseract_found_is_mended() -> None:
    wide = letter(300)
    looker = Looker(wide, find_ink(wide), 300, Options(), time.monotonic() + 60)
    found = looker.look()
    assert is_mendable(looker, found)
    assert not is_mendable(looker, replace(found, words=found.words[:4]))
    doubted = [replace(one, confidence=0.7) for one in found.words]
    assert not is_mendable(looker, replace(found, words=doubted))
    narrow = letter(150)
    narrow_looker = Looker(narrow, find_ink(narrow), 150, Options(), time.monotonic() + 60)
    assert not is_mendable(narrow_looker, narrow_looker.look())
