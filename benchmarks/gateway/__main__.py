"""A document read through the whole fleet, beside the same read by a bare FastAPI and Motor program.

    make bench-gateway

The fleet's read passes gateway and gRPC with authentication, session check, rate limits, permission table, tenancy,
validation, metrics and traces. The bare program (`bare.py`) has none of these: it reads the same documents from the
same MongoDB, one row each, and answers with the same JSON. Each program is one process; `wrk` asks for many different
documents in turn, alternates between the two, and the figures are medians over the rounds. `p50_ms` is the fleet's
median latency under that load.
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
from typing import Any

import httpx
import pymongo
from bson import ObjectId

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from automateiq_local.fleet import Fleet  # noqa: E402
from automateiq_local.ports import free_ports  # noqa: E402

from samples.make.hostile import digital_pdf  # noqa: E402
from tests.business import Business, until  # noqa: E402
from tests.conftest import NO_RATE_LIMITS  # noqa: E402

ROUNDS = 5
SECONDS = 6
CONNECTIONS = 16
DOCUMENTS = 200
ENV = {**NO_RATE_LIMITS, "AUTOMATEIQ_STARTER_MONTHLY_CREDITS": "100000"}
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """What wrk measured."""

    throughput: float
    p50_ms: float
    p99_ms: float


_IN_TURN = """
local paths = { %s }
local turn = 0
request = function()
  turn = turn %% #paths + 1
  return wrk.format("GET", paths[turn])
end
"""


def wrk(base: str, paths: list[str], token: str, script: Path, seconds: int = SECONDS) -> Load:
    """Asks for the paths in turn and reads wrk's report."""
    script.write_text(_IN_TURN % ", ".join(f'"{path}"' for path in paths))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script)]
    command += ["-H", f"Authorization: Bearer {token}", base]
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
def bare_program(mongodb_uri: str) -> Iterator[str]:
    """The bare program on a free port, as one process."""
    port = free_ports(1)[0]
    env = {**os.environ, "MONGODB_URI": mongodb_uri}
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


def processed(shop: Business) -> list[dict[str, Any]]:
    """Many small invoices, read."""
    ids = []
    for number in range(DOCUMENTS):
        document_id = shop.upload(digital_pdf(number), f"invoice-{number}.pdf")["id"]
        shop.process(document_id)
        ids.append(document_id)
    return [shop.ended(document_id, seconds=300) for document_id in ids]


def copy(documents: list[dict[str, Any]], mongodb_uri: str) -> None:
    """The same documents as the bare program's rows."""
    with pymongo.MongoClient(mongodb_uri) as client:
        rows = [{**document, "_id": ObjectId(document["id"])} for document in documents]
        for row in rows:
            del row["id"]
        client["bare"]["documents"].insert_many(rows)


def main() -> None:
    """Runs the rounds and prints one line of JSON."""
    with tempfile.TemporaryDirectory() as folder, Fleet(Path(folder), env=ENV) as fleet:
        with httpx.Client(base_url=fleet.gateway_url, timeout=60) as client:
            shop = Business.register(client, "bench@example.com")
            documents = processed(shop)
        copy(documents, fleet.mongodb_uri)
        token, script = shop.tokens["accessToken"], Path(folder) / "in-turn.lua"
        ids = [document["id"] for document in documents]
        with bare_program(fleet.mongodb_uri) as bare:
            for document in documents[:5]:
                answer = httpx.get(f"{bare}/documents/{document['id']}")
                assert answer.json() == document, "the two must give the same answer"
            programs = (
                (fleet.gateway_url, [f"/api/documents/{document_id}" for document_id in ids]),
                (bare, [f"/documents/{document_id}" for document_id in ids]),
            )
            for program in programs:
                wrk(*program, token, script, 3)
            pairs = []
            for number in range(ROUNDS):
                ours, theirs = (wrk(*program, token, script) for program in programs)
                pairs.append((ours, theirs))
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
