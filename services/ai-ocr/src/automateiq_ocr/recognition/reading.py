"""Reading one picture: a single look where that is enough, and further looks, bounded, where it is not.

A look costs what the engine costs, so nothing is tried in advance. Tesseract looks first: on a clean scan it is as good
as any engine and the fastest. What its look gives says what to try next: words taller than wide lie on their side;
print that it reads with doubt is read by the deep engine too, and the two readings are made one (agreement.py).

Measured on development data, recall of words / numbers: 88 straight receipts, Tesseract .76 / .65, RapidOCR .90 /
.88, both agreed .91 / .89; Tesseract read none of 120 receipts with a confidence above .91, and no English scan at
300 dpi with less than .94. 20 scans, most of them damaged (skewed, turned, shadowed, noisy, 110 dpi): one
straightened look of Tesseract's .52 / .52, RapidOCR .89 / .90, this policy, before it mended lines, .93 / .94.
Dividing by the background and enlarging brought Tesseract on a shadowed and a 110-dpi scan from .09 to .81 and from
.53 to .90 of the words, but RapidOCR reads both at .93 as they are, so nothing of the kind is done where it is there.
Crumpled paper is not flattened: RapidOCR finds each line by itself, however it lies.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from PIL import Image, ImageFilter, ImageOps

from automateiq_ocr.recognition import engines, orientation, regions, tesseract
from automateiq_ocr.recognition.agreement import agreed
from automateiq_ocr.recognition.geometry import Placement
from automateiq_ocr.recognition.looks import SMALL_WORD, Attempt, Looker, Treatment
from automateiq_ocr.recognition.models import Options
from automateiq_ocr.recognition.recognizers import LineReader, Recognizer

# Below this mean confidence, or with fewer letters, the page may lie sideways or be hard to make out.
_GOOD_CONFIDENCE = 0.6
_FEW_LETTERS = 8
_SURE = 0.85
# Least share of the page's ink that lies in words. Pages with pictures fall below it too: they get one look more.
_GOOD_COVERAGE = 0.5
# A page read with less belief is not read again in its own language: the deep engine reads it better.
_LEGIBLE = 0.8
# From here on Tesseract is believed without asking the deep engine.
_CLEAN = 0.92
# From here on, on pictures so wide, Tesseract's lines are believed and the deep engine only reads the doubtful ones. On
# a page that takes it a fifth of the time; on 15 receipts it cost .03 of the words and .06 of the numbers, so a narrow
# picture is always searched anew.
_PAGE_WIDTH = 1200
_MENDABLE, _NEARLY_ALL = 0.88, 0.7
# What the deep engine reads with less belief may lie on its head.
_DEEP_CONFIDENCE = 0.8
# Tesseract's orientation confidence, above which it was never seen to be wrong here.
_SURE_TURN = 2.0


def read_picture(image: Image.Image, dpi: int, options: Options) -> list[Attempt]:
    """Read a grey picture of at most WORKING_PIXELS within `options.page_seconds`.

    One attempt for each part that is read apart, as receipts side by side are; none where the picture is blank.
    """
    ends = time.monotonic() + options.page_seconds
    ink = orientation.find_ink(image)
    if ink.blank:
        return []
    papers = regions.parts(ink)
    if not papers:
        return [_read_part(Looker(image, ink, dpi, options, ends), options)]
    found = []
    for paper in papers:
        left, top = round(paper.x), round(paper.y)
        cut = image.crop((left, top, round(paper.right), round(paper.bottom)))
        cut_ink = orientation.find_ink(cut)
        if not cut_ink.blank:
            attempt = _read_part(Looker(cut, cut_ink, dpi, options, ends), options)
            found.append(replace(attempt, placement=Placement(c=left, f=top).after(attempt.placement)))
    return found


def _read_part(looker: Looker, options: Options) -> Attempt:
    deep = engines.deep(options)
    # A page on its side is read as nonsense, which takes Tesseract up to ten times as long as text.
    first = looker.look(_sure_turn(looker) if orientation.seems_sideways(looker.ink) else 0)
    if first.confidence >= _LEGIBLE and not first.sideways:
        again = looker.look_again(first)
        first = again if again.score >= first.score else first
    return _read_alone(looker, first) if deep is None else _read_with(deep, looker, first)


def is_good(found: Attempt) -> bool:
    """Whether what was made out is sound; of a few letters more is asked, as a page may hold no more."""
    few = found.letters < _FEW_LETTERS
    return found.letters > 0 and found.confidence >= (_SURE if few else _GOOD_CONFIDENCE)


def is_clean(looker: Looker, found: Attempt) -> bool:
    """Whether Tesseract's look needs no second opinion: sure of what it read, and little of the ink is unread."""
    return (
        is_good(found)
        and found.confidence >= _CLEAN
        and looker.ink.share_within(found.boxes()) >= _GOOD_COVERAGE
    )


