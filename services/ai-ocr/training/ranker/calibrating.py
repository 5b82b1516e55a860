"""Confidences that mean what they say: learnt from what the models of the folds answered for vendors they never saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from automateiq_ocr.extraction import totals
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.extraction.ranking import use_models_from
from labelled import Labelled
from learning import SEED
from sklearn.linear_model import LogisticRegression

# The labels' names of our fields, where they differ.
_NAMES = {"vendor_address": "address", "governing_law": "jurisdiction"}
_FEWEST = 25  # answers, of which three are wrong and three right: fewer teach nothing


def learn_evidence(
    documents: Sequence[Labelled], fold_of: Mapping[str, int], folds: Path
) -> list[tuple[int, list[float], bool]]:
    """(fold, evidence, whether right) of every total chosen by the models of its fold."""
    seen: list[tuple[int, list[float], bool]] = []
    for document in documents:
        fold = fold_of[document.group]
        with use_models_from(folds / str(fold)):
            choice = totals.chosen_total(document.pages)
        right = document.right("total", choice[0]) if choice else None
        if choice and right is not None:
            seen.append((fold, choice[1], right))
    return seen


def learn_scores(
    documents: Sequence[Labelled], fold_of: Mapping[str, int], folds: Path
) -> dict[str, list[tuple[int, float, bool]]]:
    """field -> (fold, score, whether right) of every value extracted with the models of its fold."""
    seen: dict[str, list[tuple[int, float, bool]]] = defaultdict(list)
    for document in documents:
        fold = fold_of[document.group]
        with use_models_from(folds / str(fold)):
            found = extract(document.pages).fields()
        for name, field in found.items():
            right = document.right(_NAMES.get(name, name), field.value)
            if right is not None:
                seen[name].append((fold, field.confidence, right))
    return dict(seen)


def fit_evidence(rows: Sequence[tuple[int, list[float], bool]], without: int | None) -> dict[str, Any] | None:
    """Logistic regression over the evidence, without one fold's rows."""
    kept = [(features, right) for fold, features, right in rows if fold != without]
    if not _teaches([right for _, right in kept]):
        return None
    model = LogisticRegression(C=0.5, max_iter=1000, random_state=SEED)
    model.fit(np.array([features for features, _ in kept]), [right for _, right in kept])
    return {
        "bias": round(float(model.intercept_[0]), 4),
        "weights": [round(float(w), 4) for w in model.coef_[0]],
    }


def fit_scores(
    rows: Mapping[str, Sequence[tuple[int, float, bool]]], without: int | None
) -> dict[str, dict[str, float]]:
    """Platt's line for every field with enough answers, without one fold's rows."""
    lines = {}
    for name, answers in sorted(rows.items()):
        kept = [(min(max(score, 0.001), 0.999), right) for fold, score, right in answers if fold != without]
        if not _teaches([right for _, right in kept]):
            continue
        odds = np.array([[np.log(score / (1 - score))] for score, _ in kept])
        model = LogisticRegression(C=1.0, max_iter=1000, random_state=SEED)
        model.fit(odds, [right for _, right in kept])
        # A falling line would turn the order around: then only the share of right answers is known.
        slope = max(0.05, float(model.coef_[0][0]))
        lines[name] = {"bias": round(float(model.intercept_[0]), 4), "slope": round(slope, 4)}
    return lines


def _teaches(right: Sequence[bool]) -> bool:
    return len(right) >= _FEWEST and 3 <= sum(right) <= len(right) - 3
