"""Trains the rankers of extraction, and the calibration of its confidences.

    make train-ranker        (AUTOMATEIQ_BENCH_DATA: the folder with docai/ in it)

Writes, always the same for the same data and packages:

    services/ai-ocr/src/automateiq_ocr/extraction/weights/<name>.onnx   what the service uses: trained on everything
    services/ai-ocr/training/ranker/folds/<fold>/<name>.onnx            trained without the vendors of that fold
    services/ai-ocr/training/ranker/folds/table.json                    {sha256 of a file: its fold}
    services/ai-ocr/training/ranker/folds/figures.json                  how often the right value is ranked first
    .../calibration.json                                                confidences, beside every set of models

A document of the dev sets is measured with the models of its fold, which never saw its vendor
(`automateiq_ocr.extraction.ranking.use_models_from`).
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the same sums in the same order
os.environ.setdefault("OMP_THREAD_LIMIT", "1")

from automateiq_ocr.extraction.ranking import WEIGHTS, forget
from automateiq_ocr.recognition.engine import engine_version
from calibrating import fit_evidence, fit_scores, learn_evidence, learn_scores
from generated import generate
from labelled import Labelled, load
from learning import FOLDS, SEED, Task, fit, folds_of, rows_of
from reporting import figures
from tasks import TASKS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]

GENERATED = 400


def train(
    documents: Sequence[Labelled],
    generated: Sequence[Labelled],
    tasks: Sequence[Task],
    weights: Path,
    folds: Path,
) -> None:
    """All rankers of these tasks, into `weights` and `folds`. Generated documents belong to no fold."""
    fold_of = folds_of(documents)
    for task in tasks:
        rows = rows_of(task, [*documents, *generated])
        _write(weights / f"{task.name}.onnx", fit(rows))
        for fold in range(FOLDS):
            left_out = {group for group, number in fold_of.items() if number == fold}
            _write(folds / str(fold) / f"{task.name}.onnx", fit(rows.without(left_out)))
        print(f"{task.name}: {len(rows.right)} candidates, {int(rows.right.sum())} right")
    calibrate(documents, fold_of, weights, folds)
    kept = folds / "figures.json"
    known = json.loads(kept.read_text()) if kept.exists() else {}
    _write_json(kept, {**known, **figures(documents, tasks, fold_of, folds)})
    table = {document.sha256: fold_of[document.group] for document in documents}
    _write_json(folds / "table.json", table)


def calibrate(documents: Sequence[Labelled], fold_of: Mapping[str, int], weights: Path, folds: Path) -> None:
    """The confidences, by the answers of the folds' models. A fold's own answers do not teach its calibration."""
    places = {None: weights} | {fold: folds / str(fold) for fold in range(FOLDS)}
    for place in places.values():
        (place / "calibration.json").unlink(missing_ok=True)
    forget()
    rows = learn_evidence(documents, fold_of, folds)
    made: dict[int | None, dict[str, Any]] = {}
    for fold, place in places.items():
        learnt = fit_evidence(rows, fold)
        made[fold] = {"evidence": {"total": learnt} if learnt else {}}
        _write_json(place / "calibration.json", made[fold])
    forget()
    scores = learn_scores(documents, fold_of, folds)
    for fold, place in places.items():
        _write_json(place / "calibration.json", {**made[fold], "fields": fit_scores(scores, fold)})
    forget()


def _write_json(path: Path, content: Any) -> None:
    _write(path, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def main() -> None:
    """Train what the command line asks for."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get("AUTOMATEIQ_BENCH_DATA", ROOT / "shared" / "data")) / "docai",
    )
    arguments.add_argument(
        "--pages",
        type=Path,
        # Apart for every version of the reader, so that nothing is learnt from pages it no longer gives.
        default=ROOT / "benchmarks" / ".work" / "read" / engine_version(),
        help="where read pages are kept: SET/FILE.json",
    )
    arguments.add_argument("--only", nargs="*", help="names of rankers, none for the confidences alone")
    asked = arguments.parse_args()
    documents = load(asked.data, asked.pages)
    tasks = [task for task in TASKS if asked.only is None or task.name in asked.only]
    if asked.only == []:
        calibrate(documents, folds_of(documents), WEIGHTS, HERE / "folds")
        return
    train(documents, generate(GENERATED, SEED), tasks, WEIGHTS, HERE / "folds")


if __name__ == "__main__":
    main()
