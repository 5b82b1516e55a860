"""Documents per minute, from upload to processed, beside plain Tesseract on the same pages.

    make bench-pipeline

Each fleet (one, then two recognition processes) gets digital PDFs and 300 dpi scans that it has not seen before.
Plain Tesseract is the command line program on the scans' own files, one after another with one thread, as one
of our recognition processes has. `overhead_ratio` is how much longer one recognition process takes for the scans,
upload to processed, than plain Tesseract: 0.1 means a tenth more. Rounds alternate; figures are medians.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pypdfium2

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from automateiq_local.fleet import Fleet  # noqa: E402
from PIL import Image  # noqa: E402

from samples.make.hostile import digital_pdf  # noqa: E402
from tests.business import Business, until  # noqa: E402
from tests.conftest import NO_RATE_LIMITS  # noqa: E402

ROUNDS = 3
DIGITAL, SCANS = 40, 16
PAGES = ("invoice-gb-thistlewick.pdf", "invoice-us-prairie-lantern.pdf", "facture-fr-brumeval.pdf")


def scan(number: int) -> bytes:
    """An invoice as a 300 dpi grey JPEG with noise, as scanners make them; no two are the same."""
    name = PAGES[number % len(PAGES)]
    page = pypdfium2.PdfDocument(ROOT / "samples" / "documents" / name)[0]
    grey = np.asarray(page.render(scale=300 / 72).to_pil().convert("L"), dtype=np.int16)
    noise = np.random.default_rng(number).normal(0, 5, grey.shape)
    out = BytesIO()
    noisy = np.clip(grey - 6 + noise, 0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(out, "JPEG", dpi=(300, 300), quality=85)
    return out.getvalue()


def plain_seconds(scans: list[bytes]) -> float:
    """How long the command line program takes for the pages, one after another."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.jpg" for number in range(len(scans))]
        for path, content in zip(paths, scans, strict=True):
            path.write_bytes(content)
        env = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        began = time.perf_counter()
        for path in paths:
            subprocess.run(["tesseract", path, "stdout"], env=env, check=True, capture_output=True)
        return time.perf_counter() - began


@contextmanager
def shop_on_fleet(workers: int) -> Iterator[Business]:
    """A registered business on a fresh fleet with so many recognition processes."""
    env = {
        **NO_RATE_LIMITS,
        "AUTOMATEIQ_OCR_WORKERS": str(workers),
        "AUTOMATEIQ_STARTER_MONTHLY_CREDITS": "100000",
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        Fleet(Path(folder), env=env) as fleet,
        httpx.Client(base_url=fleet.gateway_url, timeout=120) as client,
    ):
        yield Business.register(client, f"bench-{workers}@example.com")


def fleet_seconds(shop: Business, files: list[tuple[str, bytes]]) -> float:
    """From the first upload to the last document processed."""

    def send(file: tuple[str, bytes]) -> str:
        document_id = str(shop.upload(file[1], file[0])["id"])
        shop.process(document_id)
        return document_id

    began = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        ids = list(pool.map(send, files))
    ended = [shop.ended(document_id, seconds=600, every=0.2) for document_id in reversed(ids)]
    seconds = time.perf_counter() - began
    assert {document["status"] for document in ended} == {"processed"}
    return seconds


def main() -> None:
    """Runs the rounds and prints one line of JSON."""
    plain, digital, scanned = [], [], {1: [], 2: []}
    for workers in (1, 2):
        with shop_on_fleet(workers) as shop:
            for number in range(ROUNDS):
                first = (workers * ROUNDS + number) * 1000
                scans = [scan(first + n) for n in range(SCANS)]
                if workers == 1:
                    plain.append(plain_seconds(scans) / SCANS)
                seconds = fleet_seconds(
                    shop, [(f"scan-{first + n}.jpg", page) for n, page in enumerate(scans)]
                )
                scanned[workers].append(seconds / SCANS)
                if workers == 2:
                    files = [(f"digital-{first + n}.pdf", digital_pdf(first + n)) for n in range(DIGITAL)]
                    digital.append(fleet_seconds(shop, files) / DIGITAL)
                print(f"workers {workers} round {number}: scan {seconds / SCANS:.2f} s", file=sys.stderr)
            until(lambda shop=shop: shop.credits()["held"] == 0)
    ratios = [ours / alone - 1 for ours, alone in zip(scanned[1], plain, strict=True)]
    figures = {
        "overhead_ratio": round(statistics.median(ratios), 3),
        "digital_docs_per_min": round(60 / statistics.median(digital), 1),
        "scan_docs_per_min": round(60 / statistics.median(scanned[2]), 1),
        "speedup_2_workers": round(statistics.median(scanned[1]) / statistics.median(scanned[2]), 2),
        "plain_tesseract_pages_per_min": round(60 / statistics.median(plain), 1),
        "scan_docs_per_min_1_worker": round(60 / statistics.median(scanned[1]), 1),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
