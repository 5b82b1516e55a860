"""What turns secrets into what may be stored: passwords by argon2id, invitation tokens by HMAC and SHA-256."""

import asyncio
import base64
import hashlib
import hmac
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

# OWASP's first choice for argon2id (Password Storage Cheat Sheet): 19 MiB, two passes, one lane; 28 ms of CPU.
_MEMORY_KIB, _PASSES, _LANES = 19 * 1024, 2, 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is right, and its hash by today's parameters where the stored one has older ones."""

    right: bool
    upgraded_hash: str | None = field(default=None, repr=False)


class Passwords:
    """Hashes and verifies passwords in threads of its own, so that the event loop stays free."""

    def __init__(self, *, threads: int) -> None:
        self._hasher = PasswordHash(
            (Argon2Hasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES),)
        )
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._nobodys_hash = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """The password's argon2id hash, with a salt of its own."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._hasher.hash, _typed(password))

    async def verify(self, password: str, password_hash: str | None) -> Verdict:
        """Checks the password. Without a hash, for an unknown user, the same work is done and the answer is no."""
        loop = asyncio.get_running_loop()
        right, upgraded = await loop.run_in_executor(
            self._threads,
            self._hasher.verify_and_update,
            _typed(password),
            password_hash or self._nobodys_hash,
        )
        return Verdict(right, upgraded) if right and password_hash else Verdict(False)

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _typed(password: str) -> str:
    # Keyboards differ in how they compose é; NFKC makes them agree (NIST SP 800-63B, 3.1.1.2).
    return unicodedata.normalize("NFKC", password)


class InvitationTokens:
    """Makes the tokens of invitations: `<invitation id>.<secret>`.

    The secret is an HMAC of the id, so that a repeated call gives the same token again although only its SHA-256 is
    stored; without the key neither the id nor the database tells the secret.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, invitation_id: str) -> str:
        """The token of an invitation."""
        mac = hmac.digest(self._key, invitation_id.encode(), "sha256")
        return f"{invitation_id}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def token_hash(token: str) -> str:
    """What is stored of a token. A plain hash is enough: 256 random bits can not be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()
