"""Uploading, finding, downloading and deleting documents."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta

import structlog
from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core import context
from automateiq_core.context import CallContext, Role
from automateiq_core.errors import (
    AppError,
    Conflict,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidInput,
    Unavailable,
)
from automateiq_core.idempotency import derived_id
from automateiq_core.mongo import DuplicateKeyError, ObjectId

from automateiq_documents.documents.blobs import BlobStore
from automateiq_documents.documents.filenames import safe_filename
from automateiq_documents.documents.models import (
    Document,
    DocumentFilter,
    DocumentOrder,
    PageWords,
    Upload,
    not_found,
)
from automateiq_documents.documents.outcomes import Keeper
from automateiq_documents.documents.processing import ProcessingService
from automateiq_documents.documents.reader import Reader
from automateiq_documents.documents.sniffing import HEAD_BYTES, FileType, sniff
from automateiq_documents.documents.spool import Spool
from automateiq_documents.documents.store import DocumentPage, DocumentStore, now

# No upload takes this long, so what is loose for longer was left by a crash.
_LOOSE_FOR = timedelta(hours=1)

_log = structlog.get_logger(__name__)


class DocumentsService:
    """The documents of the calling organization."""

    def __init__(
        self,
        store: DocumentStore,
        blobs: BlobStore,
        reader: Reader,
        processing: ProcessingService,
        *,
        max_upload_bytes: int,
        keepers: Sequence[Keeper] = (),
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._reader = reader
        self._processing = processing
        self._max_bytes = max_upload_bytes
        self._keepers = keepers

    async def upload(self, upload: Upload, content: AsyncIterator[bytes]) -> tuple[Document, bool]:
        """Stores a file and gives its document, and whether the same content was there before.

        Raises:
            InvalidInput: the file is empty, too large, of another type, damaged or encrypted, or the request id
                was used for another file. Nothing is kept of it.
        """
        with Spool() as spool:
            kind = await self._receive(content, spool)
            keyed_id = _keyed_id(upload.request_id)
            found = await self._found(keyed_id, spool.sha256)
            if found is not None:
                return found
            page_count = await self._count_pages(spool, kind)
            document = _new_document(upload, spool, kind, keyed_id or str(ObjectId()), page_count)
            try:
                await self._keep(document, spool)
            except DuplicateKeyError:
                # Somebody, or the first try of this very call, was quicker.
                found = await self._found(keyed_id, spool.sha256)
                if found is None:
                    raise Conflict(
                        "CONCURRENT_CHANGE", "The same file was deleted at this moment. Upload it again."
                    ) from None
                return found
            return document, False

    async def _receive(self, content: AsyncIterator[bytes], spool: Spool) -> FileType:
        head, kind = b"", None
        async for piece in content:
            if spool.size + len(piece) > self._max_bytes:
                raise InvalidInput(
                    "FILE_TOO_LARGE",
                    f"The file is larger than {_human(self._max_bytes)}. Upload a smaller one.",
                    maxBytes=str(self._max_bytes),
                )
            await spool.write(piece)
            if kind is None:
                head += piece[:HEAD_BYTES]
                # A file of a wrong type is refused at once and not at its end.
                kind = sniff(head) if len(head) >= HEAD_BYTES else None
        if spool.size == 0:
            raise InvalidInput("FILE_EMPTY", "The file is empty. Choose a file with content.")
        return kind or sniff(head)

    async def _found(self, keyed_id: str | None, sha256: str) -> tuple[Document, bool] | None:
        if keyed_id is not None:
            earlier = await self._store.find(keyed_id)
            if earlier is not None and earlier.sha256 == sha256:
                return earlier, False
            if earlier is not None:
                raise InvalidInput(
                    "IDEMPOTENCY_KEY_REUSED",
                    "This idempotency key was used for another file. Take a new key for a new upload.",
                )
        same = await self._store.find_content(sha256)
        return None if same is None else (same, True)

    async def _count_pages(self, spool: Spool, kind: FileType) -> int:
        try:
            return await self._reader.inspect(spool, kind.mimetype)
        except (Unavailable, DeadlineExceeded) as error:
            # Storing a file needs no reader; the pages are counted when it is to be read.
            _log.warning("document accepted without a look into it", reason=error.reason)
            return 0

    async def _keep(self, document: Document, spool: Spool) -> None:
        await self._store.note_loose_blob(document.blob_key)
        try:
            await self._blobs.write(document.blob_key, spool)
        except BaseException:
            await self._remove_loose_quietly(document.blob_key)
            raise
        try:
            await self._store.insert(document)
        except DuplicateKeyError:
            # After any other error the document may be there all the same; then only the sweep can tell.
            await self._remove_loose_quietly(document.blob_key)
            raise

    async def search(
        self, wanted: DocumentFilter, order: DocumentOrder, request: PageRequest
    ) -> DocumentPage:
        """A page of the documents that pass a filter, without their text and words."""
        return await self._store.page(wanted, order, request)

    async def get(self, document_id: str) -> tuple[Document, list[PageWords]]:
        """A document with its text and words."""
        found = await self._store.find_whole(document_id)
        if found is None:
            raise not_found()
        return found

    async def download(self, document_id: str) -> tuple[Document, AsyncGenerator[bytes, None]]:
        """A document and its file in pieces."""
        document = await self._store.find(document_id)
        if document is None:
            raise not_found()
        return document, self._blobs.read(document.blob_key)

    async def delete(self, document_id: str) -> None:
        """Removes a document, its file and what was read from it; a running job notices and charges nothing."""
        document = await self._store.transact(lambda: self.take_out(document_id))
        if document is None:
            raise not_found()
        await self.forget(document)

    async def take_out(self, document_id: str) -> Document | None:
        """Removes a document inside the running transaction; `forget` it when that is committed."""
        document = await self._store.delete(document_id)
        if document is not None:
            for keeper in self._keepers:
                await keeper.deleted(document_id)
        return document

    async def forget(self, document: Document) -> None:
        """Ends what a removed document has open, and removes its file."""
        await self._processing.forget(document)
        await self._remove_loose_quietly(document.blob_key)

    async def keep_made(
        self, made: Sequence[tuple[Document, Spool]], also: Callable[[], Awaitable[None]]
    ) -> None:
        """Stores documents that were made of others, with their files, and what goes with them in one transaction.

        Raises:
            FailedPrecondition: there is a document with the same content already (CONTENT_EXISTS).
        """

        async def work() -> None:
            await also()
            for document, _ in made:
                await self._store.insert(document)

        written: list[str] = []
        try:
            for document, spool in made:
                await self._store.note_loose_blob(document.blob_key)
                written.append(document.blob_key)
                await self._blobs.write(document.blob_key, spool)
            await self._store.transact(work)
        except DuplicateKeyError:
            await self._remove_all_loose(written)
            raise FailedPrecondition(
                "CONTENT_EXISTS", "A document with the same content is there already. Delete it first."
            ) from None
        except AppError:
            await self._remove_all_loose(written)
            raise

    async def _remove_all_loose(self, keys: Sequence[str]) -> None:
        for key in keys:
            await self._remove_loose_quietly(key)

    async def remove_loose_blobs(self) -> None:
        """Removes the files that a crash left without a document, of all organizations."""
        async for blob in self._store.loose_blobs(now() - _LOOSE_FOR):
            owner = CallContext("documents", Role.SYSTEM, organization_id=blob.organization_id)
            with context.use(owner):
                await self._remove_loose_quietly(blob.key)

    async def _remove_loose_quietly(self, key: str) -> None:
        # What fails here is tried again by the sweep; the note goes last for that.
        try:
            await self._blobs.delete(key)
            await self._store.forget_loose_blob(key)
        except Exception as error:
            _log.warning("loose file not removed yet", key=key, error=str(error))


def _keyed_id(request_id: str) -> str | None:
    # The same key gives the same id, so the unique _id is what makes a repeated upload harmless.
    if not request_id:
        return None
    call = context.current()
    return str(derived_id(call.tenant(), call.user_id, "upload", request_id))


def _new_document(
    upload: Upload, spool: Spool, kind: FileType, document_id: str, page_count: int
) -> Document:
    call, time = context.current(), now()
    return Document(
        id=document_id,
        organization_id=call.tenant(),
        uploaded_by=call.user_id,
        filename=safe_filename(upload.original_name, kind),
        original_name=upload.original_name,
        mimetype=kind.mimetype,
        size=spool.size,
        sha256=spool.sha256,
        # A key of its own for every try: two tries of one upload must not write the same file.
        blob_key=str(ObjectId()),
        type=upload.type,
        tags=upload.tags,
        metadata=upload.metadata,
        page_count=page_count,
        created_at=time,
        updated_at=time,
    )


def _human(size: int) -> str:
    return f"{size / (1 << 20):g} MiB" if size >= 1 << 20 else f"{size} bytes"
