"""Writes samples/documents and samples/expected.json: `python -m samples.make [--check]`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]

if __package__ in (None, ""):  # run as a file
    sys.path[0] = str(HERE.parent)

from samples.make.catalogue import SAMPLES  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file would change")
    check = parser.parse_args().check
    expected = json.dumps([sample.expected() for sample in SAMPLES], ensure_ascii=False, indent=2) + "\n"
    made = {HERE / "expected.json": expected.encode()}
    made |= {HERE / "documents" / sample.file: sample.draw() for sample in SAMPLES}
    changed = [path for path, data in made.items() if not path.exists() or path.read_bytes() != data]
    stray = sorted(set((HERE / "documents").glob("*")) - set(made))
    for path in changed if check else made:
        print(f"{len(made[path]):>9,}  {path.relative_to(HERE)}")
    for path in stray:
        print(f"not in the catalogue: {path.relative_to(HERE)}")
    if not check:
        for path, data in made.items():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
    return int(bool(stray or (check and changed)))


if __name__ == "__main__":
    sys.exit(main())
