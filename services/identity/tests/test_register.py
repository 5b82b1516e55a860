import asyncio
from typing import Any

import pytest
from automateiq.identity.v1 import accounts_pb2
from automateiq_core.errors import AlreadyExists, InvalidInput, Unavailable
from automateiq_core.idempotency import Idempotency
from automateiq_core.mongo import Mongo


async def test_a_registration_makes_an_admin_and_an_organization(identity: Any) -> None:
    made = await identity.register("Ada@Example.COM", industry="Machines", company_size="1-10")
    assert made.user.email == "ada@example.com"
    assert made.user.role == accounts_pb2.ROLE_ADMIN
    assert made.user.is_active
    assert not made.user.is_email_verified
    assert made.user.login_count == 1
    assert made.user.HasField("last_login_at")
    assert made.user.organization_id == made.organization.id
    assert (made.organization.slug, made.organization.industry) == ("engines-ltd", "Machines")
    assert made.user.preferences.timezone == "UTC"
    me = await identity.me(made.tokens)
    assert (me.user, me.organization) == (made.user, made.organization)


async def test_an_address_has_one_account_however_it_is_written(identity: Any) -> None:
    await identity.register("ada@example.com")
    with pytest.raises(AlreadyExists) as refused:
        await identity.register("ADA@example.com", organization_name="Another")
    assert refused.value.reason == "EMAIL_TAKEN"


async def test_of_two_registrations_at_once_one_wins(parts: Any) -> None:
    results = await asyncio.gather(
        *(parts.register(name=f"Engines {number}") for number in range(6)), return_exceptions=True
    )
    won = [result for result in results if not isinstance(result, BaseException)]
    lost = [result for result in results if isinstance(result, BaseException)]
    assert len(won) == 1
    assert {type(error) for error in lost} == {AlreadyExists}
    async with parts.change("organizations") as organizations, parts.change("users") as users:
        assert await users.count({}) == 1
        assert await organizations.count({}) == 1, "a refused registration leaves no organization behind"


async def test_same_name_gets_another_slug(parts: Any) -> None:
    results = await asyncio.gather(*(parts.register(f"ada{number}@example.com") for number in range(4)))
    slugs = {result.organization.slug for result in results}
    assert len(slugs) == 4
    assert "engines-ltd" in slugs
    assert all(slug.startswith("engines-ltd") for slug in slugs)


async def test_a_repeated_registration_signs_in_again(identity: Any) -> None:
    first = await identity.register(request_id="the-same-key")
    again = await identity.register(request_id="the-same-key")
    assert (again.user.id, again.organization) == (first.user.id, first.organization)
    assert again.tokens.refresh_token != first.tokens.refresh_token
    for tokens in (first.tokens, again.tokens):
        assert (await identity.refresh(tokens.refresh_token)).refresh_token


async def test_a_registration_whose_answer_was_lost_is_finished_by_the_repeat(
    make_parts: Any, parts: Any, nobody: Any
) -> None:
    """The user is written, then Redis is away: the same key gets in once Redis is back."""
    without_redis = await make_parts(redis="redis://127.0.0.1:1/0")
    with nobody(), pytest.raises(Unavailable) as failed:
        await _keyed(parts.idempotency, "key", without_redis.register)
    assert failed.value.reason == "SESSIONS_UNAVAILABLE"
    with nobody():
        done = await _keyed(parts.idempotency, "key", parts.register)
    async with parts.change("users") as users:
        assert [str(row["_id"]) for row in await users.find({}, limit=9)] == [done.user.id]


async def test_a_forgotten_key_with_another_request_is_refused(parts: Any, nobody: Any, mongo: Mongo) -> None:
    """After a day core forgets the key, but the rows with its ids are still there."""
    with nobody():
        await _keyed(parts.idempotency, "key", parts.register)
        for request, email in ((b"other", "eve@example.com"), (b"another", "bob@example.com")):
            await mongo.across_tenants("idempotency", why="a day passes").delete_many({})
            with pytest.raises(InvalidInput) as refused:
                await _keyed(parts.idempotency, "key", lambda email=email: parts.register(email), request)
            assert refused.value.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_a_repeat_with_another_password_does_not_sign_in(parts: Any, nobody: Any, mongo: Mongo) -> None:
    from automateiq_identity.accounts.service import Registration

    form = Registration("ada@example.com", "another password", "Ada", "Lovelace", "Engines Ltd")
    with nobody():
        await _keyed(parts.idempotency, "key", parts.register)
        await mongo.across_tenants("idempotency", why="a day passes").delete_many({})
        with pytest.raises(AlreadyExists) as refused:
            await _keyed(parts.idempotency, "key", lambda: parts.accounts.register(form), b"other")
    assert refused.value.reason == "EMAIL_TAKEN"


async def _keyed(idempotency: Idempotency, key: str, work: Any, request: bytes = b"request") -> Any:
    result: list[Any] = []

    async def answer() -> bytes:
        result.append(await work())
        return b""

    await idempotency.run("/Register", key, request, answer, keep_answer=False)
    return result[0]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("password", "short", "VALIDATION_FAILED"),
        ("password", "x" * 129, "VALIDATION_FAILED"),
        ("password", "Password1234", "PASSWORD_WEAK"),
        ("password", "1234567890", "PASSWORD_WEAK"),
        ("password", "ABABABABABAB", "PASSWORD_WEAK"),
        ("password", "ada.lovelace@example.com", "PASSWORD_WEAK"),
        ("password", "Ada.Lovelace", "PASSWORD_WEAK"),
        ("email", "no address", "VALIDATION_FAILED"),
        ("email", "ada@localhost", "EMAIL_INVALID"),
        ("organization_name", "", "VALIDATION_FAILED"),
    ],
)
async def test_what_is_refused(identity: Any, field: str, value: str, reason: str) -> None:
    form = {"email": "ada.lovelace@example.com", field: value}
    with pytest.raises(InvalidInput) as refused:
        await identity.register(**form)
    assert refused.value.reason == reason
    assert [violation.field for violation in refused.value.violations] == [field]


async def test_nothing_secret_lies_in_the_database(identity: Any, mongo_uri: str) -> None:
    from pymongo import MongoClient

    made = await identity.register(request_id="key")
    invited = await identity.invite(made.tokens, "grace@example.com", request_id="other key")
    secrets = ["correct horse", made.tokens.refresh_token, made.tokens.access_token, invited.token]
    with MongoClient(mongo_uri) as client:
        ours = [name for name in client.list_database_names() if name.endswith("-identity")]
        rows = [
            repr(row)
            for name in ours
            for collection in client[name].list_collection_names()
            for row in client[name][collection].find()
        ]
    assert any("$argon2id$v=19$m=19456,t=2,p=1$" in row for row in rows)
    assert not [secret for secret in secrets for row in rows if secret in row]
