"""Billing as other services see it: through the Boundary, over gRPC."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from automateiq.billing.v1 import credits_pb2 as pb
from automateiq.billing.v1.credits_pb2_grpc import CreditsServiceStub
from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq_billing.main import SERVICE
from automateiq_core.context import Role
from automateiq_core.credits import Credits
from automateiq_core.errors import (
    FailedPrecondition,
    InvalidInput,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
)
from automateiq_core.mongo import Mongo, ObjectId
from automateiq_core.testing import PeerTo, RunningService, calling

if TYPE_CHECKING:
    from automateiq.billing.v1.credits_pb2_grpc import CreditsServiceAsyncStub

pytestmark = pytest.mark.usefixtures("organization")

PREFIX = "test-billing-"


class Billing:
    """A running billing service, its callers and its database."""

    def __init__(self, target: str, peer_to: PeerTo, mongo: Mongo) -> None:
        documents = peer_to("billing", target, pb, caller="documents")
        self.documents: CreditsServiceAsyncStub = CreditsServiceStub(documents.channel)
        gateway = peer_to("billing", target, pb, caller="gateway")
        self.gateway: CreditsServiceAsyncStub = CreditsServiceStub(gateway.channel)
        self.credits = Credits(documents)
        self.mongo = mongo

    async def kinds(self) -> list[str]:
        rows = await self.mongo.tenant("ledger").find({}, sort=[("sequence", 1)], limit=100)
        return [row["kind"] for row in rows]


@pytest.fixture
async def billing(running_service: RunningService, peer_to: PeerTo, mongo_uri: str) -> AsyncIterator[Billing]:
    prefix = f"{PREFIX}{uuid.uuid4().hex[:8]}-"
    async with running_service(SERVICE, mongodb_database_prefix=prefix, starter_monthly_credits=20) as target:
        mongo = Mongo(mongo_uri, prefix + "billing", app="test")
        yield Billing(target, peer_to, mongo)
        await mongo.close()


def reserve(key: str = "document/1/1", pages: int = 3, **more: str) -> pb.ReserveCreditsRequest:
    return pb.ReserveCreditsRequest(key=key, work=pb.Work(kind=pb.WORK_KIND_OCR, units=pages), **more)


async def test_a_quote_charges_nothing(billing: Billing) -> None:
    request = pb.QuoteCreditsRequest(work=pb.Work(kind=pb.WORK_KIND_OCR, units=4))
    assert (await billing.gateway.QuoteCredits(request)).credits == 9
    assert await billing.kinds() == []


async def test_what_was_done_costs_less_than_the_most(billing: Billing) -> None:
    assert await billing.credits.price_of_pages(pb.OcrPages(text_layer=2, tesseract=1, cached=1)) == 3
    assert await billing.credits.price_of_pages(pb.OcrPages(deep=4)) == 9
    assert await billing.credits.price_of_pages(pb.OcrPages(cached=4)) == 2


async def test_pages_that_do_not_sum_up_have_no_price(billing: Billing) -> None:
    request = pb.QuoteCreditsRequest(
        work=pb.Work(kind=pb.WORK_KIND_OCR, units=4), ocr_pages=pb.OcrPages(deep=1, cached=2)
    )
    with pytest.raises(InvalidInput, match="PAGES_DIFFER"):
        await billing.documents.QuoteCredits(request)
    request.ocr_pages.text_layer = -1
    with pytest.raises(InvalidInput, match="VALIDATION_FAILED"):
        await billing.documents.QuoteCredits(request)


async def test_hold_settle_balance_and_listing(billing: Billing) -> None:
    hold = (await billing.documents.ReserveCredits(reserve(description="invoice.pdf"))).hold
    assert (hold.key, hold.credits, hold.charged, hold.status) == ("document/1/1", 7, 0, pb.HOLD_STATUS_HELD)
    assert hold.expires_at.ToDatetime(UTC) > datetime.now(UTC)
    settled = (
        await billing.documents.SettleCredits(pb.SettleCreditsRequest(hold_id=hold.id, credits=3))
    ).hold
    assert (settled.status, settled.charged) == (pb.HOLD_STATUS_SETTLED, 3)
    balance = await billing.gateway.GetBalance(pb.GetBalanceRequest())
    assert (balance.available, balance.held, balance.plan, balance.monthly_grant) == (17, 0, "starter", 20)
    assert balance.period_ends_at.ToDatetime(UTC) > datetime.now(UTC)
    listed = await billing.gateway.ListTransactions(pb.ListTransactionsRequest(page=PageRequest(page_size=2)))
    settle, held = listed.transactions
    assert (settle.kind, settle.description, settle.hold_id) == (
        pb.TRANSACTION_KIND_SETTLE,
        "invoice.pdf",
        hold.id,
    )
    assert {entry.account: entry.credits for entry in settle.entries} == {
        "held": -7,
        "spent": 3,
        "available": 4,
    }
    assert held.kind == pb.TRANSACTION_KIND_HOLD
    page = PageRequest(page_size=2, page_token=listed.page_info.next_page_token)
    listed = await billing.gateway.ListTransactions(pb.ListTransactionsRequest(page=page))
    assert [row.kind for row in listed.transactions] == [pb.TRANSACTION_KIND_GRANT]
    assert not listed.page_info.next_page_token


async def test_release(billing: Billing) -> None:
    hold = (await billing.documents.ReserveCredits(reserve())).hold
    released = (await billing.documents.ReleaseCredits(pb.ReleaseCreditsRequest(hold_id=hold.id))).hold
    assert released.status == pb.HOLD_STATUS_RELEASED
    with pytest.raises(FailedPrecondition, match="HOLD_ENDED"):
        await billing.documents.SettleCredits(pb.SettleCreditsRequest(hold_id=hold.id, credits=1))


async def test_what_a_caller_is_told_of_too_few_credits(billing: Billing) -> None:
    await billing.documents.ReserveCredits(reserve("a", 9))
    await billing.documents.ReserveCredits(reserve("b", 3))
    with pytest.raises(ResourceExhausted) as refused:
        await billing.documents.ReserveCredits(reserve("c", 2))
    assert refused.value.reason == "INSUFFICIENT_CREDITS"
    assert (refused.value.metadata["needed"], refused.value.metadata["available"]) == ("5", "3")


async def test_the_client_of_core_pays_by_it(billing: Billing) -> None:
    async with billing.credits.reserve(pb.WORK_KIND_OCR, 3, key="done") as hold:
        assert await hold.settle() == 7
    with pytest.raises(ZeroDivisionError):
        async with billing.credits.reserve(pb.WORK_KIND_OCR, 3, key="failed"):
            raise ZeroDivisionError
    async with billing.credits.reserve(pb.WORK_KIND_OCR, 3, key="done") as hold:
        assert hold.settled and hold.charged == 7
    balance = await billing.gateway.GetBalance(pb.GetBalanceRequest())
    assert (balance.available, balance.held) == (13, 0)


@pytest.mark.parametrize("pages", [0, -1, 1_000_001])
async def test_work_without_a_size_is_refused(billing: Billing, pages: int) -> None:
    with pytest.raises(InvalidInput, match="VALIDATION_FAILED"):
        await billing.documents.ReserveCredits(reserve(pages=pages))
    assert await billing.kinds() == []


async def test_only_documents_spends_and_staff_does_not_read_the_ledger(billing: Billing) -> None:
    with pytest.raises(RuntimeError, match="gateway may not call"):
        await billing.gateway.ReserveCredits(reserve())
    with calling(role=Role.STAFF), pytest.raises(PermissionDenied, match="ROLE_NOT_ALLOWED"):
        await billing.gateway.ListTransactions(pb.ListTransactionsRequest())


async def test_an_unknown_hold(billing: Billing) -> None:
    with pytest.raises(NotFound, match="HOLD_NOT_FOUND"):
        await billing.documents.ReleaseCredits(pb.ReleaseCreditsRequest(hold_id=str(ObjectId())))


async def test_a_replay_is_answered_alike_and_charges_once(billing: Billing) -> None:
    request = reserve(request_id="request-1")
    first, again = [await billing.documents.ReserveCredits(request) for _ in range(2)]
    assert first == again
    settle = pb.SettleCreditsRequest(hold_id=first.hold.id, credits=4, request_id="request-2")
    first_settled, again_settled = [await billing.documents.SettleCredits(settle) for _ in range(2)]
    assert first_settled == again_settled
    assert await billing.kinds() == ["grant", "hold", "settle"]


async def _forget_answers(billing: Billing) -> None:
    """Leaves the claims as a process does that died before it could store its answer."""
    claims = billing.mongo.across_tenants("idempotency", why="a process died")
    await claims.update_many({}, {"$set": {"answer": None, "leaseUntil": datetime(2026, 1, 1, tzinfo=UTC)}})


async def test_a_replay_after_a_crash_between_write_and_answer_finds_what_was_written(
    billing: Billing,
) -> None:
    request = reserve(request_id="request-1")
    first = await billing.documents.ReserveCredits(request)
    await _forget_answers(billing)
    again = await billing.documents.ReserveCredits(request)
    assert (again.hold.id, again.hold.status) == (first.hold.id, pb.HOLD_STATUS_HELD)
    settle = pb.SettleCreditsRequest(hold_id=first.hold.id, credits=4, request_id="request-2")
    settled = await billing.documents.SettleCredits(settle)
    await _forget_answers(billing)
    assert await billing.documents.SettleCredits(settle) == settled
    await _forget_answers(billing)
    assert (await billing.documents.ReserveCredits(request)).hold == settled.hold
    assert await billing.kinds() == ["grant", "hold", "settle"]


async def test_a_replay_after_a_crash_between_claim_and_write_does_the_work(billing: Billing) -> None:
    request = reserve(request_id="request-1")
    await billing.documents.ReserveCredits(request)
    # The claim is left and nothing else, as after a death right behind the claim.
    for name in ("ledger", "credit_holds", "balances"):
        await billing.mongo.tenant(name).delete_many({})
    await _forget_answers(billing)
    hold = (await billing.documents.ReserveCredits(request)).hold
    assert hold.status == pb.HOLD_STATUS_HELD
    assert await billing.kinds() == ["grant", "hold"]
