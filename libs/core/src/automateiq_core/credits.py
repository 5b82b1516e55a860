"""Paying for work: hold the price before it, settle after it, release when it fails.

    async with credits.reserve(WORK_KIND_OCR, pages, key=f"document/{id}/{job}") as hold:
        ...the work...
        await hold.settle()

A hold that is not settled when the block ends is released; one whose process died is released by billing when it
expires. The same key finds the same hold again, and is charged once.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from automateiq.billing.v1 import credits_pb2
from automateiq.billing.v1.credits_pb2_grpc import CreditsServiceStub

from automateiq_core.errors import AppError
from automateiq_core.rpc_client import Peer

if TYPE_CHECKING:
    # The async stub exists for the type checker only.
    from automateiq.billing.v1.credits_pb2_grpc import CreditsServiceAsyncStub

WorkKind = credits_pb2.WorkKind
OcrPages = credits_pb2.OcrPages

_log = structlog.get_logger(__name__)


class Hold:
    """Credits set aside for one piece of work."""

    def __init__(self, stub: "CreditsServiceAsyncStub", hold: credits_pb2.Hold) -> None:
        self._stub = stub
        self._hold = hold

    @property
    def id(self) -> str:
        """What it is released by once this object is gone."""
        return self._hold.id

    @property
    def credits(self) -> int:
        """How many credits are set aside."""
        return self._hold.credits

    @property
    def charged(self) -> int:
        """How many credits were charged; 0 unless settled."""
        return self._hold.charged

    @property
    def settled(self) -> bool:
        """Whether the work was charged; then there is nothing to pay again."""
        return self._hold.status == credits_pb2.HOLD_STATUS_SETTLED

    async def settle(self, actual: int | None = None) -> int:
        """Charges the hold, or less of it, and gives what was charged. Settling twice charges once."""
        amount = self._hold.credits if actual is None else actual
        request = credits_pb2.SettleCreditsRequest(hold_id=self._hold.id, credits=amount)
        self._hold = (await self._stub.SettleCredits(request)).hold
        return self._hold.charged

    async def release(self) -> None:
        """Frees the credits without a charge."""
        request = credits_pb2.ReleaseCreditsRequest(hold_id=self._hold.id)
        self._hold = (await self._stub.ReleaseCredits(request)).hold


class Credits:
    """The billing service, as seen by a service that does paid work."""

    def __init__(self, billing: Peer) -> None:
        self._stub = CreditsServiceStub(billing.channel)

    async def quote(self, kind: WorkKind.ValueType, units: int) -> int:
        """The price of a piece of work, in credits."""
        work = credits_pb2.Work(kind=kind, units=units)
        return (await self._stub.QuoteCredits(credits_pb2.QuoteCreditsRequest(work=work))).credits

    async def price_of_pages(self, pages: credits_pb2.OcrPages) -> int:
        """What the reading of a document costs, now that it is known what read its pages, in credits."""
        units = pages.text_layer + pages.tesseract + pages.deep + pages.cached
        work = credits_pb2.Work(kind=WorkKind.WORK_KIND_OCR, units=units)
        request = credits_pb2.QuoteCreditsRequest(work=work, ocr_pages=pages)
        return (await self._stub.QuoteCredits(request)).credits

    async def hold(self, kind: WorkKind.ValueType, units: int, *, key: str, description: str = "") -> Hold:
        """Sets the price aside, or finds what was set aside under this key, and leaves the ending to the caller.

        Raises:
            ResourceExhausted: the balance does not cover the price (INSUFFICIENT_CREDITS).
        """
        request = credits_pb2.ReserveCreditsRequest(
            key=key, work=credits_pb2.Work(kind=kind, units=units), description=description
        )
        return Hold(self._stub, (await self._stub.ReserveCredits(request)).hold)

    async def release(self, hold_id: str) -> None:
        """Frees a hold that was made earlier; one that is released already is no error."""
        await self._stub.ReleaseCredits(credits_pb2.ReleaseCreditsRequest(hold_id=hold_id))

    @asynccontextmanager
    async def reserve(
        self, kind: WorkKind.ValueType, units: int, *, key: str, description: str = ""
    ) -> AsyncIterator[Hold]:
        """Sets the price aside for the block; what the block does not settle is released."""
        hold = await self.hold(kind, units, key=key, description=description)
        try:
            yield hold
        finally:
            if not hold.settled:
                await _release_quietly(hold)


async def _release_quietly(hold: Hold) -> None:
    # The work's own error matters more than this one, and the hold expires by itself.
    try:
        await hold.release()
    except AppError as error:
        _log.warning("hold not released, it will expire", reason=error.reason)
