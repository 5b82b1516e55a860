import pytest
from automateiq_core.errors import InvalidInput
from automateiq_identity.accounts.models import (
    Credentials,
    Role,
    User,
    check_password,
    normalized_email,
    now,
    slug_of,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Engines Ltd", "engines-ltd"),
        ("  Müller & Söhne GmbH ", "muller-sohne-gmbh"),
        ("Straße 7", "strasse-7"),
        ("株式会社", "organization"),
        ("---", "organization"),
        ("a" * 200, "a" * 60),
        ("a" * 59 + " b", "a" * 59),
    ],
)
def test_slugs(name: str, slug: str) -> None:
    assert slug_of(name) == slug


@given(st.text(max_size=200))
def test_any_name_gives_a_clean_slug(name: str) -> None:
    slug = slug_of(name)
    assert slug
    assert all(part.isalnum() and part.isascii() and part == part.lower() for part in slug.split("-"))


@pytest.mark.parametrize(
    ("written", "known_as"),
    [
        (" Ada@Example.COM ", "ada@example.com"),
        ("ada@xn--bcher-kva.example", "ada@bücher.example"),
        ("ada@BÜCHER.example", "ada@bücher.example"),
        ("ada@shop.test", "ada@shop.test"),
    ],
)
def test_addresses(written: str, known_as: str) -> None:
    assert normalized_email(written) == known_as
    assert normalized_email(known_as) == known_as


@pytest.mark.parametrize(
    "text", ["", "ada", "ada@", "@example.com", "ada@localhost", "a b@example.com", "ada@x..y"]
)
def test_no_addresses(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        normalized_email(text)
    assert refused.value.reason == "EMAIL_INVALID"


@pytest.mark.parametrize(
    "password",
    [
        "aaaaaaaaaa",
        "abcabcabcabc",
        "0987654321",
        "abcdefghijkl",
        "zyxwvutsrqpo",
        "Password123",
        "QWERTYUIOP",
        "short",
    ],
)
def test_weak_passwords(password: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_password(password, "ada@example.com")
    assert refused.value.reason == "PASSWORD_WEAK"


@pytest.mark.parametrize("password", ["correct horse", "пароль из слов", "x" * 9 + "y", "ada@example.com!"])
def test_passwords_that_will_do(password: str) -> None:
    check_password(password, "ada@example.com")


def test_a_hash_is_in_no_repr() -> None:
    user = User("1", "a@example.com", "A", "B", "2", Role.STAFF, now(), now())
    assert "$argon2id" not in repr(Credentials(user, "$argon2id$..."))
    assert not hasattr(user, "password")
