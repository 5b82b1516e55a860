"""What every call passes: who is calling, for how long, once, and how it ends."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest
from automateiq.billing.v1 import credits_pb2 as pb
from automateiq.billing.v1.credits_pb2_grpc import CreditsServiceStub
from automateiq_core import context, errors, rpc_server
from automateiq_core.context import Role
from automateiq_core.errors import (
    AppError,
    Conflict,
    InvalidInput,
    PermissionDenied,
    Unauthenticated,
    Unavailable,
)
from automateiq_core.idempotency import Idempotency, new_id
from automateiq_core.internal_token import METADATA_KEY, TokenSigner
from automateiq_core.mongo import Mongo
from automateiq_core.process import serve
from automateiq_core.runtime import Runtime
from automateiq_core.testing import PeerTo, RunningService, calling, eventually
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from grpc_health.v1 import health_pb2, health_pb2_grpc
from hypothesis import given
from hypothesis import strategies as st
from pymongo import monitoring
from structlog.testing import capture_logs

sys.path.insert(0, str(Path(__file__).parent))
from core_toy import toy


def reserve(key: str = "k", request_id: str = "") -> pb.ReserveCreditsRequest:
    return pb.ReserveCreditsRequest(
        key=key, work=pb.Work(kind=pb.WORK_KIND_OCR, units=1), request_id=request_id
    )


async def test_a_hundred_calls_at_once_keep_their_contexts(
    running_service: RunningService, peer_to: PeerTo
) -> None:
    async def pause(_runtime: Runtime) -> None:
        await asyncio.sleep(random.random() / 20)

    async with running_service(toy(pause)) as target:
        stub = CreditsServiceStub(peer_to("billing", target, pb).channel)

        async def call() -> None:
            with calling() as me:
                answer = await stub.GetBalance(pb.GetBalanceRequest())
                assert answer.plan == f"{me.organization_id} {me.user_id} {me.request_id}"

        await asyncio.gather(*(call() for _ in range(100)))


def forged_tokens(keys: Path) -> Mapping[str, str | None]:
    with calling(organization_id="a" * 24) as me:
        pass
    now = int(time.time())
    claims = {
        "iss": "gateway",
        "aud": "billing",
        "iat": now,
        "exp": now + 60,
        "org": "a" * 24,
        "role": "admin",
    }
    gateway = TokenSigner.from_file("gateway", keys / "gateway.pem")
    stranger = Ed25519PrivateKey.generate()
    own = gateway._key
    return {
        "none": None,
        "not a token": "letmein",
        "of a stranger": jwt.encode(claims, stranger, algorithm="EdDSA"),
        "of an unknown caller": jwt.encode({**claims, "iss": "nobody"}, own, algorithm="EdDSA"),
        "of another caller's name": jwt.encode({**claims, "iss": "documents"}, own, algorithm="EdDSA"),
        "for another service": gateway.sign(me, "identity"),
        "ended": jwt.encode({**claims, "iat": now - 120, "exp": now - 60}, own, algorithm="EdDSA"),
        "without an end": jwt.encode({k: v for k, v in claims.items() if k != "exp"}, own, algorithm="EdDSA"),
        "unsigned": jwt.encode(claims, None, algorithm="none"),
        "of an unknown role": jwt.encode({**claims, "role": "root"}, own, algorithm="EdDSA"),
        "of the system, from the gateway": gateway.sign(replace(me, role=Role.SYSTEM), "billing"),
    }


async def test_a_call_without_a_valid_token_is_refused(
    running_service: RunningService, internal_keys: Path
) -> None:
    async with running_service(toy()) as target, grpc.aio.insecure_channel(target) as channel:
        method = channel.unary_unary(
            "/automateiq.billing.v1.CreditsService/GetBalance",
            request_serializer=pb.GetBalanceRequest.SerializeToString,
            response_deserializer=pb.GetBalanceResponse.FromString,
        )
        for name, token in forged_tokens(internal_keys).items():
            metadata = () if token is None else ((METADATA_KEY, token),)
            plain = (("organizationid", "a" * 24), ("x-request-id", "r"), *metadata)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await method(pb.GetBalanceRequest(), metadata=plain)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED, name


async def test_a_service_calls_only_what_it_may(
    running_service: RunningService, peer_to: PeerTo, internal_keys: Path
) -> None:
    async with running_service(toy()) as target:
        gateway = CreditsServiceStub(peer_to("billing", target, pb).channel)
        with calling(), pytest.raises(RuntimeError, match="may not call"):
            await gateway.ReserveCredits(reserve())
        # The service refuses too, should the caller's own check be missing.
        token = TokenSigner.from_file("gateway", internal_keys / "gateway.pem")
        with calling() as me:
            metadata = ((METADATA_KEY, token.sign(me, "billing")),)
        async with grpc.aio.insecure_channel(target) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await CreditsServiceStub(channel).ReserveCredits(reserve(), metadata=metadata)
        assert isinstance(errors.from_rpc_error(refused.value), PermissionDenied)
        with calling(role=Role.STAFF), pytest.raises(PermissionDenied, match="ROLE_NOT_ALLOWED"):
            await gateway.ListTransactions(pb.ListTransactionsRequest())
        with calling(role=Role.ANONYMOUS, organization_id=""), pytest.raises(Unauthenticated):
            await gateway.GetBalance(pb.GetBalanceRequest())


async def test_a_broken_rule_is_named(running_service: RunningService, peer_to: PeerTo) -> None:
    async with running_service(toy()) as target:
        stub = CreditsServiceStub(peer_to("billing", target, pb, caller="documents").channel)
        with calling(caller="documents"), pytest.raises(InvalidInput) as refused:
            await stub.ReserveCredits(pb.ReserveCreditsRequest(work=pb.Work(kind=1, units=0)))
    assert {rule.field for rule in refused.value.violations} == {"key", "work.units"}


class _TimeLimits(monitoring.CommandListener):
    """Notes the time limit that each insert is given."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name == "insert":
            self.seen.append(event.command["maxTimeMS"])

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


