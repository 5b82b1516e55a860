"""What every reply has: an id, safe headers, a measure, a line in the log, a trace."""

import json
import re
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from automateiq_core import telemetry
from automateiq_gateway.addresses import client_address
from automateiq_gateway.entry import HTTP_SECONDS, Entry
from automateiq_gateway.exchange import header
from automateiq_gateway.settings import GatewaySettings
from opentelemetry import trace
from starlette.types import Receive, Scope, Send

from services.gateway.tests.conftest import problem

SAFE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


async def test_every_reply_has_safe_headers(admin: Any, anybody: httpx.AsyncClient) -> None:
    replies = [
        await admin.client.get("/api/auth/me"),
        await anybody.get("/api/auth/me"),
        await anybody.get("/nothing"),
        await anybody.get("/health"),
        await anybody.post("/api/auth/login", content=b"{"),
    ]
    for reply in replies:
        assert {name: reply.headers.get(name) for name in SAFE} == SAFE
        assert reply.headers["strict-transport-security"].startswith("max-age=")
        assert "server" not in reply.headers


async def test_the_docs_may_load_their_page_and_nothing_else(alone: httpx.AsyncClient) -> None:
    reply = await alone.get("/docs")
    assert reply.status_code == 200
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    hosts = set(re.findall(r"https://([^/\"' ]+)", reply.text))
    assert all(host in policy for host in hosts)


async def test_a_sane_request_id_is_kept(alone: httpx.AsyncClient) -> None:
    for given in ("abc-1.2:3_4", "A" * 64):
        reply = await alone.get("/nothing", headers={"X-Request-Id": given})
        assert problem(reply, 404, "ROUTE_NOT_FOUND")["requestId"] == given


async def test_any_other_is_replaced(alone: httpx.AsyncClient) -> None:
    for given in ("", "A" * 65, "a b", 'a"b', "<x>"):
        replies = [await alone.get("/health/live", headers={"X-Request-Id": given}) for _ in range(2)]
        ids = {reply.headers["x-request-id"] for reply in replies}
        assert len(ids) == 2
        assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in ids)


async def test_pages_of_our_frontend_may_call(alone: httpx.AsyncClient) -> None:
    asked = {"Origin": "http://localhost:5173", "Access-Control-Request-Method": "POST"}
    wanted = {**asked, "Access-Control-Request-Headers": "content-type,idempotency-key,x-auth-mode"}
    allowed = await alone.options("/api/auth/login", headers=wanted)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert allowed.headers["access-control-allow-credentials"] == "true"
    # They may also read what went wrong.
    refused = await alone.get("/api/auth/me", headers={"Origin": "http://localhost:5173"})
    assert refused.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "X-Request-Id" in refused.headers["access-control-expose-headers"]

    evil = {**asked, "Origin": "https://evil.example"}
    denied = await alone.options("/api/auth/login", headers=evil)
    assert denied.status_code == 400
    assert "access-control-allow-origin" not in denied.headers
    read = await alone.get("/api/auth/me", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in read.headers


def lines_of(raw: bytes) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in raw.splitlines() if line.startswith(b"{")]
    return [line for line in found if line.get("event") == "request"]


async def test_a_line_a_request(
    services: dict[str, str], start_gateway: Any, admin: Any, capfdbinary: Any
) -> None:
    token = admin.tokens["accessToken"]
    async with (
        start_gateway(**services) as url,
        httpx.AsyncClient(base_url=url, headers=admin.client.headers) as client,
    ):
        capfdbinary.readouterr()
        await client.get("/api/documents", params={"q": "very private words"})
        await client.get("/api/documents/nothing", headers={"Cookie": "secret=cookie"})
        await client.post("/api/auth/login", json={"email": admin.email, "password": "hunter2"})
        out = b"".join(capfdbinary.readouterr())
    first, second, third = lines_of(out)
    assert {name: first[name] for name in ("method", "path", "route", "status", "address", "service")} == {
        "method": "GET",
        "path": "/api/documents",
        "route": "/api/documents",
        "status": 200,
        "address": "127.0.0.1",
        "service": "gateway",
    }
    assert first["organizationId"] == admin.organization_id
    assert first["ms"] > 0
    assert (second["route"], second["reason"]) == ("/api/documents/{document_id}", "DOCUMENT_NOT_FOUND")
    assert (third["status"], third["reason"]) == (401, "CREDENTIALS_INVALID")
    for secret in (b"private", b"hunter2", b"secret=cookie", token.encode(), token.split(".")[2].encode()):
        assert secret not in out


