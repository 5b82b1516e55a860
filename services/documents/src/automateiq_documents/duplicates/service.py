"""Finding documents that seem to be the same, and what people say to that. Nothing is ever deleted here."""

from dataclasses import replace

from automateiq_core.errors import FailedPrecondition

from automateiq_documents.documents.models import Document, Duplicate, Reading, not_found
from automateiq_documents.documents.store import DocumentStore
from automateiq_documents.duplicates.models import Marks, likeness
from automateiq_documents.duplicates.store import DuplicateStore

# The likeliest of a document; more are no help to anybody.
_MOST_LINKS = 20


class DuplicatesService:
    """Follows readings (outcomes.py) and keeps the links between documents that seem to be the same."""

    def __init__(self, store: DuplicateStore, documents: DocumentStore) -> None:
        self._store = store
        self._documents = documents

    async def processed(self, document: Document) -> None:
        """Links a document that was read with those that seem to be the same."""
        marks = await self._store.read(document.id)
        if marks is None:
            return
        # Kept before the others are looked at: of two that are read at once, one finds the other.
        await self._store.keep(marks)
        if await self._documents.find(document.id) is None:
            # Deleted in between; nothing of it is to stay.
            await self._store.forget(document.id)
            return
        found = await self._found(marks)
        await self._store.transact(lambda: self._relink(document.id, found))

    async def failed(self, document: Document) -> None:
        """What could not be read is like nothing."""

    async def stored(self, document: Document, reading: Reading) -> None:
        """The links follow when the reading is announced."""

    async def deleted(self, document_id: str) -> None:
        """A document that is gone is like nothing any more."""
        await self._store.forget(document_id)

    async def dismiss(self, document_id: str, other_id: str) -> Document:
        """Notes that two documents are not the same; that stays said, however often they are read.

        Raises:
            NotFound: one of them is not there.
            FailedPrecondition: they are not linked (NOT_LINKED).
        """
        for one in (document_id, other_id):
            if await self._documents.find(one) is None:
                raise not_found()

        async def work() -> None:
            # One after the other: both rows belong to one transaction.
            ours = await self._store.dismiss(document_id, other_id)
            theirs = await self._store.dismiss(other_id, document_id)
            if not (ours and theirs):
                raise FailedPrecondition(
                    "NOT_LINKED",
                    "These documents are not said to be the same, so there is nothing to dismiss.",
                )

        await self._store.transact(work)
        document = await self._documents.find_read(document_id)
        if document is None:
            raise not_found()
        return document

    async def _found(self, marks: Marks) -> list[Duplicate]:
        found = []
        for other in await self._store.candidates(marks):
            like = likeness(marks, other)
            if like is not None:
                found.append(Duplicate(other.document_id, like.reason, like.score))
        found.sort(key=lambda link: (-link.score, link.document_id))
        return found[:_MOST_LINKS]

    async def _relink(self, document_id: str, found: list[Duplicate]) -> None:
        linked = {link.document_id for link in found}
        dated = [
            link.document_id
            for link in await self._store.links(document_id)
            if not link.dismissed and link.document_id not in linked
        ]
        if dated:
            await self._store.unlink(document_id, dated)
            for other_id in dated:
                await self._store.unlink(other_id, [document_id])
        for link in found:
            back = replace(link, document_id=document_id)
            if await self._store.link(link.document_id, back):
                await self._store.link(document_id, link)
