"""Signing in, staying signed in, signing out."""

import math
from dataclasses import replace
from datetime import datetime

import structlog
from automateiq_core import context
from automateiq_core.errors import (
    InvalidInput,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
)

from automateiq_identity.accounts.engine import Passwords
from automateiq_identity.accounts.models import Member, Organization, User, normalized_email, now
from automateiq_identity.accounts.store import AccountsStore
from automateiq_identity.sessions.models import (
    Policy,
    RefreshToken,
    Rotation,
    Session,
    SignedIn,
    TokenPair,
)
from automateiq_identity.sessions.store import SessionStore
from automateiq_identity.sessions.tokens import AccessTokens

_log = structlog.get_logger(__name__)


class SessionsService:
    """The use cases of sessions."""

    def __init__(
        self,
        store: SessionStore,
        accounts: AccountsStore,
        passwords: Passwords,
        access_tokens: AccessTokens,
        policy: Policy,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._passwords = passwords
        self._access_tokens = access_tokens
        self._policy = policy

    async def login(self, email: str, password: str) -> SignedIn:
        """Signs a user in. An unknown address costs the same work, and gets the same answer, as a wrong password.

        Raises:
            Unauthenticated: wrong address or password (CREDENTIALS_INVALID).
            ResourceExhausted: too many wrong passwords for this address (LOGIN_LOCKED).
            PermissionDenied: the account or its organization is switched off.
        """
        address = _address(email)
        credentials = await self._accounts.credentials_of(address)
        await self._count_attempt(address)
        verdict = await self._passwords.verify(password, credentials.password_hash if credentials else None)
        if credentials is None or not verdict.right:
            raise _credentials_invalid()
        await self._store.forget_attempts(address)
        user = credentials.user
        member = await self._accounts.member(user.organization_id, user.id)
        if member is None:
            raise _credentials_invalid()
        _require_active(member)
        if verdict.upgraded_hash is not None:
            await self._accounts.replace_password_hash(credentials, verdict.upgraded_hash)
        return await self.open(member.user, member.organization)

    async def open(self, user: User, organization: Organization) -> SignedIn:
        """Opens a session for a user who has just proven to be one."""
        at = now()
        seen = await self._accounts.record_sign_in(user, at)
        if seen is None:
            raise _credentials_invalid()
        token = RefreshToken.first()
        session = Session(
            id=token.session_id,
            user_id=user.id,
            organization_id=user.organization_id,
            role=seen.role,
            created_at=at,
            expires_at=at + self._policy.session_lifetime,
        )
        await self._store.add(session, token)
        return SignedIn(seen, organization, self._pair(session, str(token), at))

    async def refresh(self, text: str) -> TokenPair:
        """The next pair of tokens for a refresh token, with the role the user has now.

        Raises:
            Unauthenticated: there is no such session (REFRESH_INVALID), or it was ended here and now, because the
                token was used before or the account is switched off (SESSION_REVOKED).
        """
        shown = RefreshToken.parse(text)
        session = await self._store.find(shown.session_id) if shown is not None else None
        if shown is None or session is None:
            raise _refresh_invalid()
        member = await self._accounts.member(session.organization_id, session.user_id)
        if member is None or not (member.user.is_active and member.organization.is_active):
            await self._store.end(session.user_id, session.id)
            raise Unauthenticated(
                "SESSION_REVOKED", "This account is switched off. Ask an admin of your organization."
            )
        return await self._rotated(session, member.user, shown)

    async def _rotated(self, session: Session, user: User, shown: RefreshToken) -> TokenPair:
        at, fresh = now(), shown.next()
        renewed = replace(session, role=user.role, expires_at=at + self._policy.session_lifetime)
        # What may fail comes first: a rotation whose answer gets lost costs the user the session.
        await self._accounts.record_activity(user, at)
        await self._store.index(renewed.user_id, renewed.id, renewed.expires_at)
        match await self._store.rotate(renewed, shown, fresh, self._policy.refresh_grace):
            case Rotation.ROTATED:
                return self._pair(renewed, str(fresh), at)
            case Rotation.RACED:
                return self._pair(renewed, "", at)
            case Rotation.GONE:
                raise _refresh_invalid()
            case Rotation.REUSED:
                _log.warning("refresh token reused", session_id=session.id, user_id=session.user_id)
                await self._store.end(session.user_id, session.id)
                raise Unauthenticated(
                    "SESSION_REVOKED",
                    "This session was ended, because its refresh token was used twice. Sign in again.",
                )

    async def logout(self, *, everywhere: bool) -> int:
        """Ends the calling session, or all sessions of the user; gives how many were ended."""
        caller = context.current()
        if everywhere:
            return await self._store.end_all(caller.user_id)
        return await self._store.end(caller.user_id, caller.session_id)

    def signing_keys(self) -> str:
        """The public keys of access tokens, as a JSON Web Key Set."""
        return self._access_tokens.jwks

    async def _count_attempt(self, address: str) -> None:
        wait = await self._store.count_attempt(
            address, self._policy.login_attempts, self._policy.login_window
        )
        if wait:
            seconds = math.ceil(wait.total_seconds())
            raise ResourceExhausted(
                "LOGIN_LOCKED",
                f"Too many attempts to sign in with this address. Try again in {math.ceil(seconds / 60)} minutes.",
                retryAfterSeconds=str(seconds),
            )

    def _pair(self, session: Session, refresh_token: str, at: datetime) -> TokenPair:
        access_token, access_expires_at = self._access_tokens.issue(session, at)
        return TokenPair(access_token, access_expires_at, refresh_token, session.expires_at)


def _address(email: str) -> str:
    try:
        return normalized_email(email)
    except InvalidInput:
        # Nobody has such an address, but to say so would tell it from a wrong password.
        return email.strip().lower()


def _require_active(member: Member) -> None:
    if not member.organization.is_active:
        raise PermissionDenied(
            "ORGANIZATION_INACTIVE", "Your organization is switched off. Write to our support."
        )
    if not member.user.is_active:
        raise PermissionDenied(
            "ACCOUNT_INACTIVE", "Your account is switched off. Ask an admin of your organization."
        )


def _credentials_invalid() -> Unauthenticated:
    return Unauthenticated("CREDENTIALS_INVALID", "The e-mail address or the password is wrong. Try again.")


def _refresh_invalid() -> Unauthenticated:
    return Unauthenticated("REFRESH_INVALID", "This session has ended. Sign in again.")
