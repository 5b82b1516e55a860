"""`CreditsService` over gRPC: protobuf in, one use case, protobuf out."""
# ruff: noqa: ARG002 (gRPC fixes what a method is given)

from datetime import datetime
from typing import Any

from automateiq.billing.v1 import credits_pb2, credits_pb2_grpc
from automateiq.common.v1.pagination_pb2 import PageInfo
from google.protobuf.timestamp_pb2 import Timestamp

from automateiq_billing.credits.models import Hold, HoldStatus, Transaction, TransactionKind, Work, WorkKind
from automateiq_billing.credits.prices import OcrPages
from automateiq_billing.credits.service import CreditsService

_WORK_KINDS = {credits_pb2.WORK_KIND_OCR: WorkKind.OCR}
_HOLD_STATUSES = {
    HoldStatus.HELD: credits_pb2.HOLD_STATUS_HELD,
    HoldStatus.SETTLED: credits_pb2.HOLD_STATUS_SETTLED,
    HoldStatus.RELEASED: credits_pb2.HOLD_STATUS_RELEASED,
}
_TRANSACTION_KINDS = {
    TransactionKind.GRANT: credits_pb2.TRANSACTION_KIND_GRANT,
    TransactionKind.EXPIRY: credits_pb2.TRANSACTION_KIND_EXPIRY,
    TransactionKind.HOLD: credits_pb2.TRANSACTION_KIND_HOLD,
    TransactionKind.SETTLE: credits_pb2.TRANSACTION_KIND_SETTLE,
    TransactionKind.RELEASE: credits_pb2.TRANSACTION_KIND_RELEASE,
}


class CreditsServicer(credits_pb2_grpc.CreditsServiceServicer):
    """The RPCs of `protos/automateiq/billing/v1/credits.proto`."""

    def __init__(self, service: CreditsService) -> None:
        self._service = service

    async def QuoteCredits(
        self, request: credits_pb2.QuoteCreditsRequest, context: Any
    ) -> credits_pb2.QuoteCreditsResponse:
        """Says what a piece of work would cost."""
        done = _pages(request.ocr_pages) if request.HasField("ocr_pages") else None
        return credits_pb2.QuoteCreditsResponse(credits=self._service.quote(_work(request.work), done))

    async def ReserveCredits(
        self, request: credits_pb2.ReserveCreditsRequest, context: Any
    ) -> credits_pb2.ReserveCreditsResponse:
        """Sets the price of a piece of work aside."""
        hold = await self._service.reserve(request.key, _work(request.work), request.description)
        return credits_pb2.ReserveCreditsResponse(hold=_hold(hold))

    async def SettleCredits(
        self, request: credits_pb2.SettleCreditsRequest, context: Any
    ) -> credits_pb2.SettleCreditsResponse:
        """Charges a hold."""
        hold = await self._service.settle(request.hold_id, request.credits)
        return credits_pb2.SettleCreditsResponse(hold=_hold(hold))

    async def ReleaseCredits(
        self, request: credits_pb2.ReleaseCreditsRequest, context: Any
    ) -> credits_pb2.ReleaseCreditsResponse:
        """Frees a hold."""
        return credits_pb2.ReleaseCreditsResponse(hold=_hold(await self._service.release(request.hold_id)))

    async def GetBalance(
        self, request: credits_pb2.GetBalanceRequest, context: Any
    ) -> credits_pb2.GetBalanceResponse:
        """The organization's balance."""
        balance = await self._service.balance()
        return credits_pb2.GetBalanceResponse(
            available=balance.available,
            held=balance.held,
            plan=balance.plan,
            monthly_grant=balance.monthly_grant,
            period_ends_at=_timestamp(balance.period.ends_at) if balance.period else None,
        )

    async def ListTransactions(
        self, request: credits_pb2.ListTransactionsRequest, context: Any
    ) -> credits_pb2.ListTransactionsResponse:
        """A page of the ledger."""
        transactions, next_page_token = await self._service.transactions(request.page)
        return credits_pb2.ListTransactionsResponse(
            transactions=[_transaction(transaction) for transaction in transactions],
            page_info=PageInfo(next_page_token=next_page_token),
        )


def _work(work: credits_pb2.Work) -> Work:
    return Work(_WORK_KINDS[work.kind], work.units)


def _pages(pages: credits_pb2.OcrPages) -> OcrPages:
    return OcrPages(pages.text_layer, pages.tesseract, pages.deep, pages.cached)


def _hold(hold: Hold) -> credits_pb2.Hold:
    return credits_pb2.Hold(
        id=hold.id,
        key=hold.key,
        credits=hold.credits,
        status=_HOLD_STATUSES[hold.status],
        charged=hold.charged,
        expires_at=_timestamp(hold.expires_at),
    )


def _transaction(transaction: Transaction) -> credits_pb2.Transaction:
    posting = transaction.posting
    return credits_pb2.Transaction(
        id=transaction.id,
        kind=_TRANSACTION_KINDS[posting.kind],
        entries=[credits_pb2.Entry(account=e.account.value, credits=e.credits) for e in posting.entries],
        description=posting.description,
        hold_id=posting.hold_id,
        created_at=_timestamp(transaction.created_at),
    )


def _timestamp(moment: datetime) -> Timestamp:
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
