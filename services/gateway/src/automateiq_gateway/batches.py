"""One Lua script, called by many requests at once, in few round trips.

A call by itself costs the Redis client as much time as all of the gateway's own work on a request. So calls that come
while others are on their way wait for those (a fraction of a millisecond) and then go together.
"""

import asyncio
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

_MOST = 128

Call = tuple[list[str], list[str], "asyncio.Future[Any]"]


class BatchedScript:
    """A script whose calls are gathered into pipelines."""

    def __init__(self, redis: "Redis", script: str) -> None:
        self._redis = redis
        self._script = script
        self._sha = ""
        self._waiting: list[Call] = []
        self._sending: asyncio.Task[None] | None = None

    async def __call__(self, keys: list[str], arguments: list[str]) -> Any:
        """What the script gives.

        Raises:
            RedisError: Redis does not answer, or the script failed.
        """
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((keys, arguments, answer))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())
        return await answer

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                calls, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                try:
                    results = await self._send(calls)
                except Exception as error:
                    results = [error] * len(calls)
                for (_, _, answer), result in zip(calls, results, strict=True):
                    if answer.done():
                        continue
                    if isinstance(result, Exception):
                        answer.set_exception(result)
                    else:
                        answer.set_result(result)
        finally:
            self._sending = None

    async def _send(self, calls: list[Call]) -> list[Any]:
        if not self._sha:
            self._sha = await self._redis.script_load(self._script)
        results = await self._pipeline(calls)
        missed = [number for number, result in enumerate(results) if isinstance(result, NoScriptError)]
        if missed:
            # Redis was restarted or emptied: these calls did not run.
            self._sha = await self._redis.script_load(self._script)
            for number, result in zip(missed, await self._pipeline([calls[n] for n in missed]), strict=True):
                results[number] = result
        return results

    async def _pipeline(self, calls: list[Call]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for keys, arguments, _ in calls:
                pipeline.evalsha(self._sha, len(keys), *keys, *arguments)
            results: list[Any] = await pipeline.execute(raise_on_error=False)
        return results