async def test_deadlines_shrink_from_hop_to_hop(
    running_service: RunningService, peer_to: PeerTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = _TimeLimits()
    # `monitoring.register` is for good; the list it appends to is not.
    monkeypatch.setattr(
        monitoring, "_LISTENERS", monitoring._LISTENERS._replace(command_listeners=[listener])
    )
    left: list[float] = []

    async def outer_hook(_runtime: Runtime) -> None:
        left.append(context.current().remaining() or -1)
        await asyncio.sleep(0.3)
        peer = peer_to("billing", inner_target, pb, caller="documents")
        # It asks for more than its own caller has left.
        await CreditsServiceStub(peer.channel).ReserveCredits(reserve(), timeout=60)  # type: ignore[call-arg]

    async def inner_hook(runtime: Runtime) -> None:
        left.append(context.current().remaining() or -1)
        await asyncio.sleep(0.3)
        await runtime.mongo.tenant("rows").insert_one({"late": True})

    async with running_service(toy(inner_hook)) as inner_target, running_service(toy(outer_hook)) as target:
        listener.seen.clear()
        stub = CreditsServiceStub(peer_to("billing", target, pb).channel)
        with calling():
            await stub.GetBalance(pb.GetBalanceRequest(), timeout=5)
    at_mongo = listener.seen[-1] / 1000
    # gRPC rounds what is left of a deadline up by some milliseconds.
    assert 5.1 >= left[0] > left[1] + 0.25 > at_mongo + 0.5


async def test_a_call_ends_with_its_deadline(running_service: RunningService, peer_to: PeerTo) -> None:
    async def forever(_runtime: Runtime) -> None:
        await asyncio.Event().wait()

    async with running_service(toy(forever)) as target:
        stub = CreditsServiceStub(peer_to("billing", target, pb).channel)
        with calling(), pytest.raises(errors.DeadlineExceeded):
            await stub.GetBalance(pb.GetBalanceRequest(), timeout=0.2)


async def test_a_retry_never_doubles_a_keyed_write(running_service: RunningService, peer_to: PeerTo) -> None:
    tries = 0
    rows: list[dict[str, Any]] = []

    async def unavailable_at_first(runtime: Runtime) -> None:
        nonlocal tries
        tries += 1
        rows[:] = await runtime.mongo.tenant("rows").find({}, limit=10)
        if tries < 3:
            raise Unavailable("GONE", "The answer was lost after the write.")

    async with running_service(toy(unavailable_at_first)) as target:
        stub = CreditsServiceStub(peer_to("billing", target, pb, caller="documents").channel)
        with calling(caller="documents"):
            answer = await stub.ReserveCredits(reserve())
    assert tries == 3
    assert [str(row["_id"]) for row in rows] == [answer.hold.id]


async def test_what_failed_late_is_not_tried_again(
    running_service: RunningService, peer_to: PeerTo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc_server, "_PATIENCE_SECONDS", 0.05)
    tries = 0

    async def slowly_unavailable(_runtime: Runtime) -> None:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0.1)
        raise Unavailable("GONE", "It took long to find out.")

    async with running_service(toy(slowly_unavailable)) as target:
        stub = CreditsServiceStub(peer_to("billing", target, pb).channel)
        with calling(), pytest.raises(Unavailable, match="GONE"):
            await stub.GetBalance(pb.GetBalanceRequest())
    assert tries == 1


