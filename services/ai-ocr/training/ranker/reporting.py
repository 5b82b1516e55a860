"""How good the rankers are, each document asked of the models that never saw its vendor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from automateiq_ocr.extraction.ranking import Ranker
from labelled import Labelled
from learning import FOLDS, Task


def figures(
    documents: Sequence[Labelled], tasks: Sequence[Task], fold_of: Mapping[str, int], folds: Path
) -> dict[str, dict[str, dict[str, int]]]:
    """task -> set -> how many documents are asked, have the right value among the candidates, have it ranked first."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for task in tasks:
        rankers = [Ranker(folds / str(fold) / f"{task.name}.onnx") for fold in range(FOLDS)]
        sets = found.setdefault(task.name, {})
        for document in documents:
            if task.field not in document.labels:
                continue
            counts = sets.setdefault(document.set, {"asked": 0, "among": 0, "first": 0})
            counts["asked"] += 1
            candidates = task.candidates(document.pages)
            if not candidates:
                continue
            right = [bool(task.judge(document, value)) for value, _ in candidates]
            scores = rankers[fold_of[document.group]].score([features for _, features in candidates])
            counts["among"] += any(right)
            counts["first"] += right[scores.index(max(scores))]
    return found
