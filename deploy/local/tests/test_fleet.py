import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from automateiq_local import ports
from automateiq_local.backends import MongoServer, RedisServer
from automateiq_local.datadir import DataDirInUseError
from automateiq_local.fleet import Fleet, StartCancelledError
from automateiq_local.members import AUTOMATEIQ, Health, Member, Migration, Plan, Stop
from automateiq_local.process import StartError, State

TOYS = str(Path(__file__).with_name("toys.py"))


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("backends")
    with MongoServer(folder / "mongo") as mongo, RedisServer(folder / "redis") as server:
        yield {"MONGODB_URI": mongo.uri, "REDIS_URL": server.uri}


def toy(name: str, *command: str, health: Health = Health.METRICS, stop: Stop = Stop.SERVICE) -> Member:
    return Member(name, name.partition("-")[0], (sys.executable, TOYS, *command), health, stop)


def plan(record: Path) -> Plan:
    end = str(record)
    return Plan(
        members=(
            toy("documents", "serve", end, stop=Stop.SERVICE),
            toy("gateway", "slow-stop", end, health=Health.HTTP, stop=Stop.GATEWAY),
            toy("documents-worker", "slow-stop", end, stop=Stop.WORKER),
            toy("documents-beat", "slow-stop", end, stop=Stop.BEAT),
        ),
        migrations=(),
    )


def test_all_get_healthy_and_stop_in_order(tmp_path: Path, backends: dict[str, str]) -> None:
    fleet = Fleet(tmp_path / "data", env=backends, plan=plan(tmp_path / "record"))
    fleet.start()
    assert httpx.get(f"{fleet.gateway_url}/health").status_code == 200
    pids = [process.pid for process in fleet.processes]
    assert None not in pids and len(pids) == 4
    assert fleet.memory_mb() > 10
    fleet.stop()
    assert (tmp_path / "record").read_text().split() == [
        "documents-beat",
        "documents-worker",
        "gateway",
        "documents",
    ]
    assert not any(psutil.pid_exists(pid) for pid in pids if pid)
    fleet.stop()


def test_a_killed_member_comes_back_and_is_told(tmp_path: Path, backends: dict[str, str]) -> None:
    messages: list[str] = []
    with Fleet(
        tmp_path / "data",
        env=backends,
        plan=plan(tmp_path / "record"),
        on_change=lambda _process, message: messages.append(message) if message else None,
    ) as fleet:
        worker = fleet.process("documents-worker")
        before = worker.pid
        worker.kill()
        fleet.wait_healthy(20)
        assert worker.pid != before
    assert messages == [
        "documents-worker was killed by SIGKILL, starting it again in 0.2 s",
        "documents-worker is healthy again",
    ]


def test_the_fleets_own_mongo_and_redis_keep_their_data_and_can_be_stopped_alone(tmp_path: Path) -> None:
    import pymongo
    import redis

    only = Plan(members=(toy("gateway", "serve", health=Health.HTTP),), migrations=())
    env = {"MONGODB_URI": "", "REDIS_URL": ""}
    with Fleet(tmp_path, env=env, plan=only) as fleet:
        with pymongo.MongoClient(fleet.mongodb_uri) as mongo, redis.Redis.from_url(fleet.redis_url) as cache:
            mongo["shop"]["rows"].insert_one({"_id": 1})
            cache.set("key", "value")
        fleet.mongo.stop()
        fleet.redis.kill()
        fleet.mongo.start()
        fleet.wait_healthy(20)
        assert fleet.process("redis").restarts == 1
        fleet.mongo.kill()
        fleet.wait_healthy(20)
        assert fleet.process("mongod").restarts == 1
    with (
        Fleet(tmp_path, env=env, plan=only) as fleet,
        pymongo.MongoClient(fleet.mongodb_uri) as mongo,
        redis.Redis.from_url(fleet.redis_url) as cache,
    ):
        assert mongo["shop"]["rows"].count_documents({}) == 1
        assert cache.get("key") == b"value"


