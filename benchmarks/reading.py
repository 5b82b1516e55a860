"""How well pages are read: plain Tesseract, plain RapidOCR and the service's own policy, over labelled sets.

    .venv/bin/python benchmarks/reading.py --data DIR SET[:N]...          recall of words and numbers, seconds a page
    .venv/bin/python benchmarks/reading.py --data DIR --robustness        every hostile file of DIR/robustness/dev

DIR/SET/dev holds the files and labels.jsonl (`file`, `text`). Recall is that of bags of words: case-folded, without
accents and edge punctuation; numbers are the words with a digit. Seconds are of one core (user and system time of this
process and the programs it runs), so that a busy machine changes them little. What was read is kept under
benchmarks/.work/reading by the file, the engine and the source of the recognition. The last line is JSON.
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import json
import os
import re
import resource
import statistics
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_THREAD_LIMIT", "1")

from automateiq_core.errors import AppError
from automateiq_ocr import recognition
from automateiq_ocr.recognition import images, pdf
from automateiq_ocr.recognition.engine import engine_version, open_document, recognize_page
from automateiq_ocr.recognition.models import PDF, Options
from automateiq_ocr.recognition.rapid import RapidRecognizer
from automateiq_ocr.recognition.recognizers import Recognizer
from automateiq_ocr.recognition.tesseract import TesseractRecognizer

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "benchmarks" / ".work" / "reading"
# Longer than this a file of the robustness set must not take.
LONGEST = 60.0

Reader = Callable[[bytes, str, int, Options], str]


def plain(engine: Recognizer) -> Reader:
    """The engine alone, on the page as it comes."""

    def read(content: bytes, mimetype: str, number: int, options: Options) -> str:
        if mimetype == PDF:
            with pdf.opened(content, options) as document, pdf.opened_page(document, number) as page:
                picture, dpi = pdf.render(page, options)
        else:
            picture, dpi = images.load_page(content, mimetype, number, options), 300
        words = engine.read(images.fit(picture)[0], round(dpi), options.languages, options.page_seconds)
        return " ".join(word.text for word in words)

    return read


def policy(content: bytes, mimetype: str, number: int, options: Options) -> str:
    """The service's own way."""
    return recognize_page(content, mimetype, number, options).text


READERS: dict[str, Reader] = {
    "tesseract": plain(TesseractRecognizer()),
    "rapidocr": plain(RapidRecognizer()),
    "policy": policy,
}


def source() -> str:
    """Changes with the code that reads."""
    (folder,) = recognition.__path__
    return "".join(path.read_text() for path in sorted(Path(folder).glob("*.py")))


def words(text: str) -> list[str]:
    """Folded words without edge punctuation."""
    folded = "".join(
        mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark)
    ).casefold()
    return [word for word in (part.strip(".,:;!?()[]{}\"'`*-_=|<>~#") for part in folded.split()) if word]


def recall(wanted: list[str], found: list[str]) -> float:
    """Share of the wanted words that were found; 1.0 if none is wanted."""
    shared = collections.Counter(wanted) & collections.Counter(found)
    return sum(shared.values()) / len(wanted) if wanted else 1.0


def cpu() -> float:
    """Seconds that this process and the programs it ran have worked."""
    spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in spent)


def read_file(path: Path, reader: str, source_key: str) -> dict[str, Any]:
    """The text of a file's pages and the seconds they took, from the cache where it is in it."""
    content = path.read_bytes()
    known = f"{reader}{engine_version()}{Options()}{source_key}".encode()
    kept = WORK / f"{hashlib.sha256(content + known).hexdigest()[:24]}.json"
    if kept.exists():
        return dict(json.loads(kept.read_text()))
    info = open_document(content, None, Options())
    began = cpu()
    numbers = range(1, info.page_count + 1)
    texts = [READERS[reader](content, info.mimetype, number, Options()) for number in numbers]
    result = {"text": "\n".join(texts), "pages": info.page_count, "seconds": cpu() - began}
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(result))
    return result


