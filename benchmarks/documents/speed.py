"""Seconds a page on one core: a good text layer, a clean scan, a photo, beside the plain engines on the same pages.

Each page is read once by each in turn, so that what else the machine does falls on all of them; figures are medians.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import naive
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.recognition.engine import open_document, recognize_page
from automateiq_ocr.recognition.models import PDF, Options
from dataset import Labelled
from ours import pages_of

MOST = 16


def measure(
    text: list[Labelled], clean: list[Labelled], photos: list[Labelled]
) -> dict[str, dict[str, float]]:
    """{kind of page: {reader: median seconds}}."""
    options = Options()
    if photos:
        _ours(photos[0], options)  # loads the models; a worker has them loaded
    results = {}
    for kind, documents in (("text", text), ("clean", clean), ("photo", photos)):
        times: dict[str, list[float]] = {"ours": [], "extraction": [], "tesseract": [], "rapidocr": []}
        for document in documents[:MOST]:
            times["ours"].append(_ours(document, options))
            times["extraction"].append(_extraction(document, options))
            if kind != "text":
                for name, read in (("tesseract", naive.tesseract), ("rapidocr", naive.rapid)):
                    times[name].append(_plain(document, read))
        results[kind] = {name: round(statistics.median(spent), 4) for name, spent in times.items() if spent}
    return results


def has_text_layer(document: Labelled, options: Options) -> bool:
    """Whether the first page of a PDF is read from its text layer."""
    content = document.path.read_bytes()
    return document.path.suffix == ".pdf" and recognize_page(content, PDF, 1, options).source == "text_layer"


def _ours(document: Labelled, options: Options) -> float:
    content = document.path.read_bytes()
    began = time.perf_counter()
    info = open_document(content, None, options)
    recognize_page(content, info.mimetype, 1, options)
    return time.perf_counter() - began


def _extraction(document: Labelled, options: Options) -> float:
    """Of a page of the document, on the average: all of them are understood together."""
    pages = pages_of(document.path, options)
    began = time.perf_counter()
    extract(pages)
    return (time.perf_counter() - began) / len(pages)


def _plain(document: Labelled, read: Callable[..., str]) -> float:
    began = time.perf_counter()
    read(naive.pictures(document.path)[0])
    return time.perf_counter() - began