def test_nothing_but_data_keys_and_logs_is_left(tmp_path: Path, backends: dict[str, str]) -> None:
    litter = Plan(members=(toy("gateway", "litter", health=Health.HTTP),), migrations=())
    with Fleet(tmp_path / "data", env=backends, plan=litter):
        assert list((tmp_path / "data").rglob("left-over"))
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["keys", "lock", "logs"]


def test_migrations_run_before_the_members_with_their_services_key(
    tmp_path: Path, backends: dict[str, str]
) -> None:
    done = tmp_path / "migrated"
    migrate = Migration("ocr-migrate", "ocr", (sys.executable, TOYS, "migrate", str(done)))
    with Fleet(
        tmp_path / "data", env=backends, plan=Plan((toy("gateway", "serve", health=Health.HTTP),), (migrate,))
    ):
        assert done.read_text() == f"{tmp_path}/data/keys/internal/ocr.pem\n"


def test_a_failed_migration_stops_the_start(tmp_path: Path, backends: dict[str, str]) -> None:
    broken = Migration("ocr-migrate", "ocr", (sys.executable, TOYS, "broken"))
    fleet = Fleet(tmp_path / "data", env=backends, plan=Plan((), (broken,)))
    with pytest.raises(StartError, match=r"(?s)ocr-migrate failed.*no such setting: COFFEE"):
        fleet.start()


def test_a_member_that_cannot_start_is_named_and_nothing_is_left(
    tmp_path: Path, backends: dict[str, str]
) -> None:
    seen: set[int] = set()
    fleet = Fleet(
        tmp_path / "data",
        env=backends,
        plan=Plan((toy("gateway", "serve", health=Health.HTTP), toy("ocr", "broken")), ()),
        on_change=lambda process, _message: seen.add(process.pid) if process.pid else None,
    )
    with pytest.raises(StartError, match=r"(?s)ocr: ended with exit status 3.*no such setting: COFFEE"):
        fleet.start()
    assert fleet.processes == []
    assert seen and not any(psutil.pid_exists(pid) for pid in seen)
    with Fleet(
        tmp_path / "data", env=backends, plan=Plan((toy("gateway", "serve", health=Health.HTTP),), ())
    ):
        pass  # the folder is free again


def test_a_start_can_be_called_off(tmp_path: Path, backends: dict[str, str]) -> None:
    fleet = Fleet(
        tmp_path / "data", env=backends, plan=Plan((toy("ocr", "mute"),), ()), cancelled=lambda: True
    )
    with pytest.raises(StartCancelledError):
        fleet.start()
    assert fleet.processes == []


def test_a_second_fleet_on_one_folder_is_refused(tmp_path: Path, backends: dict[str, str]) -> None:
    both = {"env": backends, "plan": Plan((toy("gateway", "serve", health=Health.HTTP),), ())}
    with Fleet(tmp_path, **both) as first:  # type: ignore[arg-type]
        with pytest.raises(DataDirInUseError, match=f"already runs on {tmp_path} .pid {os.getpid()}"):
            Fleet(tmp_path, **both).start()  # type: ignore[arg-type]
        assert first.process("gateway").state is State.HEALTHY


def test_a_taken_gateway_port_is_told(tmp_path: Path, backends: dict[str, str]) -> None:
    port = int(backends["REDIS_URL"].removesuffix("/0").rpartition(":")[2])
    with pytest.raises(StartError, match=f"port {port} is taken.*AUTOMATEIQ_GATEWAY_PORT"):
        Fleet(tmp_path, env=backends, gateway_port=port, plan=plan(tmp_path / "record")).start()


@pytest.mark.parametrize("name", ["MONGODB_URI", "REDIS_URL"])
def test_a_given_backend_that_does_not_answer_is_told(
    tmp_path: Path, backends: dict[str, str], name: str
) -> None:
    port = ports.free_ports(1)[0]
    nobody = {"MONGODB_URI": f"mongodb://127.0.0.1:{port}/", "REDIS_URL": f"redis://127.0.0.1:{port}/0"}
    with pytest.raises(StartError, match=f"{name} names a .* that does not answer"):
        Fleet(tmp_path, env=backends | {name: nobody[name]}, plan=Plan((), ())).start()


