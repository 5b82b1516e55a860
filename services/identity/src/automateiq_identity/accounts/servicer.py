"""The RPCs of accounts."""
# ruff: noqa: ARG002 (gRPC fixes what a method is given)

from typing import Any

from automateiq.identity.v1 import accounts_pb2, accounts_pb2_grpc

from automateiq_identity.accounts.service import Acceptance, AccountsService, Registration
from automateiq_identity.messages import (
    invitation_message,
    organization_message,
    role_of,
    tokens_message,
    user_message,
)


class AccountsServicer(accounts_pb2_grpc.AccountsServiceServicer):
    """Protobuf in, one call of the service, protobuf out."""

    def __init__(self, service: AccountsService) -> None:
        self._service = service

    async def Register(
        self, request: accounts_pb2.RegisterRequest, context: Any
    ) -> accounts_pb2.RegisterResponse:
        """Makes an organization and its first user."""
        signed_in = await self._service.register(
            Registration(
                email=request.email,
                password=request.password,
                first_name=request.first_name,
                last_name=request.last_name,
                organization_name=request.organization_name,
                industry=request.industry,
                company_size=request.company_size,
            )
        )
        return accounts_pb2.RegisterResponse(
            user=user_message(signed_in.user),
            organization=organization_message(signed_in.organization),
            tokens=tokens_message(signed_in.tokens),
        )

    async def GetMe(self, request: accounts_pb2.GetMeRequest, context: Any) -> accounts_pb2.GetMeResponse:
        """Who is calling."""
        member = await self._service.me()
        return accounts_pb2.GetMeResponse(
            user=user_message(member.user), organization=organization_message(member.organization)
        )

    async def InviteMember(
        self, request: accounts_pb2.InviteMemberRequest, context: Any
    ) -> accounts_pb2.InviteMemberResponse:
        """Invites somebody into the caller's organization."""
        invitation, token = await self._service.invite_member(request.email, role_of(request.role))
        return accounts_pb2.InviteMemberResponse(invitation=invitation_message(invitation), token=token)

    async def AcceptInvitation(
        self, request: accounts_pb2.AcceptInvitationRequest, context: Any
    ) -> accounts_pb2.AcceptInvitationResponse:
        """Turns an invitation into a user."""
        signed_in = await self._service.accept_invitation(
            Acceptance(
                token=request.token,
                password=request.password,
                first_name=request.first_name,
                last_name=request.last_name,
            )
        )
        return accounts_pb2.AcceptInvitationResponse(
            user=user_message(signed_in.user),
            organization=organization_message(signed_in.organization),
            tokens=tokens_message(signed_in.tokens),
        )
