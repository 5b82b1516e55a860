"""Splitting and merging documents, and undoing it.

What is made are new documents with files of their own; what they are made of is kept, marked by `replaced_by`. The mark
and the new documents come in one transaction, so of two splits at once one finds the mark of the other.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from automateiq_core import context
from automateiq_core.errors import AppError, Conflict, DeadlineExceeded, FailedPrecondition, Unavailable
from automateiq_core.idempotency import new_id
from automateiq_core.mongo import ObjectId

from automateiq_documents.assembly.models import (
    MERGE,
    SPLIT,
    check_free,
    check_growth,
    check_mergeable,
    check_splittable,
    check_unchanged,
    kind_of,
    name_of_merge,
    name_of_part,
    origin_of_merge,
    origin_of_part,
)
from automateiq_documents.assembly.store import AssemblyStore
from automateiq_documents.assembly.workshop import Workshop
from automateiq_documents.documents.filenames import safe_filename
from automateiq_documents.documents.models import Document, Origin, Reading, Status, not_found
from automateiq_documents.documents.processing import ProcessingService
from automateiq_documents.documents.reader import Reader
from automateiq_documents.documents.service import DocumentsService
from automateiq_documents.documents.sniffing import PDF, FileType
from automateiq_documents.documents.spool import Spool
from automateiq_documents.documents.store import DocumentStore, now

_log = structlog.get_logger(__name__)


class AssemblyService:
    """Splits and merges the documents of the calling organization."""

    def __init__(
        self,
        store: AssemblyStore,
        documents: DocumentStore,
        files: DocumentsService,
        processing: ProcessingService,
        reader: Reader,
        *,
        max_bytes: int,
    ) -> None:
        self._store = store
        self._documents = documents
        self._files = files
        self._processing = processing
        self._reader = reader
        self._workshop = Workshop()
        self._max_bytes = max_bytes

    async def propose(self, document_id: str) -> tuple[list[Mapping[str, Any]], int]:
        """The parts that a document seems to hold (`DocumentPart` in JSON names), and how many pages it has.

        Raises:
            NotFound: there is no such document.
            FailedPrecondition: it was not read yet (NOT_READ).
        """
        found = await self._documents.find_whole(document_id)
        if found is None:
            raise not_found()
        document, reading = found[0], found[0].reading
        if reading is None:
            raise FailedPrecondition(
                "NOT_READ", "This document was not read yet. Process it first; then its parts are known."
            )
        return list(reading.parts) or [_whole(document, reading)], document.page_count

    async def split(self, document_id: str, parts: Sequence[Sequence[int]]) -> list[Document]:
        """Makes a document of each part, and has them read where the source was.

        Raises:
            NotFound: there is no such document.
            FailedPrecondition: it can not be split now (REPLACED, BEING_READ, NOT_SPLITTABLE).
            InvalidInput: the parts make no sense (BAD_PAGES) or are too large (FILE_TOO_LARGE), or the file is damaged
                (FILE_DAMAGED).
        """
        source = await self._existing(document_id)
        ids = [str(new_id()) for _ in parts]
        if list(source.replaced_by) == ids:
            # This very call did it before and was cut off.
            return await self._all(ids)
        check_splittable(source, parts)
        with TemporaryDirectory() as folder, ExitStack() as spools:
            original = await self._on_disk(source, Path(folder) / "source")
            targets = [Path(folder) / f"part-{number}" for number in range(len(parts))]
            await self._workshop.split(original, source.mimetype, parts, targets)
            check_growth([target.stat().st_size for target in targets], max_bytes=self._max_bytes)
            made = []
            for number, (pages, target) in enumerate(zip(parts, targets, strict=True)):
                spool = spools.enter_context(Spool())
                await _fill(spool, target)
                name = name_of_part(source, number + 1, len(parts))
                origin = origin_of_part(source, pages)
                made.append(
                    (_made(ids[number], [source], name, kind_of(source), spool, len(pages), origin), spool)
                )
            await self._files.keep_made(made, lambda: self._mark([source], ids))
        if source.status is Status.PROCESSED:
            for document, _ in made:
                await self._read_quietly(document.id)
        return await self._all(ids)

    async def merge(self, document_ids: Sequence[str], name: str) -> Document:
        """Puts documents together into one PDF, and has it read where all of them were.

        Raises:
            NotFound: one of them is not there.
            FailedPrecondition: one can not be merged now (REPLACED, BEING_READ, NOT_MERGEABLE).
            InvalidInput: the result would be too large (FILE_TOO_LARGE, TOO_MANY_PAGES), or a file is damaged.
        """
        sources = [await self._existing(document_id) for document_id in document_ids]
        made_id = str(new_id())
        if all(list(source.replaced_by) == [made_id] for source in sources):
            return await self._existing(made_id)
        check_mergeable(sources, max_bytes=self._max_bytes)
        with TemporaryDirectory() as folder, Spool() as spool:
            paths = [
                await self._on_disk(source, Path(folder) / f"source-{number}")
                for number, source in enumerate(sources)
            ]
            target = Path(folder) / "merged"
            kinds = [source.mimetype for source in sources]
            await self._workshop.merge(list(zip(paths, kinds, strict=True)), target)
            await _fill(spool, target)
            pages = await self._counted(spool, sum(source.page_count for source in sources))
            origin = origin_of_merge(sources)
            document = _made(made_id, sources, name_of_merge(sources, name), PDF, spool, pages, origin)
            await self._files.keep_made([(document, spool)], lambda: self._mark(sources, [made_id]))
        if all(source.status is Status.PROCESSED for source in sources):
            await self._read_quietly(made_id)
        return await self._existing(made_id)

    async def undo(self, document_id: str) -> list[Document]:
        """Removes what a split or merge made and revives what it was made of.

        Raises:
            NotFound: there is no such document.
            FailedPrecondition: it was neither split nor made by a merge (NOT_ASSEMBLED), or somebody worked on what
                was made, or what it was made of is not there any more (PARTS_CHANGED).
        """
        document = await self._existing(document_id)
        if document.origin is not None and document.origin.kind == MERGE:
            sources, made = [source.document_id for source in document.origin.sources], [document_id]
        else:
            sources, made = [document_id], await self._parts_of(document)
        removed: list[Document] = []

        async def work() -> None:
            removed[:] = [await self._take_out(made_id) for made_id in made]
            for source_id in sources:
                source = await self._documents.find(source_id)
                if source is None:
                    raise FailedPrecondition(
                        "PARTS_CHANGED",
                        "A document that this was made of was deleted. Undoing would lose its pages.",
                    )
                await self._store.revive(source_id)

        await self._documents.transact(work)
        for gone in removed:
            await self._files.forget(gone)
        return await self._all(sources)

    async def _parts_of(self, document: Document) -> list[str]:
        parts = [await self._documents.find(made_id) for made_id in document.replaced_by]
        made = [part.id for part in parts if part is not None and part.origin and part.origin.kind == SPLIT]
        if not made:
            raise FailedPrecondition(
                "NOT_ASSEMBLED",
                "This document was neither split nor made by a merge; there is nothing to undo.",
            )
        return made

    async def _take_out(self, made_id: str) -> Document:
        made = await self._documents.find(made_id)
        if made is None:
            raise Conflict("CONCURRENT_CHANGE", "It was changed at this moment. Look at it and try again.")
        check_unchanged(made)
        if await self._store.corrected(made_id):
            raise FailedPrecondition(
                "PARTS_CHANGED",
                f"Somebody corrected {made.original_name}. Delete it if it is not wanted any more.",
            )
        gone = await self._files.take_out(made_id)
        if gone is None:
            raise Conflict("CONCURRENT_CHANGE", "It was changed at this moment. Look at it and try again.")
        return gone

    async def _mark(self, sources: Sequence[Document], by: Sequence[str]) -> None:
        for source in sources:
            if not await self._store.replace(source.id, by):
                check_free(await self._existing(source.id))
                raise Conflict(
                    "CONCURRENT_CHANGE", "It was changed at this moment. Look at it and try again."
                )

    async def _read_quietly(self, document_id: str) -> None:
        # It can be processed later: what was made is there, whatever becomes of its reading.
        try:
            await self._processing.process(document_id)
        except AppError as error:
            _log.warning("made document not read yet", document=document_id, reason=error.reason)

    async def _counted(self, spool: Spool, expected: int) -> int:
        try:
            return await self._reader.inspect(spool, PDF.mimetype)
        except (Unavailable, DeadlineExceeded) as error:
            _log.warning("merged document accepted without a look into it", reason=error.reason)
            return expected

    async def _on_disk(self, document: Document, path: Path) -> Path:
        _, pieces = await self._files.download(document.id)
        with path.open("wb") as file:
            async for piece in pieces:
                file.write(piece)
        return path

    async def _existing(self, document_id: str) -> Document:
        document = await self._documents.find_read(document_id)
        if document is None:
            raise not_found()
        return document

    async def _all(self, document_ids: Sequence[str]) -> list[Document]:
        return [await self._existing(document_id) for document_id in document_ids]


class AssemblyKeeper:
    """Keeps the marks of split and merged documents true."""

    def __init__(self, store: AssemblyStore) -> None:
        self._store = store

    async def stored(self, document: Document, reading: Reading) -> None:
        """A reading changes no mark."""

    async def deleted(self, document_id: str) -> None:
        """What a document replaced is replaced no more."""
        await self._store.forget(document_id)


async def _fill(spool: Spool, path: Path) -> None:
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            await spool.write(piece)


def _made(
    document_id: str,
    sources: Sequence[Document],
    name: str,
    kind: FileType,
    spool: Spool,
    pages: int,
    origin: Origin,
) -> Document:
    call, time = context.current(), now()
    return Document(
        id=document_id,
        organization_id=call.tenant(),
        uploaded_by=call.user_id,
        filename=safe_filename(name, kind),
        original_name=name,
        mimetype=kind.mimetype,
        size=spool.size,
        sha256=spool.sha256,
        blob_key=str(ObjectId()),
        type=None,
        tags=list(dict.fromkeys(tag for source in sources for tag in source.tags))[:50],
        metadata=dict(sources[0].metadata),
        page_count=pages,
        created_at=time,
        updated_at=time,
        origin=origin,
    )


def _whole(document: Document, reading: Reading) -> Mapping[str, Any]:
    data = reading.extracted_data
    named = {
        name: data[name] for name in ("vendor", "invoiceNumber", "total", "documentType") if data.get(name)
    }
    return {"pages": list(range(1, document.page_count + 1)), "confidence": 1.0, **named}
