"""Whether the gateway can do its work: whether what it needs answers."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from redis.asyncio import Redis
from redis.exceptions import RedisError

_PROBE_SECONDS = 1.0
# Anybody may ask: however often that is, the services are asked about once in this time.
_KEPT_SECONDS = 0.5
_CHANNEL_OPTIONS = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.enable_retries", 0),
]

OK = "ok"
DOWN = "down"


class Readiness:
    """Asks Redis and the services by the standard gRPC health protocol."""

    def __init__(self, redis: "Redis", targets: Mapping[str, str]) -> None:
        self._redis = redis
        self._channels = {
            name: grpc.aio.insecure_channel(target, options=_CHANNEL_OPTIONS)
            for name, target in targets.items()
        }
        self._asked_at = float("-inf")
        self._states: Mapping[str, str] = {}
        self._asking = asyncio.Lock()

    async def states(self) -> Mapping[str, str]:
        """Each part as "ok" or "down"."""
        async with self._asking:
            if time.monotonic() - self._asked_at > _KEPT_SECONDS:
                names = ["redis", *self._channels]
                probes = [self._redis_answers(), *(self._is_serving(one) for one in self._channels.values())]
                answers = await asyncio.gather(*probes)
                self._states = {name: OK if good else DOWN for name, good in zip(names, answers, strict=True)}
                self._asked_at = time.monotonic()
        return self._states

    async def close(self) -> None:
        """Closes the connections that are only for these questions."""
        for channel in self._channels.values():
            await channel.close()

    async def _redis_answers(self) -> bool:
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                return bool(await self._redis.ping())
        except (RedisError, OSError, TimeoutError):
            return False

    async def _is_serving(self, channel: grpc.aio.Channel) -> bool:
        try:
            # The types of grpcio-health-checking do not know the stub's methods.
            stub: Any = health_pb2_grpc.HealthStub(channel)
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=_PROBE_SECONDS)
        except grpc.aio.AioRpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
