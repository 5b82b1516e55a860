"""Who is believed, and who is not."""

import base64
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
from automateiq.identity.v1 import accounts_pb2, sessions_pb2
from automateiq.identity.v1.sessions_pb2_grpc import SessionsServiceStub
from automateiq_core.context import Role
from automateiq_core.errors import PermissionDenied, Unauthenticated
from automateiq_core.telemetry import RPC_SECONDS
from automateiq_core.testing import PeerTo
from automateiq_gateway import authentication, cookies
from automateiq_gateway.authentication import Authenticator, SigningKeys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.gateway.tests.conftest import problem

GET_KEYS = "/automateiq.identity.v1.SessionsService/GetSigningKeys"


@pytest.fixture
async def authenticator(services: dict[str, str], peer_to: PeerTo) -> AsyncIterator[Authenticator]:
    peer = peer_to("identity", services["identity_target"], accounts_pb2, sessions_pb2)
    yield Authenticator(SigningKeys(SessionsServiceStub(peer.channel)))


@pytest.fixture
def access_key(tmp_path: Any) -> Ed25519PrivateKey:
    key = load_pem_private_key((tmp_path / "access.pem").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def key_id_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def claims_of(token: str, **changes: Any) -> dict[str, Any]:
    claims = {**jwt.decode(token, options={"verify_signature": False}), **changes}
    return {name: value for name, value in claims.items() if value is not None}


def fetches() -> float:
    for metric in RPC_SECONDS.collect():
        for sample in metric.samples:
            if sample.name.endswith("_count") and sample.labels == {"method": GET_KEYS, "code": "OK"}:
                return sample.value
    return 0


async def test_a_good_token_tells_who_is_calling(admin: Any, authenticator: Authenticator) -> None:
    found = await authenticator.principal(admin.tokens["accessToken"])
    assert found.organization_id == admin.organization_id
    assert found.role is Role.ADMIN
    assert found.expires_at > time.time()
    assert await authenticator.principal(admin.tokens["accessToken"]) is found


async def test_what_is_not_believed(
    admin: Any, authenticator: Authenticator, access_key: Ed25519PrivateKey
) -> None:
    good = admin.tokens["accessToken"]
    headers = {"kid": key_id_of(good)}

    def signed(**changes: Any) -> str:
        return jwt.encode(claims_of(good, **changes), access_key, "EdDSA", headers)

    await authenticator.principal(signed(jti="another"))
    public = access_key.public_key().public_bytes_raw()
    head, body, _ = good.split(".")
    unsigned = (
        base64.urlsafe_b64encode(f'{{"alg":"none","kid":"{headers["kid"]}"}}'.encode()).decode().rstrip("=")
    )
    refused = {
        "forged": jwt.encode(claims_of(good), Ed25519PrivateKey.generate(), "EdDSA", headers),
        "signed with the public key as a secret": jwt.encode(claims_of(good), public, "HS256", headers),
        "unsigned": f"{unsigned}.{body}.",
        "no signature": f"{head}.{body}.",
        "for somebody else": signed(aud="another"),
        "by somebody else": signed(iss="another"),
        "for ever": signed(exp=None),
        "without a session": signed(sid=None),
        "without an organization": signed(org=None),
        "a service's role": signed(role="system"),
        "nobody's role": signed(role="anonymous"),
        "no role there is": signed(role="owner"),
        "no key of identity's": jwt.encode(claims_of(good), access_key, "EdDSA", {"kid": "unknown"}),
        "no token at all": "x" * 300,
        "not even ASCII": "é.ü.ß",
        "nothing": "..",
    }
    for why, token in refused.items():
        with pytest.raises(Unauthenticated) as error:
            await authenticator.principal(token)
        assert error.value.reason == "ACCESS_TOKEN_INVALID", why


async def test_an_ended_token_is_refused_also_from_memory(
    admin: Any, authenticator: Authenticator, access_key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = admin.tokens["accessToken"]
    ended = jwt.encode(
        claims_of(good, exp=int(time.time()) - 1), access_key, "EdDSA", {"kid": key_id_of(good)}
    )
    with pytest.raises(Unauthenticated) as error:
        await authenticator.principal(ended)
    assert error.value.reason == "ACCESS_TOKEN_EXPIRED"

    await authenticator.principal(good)
    later = time.time() + 3600
    monkeypatch.setattr(authentication.time, "time", lambda: later)
    with pytest.raises(Unauthenticated) as error:
        await authenticator.principal(good)
    assert error.value.reason == "ACCESS_TOKEN_EXPIRED"


async def test_unknown_keys_are_asked_for_once_in_a_while(admin: Any, authenticator: Authenticator) -> None:
    good = admin.tokens["accessToken"]
    await authenticator.principal(good)
    before = fetches()
    stranger = Ed25519PrivateKey.generate()
    for number in range(20):
        token = jwt.encode(claims_of(good), stranger, "EdDSA", {"kid": f"unknown-{number}"})
        with pytest.raises(Unauthenticated):
            await authenticator.principal(token)
    assert fetches() - before <= 1


async def test_tokens_over_http(admin: Any, anybody: httpx.AsyncClient) -> None:
    me = "/api/auth/me"
    problem(await anybody.get(me), 401, "SIGN_IN_REQUIRED")
    for value in ("Basic YTpi", "Bearer"):
        problem(await anybody.get(me, headers={"Authorization": value}), 401, "SIGN_IN_REQUIRED")
    refused = await anybody.get(me, headers={"Authorization": "Bearer nonsense"})
    problem(refused, 401, "ACCESS_TOKEN_INVALID")
    assert refused.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    cookie = {"Cookie": f"other=1; {cookies.ACCESS}={admin.tokens['accessToken']}"}
    assert (await anybody.get(me, headers=cookie)).status_code == 200


async def test_logging_out_ends_the_session_at_once(admin: Any) -> None:
    assert (await admin.client.post("/api/auth/logout")).json() == {"sessionsEnded": 1}
    problem(await admin.client.get("/api/auth/me"), 401, "SESSION_REVOKED")


async def test_a_role_that_may_not_is_refused_before_the_service_is_asked(
    admin: Any, anybody: httpx.AsyncClient
) -> None:
    invited = await admin.client.post(
        "/api/members/invite", json={"email": "bob@example.com", "role": "staff"}
    )
    assert invited.status_code == 201, invited.text
    joined = await anybody.post(
        "/api/auth/accept-invitation",
        headers={"X-Auth-Mode": "bearer"},
        json={
            "token": invited.json()["token"],
            "password": "correct horse battery staple",
            "firstName": "Bob",
            "lastName": "B",
        },
    )
    assert joined.status_code == 201, joined.text
    assert joined.json()["user"]["role"] == "staff"
    as_bob = {"Authorization": f"Bearer {joined.json()['tokens']['accessToken']}"}
    for method, path, body in (
        ("POST", "/api/members/invite", {"email": "eve@example.com", "role": "admin"}),
        ("DELETE", f"/api/documents/{'0' * 24}", None),
        ("GET", "/api/billing/ledger", None),
    ):
        reply = await anybody.request(method, path, json=body, headers=as_bob)
        problem(reply, 403, "ROLE_NOT_ALLOWED")
    assert (await anybody.get("/api/billing/credits", headers=as_bob)).status_code == 200


ORIGINS = frozenset({"http://localhost:5173"})
SAME = {"host": "api.example", "origin": "https://api.example"}


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}),
        ("POST", {"sec-fetch-site": "same-origin"}),
        ("POST", SAME),
        ("DELETE", {"host": "localhost:5000", "origin": "http://localhost:5000"}),
        (
            "POST",
            {"host": "localhost:5000", "origin": "http://localhost:5173", "sec-fetch-site": "same-site"},
        ),
    ],
)
def test_our_own_pages_may(method: str, headers: dict[str, str]) -> None:
    authentication.refuse_cross_site(scope_of(method, headers), ORIGINS)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "api.example"},
        {"host": "api.example", "origin": "https://evil.example"},
        {"host": "api.example", "origin": "https://api.example.evil.example"},
        {"host": "api.example", "origin": "null"},
        {"host": "", "origin": "null"},
        {"origin": "null"},
        {"host": "api.example", "sec-fetch-site": "cross-site"},
        {"host": "api.example", "sec-fetch-site": "same-site"},
        {"host": "api.example", "sec-fetch-site": "none"},
        {"host": "localhost:5000", "origin": "http://localhost:5174"},
        {"host": "localhost:5000", "origin": "http://localhost"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_pages_of_others_may_not(method: str, headers: dict[str, str]) -> None:
    with pytest.raises(PermissionDenied) as error:
        authentication.refuse_cross_site(scope_of(method, headers), ORIGINS)
    assert error.value.reason == "CSRF"


def scope_of(method: str, headers: dict[str, str]) -> dict[str, Any]:
    return {"method": method, "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}


async def test_cross_site_requests_over_http(admin: Any, anybody: httpx.AsyncClient) -> None:
    cookie = {"Cookie": f"{cookies.ACCESS}={admin.tokens['accessToken']}"}
    evil = {**cookie, "Origin": "https://evil.example"}
    for method, path in (
        ("POST", "/api/auth/logout"),
        ("POST", "/api/documents/upload"),
        ("DELETE", f"/api/documents/{'0' * 24}"),
    ):
        problem(await anybody.request(method, path, headers=evil), 403, "CSRF")
        problem(await anybody.request(method, path, headers=cookie), 403, "CSRF")
    # A stranger's page may not sign its visitor in to an account of its own either.
    body = {"email": admin.email, "password": "x"}
    sneaky = {"Origin": "https://evil.example"}
    problem(await anybody.post("/api/auth/login", json=body, headers=sneaky), 403, "CSRF")
    # A bearer token is nothing that a browser sends by itself.
    bearer = {**admin.client.headers, "Origin": "https://evil.example"}
    assert (await anybody.post("/api/auth/logout", headers=bearer)).status_code == 200
