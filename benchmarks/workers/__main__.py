"""Recognition processes: how throughput grows with them, how a long queue behaves, and how much memory one takes.

    make bench-workers

1. The same pages by one and by two processes, beside the plain `tesseract` program, one page after another.
2. 1,000 small pages waiting at once: in which order they come back, and how long short work (counting the pages of an
   upload) takes meanwhile, beside what it takes on an idle service.
3. 500 documents of every kind, among them photos that the deep engine reads: the most memory a process ever held,
   beside the bound of 1 GB.

Ends with one line of JSON.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from automateiq_ocr.recognition.engine import open_document, recognize_page  # noqa: E402
from automateiq_ocr.recognition.models import JPEG, PDF, PNG, Options  # noqa: E402
from automateiq_ocr.recognition.pool import WorkerPool  # noqa: E402
from PIL import Image, ImageDraw, ImageFont  # noqa: E402

from benchmarks.pipeline.__main__ import scan  # noqa: E402

PAGES, WAITING, DOCUMENTS = 16, 1000, 500
LIMIT_SECONDS = 150.0
BOUND_MB = 1024
DIGITAL = ROOT / "samples" / "documents" / "invoice-gb-thistlewick.pdf"


def slip(number: int) -> bytes:
    """A small page: a note of one line, as a PNG."""
    image = Image.new("L", (600, 120), 255)
    ImageDraw.Draw(image).text((20, 40), f"Delivery note {number}", fill=0, font=ImageFont.load_default(32))
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def photo(number: int) -> bytes:
    """A scan made small, dim and soft, as a telephone in a bad light makes it."""
    page = Image.open(BytesIO(scan(number))).convert("L")
    page = page.resize((page.width // 3, page.height // 3)).point(lambda value: 40 + value // 2)
    out = BytesIO()
    page.save(out, "JPEG", quality=40)
    return out.getvalue()


async def read_all(workers: int, pages: list[tuple[bytes, str]]) -> float:
    """Seconds that so many processes take for the pages."""
    pool = WorkerPool(workers, limit_seconds=LIMIT_SECONDS)
    await pool.start()
    try:
        began = time.perf_counter()
        await asyncio.gather(
            *(pool.run(recognize_page, content, kind, 1, Options()) for content, kind in pages)
        )
        return time.perf_counter() - began
    finally:
        await pool.stop()


def plain_seconds(scans: list[bytes]) -> float:
    """Seconds that the command line program takes for the pages, one after another, with one thread."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.jpg"
        began = time.perf_counter()
        for content in scans:
            path.write_bytes(content)
            command = ["tesseract", str(path), "-", "--dpi", "300", "tsv"]
            environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
            subprocess.run(command, check=True, capture_output=True, env=environment)
        return time.perf_counter() - began


async def queue() -> dict[str, float]:
    """1,000 pages at once: the share that came back in turn, and what short work beside them takes."""
    pool, aside = (WorkerPool(count, limit_seconds=LIMIT_SECONDS) for count in (2, 1))
    await asyncio.gather(pool.start(), aside.start())
    digital, finished = DIGITAL.read_bytes(), list[int]()

    async def inspected() -> float:
        began = time.perf_counter()
        await aside.run(open_document, digital, PDF, Options())
        return 1000 * (time.perf_counter() - began)

    async def read(number: int) -> None:
        await pool.run(recognize_page, slip(number), PNG, 1, Options())
        finished.append(number)

    try:
        idle = [await inspected() for _ in range(50)]
        waiting = asyncio.gather(*(read(number) for number in range(WAITING)))
        busy = []
        while not waiting.done():
            busy.append(await inspected())
            await asyncio.sleep(0.2)  # the rhythm of uploads, not a wait for anything
        await waiting
    finally:
        await asyncio.gather(pool.stop(), aside.stop())
    # Two processes may overtake each other by a page or two; more would be a queue that is none.
    in_turn = sum(abs(number - place) <= 4 for place, number in enumerate(finished))
    return {
        "in_turn": round(in_turn / WAITING, 3),
        "aside_idle_ms": round(statistics.median(idle), 1),
        "aside_p50_ms": round(statistics.median(busy), 1),
        "aside_p99_ms": round(sorted(busy)[int(0.99 * (len(busy) - 1))], 1),
    }


async def memory() -> float:
    """The most memory, in MB, that a process held over 500 documents."""
    digital = DIGITAL.read_bytes()
    kinds: list[Callable[[int], tuple[bytes, str]]] = [
        lambda number: (scan(number), JPEG),
        lambda number: (slip(number), PNG),
        lambda _: (digital, PDF),
        lambda number: (slip(number), PNG),
        lambda number: (photo(number), JPEG),
    ]
    pool = WorkerPool(2, limit_seconds=LIMIT_SECONDS)
    await pool.start()
    peaks = [0.0]

    async def watch() -> None:
        # Often, because a process that holds too much is replaced, and its figure goes with it.
        while True:
            peaks.extend(resident_peak(pid) for pid in workers())
            await asyncio.sleep(0.5)

    watching = asyncio.create_task(watch())
    try:
        for first in range(0, DOCUMENTS, 10):
            batch = [kinds[number % len(kinds)](number) for number in range(first, first + 10)]
            await asyncio.gather(*(pool.run(recognize_page, *page, 1, Options()) for page in batch))
    finally:
        watching.cancel()
        await asyncio.wait([watching])
        await pool.stop()
    return max(peaks)


def workers() -> list[int]:
    """This process's recognition processes."""
    listing = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "recognition.worker"],
        check=False,
        capture_output=True,
        text=True,
    )
    return [int(pid) for pid in listing.stdout.split()]


def resident_peak(pid: int) -> float:
    """The most memory that a process ever held, in MB (VmHWM)."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0  # replaced in this moment
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


async def main() -> None:
    """Measure everything."""
    scans = [scan(number) for number in range(PAGES)]
    pages = [(content, JPEG) for content in scans]
    plain, one, two = plain_seconds(scans), await read_all(1, pages), await read_all(2, pages)
    print(f"{PAGES} scans: tesseract {plain:.1f} s, one process {one:.1f} s, two {two:.1f} s")
    queued = await queue()
    print(f"{WAITING} pages waiting: {queued}")
    peak = await memory()
    print(f"{DOCUMENTS} documents: at most {peak:.0f} MB in a process (bound {BOUND_MB})")
    figures = {
        "pages_per_min_1": round(60 * PAGES / one, 1),
        "pages_per_min_2": round(60 * PAGES / two, 1),
        "tesseract_pages_per_min": round(60 * PAGES / plain, 1),
        "speedup": round(one / two, 2),
        **queued,
        "worker_peak_mb": round(peak),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    asyncio.run(main())
