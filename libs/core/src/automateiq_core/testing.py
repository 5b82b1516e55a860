"""A pytest plugin: real MongoDB and Redis, real keys, real servers; for the tests of every service.

The databases are containers where Docker and the images are there (`AUTOMATEIQ_TEST_BACKENDS=containers`), servers
that already run where `MONGODB_URI` and `REDIS_URL` say so, and else the local stack's own binaries.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import pytest
import redis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from automateiq_core import context
from automateiq_core.context import CallContext, Role
from automateiq_core.internal_token import TokenSigner
from automateiq_core.mongo import Mongo, ObjectId
from automateiq_core.process import Service, serve
from automateiq_core.rpc_client import Peer
from automateiq_core.runtime import open_runtime

CALLERS = ("gateway", "identity", "documents", "ocr", "billing")


class RunningService(Protocol):
    """Serves a service in this process, on a free port and a fresh database; gives its host:port."""

    def __call__(self, service: Service, **overrides: Any) -> AbstractAsyncContextManager[str]:
        """Overrides are fields of the service's settings."""


class PeerTo(Protocol):
    """Makes a channel to a service, signed by a caller."""

    def __call__(self, name: str, target: str, *modules: ModuleType, caller: str = "gateway") -> Peer:
        """The modules are the `_pb2` modules of its services."""


@contextmanager
def calling(
    *,
    role: Role = Role.ADMIN,
    organization_id: str | None = None,
    user_id: str | None = None,
    caller: str = "gateway",
    **more: Any,
) -> Iterator[CallContext]:
    """Runs the block as a user of some organization: a random one where none is named."""
    call = CallContext(
        caller=caller,
        role=role,
        organization_id=str(ObjectId()) if organization_id is None else organization_id,
        user_id=str(ObjectId()) if user_id is None else user_id,
        request_id=str(uuid.uuid4()),
        **more,
    )
    with context.use(call) as used:
        yield used


def write_key_pair(folder: Path, name: str) -> None:
    """Writes `<name>.pem` and `public/<name>.pub.pem` below the folder."""
    key = Ed25519PrivateKey.generate()
    (folder / "public").mkdir(parents=True, exist_ok=True)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{name}.pem").write_bytes(private)
    (folder / "public" / f"{name}.pub.pem").write_bytes(public)


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a MongoDB replica set."""
    if uri := os.environ.get("MONGODB_URI"):
        yield uri
    elif os.environ.get("AUTOMATEIQ_TEST_BACKENDS") == "containers":
        from testcontainers.mongodb import MongoDbContainer

        # The image starts a single node; transactions need it to be a replica set.
        container = MongoDbContainer("mongo:6.0").with_command("--replSet rs0 --bind_ip_all")
        with container as running:
            host, port = running.get_container_host_ip(), running.get_exposed_port(27017)
            running.exec(["mongosh", "--eval", "rs.initiate()"])
            yield f"mongodb://{host}:{port}/?directConnection=true"
    else:
        from automateiq_local.backends import MongoServer

        server = MongoServer(tmp_path_factory.mktemp("mongo"))
        server.start()
        try:
            yield server.uri
        finally:
            server.stop()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Redis server."""
    if url := os.environ.get("REDIS_URL"):
        yield url
    elif os.environ.get("AUTOMATEIQ_TEST_BACKENDS") == "containers":
        from testcontainers.redis import RedisContainer

        with RedisContainer("redis:7") as running:
            yield f"redis://{running.get_container_host_ip()}:{running.get_exposed_port(6379)}/0"
    else:
        from automateiq_local.backends import RedisServer

        server = RedisServer(tmp_path_factory.mktemp("redis"))
        server.start()
        try:
            yield server.uri
        finally:
            server.stop()


@pytest.fixture(scope="session")
def internal_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the key pair of every caller."""
    folder = tmp_path_factory.mktemp("internal-keys")
    for caller in CALLERS:
        write_key_pair(folder, caller)
    return folder


@pytest.fixture
def mongo_uri(mongo_server: str) -> str:
    """The URI of the MongoDB replica set."""
    return mongo_server


@pytest.fixture
async def mongo(mongo_server: str) -> AsyncIterator[Mongo]:
    """A fresh database, dropped after the test."""
    database = Mongo(mongo_server, f"test-{uuid.uuid4().hex[:12]}", app="test")
    yield database
    await database.drop()
    await database.close()


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The URL of an empty Redis."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushdb()
    return redis_server


@pytest.fixture
def running_service(mongo_server: str, redis_url: str, internal_keys: Path) -> RunningService:
    """Serves a service in this process; see `RunningService`."""

    @asynccontextmanager
    async def run(service: Service, **overrides: Any) -> AsyncIterator[str]:
        kind: Any = service.settings
        given = {
            "listen": "127.0.0.1:0",
            "metrics_listen": "127.0.0.1:0",
            "MONGODB_URI": mongo_server,
            "REDIS_URL": redis_url,
            "mongodb_database_prefix": f"test-{uuid.uuid4().hex[:12]}-",
            "internal_private_key_file": internal_keys / f"{service.name}.pem",
            "internal_public_keys_dir": internal_keys / "public",
            **overrides,
        }
        settings = kind(**given)
        async with open_runtime(service.name, settings) as runtime:
            await runtime.migrate()
            await service.wire(runtime).migrate()
        listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        stopping = asyncio.Event()
        serving = asyncio.create_task(
            serve(service, settings, stopping=stopping, on_listening=listening.set_result)
        )
        try:
            either: set[asyncio.Future[Any]] = {serving, listening}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                await serving
            yield f"127.0.0.1:{listening.result()}"
        finally:
            stopping.set()
            await serving
            database = Mongo(mongo_server, settings.mongodb_database_prefix + service.name, app="test")
            await database.drop()
            await database.close()

    return run


@pytest.fixture
async def peer_to(internal_keys: Path) -> AsyncIterator[PeerTo]:
    """Makes channels to services and closes them after the test; see `PeerTo`."""
    peers: list[Peer] = []

    def make(name: str, target: str, *modules: ModuleType, caller: str = "gateway") -> Peer:
        signer = TokenSigner.from_file(caller, internal_keys / f"{caller}.pem")
        peers.append(Peer(name, target, modules, signer, default_deadline_seconds=30))
        return peers[-1]

    yield make
    for peer in peers:
        await peer.close()


async def eventually(condition: Callable[[], Any], *, seconds: float = 10) -> Any:
    """Waits until the (async or plain) condition gives something true, and gives it.

    Raises:
        AssertionError: the deadline passed.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        with suppress(LookupError):
            result = condition()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return result
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not so within {seconds} s: {condition}")
        await asyncio.sleep(0.02)
