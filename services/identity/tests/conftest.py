"""Identity as a server behind the Boundary, and its parts on real MongoDB and Redis."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from automateiq.identity.v1 import accounts_pb2, accounts_pb2_grpc, sessions_pb2, sessions_pb2_grpc
from automateiq_core import sessions as published
from automateiq_core.context import CallContext, Role
from automateiq_core.idempotency import Idempotency
from automateiq_core.mongo import Mongo
from automateiq_core.testing import PeerTo, RunningService, calling, write_key_pair
from automateiq_identity.accounts.engine import InvitationTokens, Passwords
from automateiq_identity.accounts.service import AccountsService, Registration
from automateiq_identity.accounts.store import AccountsStore
from automateiq_identity.main import SERVICE
from automateiq_identity.sessions.models import Policy
from automateiq_identity.sessions.service import SessionsService
from automateiq_identity.sessions.store import SessionStore
from automateiq_identity.sessions.tokens import AccessTokens
from redis.asyncio import Redis

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signing")
    write_key_pair(folder, "identity-signing")
    return folder / "identity-signing.pem"


@contextmanager
def _nobody() -> Iterator[CallContext]:
    with calling(role=Role.ANONYMOUS, organization_id="", user_id="") as call:
        yield call


@contextmanager
def _holder_of(access_token: str) -> Iterator[CallContext]:
    claims = jwt.decode(access_token, options={"verify_signature": False})
    with calling(
        role=Role(claims[published.CLAIM_ROLE]),
        organization_id=claims[published.CLAIM_ORGANIZATION],
        user_id=claims["sub"],
        session_id=claims[published.CLAIM_SESSION],
    ) as call:
        yield call


@dataclass(frozen=True)
class Identity:
    """The running service, as the gateway calls it."""

    accounts: Any
    sessions: Any

    async def register(self, email: str = "ada@example.com", **more: Any) -> accounts_pb2.RegisterResponse:
        given = {
            "password": PASSWORD,
            "first_name": "Ada",
            "last_name": "Lovelace",
            "organization_name": "Engines Ltd",
            **more,
        }
        with _nobody():
            return await self.accounts.Register(accounts_pb2.RegisterRequest(email=email, **given))

    async def login(
        self, email: str = "ada@example.com", password: str = PASSWORD
    ) -> sessions_pb2.LoginResponse:
        with _nobody():
            return await self.sessions.Login(sessions_pb2.LoginRequest(email=email, password=password))

    async def refresh(self, refresh_token: str) -> accounts_pb2.TokenPair:
        with _nobody():
            request = sessions_pb2.RefreshSessionRequest(refresh_token=refresh_token)
            return (await self.sessions.RefreshSession(request)).tokens

    async def me(self, tokens: accounts_pb2.TokenPair) -> accounts_pb2.GetMeResponse:
        with _holder_of(tokens.access_token):
            return await self.accounts.GetMe(accounts_pb2.GetMeRequest())

    async def invite(
        self,
        tokens: accounts_pb2.TokenPair,
        email: str,
        role: accounts_pb2.Role.ValueType = accounts_pb2.ROLE_STAFF,
        request_id: str = "",
    ) -> accounts_pb2.InviteMemberResponse:
        with _holder_of(tokens.access_token):
            return await self.accounts.InviteMember(
                accounts_pb2.InviteMemberRequest(email=email, role=role, request_id=request_id)
            )

    async def accept(self, token: str, **more: Any) -> accounts_pb2.AcceptInvitationResponse:
        given = {"password": PASSWORD, "first_name": "Grace", "last_name": "Hopper", **more}
        with _nobody():
            return await self.accounts.AcceptInvitation(
                accounts_pb2.AcceptInvitationRequest(token=token, **given)
            )

    async def logout(self, tokens: accounts_pb2.TokenPair, *, everywhere: bool = False) -> int:
        with _holder_of(tokens.access_token):
            request = sessions_pb2.LogoutRequest(everywhere=everywhere)
            return (await self.sessions.Logout(request)).sessions_ended


@pytest.fixture
async def identity(
    running_service: RunningService, peer_to: PeerTo, signing_key: Path
) -> AsyncIterator[Identity]:
    async with running_service(SERVICE, access_token_key_file=signing_key) as target:
        peer = peer_to("identity", target, accounts_pb2, sessions_pb2)
        yield Identity(
            accounts_pb2_grpc.AccountsServiceStub(peer.channel),
            sessions_pb2_grpc.SessionsServiceStub(peer.channel),
        )


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Any]:
    client = Redis.from_url(redis_url, decode_responses=True)
    yield client
    await client.aclose()


@dataclass
class Parts:
    """The parts of identity, with short times."""

    mongo: Mongo
    store: AccountsStore
    session_store: SessionStore
    passwords: Passwords
    access_tokens: AccessTokens
    sessions: SessionsService
    accounts: AccountsService
    idempotency: Idempotency

    async def register(self, email: str = "ada@example.com", name: str = "Engines Ltd") -> Any:
        with _nobody():
            return await self.accounts.register(Registration(email, PASSWORD, "Ada", "Lovelace", name))

    @asynccontextmanager
    async def change(self, collection: str) -> AsyncIterator[Any]:
        """A collection as an operator sees it."""
        yield self.mongo.across_tenants(collection, why="a test plays the operator")


@pytest.fixture
async def make_parts(mongo: Mongo, redis_url: str, signing_key: Path) -> AsyncIterator[Any]:
    made: list[Parts] = []

    async def make(
        *,
        grace: timedelta = timedelta(seconds=10),
        attempts: int = 10,
        window: timedelta = timedelta(minutes=15),
        invitation_lifetime: timedelta = timedelta(days=7),
        session_lifetime: timedelta = timedelta(days=30),
        redis: str = redis_url,
    ) -> Parts:
        store, passwords = AccountsStore(mongo), Passwords(threads=2)
        session_store = SessionStore(redis, b"tests")
        tokens = AccessTokens.from_files(signing_key, timedelta(minutes=15))
        policy = Policy(session_lifetime, grace, attempts, window)
        sessions = SessionsService(session_store, store, passwords, tokens, policy)
        accounts = AccountsService(
            store,
            sessions,
            passwords,
            InvitationTokens(tokens.derived_key("invitation-tokens")),
            invitation_lifetime=invitation_lifetime,
        )
        idempotency = Idempotency(mongo, secret=b"tests")
        await store.ensure_indexes()
        await idempotency.ensure_indexes()
        made.append(Parts(mongo, store, session_store, passwords, tokens, sessions, accounts, idempotency))
        return made[-1]

    yield make
    for parts in made:
        parts.passwords.close()
        await parts.session_store.close()


@pytest.fixture
async def parts(make_parts: Any) -> Parts:
    made: Parts = await make_parts()
    return made


@pytest.fixture
def nobody() -> Any:
    return _nobody


@pytest.fixture
def holder_of() -> Any:
    return _holder_of
