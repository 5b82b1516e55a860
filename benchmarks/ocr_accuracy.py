"""How much of what documents say is read out of them rightly: recognition and extraction, in this process.

    .venv/bin/python benchmarks/ocr_accuracy.py                         the project's own samples
    .venv/bin/python benchmarks/ocr_accuracy.py --data DIR SET[:N]...   labelled DIR/SET/dev, scored by DIR/score.py

Recognized pages are kept under benchmarks/.work/pages, keyed by the file's content and the engine's version, so that
extraction alone is measured again in seconds. For the samples every wrong value is printed; the last line is JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_THREAD_LIMIT", "1")

from automateiq_core.errors import AppError
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.extraction.models import ExtractedData, Field, LineItem
from automateiq_ocr.recognition.engine import engine_version, open_document, recognize_page
from automateiq_ocr.recognition.models import Line, Options, Page, Word

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "benchmarks" / ".work"
SCALARS = ("vendor", "invoice_number", "date", "due_date", "currency", "subtotal", "tax", "total")
ITEM = ("description", "quantity", "unit_price", "amount")


def pages_of(path: Path, options: Options) -> list[Page]:
    """The file's recognized pages, from the cache where they are in it. Raises a FileRefused."""
    content = path.read_bytes()
    key = hashlib.sha256(content + engine_version().encode() + repr(options).encode()).hexdigest()[:24]
    kept = WORK / "pages" / f"{key}.json"
    if kept.exists():
        return [page_from(raw) for raw in json.loads(kept.read_text())]
    info = open_document(content, None, options)
    pages = [
        recognize_page(content, info.mimetype, number, options) for number in range(1, info.page_count + 1)
    ]
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps([asdict(page) for page in pages]))
    return pages


def page_from(raw: dict[str, Any]) -> Page:
    """A page from its JSON form."""
    lines = tuple(Line(tuple(Word(**word) for word in line["words"]), line["block"]) for line in raw["lines"])
    return Page(**{**raw, "lines": lines})


def labels_of(data: ExtractedData) -> dict[str, Any]:
    """The values alone, under the data sets' names."""
    fields: dict[str, Any] = {name: field.value for name, field in data.fields().items()}
    fields["line_items"] = [values_of(item) for item in data.line_items]
    fields["parties"] = [party.value for party in data.parties]
    if data.governing_law is not None:
        fields["jurisdiction"] = data.governing_law.value
    return fields


def values_of(item: LineItem) -> dict[str, str]:
    """A line's values that were found."""
    found: list[tuple[str, Field | None]] = [(name, getattr(item, name)) for name in ITEM]
    return {name: field.value for name, field in found if field is not None}


def plain(text: str | None) -> str | None:
    """Without case and punctuation."""
    return None if text is None else re.sub(r"\W+", " ", text).casefold().strip()


def snake(name: str) -> str:
    """camelCase to snake_case."""
    return re.sub(r"(?=[A-Z])", "_", name).lower()


def measure_samples() -> dict[str, Any]:
    """The project's samples: every scalar field must be right, line items are counted."""
    right = asked = items_right = items_asked = items_given = wrong_types = 0
    for sample in json.loads((ROOT / "samples" / "expected.json").read_text()):
        data = extract(pages_of(ROOT / "samples" / "documents" / sample["file"], Options()))
        expected = {snake(name): value for name, value in sample["fields"].items()}
        lines = [{snake(k): v for k, v in line.items()} for line in expected.pop("line_items")]
        found = labels_of(data)
        wrong = {
            name: (expected.get(name), found.get(name))
            for name in SCALARS
            if (plain if name == "vendor" else str)(expected.get(name) or "")
            != (plain if name == "vendor" else str)(found.get(name) or "")
        }
        if data.document_type != sample["kind"]:
            wrong_types += 1
            wrong["document_type"] = (sample["kind"], str(data.document_type))
        given = found["line_items"]
        same = sum(line in given for line in lines)
        right, asked = right + len(SCALARS) - len(wrong.keys() & set(SCALARS)), asked + len(SCALARS)
        items_right, items_asked = items_right + same, items_asked + len(lines)
        items_given += len(given)
        print(
            f"{sample['file']}: lines {same} of {len(lines)} ({len(given)} given)",
            *wrong.items(),
            sep="\n    ",
        )
        for line in lines:
            if line not in given:
                print("    missed", line)
        for line in given:
            if line not in lines:
                print("    wrong ", line)
    return {
        "scalars_right": right,
        "scalars": asked,
        "types_wrong": wrong_types,
        "lines_right": items_right,
        "lines": items_asked,
        "lines_given": items_given,
    }


def measure_set(folder: Path, name: str, most: int | None) -> dict[str, Any]:
    """One labelled set, scored by the folder's own score.py."""
    entries = [json.loads(line) for line in (folder / name / "dev" / "labels.jsonl").open()][:most]
    predictions = WORK / f"preds-{name}.jsonl"
    WORK.mkdir(parents=True, exist_ok=True)
    spent = 0.0
    with predictions.open("w") as out:
        for entry in entries:
            try:
                pages = pages_of(folder / name / "dev" / entry["file"], Options())
            except AppError as refused:
                print(f"{entry['file']}: {refused.message}", file=sys.stderr)
                continue
            began = time.perf_counter()
            data = extract(pages)
            spent += time.perf_counter() - began
            line = {
                "file": entry["file"],
                "kind": str(data.document_type),
                "fields": labels_of(data),
                "confidence": {field: found.confidence for field, found in data.fields().items()},
            }
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    scores = WORK / f"score-{name}.json"
    command = [sys.executable, str(folder / "score.py"), "--pred", str(predictions), "--set", name]
    subprocess.run([*command, "--only-predicted", "--json", str(scores), "--errors", "400"], check=True)
    return {"documents": len(entries), "extraction_ms": round(1000 * spent / max(1, len(entries)), 1)}


def main() -> None:
    """Measure what the command line asks for."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--data", type=Path, help="folder of labelled sets, with score.py in it")
    arguments.add_argument("sets", nargs="*", help="SET or SET:N for its first N files")
    asked = arguments.parse_args()
    if asked.data is None:
        print(json.dumps({"samples": measure_samples()}))
        return
    results = {}
    for entry in asked.sets:
        name, _, most = entry.partition(":")
        results[name] = measure_set(asked.data, name, int(most) if most else None)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
