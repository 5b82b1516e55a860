"""The whole fleet on one machine: MongoDB, Redis, every service, worker and beat, and the gateway.

    with Fleet(Path(".local"), gateway_port=5000) as fleet:
        httpx.get(f"{fleet.gateway_url}/health")

Synchronous, so that a pytest fixture or a benchmark can hold it; each process has a watcher's thread.
"""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pymongo
from pymongo.errors import PyMongoError

from automateiq_local import keys, ports, probes
from automateiq_local.backends import Backend, MongoServer, RedisServer
from automateiq_local.datadir import DataDir
from automateiq_local.members import AUTOMATEIQ, Health, Member, Migration, Plan, Stop
from automateiq_local.process import Process, Spec, StartError, State, memory_mb, spawn, tail

START_DEADLINE_S = 90.0
# More than the 15 s in which a service drains its calls (AUTOMATEIQ_SHUTDOWN_GRACE_SECONDS).
STOP_DEADLINE_S = 20.0

_POLL_S = 0.05


class StartCancelledError(RuntimeError):
    """The start was called off before everything was healthy."""


class Fleet:
    """The fleet, from `start` (or `with`) to `stop`.

    `env` is laid over the environment and over what the fleet itself sets for its processes. MongoDB and
    Redis are started unless MONGODB_URI / REDIS_URL name running ones. With `gateway_port` 0 a free port is
    taken. `on_change` hears of every change of state, from several threads; its message is empty where the
    change was to be expected.
    """

    def __init__(
        self,
        data_dir: Path,
        env: Mapping[str, str] | None = None,
        gateway_port: int = 0,
        *,
        plan: Plan = AUTOMATEIQ,
        on_change: Callable[[Process, str], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.data_dir = DataDir(data_dir)
        self.processes: list[Process] = []
        self._env = {**os.environ, **(env or {})}
        self._overrides = dict(env or {})
        self._wanted_gateway_port = gateway_port
        self._plan = plan
        self._on_change = on_change or (lambda _process, _message: None)
        self._cancelled = cancelled
        self._mongo: MongoServer | None = None
        self._redis: RedisServer | None = None
        self._serve_ports: dict[str, int] = {}
        self._metrics_ports: dict[str, int] = {}

    # --- what callers ask for ---

    @property
    def gateway_url(self) -> str:
        """Where the REST API is."""
        return f"http://{ports.HOST}:{self._serve_ports['gateway']}"

    @property
    def mongodb_uri(self) -> str:
        """The MongoDB in use, own or given."""
        return self._mongo.uri if self._mongo else self._env["MONGODB_URI"]

    @property
    def redis_url(self) -> str:
        """The Redis in use, own or given."""
        return self._redis.uri if self._redis else self._env["REDIS_URL"]

    @property
    def mongo(self) -> MongoServer:
        """The fleet's own MongoDB."""
        if self._mongo is None:
            raise LookupError("MongoDB is not the fleet's own: MONGODB_URI is set, or the fleet is down")
        return self._mongo

    @property
    def redis(self) -> RedisServer:
        """The fleet's own Redis."""
        if self._redis is None:
            raise LookupError("Redis is not the fleet's own: REDIS_URL is set, or the fleet is down")
        return self._redis

    def process(self, name: str) -> Process:
        """A process by its name, such as "ocr", "documents-worker" or "mongod"."""
        for process in self.processes:
            if process.name == name:
                return process
        raise LookupError(f"no process {name!r}; there are {[process.name for process in self.processes]}")

    def metrics_url(self, name: str) -> str:
        """Where a process shows its metrics."""
        return f"http://{ports.HOST}:{self._metrics_ports[name]}/metrics"

    def target(self, service: str) -> str:
        """host:port of a gRPC service."""
        return f"{ports.HOST}:{self._serve_ports[service]}"

    def env_of(self, service: str) -> dict[str, str]:
        """The environment a process of this service has, to run one more beside the fleet."""
        return self._environment(service)

    def memory_mb(self) -> float:
        """What all processes of the fleet hold, in MB (10^6 bytes), shared pages counted once."""
        return memory_mb([process.pid for process in self.processes if process.pid is not None])

    # --- start and stop ---

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything and come back when all is healthy; a failed start leaves nothing running.

        Raises:
            StartError: a process did not get healthy; names it and shows its log's tail.
            DataDirInUseError: another fleet runs on this data folder.
        """
        self.data_dir.acquire()
        try:
            keys.ensure_keys(self.data_dir.keys)
            self._choose_ports()
            self._start_backends()
            self._migrate()
            self.processes += [self._member_process(member) for member in self._plan.members]
            for process in self.processes:
                process.start()
            self.wait_healthy()
        except BaseException:
            self.stop()
            raise

    def wait_healthy(self, deadline_s: float = START_DEADLINE_S) -> None:
        """Come back when every process is healthy; raise `StartError` when one failed or the time is over."""
        self._wait_for(self.processes, deadline_s)

    def stop(self) -> None:
        """Stop everything in order and leave nothing but the data, the keys and the logs."""
        for stage in sorted({process.spec.stop_stage for process in self.processes}):
            members = [process for process in self.processes if process.spec.stop_stage == stage]
            with ThreadPoolExecutor(len(members)) as together:
                list(together.map(Process.stop, members))
        self.processes.clear()
        self._mongo = self._redis = None
        self.data_dir.release()

    def _choose_ports(self) -> None:
        members = self._plan.members
        serving = [member.name for member in members if member.health is not Health.METRICS]
        free = iter(ports.free_ports(len(serving) + len(members)))
        self._serve_ports = {name: next(free) for name in serving}
        self._metrics_ports = {member.name: next(free) for member in members}
        if self._wanted_gateway_port:
            if not ports.is_free(self._wanted_gateway_port):
                raise StartError(
                    f"gateway: port {self._wanted_gateway_port} is taken by another program. "
                    "Stop that one, or set AUTOMATEIQ_GATEWAY_PORT to another port (0 takes a free one)."
                )
            self._serve_ports["gateway"] = self._wanted_gateway_port

    def _start_backends(self) -> None:
        own: list[Backend] = []
        folder, log = self.data_dir, self.data_dir.log
        if not self._env.get("MONGODB_URI"):
            self._mongo = MongoServer(
                folder.mongo, restart=True, log=log("mongod"), stop_stage=Stop.MONGO, on_change=self._changed
            )
            own.append(self._mongo)
        if not self._env.get("REDIS_URL"):
            self._redis = RedisServer(
                folder.redis,
                persistent=True,
                restart=True,
                log=log("redis"),
                stop_stage=Stop.REDIS,
                on_change=self._changed,
            )
            own.append(self._redis)
        self.processes += [backend.process for backend in own]
        for backend in own:
            backend.process.start()
        self._check_given_backends()
        self._wait_for([backend.process for backend in own], START_DEADLINE_S)

    def _check_given_backends(self) -> None:
        if self._mongo is None:
            try:
                with pymongo.MongoClient[dict[str, Any]](
                    self.mongodb_uri, serverSelectionTimeoutMS=5_000
                ) as client:
                    if "setName" not in client.admin.command("hello"):
                        raise StartError("MONGODB_URI names a server that is no replica set")
            except PyMongoError as error:
                raise StartError(f"MONGODB_URI names a MongoDB that does not answer: {error}") from error
        if self._redis is None:
            import redis  # here, because it takes a third of a second and is seldom needed

            try:
                with redis.Redis.from_url(self.redis_url, socket_connect_timeout=5.0) as client:
                    client.ping()
            except redis.RedisError as error:
                raise StartError(f"REDIS_URL names a Redis that does not answer: {error}") from error

    def _migrate(self) -> None:
        running: dict[Migration, subprocess.Popen[bytes]] = {}
        try:
            for migration in self._plan.migrations:
                log = self.data_dir.log(migration.name)
                log.write_bytes(b"")
                running[migration] = spawn(
                    migration.command,
                    env=self._environment(migration.service),
                    cwd=self.data_dir.working(migration.name),
                    log=log,
                )
            until = time.monotonic() + START_DEADLINE_S
            while time.monotonic() < until:
                codes = {child.poll() for child in running.values()}
                if None not in codes or codes - {None, 0}:
                    break
                self._pause()
            for migration, child in running.items():
                if child.returncode:
                    raise self._migration_error(migration, "failed")
            for migration, child in running.items():
                if child.returncode is None:
                    raise self._migration_error(migration, "did not end in time")
        finally:
            for child in running.values():
                child.kill()
                child.wait()

    def _migration_error(self, migration: Migration, how: str) -> StartError:
        log = self.data_dir.log(migration.name)
        return StartError(f"{migration.name} {how}. The end of {log}:\n{tail(log)}")

    def _wait_for(self, processes: Sequence[Process], deadline_s: float) -> None:
        until = time.monotonic() + deadline_s
        while True:
            late = [process for process in processes if not process.is_healthy()]
            if not late:
                return
            over = time.monotonic() > until
            for process in late:
                if over or process.state is State.FAILED:
                    process.wait_healthy(0)  # raises, with the process's name and log
            self._pause()

    def _pause(self) -> None:
        time.sleep(_POLL_S)
        if self._cancelled():
            raise StartCancelledError("the start was called off")

    # --- one process ---

    def _member_process(self, member: Member) -> Process:
        serve_port = self._serve_ports.get(member.name)
        metrics_port = self._metrics_ports[member.name]
        probe: Callable[[], bool]
        if member.health is Health.METRICS or serve_port is None:
            probe = lambda: probes.http_ok(metrics_port, "/healthz")  # noqa: E731
        elif member.health is Health.GRPC:
            probe = lambda: probes.grpc_serving(serve_port)  # noqa: E731
        else:
            probe = lambda: probes.http_ok(serve_port, "/health")  # noqa: E731
        listen = {"AUTOMATEIQ_METRICS_LISTEN": f"{ports.HOST}:{metrics_port}"}
        if serve_port is not None:
            listen["AUTOMATEIQ_LISTEN"] = f"{ports.HOST}:{serve_port}"
        spec = Spec(
            name=member.name,
            command=member.command,
            probe=probe,
            env=self._environment(member.service, listen),
            port=serve_port or metrics_port,
            stop_stage=member.stop,
            stop_deadline_s=STOP_DEADLINE_S,
        )
        return Process(
            spec,
            folder=self.data_dir.working(member.name),
            log=self.data_dir.log(member.name),
            on_change=self._changed,
        )

    def _environment(self, service: str, listen: Mapping[str, str] | None = None) -> dict[str, str]:
        folder = self.data_dir
        # On one machine a receiver of webhooks is a neighbour without a certificate.
        development = {"AUTOMATEIQ_ENVIRONMENT": "development", "AUTOMATEIQ_WEBHOOK_LOCAL_TARGETS": "true"}
        env = {**development, **self._env}
        # Without compiled files every start compiles anew, which takes most of the time to get ready.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        direct = f"{ports.HOST},localhost"
        env["no_proxy"] = env["NO_PROXY"] = f"{env['no_proxy']},{direct}" if env.get("no_proxy") else direct
        env |= {
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(folder.temporary),
            "MONGODB_URI": self.mongodb_uri,
            "REDIS_URL": self.redis_url,
            "AUTOMATEIQ_INTERNAL_PRIVATE_KEY_FILE": str(keys.internal_private_key(folder.keys, service)),
            "AUTOMATEIQ_INTERNAL_PUBLIC_KEYS_DIR": str(keys.internal_public_keys(folder.keys)),
        }
        for name, port in self._serve_ports.items():
            if name != "gateway":
                env[f"AUTOMATEIQ_{name.upper()}_TARGET"] = f"{ports.HOST}:{port}"
        if service == "identity":
            env["AUTOMATEIQ_ACCESS_TOKEN_KEY_FILE"] = str(keys.access_token_key(folder.keys))
        return env | self._overrides | dict(listen or {})

    def _changed(self, process: Process, message: str) -> None:
        self.data_dir.write_state(
            {
                "gatewayUrl": self.gateway_url if "gateway" in self._serve_ports else "",
                "processes": [one.as_row() for one in self.processes],
            }
        )
        self._on_change(process, message)
