"""Rankers: loaded once, pure, and taken from another folder only where a measurement says so."""

import json
import re
from pathlib import Path

import pytest
from automateiq_ocr.extraction import ranking
from automateiq_ocr.extraction.layout import lay_out
from automateiq_ocr.extraction.ranking import WEIGHTS, calibrated, chance, ranker, use_models_from
from automateiq_ocr.extraction.sums import features, find_sums
from extraction_deeds import set_page

SOURCE = Path(ranking.__file__).parents[1]
TABLE = features(find_sums(lay_out([set_page("Tea  2.40", "Bread  3.60", "Total  6.00", "Cash  10.00")])))


def test_scores_are_chances_and_always_the_same() -> None:
    scores = ranker("total").score(TABLE)
    assert len(scores) == len(TABLE)
    assert all(0 <= score <= 1 for score in scores)
    assert scores == ranker("total").score(TABLE)
    assert scores[2] == max(scores)  # "Total  6.00"


def test_nothing_to_score_gives_nothing() -> None:
    assert ranker("total").score([]) == []


def test_a_ranker_is_loaded_once() -> None:
    assert ranker("total") is ranker("total")


def test_an_unknown_ranker_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        ranker("no_such_ranker")


def test_another_folder_is_used_inside_only(tmp_path: Path) -> None:
    before = ranker("total")
    (tmp_path / "total.onnx").write_bytes((WEIGHTS / "total.onnx").read_bytes())
    (tmp_path / "calibration.json").write_text(
        json.dumps(
            {
                "fields": {"total": {"bias": 0.0, "slope": 2.0}},
                "evidence": {"total": {"bias": 0.0, "weights": [1.0, -1.0]}},
            }
        )
    )
    with use_models_from(tmp_path):
        assert ranker("total") is not before
        assert calibrated("total", 0.5) == pytest.approx(0.5)
        assert calibrated("total", 0.9) > 0.9
        assert calibrated("date", 0.9) == 0.9
        assert chance("total", [2.0, 2.0]) == pytest.approx(0.5)
        with pytest.raises(ValueError, match="argument"):
            chance("total", [1.0])
    assert ranker("total") is before


def test_calibration_keeps_the_order() -> None:
    learnt = json.loads((WEIGHTS / "calibration.json").read_text())["fields"]
    for name in learnt:
        chances = [calibrated(name, score / 100) for score in range(1, 100)]
        assert chances == sorted(chances)
        assert all(0 < one < 1 for one in chances)


def test_the_service_never_uses_the_models_of_a_fold() -> None:
    callers = [
        path.relative_to(SOURCE)
        for path in SOURCE.rglob("*.py")
        if re.search(r"use_models_from|ranker.folds", path.read_text()) and path.name != "ranking.py"
    ]
    assert callers == []
    assert ranking._directory.get() == WEIGHTS
    assert all(path.stat().st_size < 1_000_000 for path in WEIGHTS.iterdir())