def is_mendable(looker: Looker, found: Attempt) -> bool:
    """Whether Tesseract found the lines, nearly all of the ink, and only doubts some of the words in them."""
    return (
        looker.image.width >= _PAGE_WIDTH
        and not found.sideways
        and found.letters >= _FEW_LETTERS
        and found.confidence >= _MENDABLE
        and looker.ink.share_within(found.boxes()) >= _NEARLY_ALL
    )


def _read_with(deep: Recognizer, looker: Looker, first: Attempt) -> Attempt:
    """Tesseract's first look, and what the deep engine makes of the page if that leaves doubts."""
    if is_clean(looker, first) and not first.sideways:
        return first
    if isinstance(deep, LineReader) and is_mendable(looker, first):
        return replace(looker.mend(deep, first), engine=deep.name)
    if (first.sideways or not is_good(first)) and (told := _sure_turn(looker)):
        first = looker.look(told)
        if is_clean(looker, first):
            return first
    second = _laid_right(looker, deep, looker.look_with(deep, first.rotation))
    if first.rotation != second.rotation:
        first = looker.look(second.rotation)
    return replace(second, words=agreed(first.words, second.words))


def _laid_right(looker: Looker, deep: Recognizer, found: Attempt) -> Attempt:
    """Perhaps the page still lies wrong: the deep engine reads lines that run down, and doubts those on their head."""
    if found.sideways:
        turns: tuple[int, ...] = (270, 90) if found.confidence >= _DEEP_CONFIDENCE else (90, 270)
    elif found.letters >= _FEW_LETTERS and found.confidence < _DEEP_CONFIDENCE:
        turns = (180,)
    else:
        return found
    best = found
    for turn in turns:
        again = looker.look_with(deep, (found.rotation + turn) % 360)
        if again.score > best.score * 1.05 or (best.sideways and not again.sideways):
            best = again
        if best.confidence >= _DEEP_CONFIDENCE and not best.sideways:
            break
    return best


def _read_alone(looker: Looker, first: Attempt) -> Attempt:
    """What Tesseract can do on its own."""
    if first.sideways:
        # Tesseract reads lines that run up or down too, but does not say so; what follows wants to know.
        upright = _turned(looker, Attempt([]), looker.look)
        return upright if is_good(upright) else first
    if is_good(first):
        if looker.ink.share_within(first.boxes()) >= _GOOD_COVERAGE:
            return first
        return _better(looker, first, (_clear,))
    if first.word_height < SMALL_WORD:
        found = _better(looker, first, (_clear, _thicken))
        return found if is_good(found) else _turned(looker, found, looker.look)
    found = _turned(looker, first, looker.look)
    return found if is_good(found) else _better(looker, found, (_clear, _thicken))


def _turned(looker: Looker, first: Attempt, look: Callable[[int], Attempt]) -> Attempt:
    """Perhaps the page lies on its side or upside down."""
    told = looker.told_turn()
    if told is not None and told[1] >= _SURE_TURN:
        candidates = [told[0]] if told[0] else []
    else:
        candidates = [told[0], 180, 90, 270] if told and told[0] else [180, 90, 270]
    best = Attempt([]) if first.sideways else first
    for rotation in dict.fromkeys(candidates):
        found = look(rotation)
        # A few letters can be read either way up; then the page is taken to be upright.
        if found.letters >= _FEW_LETTERS and found.score > best.score * 1.2:
            best = found
        if is_good(best):
            break
    return best if best.words else first


def _sure_turn(looker: Looker) -> int:
    told = looker.told_turn()
    return told[0] if told is not None and told[1] >= _SURE_TURN else 0


def _better(looker: Looker, found: Attempt, treatments: tuple[Treatment, ...]) -> Attempt:
    """Perhaps the print is faint, small or huge, or has no layout that Tesseract finds."""
    best = found
    zoom = looker.zoom_for(found)
    for treat in treatments:
        again = looker.look(found.rotation, treat, zoom if treat is _clear else 1.0)
        # More words that are less sure are specks and rules taken for letters.
        if again.score > best.score * 1.05 and again.confidence > best.confidence * 0.9:
            best = again
        if is_good(best) and best is not found:
            return best
    if not best.words:
        best = looker.look(found.rotation, _clear, zoom, tesseract.SPARSE)
    return best


def _clear(image: Image.Image) -> Image.Image:
    return ImageOps.autocontrast(image, cutoff=2)


def _thicken(image: Image.Image) -> Image.Image:
    """For letters made of dots or outlines, as worn printers leave them."""
    return _clear(image).filter(ImageFilter.MinFilter(3))
