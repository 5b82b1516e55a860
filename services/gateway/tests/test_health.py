"""Health, and the way a gateway stops."""

import asyncio
import os
import signal
import sys
from typing import Any

import httpx
from automateiq_core.testing import eventually
from automateiq_gateway.schemas.health import Health

from services.gateway.tests.test_multipart import BOUNDARY, body_of


async def test_a_gateway_whose_services_answer_is_healthy(anybody: httpx.AsyncClient) -> None:
    reply = await anybody.get("/health")
    assert reply.status_code == 200
    assert Health.model_validate(reply.json()).parts == dict.fromkeys(
        ("redis", "identity", "documents", "billing"), "ok"
    )
    assert (await anybody.get("/health/live")).json() == {"status": "ok"}


async def test_what_is_down_is_named(services: dict[str, str], start_gateway: Any) -> None:
    down = {**services, "billing_target": "127.0.0.1:9"}
    async with start_gateway(**down) as url, httpx.AsyncClient(base_url=url) as client:
        reply = await client.get("/health")
        assert reply.status_code == 503
        assert reply.json() == {
            "status": "down",
            "parts": {"redis": "ok", "identity": "ok", "documents": "ok", "billing": "down"},
        }
        assert (await client.get("/health/live")).status_code == 200


async def test_a_stop_turns_health_red_first_and_drains_what_runs(
    services: dict[str, str], admin: Any, internal_keys: Any, redis_url: str, free_port: int
) -> None:
    environment = {
        **os.environ,
        **{f"AUTOMATEIQ_{name.upper()}": value for name, value in services.items()},
        "REDIS_URL": redis_url,
        "AUTOMATEIQ_LISTEN": f"127.0.0.1:{free_port}",
        "AUTOMATEIQ_METRICS_LISTEN": "127.0.0.1:0",
        "AUTOMATEIQ_HEALTH_RED_SECONDS": "1",
        "AUTOMATEIQ_INTERNAL_PRIVATE_KEY_FILE": str(internal_keys / "gateway.pem"),
        "AUTOMATEIQ_INTERNAL_PUBLIC_KEYS_DIR": str(internal_keys / "public"),
    }
    command = (sys.executable, "-m", "automateiq_gateway.main", "serve")
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    url = f"http://127.0.0.1:{free_port}"
    try:
        async with httpx.AsyncClient(base_url=url, headers=admin.client.headers, timeout=30) as client:

            async def healthy() -> bool:
                try:
                    return (await client.get("/health")).status_code == 200
                except httpx.TransportError:
                    return False

            await eventually(healthy, seconds=30)
            sending, told = asyncio.Event(), asyncio.Event()

            async def slowly() -> Any:
                whole = body_of([("file", "a.pdf", b"%PDF-1.7\n%%EOF\n")])
                yield whole[:-10]
                sending.set()
                await told.wait()
                yield whole[-10:]

            headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
            upload = asyncio.create_task(
                client.post("/api/documents/upload", content=slowly(), headers=headers)
            )
            await sending.wait()
            process.send_signal(signal.SIGTERM)

            async def red() -> bool:
                reply = await client.get("/health")
                return reply.status_code == 503 and reply.json()["status"] == "stopping"

            async def closed() -> bool:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", free_port)
                except ConnectionRefusedError:
                    return True
                writer.close()
                return False

            await eventually(red)
            # Until everybody has seen the red, requests are still taken.
            assert (await client.get("/api/auth/me")).status_code == 200
            await eventually(closed)
            told.set()
            reply = await upload
            assert reply.status_code == 201, reply.text
        async with asyncio.timeout(15):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