def measure(folder: Path, most: int | None, readers: list[str], verbose: bool) -> dict[str, Any]:
    """Each reader over a set."""
    entries = [json.loads(line) for line in (folder / "labels.jsonl").open()][:most]
    key = source()
    found: dict[str, Any] = {}
    for reader in readers:
        # Loading an engine is no part of any page.
        READERS[reader]((folder / entries[0]["file"]).read_bytes(), *first_page(folder / entries[0]["file"]))
        by_word, by_number, seconds, pages = [], [], 0.0, 0
        for entry in entries:
            result = read_file(folder / entry["file"], reader, key)
            seconds, pages = seconds + result["seconds"], pages + result["pages"]
            if not entry.get("text"):
                continue
            wanted, got = words(entry["text"]), words(result["text"])
            by_word.append(recall(wanted, got))
            by_number.append(recall([word for word in wanted if re.search(r"\d", word)], got))
            if verbose:
                print(
                    f"  {reader:9s} {by_word[-1]:.2f} {by_number[-1]:.2f} {result['seconds']:5.2f} {entry['file']}",
                    flush=True,
                )
        found[reader] = {"s_page": round(seconds / max(1, pages), 2)}
        if by_word:
            found[reader] |= {
                "words": round(statistics.mean(by_word), 3),
                "numbers": round(statistics.mean(by_number), 3),
            }
        print(
            f"{folder.parent.name} {reader}: {len(entries)} files, {pages} pages, {found[reader]}", flush=True
        )
    return found


def first_page(path: Path) -> tuple[str, int, Options]:
    """What a reader wants to know beside the content."""
    return open_document(path, None, Options()).mimetype, 1, Options()


def robustness(folder: Path) -> dict[str, Any]:
    """Every hostile file: how it ended, how long it took, and what was read, to be held against its label."""
    crashed, slow, count = [], [], 0
    for entry in map(json.loads, (folder / "labels.jsonl").open()):
        path, began, count = folder / entry["file"], time.perf_counter(), count + 1
        try:
            info = open_document(path, None, Options())
            pages = [
                recognize_page(path, info.mimetype, number, Options())
                for number in range(1, info.page_count + 1)
            ]
            ended = "; ".join(
                f"{page.source} {page.letters} letters{f' turned {page.rotation}' if page.rotation else ''}"
                for page in pages
            )
            seen = " ".join(" ".join(page.text for page in pages).split())[:150]
        except AppError as refused:
            ended, seen = f"{refused.reason}: {refused.message}", ""
        except Exception as error:  # what this looks for
            ended, seen = f"CRASHED {error!r}", ""
            crashed.append(entry["file"])
        took = time.perf_counter() - began
        if took > LONGEST:
            slow.append(entry["file"])
        print(
            f"{entry['file']} ({took:.1f} s)\n    expected: {entry['expect']}\n    {ended}\n    {seen!r}",
            flush=True,
        )
    return {"files": count, "crashed": crashed, "too_slow": slow}


def main() -> None:
    """Measure what the command line asks for."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--data", type=Path, required=True, help="folder of labelled sets")
    arguments.add_argument("--robustness", action="store_true", help="read the hostile files instead")
    arguments.add_argument("--readers", default=",".join(READERS), help="which of them, parted by commas")
    arguments.add_argument("--each", action="store_true", help="print each file too")
    arguments.add_argument("sets", nargs="*", help="SET or SET:N for its first N files")
    asked = arguments.parse_args()
    if asked.robustness:
        print(json.dumps(robustness(asked.data / "robustness" / "dev")))
        return
    results = {}
    for entry in asked.sets:
        name, _, most = entry.partition(":")
        folder = asked.data / name / "dev"
        if not (folder / "labels.jsonl").exists():
            sys.exit(f"There is no {folder}/labels.jsonl.")
        results[name] = measure(folder, int(most) if most else None, asked.readers.split(","), asked.each)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
