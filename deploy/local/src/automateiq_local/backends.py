"""MongoDB and Redis as plain processes: for the local stack, and for tests that want the real thing."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pymongo
from pymongo.errors import OperationFailure

from automateiq_local import binaries, ports
from automateiq_local.process import Process, Spec

START_DEADLINE_S = 60.0
REPLICA_SET = "rs0"

_ALREADY_INITIALIZED = 23


class Backend:
    """A server with its data in one folder. `start` comes back when it serves; `stop` leaves no process.

    The port is chosen once and kept over `stop` and `start`, so clients find the server again. `process` has
    the rest: `pause`, `resume`, `state`.
    """

    name: str

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        *,
        restart: bool = False,
        log: Path | None = None,
        stop_stage: int = 0,
        on_change: Callable[[Process, str], None] | None = None,
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.port = port or ports.free_ports(1)[0]
        self.process = Process(
            Spec(
                name=self.name,
                command=self._command(),
                probe=self._ready,
                env=dict(os.environ),
                port=self.port,
                stop_stage=stop_stage,
                stop_deadline_s=20.0,
                restart=restart,
            ),
            folder=self.data_dir,
            log=log or self.data_dir / f"{self.name}.log",
            on_change=on_change,
        )

    @property
    def uri(self) -> str:
        """What a client connects to."""
        raise NotImplementedError

    @property
    def pid(self) -> int | None:
        """The process id, or None while it is down."""
        return self.process.pid

    def start(self) -> None:
        """Start it and wait until it serves; a failed start leaves nothing running."""
        if not ports.is_free(self.port) and self.pid is None:
            raise OSError(f"{self.name}: port {self.port} is taken")
        self.process.start()
        try:
            self.process.wait_healthy(START_DEADLINE_S)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it in an orderly way; it stays down until `start`."""
        self.process.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _ready(self) -> bool:
        raise NotImplementedError


class MongoServer(Backend):
    """MongoDB as a replica set of one node, which is what transactions need."""

    name = "mongod"

    @property
    def uri(self) -> str:
        """The connection string, without a database's name."""
        return f"mongodb://{self._host}/?replicaSet={REPLICA_SET}"

    @property
    def _host(self) -> str:
        return f"{ports.HOST}:{self.port}"

    def _command(self) -> list[str]:
        return [
            str(binaries.find_mongod()),
            *("--dbpath", str(self.data_dir)),
            *("--port", str(self.port)),
            *("--bind_ip", ports.HOST),
            *("--replSet", REPLICA_SET),
            *("--wiredTigerCacheSizeGB", "0.25"),
            *("--oplogSize", "128"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            "--nounixsocket",
            "--quiet",
        ]

    def _ready(self) -> bool:
        if not ports.listens(self.port):
            return False
        with pymongo.MongoClient[dict[str, Any]](
            ports.HOST,
            self.port,
            directConnection=True,
            serverSelectionTimeoutMS=1_000,
            socketTimeoutMS=3_000,
        ) as client:
            hello = client.admin.command("hello")
            if hello.get("isreplicaset"):  # it is to be one, and knows no valid configuration
                self._configure(client)
            return bool(hello.get("isWritablePrimary"))

    def _configure(self, client: pymongo.MongoClient[dict[str, Any]]) -> None:
        member = {"_id": 0, "host": self._host}
        try:
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [member]})
        except OperationFailure as error:
            if error.code != _ALREADY_INITIALIZED:
                raise
            # The data is from a start on another port: the set's only member has moved.
            config = client.admin.command("replSetGetConfig")["config"]
            if config["members"][0]["host"] != self._host:
                config["members"][0]["host"] = self._host
                config["version"] += 1
                client.admin.command("replSetReconfig", config, force=True)


class RedisServer(Backend):
    """Redis; with `persistent` every write is appended to a file and read again at the next start."""

    name = "redis"

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        *,
        persistent: bool = False,
        restart: bool = False,
        log: Path | None = None,
        stop_stage: int = 0,
        on_change: Callable[[Process, str], None] | None = None,
    ) -> None:
        self._persistent = persistent
        super().__init__(data_dir, port, restart=restart, log=log, stop_stage=stop_stage, on_change=on_change)

    @property
    def uri(self) -> str:
        """The URL of database 0."""
        return f"redis://{ports.HOST}:{self.port}/0"

    def _command(self) -> list[str]:
        return [
            str(binaries.find_redis_server()),
            *("--port", str(self.port)),
            *("--bind", ports.HOST),
            *("--dir", str(self.data_dir)),
            *("--appendonly", "yes" if self._persistent else "no"),
            *("--save", ""),
        ]

    def _ready(self) -> bool:
        # By hand: importing Redis' client takes longer than starting Redis.
        with socket.create_connection((ports.HOST, self.port), timeout=2.0) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
