"""A toy service under billing's contract, for the tests of what core does around a servicer.

As a program (`python toy.py worker`) it is a worker whose tasks write down that they ran.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from automateiq.billing.v1 import credits_pb2 as pb
from automateiq.billing.v1.credits_pb2_grpc import (
    CreditsServiceServicer,
    add_CreditsServiceServicer_to_server,
)
from automateiq_core import context
from automateiq_core.errors import AppError, InvalidInput
from automateiq_core.idempotency import new_id
from automateiq_core.process import Service, Servicer, Wiring, main
from automateiq_core.runtime import Runtime
from automateiq_core.settings import ServiceSettings
from automateiq_core.tasks import Args, Task, Tasks

Hook = Callable[[Runtime], Awaitable[Any]]


async def _nothing(_runtime: Runtime) -> None:
    return None


class ToyServicer(CreditsServiceServicer):
    """Reserve writes a row, GetBalance tells who is calling; `hook` runs after either."""

    def __init__(self, runtime: Runtime, hook: Hook) -> None:
        self._runtime = runtime
        self._rows = runtime.mongo.tenant("rows")
        self._hook = hook

    async def ReserveCredits(self, request: Any, _rpc: Any) -> pb.ReserveCreditsResponse:
        row, _ = await self._rows.insert_once({"_id": new_id(), "key": request.key})
        await self._hook(self._runtime)
        return pb.ReserveCreditsResponse(hold=pb.Hold(id=str(row["_id"]), key=row["key"]))

    async def GetBalance(self, _request: Any, _rpc: Any) -> pb.GetBalanceResponse:
        before = context.current()
        await self._hook(self._runtime)
        await asyncio.sleep(0.01)
        assert context.current() == before
        return pb.GetBalanceResponse(plan=f"{before.organization_id} {before.user_id} {before.request_id}")


def toy(hook: Hook = _nothing) -> Service:
    """The toy service with something to do in its methods."""

    def wire(runtime: Runtime) -> Wiring:
        return Wiring(
            servicers=(
                Servicer(
                    add_CreditsServiceServicer_to_server,
                    ToyServicer(runtime, hook),
                    "automateiq.billing.v1.CreditsService",
                ),
            )
        )

    return Service("billing", ServiceSettings, wire)


def add_tasks(tasks: Tasks) -> None:
    """`note` writes its word down, `refuse` can never succeed, `tick` is asked for by beat."""
    notes = tasks.mongo.tenant("notes")
    ticks = tasks.mongo.across_tenants("ticks", why="a test's own rows")

    async def note(word: str, seconds: str = "0") -> None:
        await asyncio.sleep(float(seconds))
        await notes.update_one(
            {"_id": word},
            {"$inc": {"runs": 1}, "$set": {"userId": context.current().user_id, "pid": os.getpid()}},
            upsert=True,
        )

    async def refuse(word: str) -> None:
        raise InvalidInput("NEVER", f"{word} can never be done.")

    async def on_failed(args: Args, error: AppError) -> None:
        await notes.update_one({"_id": args["word"]}, {"$set": {"failed": error.reason}}, upsert=True)

    async def tick() -> None:
        await ticks.insert_one({"pid": os.getpid()})

    tasks.add(Task("toy.note", note, on_failed=on_failed))
    tasks.add(Task("toy.refuse", refuse, on_failed=on_failed))
    tasks.add_periodic("toy.tick", tick)


def wire_tasks(runtime: Runtime) -> Wiring:
    add_tasks(runtime.tasks)
    return Wiring()


WITH_TASKS = Service("billing", ServiceSettings, wire_tasks, schedule={"toy.tick": timedelta(seconds=0.5)})

if __name__ == "__main__":
    main(WITH_TASKS)
