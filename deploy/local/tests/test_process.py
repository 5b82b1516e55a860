import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from automateiq_local import ports, probes
from automateiq_local.process import Process, Spec, StartError, State, memory_mb

TOYS = str(Path(__file__).with_name("toys.py"))


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    made: list[Process] = []

    def _make(mode: str, *arguments: str, name: str = "toy", **of_spec: object) -> Process:
        port = ports.free_ports(1)[0]
        spec = Spec(
            name=name,
            command=(sys.executable, TOYS, mode, *arguments),
            probe=lambda: probes.http_ok(port, "/healthz"),
            env={"AUTOMATEIQ_METRICS_LISTEN": f"127.0.0.1:{port}"},
            **{"stop_deadline_s": 1.0, **of_spec},  # type: ignore[arg-type]
        )
        process = Process(spec, folder=tmp_path / name, log=tmp_path / f"{name}.log")
        made.append(process)
        return process

    yield _make
    for process in made:
        process.stop()


def wait_until(what: Callable[[], bool], seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.02)


def test_it_gets_healthy_and_stops(make: Callable[..., Process]) -> None:
    process = make("serve")
    process.start()
    process.wait_healthy(20)
    pid = process.pid
    assert pid is not None
    assert process.seconds_to_ready is not None
    assert 3 < memory_mb([pid]) < 200
    process.stop()
    assert process.state is State.STOPPED
    assert process.pid is None and not psutil.pid_exists(pid)


def test_a_killed_one_comes_back(make: Callable[..., Process]) -> None:
    process = make("serve")
    process.start()
    process.wait_healthy(20)
    first = process.pid
    process.kill()
    assert process.state is not State.HEALTHY
    process.wait_healthy(20)
    assert process.pid not in (None, first)
    assert process.restarts == 1


def test_a_stopped_one_stays_down_until_started(make: Callable[..., Process]) -> None:
    process = make("serve")
    process.start()
    process.wait_healthy(20)
    process.stop()
    time.sleep(0.6)
    assert process.pid is None
    process.start()
    process.wait_healthy(20)


def test_a_paused_one_is_unhealthy_and_a_resumed_one_healthy(make: Callable[..., Process]) -> None:
    process = make("serve")
    process.start()
    process.wait_healthy(20)
    process.pause()
    wait_until(lambda: process.state is State.UNHEALTHY)
    process.resume()
    process.wait_healthy(20)
    assert process.restarts == 0


def test_a_paused_one_can_be_stopped_in_order(make: Callable[..., Process], tmp_path: Path) -> None:
    process = make("serve", str(tmp_path / "record"), stop_deadline_s=5.0)
    process.start()
    process.wait_healthy(20)
    process.pause()
    process.stop()
    assert (tmp_path / "record").read_text() == "toy\n"


def test_one_that_ends_at_each_start_fails_early_with_its_log(make: Callable[..., Process]) -> None:
    process = make("broken")
    began = time.monotonic()
    process.start()
    with pytest.raises(StartError, match=r"(?s)toy: ended with exit status 3.*no such setting: COFFEE"):
        process.wait_healthy(60)
    assert time.monotonic() - began < 20
    assert process.state is State.FAILED


def test_one_that_never_serves_fails_at_the_deadline_with_its_log(make: Callable[..., Process]) -> None:
    process = make("mute")
    process.start()
    with pytest.raises(StartError, match=r"(?s)toy: not healthy after 1 s.*will never serve"):
        process.wait_healthy(1)


def test_one_that_ignores_the_signal_is_killed_at_its_deadline(make: Callable[..., Process]) -> None:
    process = make("deaf")
    process.start()
    pid = process.pid
    assert pid is not None
    wait_until(lambda: "deaf" in process.log.read_text())
    began = time.monotonic()
    process.stop()
    assert 0.9 < time.monotonic() - began < 10
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize("end", [Process.stop, Process.kill])
def test_what_it_started_itself_ends_with_it(
    make: Callable[..., Process], tmp_path: Path, end: Callable[[Process], None]
) -> None:
    process = make("with-child", str(tmp_path / "pid"), restart=False)
    process.start()
    process.wait_healthy(20)
    child = int((tmp_path / "pid").read_text())
    assert psutil.pid_exists(child)
    end(process)
    wait_until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie")


def test_all_children_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    supervisor = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"""
import sys, time
from pathlib import Path
from automateiq_local.process import Process, Spec
folder = Path({str(tmp_path)!r})
for name in ("a", "b"):
    process = Process(
        Spec(name, (sys.executable, {TOYS!r}, "deaf"), probe=lambda: False),
        folder=folder, log=folder / f"{{name}}.log",
    )
    process.start()
    print(process.pid, flush=True)
print("up", flush=True)
time.sleep(600)
""",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert supervisor.stdout is not None
    pids = []
    for line in supervisor.stdout:
        if line.strip() == "up":
            break
        pids.append(int(line))
    assert len(pids) == 2 and all(psutil.pid_exists(pid) for pid in pids)
    supervisor.kill()
    supervisor.wait()
    supervisor.stdout.close()
    wait_until(lambda: all(not psutil.pid_exists(p) or psutil.Process(p).status() == "zombie" for p in pids))
