"""How well pages are read: plain Tesseract, plain RapidOCR and the service's own policy, over labelled sets.

    .venv/bin/python benchmarks/documents/engines.py SET[:N]... [--each] [--readers policy,rapidocr]

Recall is that of bags of words: case-folded, without accents and edge punctuation; numbers are the words with a digit.
Seconds are of one core (user and system time of this process and the programs it runs), so that a busy machine changes
them little. What was read is kept under benchmarks/.work by the file, the engine and the source of the recognition. The
last line is JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import resource
import statistics
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_THREAD_LIMIT", "1")

import dataset
from automateiq_ocr import recognition
from automateiq_ocr.recognition import images, pdf
from automateiq_ocr.recognition.engine import engine_version, open_document, recognize_page
from automateiq_ocr.recognition.models import PDF, Options
from automateiq_ocr.recognition.rapid import RapidRecognizer
from automateiq_ocr.recognition.recognizers import Recognizer
from automateiq_ocr.recognition.tesseract import TesseractRecognizer
from dataset import Labelled
from ours import WORK
from scoring import overlap, words

Reader = Callable[[bytes, str, int], str]
OPTIONS = Options()


def plain(engine: Recognizer) -> Reader:
    """The engine alone, on the page as it comes."""

    def read(content: bytes, mimetype: str, number: int) -> str:
        if mimetype == PDF:
            with pdf.opened(content, OPTIONS) as document, pdf.opened_page(document, number) as page:
                picture, dpi = pdf.render(page, OPTIONS)
        else:
            picture, dpi = images.load_page(content, mimetype, number, OPTIONS), 300
        found = engine.read(images.fit(picture)[0], round(dpi), OPTIONS.languages, OPTIONS.page_seconds)
        return " ".join(word.text for word in found)

    return read


def policy(content: bytes, mimetype: str, number: int) -> str:
    """The service's own way."""
    return recognize_page(content, mimetype, number, OPTIONS).text


READERS: dict[str, Reader] = {
    "tesseract": plain(TesseractRecognizer()),
    "rapidocr": plain(RapidRecognizer()),
    "policy": policy,
}


def cpu_seconds() -> float:
    """Seconds that this process and the programs it ran have worked."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


@cache
def source() -> str:
    """Changes with the code that reads."""
    (folder,) = recognition.__path__
    return "".join(path.read_text() for path in sorted(Path(folder).glob("*.py")))


def read_file(path: Path, reader: str) -> dict[str, Any]:
    """The text of a file's pages and the seconds they took, from the cache where it is in it."""
    content = path.read_bytes()
    known = f"{reader}{engine_version()}{OPTIONS}{source()}".encode()
    kept = WORK / "engines" / f"{hashlib.sha256(content + known).hexdigest()[:24]}.json"
    if kept.exists():
        return dict(json.loads(kept.read_text()))
    info = open_document(content, None, OPTIONS)
    began = cpu_seconds()
    texts = [READERS[reader](content, info.mimetype, number) for number in range(1, info.page_count + 1)]
    result = {"text": "\n".join(texts), "pages": info.page_count, "seconds": cpu_seconds() - began}
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(result))
    return result


def measure(documents: list[Labelled], reader: str, *, each: bool) -> dict[str, float]:
    """One reader over a set: recall of words and numbers, and seconds a page."""
    first = documents[0].path.read_bytes()
    READERS[reader](first, open_document(first, None, OPTIONS).mimetype, 1)  # loading is no part of any page
    by_word, by_number, seconds, pages = [], [], 0.0, 0
    for document in documents:
        result = read_file(document.path, reader)
        seconds, pages = seconds + result["seconds"], pages + result["pages"]
        if not document.text:
            continue
        wanted, got = words(document.text), words(result["text"])
        numbers = [word for word in wanted if re.search(r"\d", word)]
        by_word.append(overlap(wanted, got) / max(1, len(wanted)))
        by_number.append(overlap(numbers, got) / len(numbers) if numbers else 1.0)
        if each:
            print(f"  {by_word[-1]:.2f} {by_number[-1]:.2f} {result['seconds']:5.2f} {document.path.name}")
    figures = {"s_page": round(seconds / max(1, pages), 2)}
    if by_word:
        figures |= {
            "words": round(statistics.mean(by_word), 3),
            "numbers": round(statistics.mean(by_number), 3),
        }
    return figures


def main() -> None:
    """Measure what the command line asks for."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--readers", default=",".join(READERS), help="which of them, parted by commas")
    arguments.add_argument("--each", action="store_true", help="print each file too")
    arguments.add_argument("sets", nargs="+", help="SET or SET:N for its first N files")
    asked = arguments.parse_args()
    results: dict[str, Any] = {}
    for entry in asked.sets:
        name, _, most = entry.partition(":")
        documents = dataset.documents(dataset.folder(), name, int(most) if most else None)
        if not documents:
            raise SystemExit(f"There is no labelled set {name}.")
        for reader in asked.readers.split(","):
            figures = measure(documents, reader, each=asked.each)
            results.setdefault(name, {})[reader] = figures
            print(f"{name} {reader}: {len(documents)} files, {figures}", flush=True)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
