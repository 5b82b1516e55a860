"""Worker processes that die, hang and are abandoned; real ones, ended for real."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import ocr_deeds
import pytest
from automateiq_core.testing import eventually
from automateiq_ocr.recognition.engine import open_document
from automateiq_ocr.recognition.models import DamagedFile, EngineUnavailable, Options, PageFailed
from automateiq_ocr.recognition.pool import WorkerPool

HERE = str(Path(__file__).parent)


@pytest.fixture(autouse=True)
def _deeds_are_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", HERE)


@asynccontextmanager
async def running(workers: int = 1, *, limit_seconds: float = 60) -> AsyncIterator[WorkerPool]:
    pool = WorkerPool(workers, limit_seconds=limit_seconds)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


def alive(pid: int) -> bool:
    """Whether the process runs; one that is dead but not yet collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def pids_in(path: Path) -> list[int]:
    await eventually(path.exists, seconds=30)
    return [int(part) for part in path.read_text().split()]  # noqa: ASYNC240


async def test_work_is_done_in_other_processes_at_the_same_time(tmp_path: Path) -> None:
    async with running(2) as pool:
        both = asyncio.gather(*(pool.run(ocr_deeds.work_until, str(tmp_path / "go")) for _ in range(2)))
        await asyncio.sleep(0)
        (tmp_path / "go").touch()
        assert len({os.getpid(), *await both}) == 3


async def test_more_calls_than_workers_wait_their_turn_and_large_messages_pass() -> None:
    async with running(2) as pool:
        pids = await asyncio.gather(*(pool.run(os.getpid) for _ in range(40)))
        assert len(pids) == 40
        assert len(set(pids)) <= 2

        assert await pool.run(ocr_deeds.answer_with, 5_000_000) == bytes(5_000_000)
        assert await pool.run(len, bytes(5_000_000)) == 5_000_000


async def test_an_error_of_the_work_comes_back_and_the_worker_stays() -> None:
    async with running() as pool:
        before = await pool.run(os.getpid)
        with pytest.raises(LookupError, match="not there") as caught:
            await pool.run(ocr_deeds.fail, "not there")
        assert "ocr_deeds.py" in caught.value.__notes__[0]
        with pytest.raises(DamagedFile) as refused:
            await pool.run(open_document, b"%PDF-1.7 broken", None, Options())
        assert refused.value.reason == "FILE_DAMAGED"
        assert await pool.run(os.getpid) == before


async def test_a_call_whose_worker_died_is_done_once_more(tmp_path: Path) -> None:
    async with running() as pool:
        before = await pool.run(os.getpid)
        after = await pool.run(ocr_deeds.die_once, str(tmp_path / "mark"))
        assert after not in (before, os.getpid())
        assert not alive(before)


@pytest.mark.parametrize("deed", [ocr_deeds.kill_yourself, os.abort])
async def test_work_that_kills_twice_fails_and_harms_no_other_call(
    deed: Callable[[], None], tmp_path: Path
) -> None:
    async with running(2) as pool:
        other = asyncio.create_task(pool.run(ocr_deeds.work_until, str(tmp_path / "go")))
        await asyncio.sleep(0)
        with pytest.raises(PageFailed) as caught:
            await pool.run(deed)
        assert caught.value.reason == "PAGE_FAILED"
        assert not other.done()
        (tmp_path / "go").touch()
        survivor = await other
        assert alive(survivor)
        assert len({await pool.run(os.getpid) for _ in range(4)}) in (1, 2)


async def test_a_worker_that_grew_too_large_is_replaced_after_its_call() -> None:
    pool = WorkerPool(1, limit_seconds=60, limit_bytes=512 << 20)
    await pool.start()
    try:
        small = await pool.run(ocr_deeds.keep, 1 << 20)
        assert await pool.run(ocr_deeds.keep, 600 << 20) == small
        fresh = await pool.run(os.getpid)
        assert fresh != small
        assert not alive(small)
        assert await pool.run(ocr_deeds.keep, 1 << 20) == fresh
    finally:
        await pool.stop()


