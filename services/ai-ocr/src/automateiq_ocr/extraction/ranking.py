"""Small learned rankers: of the candidates for a field, how likely each is the right one.

A ranker is a file `weights/<name>.onnx`, made by `make train-ranker` (services/ai-ocr/training/ranker). It takes a
table of features, one row a candidate, and gives the chance of each. `weights/calibration.json` says what an
uncalibrated score of a field is worth as a chance, and how evidence adds up to one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

WEIGHTS = Path(__file__).with_name("weights")

_directory: ContextVar[Path] = ContextVar("weights", default=WEIGHTS)


class Ranker:
    """A ranker, loaded once a process. Calls are pure: the same features give the same chances."""

    def __init__(self, path: Path) -> None:
        """Raises FileNotFoundError where there is no such file."""
        options = onnxruntime.SessionOptions()
        # A document has some dozens of candidates: handing them to threads costs more than scoring them.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        self._session = onnxruntime.InferenceSession(
            path.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[-1].name

    def score(self, features: Sequence[Sequence[float]]) -> list[float]:
        """The chance, 0 to 1, that each candidate is the right one; `features` has a row a candidate."""
        if not features:
            return []
        table = np.asarray(features, dtype=np.float32)
        (chances,) = self._session.run([self._output], {self._input: table})
        return [float(chance) for chance in np.asarray(chances)[:, 1]]


def ranker(name: str) -> Ranker:
    """The ranker of this name."""
    return _load(_directory.get() / f"{name}.onnx")


def calibrated(field: str, score: float) -> float:
    """The chance that a value of this field with this score (0 to 1) is right; the score itself where none was learnt.

    Platt scaling: a straight line in log odds, so that the order of the scores stays.
    """
    line = _load_calibration(_directory.get()).get("fields", {}).get(field)
    if line is None:
        return score
    held = min(max(score, 0.001), 0.999)
    return _logistic(line["bias"] + line["slope"] * math.log(held / (1 - held)))


def chance(name: str, evidence: Sequence[float]) -> float:
    """The chance, learnt by logistic regression, that a choice with this evidence is right; 0.5 before any training."""
    learnt = _load_calibration(_directory.get()).get("evidence", {}).get(name)
    if learnt is None:
        return 0.5
    weighed = (weight * value for weight, value in zip(learnt["weights"], evidence, strict=True))
    return _logistic(learnt["bias"] + sum(weighed))


def _logistic(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, odds))))


@contextmanager
def use_models_from(directory: Path) -> Iterator[None]:
    """Inside, rankers and calibration are those of another folder: for measuring with models of a cross-validation.

    Nothing in the service calls this.
    """
    token = _directory.set(directory)
    try:
        yield
    finally:
        _directory.reset(token)


@lru_cache(maxsize=64)
def _load(path: Path) -> Ranker:
    return Ranker(path)


@lru_cache(maxsize=16)
def _load_calibration(directory: Path) -> dict[str, Any]:
    path = directory / "calibration.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def forget() -> None:
    """Lets go of what was loaded, for a training that has just written it anew."""
    _load.cache_clear()
    _load_calibration.cache_clear()
