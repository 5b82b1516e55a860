"""The steps of a document's state, two at the same instant too; on real MongoDB."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from automateiq_core.context import CallContext
from automateiq_core.mongo import DuplicateKeyError, Mongo, ObjectId
from automateiq_core.testing import calling
from automateiq_documents.documents import rows
from automateiq_documents.documents.models import (
    CANCELLED,
    Document,
    Failure,
    PageWords,
    Processing,
    Reading,
    Stage,
    Status,
)
from automateiq_documents.documents.store import DocumentStore, now

READING = Reading(text="text", confidence=0.5, engine="none", extracted_data={}, pages=[{"number": 1}])
WORDS = [PageWords(1, b"one"), PageWords(2, b"two")]


@pytest.fixture
async def store(mongo: Mongo) -> DocumentStore:
    store = DocumentStore(mongo)
    await store.ensure_indexes()
    return store


@pytest.fixture
def me() -> Iterator[CallContext]:
    with calling() as call:
        yield call


def processing(job_id: str = "job") -> Processing:
    return Processing(
        job_id=job_id,
        stage=Stage.QUEUED,
        pages_done=0,
        pages_total=2,
        attempts=0,
        credits_quoted=3,
        credits_charged=0,
        charge_pending=False,
        hold_id="0" * 24,
        requested_at=now(),
        finished_at=None,
    )


async def stored(store: DocumentStore, me: CallContext, sha256: str = "0" * 64) -> Document:
    document = Document(
        id=str(ObjectId()),
        organization_id=me.organization_id,
        uploaded_by=me.user_id,
        filename="a.pdf",
        original_name="a.pdf",
        mimetype="application/pdf",
        size=3,
        sha256=sha256,
        blob_key=str(ObjectId()),
        type=None,
        tags=["a"],
        metadata={"k": "v"},
        page_count=0,
        created_at=now(),
        updated_at=now(),
    )
    await store.note_loose_blob(document.blob_key)
    await store.insert(document)
    return document


async def test_a_document_is_found_as_it_was_stored(store: DocumentStore, me: CallContext) -> None:
    document = await stored(store, me)
    assert await store.find(document.id) == document
    assert await store.find_whole(document.id) == (document, [])
    assert await store.find_content(document.sha256) == document
    assert [loose async for loose in store.loose_blobs(now().replace(year=3000))] == []


async def test_content_is_unique_and_the_second_file_stays_noted(
    store: DocumentStore, me: CallContext
) -> None:
    document = await stored(store, me)
    with pytest.raises(DuplicateKeyError):
        await stored(store, me)
    (loose,) = [loose async for loose in store.loose_blobs(now().replace(year=3000))]
    assert loose.organization_id == me.organization_id
    assert loose.key != document.blob_key


@pytest.fixture(params=["in the row", "apart"])
def words_stand(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the words of a document are kept: with it, or, where they are too many, in rows of their own."""
    if request.param == "apart":
        monkeypatch.setattr(rows, "_MAX_WORDS_IN_ROW", 0)
    return str(request.param)


async def test_a_reading_is_stored_and_a_later_listing_stays_small(
    store: DocumentStore, mongo: Mongo, me: CallContext, words_stand: str
) -> None:
    document = await stored(store, me)
    queued = await store.request(document.id, processing())
    assert queued is not None
    assert (queued.status, queued.page_count) == (Status.PROCESSING, 2)
    assert await store.begin(document.id, "job", "1" * 24)
    assert await store.advance(document.id, "job", 1, 2)
    assert await store.storing(document.id, "job")
    done = await store.complete(document.id, "job", READING, list(reversed(WORDS)), None)
    assert done is not None
    assert done.owes("job")
    found = await store.find_whole(document.id)
    assert found is not None
    whole, words = found
    assert words == WORDS
    assert await mongo.tenant("document_words").count({}) == (len(WORDS) if words_stand == "apart" else 0)
    assert whole.reading == READING
    assert whole.processing is not None
    assert (whole.processing.attempts, whole.processing.hold_id) == (1, "1" * 24)
    await store.charged(document.id, "job", 3)
    charged = await store.find(document.id)
    assert charged is not None
    assert charged.processing is not None
    assert (charged.processing.credits_charged, charged.charge_pending) == (3, False)
    assert charged.reading is None


