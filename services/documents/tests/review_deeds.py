"""What tests of reviews do: documents that were read in a known way, and people who say something about them."""

from collections.abc import Sequence
from typing import Any

from automateiq.common.v1 import recognition_pb2
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq.documents.v1 import review_pb2
from automateiq_documents.documents.models import DocumentType, PageWords, Processing, Reading, Stage
from automateiq_documents.documents.store import DocumentStore, now
from automateiq_documents.review.memory import Memory
from automateiq_documents.review.memory_store import MemoryStore
from automateiq_documents.review.service import ReviewService
from automateiq_documents.review.store import ReviewStore

Placed = tuple[str, float, float]


def field(value: str, confidence: float = 0.99, **more: Any) -> dict[str, Any]:
    return {"value": value, "confidence": confidence, "origin": "page", "sourceText": value, **more}


def invoice(**more: Any) -> dict[str, Any]:
    """An invoice of which everything important is sure. A field that is given as None is missing."""
    data = {
        "documentType": "invoice",
        "documentTypeConfidence": 0.99,
        "vendor": field("Acme Ltd"),
        "invoiceNumber": field("A-1"),
        "date": field("2026-03-04"),
        "currency": field("EUR"),
        "total": field("119.00"),
        "lineItems": [
            {"description": field("Bread"), "amount": field("50.00")},
            {"description": field("Milk"), "amount": field("50.00")},
        ],
        **more,
    }
    return {name: value for name, value in data.items() if value is not None}


def words_of(placed: Sequence[Placed], page: int = 1) -> list[PageWords]:
    """Words at (x, y) in points; a letter is 5 points wide and 10 high."""
    message = pb.OcrResult(
        bounding_boxes=[
            recognition_pb2.Word(
                text=text,
                confidence=0.9,
                box=recognition_pb2.BoundingBox(page=page, x=x, y=y, width=5 * len(text), height=10),
            )
            for text, x, y in placed
        ]
    )
    return [PageWords(page, message.SerializeToString())]


async def read_as(
    bench: Any, document_id: str, data: dict[str, Any], words: Sequence[Placed] = (), job: str = "job"
) -> None:
    """Puts a document into the state that a reading with this data leaves it in."""
    store, memory = DocumentStore(bench.mongo), Memory(MemoryStore(bench.mongo))
    reviews = ReviewService(ReviewStore(bench.mongo), memory)
    read = Reading(
        text=" ".join(text for text, _, _ in words) or "text",
        confidence=0.9,
        engine="none",
        extracted_data=data,
        pages=[{"number": 1, "width": 600.0, "height": 800.0}],
    )
    assert await store.request(document_id, _queued(job))
    reading = await memory.refine(read, words_of(words))

    async def work() -> None:
        kind = DocumentType(data["documentType"])
        stored = await store.complete(document_id, job, reading, words_of(words), kind)
        assert stored is not None
        await reviews.stored(stored, reading)

    await store.transact(work)
    await store.charged(document_id, job, 2)


async def read_again_as(
    bench: Any, document_id: str, data: dict[str, Any], words: Sequence[Placed] = ()
) -> None:
    """Another reading of a document."""
    documents = bench.mongo.across_tenants("documents", why="the test has a document read again")
    rows = await bench.rows("documents")
    (row,) = [row for row in rows if str(row["_id"]) == document_id]
    await documents.update_one({"_id": row["_id"]}, {"$set": {"status": "failed"}})
    await read_as(bench, document_id, data, words, job="again")


async def review(bench: Any, document_id: str) -> Any:
    request = review_pb2.GetReviewRequest(document_id=document_id)
    return (await bench.reviews.GetReview(request)).review


async def correct(
    bench: Any, document_id: str, *changes: Any, version: int | None = None, **more: Any
) -> Any:
    seen = (await review(bench, document_id)).version if version is None else version
    request = review_pb2.CorrectFieldsRequest(
        document_id=document_id, version=seen, corrections=changes, **more
    )
    return (await bench.reviews.CorrectFields(request)).review


async def say(bench: Any, verb: str, document_id: str, version: int | None = None, **more: Any) -> Any:
    """Calls ConfirmReview, RejectReview, ReopenReview, AssignReview or UndoCorrection."""
    seen = (await review(bench, document_id)).version if version is None else version
    kind = getattr(review_pb2, f"{verb}Request")
    answer = await getattr(bench.reviews, verb)(kind(document_id=document_id, version=seen, **more))
    return answer.review


def put(name: str, value: str, **more: Any) -> Any:
    """A change of a single field."""
    return review_pb2.FieldChange(field=name, action=review_pb2.CORRECTION_ACTION_SET, value=value, **more)


def _queued(job_id: str) -> Processing:
    return Processing(
        job_id=job_id,
        stage=Stage.QUEUED,
        pages_done=0,
        pages_total=1,
        attempts=0,
        credits_quoted=2,
        credits_charged=0,
        charge_pending=False,
        hold_id="0" * 24,
        requested_at=now(),
        finished_at=None,
    )
