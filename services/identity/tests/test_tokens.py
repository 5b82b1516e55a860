import base64
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from automateiq.identity.v1 import sessions_pb2
from automateiq_core import sessions as published
from automateiq_core.testing import write_key_pair
from automateiq_identity.accounts.models import now
from automateiq_identity.sessions.models import Session
from automateiq_identity.sessions.tokens import AccessTokens


def _verified(token: str, jwks: str) -> dict[str, Any]:
    """As the gateway does it."""
    keys = jwt.PyJWKSet.from_json(jwks)
    claims: dict[str, Any] = jwt.decode(
        token,
        keys[jwt.get_unverified_header(token)["kid"]],
        algorithms=[published.ACCESS_TOKEN_ALGORITHM],
        audience=published.ACCESS_TOKEN_AUDIENCE,
        issuer=published.ACCESS_TOKEN_ISSUER,
        options={"require": list(published.ACCESS_TOKEN_CLAIMS)},
    )
    return claims


async def test_an_access_token_says_who_is_calling(identity: Any, nobody: Any) -> None:
    made = await identity.register()
    with nobody():
        jwks = (await identity.sessions.GetSigningKeys(sessions_pb2.GetSigningKeysRequest())).jwks
    claims = _verified(made.tokens.access_token, jwks)
    assert set(claims) == set(published.ACCESS_TOKEN_CLAIMS)
    assert (claims["sub"], claims["org"], claims["role"]) == (made.user.id, made.organization.id, "admin")
    assert claims["sid"] == made.tokens.refresh_token.split(".")[0]
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert claims["exp"] == made.tokens.access_expires_at.seconds


def test_the_key_id_is_the_thumbprint_of_rfc_7638(signing_key: Path) -> None:
    jwks = json.loads(AccessTokens.from_files(signing_key, timedelta(minutes=15)).jwks)
    (key,) = jwks["keys"]
    canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{key["x"]}"}}'
    digest = base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=")
    assert key["kid"] == digest.decode()
    assert (key["use"], key["alg"]) == ("sig", "EdDSA")
    assert "d" not in key, "the private part stays at home"


def test_the_thumbprint_agrees_with_rfc_8037() -> None:
    """Appendix A.3 of RFC 8037 gives the thumbprint of a known Ed25519 key."""
    from automateiq_identity.sessions.tokens import _jwk
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "="))
    assert _jwk(key)["kid"] == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_tokens_of_the_key_before_are_good_after_a_rotation(tmp_path: Path) -> None:
    for name in ("before", "after"):
        write_key_pair(tmp_path, name)
    at = now()
    session = Session("s", "u", "o", "staff", at, at)
    lifetime = timedelta(minutes=15)
    token, _ = AccessTokens.from_files(tmp_path / "before.pem", lifetime).issue(session, at)
    alone = AccessTokens.from_files(tmp_path / "after.pem", lifetime)
    with pytest.raises(KeyError):
        _verified(token, alone.jwks)
    both = AccessTokens.from_files(tmp_path / "after.pem", lifetime, tmp_path / "public")
    assert _verified(token, both.jwks)["sid"] == "s"
    assert len(json.loads(both.jwks)["keys"]) == 2, (
        "the own key is there once, also where its file is in the folder"
    )
    fresh, _ = both.issue(session, at)
    assert jwt.get_unverified_header(fresh)["kid"] == json.loads(alone.jwks)["keys"][0]["kid"]


def test_a_derived_key_tells_nothing_of_another(signing_key: Path) -> None:
    tokens = AccessTokens.from_files(signing_key, timedelta(minutes=15))
    assert tokens.derived_key("one") == tokens.derived_key("one") != tokens.derived_key("two")


def test_a_key_of_another_kind_is_refused_at_the_start(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    with pytest.raises(ValueError, match="no Ed25519 private key"):
        AccessTokens.from_files(tmp_path / "key.pem", timedelta(minutes=15))
