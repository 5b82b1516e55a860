"""EasyOCR (https://github.com/JaidedAI/EasyOCR): for the scripts that its official weights read. An extra: `easyocr`.

With its official weights, found where EasyOCR looks for them or downloaded where that is allowed, it finds the lines
and reads them. With a network of one's own (a folder with NAME.py, NAME.yaml and NAME.pth, EasyOCR's own form of custom
networks) RapidOCR's detector finds the lines, and the network reads them.
Methods: Baek et al., "Character Region Awareness for Text Detection" (2019); Shi, Bai, Yao, "An End-to-End Trainable
Neural Network for Image-based Sequence Recognition" (2015).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from automateiq_ocr.recognition.models import Box, EngineUnavailable, PageFailed
from automateiq_ocr.recognition.pieces import Piece, in_rows, spread
from automateiq_ocr.recognition.rapid import find_lines
from automateiq_ocr.recognition.recognizers import RawWord

# Tesseract's names of languages, and EasyOCR's.
_LANGUAGES: Mapping[str, str] = {
    "eng": "en",
    "deu": "de",
    "fra": "fr",
    "spa": "es",
    "ita": "it",
    "nld": "nl",
    "por": "pt",
    "pol": "pl",
    "swe": "sv",
    "dan": "da",
}
_LEAST_SCORE = 0.2


class EasyRecognizer:
    """EasyOCR as a Recognizer. `network` is the folder of a network of one's own; "" takes the official weights."""

    name = "easyocr"

    def __init__(self, network: str, *, download: bool) -> None:
        self._network = network
        self._download = download

    def version(self) -> str:
        """The version of the package, and the network's name where it is not an official one."""
        try:
            found = version("easyocr")
        except PackageNotFoundError as error:
            raise _not_installed() from error
        return f"{found}-{_name_of(self._network)}" if self._network else found

    def read(
        self,
        image: Image.Image,
        dpi: int,  # noqa: ARG002
        languages: tuple[str, ...],
        seconds: float,  # noqa: ARG002
    ) -> list[RawWord]:
        """The words, rows from top to bottom; nothing can interrupt it."""
        reader = _reader(self._network, self._download, languages)
        grey = np.asarray(image.convert("L"))
        try:
            found = self._lines(reader, grey)
        except Exception as error:  # torch raises errors of many kinds, none of them documented
            raise PageFailed("The text recognition with EasyOCR failed on this page.") from error
        pieces = []
        for corners, text, score in found:
            words = tuple(spread(text, _around(corners), float(score))) if score >= _LEAST_SCORE else ()
            if words:
                pieces.append(Piece(_around(corners), words))
        return in_rows(pieces)

    def _lines(self, reader: Any, grey: NDArray[np.uint8]) -> list[tuple[Any, str, float]]:
        if not self._network:
            return list(reader.readtext(grey))
        boxes = [
            [round(box.x), round(box.right), round(box.y), round(box.bottom)]
            for box in find_lines(Image.fromarray(grey))
        ]
        return list(reader.recognize(grey, horizontal_list=boxes, free_list=[])) if boxes else []


@cache
def _reader(network: str, download: bool, languages: tuple[str, ...]) -> Any:
    try:
        # Imported here: it brings torch, which takes seconds and hundreds of megabytes.
        import easyocr
        import torch
    except ImportError as error:
        raise _not_installed() from error
    torch.set_num_threads(1)  # one core a worker, as for the other engines
    names = sorted({_LANGUAGES[name] for name in languages if name in _LANGUAGES}) or ["en"]
    own = (
        {
            "detector": False,
            "recog_network": _name_of(network),
            "user_network_directory": network,
            "model_storage_directory": network,
        }
        if network
        else {}
    )
    try:
        return easyocr.Reader(names, gpu=False, verbose=False, download_enabled=download, **own)
    except (FileNotFoundError, ValueError) as error:
        raise EngineUnavailable(
            "EasyOCR lacks its weights. Put them where it looks for them (EASYOCR_MODULE_PATH), allow the download, "
            "or name the folder of a network."
        ) from error


def _name_of(network: str) -> str:
    """The one network in a folder."""
    names = sorted(path.stem for path in Path(network).glob("*.pth"))
    if len(names) != 1:
        raise EngineUnavailable(
            f"The folder {network} must hold one network (NAME.pth); it holds {len(names)}."
        )
    return names[0]


def _not_installed() -> EngineUnavailable:
    return EngineUnavailable("EasyOCR is not installed. Install the extra: automateiq-ocr[easyocr].")


def _around(corners: Any) -> Box:
    points = np.asarray(corners, dtype=np.float64)
    (x, y), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return Box(float(x), float(y), float(right - x), float(bottom - y))
