from pathlib import Path

import psutil
import pymongo
import pytest
import redis
from automateiq_local import ports
from automateiq_local.backends import MongoServer, RedisServer
from automateiq_local.process import StartError, State


def test_mongo_is_a_replica_set_with_transactions(tmp_path: Path) -> None:
    with MongoServer(tmp_path / "mongo") as server, pymongo.MongoClient(server.uri) as client:
        rows = client["shop"]["rows"]
        rows.insert_one({"_id": "kept"})
        with (
            pytest.raises(RuntimeError, match="rolled back"),
            client.start_session() as session,
            session.start_transaction(),
        ):
            rows.insert_one({"_id": "lost"}, session=session)
            raise RuntimeError("rolled back")
        assert [row["_id"] for row in rows.find()] == ["kept"]


@pytest.mark.parametrize("same_port", [True, False])
def test_mongo_finds_its_data_on_a_second_start(tmp_path: Path, same_port: bool) -> None:
    first_port, other_port = ports.free_ports(2)
    with MongoServer(tmp_path, first_port) as server, pymongo.MongoClient(server.uri) as client:
        client["shop"]["rows"].insert_one({"_id": 1})
    with (
        MongoServer(tmp_path, first_port if same_port else other_port) as server,
        pymongo.MongoClient(server.uri) as client,
    ):
        assert client["shop"]["rows"].count_documents({}) == 1
        with client.start_session() as session, session.start_transaction():
            client["shop"]["rows"].insert_one({"_id": 2}, session=session)


def test_mongo_keeps_acknowledged_writes_over_a_kill_and_its_port_over_a_restart(tmp_path: Path) -> None:
    server = MongoServer(tmp_path)
    server.start()
    try:
        with pymongo.MongoClient(server.uri, w="majority") as client:
            client["shop"]["rows"].insert_one({"_id": 1})
            uri = server.uri
            server.kill()
            server.stop()
            server.start()
            assert server.uri == uri
            assert client["shop"]["rows"].count_documents({}) == 1
    finally:
        server.stop()


@pytest.mark.parametrize("kind", [MongoServer, RedisServer])
def test_stop_leaves_no_process_and_no_socket(
    tmp_path: Path, kind: type[MongoServer] | type[RedisServer]
) -> None:
    server = kind(tmp_path)
    server.start()
    pid = server.pid
    assert pid is not None and psutil.pid_exists(pid)
    assert not ports.is_free(server.port)
    server.stop()
    assert server.pid is None
    assert not psutil.pid_exists(pid)
    assert ports.is_free(server.port)
    assert not Path(f"/tmp/mongodb-{server.port}.sock").exists()
    server.stop()


@pytest.mark.parametrize("persistent", [True, False])
def test_redis_keeps_its_data_only_when_asked(tmp_path: Path, persistent: bool) -> None:
    with RedisServer(tmp_path, persistent=persistent) as server, redis.Redis.from_url(server.uri) as client:
        client.set("key", "value")
    with RedisServer(tmp_path, persistent=persistent) as server, redis.Redis.from_url(server.uri) as client:
        assert client.get("key") == (b"value" if persistent else None)


def test_only_the_loopback_address_is_served(tmp_path: Path) -> None:
    with MongoServer(tmp_path / "mongo") as mongo, RedisServer(tmp_path / "redis") as server:
        for pid in (mongo.pid, server.pid):
            listening = [
                c.laddr.ip for c in psutil.Process(pid).net_connections() if c.status == psutil.CONN_LISTEN
            ]
            assert listening == ["127.0.0.1"]


def test_a_start_that_fails_tells_why_and_leaves_nothing(tmp_path: Path) -> None:
    with MongoServer(tmp_path):
        second = MongoServer(tmp_path, log=tmp_path / "second.log")
        with pytest.raises(StartError, match=r"(?s)mongod: ended with exit status.*DBPathInUse"):
            second.start()
        assert second.pid is None
        assert second.process.state is State.STOPPED


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with (
        RedisServer(tmp_path / "one") as server,
        pytest.raises(OSError, match=f"port {server.port} is taken"),
    ):
        RedisServer(tmp_path / "two", server.port).start()
