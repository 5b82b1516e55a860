"""Reviews over gRPC, on real MongoDB: decided with the reading, corrected, confirmed, queued, kept beside it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq.documents.v1 import review_pb2
from automateiq_core.context import Role
from automateiq_core.errors import Conflict, FailedPrecondition, InvalidInput, NotFound, PermissionDenied
from automateiq_core.testing import calling
from automateiq_documents.assembly.store import AssemblyStore
from review_deeds import correct, field, invoice, put, read_again_as, read_as, review, say

Pdf = Callable[..., bytes]

NEEDED, NOT_NEEDED = pb.REVIEW_STATE_NEEDED, pb.REVIEW_STATE_NOT_NEEDED
CONFIRMED, REJECTED = pb.REVIEW_STATE_CONFIRMED, pb.REVIEW_STATE_REJECTED
SET, ADD, REMOVE = (
    review_pb2.CORRECTION_ACTION_SET,
    review_pb2.CORRECTION_ACTION_ADD,
    review_pb2.CORRECTION_ACTION_REMOVE,
)


async def read(bench: Any, pdf: Pdf, name: str = "one", **more: Any) -> str:
    document_id = str(await bench.uploaded(pdf(name), f"{name}.pdf"))
    await read_as(bench, document_id, invoice(**more))
    return document_id


async def test_a_reading_is_decided_on_as_it_is_stored(bench: Any, pdf: Pdf) -> None:
    with calling():
        sure = await read(bench, pdf, "sure")
        weak = await read(bench, pdf, "weak", total=field("119.00", 0.8), vendor=None)
        unread = await bench.uploaded(pdf("unread"))
        assert (await bench.get(sure)).review_state == NOT_NEEDED
        assert (await bench.get(weak)).review_state == NEEDED
        assert (await bench.get(unread)).review_state == pb.REVIEW_STATE_UNSPECIFIED
        found = await review(bench, weak)
        assert [(one.field, one.kind) for one in found.reasons] == [
            ("vendor", review_pb2.REVIEW_REASON_KIND_MISSING),
            ("total", review_pb2.REVIEW_REASON_KIND_LOW_CONFIDENCE),
        ]
        assert found.reasons[1].threshold == pytest.approx(0.95)
        assert found.expected_loss == pytest.approx(119)
        assert [one.action for one in found.audit] == [review_pb2.REVIEW_AUDIT_ACTION_DECIDED]
        with pytest.raises(FailedPrecondition) as refused:
            await review(bench, unread)
        assert refused.value.reason == "NOT_PROCESSED"


async def test_a_real_reading_is_decided_on(reading_bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id = await reading_bench.uploaded(pdf("Invoice 4711"))
        await reading_bench.process(document_id)
        await reading_bench.work()
        document = await reading_bench.get(document_id)
        found = await review(reading_bench, document_id)
    assert document.review_state == found.state != pb.REVIEW_STATE_UNSPECIFIED
    assert found.version == 1
    assert found.extracted_data == document.ocr_result.extracted_data


async def test_reading_again_keeps_what_people_said(reading_bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id = await reading_bench.uploaded(pdf("Invoice 4711"))
        await reading_bench.process(document_id)
        await reading_bench.work()
        await correct(reading_bench, document_id, put("vendor", "Acme"), put("total", "12.00"))
        await reading_bench.process(document_id, mode=pb.READING_MODE_AGAIN)
        # While it is read again the review can be seen, and nothing changed.
        assert (await review(reading_bench, document_id)).extracted_data.vendor.value == "Acme"
        with pytest.raises(Conflict):
            await correct(reading_bench, document_id, put("total", "13.00"))
        await reading_bench.work()
        found = await review(reading_bench, document_id)
        assert (found.extracted_data.vendor.value, found.extracted_data.total.value) == ("Acme", "12.00")
        assert (await reading_bench.get(document_id)).ocr_result.extracted_data == found.extracted_data
        assert [one.field for one in found.corrections] == ["vendor", "total"]
        assert found.version == 3


async def test_a_correction_is_shown_everywhere_and_kept_apart(bench: Any, pdf: Pdf) -> None:
    with calling() as me:
        document_id = await read(bench, pdf, vendor=field("Acne Ltd", 0.6))
        after = await correct(
            bench,
            document_id,
            put("vendor", " Acme  Bakery "),
            put("total", "120", box={"page": 1, "x": 1, "y": 2, "width": 3, "height": 4}),
            review_pb2.FieldChange(field="lineItems", action=SET, index=1, values={"amount": "51"}),
            review_pb2.FieldChange(field="lineItems", action=ADD, values={"description": "Freight"}),
            review_pb2.FieldChange(field="invoiceNumber", action=REMOVE),
            put("documentType", "receipt"),
        )
        document = await bench.get(document_id)
        shown = document.ocr_result.extracted_data
        assert after.extracted_data == shown
        assert (shown.vendor.value, shown.vendor.origin, shown.vendor.confidence) == (
            "Acme Bakery",
            "person",
            1,
        )
        assert (shown.total.value, shown.total.box.page, shown.total.box.width) == ("120.00", 1, 3)
        assert not shown.HasField("invoice_number")
        assert [line.amount.value for line in shown.line_items] == ["50.00", "51.00", ""]
        assert document.type == pb.DOCUMENT_TYPE_RECEIPT
        assert (after.read_data.vendor.value, after.read_data.total.value) == ("Acne Ltd", "119.00")
        assert len(after.read_data.line_items) == 2
        assert (after.version, after.state) == (2, NEEDED)
        assert [one.field for one in after.reasons] == []
        # Listings and the search see what a person said.
        query = pb.ListDocumentsRequest(filter=pb.DocumentFilter(query="Bakery"))
        (listed,) = (await bench.documents.ListDocuments(query)).documents
        assert listed.ocr_result.extracted_data.vendor.value == "Acme Bakery"
        noted = [(one.path, one.old_value, one.new_value) for one in reversed(after.audit[:-1])]
        assert noted == [
            ("vendor", "Acne Ltd", "Acme Bakery"),
            ("total", "119.00", "120.00"),
            ("lineItems[1].amount", "50.00", "51.00"),
            ("lineItems[2].description", "", "Freight"),
            ("invoiceNumber", "A-1", ""),
            ("documentType", "invoice", "receipt"),
        ]
        assert {one.user_id for one in after.audit[:-1]} == {me.user_id}
        assert all(one.corrected_by == me.user_id for one in after.corrections)
        # Taken back one by one, the reading is shown as it was, and the audit has grown.
        for correction in after.corrections:
            after = await say(bench, "UndoCorrection", document_id, correction_id=correction.id)
        assert after.extracted_data == after.read_data
        assert (await bench.get(document_id)).type == pb.DOCUMENT_TYPE_INVOICE
        assert len(after.audit) == 13
        (row,) = await bench.rows("documents")
        assert "readData" not in row["ocrResult"]


async def test_all_corrections_are_made_or_none(bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id = await read(bench, pdf)
        before = await review(bench, document_id)
        for wrong in (put("total", "1,000.00"), put("iban", "DE88370400440532013000"), put("no", "1")):
            with pytest.raises(InvalidInput) as refused:
                await correct(bench, document_id, put("vendor", "New"), wrong)
            assert refused.value.violations[0].field.startswith("corrections[1].")
        with pytest.raises(InvalidInput):
            await correct(bench, document_id)
        assert await review(bench, document_id) == before


async def test_of_two_at_once_one_is_told_to_look_again(bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id = await read(bench, pdf)
        tries = [correct(bench, document_id, put("total", f"{n}.00"), version=1) for n in range(4)]
        ends = await asyncio.gather(*tries, return_exceptions=True)
        won = [end for end in ends if not isinstance(end, Exception)]
        lost = [end for end in ends if isinstance(end, Conflict)]
        assert (len(won), len(lost)) == (1, 3)
        assert {error.reason for error in lost} == {"REVIEW_CHANGED"}
        found = await review(bench, document_id)
        assert found == won[0]
        assert len(found.corrections) == 1
        # The same key again is the same correction.
        keyed = [
            await correct(bench, document_id, put("tip", "1"), version=2, request_id="key") for _ in range(2)
        ]
        assert keyed[0] == keyed[1]
        assert len((await review(bench, document_id)).corrections) == 2


async def test_a_reading_that_came_in_between_refuses_the_change(bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id = await read(bench, pdf)
        await read_again_as(bench, document_id, invoice(total=field("911.00")))
        with pytest.raises(Conflict):
            await correct(bench, document_id, put("total", "1.00"), version=1)


async def test_what_a_person_said_outlives_another_reading(bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id = await read(bench, pdf)
        await correct(
            bench,
            document_id,
            put("vendor", "Acme Bakery"),
            put("documentType", "receipt"),
            review_pb2.FieldChange(field="lineItems", action=REMOVE, index=0),
        )
        await read_again_as(
            bench, document_id, invoice(vendor=field("Misread"), total=field("200.00"), lineItems=[])
        )
        found = await review(bench, document_id)
        assert found.extracted_data.vendor.value == "Acme Bakery"
        assert found.extracted_data.total.value == "200.00"
        assert [line.description.value for line in found.extracted_data.line_items] == ["Milk"]
        assert (found.read_data.vendor.value, len(found.read_data.line_items)) == ("Misread", 0)
        document = await bench.get(document_id)
        assert document.ocr_result.extracted_data == found.extracted_data
        assert document.type == pb.DOCUMENT_TYPE_RECEIPT


async def test_confirmed_rejected_and_reopened(bench: Any, pdf: Pdf) -> None:
    with calling() as me:
        document_id = await read(bench, pdf, total=field("119.00", 0.5))
        confirmed = await say(bench, "ConfirmReview", document_id)
        assert (confirmed.state, confirmed.closed_by) == (CONFIRMED, me.user_id)
        assert confirmed.HasField("closed_at")
        assert not confirmed.reasons
        for refused in (
            correct(bench, document_id, put("total", "1.00")),
            say(bench, "ConfirmReview", document_id),
            say(bench, "RejectReview", document_id, reason="no"),
        ):
            with pytest.raises(FailedPrecondition) as error:
                await refused
            assert error.value.reason == "REVIEW_CLOSED"
        # The same reading again changes nothing; another one wants a look at just what differs.
        await read_again_as(bench, document_id, invoice(total=field("119.00", 0.5)))
        assert (await review(bench, document_id)).state == CONFIRMED
        await read_again_as(bench, document_id, invoice(total=field("191.00")))
        again = await review(bench, document_id)
        assert again.state == NEEDED
        assert [(one.field, one.detail) for one in again.reasons] == [("total", "119.00")]
        with pytest.raises(FailedPrecondition) as error:
            await say(bench, "ReopenReview", document_id)
        assert error.value.reason == "REVIEW_OPEN"
        with pytest.raises(InvalidInput):
            await say(bench, "RejectReview", document_id, reason="  ")
        rejected = await say(bench, "RejectReview", document_id, reason=" Not our bill. ")
        assert (rejected.state, rejected.reject_reason) == (REJECTED, "Not our bill.")
        await read_again_as(bench, document_id, invoice())
        assert (await review(bench, document_id)).state == REJECTED
        opened = await say(bench, "ReopenReview", document_id)
        assert (opened.state, opened.reject_reason, opened.closed_by) == (NEEDED, "", "")
        assert [review_pb2.ReviewAuditAction.Name(one.action).rpartition("_")[2] for one in opened.audit] == [
            *("REOPENED", "DECIDED", "REJECTED", "DECIDED", "DECIDED", "CONFIRMED", "DECIDED")
        ]


async def queue(bench: Any, size: int = 100, **wanted: Any) -> list[str]:
    """The ids of the whole queue, page by page."""
    found: list[str] = []
    token = ""
    while True:
        answer = await bench.reviews.ListReviews(
            review_pb2.ListReviewsRequest(
                page=PageRequest(page_size=size, page_token=token), filter=review_pb2.ReviewFilter(**wanted)
            )
        )
        found += [one.document.id for one in answer.reviews]
        token = answer.page_info.next_page_token
        if not token:
            return found


async def test_the_queue_is_ordered_by_what_a_mistake_would_cost(bench: Any, pdf: Pdf) -> None:
    with calling() as me:
        losses = {"small": ("10.00", 0.5), "large": ("9000.00", 0.9), "middle": ("400.00", 0.5)}
        ids = {
            name: await read(bench, pdf, name, total=field(total, sure), vendor=field(f"{name} Ltd"))
            for name, (total, sure) in losses.items()
        }
        await read(bench, pdf, "sure")
        twin = await read(bench, pdf, "twin", total=field("400.00", 0.5), documentType="receipt")
        expected = [ids["large"], *sorted((ids["middle"], twin), reverse=True), ids["small"]]
        assert await queue(bench) == await queue(bench, size=1) == expected
        assert await queue(bench, vendor="LARGE l") == [ids["large"]]
        assert await queue(bench, vendor=".*") == []
        assert await queue(bench, types=[pb.DOCUMENT_TYPE_RECEIPT]) == [twin]
        assert await queue(bench, tags=["none"]) == []
        await say(bench, "AssignReview", ids["small"], user_id=me.user_id)
        assert await queue(bench, assigned_to=me.user_id) == [ids["small"]]
        assert await queue(bench, unassigned=True) == expected[:3]
        await say(bench, "ConfirmReview", ids["large"])
        assert await queue(bench) == expected[1:]
        assert await queue(bench, states=[CONFIRMED]) == [ids["large"]]
        counts = await bench.reviews.CountReviews(review_pb2.CountReviewsRequest())
        assert (counts.needed, counts.not_needed, counts.confirmed, counts.rejected) == (3, 1, 1, 0)

        async def beside(document_id: str, **wanted: Any) -> tuple[str, str]:
            answer = await bench.reviews.GetReviewNeighbours(
                review_pb2.GetReviewNeighboursRequest(
                    document_id=document_id, filter=review_pb2.ReviewFilter(**wanted)
                )
            )
            return answer.previous_document_id, answer.next_document_id

        assert await beside(expected[1]) == ("", expected[2])
        assert await beside(expected[2]) == (expected[1], expected[3])
        assert await beside(expected[3], types=[pb.DOCUMENT_TYPE_INVOICE]) == (ids["middle"], "")
    with calling():
        assert await queue(bench) == []
        with pytest.raises(NotFound):
            await beside(expected[1])


async def test_what_was_split_or_merged_leaves_the_queue(bench: Any, pdf: Pdf) -> None:
    with calling():
        whole, part = (
            await read(bench, pdf, "whole", vendor=None),
            await read(bench, pdf, "part", vendor=None),
        )
        marked = AssemblyStore(bench.mongo)
        assert await marked.replace(whole, [part])
        assert await queue(bench) == [part]
        counts = await bench.reviews.CountReviews(review_pb2.CountReviewsRequest())
        assert counts.needed == 1


async def test_thresholds_are_the_organizations_own(bench: Any, pdf: Pdf) -> None:
    async def settings() -> Any:
        return (await bench.reviews.GetReviewSettings(review_pb2.GetReviewSettingsRequest())).settings

    async def update(new: Any) -> Any:
        request = review_pb2.UpdateReviewSettingsRequest(settings=new)
        return (await bench.reviews.UpdateReviewSettings(request)).settings

    with calling() as me:
        default = await settings()
        assert (default.threshold, default.version) == (0.95, 0)
        relaxed = review_pb2.ReviewSettings(
            threshold=0.5,
            thresholds={"total": 0.4},
            important=[
                review_pb2.ImportantFields(type=pb.DOCUMENT_TYPE_INVOICE, fields=["total", "vendor", "taxes"])
            ],
        )
        kept = await update(relaxed)
        assert kept.version == 1
        with pytest.raises(Conflict):
            await update(relaxed)
        document_id = await read(bench, pdf, total=field("1.00", 0.4), date=None, vendor=field("A", 0.4))
        assert [one.field for one in (await review(bench, document_id)).reasons] == ["vendor", "taxes"]
        for wrong in ({"thresholds": {"language": 0.1}}, {"thresholds": {"no": 0.1}}):
            with pytest.raises(InvalidInput):
                await update(review_pb2.ReviewSettings(version=1, **wrong))
        with pytest.raises(InvalidInput):
            await update(review_pb2.ReviewSettings(version=1, threshold=1.1))
        with (
            calling(role=Role.STAFF, organization_id=me.organization_id),
            pytest.raises(PermissionDenied),
        ):
            await update(review_pb2.ReviewSettings(version=1))
        assert await settings() == kept
    with calling():
        assert (await settings()).version == 0


async def test_deleting_a_document_deletes_its_review(bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id, other = await read(bench, pdf), await read(bench, pdf, "other")
        await correct(bench, document_id, put("total", "1.00"))
        await bench.delete(document_id)
        assert {row["documentId"] for row in await bench.rows("review_audit")} == {other}
        with pytest.raises(NotFound):
            await review(bench, document_id)


async def test_another_organization_reviews_nothing_here(bench: Any, pdf: Pdf) -> None:
    with calling():
        document_id = await read(bench, pdf)
        made = await correct(bench, document_id, put("total", "1.00"))
    with calling():
        for refused in (
            review(bench, document_id),
            correct(bench, document_id, put("total", "2.00"), version=2),
            say(bench, "UndoCorrection", document_id, 2, correction_id=made.corrections[0].id),
            say(bench, "ConfirmReview", document_id, 2),
            say(bench, "AssignReview", document_id, 2, user_id=""),
        ):
            with pytest.raises(NotFound) as error:
                await refused
            assert error.value.reason == "DOCUMENT_NOT_FOUND"


async def test_staff_review(bench: Any, pdf: Pdf) -> None:
    with calling(role=Role.STAFF):
        document_id = await read(bench, pdf)
        await correct(bench, document_id, put("total", "1.00"))
        assert (await say(bench, "ConfirmReview", document_id)).state == CONFIRMED
