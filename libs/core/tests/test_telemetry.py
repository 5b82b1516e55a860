"""Logs that can be followed, a trace that is passed on, metrics and health that answer."""

import json
import logging
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from automateiq_core import telemetry
from automateiq_core.settings import ServiceSettings
from automateiq_core.telemetry import HealthServer
from opentelemetry import trace
from opentelemetry.trace import SpanKind

LOGS = """
import structlog
from automateiq_core import telemetry
from automateiq_core.context import CallContext, Role, use
from automateiq_core.settings import ServiceSettings
from opentelemetry.trace import SpanKind

telemetry.configure("toy", ServiceSettings(trace_sample_ratio=0))
with use(CallContext("gateway", Role.ADMIN, "org", request_id="req-1")):
    with telemetry.span("x", SpanKind.SERVER, {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-00"}):
        structlog.get_logger("ours").info("done", pages=3)
        import logging
        logging.getLogger("a.library").warning("careful")
        try:
            1 / 0
        except ZeroDivisionError:
            structlog.get_logger("ours").exception("broken")
"""


def test_every_line_is_json_and_names_the_request() -> None:
    run = subprocess.run([sys.executable, "-c", LOGS], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in run.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["done", "careful", "broken"]
    for line in lines:
        assert line["service"] == "toy"
        assert line["requestId"] == "req-1"
        assert line["organizationId"] == "org"
        assert line["traceId"] == "a" * 32
        assert line["time"].endswith("Z")
    assert lines[0]["pages"] == 3
    assert "ZeroDivisionError" in lines[2]["exception"]


@pytest.fixture(scope="module", autouse=True)
def configured() -> Iterator[None]:
    """Traces as a service has them, all of them sampled; the root logger is given back as it was."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    telemetry.configure("toy", ServiceSettings(trace_sample_ratio=1))
    yield
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.parametrize("sampled", ["01", "00"])
def test_a_trace_goes_on_over_the_next_hop(sampled: str) -> None:
    incoming = {"traceparent": f"00-{'c' * 32}-{'d' * 16}-{sampled}"}
    with telemetry.span("server", SpanKind.SERVER, incoming):
        onwards = telemetry.trace_headers()["traceparent"].split("-")
    assert (onwards[1], onwards[3]) == ("c" * 32, sampled)
    # A sampled trace gets a span of ours in between; of the others only the ids travel.
    assert (onwards[2] == "d" * 16) is (sampled == "00")
    assert not trace.get_current_span().get_span_context().is_valid


def fetch(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_health_and_metrics_answer() -> None:
    good = True
    server = HealthServer("127.0.0.1:0", lambda: good)
    server.start()
    try:
        base = f"http://127.0.0.1:{server.port}"
        assert fetch(f"{base}/healthz")[0] == 200
        good = False
        assert fetch(f"{base}/healthz")[0] == 503
        status, text = fetch(f"{base}/metrics")
        assert status == 200
        assert "rpc_server_seconds" in text
        assert fetch(f"{base}/else")[0] == 404
    finally:
        server.stop()
