"""`python -m automateiq_documents.assembly.worker`: one job from standard input, in a process that may crash.

Files come from outside, and a C library opens them: what goes wrong there, or takes too much memory or time, ends this
process and nothing else.
"""

import json
import resource
import sys
from pathlib import Path

_MEMORY_BYTES = 2 << 30


def main() -> None:
    """Does the job and ends."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    from automateiq_documents.assembly import engine

    job = json.load(sys.stdin)
    if job["do"] == "merge":
        engine.merge([(Path(path), kind) for path, kind in job["sources"]], Path(job["target"]))
        return
    split = engine.split_pdf if job["do"] == "split_pdf" else engine.split_tiff
    split(Path(job["source"]), job["parts"], [Path(target) for target in job["targets"]])


if __name__ == "__main__":
    main()
