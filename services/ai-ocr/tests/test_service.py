"""Reading whole documents: order, progress, what is kept, and what happens when somebody stops caring."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from automateiq_core.context import CallContext
from automateiq_core.mongo import Mongo
from automateiq_core.testing import calling
from automateiq_ocr.proposals.client import ModelClient
from automateiq_ocr.recognition.engine import engine_version, recognize_page
from automateiq_ocr.recognition.models import DamagedFile, Options, PageFailed
from automateiq_ocr.recognition.pool import WorkerPool
from automateiq_ocr.recognition.service import KnownPage, PagesRead, Recognition, RecognitionService
from automateiq_ocr.recognition.store import PageStore
from einvoices import PAGE, attached, cii, ubl
from ocr_pages import LINES, letter, pdf, picture, saved, text
from PIL import Image

from samples.make import hostile
from tests.openai_server import openai_server

HOUR = timedelta(hours=1)


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    workers = WorkerPool(2, limit_seconds=60)
    await workers.start()
    yield workers
    await workers.stop()


@pytest.fixture
async def pages(mongo: Mongo) -> PageStore:
    store = PageStore(mongo, kept=HOUR)
    await store.ensure_indexes()
    return store


@pytest.fixture
def service(pages: PageStore, pool: WorkerPool) -> RecognitionService:
    return RecognitionService(pages, pool, pool, Options(), engine_version())


@pytest.fixture(autouse=True)
def organization() -> Iterator[CallContext]:
    with calling(caller="documents") as call:
        yield call


class Filed:
    """A document on disk."""

    def __init__(self, folder: Path, content: bytes, mimetype: str = "application/pdf") -> None:
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.path = folder / self.sha256
        self.path.write_bytes(content)
        self.mimetype = mimetype

    async def events(self, service: RecognitionService, **how: Any) -> list[Any]:
        return [event async for event in service.recognize(self.path, self.mimetype, self.sha256, **how)]

    async def read(self, service: RecognitionService, **how: Any) -> Recognition:
        last = (await self.events(service, **how))[-1]
        assert isinstance(last, Recognition)
        return last


def four_pages() -> bytes:
    return pdf(text(), picture(letter()), lambda canvas: None, text(("The end.",)))


async def test_progress_counts_every_page_and_the_result_has_them_in_order(
    service: RecognitionService, tmp_path: Path
) -> None:
    *progress, result = await Filed(tmp_path, four_pages()).events(service)
    assert progress == [PagesRead(done, 4) for done in range(5)]
    assert [page.number for page in result.pages] == [1, 2, 3, 4]
    assert [page.source for page in result.pages] == ["text_layer", "ocr", "ocr", "text_layer"]
    first, second, third, last = result.text.split("\f")
    assert (first, third, last) == ("\n".join(LINES), "", "The end.")
    assert "Hawthorne," in second
    assert 0.8 < result.confidence <= 1
    assert result.from_cache is False
    assert result.engine.endswith("-rapidocr-eng+deu+fra+spa+ita+nld+por-300dpi")


async def test_the_data_of_an_invoice_is_found(service: RecognitionService, tmp_path: Path) -> None:
    bill = hostile.load_bill(4)
    data = (await Filed(tmp_path, hostile.digital_pdf(4)).read(service)).data
    assert data.total is not None
    assert data.total.value == f"{bill.total:.2f}"
    assert data.invoice_number is not None
    assert data.invoice_number.value == bill.number


async def test_an_invoice_inside_a_pdf_is_read_and_held_against_the_page(
    service: RecognitionService, tmp_path: Path
) -> None:
    sheet = pdf(text(PAGE, first=820), size=(595, 842))
    found = (await Filed(tmp_path, attached(sheet, **{"factur-x__xml": cii()})).read(service)).data
    assert found.contract_number is not None
    assert (found.contract_number.value, found.contract_number.origin) == ("V-5", "xml")
    assert found.contract_number.checks == ("equals_page",)


async def test_an_xml_invoice_alone_is_printed_and_read(service: RecognitionService, tmp_path: Path) -> None:
    result = await Filed(tmp_path, ubl(), "application/xml").read(service)
    assert result.text.startswith("INVOICE\n")
    assert result.data.total is not None
    assert (result.data.total.value, result.data.total.page) == ("3071.30", 1)


async def test_inspecting_counts_pages(service: RecognitionService, tmp_path: Path) -> None:
    filed = Filed(tmp_path, four_pages())
    assert (await service.inspect(filed.path, filed.mimetype)).page_count == 4
    scan = Filed(tmp_path, saved(letter(), "PNG"), "image/png")
    assert (await service.inspect(scan.path, scan.mimetype)).page_count == 1


class Told(WorkerPool):
    """Workers, and what they were asked to do."""

    asked: tuple[str, ...] = ()

    async def run(self, work: Any, *args: Any) -> Any:
        """Notes and does it."""
        self.asked += (work.__name__,)
        return await super().run(work, *args)


async def test_what_uploads_wait_for_waits_for_no_document_to_be_understood(
    pages: PageStore, pool: WorkerPool, tmp_path: Path
) -> None:
    aside = Told(1, limit_seconds=60)
    await aside.start()
    try:
        service = RecognitionService(pages, pool, aside, Options(), engine_version())
        await Filed(tmp_path, four_pages()).read(service)
    finally:
        await aside.stop()
    assert set(aside.asked) == {"getpid", "open_document"}


async def test_a_second_reading_is_the_first_and_comes_from_the_cache(
    service: RecognitionService, tmp_path: Path
) -> None:
    filed = Filed(tmp_path, four_pages())
    first = await filed.read(service)
    progress, second = await filed.events(service)
    assert progress == PagesRead(4, 4)
    assert second.from_cache is True
    assert (second.pages, second.data, second.engine) == (first.pages, first.data, first.engine)


async def test_only_missing_pages_are_read(
    service: RecognitionService, pages: PageStore, tmp_path: Path
) -> None:
    filed = Filed(tmp_path, four_pages())
    engine = (await Filed(tmp_path, hostile.blank_pdf()).read(service)).engine
    for number in (1, 3):
        read = recognize_page(filed.path, filed.mimetype, number, Options())
        await pages.keep(filed.sha256, engine, read)
    *progress, result = await filed.events(service)
    assert progress == [PagesRead(done, 4) for done in (2, 3, 4)]
    assert result.from_cache is False
    assert [page.number for page in result.pages] == [1, 2, 3, 4]


async def test_a_fresh_reading_takes_nothing_from_the_cache(
    service: RecognitionService, tmp_path: Path
) -> None:
    filed = Filed(tmp_path, four_pages())
    await filed.read(service)
    assert (await filed.read(service, fresh=True)).cached == frozenset()
    assert (await filed.read(service)).cached == {1, 2, 3, 4}


async def test_pages_of_the_files_that_a_file_was_made_of_are_not_read_again(
    service: RecognitionService, tmp_path: Path
) -> None:
    one, other = Filed(tmp_path, four_pages()), Filed(tmp_path, pdf(text(("Other file.",))))
    await one.read(service)
    await other.read(service)
    made = Filed(tmp_path, pdf(text(("The end.",)), text(("Not known.",)), text(("Other file.",))))
    known = [KnownPage(one.sha256, 4), KnownPage("", 0), KnownPage(other.sha256, 1)]
    result = await made.read(service, known=known)
    assert result.cached == {1, 3}
    assert [page.number for page in result.pages] == [1, 2, 3]
    assert result.text == "The end.\fNot known.\fOther file."
    assert (await made.read(service, known=known, fresh=True)).cached == frozenset()


async def test_known_pages_that_are_not_there_are_read(service: RecognitionService, tmp_path: Path) -> None:
    filed = Filed(tmp_path, pdf(text()))
    known = [KnownPage("0" * 64, 1), KnownPage("0" * 64, 99)]
    assert (await filed.read(service, known=known)).cached == frozenset()


async def test_no_organization_is_served_what_another_sent(
    service: RecognitionService, tmp_path: Path
) -> None:
    filed = Filed(tmp_path, pdf(text()))
    assert not (await filed.read(service)).from_cache
    with calling(caller="documents"):
        assert not (await filed.read(service)).from_cache
        assert (await filed.read(service)).from_cache
    assert (await filed.read(service)).from_cache


async def test_another_way_of_reading_is_another_reading(
    service: RecognitionService, pages: PageStore, pool: WorkerPool, tmp_path: Path
) -> None:
    filed = Filed(tmp_path, pdf(text()))
    await filed.read(service)
    for options, engine in (
        (Options(dpi=200), engine_version()),
        (Options(languages=("eng", "osd")), engine_version()),
        (Options(), engine_version() + "-next"),
    ):
        assert not (await filed.read(RecognitionService(pages, pool, pool, options, engine))).from_cache


@pytest.mark.parametrize("kept", [timedelta(0), timedelta(milliseconds=1)])
async def test_pages_are_kept_for_their_time_only(
    mongo: Mongo, pool: WorkerPool, kept: timedelta, tmp_path: Path
) -> None:
    service = RecognitionService(PageStore(mongo, kept=kept), pool, pool, Options(), "test")
    filed = Filed(tmp_path, pdf(text()))
    await filed.read(service)
    assert not (await filed.read(service)).from_cache


async def test_a_refused_document_reports_no_page(service: RecognitionService, tmp_path: Path) -> None:
    filed = Filed(tmp_path, hostile.truncated_pdf())
    with pytest.raises(DamagedFile):
        await filed.events(service)
    with pytest.raises(DamagedFile):
        await service.inspect(filed.path, filed.mimetype)


async def test_a_page_that_cannot_be_read_fails_the_document_and_keeps_the_others(
    service: RecognitionService, pages: PageStore, tmp_path: Path
) -> None:
    whole = saved(letter(), "TIFF", save_all=True, append_images=[letter()], compression="tiff_lzw")
    with Image.open(Filed(tmp_path, whole).path) as image:
        image.seek(1)
        strip = image.tag_v2[273][0]  # type: ignore[attr-defined]  # where the second page's pixels begin
    filed = Filed(tmp_path, whole[:strip] + b"\xff" * 200 + whole[strip + 200 :], "image/tiff")
    with pytest.raises(DamagedFile):
        await filed.events(service)
    clean = Filed(tmp_path, whole, "image/tiff")
    assert len((await clean.read(service)).pages) == 2


async def test_a_page_that_takes_too_long_fails(pages: PageStore, pool: WorkerPool, tmp_path: Path) -> None:
    service = RecognitionService(pages, pool, pool, Options(page_seconds=0.001), "test")
    with pytest.raises(PageFailed):
        await Filed(tmp_path, saved(letter(), "PNG"), "image/png").events(service)


async def test_documents_are_read_side_by_side(service: RecognitionService, tmp_path: Path) -> None:
    many = [Filed(tmp_path, hostile.digital_pdf(at)) for at in range(12)]
    results = await asyncio.gather(*(filed.read(service) for filed in many))
    for at, result in enumerate(results):
        assert hostile.load_bill(at).number in result.text


async def test_who_stops_listening_stops_the_work(
    service: RecognitionService, pages: PageStore, tmp_path: Path
) -> None:
    filed = Filed(tmp_path, hostile.scan_pdf(6))
    events: Any = service.recognize(filed.path, filed.mimetype, filed.sha256)
    async with aclosing(events):
        first = await anext(events)
        second = await anext(events)
    assert (first, second) == (PagesRead(0, 6), PagesRead(1, 6))
    # Everything has ended when the reading is closed: the workers are free for the next document at once.
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert [task for task in others if "read" in repr(task.get_coro())] == []
    (filed.path).unlink()
    assert (await Filed(tmp_path, pdf(text(("Next, please.",)))).read(service)).text == "Next, please."


async def test_a_model_completes_what_was_not_found(
    pages: PageStore, pool: WorkerPool, tmp_path: Path
) -> None:
    bill = ("Invoice 4711", "Date 14 March 2026", "Oak table 1,000.00", "VAT 250.00", "Total EUR 1,250.00")
    sheet = Filed(tmp_path, pdf(text(("for Kvist and Ulv by their joiner", *bill))))
    with openai_server() as server:
        server.answer = '{"customer": "Kvist and Ulv", "order_number": "B-9"}'
        model = ModelClient(server.url, "", "scripted", seconds=5.0)
        found = await sheet.read(RecognitionService(pages, pool, pool, Options(), engine_version(), model))
        await model.close()
    assert found.data.customer is not None
    assert (found.data.customer.value, found.data.customer.origin) == ("Kvist and Ulv", "model")
    assert found.data.order_number is None
    assert len(server.asked) == 1
