"""Our own reading, in this process: the functions that ai-ocr's workers run.

Pages are kept under benchmarks/.work/documents, by content and engine version, so that a changed extraction is measured
again in seconds.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from automateiq_core.errors import AppError
from automateiq_ocr.einvoice.engine import understand
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.extraction.models import ExtractedData, Field, LineItem
from automateiq_ocr.extraction.ranking import WEIGHTS, use_models_from
from automateiq_ocr.recognition.engine import engine_version, open_document, recognize_page
from automateiq_ocr.recognition.models import Line, Options, Page, Word
from scoring import Answer

WORK = (
    Path(os.environ.get("AUTOMATEIQ_BENCH_WORK", Path(__file__).resolve().parents[1] / ".work")) / "documents"
)
FOLDS = Path(__file__).resolve().parents[2] / "services" / "ai-ocr" / "training" / "ranker" / "folds"
# Where the labels' names are not ours.
NAMES = {"vendor_address": "address", "governing_law": "jurisdiction"}
KINDS = {"purchase_order": "order"}


def pages_of(path: Path, options: Options) -> list[Page]:
    """The file's recognized pages, from the cache where they are in it. Raises a FileRefused."""
    content = path.read_bytes()
    key = hashlib.sha256(content + engine_version().encode() + repr(options).encode()).hexdigest()[:24]
    kept = WORK / "pages" / f"{key}.json"
    if kept.exists():
        return [page_from(raw) for raw in json.loads(kept.read_text())]
    info = open_document(content, None, options)
    pages = [recognize_page(content, info.mimetype, n, options) for n in range(1, info.page_count + 1)]
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps([asdict(page) for page in pages]))
    return pages


def page_from(raw: dict[str, Any]) -> Page:
    """A page from its JSON form."""
    lines = tuple(Line(tuple(Word(**word) for word in line["words"]), line["block"]) for line in raw["lines"])
    return Page(**{**raw, "lines": lines})


def answer(path: Path, options: Options) -> Answer:
    """Reads a document as pages (an embedded e-invoice is not looked at); refused files give an empty answer."""
    try:
        pages = pages_of(path, options)
    except AppError:
        return Answer()
    with use_models_from(models_for(path)):
        return answer_of(extract(pages), pages)


def models_for(path: Path) -> Path:
    """The models that never saw this document's vendor: of its fold of the training, or else the shipped ones."""
    fold = _folds().get(hashlib.sha256(path.read_bytes()).hexdigest())
    return WEIGHTS if fold is None else FOLDS / str(fold)


@cache
def _folds() -> dict[str, int]:
    table: dict[str, int] = json.loads((FOLDS / "table.json").read_text())
    return table


def with_xml(path: Path, options: Options) -> ExtractedData:
    """What the service makes of a document: its pages, and the e-invoice embedded in it."""
    pages = pages_of(path, options)
    with use_models_from(models_for(path)):
        return understand(path, open_document(path, None, options).mimetype, pages)


def contradictions(data: ExtractedData) -> list[str]:
    """The fields in which the embedded e-invoice and the page differ."""
    return [name for name, field in data.fields().items() if "page_differs_from_xml" in field.doubts]


def answer_of(data: ExtractedData, pages: Sequence[Page]) -> Answer:
    """The values under the labels' names."""
    found = data.fields()
    values: dict[str, Any] = {NAMES.get(name, name): field.value for name, field in found.items()}
    values["line_items"] = [values_of(item) for item in data.line_items]
    values["parties"] = [party.value for party in data.parties]
    sure = {NAMES.get(name, name): field.confidence for name, field in found.items()}
    sizes = {page.number: (page.width, page.height) for page in pages}
    places = {
        NAMES.get(name, name): (
            field.page,
            field.box.x / sizes[field.page][0],
            field.box.y / sizes[field.page][1],
            field.box.right / sizes[field.page][0],
            field.box.bottom / sizes[field.page][1],
        )
        for name, field in found.items()
        if field.box is not None
    }
    kind = KINDS.get(data.document_type, str(data.document_type))
    return Answer(values, sure, places, kind, "\n".join(page.text for page in pages))


def values_of(item: LineItem) -> dict[str, str]:
    """A line's values that were found."""
    return {
        name: value.value
        for name in LineItem.__dataclass_fields__
        if isinstance(value := getattr(item, name), Field)
    }
