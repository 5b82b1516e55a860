"""The labelled documents: FOLDER/<set>/<split>/ with the files and a labels.jsonl. Its README says what a label is."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SPLITS = ("dev", "heldout")


@dataclass(frozen=True)
class Labelled:
    """A document and what is right about it."""

    set: str
    path: Path
    kind: str
    fields: dict[str, Any]
    accept: dict[str, list[Any]] = field(default_factory=dict)
    text: str = ""
    more: dict[str, Any] = field(default_factory=dict)


def folder() -> Path:
    """The folder of the sets: `docai` under AUTOMATEIQ_BENCH_DATA, or beside the checkout."""
    root = os.environ.get("AUTOMATEIQ_BENCH_DATA")
    found = Path(root) if root else Path(__file__).resolve().parents[3] / "shared" / "data"
    for candidate in (found / "docai", found):
        if any(candidate.glob("*/*/labels.jsonl")):
            return candidate
    raise SystemExit(
        f"No labelled documents under {found}. Set AUTOMATEIQ_BENCH_DATA to the folder of docai/."
    )


def documents(root: Path, name: str, most: int | None = None) -> list[Labelled]:
    """The documents of a set, in the order of its labels; empty where the folder has no such set."""
    split = next((split for split in SPLITS if (root / name / split / "labels.jsonl").exists()), None)
    if split is None:
        return []
    base = root / name / split
    rows = [json.loads(line) for line in (base / "labels.jsonl").read_text().splitlines() if line.strip()]
    return [
        Labelled(
            name,
            base / row["file"],
            row["kind"],
            row.get("fields") or {},
            row.get("accept") or {},
            row.get("text") or "",
            row,
        )
        for row in rows[:most]
    ]