def test_the_environment_of_a_service(tmp_path: Path, backends: dict[str, str]) -> None:
    with Fleet(
        tmp_path,
        env={**backends, "AUTOMATEIQ_LOG_LEVEL": "DEBUG"},
        plan=Plan((toy("gateway", "serve", health=Health.HTTP), toy("ocr", "serve", health=Health.HTTP)), ()),
    ) as fleet:
        env = fleet.env_of("identity")
        assert env["AUTOMATEIQ_OCR_TARGET"] == fleet.target("ocr")
        assert "AUTOMATEIQ_GATEWAY_TARGET" not in env
        assert env["AUTOMATEIQ_ENVIRONMENT"] == "development"
        assert env["AUTOMATEIQ_LOG_LEVEL"] == "DEBUG"
        assert env["MONGODB_URI"] == backends["MONGODB_URI"]
        assert Path(env["AUTOMATEIQ_INTERNAL_PRIVATE_KEY_FILE"]).is_file()
        assert Path(env["AUTOMATEIQ_ACCESS_TOKEN_KEY_FILE"]).is_file()
        assert "AUTOMATEIQ_ACCESS_TOKEN_KEY_FILE" not in fleet.env_of("ocr")


def test_the_real_plan_has_every_process_of_every_service() -> None:
    assert [(m.name, m.stop.name) for m in AUTOMATEIQ.members] == [
        ("identity", "SERVICE"),
        ("documents", "SERVICE"),
        ("ocr", "SERVICE"),
        ("billing", "SERVICE"),
        ("gateway", "GATEWAY"),
        ("documents-worker", "WORKER"),
        ("billing-worker", "WORKER"),
        ("documents-beat", "BEAT"),
        ("billing-beat", "BEAT"),
    ]


RUN = """
import sys
import automateiq_local.fleet as fleet
from automateiq_local.members import Health, Member, Plan, Stop
toys = {toys!r}
gateway = Member("gateway", "gateway", (sys.executable, toys, "serve"), Health.HTTP, Stop.GATEWAY)
fleet.Fleet.__init__.__kwdefaults__["plan"] = Plan((gateway,), ())
from automateiq_local.__main__ import main
sys.exit(main())
"""


def command(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-c", RUN.format(toys=TOYS), "--data-dir", str(folder), *arguments]


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "stop"])
def test_the_command_line_runs_shows_and_stops_it(tmp_path: Path, backends: dict[str, str], how: str) -> None:
    env = {**os.environ, **backends}
    with subprocess.Popen(
        command(tmp_path, "run", "--port", "0"), env=env, stdout=subprocess.PIPE, text=True
    ) as fleet:
        try:
            _run_show_and_stop(tmp_path, env, how, fleet)
        finally:
            fleet.kill()


def _run_show_and_stop(folder: Path, env: dict[str, str], how: str, fleet: subprocess.Popen[str]) -> None:
    assert fleet.stdout is not None
    said = ""
    for line in fleet.stdout:
        said += line
        if "Ctrl-C" in line:
            break
    assert "gateway: healthy after" in said and "/docs" in said
    state = json.loads((folder / "run" / "fleet.json").read_text())
    pid = state["processes"][0]["pid"]
    status = subprocess.run(command(folder, "status"), env=env, capture_output=True, text=True)
    assert status.returncode == 0 and "gateway" in status.stdout and "healthy" in status.stdout
    if how == "stop":
        assert subprocess.run(command(folder, "stop"), env=env).returncode == 0
    else:
        fleet.send_signal(getattr(signal, how))
    assert fleet.wait(30) == 0
    assert not psutil.pid_exists(pid)
    assert subprocess.run(command(folder, "status"), env=env).returncode == 1
    assert not (folder / "run").exists()
