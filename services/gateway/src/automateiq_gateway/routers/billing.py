"""Credits and their ledger."""

from typing import Annotated

from automateiq.billing.v1 import credits_pb2
from automateiq.common.v1.pagination_pb2 import PageRequest
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from automateiq_gateway import parts, words
from automateiq_gateway.endpoint import GuardedEndpoint
from automateiq_gateway.replies import page, reply
from automateiq_gateway.schemas.billing import Credits, Ledger, Quote, QuoteQuery
from automateiq_gateway.schemas.common import PROBLEMS, PageParameters

router = APIRouter(prefix="/api/billing", tags=["billing"], responses=PROBLEMS, route_class=GuardedEndpoint)


@router.get("/credits", response_model=Credits)
async def credits(request: Request) -> Response:
    """The organization's balance."""
    return reply(await parts.of(request).credits.GetBalance(credits_pb2.GetBalanceRequest()))


@router.get("/quote", response_model=Quote)
async def quote(work: Annotated[QuoteQuery, Query()], request: Request) -> Response:
    """What a piece of work would cost. Charges nothing."""
    kind = words.numbers(credits_pb2.WorkKind.DESCRIPTOR)[f"{work.kind}"]
    answer = await parts.of(request).credits.QuoteCredits(
        credits_pb2.QuoteCreditsRequest(work=credits_pb2.Work(kind=kind, units=work.units))
    )
    return reply({"kind": work.kind, "units": work.units, "credits": answer.credits})


@router.get("/ledger", response_model=Ledger)
async def ledger(which: PageParameters, request: Request) -> Response:
    """The transactions of the organization's credits, newest first (admins and managers)."""
    answer = await parts.of(request).credits.ListTransactions(
        credits_pb2.ListTransactionsRequest(
            page=PageRequest(page_size=which.page_size, page_token=which.page_token)
        )
    )
    return reply(page(answer.transactions, answer.page_info.next_page_token))
