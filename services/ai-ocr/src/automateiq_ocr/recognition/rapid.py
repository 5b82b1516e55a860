"""RapidOCR: PP-OCR's networks, which read crumpled, faint and dotted print that Tesseract does not.

The models (PP-OCRv6 small: 10 MB to find lines, 21 MB to read them) lie in the wheel `rapidocr` and run in onnxruntime.
Method: Du et al., "PP-OCR: A Practical Ultra Lightweight OCR System", 2020 (arXiv:2009.09941).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from automateiq_ocr.recognition.models import Box, EngineUnavailable, PageFailed
from automateiq_ocr.recognition.pieces import Piece, in_rows
from automateiq_ocr.recognition.recognizers import RawWord

_PARAMETERS = {
    # One core a worker, as for Tesseract: with two threads each the workers only get in each other's way.
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    "Global.log_level": "error",
    "Global.return_word_box": True,
    "Det.limit_type": "max",  # pictures are scaled here; it would enlarge a logo to six times its pixels
    "Det.limit_side_len": 2000,
    # Short lines are padded to twice their height, not to seven times: a sixth faster, nothing lost (24 receipts).
    "Rec.rec_img_shape": [3, 48, 96],
}
# The longer side of a picture at most: finding the lines of a larger one takes twice as long and finds no more.
_LONGEST_SIDE = 2000
# A small picture is enlarged until its shorter side is this long, but no further than to the longer one.
_SHORT_SIDE, _LONG_ENOUGH, _MOST_ENLARGED = 736, 1600, 2.0
# Around a line that another engine found, in heights of the line; and the least side in pixels that can be read.
_MARGIN_ACROSS, _MARGIN_DOWN, _LEAST_SIDE = 0.3, 0.15, 6
# Lines that PP-OCR believes less are patterns and edges taken for letters.
_LEAST_SCORE = 0.5
# Taller than wide by this, a line is taken to run down, and is turned (as PP-OCR does before it reads it).
_RUNS_DOWN = 1.5


class RapidRecognizer:
    """RapidOCR as a Recognizer."""

    name = "rapidocr"

    def version(self) -> str:
        """The version of the package, which carries its models."""
        try:
            return version("rapidocr")
        except PackageNotFoundError as error:
            raise EngineUnavailable("The deep text recognition (rapidocr) is not installed.") from error

    def read(
        self,
        image: Image.Image,
        dpi: int,  # noqa: ARG002
        languages: tuple[str, ...],  # noqa: ARG002
        seconds: float,  # noqa: ARG002
    ) -> list[RawWord]:
        """The words, rows from top to bottom. One model reads Latin and Chinese letters; nothing can interrupt it."""
        picture, back = _fitted(image)
        return in_rows(_read_pieces(picture, back))

    def read_lines(self, image: Image.Image, lines: Sequence[Box]) -> list[list[RawWord]]:
        """The words of each line; boxes of another engine are given a margin, because its network learnt with one."""
        found: list[list[RawWord]] = [[] for _ in lines]
        picture = np.asarray(image.convert("RGB"))[:, :, ::-1]
        boxes = [_with_margin(line, image.size) for line in lines]
        readable = [at for at, box in enumerate(boxes) if min(box.width, box.height) >= _LEAST_SIDE]
        if not readable:
            return found
        crops = [_crop(picture, boxes[at]) for at in readable]
        try:
            read = _engine().recognize_txt(crops)
        except (
            Exception
        ) as error:  # onnxruntime and OpenCV raise errors of many kinds, none of them documented
            raise PageFailed("The deep text recognition failed on this page.") from error
        for at, text, score, layout in zip(readable, read.txts, read.scores, read.word_results, strict=True):
            if score < _LEAST_SCORE or not text.strip():
                continue
            x, y, right, bottom = boxes[at].x, boxes[at].y, boxes[at].right, boxes[at].bottom
            corners = np.array([(x, y), (right, y), (right, bottom), (x, bottom)])
            found[at] = [
                RawWord(word, box.x, box.y, box.width, box.height, min(1.0, belief), 0, 0)
                for word, box, belief in _words(corners, text, layout)
            ]
        return found


def _with_margin(line: Box, size: tuple[int, int]) -> Box:
    across, down = _MARGIN_ACROSS * line.height, _MARGIN_DOWN * line.height
    x, y = max(0, int(line.x - across)), max(0, int(line.y - down))
    right, bottom = min(size[0], int(line.right + across) + 1), min(size[1], int(line.bottom + down) + 1)
    return Box(x, y, max(0, right - x), max(0, bottom - y))


def _crop(picture: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    return np.ascontiguousarray(picture[int(box.y) : int(box.bottom), int(box.x) : int(box.right)])


def _fitted(image: Image.Image) -> tuple[NDArray[np.uint8], float]:
    """The picture (BGR) at the size at which its lines are looked for, and the factor back."""
    factor = _scale(image.size)
    if factor != 1.0:
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        resampling = Image.Resampling.BOX if factor < 1 else Image.Resampling.BICUBIC
        image = image.resize(size, resampling, reducing_gap=2.0)
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1]), 1 / factor


def _scale(size: tuple[int, int]) -> float:
    """By how much to enlarge a picture of this size before its lines are looked for."""
    shorter, longer = min(size), max(size)
    if longer > _LONGEST_SIDE:
        return _LONGEST_SIDE / longer
    return max(1.0, min(_SHORT_SIDE / shorter, _LONG_ENOUGH / longer, _MOST_ENLARGED))


@cache
def _engine() -> Any:
    # Imported here: together with OpenCV it costs a second and 47 MB, and many workers never need it.
    try:
        from rapidocr import RapidOCR
    except ImportError as error:
        raise EngineUnavailable("The deep text recognition (rapidocr) is not installed.") from error
    return RapidOCR(params=_PARAMETERS)


def _read_pieces(picture: NDArray[np.uint8], scale: float) -> list[Piece]:
    """The pieces of text on a picture (BGR), their boxes `scale` times as large.

    RapidOCR's own call gives each word the confidence of another letter and cuts a line with one Chinese sign into
    letters (seen in 3.10), so its steps are called one by one, and words are made here.
    """
    engine = _engine()
    from rapidocr.main import RapidOCRError

    padding: dict[str, Any] = {}
    try:
        crops, found = engine.detect_and_crop(picture, padding)
        read = engine.recognize_txt(crops)
    except RapidOCRError:
        return []  # its way to say that there is no text
    except Exception as error:  # onnxruntime and OpenCV raise errors of many kinds, none of them documented
        raise PageFailed("The deep text recognition failed on this page.") from error
    top = padding["padding_1"]["top"]
    pieces = []
    for corners, text, score, layout in zip(
        found.boxes, read.txts, read.scores, read.word_results, strict=True
    ):
        if score < _LEAST_SCORE or not text.strip():
            continue
        words = tuple(_words((np.asarray(corners, np.float64) - (0, top)) * scale, text, layout))
        if words:
            pieces.append(Piece(Box.around(box for _, box, _ in words), words))
    return pieces


def find_lines(image: Image.Image) -> list[Box]:
    """Where PP-OCR sees pieces of text on a grey or RGB picture, for an engine that reads but does not find."""
    engine = _engine()
    from rapidocr.main import RapidOCRError

    picture, back = _fitted(image)
    padding: dict[str, Any] = {}
    try:
        _, found = engine.detect_and_crop(picture, padding)
    except RapidOCRError:
        return []
    top = padding["padding_1"]["top"]
    boxes = []
    for corners in found.boxes:
        (x, y), (right, bottom) = np.min(corners, axis=0), np.max(corners, axis=0)
        boxes.append(
            Box(float(x) * back, float(y - top) * back, float(right - x) * back, float(bottom - y) * back)
        )
    return boxes


def _words(corners: NDArray[np.float64], text: str, layout: Any) -> Iterator[tuple[str, Box, float]]:
    """The words of a line within its four corners (clockwise from top left), with their mean confidence.

    `layout` has for each word its letters and the columns, of `line_txt_len`, in which the network saw them.
    """
    beliefs = [belief for letter, belief in zip(text, layout.confs, strict=True) if not letter.isspace()]
    start, end, below = corners[0], corners[1], corners[3] - corners[0]
    if np.linalg.norm(below) >= _RUNS_DOWN * np.linalg.norm(end - start):
        start, end, below = corners[1], corners[2], corners[0] - corners[1]
    spacing = layout.line_txt_len / max(1, len(text))
    at = 0
    for letters, columns in zip(layout.words, layout.word_cols, strict=True):
        if len(columns) > 1:
            spacing = (columns[-1] - columns[0]) / (len(columns) - 1)
        left = max(0.0, (columns[0] + 0.5 - spacing / 2) / layout.line_txt_len)
        right = min(1.0, (columns[-1] + 0.5 + spacing / 2) / layout.line_txt_len)
        edges = np.array([start + (end - start) * left, start + (end - start) * right])
        points = np.concatenate([edges, edges + below])
        (x, y), (far_x, far_y) = points.min(axis=0), points.max(axis=0)
        box = Box(float(x), float(y), float(far_x - x), float(far_y - y))
        yield "".join(letters), box, statistics.fmean(beliefs[at : at + len(letters)])
        at += len(letters)
