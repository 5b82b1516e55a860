"""The training: documents made by the project, vendors kept out of their own test, the same bytes every time."""

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from automateiq_ocr.extraction.engine import extract
from automateiq_ocr.extraction.ranking import Ranker, use_models_from

RANKER = Path(__file__).resolve().parents[1] / "training" / "ranker"
sys.path.insert(0, str(RANKER))

from generated import generate  # noqa: E402
from labelled import Labelled, grouped  # noqa: E402
from learning import FOLDS, folds_of, rows_of  # noqa: E402
from tasks import TASKS  # noqa: E402

TOTAL = next(task for task in TASKS if task.name == "total")


def program() -> ModuleType:
    """The command, loaded without being run."""
    spec = importlib.util.spec_from_file_location("ranker_program", RANKER / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def documents() -> list[Labelled]:
    """A tiny set, as if it were a labelled one: each document of its own vendor."""
    made = generate(40, seed=7)
    return grouped(replace(one, set="tiny", sha256=f"{index:064}") for index, one in enumerate(made))


def test_generated_documents_are_the_same_for_a_seed() -> None:
    assert generate(5, seed=3) == generate(5, seed=3)
    assert generate(5, seed=3) != generate(5, seed=4)


def test_generated_documents_print_their_answers() -> None:
    found = [
        one
        for one in generate(60, seed=1)
        if any(TOTAL.judge(one, v) for v, _ in TOTAL.candidates(one.pages))
    ]
    assert len(found) >= 57


def test_training_writes_models_that_work_and_is_repeatable(
    documents: list[Labelled], tmp_path: Path
) -> None:
    train = program().train
    for name in ("once", "again"):
        train(documents, generate(6, seed=9), TASKS, tmp_path / name / "weights", tmp_path / name / "folds")
    once = sorted((tmp_path / "once").rglob("*.*"))
    assert {path.name for path in once} == {
        "figures.json",
        "calibration.json",
        "table.json",
        *(f"{t.name}.onnx" for t in TASKS),
    }
    for path in once:
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(tmp_path / "once")).read_bytes()
    table = json.loads((tmp_path / "once" / "folds" / "table.json").read_text())
    assert sorted(table) == [one.sha256 for one in documents]
    assert set(table.values()) == set(range(FOLDS))
    rows = [features for _, features in TOTAL.candidates(documents[0].pages)]
    assert len(Ranker(tmp_path / "once" / "weights" / "total.onnx").score(rows)) == len(rows)
    with use_models_from(tmp_path / "once" / "folds" / "0"):
        assert extract(documents[0].pages).language is not None


def test_no_fold_learns_from_its_own_vendors(documents: list[Labelled]) -> None:
    fold_of = folds_of(documents)
    rows = rows_of(TOTAL, documents)
    for fold in range(FOLDS):
        left_out = {group for group, number in fold_of.items() if number == fold}
        assert left_out
        assert not left_out & set(rows.without(left_out).groups)
        assert left_out & set(rows.groups)


def test_documents_of_one_vendor_or_one_file_are_in_one_group() -> None:
    one, other, third = generate(3, seed=2)
    chain = replace(one, labels={**one.labels, "vendor": "Gardenia Bakeries (KL) Sdn Bhd"})
    branch = replace(other, labels={**other.labels, "vendor": "GARDENIA BAKERIES (KI) SDN BHD"})
    scan = replace(third, set="scan_sim", file=f"generated__{one.file}__skew2.jpg", labels={"vendor": "?"})
    groups = [document.group for document in grouped([chain, branch, scan])]
    assert len(set(groups)) == 1
    assert len({document.group for document in grouped([one, replace(third, labels={"vendor": "Zyx"})])}) == 2


def test_every_model_of_a_fold_is_there_for_every_model_of_the_service() -> None:
    names = {f"{task.name}.onnx" for task in TASKS} | {"calibration.json"}
    for fold in range(FOLDS):
        assert names <= {path.name for path in (RANKER / "folds" / str(fold)).iterdir()}
