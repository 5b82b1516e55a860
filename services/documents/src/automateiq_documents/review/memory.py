"""The tenant's own memory of its vendors: corrections teach it, the next reading gains from it (a `Refiner`)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_core.errors import NotFound

from automateiq_documents.documents.models import PageWords, Reading
from automateiq_documents.review import engine
from automateiq_documents.review.memory_store import MemoryPage, MemoryStore
from automateiq_documents.review.models import Correction, Data, Review
from automateiq_documents.review.overlay import value_of
from automateiq_documents.review.patterns import likeness
from automateiq_documents.review.recognising import keys_of, name_keys, own_name, recognise
from automateiq_documents.review.remembered import MAX_KEYS, VendorMemory
from automateiq_documents.review.store import PageText
from automateiq_documents.review.words import Sheet, sheets_of

# From here up two spellings are one vendor, below here what a person says is another vendor.
_SAME_VENDOR = 0.9
_OTHER_VENDOR = 0.6
# A name as it was read that has less in common with the right one is no misreading of it.
_ALIAS = 0.5

# Of a long document only these pages are looked at: what is in between is tables.
_FIRST_PAGES = 4
_LAST_PAGES = 2

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a document shows of its vendor."""

    read: Data
    sheets: Sequence[Sheet]
    keys: Sequence[str]

    @property
    def lookup(self) -> list[str]:
        """What memories are looked up by."""
        name = value_of(self.read, "vendor")
        bare = own_name(name)
        return [*self.keys, *name_keys(name), *([f"name:{bare}"] if bare else [])]


