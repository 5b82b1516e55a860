"""The RPCs of sessions."""
# ruff: noqa: ARG002 (gRPC fixes what a method is given)

from typing import Any

from automateiq.identity.v1 import sessions_pb2, sessions_pb2_grpc

from automateiq_identity.messages import organization_message, tokens_message, user_message
from automateiq_identity.sessions.service import SessionsService


class SessionsServicer(sessions_pb2_grpc.SessionsServiceServicer):
    """Protobuf in, one call of the service, protobuf out."""

    def __init__(self, service: SessionsService) -> None:
        self._service = service

    async def Login(self, request: sessions_pb2.LoginRequest, context: Any) -> sessions_pb2.LoginResponse:
        """Signs a user in."""
        signed_in = await self._service.login(request.email, request.password)
        return sessions_pb2.LoginResponse(
            user=user_message(signed_in.user),
            organization=organization_message(signed_in.organization),
            tokens=tokens_message(signed_in.tokens),
        )

    async def RefreshSession(
        self, request: sessions_pb2.RefreshSessionRequest, context: Any
    ) -> sessions_pb2.RefreshSessionResponse:
        """Gives the next pair of tokens."""
        tokens = await self._service.refresh(request.refresh_token)
        return sessions_pb2.RefreshSessionResponse(tokens=tokens_message(tokens))

    async def Logout(self, request: sessions_pb2.LogoutRequest, context: Any) -> sessions_pb2.LogoutResponse:
        """Ends the calling session, or all of the user's."""
        ended = await self._service.logout(everywhere=request.everywhere)
        return sessions_pb2.LogoutResponse(sessions_ended=ended)

    async def GetSigningKeys(
        self, request: sessions_pb2.GetSigningKeysRequest, context: Any
    ) -> sessions_pb2.GetSigningKeysResponse:
        """The public keys of access tokens."""
        return sessions_pb2.GetSigningKeysResponse(jwks=self._service.signing_keys())
