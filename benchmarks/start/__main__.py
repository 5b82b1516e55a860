"""How long `make run` takes to all healthy, and what the idle fleet holds in memory: `make bench-start`.

Starts the fleet three times with `make run` itself, the first time on an empty data folder. `ready_s` is the slowest
of the three, from the command to its line "All healthy". `idle_memory_mb` is the proportional set size (shared pages
counted once) of everything that the command started, the supervisor included, after a minute without requests.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
from automateiq_local.process import memory_mb

ROOT = Path(__file__).parents[2]
WORK = ROOT / "benchmarks" / ".work" / "start"
STARTS = 3
IDLE_S = 60.0


def main() -> None:
    """Measure, and end with the line of JSON."""
    shutil.rmtree(WORK, ignore_errors=True)
    ready: list[float] = []
    memory = 0.0
    for start in range(1, STARTS + 1):
        last = start == STARTS
        seconds, held = measure(idle_s=IDLE_S if last else 0.0)
        ready.append(seconds)
        memory = held if last else memory
        print(
            f"start {start} ({'empty folder' if start == 1 else 'its data again'}): {seconds:.1f} s",
            flush=True,
        )
    shutil.rmtree(WORK)
    print(json.dumps({"ready_s": round(max(ready), 2), "idle_memory_mb": round(memory)}))


def measure(idle_s: float) -> tuple[float, float]:
    """One start: the seconds to all healthy, and the memory in MB after `idle_s` seconds; then a stop."""
    env = {**os.environ, "AUTOMATEIQ_LOCAL_DIR": str(WORK), "AUTOMATEIQ_GATEWAY_PORT": "0"}
    for given in ("MONGODB_URI", "REDIS_URL", "MAKEFLAGS", "MAKELEVEL"):
        env.pop(given, None)
    began = time.monotonic()
    with subprocess.Popen(
        ["make", "run"], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        try:
            wait_for_ready(run)
            seconds = time.monotonic() - began
            time.sleep(idle_s)
            started = psutil.Process(run.pid).children(recursive=True)
            held = memory_mb([run.pid])
        finally:
            stop(run, env)
    if run.returncode != 0:
        sys.exit(f"make run ended with status {run.returncode}")
    left = [process for process in started if process.is_running()]
    if left:
        sys.exit(f"still running after the stop: {left}")
    return seconds, held


def wait_for_ready(run: subprocess.Popen[str]) -> None:
    """Read what `make run` says until all is healthy."""
    assert run.stdout is not None
    said: list[str] = []
    for line in run.stdout:
        said.append(line)
        if "All healthy" in line:
            return
    sys.exit("make run did not come up:\n" + "".join(said))


def stop(run: subprocess.Popen[str], env: dict[str, str]) -> None:
    """Stop the fleet as its own command does, so that `make` ends with the fleet's status."""
    if run.poll() is None:
        subprocess.run(
            [sys.executable, "-m", "automateiq_local", "stop"], env=env, check=True, stdout=subprocess.DEVNULL
        )
    assert run.stdout is not None
    run.stdout.read()
    run.wait()


if __name__ == "__main__":
    main()
