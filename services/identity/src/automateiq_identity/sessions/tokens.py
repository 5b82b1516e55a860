"""Issues access tokens and publishes the keys they are verified with."""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import jwt
from automateiq_core import sessions
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from automateiq_identity.sessions.models import Session


class AccessTokens:
    """Signs with one Ed25519 key; publishes it together with the keys before and after it."""

    def __init__(
        self, key: Ed25519PrivateKey, lifetime: timedelta, further_keys: Iterable[Ed25519PublicKey] = ()
    ) -> None:
        self._key = key
        self._lifetime = lifetime
        published = {jwk["kid"]: jwk for jwk in map(_jwk, (key.public_key(), *further_keys))}
        self._key_id = next(iter(published))
        self.jwks = json.dumps({"keys": list(published.values())})

    @classmethod
    def from_files(cls, key: Path, lifetime: timedelta, further_keys: Path | None = None) -> "AccessTokens":
        """Reads the private key (PKCS#8 PEM) and the folder with `*.pub.pem` of further published keys."""
        further = sorted(further_keys.glob("*.pub.pem")) if further_keys is not None else []
        return cls(_private_key(key), lifetime, [_public_key(path) for path in further])

    def issue(self, session: Session, at: datetime) -> tuple[str, datetime]:
        """A token for the session's user, and when it ends."""
        issued = int(at.timestamp())
        ends = issued + int(self._lifetime.total_seconds())
        claims = {
            "iss": sessions.ACCESS_TOKEN_ISSUER,
            "aud": sessions.ACCESS_TOKEN_AUDIENCE,
            "sub": session.user_id,
            sessions.CLAIM_ORGANIZATION: session.organization_id,
            sessions.CLAIM_ROLE: session.role,
            sessions.CLAIM_SESSION: session.id,
            "iat": issued,
            "exp": ends,
            "jti": secrets.token_hex(16),
        }
        token = jwt.encode(
            claims, self._key, algorithm=sessions.ACCESS_TOKEN_ALGORITHM, headers={"kid": self._key_id}
        )
        return token, datetime.fromtimestamp(ends, at.tzinfo)

    def derived_key(self, purpose: str) -> bytes:
        """A 256-bit key for another purpose, which tells nothing of the signing key (HKDF, RFC 5869)."""
        derivation = HKDF(SHA256(), length=32, salt=None, info=f"automateiq-identity/{purpose}".encode())
        return derivation.derive(self._key.private_bytes_raw())


def _private_key(path: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 private key")
    return key


def _public_key(path: Path) -> Ed25519PublicKey:
    key = load_pem_public_key(path.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{path} holds no Ed25519 public key")
    return key


def _jwk(key: Ed25519PublicKey) -> dict[str, str]:
    """The key as a JWK (RFC 8037), its id the thumbprint of RFC 7638: SHA-256 of the required members, sorted."""
    required = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(key.public_bytes_raw())}
    canonical = json.dumps(required, sort_keys=True, separators=(",", ":"))
    thumbprint = _base64url(hashlib.sha256(canonical.encode()).digest())
    return {**required, "kid": thumbprint, "use": "sig", "alg": sessions.ACCESS_TOKEN_ALGORITHM}


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
