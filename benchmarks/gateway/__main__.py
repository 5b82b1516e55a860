"""A document read through the whole fleet, beside the same read by a bare FastAPI and Motor program.

    make bench-gateway

The fleet's read passes gateway and gRPC with authentication, session check, rate limits, permission table, tenancy,
validation, metrics and traces. The bare program (`bare.py`) has none of these: it reads the same rows of the same
MongoDB and answers with the same JSON. Both run as one process a program; `wrk` alternates between them, and the
figures are medians over the rounds. `p50_ms` is the fleet's median latency under that load.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from automateiq_local.fleet import Fleet  # noqa: E402
from automateiq_local.ports import free_ports  # noqa: E402

from tests.business import Business, until  # noqa: E402
from tests.conftest import NO_RATE_LIMITS  # noqa: E402

ROUNDS = 5
SECONDS = 6
CONNECTIONS = 16
SAMPLE = ROOT / "samples" / "documents" / "invoice-gb-thistlewick.pdf"
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """What wrk measured."""

    throughput: float
    p50_ms: float
    p99_ms: float


def wrk(url: str, token: str, seconds: int = SECONDS) -> Load:
    """Puts load on a URL and reads wrk's report."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-H", f"Authorization: Bearer {token}", url]
    report = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
    if "Non-2xx" in report or "Socket errors" in report:
        raise RuntimeError(report)

    def latency(percent: int) -> float:
        found = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", report)
        assert found, report
        return float(found[1]) * _UNITS[found[2]]

    throughput = re.search(r"Requests/sec:\s+([\d.]+)", report)
    assert throughput, report
    return Load(float(throughput[1]), latency(50), latency(99))


@contextmanager
def bare_program(mongodb_uri: str, organization_id: str) -> Iterator[str]:
    """The bare program on a free port, as one process."""
    port = free_ports(1)[0]
    env = {**os.environ, "MONGODB_URI": mongodb_uri, "ORGANIZATION_ID": organization_id}
    command = [sys.executable, "-m", "uvicorn", "bare:app", "--port", str(port), "--no-access-log"]
    process = subprocess.Popen(command, cwd=Path(__file__).parent, env=env, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: _answers(f"{url}/health"))
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False


def main() -> None:
    """Runs the rounds and prints one line of JSON."""
    with tempfile.TemporaryDirectory() as folder, Fleet(Path(folder), env=NO_RATE_LIMITS) as fleet:
        with httpx.Client(base_url=fleet.gateway_url, timeout=60) as client:
            shop = Business.register(client, "bench@example.com")
            document = shop.upload_file(SAMPLE)
            shop.process(document["id"])
            document = shop.ended(document["id"])
            assert document["status"] == "processed"
        token = shop.tokens["accessToken"]
        ours = f"{fleet.gateway_url}/api/documents/{document['id']}"
        with bare_program(fleet.mongodb_uri, shop.organization_id) as bare:
            theirs = f"{bare}/documents/{document['id']}"
            assert httpx.get(theirs).json() == document, "the two must give the same answer"
            pairs = []
            for url in (ours, theirs):
                wrk(url, token, 3)
            for number in range(ROUNDS):
                pairs.append((wrk(ours, token), wrk(theirs, token)))
                print(f"round {number}: {pairs[-1]}", file=sys.stderr)
    figures = {
        "throughput_ratio": round(statistics.median(a.throughput / b.throughput for a, b in pairs), 3),
        "p99_ratio": round(statistics.median(a.p99_ms / b.p99_ms for a, b in pairs), 3),
        "p50_ms": round(statistics.median(a.p50_ms for a, _ in pairs), 2),
        "requests_per_second": round(statistics.median(a.throughput for a, _ in pairs)),
        "bare_requests_per_second": round(statistics.median(b.throughput for _, b in pairs)),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