async def test_requests_are_measured_by_route(admin: Any) -> None:
    for _ in range(3):
        await admin.client.get(f"/api/documents/{'0' * 24}")
    await admin.client.request("BREW", "/api/documents/x")
    counts = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for metric in HTTP_SECONDS.collect()
        for sample in metric.samples
        if sample.name.endswith("_count")
    }
    assert counts["GET", "/api/documents/{document_id}", "404"] >= 3
    assert all("0000" not in route and method != "BREW" for method, route, _ in counts)


async def test_metrics_have_a_port_of_their_own(start_gateway: Any, free_port: int) -> None:
    async with start_gateway(metrics_listen=f"127.0.0.1:{free_port}") as url, httpx.AsyncClient() as client:
        await client.get(f"{url}/health/live")
        metrics = f"http://127.0.0.1:{free_port}"
        assert "http_server_seconds_bucket" in (await client.get(f"{metrics}/metrics")).text
        assert (await client.get(f"{metrics}/healthz")).status_code == 200
        assert (await client.get(f"{url}/metrics")).status_code == 404


async def test_the_trace_of_the_caller_goes_on() -> None:
    telemetry.configure("test", GatewaySettings(trace_sample_ratio=1))
    seen: list[trace.SpanContext] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(trace.get_current_span().get_span_context())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    transport = httpx.ASGITransport(Entry(app, GatewaySettings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        await client.get("/", headers={"traceparent": parent})
        await client.get("/", headers={"traceparent": "nonsense"})
    assert trace.format_trace_id(seen[0].trace_id) == "0af7651916cd43dd8448eb211c80319c"
    assert trace.format_span_id(seen[0].span_id) != "b7ad6b7169203331"
    assert seen[1].trace_id != seen[0].trace_id


def scope(peer: str, forwarded: str = "") -> Scope:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    return {"type": "http", "client": (peer, 1), "headers": headers}


PROXIES = (ip_network("10.0.0.0/8"), ip_network("192.168.1.1/32"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.2.3.4, 192.168.1.1", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "nonsense, 198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"),
        ("10.0.0.1", "2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("::ffff:203.0.113.7", "", "203.0.113.7"),
        ("fe80::1%eth0", "", "fe80::"),
    ],
)
def test_the_address_that_is_counted(peer: str, forwarded: str, address: str) -> None:
    assert client_address(scope(peer, forwarded), PROXIES) == address


def test_a_proxy_that_adds_a_line_of_its_own_is_believed_before_the_client() -> None:
    lines = [(b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"198.51.100.1")]
    assert client_address({**scope("10.0.0.1"), "headers": lines}, PROXIES) == "198.51.100.1"


def test_no_proxy_is_trusted_unless_it_is_named() -> None:
    assert (
        client_address(scope("127.0.0.1", "198.51.100.1"), GatewaySettings().trusted_proxies) == "127.0.0.1"
    )
    assert client_address({"type": "http", "client": None, "headers": []}, ()) == ""


def test_lists_in_settings_are_parted_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMATEIQ_CORS_ORIGINS", "https://a.example/, https://b.example")
    monkeypatch.setenv("AUTOMATEIQ_TRUSTED_PROXIES", "10.0.0.0/8,192.168.1.1")
    settings = GatewaySettings()
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert settings.trusted_proxies == PROXIES


def test_headers_are_found_in_lower_case() -> None:
    assert header({"headers": [(b"a", b"1"), (b"b", b"2"), (b"b", b"3")]}, b"b") == "2"
