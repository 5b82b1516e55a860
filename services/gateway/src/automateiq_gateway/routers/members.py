"""The members of an organization."""

from automateiq.identity.v1 import accounts_pb2
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from automateiq_gateway import parts, words
from automateiq_gateway.endpoint import GuardedEndpoint
from automateiq_gateway.replies import reply
from automateiq_gateway.schemas.auth import InviteBody, Invited
from automateiq_gateway.schemas.common import PROBLEMS, IdempotencyKey

router = APIRouter(prefix="/api/members", tags=["members"], responses=PROBLEMS, route_class=GuardedEndpoint)


@router.post("/invite", response_model=Invited, status_code=201)
async def invite(body: InviteBody, request: Request, idempotency_key: IdempotencyKey = "") -> Response:
    """Invite somebody into the organization (admins). A second invitation of an address replaces the first."""
    answer = await parts.of(request).accounts.InviteMember(
        accounts_pb2.InviteMemberRequest(
            request_id=idempotency_key,
            email=body.email,
            role=words.numbers(accounts_pb2.Role.DESCRIPTOR)[body.role],
        )
    )
    return reply(answer, 201)
