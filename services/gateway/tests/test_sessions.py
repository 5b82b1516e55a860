"""Signing in and staying signed in, with cookies and with tokens."""

import asyncio
from http.cookies import SimpleCookie
from typing import Any

import httpx
from automateiq_gateway import cookies
from automateiq_gateway.schemas.auth import Me, Refreshed, SignedIn

from services.gateway.tests.conftest import PASSWORD, problem, registration

OURS = {"Sec-Fetch-Site": "same-origin"}


def cookies_of(reply: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in reply.headers.get_list("set-cookie"):
        found.update(SimpleCookie(line))
    return found


def jar(reply: httpx.Response) -> dict[str, str]:
    """What a browser would send after this reply; httpx keeps no Secure cookie from http://127.0.0.1."""
    return {
        **OURS,
        "Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in cookies_of(reply).items()),
    }


async def sign_in(client: httpx.AsyncClient, email: str = "ada@example.com") -> httpx.Response:
    reply = await client.post("/api/auth/register", json=registration(email), headers=OURS)
    assert reply.status_code == 201, reply.text
    return reply


async def test_a_browser_gets_cookies_and_never_a_token(anybody: httpx.AsyncClient) -> None:
    reply = await sign_in(anybody)
    body = reply.json()
    SignedIn.model_validate(body)
    assert "tokens" not in body
    found = cookies_of(reply)
    assert set(found) == {cookies.ACCESS, cookies.REFRESH}
    for name, morsel in found.items():
        assert name.startswith("__Host-")
        assert morsel["httponly"] and morsel["secure"]
        assert (morsel["path"], morsel["samesite"], morsel["domain"]) == ("/", "lax", "")
        assert morsel.value not in reply.text
    assert 0 < int(found[cookies.ACCESS]["max-age"]) < int(found[cookies.REFRESH]["max-age"])
    me = await anybody.get("/api/auth/me", headers=jar(reply))
    Me.model_validate(me.json())
    assert me.json() == {"user": body["user"], "organization": body["organization"]}


async def test_a_program_gets_tokens_and_no_cookie(anybody: httpx.AsyncClient) -> None:
    await sign_in(anybody)
    reply = await anybody.post(
        "/api/auth/login",
        json={"email": "ada@example.com", "password": PASSWORD},
        headers={"X-Auth-Mode": "bearer"},
    )
    assert reply.status_code == 200
    SignedIn.model_validate(reply.json())
    assert not cookies_of(reply)
    bearer = {"Authorization": f"Bearer {reply.json()['tokens']['accessToken']}"}
    assert (await anybody.get("/api/auth/me", headers=bearer)).status_code == 200


async def test_refresh_by_cookie(anybody: httpx.AsyncClient) -> None:
    signed_in = await sign_in(anybody)
    # A script that asks for tokens, say one that was smuggled into our own page, gets none for a cookie.
    reply = await anybody.post("/api/auth/refresh", headers={**jar(signed_in), "X-Auth-Mode": "bearer"})
    assert reply.status_code == 200, reply.text
    Refreshed.model_validate(reply.json())
    assert set(reply.json()) == {"accessExpiresAt"}
    before, after = cookies_of(signed_in), cookies_of(reply)
    assert set(after) == {cookies.ACCESS, cookies.REFRESH}
    assert after[cookies.REFRESH].value != before[cookies.REFRESH].value
    assert (await anybody.get("/api/auth/me", headers=jar(reply))).status_code == 200


async def test_two_tabs_that_refresh_at_once_stay_signed_in(anybody: httpx.AsyncClient) -> None:
    signed_in = await sign_in(anybody)
    replies = await asyncio.gather(
        *(anybody.post("/api/auth/refresh", headers=jar(signed_in)) for _ in range(2))
    )
    assert [reply.status_code for reply in replies] == [200, 200]
    changed = sorted(sorted(cookies_of(reply)) for reply in replies)
    # The loser gets an access token, and leaves the refresh token that the winner got alone.
    assert changed == sorted([[cookies.ACCESS], sorted([cookies.ACCESS, cookies.REFRESH])])
    for reply in replies:
        assert all(morsel.value for morsel in cookies_of(reply).values())
        assert (await anybody.get("/api/auth/me", headers=jar(reply))).status_code == 200


async def test_a_refresh_that_fails_clears_no_cookie(anybody: httpx.AsyncClient) -> None:
    for shown in (
        {**OURS, "Cookie": f"{cookies.REFRESH}=stale.token"},
        {**OURS, "Cookie": f"{cookies.ACCESS}=x"},
        OURS,
    ):
        reply = await anybody.post("/api/auth/refresh", headers=shown)
        assert reply.status_code == 401
        assert "set-cookie" not in reply.headers


async def test_refresh_by_cookie_is_for_our_own_pages(anybody: httpx.AsyncClient) -> None:
    signed_in = await sign_in(anybody)
    shown = {"Cookie": jar(signed_in)["Cookie"]}
    problem(await anybody.post("/api/auth/refresh", headers=shown), 403, "CSRF")
    evil = {**shown, "Origin": "https://evil.example"}
    problem(await anybody.post("/api/auth/refresh", headers=evil), 403, "CSRF")
    allowed = {**shown, "Origin": "http://localhost:5173", "Sec-Fetch-Site": "same-site"}
    assert (await anybody.post("/api/auth/refresh", headers=allowed)).status_code == 200


async def test_refresh_by_token(admin: Any, anybody: httpx.AsyncClient) -> None:
    shown = {"refreshToken": admin.tokens["refreshToken"]}
    reply = await anybody.post("/api/auth/refresh", json=shown)
    assert reply.status_code == 200, reply.text
    Refreshed.model_validate(reply.json())
    assert not cookies_of(reply)
    bearer = {"Authorization": f"Bearer {reply.json()['tokens']['accessToken']}"}
    assert (await anybody.get("/api/auth/me", headers=bearer)).status_code == 200
    problem(await anybody.post("/api/auth/refresh", json={"refreshToken": "x"}), 401, "REFRESH_INVALID")


async def test_logout_takes_the_cookies_away(anybody: httpx.AsyncClient) -> None:
    signed_in = await sign_in(anybody)
    reply = await anybody.post("/api/auth/logout", headers=jar(signed_in), json={"everywhere": True})
    assert reply.json() == {"sessionsEnded": 1}
    found = cookies_of(reply)
    assert set(found) == {cookies.ACCESS, cookies.REFRESH}
    for morsel in found.values():
        assert (morsel.value, morsel["max-age"], morsel["path"], bool(morsel["secure"])) == (
            "",
            "0",
            "/",
            True,
        )
    problem(await anybody.get("/api/auth/me", headers=jar(signed_in)), 401, "SESSION_REVOKED")
    problem(await anybody.post("/api/auth/refresh", headers=jar(signed_in)), 401, "REFRESH_INVALID")


async def test_the_same_key_registers_once(anybody: httpx.AsyncClient) -> None:
    keyed = {**OURS, "Idempotency-Key": "register-1"}
    body = registration("ada@example.com")
    first = await anybody.post("/api/auth/register", json=body, headers=keyed)
    again = await anybody.post("/api/auth/register", json=body, headers=keyed)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["organization"]["id"] == again.json()["organization"]["id"]
    other = await anybody.post("/api/auth/register", json=registration("eve@example.com"), headers=keyed)
    problem(other, 422, "IDEMPOTENCY_KEY_REUSED")
    plain = await anybody.post("/api/auth/register", json=body, headers=OURS)
    problem(plain, 409, "EMAIL_TAKEN")
    for bad in ("x" * 129, "a b"):
        refused = await anybody.post("/api/auth/register", json=body, headers={"Idempotency-Key": bad})
        assert problem(refused, 422, "VALIDATION_FAILED")["errors"][0]["field"] == "Idempotency-Key"
