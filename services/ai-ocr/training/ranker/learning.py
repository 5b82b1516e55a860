"""From candidates to rankers: rows of features, a gradient boosting each, folds that part vendors, ONNX files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from automateiq_ocr.recognition.models import Page
from labelled import Labelled
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingClassifier

SEED = 20260301
FOLDS = 5

# (value in normal form, features): the same features, in the same order, for every candidate of a task.
Candidates = Sequence[tuple[str, Sequence[float]]]


@dataclass(frozen=True)
class Task:
    """What one ranker learns: `candidates` gives those of a document, the very function that extraction calls.

    `right` says whether a value is the document's; None where its labels do not say. `field` is the label's name.
    """

    name: str
    field: str
    candidates: Callable[[Sequence[Page]], Candidates]
    right: Callable[[Labelled, str], bool | None] | None = None

    def judge(self, document: Labelled, value: str) -> bool | None:
        """Whether a value is right."""
        return self.right(document, value) if self.right else document.right(self.field, value)


@dataclass(frozen=True)
class Rows:
    """A task's table: features, whether each row is right, its weight, and its document's group."""

    features: np.ndarray[Any, np.dtype[np.float32]]
    right: np.ndarray[Any, np.dtype[np.int64]]
    weights: np.ndarray[Any, np.dtype[np.float64]]
    groups: tuple[str, ...]

    def without(self, groups: set[str]) -> Rows:
        """The rows of documents outside these groups."""
        kept = np.array([group not in groups for group in self.groups], dtype=bool)
        return Rows(
            self.features[kept],
            self.right[kept],
            self.weights[kept],
            tuple(group for group, keep in zip(self.groups, kept, strict=True) if keep),
        )


def rows_of(task: Task, documents: Iterable[Labelled]) -> Rows:
    """The rows of every document in which the right value is among the candidates: else it teaches nothing."""
    features: list[Sequence[float]] = []
    right: list[int] = []
    weights: list[float] = []
    groups: list[str] = []
    for document in documents:
        candidates = task.candidates(document.pages)
        judged = [task.judge(document, value) for value, _ in candidates]
        if not any(judged):
            continue
        for (_, row), is_right in zip(candidates, judged, strict=True):
            features.append(row)
            right.append(int(bool(is_right)))
            # A right value weighs as much as all the wrong ones of its document.
            share = sum(map(bool, judged)) if is_right else max(1, sum(not one for one in judged))
            weights.append(document.weight / share)
            groups.append(document.group)
    return Rows(
        np.array(features, dtype=np.float32), np.array(right), np.array(weights, dtype=float), tuple(groups)
    )


def fit(rows: Rows) -> bytes:
    """A ranker as ONNX. Shallow trees and strong shrinkage: there are some hundreds of documents only."""
    model = GradientBoostingClassifier(
        n_estimators=160,
        learning_rate=0.06,
        max_depth=4,
        min_samples_leaf=12,
        subsample=0.7,
        max_features=0.5,
        random_state=SEED,
    )
    # Weights with mean 1: the least number of samples in a leaf and the regularization are meant so.
    model.fit(rows.features, rows.right, sample_weight=rows.weights / rows.weights.mean())
    made = to_onnx(
        model, rows.features[:1], name="ranker", options={id(model): {"zipmap": False}}, target_opset=17
    )
    return bytes(made.SerializeToString())


def folds_of(documents: Iterable[Labelled]) -> dict[str, int]:
    """group -> fold: every group in one fold, the folds about equally large."""
    sizes: dict[str, int] = defaultdict(int)
    for document in documents:
        sizes[document.group] += 1
    filled = [0] * FOLDS
    folds: dict[str, int] = {}
    for group, size in sorted(sizes.items(), key=lambda entry: (-entry[1], entry[0])):
        fold = filled.index(min(filled))
        folds[group] = fold
        filled[fold] += size
    return folds