async def test_each_call_that_matters_is_one_line_of_the_log(
    running_service: RunningService, peer_to: PeerTo
) -> None:
    async def fails(_runtime: Runtime) -> None:
        raise ZeroDivisionError

    with capture_logs() as lines:
        async with running_service(toy()) as target:
            with calling(caller="documents"):
                await CreditsServiceStub(
                    peer_to("billing", target, pb, caller="documents").channel
                ).ReserveCredits(reserve())
            with calling():
                await CreditsServiceStub(peer_to("billing", target, pb).channel).GetBalance(
                    pb.GetBalanceRequest()
                )
        async with running_service(toy(fails)) as target:
            with calling(), pytest.raises(errors.Internal):
                await CreditsServiceStub(peer_to("billing", target, pb).channel).GetBalance(
                    pb.GetBalanceRequest()
                )
    told = [
        (line["event"], line["method"].rsplit("/")[-1], line["code"]) for line in lines if "method" in line
    ]
    assert told == [("call", "ReserveCredits", "OK"), ("call failed", "GetBalance", "INTERNAL")]
    assert isinstance(lines[-1].get("exc_info") or lines[-2].get("exc_info"), ZeroDivisionError)


async def test_identical_writes_at_the_same_instant_make_one(
    running_service: RunningService, peer_to: PeerTo
) -> None:
    rows: list[dict[str, Any]] = []

    async def look(runtime: Runtime) -> None:
        await asyncio.sleep(0.05)
        rows[:] = await runtime.mongo.tenant("rows").find({}, limit=100)

    async with running_service(toy(look)) as target:
        stub = CreditsServiceStub(peer_to("billing", target, pb, caller="documents").channel)
        with calling(caller="documents"):
            answers = await asyncio.gather(
                *(stub.ReserveCredits(reserve(request_id="same")) for _ in range(20)), return_exceptions=True
            )
            again = await stub.ReserveCredits(reserve(request_id="same"))
            with pytest.raises(InvalidInput, match="IDEMPOTENCY_KEY_REUSED"):
                await stub.ReserveCredits(reserve("other", request_id="same"))
    assert len(rows) == 1
    given = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert given
    assert {answer.hold.id for answer in given} == {again.hold.id}
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert all(isinstance(error, Conflict) and error.reason == "IDEMPOTENCY_KEY_IN_USE" for error in refused)


CRASH = """
import asyncio, os, sys
from automateiq_core.context import CallContext, Role, use
from automateiq_core.idempotency import Idempotency, new_id
from automateiq_core.mongo import Mongo

async def main():
    mongo = Mongo(sys.argv[1], sys.argv[2], app="crash")
    async def work():
        await mongo.tenant("rows").insert_one({"_id": new_id()})
        os._exit(42)
    with use(CallContext("documents", Role.ADMIN, organization_id="o", user_id="u")):
        await Idempotency(mongo, secret=b"s").run("/m", "key", b"request", work)

asyncio.run(main())
"""


async def test_a_replay_after_a_crash_finds_what_was_written(mongo: Mongo, mongo_uri: str) -> None:
    command = [sys.executable, "-c", CRASH, mongo_uri, mongo._database.name]
    crashed = await asyncio.to_thread(subprocess.run, command, check=False, env=os.environ)
    assert crashed.returncode == 42
    rows = mongo.tenant("rows")

    async def work() -> bytes:
        row, inserted = await rows.insert_once({"_id": new_id()})
        assert not inserted
        return str(row["_id"]).encode()

    with calling(caller="documents", organization_id="o", user_id="u"):
        claims = Idempotency(mongo, secret=b"s")
        with pytest.raises(Conflict):
            await claims.run("/m", "key", b"request", work)
        # The dead call's lease runs out: moved here, not waited for.
        await claims._claims.update_one({}, {"$set": {"leaseUntil": datetime(2000, 1, 1, tzinfo=UTC)}})
        answer = await claims.run("/m", "key", b"request", work)
        assert await claims.run("/m", "key", b"request", work) == answer
        assert await rows.count({}) == 1


