"""Which engines there are, by name."""

from __future__ import annotations

from functools import cache

from automateiq_ocr.recognition.models import EngineUnavailable
from automateiq_ocr.recognition.rapid import RapidRecognizer
from automateiq_ocr.recognition.recognizers import Recognizer

DEEP: dict[str, type[Recognizer]] = {"rapidocr": RapidRecognizer}
NONE = "none"


@cache
def deep(name: str) -> Recognizer | None:
    """The deep engine of that name, the same one at each call; None for "none". Raises EngineUnavailable."""
    if name == NONE:
        return None
    if name not in DEEP:
        raise EngineUnavailable(f"There is no recognition engine {name}; there are {', '.join(DEEP)}.")
    return DEEP[name]()