async def test_memory_that_a_call_has_freed_is_not_held_against_its_worker() -> None:
    pool = WorkerPool(1, limit_seconds=60, limit_bytes=400 << 20)
    await pool.start()
    try:
        first = await pool.run(ocr_deeds.use_for_a_while, 8000)
        assert await pool.run(os.getpid) == first
    finally:
        await pool.stop()


async def test_a_worker_whose_memory_is_not_limited_stays() -> None:
    async with running() as pool:
        assert await pool.run(ocr_deeds.keep, 600 << 20) == await pool.run(os.getpid)


async def test_work_that_never_comes_back_is_ended_with_the_programs_it_runs(tmp_path: Path) -> None:
    async with running(limit_seconds=1) as pool:
        with pytest.raises(PageFailed):
            await pool.run(ocr_deeds.say_pid_and_hang, str(tmp_path / "pids"))
        pids = await pids_in(tmp_path / "pids")
        await eventually(lambda: not any(map(alive, pids)))
        with pytest.raises(PageFailed):
            await pool.run(ocr_deeds.hang_deaf)
        assert await pool.run(len, "four") == 4


async def test_a_caller_who_goes_ends_the_work_at_once(tmp_path: Path) -> None:
    async with running() as pool:
        call = asyncio.create_task(pool.run(ocr_deeds.say_pid_and_hang, str(tmp_path / "pids")))
        waiting = asyncio.create_task(pool.run(os.getpid))
        pids = await pids_in(tmp_path / "pids")
        assert all(map(alive, pids))
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await eventually(lambda: not any(map(alive, pids)))
        assert await waiting not in pids


async def test_a_caller_who_goes_before_its_turn_costs_no_worker(tmp_path: Path) -> None:
    async with running() as pool:
        first = asyncio.create_task(pool.run(ocr_deeds.work_until, str(tmp_path / "go")))
        await asyncio.sleep(0)
        second = asyncio.create_task(pool.run(os.getpid))
        await asyncio.sleep(0)
        second.cancel()
        (tmp_path / "go").touch()
        assert await first == await pool.run(os.getpid)


async def test_stop_leaves_no_process_fails_what_runs_and_waits_and_allows_a_new_start(
    tmp_path: Path,
) -> None:
    pool = WorkerPool(2, limit_seconds=60)
    await pool.start()
    hanging = [asyncio.create_task(pool.run(ocr_deeds.say_pid_and_hang, str(tmp_path / n))) for n in "ab"]
    waiting = [asyncio.create_task(pool.run(os.getpid)) for _ in range(3)]
    pids = [*await pids_in(tmp_path / "a"), *await pids_in(tmp_path / "b")]
    await pool.stop()
    outcomes = await asyncio.gather(*hanging, *waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [EngineUnavailable] * 5
    await eventually(lambda: not any(map(alive, pids)))
    with pytest.raises(EngineUnavailable):
        await pool.run(os.getpid)
    await pool.start()
    again = await pool.run(os.getpid)
    assert alive(again)
    await pool.stop()
    await pool.stop()
    assert not alive(again)


async def test_workers_end_with_a_service_that_is_killed(tmp_path: Path) -> None:
    service = (
        "import asyncio, ocr_deeds, sys\n"
        "from automateiq_ocr.recognition.pool import WorkerPool\n"
        "async def main():\n"
        "    pool = WorkerPool(2, limit_seconds=60)\n"
        "    await pool.start()\n"
        "    await asyncio.gather(*(pool.run(ocr_deeds.say_pid_and_hang, path) for path in sys.argv[1:]))\n"
        "asyncio.run(main())\n"
    )
    paths = [tmp_path / "a", tmp_path / "b"]
    process = subprocess.Popen([sys.executable, "-c", service, *map(str, paths)])  # noqa: ASYNC220
    try:
        pids = [pid for path in paths for pid in await pids_in(path)]
        assert len(pids) == 4
    finally:
        process.kill()
        process.wait()
    await eventually(lambda: not any(map(alive, pids)))
