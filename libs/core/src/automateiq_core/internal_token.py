"""The signed token that one service shows another.

Each caller has an Ed25519 key of its own and signs who is calling, for which service, for a minute. No service
believes plain metadata, and a stolen key of one service can not speak for another: every method names the callers
it takes (`permissions.py`). The request id is no authority and travels beside the token, so that one token serves
all calls of a user to a service for half a minute (docs/decisions/0003).
"""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from automateiq_core.context import CallContext, Role
from automateiq_core.errors import Unauthenticated

METADATA_KEY = "x-automateiq-token"
REQUEST_ID_KEY = "x-request-id"

_ALGORITHM = "EdDSA"
_LIFETIME_SECONDS = 60
_REUSE_SECONDS = 30
_REQUIRED = ["iss", "aud", "iat", "exp", "role"]
# Both caches are emptied when full: simpler than an order of use, and refilled by one signature each.
_CACHE_SIZE = 10_000


class TokenSigner:
    """Signs the tokens of one caller."""

    def __init__(self, caller: str, key: Ed25519PrivateKey) -> None:
        self.caller = caller
        self._key = key
        self._recent: dict[tuple[str, str, str, str, Role, frozenset[str]], tuple[float, str]] = {}

    @classmethod
    def from_file(cls, caller: str, path: Path) -> "TokenSigner":
        """Reads the caller's PKCS#8 PEM key."""
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path} holds no Ed25519 private key")
        return cls(caller, key)

    def secret_for(self, purpose: str) -> bytes:
        """A secret of this service for another purpose (HKDF, RFC 5869); all its replicas derive the same one."""
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"automateiq {purpose}".encode())
        return derive.derive(self._key.private_bytes_raw())

    def sign(self, context: CallContext, audience: str) -> str:
        """A token that lets `audience` act for the context's user and organization."""
        who = (
            audience,
            context.organization_id,
            context.user_id,
            context.session_id,
            context.role,
            context.scopes,
        )
        now = time.time()
        kept = self._recent.get(who)
        if kept is not None and kept[0] > now:
            return kept[1]
        claims = {
            "iss": self.caller,
            "aud": audience,
            "iat": int(now),
            "exp": int(now) + _LIFETIME_SECONDS,
            "org": context.organization_id,
            "sub": context.user_id,
            "sid": context.session_id,
            "role": context.role.value,
            "scopes": sorted(context.scopes),
        }
        token = jwt.encode(claims, self._key, algorithm=_ALGORITHM)
        if len(self._recent) >= _CACHE_SIZE:
            self._recent.clear()
        self._recent[who] = (now + _REUSE_SECONDS, token)
        return token


class TokenVerifier:
    """Checks the tokens shown to one service, the audience, against the public keys of the callers it knows."""

    def __init__(self, audience: str, keys: Mapping[str, Ed25519PublicKey]) -> None:
        self._audience = audience
        self._keys = dict(keys)
        self._recent: dict[str, tuple[float, CallContext]] = {}

    @classmethod
    def from_directory(cls, audience: str, directory: Path) -> "TokenVerifier":
        """Reads `<caller>.pub.pem` of every caller."""
        keys: dict[str, Ed25519PublicKey] = {}
        for path in sorted(directory.glob("*.pub.pem")):
            key = load_pem_public_key(path.read_bytes())
            if not isinstance(key, Ed25519PublicKey):
                raise ValueError(f"{path} holds no Ed25519 public key")
            keys[path.name.removesuffix(".pub.pem")] = key
        if not keys:
            raise ValueError(f"{directory} holds no <caller>.pub.pem")
        return cls(audience, keys)

    def verify(self, token: str) -> CallContext:
        """Who the token speaks for, without request id and deadline.

        Raises:
            Unauthenticated: the token is missing, forged, for another service, or has ended.
        """
        now = time.time()
        kept = self._recent.get(token)
        if kept is not None and kept[0] > now:
            return kept[1]
        claims = self._claims(token)
        context = CallContext(
            caller=claims["iss"],
            role=Role(claims["role"]),
            organization_id=claims.get("org", ""),
            user_id=claims.get("sub", ""),
            session_id=claims.get("sid", ""),
            scopes=frozenset(claims.get("scopes", ())),
        )
        if context.caller == "gateway" and context.role is Role.SYSTEM:
            raise _refused()
        if len(self._recent) >= _CACHE_SIZE:
            self._recent.clear()
        self._recent[token] = (float(claims["exp"]), context)
        return context

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            unproven = jwt.decode(token, options={"verify_signature": False})
            key = self._keys[unproven["iss"]]
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=self._audience,
                options={"require": _REQUIRED},
            )
            Role(claims["role"])
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
            raise _refused() from None
        return claims


def _refused() -> Unauthenticated:
    return Unauthenticated("INTERNAL_TOKEN_INVALID", "The call carries no valid internal token.")