async def test_a_failing_replay_does_not_free_a_key_that_was_used(mongo: Mongo) -> None:
    claims = Idempotency(mongo, secret=b"s")

    async def work() -> bytes:
        return b"secret"

    async def fails() -> bytes:
        raise ZeroDivisionError

    with calling():
        assert await claims.run("/m", "key", b"request", work, keep_answer=False) == b"secret"
        with pytest.raises(ZeroDivisionError):
            await claims.run("/m", "key", b"request", fails, keep_answer=False)
        with pytest.raises(InvalidInput, match="IDEMPOTENCY_KEY_REUSED"):
            await claims.run("/m", "key", b"another request", work, keep_answer=False)
        assert await claims.run("/m", "key", b"request", work, keep_answer=False) == b"secret"


async def test_a_call_that_failed_frees_its_key(mongo: Mongo) -> None:
    claims = Idempotency(mongo, secret=b"s")

    async def fails() -> bytes:
        raise ZeroDivisionError

    async def work() -> bytes:
        return b"done"

    with calling():
        with pytest.raises(ZeroDivisionError):
            await claims.run("/m", "key", b"request", fails)
        assert await claims.run("/m", "key", b"a better request", work) == b"done"


async def test_stop_turns_health_red_and_then_drains(
    mongo_uri: str, redis_url: str, internal_keys: Path, peer_to: PeerTo
) -> None:
    entered, finish, stopping = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(_runtime: Runtime) -> None:
        entered.set()
        await finish.wait()

    service = toy(slow)
    settings = service.settings(
        MONGODB_URI=mongo_uri,
        REDIS_URL=redis_url,
        internal_private_key_file=internal_keys / "billing.pem",
        internal_public_keys_dir=internal_keys / "public",
        mongodb_database_prefix="drain-",
    )
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(service, settings, stopping=stopping, on_listening=listening.set_result)
    )
    target = f"127.0.0.1:{await listening}"
    async with grpc.aio.insecure_channel(target) as channel:
        health = health_pb2_grpc.HealthStub(channel)

        async def state() -> int:
            return int((await health.Check(health_pb2.HealthCheckRequest())).status)

        async def serving_now() -> bool:
            return await state() == health_pb2.HealthCheckResponse.SERVING

        await eventually(serving_now)
        watching = health.Watch(health_pb2.HealthCheckRequest())
        assert (await watching.read()).status == health_pb2.HealthCheckResponse.SERVING
        stub = CreditsServiceStub(peer_to("billing", target, pb).channel)
        with calling():
            running = asyncio.ensure_future(stub.GetBalance(pb.GetBalanceRequest()))
            await entered.wait()
            stopping.set()
            assert (await watching.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
            assert not running.done()
            watching.cancel()
            finish.set()
            assert (await running).plan
    await asyncio.wait_for(serving, 10)


def test_a_call_that_a_stopping_server_broke_off_may_be_tried_again() -> None:
    wire = grpc.aio.AioRpcError(grpc.StatusCode.CANCELLED, grpc.aio.Metadata(), grpc.aio.Metadata())
    assert isinstance(errors.from_rpc_error(wire), Unavailable)


@given(
    kind=st.sampled_from([InvalidInput, Conflict, Unavailable, PermissionDenied]),
    message=st.text(max_size=50),
    field=st.text(max_size=20),
)
def test_an_error_survives_the_wire(kind: type[AppError], message: str, field: str) -> None:
    before = kind("REASON", message, violations=[errors.Violation(field, message)], word="value")
    status = errors.to_status(before)
    wire = grpc.aio.AioRpcError(
        before.status,
        grpc.aio.Metadata(),
        grpc.aio.Metadata(("grpc-status-details-bin", status.SerializeToString())),
        details=message,
    )
    after = errors.from_rpc_error(wire)
    assert type(after) is kind
    assert (after.reason, after.message, after.metadata) == ("REASON", message, {"word": "value"})
    assert after.violations == before.violations