async def test_nothing_is_noted_for_a_job_that_is_not_the_documents(
    store: DocumentStore, me: CallContext
) -> None:
    document = await stored(store, me)
    assert not await store.begin(document.id, "job", None), "not asked for yet"
    await store.request(document.id, processing("new"))
    before = await store.find(document.id)
    assert not await store.begin(document.id, "old", None)
    assert not await store.advance(document.id, "old", 1, 2)
    assert not await store.storing(document.id, "old")
    assert await store.complete(document.id, "old", READING, WORDS, None) is None
    assert await store.fail(document.id, "old", CANCELLED) is None
    assert await store.find_whole(document.id) == (before, [])


async def test_a_step_that_the_state_forbids_changes_nothing(store: DocumentStore, me: CallContext) -> None:
    document = await stored(store, me)
    assert await store.fail(document.id, None, CANCELLED) is None, "it is not being read"
    await store.request(document.id, processing())
    assert await store.request(document.id, processing("second")) is None, "it is being read"
    await store.refuse(document.id, Failure("PDF_ENCRYPTED", "Locked."))
    assert (await store.progress(document.id)).status is Status.PROCESSING  # type: ignore[union-attr]
    await store.complete(document.id, "job", READING, WORDS, None)
    assert await store.request(document.id, processing("third")) is None, "it has been read"
    assert await store.fail(document.id, "job", CANCELLED) is None


async def test_a_failed_document_may_be_asked_for_again_and_forgets_why_it_failed(
    store: DocumentStore, me: CallContext
) -> None:
    document = await stored(store, me)
    await store.refuse(document.id, Failure("PDF_ENCRYPTED", "Locked."))
    refused = await store.find(document.id)
    assert refused is not None
    assert (refused.status, refused.failure) == (Status.FAILED, Failure("PDF_ENCRYPTED", "Locked."))
    again = await store.request(document.id, processing())
    assert again is not None
    assert again.failure is None


@pytest.mark.parametrize("number", range(12))
async def test_of_an_end_and_a_cancel_at_the_same_instant_exactly_one_happens(
    store: DocumentStore, me: CallContext, number: int
) -> None:
    document = await stored(store, me)
    await store.request(document.id, processing())
    steps = [
        store.complete(document.id, "job", READING, WORDS, None),
        store.fail(document.id, None, CANCELLED),
    ]
    if number % 2:
        steps.reverse()
    results = await asyncio.gather(*steps)
    assert sum(result is not None for result in results) == 1
    found = await store.find_whole(document.id)
    assert found is not None
    whole, words = found
    completed = whole.status is Status.PROCESSED
    assert completed or whole.status is Status.FAILED
    assert (whole.failure is None) is completed
    assert (whole.reading is not None) is completed
    assert (words == WORDS) is completed


@pytest.mark.parametrize("number", range(6))
async def test_of_an_end_and_a_deletion_at_the_same_instant_nothing_is_left(
    store: DocumentStore, mongo: Mongo, me: CallContext, words_stand: str, number: int
) -> None:
    document = await stored(store, me)
    await store.request(document.id, processing())
    work = [
        store.complete(document.id, "job", READING, WORDS, None),
        store.delete(document.id),
    ]
    if number % 2:
        work.reverse()
    await asyncio.gather(*work)
    assert await mongo.tenant("documents").count({}) == 0
    assert await mongo.tenant("document_words").count({}) == 0
    assert await mongo.tenant("loose_blobs").count({}) == 1


async def test_of_many_requests_at_the_same_instant_one_is_granted(
    store: DocumentStore, me: CallContext
) -> None:
    document = await stored(store, me)
    granted = await asyncio.gather(*(store.request(document.id, processing(f"{n}")) for n in range(8)))
    assert sum(one is not None for one in granted) == 1


async def test_the_sweeps_look_at_every_organization_and_only_at_what_is_old(
    store: DocumentStore, mongo: Mongo
) -> None:
    pending = set()
    for _ in range(3):
        with calling() as me:
            document = await stored(store, me)
            await store.request(document.id, processing())
            await store.complete(document.id, "job", READING, [], None)
            pending.add((me.organization_id, document.id))
            paid = await stored(store, me, "1" * 64)
            await store.request(paid.id, processing())
            await store.complete(paid.id, "job", READING, [], None)
            await store.charged(paid.id, "job", 3)
    later = now().replace(year=3000)
    assert {(one.organization_id, one.id) async for one in store.charges_pending(later)} == pending
    assert [one async for one in store.charges_pending(now().replace(year=2000))] == []


def test_a_document_says_where_its_file_is_given() -> None:
    document = Document(
        *("a" * 24, "b" * 24, "c" * 24, "f", "o", "m", 1, "s", "k", None, [], {}, 0),
        created_at=now(),
        updated_at=now(),
    )
    assert document.path == f"/api/documents/{'a' * 24}/file"
    assert replace(document, id="d").path == "/api/documents/d/file"
