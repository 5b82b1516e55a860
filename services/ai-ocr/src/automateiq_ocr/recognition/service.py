"""Reading a document: its pages in worker processes, what was read a moment ago from the cache, then its data."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from prometheus_client import Counter, Histogram

from automateiq_ocr.einvoice.engine import understand
from automateiq_ocr.extraction.models import ExtractedData
from automateiq_ocr.extraction.stacks import UnderstoodPart, understand_parts
from automateiq_ocr.proposals.engine import with_proposals
from automateiq_ocr.proposals.models import Proposer, missing
from automateiq_ocr.recognition.engine import open_document
from automateiq_ocr.recognition.models import DocumentInfo, Options, Page, mean_confidence
from automateiq_ocr.recognition.pages import read_page
from automateiq_ocr.recognition.pool import WorkerPool
from automateiq_ocr.recognition.store import PageStore

_PAGES = Counter("ocr_pages_total", "Pages of documents that were read, by what read them.", ["engine"])
_PAGE_SECONDS = Histogram(
    "ocr_page_seconds",
    "Time a page took, the wait for a worker process included.",
    ["engine"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120),
)


@dataclass(frozen=True, slots=True)
class PagesRead:
    """How far the reading is."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page of another file that is a page of this one too; without a `sha256` it is none."""

    sha256: str
    number: int


@dataclass(frozen=True, slots=True)
class Recognition:
    """All that was read: the pages in order, and the data found on them."""

    pages: tuple[Page, ...]
    data: ExtractedData
    engine: str
    # The numbers of the pages that were not read now, because they had been read before.
    cached: frozenset[int]
    # The documents that the pages seem to hold; one or none where they seem to be one document.
    parts: tuple[UnderstoodPart, ...] = ()

    @property
    def from_cache(self) -> bool:
        """Whether no page was read now."""
        return len(self.cached) == len(self.pages)

    @property
    def text(self) -> str:
        """The text in reading order, pages parted by a form feed."""
        return "\f".join(page.text for page in self.pages)

    @property
    def confidence(self) -> float:
        """The mean over the characters of all pages, 0 to 1."""
        return mean_confidence(word for page in self.pages for word in page.words)


class RecognitionService:
    """Inspects and reads documents."""

    def __init__(
        self,
        pages: PageStore,
        pool: WorkerPool,
        aside: WorkerPool,
        options: Options,
        engine: str,
        proposer: Proposer | None = None,
    ) -> None:
        self._pages = pages
        self._pool = pool
        # Milliseconds of work must not wait behind pages that take seconds: an upload is waiting for it. What a long
        # document takes to be understood is no such work.
        self._aside = aside
        self._options = options
        self._proposer = proposer
        # What a page depends on beside the file: the engine and how it is told to read.
        self._engine = f"{engine}-{options.deep_engine}-{'+'.join(options.languages)}-{options.dpi}dpi"

    async def inspect(self, path: Path, mimetype: str) -> DocumentInfo:
        """Counts the pages of a document and makes sure that it can be read.

        Raises:
            FileRefused: it can not: empty, damaged, encrypted, too many pages or pixels.
        """
        return await self._aside.run(open_document, path, mimetype, self._options)

    async def recognize(
        self,
        path: Path,
        mimetype: str,
        sha256: str,
        *,
        fresh: bool = False,
        known: Sequence[KnownPage] = (),
    ) -> AsyncIterator[PagesRead | Recognition]:
        """Reads a document; reports after each page, and gives the result at the end.

        Pages that were read a moment ago, perhaps before this process was restarted, or as the `known` pages of the
        files that this one was made of, are not read again, unless a `fresh` reading is asked for.

        Raises:
            FileRefused: it can not be read.
            PageFailed: a page crashed its worker or took too long, twice.
        """
        info = await self.inspect(path, mimetype)
        pages = {} if fresh else await self._found(sha256, known)
        cached = frozenset(pages)
        missing = [number for number in range(1, info.page_count + 1) if number not in pages]
        _PAGES.labels("cache").inc(len(cached))
        yield PagesRead(info.page_count - len(missing), info.page_count)
        # No more pages of one document in the pool than it has workers, so that a long document lets others pass.
        free = asyncio.Semaphore(self._pool.workers)

        async def read(number: int) -> Page:
            async with free:
                began = time.perf_counter()
                page = await self._pool.run(read_page, path, info.mimetype, number, self._options)
                seconds = time.perf_counter() - began
            _PAGES.labels(page.engine).inc()
            _PAGE_SECONDS.labels(page.engine).observe(seconds)
            await self._pages.keep(sha256, self._engine, page)
            return page

        tasks = [asyncio.ensure_future(read(number)) for number in missing]
        try:
            for finished in asyncio.as_completed(tasks):
                page = await finished
                pages[page.number] = page
                yield PagesRead(len(pages), info.page_count)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        ordered = tuple(pages[number] for number in range(1, info.page_count + 1))
        data = await self._completed(await self._pool.run(understand, path, info.mimetype, ordered), ordered)
        parts = await self._pool.run(understand_parts, ordered) if len(ordered) > 1 else ()
        yield Recognition(ordered, data, self._engine, cached, parts)

    async def _completed(self, data: ExtractedData, pages: tuple[Page, ...]) -> ExtractedData:
        """The data with what a language model proposes for the rest, where there is one."""
        wanted = missing(data) if self._proposer is not None else {}
        if self._proposer is None or not wanted:
            return data
        text = "\n\n".join(page.text for page in pages)
        proposed = await self._proposer.propose(text, wanted)
        return await self._pool.run(with_proposals, data, proposed, pages) if proposed else data

    async def _found(self, sha256: str, known: Sequence[KnownPage]) -> dict[int, Page]:
        """The pages that were read before, by their numbers in this file."""
        pages: dict[int, Page] = {}
        for source in dict.fromkeys(page.sha256 for page in known if page.sha256):
            read = await self._pages.find(source, self._engine)
            for number, page in enumerate(known, 1):
                if page.sha256 == source and page.number in read:
                    pages[number] = replace(read[page.number], number=number)
        return pages | await self._pages.find(sha256, self._engine)
