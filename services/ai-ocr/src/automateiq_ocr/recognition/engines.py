"""Which deep engines there are, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from automateiq_ocr.recognition.easy import EasyRecognizer
from automateiq_ocr.recognition.models import EngineUnavailable, Options
from automateiq_ocr.recognition.rapid import RapidRecognizer
from automateiq_ocr.recognition.recognizers import Recognizer

DEEP: Mapping[str, Callable[[Options], Recognizer]] = {
    "rapidocr": lambda _: RapidRecognizer(),
    "easyocr": lambda options: EasyRecognizer(options.easyocr_network, download=options.easyocr_download),
}
NONE = "none"


@cache
def deep(options: Options) -> Recognizer | None:
    """The deep engine that is asked for, the same one at each call; None for "none". Raises EngineUnavailable."""
    name = options.deep_engine
    if name == NONE:
        return None
    if name not in DEEP:
        raise EngineUnavailable(f"There is no recognition engine {name}; there are {', '.join(DEEP)}.")
    return DEEP[name](options)
