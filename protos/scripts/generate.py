"""Regenerates the committed stubs in `protos/src` from the `.proto` files beside it.

Run as `make protos`; CI runs it too and fails on a difference.
"""

import shutil
import sys
from pathlib import Path

from grpc_tools import protoc
from vendor_validate import write

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src"


def _run(files: list[str], *outputs: str) -> None:
    well_known = Path(protoc.__file__).parent / "_proto"
    if protoc.main(["protoc", f"-I{ROOT}", f"-I{well_known}", *outputs, *files]) != 0:
        sys.exit("protoc failed")


def main() -> None:
    """Writes messages, services and their types, and takes away stubs whose proto is gone."""
    write(ROOT)
    for package in ("automateiq", "buf"):
        for stub in (SOURCE / package).rglob("*_pb2*"):
            stub.unlink()
    ours = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "automateiq").rglob("*.proto"))
    rules = "buf/validate/validate.proto"
    _run([*ours, rules], f"--python_out={SOURCE}", f"--mypy_out=quiet:{SOURCE}")
    with_services = [path for path in ours if "\nservice " in (ROOT / path).read_text()]
    _run(with_services, f"--grpc_python_out={SOURCE}", f"--mypy_grpc_out=quiet:{SOURCE}")
    (SOURCE / "automateiq" / "py.typed").touch()
    for cache in SOURCE.rglob("__pycache__"):
        shutil.rmtree(cache)


if __name__ == "__main__":
    main()
