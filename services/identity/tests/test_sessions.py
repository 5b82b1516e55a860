import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from automateiq_core import sessions as published
from automateiq_core.context import Role
from automateiq_core.errors import PermissionDenied, ResourceExhausted, Unauthenticated, Unavailable
from automateiq_core.mongo import ObjectId
from automateiq_core.testing import calling
from automateiq_identity.sessions.models import RefreshToken

PASSWORD = "correct horse battery"


async def test_login_counts_and_dates_the_sign_in(identity: Any) -> None:
    made = await identity.register()
    back = await identity.login("ADA@example.com ")
    assert back.user.id == made.user.id
    assert back.user.login_count == 2
    assert back.user.last_login_at.ToDatetime() > made.user.last_login_at.ToDatetime()
    assert back.organization == made.organization


async def test_a_password_is_the_same_from_any_keyboard(identity: Any) -> None:
    await identity.register(password="caf\u00e9 au lait noir")
    assert (await identity.login(password="cafe\u0301 au lait noir")).user.email == "ada@example.com"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.com", "wrong password"),
        ("nobody@example.com", PASSWORD),
        ("not an address", PASSWORD),
    ],
)
async def test_a_wrong_address_and_a_wrong_password_look_and_cost_alike(
    parts: Any, nobody: Any, monkeypatch: pytest.MonkeyPatch, email: str, password: str
) -> None:
    await parts.register()
    hasher, verified = parts.passwords._hasher, []
    verify = hasher.verify_and_update

    def counting(password: str, password_hash: str) -> Any:
        verified.append(password_hash)
        return verify(password, password_hash)

    monkeypatch.setattr(hasher, "verify_and_update", counting)
    with nobody(), pytest.raises(Unauthenticated) as refused:
        await parts.sessions.login(email, password)
    assert refused.value.reason == "CREDENTIALS_INVALID"
    assert refused.value.message == "The e-mail address or the password is wrong. Try again."
    assert len(verified) == 1
    assert verified[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_an_older_hash_is_renewed_at_login(parts: Any, nobody: Any) -> None:
    from pwdlib.hashers.argon2 import Argon2Hasher

    await parts.register()
    older = Argon2Hasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    async with parts.change("users") as users:
        await users.update_one({}, {"$set": {"password": older}})
        with nobody():
            await parts.sessions.login("ada@example.com", PASSWORD)
            row = await users.find_one({})
            assert "m=19456,t=2,p=1" in row["password"]
            await parts.sessions.login("ada@example.com", PASSWORD)


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
async def test_guessing_is_slowed_down_also_in_parallel(make_parts: Any, nobody: Any, email: str) -> None:
    parts = await make_parts(attempts=5, window=timedelta(seconds=1.5))
    await parts.register()
    with nobody():
        guesses = await asyncio.gather(
            *(parts.sessions.login(email, f"guess {number}") for number in range(12)),
            return_exceptions=True,
        )
        reasons = [guess.reason for guess in guesses]
        assert (reasons.count("CREDENTIALS_INVALID"), reasons.count("LOGIN_LOCKED")) == (5, 7)
        with pytest.raises(ResourceExhausted) as locked:
            await parts.sessions.login(email, PASSWORD)
        assert 1 <= int(locked.value.metadata["retryAfterSeconds"]) <= 2
        await asyncio.sleep(1.6)
        with pytest.raises(Unauthenticated):
            await parts.sessions.login(email, "after the window")


async def test_a_right_password_starts_the_count_anew(make_parts: Any, nobody: Any) -> None:
    parts = await make_parts(attempts=3)
    await parts.register()
    with nobody():
        for _ in range(3):
            for _ in range(2):
                with pytest.raises(Unauthenticated):
                    await parts.sessions.login("ada@example.com", "wrong password")
            await parts.sessions.login("ada@example.com", PASSWORD)


@pytest.mark.parametrize(
    ("collection", "reason"), [("users", "ACCOUNT_INACTIVE"), ("organizations", "ORGANIZATION_INACTIVE")]
)
async def test_what_is_switched_off_gets_in_no_more(
    parts: Any, nobody: Any, redis: Any, collection: str, reason: str
) -> None:
    made = await parts.register()
    async with parts.change(collection) as rows:
        await rows.update_one({}, {"$set": {"isActive": False}})
    with nobody():
        with pytest.raises(PermissionDenied) as refused:
            await parts.sessions.login("ada@example.com", PASSWORD)
        assert refused.value.reason == reason
        with pytest.raises(Unauthenticated) as wrong:
            await parts.sessions.login("ada@example.com", "wrong password")
        assert wrong.value.reason == "CREDENTIALS_INVALID", "who can not sign in learns nothing"
        with pytest.raises(Unauthenticated) as revoked:
            await parts.sessions.refresh(made.tokens.refresh_token)
    assert revoked.value.reason == "SESSION_REVOKED"
    assert await redis.keys("session:*") == []


async def test_the_session_in_redis_holds_no_secret(parts: Any, redis: Any) -> None:
    made = await parts.register()
    session_id = made.tokens.refresh_token.split(".")[0]
    key = published.session_key(session_id)
    fields = await redis.hgetall(key)
    assert fields["userId"] == made.user.id
    assert fields["organizationId"] == made.organization.id
    assert fields["role"] == "admin"
    assert made.tokens.refresh_token.split(".")[1] not in repr(fields)
    assert await redis.zrange(published.user_sessions_key(made.user.id), 0, -1) == [session_id]
    month = timedelta(days=30) / timedelta(milliseconds=1)
    for lives in (key, published.user_sessions_key(made.user.id)):
        assert month - 60_000 < await redis.pttl(lives) <= month


async def test_a_refresh_token_works_once_and_the_next_one_follows(identity: Any) -> None:
    first = (await identity.register()).tokens
    second = await identity.refresh(first.refresh_token)
    third = await identity.refresh(second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert len({first.access_token, second.access_token, third.access_token}) == 3
    assert third.refresh_expires_at.ToDatetime() > first.refresh_expires_at.ToDatetime()


async def test_two_tabs_that_race_both_stay_signed_in(identity: Any, redis: Any) -> None:
    tokens = (await identity.register()).tokens
    for _ in range(5):
        tabs = await asyncio.gather(*(identity.refresh(tokens.refresh_token) for _ in range(8)))
        rotated = [tab for tab in tabs if tab.refresh_token]
        assert len(rotated) == 1
        for tab in tabs:
            assert (await identity.me(tab)).user.email == "ada@example.com"
        assert len(await redis.keys("session:*")) == 1
        tokens = rotated[0]
    assert (await identity.refresh(tokens.refresh_token)).refresh_token


async def test_a_token_used_again_after_the_grace_ends_the_session(
    make_parts: Any, nobody: Any, redis: Any
) -> None:
    parts = await make_parts(grace=timedelta(milliseconds=200))
    stolen = (await parts.register()).tokens
    with nobody():
        other = await parts.sessions.login("ada@example.com", PASSWORD)
        owner = await parts.sessions.refresh(stolen.refresh_token)
        await asyncio.sleep(0.25)
        with pytest.raises(Unauthenticated) as reused:
            await parts.sessions.refresh(stolen.refresh_token)
        assert reused.value.reason == "SESSION_REVOKED"
        with pytest.raises(Unauthenticated) as ended:
            await parts.sessions.refresh(owner.refresh_token)
        assert ended.value.reason == "REFRESH_INVALID"
        left = [RefreshToken.parse(other.tokens.refresh_token).session_id]
        assert await redis.keys("session:*") == [published.session_key(left[0])]
        assert await redis.zrange(published.user_sessions_key(other.user.id), 0, -1) == left
        assert (await parts.sessions.refresh(other.tokens.refresh_token)).refresh_token


async def test_a_token_from_before_the_last_rotation_ends_the_session_even_within_the_grace(
    parts: Any, nobody: Any, redis: Any
) -> None:
    oldest = (await parts.register()).tokens
    with nobody():
        newer = await parts.sessions.refresh(oldest.refresh_token)
        await parts.sessions.refresh(newer.refresh_token)
        with pytest.raises(Unauthenticated) as reused:
            await parts.sessions.refresh(oldest.refresh_token)
    assert reused.value.reason == "SESSION_REVOKED"
    assert await redis.keys("session:*") == []


async def test_a_rotation_sent_again_by_the_client_library_is_the_same_rotation(parts: Any) -> None:
    made = await parts.register()
    shown = RefreshToken.parse(made.tokens.refresh_token)
    fresh, session = shown.next(), await parts.session_store.find(shown.session_id)
    for _ in range(2):
        assert await parts.session_store.rotate(session, shown, fresh, timedelta(0)) == "rotated"


async def test_a_reuse_ends_the_session_in_the_same_step(parts: Any, redis: Any) -> None:
    """Also a process that dies right after leaves nothing alive."""
    made = await parts.register()
    first = RefreshToken.parse(made.tokens.refresh_token)
    second, third = first.next(), first.next()
    session, none = await parts.session_store.find(first.session_id), timedelta(0)
    assert await parts.session_store.rotate(session, first, second, none) == "rotated"
    assert await parts.session_store.rotate(session, second, third, none) == "rotated"
    assert await parts.session_store.rotate(session, first, first.next(), none) == "reused"
    assert not await redis.exists(published.session_key(first.session_id))
    assert await parts.session_store.rotate(session, third, first.next(), none) == "gone"


async def test_who_can_write_to_redis_can_not_become_somebody_else(identity: Any, redis: Any) -> None:
    victim, eve = await identity.register(), await identity.register("eve@example.com")
    theirs = RefreshToken.parse(victim.tokens.refresh_token)
    session = await redis.hgetall(published.session_key(theirs.session_id))

    plain = {**session, "refreshHash": hashlib.sha256(b"mine").hexdigest()}
    own = await redis.hgetall(published.session_key(RefreshToken.parse(eve.tokens.refresh_token).session_id))
    copied = {**session, "refreshHash": own["refreshHash"], "previousHash": own["refreshHash"]}
    for forged, token in ((plain, f"{'e' * 32}.mine"), (copied, eve.tokens.refresh_token)):
        await redis.hset(published.session_key(token.partition(".")[0]), mapping=forged)
        with pytest.raises(Unauthenticated) as refused:
            await identity.refresh(token)
        assert refused.value.reason == "SESSION_REVOKED"
    assert (await identity.refresh(victim.tokens.refresh_token)).refresh_token


@pytest.mark.parametrize(
    "token", ["x", ".", "a.", ".b", "0" * 32 + ".secret", "../etc.secret", "a:b.c", "ü.c"]
)
async def test_a_token_of_no_session_is_refused(identity: Any, token: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await identity.refresh(token)
    assert refused.value.reason == "REFRESH_INVALID"


async def test_a_session_ends_by_itself(make_parts: Any, nobody: Any, redis: Any) -> None:
    parts = await make_parts(session_lifetime=timedelta(milliseconds=300))
    tokens = (await parts.register()).tokens
    await asyncio.sleep(0.35)
    with nobody(), pytest.raises(Unauthenticated) as ended:
        await parts.sessions.refresh(tokens.refresh_token)
    assert ended.value.reason == "REFRESH_INVALID"
    assert await redis.keys("*session*") == []


async def test_a_refresh_brings_the_role_of_today(parts: Any, nobody: Any, redis: Any) -> None:
    import jwt

    made = await parts.register()
    async with parts.change("users") as users:
        await users.update_one({"_id": ObjectId(made.user.id)}, {"$set": {"role": "staff"}})
    with nobody():
        tokens = await parts.sessions.refresh(made.tokens.refresh_token)
    claims = jwt.decode(tokens.access_token, options={"verify_signature": False})
    assert claims["role"] == "staff"
    assert await redis.hget(published.session_key(claims["sid"]), "role") == "staff"


async def test_logout_ends_this_session_alone(identity: Any, redis: Any) -> None:
    here = (await identity.register()).tokens
    there = (await identity.login()).tokens
    assert await identity.logout(here) == 1
    assert await identity.logout(here) == 0
    with pytest.raises(Unauthenticated):
        await identity.refresh(here.refresh_token)
    assert (await identity.refresh(there.refresh_token)).refresh_token
    assert len(await redis.keys("session:*")) == 1


async def test_logout_everywhere_ends_all_sessions_of_this_user_alone(identity: Any, redis: Any) -> None:
    here = (await identity.register()).tokens
    for _ in range(2):
        await identity.login()
    stranger = (await identity.register("eve@example.com")).tokens
    assert await identity.logout(here, everywhere=True) == 3
    assert len(await redis.keys("session:*")) == 1
    assert (await identity.refresh(stranger.refresh_token)).refresh_token


async def test_without_redis_sessions_are_unavailable_not_broken(
    make_parts: Any, parts: Any, nobody: Any
) -> None:
    made = await parts.register()
    broken = await make_parts(redis="redis://127.0.0.1:1/0")
    with nobody():
        for call in (
            lambda: broken.sessions.login("ada@example.com", PASSWORD),
            lambda: broken.sessions.refresh(made.tokens.refresh_token),
            lambda: broken.register("eve@example.com"),
        ):
            with pytest.raises(Unavailable) as failed:
                await call()
            assert failed.value.reason == "SESSIONS_UNAVAILABLE"
    for everywhere in (False, True):
        with calling(role=Role.STAFF, session_id="s"), pytest.raises(Unavailable) as failed:
            await broken.sessions.logout(everywhere=everywhere)
        assert failed.value.reason == "SESSIONS_UNAVAILABLE"
