"""Two engines' readings of one picture made one: line by line the better, and each word believed as both agree.

The engines err differently (Tesseract in faint and dotted print, RapidOCR in the spaces between words), so where both
say the same it is nearly always right, and where they differ one of them is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from automateiq_ocr.recognition.models import Box
from automateiq_ocr.recognition.recognizers import RawWord

# Words of the two engines stand for the same ink where they share this much of the smaller one's area.
_SAME_PLACE = 0.5
# Of two readings that differ, the fast engine's is taken only where it is this much surer; the deep one errs less.
_MUCH_SURER = 0.25
# A word that one engine alone found is kept if that engine is this sure, and what the other doubted costs it belief.
_SURE_ALONE = 0.75
_DOUBTED = 0.8
_MARKS = re.compile(r"[\W_]+")
# What the fast engine leaves of "9.00" when it sees a space in it.
_CUT_NUMBER = re.compile(r"^[.,]\d|\d[.,]$")


def agreed(fast: Sequence[RawWord], deep: Sequence[RawWord]) -> list[RawWord]:
    """One reading out of two of the same picture, in the deep engine's order.

    A line that both read alike but for spaces keeps the fast engine's words, whose spaces and boxes are truer.
    """
    lines = _by_line(deep)
    partners: dict[int, list[RawWord]] = {line: [] for line in lines}
    boxes = {line: Box.around(_box(word) for word in words) for line, words in lines.items()}
    alone: list[RawWord] = []
    for word in fast:
        line = _line_under(word, lines, boxes)
        (alone if line is None else partners[line]).append(word)
    found: list[RawWord] = []
    for line, words in lines.items():
        found.extend(_better_line(sorted(partners[line], key=lambda word: word.x), words))
    return found + _alone(alone, found)


def mended(
    fast: Sequence[RawWord], stretches: Sequence[tuple[Sequence[RawWord], list[RawWord]]]
) -> list[RawWord]:
    """The fast engine's reading with some stretches of its lines, (its words, the deep engine's words), judged anew."""
    better: dict[RawWord, list[RawWord]] = {}
    for words, deep in stretches:
        if deep:
            line, block = words[0].line, words[0].block
            judged = _better_line(list(words), [replace(word, line=line, block=block) for word in deep])
            better |= {word: [] for word in words}
            better[words[0]] = judged
    return [kept for word in fast for kept in better.get(word, [word])]


def _better_line(fast: list[RawWord], deep: list[RawWord]) -> list[RawWord]:
    if not fast:
        return deep
    line, block = deep[0].line, deep[0].block
    if _letters(fast) == _letters(deep) and not any(_CUT_NUMBER.search(word.text) for word in fast):
        sure = _either(_confidence(fast), _confidence(deep))
        return [replace(word, confidence=max(sure, word.confidence), line=line, block=block) for word in fast]
    if _confidence(fast) > _confidence(deep) + _MUCH_SURER and len(_letters(fast)) >= len(_letters(deep)):
        return [replace(word, confidence=word.confidence * _DOUBTED, line=line, block=block) for word in fast]
    return [_judged(word, fast) for word in deep]


def _judged(word: RawWord, others: list[RawWord]) -> RawWord:
    """The word, believed more where the other engine read the same there, less where it read something else."""
    there = [other for other in others if _share(_box(word), _box(other)) >= _SAME_PLACE]
    if not there:
        return word
    if _letters(there) == _letters([word]):
        return replace(word, confidence=_either(word.confidence, _confidence(there)))
    return replace(word, confidence=word.confidence * _DOUBTED)


def _alone(words: list[RawWord], found: list[RawWord]) -> list[RawWord]:
    """Lines that only the fast engine found, numbered after those of both, if it is sure of them."""
    line = max((word.line for word in found), default=-1) + 1
    block = max((word.block for word in found), default=-1) + 1
    taken = [_box(word) for word in found]
    kept: list[RawWord] = []
    for number, group in _by_line(words).items():
        free = [word for word in group if not any(_share(_box(word), box) >= _SAME_PLACE for box in taken)]
        if free and _confidence(free) >= _SURE_ALONE and any(map(str.isalnum, _letters(free))):
            kept.extend(replace(word, line=line + number, block=block + word.block) for word in free)
    return kept


def _line_under(word: RawWord, lines: dict[int, list[RawWord]], boxes: dict[int, Box]) -> int | None:
    """The line with most of this word's ink, if any has."""
    box = _box(word)
    best, most = None, 0.0
    for line, around in boxes.items():
        if _share(box, around) <= 0.0:
            continue
        shared = max(_share(box, _box(other)) for other in lines[line])
        if shared > most:
            best, most = line, shared
    return best if most >= _SAME_PLACE else None


def _by_line(words: Sequence[RawWord]) -> dict[int, list[RawWord]]:
    lines: dict[int, list[RawWord]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word)
    return lines


def _letters(words: Sequence[RawWord]) -> str:
    """What they say, without spaces and marks that engines put differently; a decimal point counts."""
    text = "".join(word.text for word in words)
    return re.sub(r"[^\w.,%€$£-]", "", text) or _MARKS.sub("", text)


def _confidence(words: Sequence[RawWord]) -> float:
    weight = sum(len(word.text) for word in words)
    return sum(len(word.text) * word.confidence for word in words) / weight if weight else 0.0


def _either(one: float, other: float) -> float:
    """How sure one may be of what two independent readers say."""
    return min(0.99, 1.0 - (1.0 - one) * (1.0 - other))


def _box(word: RawWord) -> Box:
    return Box(word.x, word.y, word.width, word.height)


def _share(one: Box, other: Box) -> float:
    """The shared area, of the smaller one's."""
    across = min(one.right, other.right) - max(one.x, other.x)
    down = min(one.bottom, other.bottom) - max(one.y, other.y)
    if across <= 0 or down <= 0:
        return 0.0
    return across * down / max(1e-6, min(one.width * one.height, other.width * other.height))
