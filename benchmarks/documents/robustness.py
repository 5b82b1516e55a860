"""Hostile and odd files: each must be read or refused as its label says, in a process of its own, within a minute.

A label's `expect` is a sentence. "reject" and "error" ask for a refusal, "reject or ..." leaves it open; everything
else asks for an acceptance, and for text where the sentence speaks of text, forms or OCR and not of a blank page.
"""

from __future__ import annotations

import multiprocessing
import re
from dataclasses import dataclass
from multiprocessing.connection import Connection

from automateiq_core.errors import InvalidInput
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.recognition.engine import open_document, recognize_page
from automateiq_ocr.recognition.models import Options
from dataset import Labelled

SECONDS = 60.0


@dataclass(frozen=True)
class Outcome:
    """How a file was taken: read (with so many letters), refused (with a reason), crashed or hung."""

    verdict: str
    letters: int = 0
    reason: str = ""


def wanted(document: Labelled) -> str:
    """The sentence of the label."""
    return str(document.more.get("expect", ""))


def as_expected(document: Labelled, outcome: Outcome) -> bool:
    """Whether a file was taken as its label asks."""
    sentence = wanted(document).lower()
    if outcome.verdict not in ("read", "refused"):
        return False
    if re.match(r"reject\b.* or\b", sentence):
        return True
    if sentence.startswith("reject") or "error" in sentence:
        return outcome.verdict == "refused"
    blank = re.search(r"\bblank\b|no text\"?$", sentence)
    needs_text = re.search(r"\btext\b|\bform\b|\bocr\b|layer", sentence) and not blank
    return outcome.verdict == "read" and (outcome.letters > 0 or not needs_text)


def take(document: Labelled, options: Options) -> Outcome:
    """Reads a file in a process of its own."""
    spawned = multiprocessing.get_context("spawn")
    ours, theirs = spawned.Pipe(duplex=False)
    process = spawned.Process(target=_read, args=(theirs, document, options))
    process.start()
    theirs.close()
    try:
        return ours.recv() if ours.poll(SECONDS) else Outcome("hung")
    except EOFError:
        return Outcome("crashed", reason=f"exit {process.exitcode}")
    finally:
        process.kill()
        process.join()


def _read(answer: Connection, document: Labelled, options: Options) -> None:
    content = document.path.read_bytes()
    try:
        info = open_document(content, None, options)
        numbers = range(1, info.page_count + 1)
        pages = [recognize_page(content, info.mimetype, number, options) for number in numbers]
        extract(pages)
    except InvalidInput as refused:
        answer.send(Outcome("refused", reason=refused.reason))
    except Exception as error:
        answer.send(Outcome("crashed", reason=repr(error)))
    else:
        answer.send(Outcome("read", sum(page.letters for page in pages)))
