"""Rates and sessions, on a real Redis."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from automateiq_core.errors import ResourceExhausted, Unauthenticated, Unavailable
from automateiq_core.sessions import session_key
from automateiq_gateway.admission import Admission
from automateiq_gateway.exchange import Exchange
from automateiq_gateway.settings import GatewaySettings
from redis.asyncio import Redis

from services.gateway.tests.conftest import NOWHERE, problem


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator["Redis"]:
    async with Redis.from_url(redis_url) as client:
        yield client


def door(redis: "Redis", **rates: int) -> Admission:
    return Admission(redis, GatewaySettings(**{f"{name}_per_minute": rate for name, rate in rates.items()}))


def headers(exchange: Exchange) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in exchange.headers}


async def knock(
    admission: Admission, user: str = "u", organization: str = "o", address: str = "a"
) -> Exchange:
    exchange = Exchange("request")
    await admission.signed_in(exchange, "s", user, organization, address)
    return exchange


async def until_admitted(admission: Admission) -> None:
    while True:
        with suppress(ResourceExhausted):
            await knock(admission)
            return


async def test_a_session_that_is_gone_is_refused_at_once(redis: "Redis") -> None:
    admission = door(redis)
    with pytest.raises(Unauthenticated) as refused:
        await knock(admission)
    assert refused.value.reason == "SESSION_REVOKED"
    await redis.hset(session_key("s"), "user", "u")
    await knock(admission)
    assert await admission.is_alive("s")
    await redis.delete(session_key("s"))
    with pytest.raises(Unauthenticated):
        await knock(admission)
    assert not await admission.is_alive("s")


async def test_a_quota_may_be_used_at_once_and_comes_back_evenly(redis: "Redis") -> None:
    await redis.hset(session_key("s"), "user", "u")
    admission = door(redis, user_requests=600)
    left = [headers(await knock(admission))["ratelimit"] for _ in range(600)]
    assert left[0] == '"user";r=599;t=1'
    with pytest.raises(ResourceExhausted) as refused:
        for _ in range(100):
            await knock(admission)
    assert refused.value.reason == "RATE_LIMITED"
    assert refused.value.metadata == {"retryAfterSeconds": "1"}
    # 600 a minute are one each 100 ms.
    assert await redis.pttl("rate:user:u") > 59_000
    async with asyncio.timeout(10):
        for _ in range(3):
            await until_admitted(admission)


@pytest.mark.parametrize("kind", ["user", "address", "organization"])
async def test_each_counter_counts_for_itself(redis: "Redis", kind: str) -> None:
    await redis.hset(session_key("s"), "user", "u")
    admission = door(redis, **{f"{kind}_requests": 2})
    for _ in range(2):
        await knock(admission)
    with pytest.raises(ResourceExhausted):
        await knock(admission)
    await knock(admission, **{kind: "another"})


async def test_a_refused_request_costs_nobody_anything(redis: "Redis") -> None:
    await redis.hset(session_key("s"), "user", "u")
    admission = door(redis, user_requests=1, organization_requests=3)
    await knock(admission)
    for _ in range(5):
        with pytest.raises(ResourceExhausted):
            await knock(admission)
    # Had the refused ones counted, the organization's three would be gone.
    await knock(admission, user="second")
    await knock(admission, user="third")
    with pytest.raises(ResourceExhausted):
        await knock(admission, user="fourth")


async def test_many_at_once_get_no_more_than_the_quota(redis: "Redis") -> None:
    await redis.hset(session_key("s"), "user", "u")
    admission = door(redis, user_requests=20)
    answers = await asyncio.gather(*(knock(admission) for _ in range(60)), return_exceptions=True)
    admitted = [answer for answer in answers if isinstance(answer, Exchange)]
    assert len(admitted) == 20
    assert all(isinstance(answer, Exchange | ResourceExhausted) for answer in answers)


async def test_counters_end_by_themselves(redis: "Redis") -> None:
    await redis.hset(session_key("s"), "user", "u")
    await knock(door(redis))
    for name in ("user:u", "address:a", "organization:o"):
        assert 0 < await redis.pttl(f"rate:{name}") <= 60_000


async def test_signing_in_has_a_slow_rate_of_its_own(redis: "Redis") -> None:
    admission = door(redis, sign_ins=3)
    for _ in range(3):
        await admission.signing_in(Exchange("r"), "a")
    with pytest.raises(ResourceExhausted):
        await admission.signing_in(Exchange("r"), "a")
    await admission.signing_in(Exchange("r"), "b")
    await admission.anonymous(Exchange("r"), "a")


async def test_without_redis_the_door_stays_shut() -> None:
    async with Redis.from_url(f"redis://{NOWHERE}/0", socket_connect_timeout=1) as nothing:
        admission = door(nothing)
        for knocking in (
            knock(admission),
            admission.anonymous(Exchange("r"), "a"),
            admission.signing_in(Exchange("r"), "a"),
            admission.is_alive("s"),
        ):
            with pytest.raises(Unavailable):
                await knocking


async def test_a_forgotten_script_is_sent_again(redis: "Redis") -> None:
    admission = door(redis)
    await admission.anonymous(Exchange("r"), "a")
    await redis.script_flush()
    await admission.anonymous(Exchange("r"), "a")


async def test_one_who_leaves_takes_nobody_along(redis: "Redis") -> None:
    await redis.hset(session_key("s"), "user", "u")
    admission = door(redis)
    knocking = [asyncio.create_task(knock(admission, user=str(number))) for number in range(300)]
    await asyncio.sleep(0)
    for leaving in knocking[::3]:
        leaving.cancel()
    answers = await asyncio.gather(*knocking, return_exceptions=True)
    assert sum(isinstance(answer, asyncio.CancelledError) for answer in answers) == 100
    assert sum(isinstance(answer, Exchange) for answer in answers) == 200
    await knock(admission)


async def test_an_outage_ends_with_redis(redis: "Redis") -> None:
    await redis.hset(session_key("s"), "user", "u")
    admission = door(redis)
    await knock(admission)
    await redis.client_kill_filter(_type="normal", skipme=True)
    for _ in range(3):
        await knock(admission)


async def test_rates_over_http(services: dict[str, str], start_gateway: Any) -> None:
    async with (
        start_gateway(**services, sign_ins_per_minute=2) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        body = {"email": "nobody@example.com", "password": "wrong"}
        replies = [await client.post("/api/auth/login", json=body) for _ in range(3)]
        assert [reply.status_code for reply in replies] == [401, 401, 429]
        problem(replies[2], 429, "RATE_LIMITED")
        assert 1 <= int(replies[2].headers["retry-after"]) <= 31
        assert replies[2].headers["ratelimit-policy"] == '"sign-in";q=2;w=60'
        assert replies[2].headers["ratelimit"].startswith('"sign-in";r=0;t=')
        assert replies[0].headers["ratelimit"].startswith('"sign-in";r=1;t=')


async def test_redis_down_over_http(services: dict[str, str], start_gateway: Any, admin: Any) -> None:
    async with (
        start_gateway(**services, REDIS_URL=f"redis://{NOWHERE}/0") as url,
        httpx.AsyncClient(base_url=url, headers=admin.client.headers) as client,
    ):
        problem(await client.get("/api/auth/me"), 503, "SESSIONS_UNAVAILABLE")
        found = await client.get("/health")
        assert found.status_code == 503
        assert found.json()["parts"]["redis"] == "down"