class Memory:
    """What the calling organization remembers of its vendors."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    # A reading gains.

    async def refine(self, reading: Reading, words: Sequence[PageWords]) -> Reading:
        """What was read, with what is remembered of its vendor."""
        seen = await self.look(reading.extracted_data, reading.pages, words)
        seen = await self._without_shared(seen)
        candidates = await self._store.candidates(seen.lookup, enabled_only=True)
        known = recognise(seen.read, seen.keys, candidates)
        if known is None:
            return reading
        memory, strong = known
        data = await asyncio.to_thread(engine.apply, memory, seen.read, seen.sheets, strong=strong)
        _log.info("vendor recognised", memory=memory.id, by_own_number=strong)
        return replace(reading, extracted_data=data)

    async def look(self, read: Data, pages: Sequence[Mapping[str, Any]], words: Sequence[PageWords]) -> Seen:
        """What a document shows of its vendor; a long one takes a while, beside the event loop."""

        def work() -> Seen:
            sheets = sheets_of(pages, _telling(words))
            return Seen(read, sheets, keys_of(read, sheets))

        return await asyncio.to_thread(work)

    # People teach. All of these run in the transaction of what they follow from.

    async def look_at(self, review: Review, page: PageText) -> Seen:
        """What a reviewed document shows of its vendor. Before the transaction: it may take a while."""
        return await self.look(review.read, page.pages, page.words)

    async def learn(self, before: Review, after: Review, seen: Seen) -> None:
        """Learns from the corrections that `after` has and `before` has not."""
        known = {correction.id for correction in before.corrections}
        fresh = [correction for correction in after.corrections if correction.id not in known]
        memory = await self._vendor_of(after, seen, said=_says_vendor(after.corrections))
        if memory is None:
            return
        taught = engine.learn(memory, before, fresh, seen.sheets)
        if memory.id or not engine.is_empty(taught):
            await self._store.save(taught)

    async def strengthen(self, confirmed: Review, seen: Seen) -> None:
        """Learns from a confirmation: what was remembered was right, and the constants are as they are shown."""
        memory = await self._vendor_of(confirmed, seen, said=True)
        if memory is not None:
            await self._store.save(engine.strengthen(memory, confirmed, seen.sheets))

    async def unlearn(self, correction_id: str) -> None:
        """Forgets what a correction taught that was taken back."""
        for memory in await self._store.taught_by(correction_id):
            left = engine.forget(memory, correction_id)
            if engine.is_empty(left):
                await self._store.delete(memory.id)
            else:
                await self._store.save(left)

    # People look.

    async def page(self, name: str, request: PageRequest) -> MemoryPage:
        """A page of the vendors whose name begins so."""
        return await self._store.page(name, request)

    async def get(self, memory_id: str) -> VendorMemory:
        """What is remembered of a vendor.

        Raises:
            NotFound: there is no such memory (MEMORY_NOT_FOUND).
        """
        found = await self._store.find(memory_id)
        if found is None:
            raise _not_found()
        return found

    async def switch(self, memory_id: str, enabled: bool) -> VendorMemory:
        """Switches a memory on or off; off, it is kept and still learns, but changes no reading.

        Raises:
            NotFound: there is no such memory.
        """
        found = await self._store.switch(memory_id, enabled)
        if found is None:
            raise _not_found()
        return found

    async def delete(self, memory_id: str) -> None:
        """Forgets a vendor.

        Raises:
            NotFound: there is no such memory.
        """
        if not await self._store.delete(memory_id):
            raise _not_found()

    # Shared.

    async def _without_shared(self, seen: Seen) -> Seen:
        shared = await self._store.shared(seen.keys)
        return replace(seen, keys=[key for key in seen.keys if key not in shared])

    async def _vendor_of(self, review: Review, seen: Seen, *, said: bool) -> VendorMemory | None:
        """The memory of a document's vendor, with its name and keys, or a new one; None where it has neither.

        `said`: a person said that the vendor has this name.
        """
        name, as_read = value_of(review.data, "vendor"), value_of(seen.read, "vendor")
        seen = await self._without_shared(seen)
        bare = own_name(name)
        if not bare and not seen.keys:
            return None
        lookup = [*seen.lookup, *name_keys(name), f"name:{bare}"]
        candidates = await self._store.candidates(lookup, enabled_only=False)
        memory = _chosen(bare, seen, candidates, said=said) or VendorMemory(id="", name="")
        keys = await self._keys_apart(memory, seen, candidates)
        if not bare and not keys:
            return None
        aliases = [as_read] if likeness(own_name(as_read), bare) >= _ALIAS else []
        memory = engine.named(memory, name if said or not memory.name else memory.name, *aliases)
        return replace(memory, keys=list(dict.fromkeys([*keys, *memory.keys]))[:MAX_KEYS])

    async def _keys_apart(
        self, memory: VendorMemory, seen: Seen, candidates: Sequence[VendorMemory]
    ) -> list[str]:
        """The keys that this vendor has alone. What another has too tells neither of them, and is taken from it."""
        shared: set[str] = set()
        for other in candidates:
            common = set(other.keys) & set(seen.keys)
            if other.id != memory.id and common:
                shared |= common
                await self._store.save(replace(other, keys=[key for key in other.keys if key not in common]))
        await self._store.share(sorted(shared))
        return [key for key in seen.keys if key not in shared]


def _telling(words: Sequence[PageWords]) -> Sequence[PageWords]:
    """The pages that say whose a document is and what it comes to: the first ones and the last ones."""
    if len(words) <= _FIRST_PAGES + _LAST_PAGES:
        return words
    return [*words[:_FIRST_PAGES], *words[-_LAST_PAGES:]]


def _chosen(bare: str, seen: Seen, candidates: Sequence[VendorMemory], *, said: bool) -> VendorMemory | None:
    by_name = [(likeness(bare, own_name(one.name)), one) for one in candidates] if bare else []
    best = max(by_name, key=lambda pair: pair[0], default=None)
    if best is not None and best[0] >= _SAME_VENDOR:
        return best[1]
    known = recognise(seen.read, seen.keys, candidates)
    if known is None:
        return None
    if said and bare and likeness(bare, own_name(known[0].name)) < _OTHER_VENDOR:
        return None
    return known[0]


def _says_vendor(corrections: Sequence[Correction]) -> bool:
    return any(correction.field == "vendor" for correction in corrections)


def _not_found() -> NotFound:
    return NotFound("MEMORY_NOT_FOUND", "There is no such vendor memory. It may have been deleted.")
