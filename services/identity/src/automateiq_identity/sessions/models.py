"""Sessions and their tokens, and the rules that need no Redis."""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from automateiq_identity.accounts.models import Organization, User

_SESSION_ID_BYTES = 16
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Policy:
    """How long things last."""

    session_lifetime: timedelta
    refresh_grace: timedelta
    login_attempts: int
    login_window: timedelta


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in of a user on some device."""

    id: str
    user_id: str
    organization_id: str
    role: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """`<session id>.<secret>`: opaque to everybody else, and stored only as a code that it can be checked by."""

    session_id: str
    secret: str = field(repr=False)

    @classmethod
    def first(cls) -> "RefreshToken":
        """The first token of a new session."""
        return cls(secrets.token_hex(_SESSION_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES))

    @classmethod
    def parse(cls, text: str) -> "RefreshToken | None":
        """The token in the text, or None where it holds none."""
        session_id, dot, secret = text.partition(".")
        well_formed = dot and session_id and secret and session_id.isalnum() and session_id.isascii()
        return cls(session_id, secret) if well_formed else None

    def next(self) -> "RefreshToken":
        """The token that follows in the same session."""
        return RefreshToken(self.session_id, secrets.token_urlsafe(_SECRET_BYTES))

    def stored(self, key: bytes, session: Session) -> str:
        """What is stored of it: an HMAC over the token and whose session it belongs to.

        A plain hash would tell nobody the token, but whoever can write to Redis could make a session of any user by
        storing the hash of a token of their own. Only identity has the key.
        """
        words = (self.session_id, session.user_id, session.organization_id, self.secret)
        return hmac.digest(key, "\x00".join(words).encode(), "sha256").hex()

    def __str__(self) -> str:
        return f"{self.session_id}.{self.secret}"


class Rotation(StrEnum):
    """What became of a refresh token that was shown."""

    # It was the current one, and the next is now.
    ROTATED = "rotated"
    # Another call rotated it within the grace: two tabs.
    RACED = "raced"
    # It was rotated longer ago, so somebody holds a copy: the session has been ended.
    REUSED = "reused"
    # There is no such session.
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class TokenPair:
    """The tokens of a session. `refresh_token` is empty where another call was given the next one."""

    access_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user who has just signed in."""

    user: User
    organization: Organization
    tokens: TokenPair
