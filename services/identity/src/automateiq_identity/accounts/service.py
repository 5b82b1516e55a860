"""Registering, inviting, accepting; and who is calling."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from automateiq_core import context
from automateiq_core.errors import (
    AlreadyExists,
    Conflict,
    InvalidInput,
    NotFound,
    PermissionDenied,
    Unauthenticated,
)
from automateiq_core.idempotency import new_id

from automateiq_identity.accounts.engine import InvitationTokens, Passwords, token_hash
from automateiq_identity.accounts.models import (
    Invitation,
    Member,
    Organization,
    Role,
    User,
    check_password,
    normalized_email,
    now,
    slug_of,
)
from automateiq_identity.accounts.store import AccountsStore, Clash
from automateiq_identity.sessions.models import SignedIn
from automateiq_identity.sessions.service import SessionsService

_SLUG_SUFFIXES = 5


@dataclass(frozen=True, slots=True)
class Registration:
    """What somebody registers with."""

    email: str
    password: str = field(repr=False)
    first_name: str
    last_name: str
    organization_name: str
    industry: str = ""
    company_size: str = ""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What somebody accepts an invitation with."""

    token: str = field(repr=False)
    password: str = field(repr=False)
    first_name: str
    last_name: str


class AccountsService:
    """The use cases of accounts.

    A repeated call is known by the ids its key gives (`new_id`): where the first call left its user behind, the
    repeated one signs that user in, so it must show the same password.
    """

    def __init__(
        self,
        store: AccountsStore,
        sessions: SessionsService,
        passwords: Passwords,
        invitation_tokens: InvitationTokens,
        *,
        invitation_lifetime: timedelta,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._passwords = passwords
        self._invitation_tokens = invitation_tokens
        self._invitation_lifetime = invitation_lifetime

    async def register(self, form: Registration) -> SignedIn:
        """Makes an organization and its first user, an admin, and signs that user in.

        Raises:
            AlreadyExists: the address has an account (EMAIL_TAKEN).
            InvalidInput: the address is none, or the password too weak.
        """
        email = normalized_email(form.email)
        check_password(form.password, email)
        user_id, organization_id = str(new_id()), str(new_id())
        before = await self._registered_before(user_id, email, form.password)
        if before is not None:
            return before
        at = now()
        user = User(
            id=user_id,
            email=email,
            first_name=form.first_name.strip(),
            last_name=form.last_name.strip(),
            organization_id=organization_id,
            role=Role.ADMIN,
            created_at=at,
            updated_at=at,
        )
        password_hash = await self._passwords.hash(form.password)
        for slug in _slugs(form.organization_name):
            organization = Organization(
                id=organization_id,
                name=form.organization_name.strip(),
                slug=slug,
                industry=form.industry.strip(),
                company_size=form.company_size.strip(),
                created_at=at,
                updated_at=at,
            )
            clash = await self._store.add_organization(organization, user, password_hash)
            if clash is None:
                return await self._sessions.open(user, organization)
            if clash is not Clash.SLUG:
                before = await self._registered_before(user_id, email, form.password)
                if before is None:
                    raise _key_reused()
                return before
        raise Conflict("CONCURRENT_CHANGE", "Many organizations of this name are being made. Try again.")

    async def _registered_before(self, user_id: str, email: str, password: str) -> SignedIn | None:
        credentials = await self._store.credentials_of(email)
        if credentials is None:
            return None
        if credentials.user.id != user_id:
            raise _email_taken()
        try:
            return await self._sessions.login(email, password)
        except Unauthenticated:
            raise _email_taken() from None

    async def me(self) -> Member:
        """The calling user and the user's organization.

        Raises:
            Unauthenticated: the user is gone (SIGN_IN_REQUIRED).
        """
        caller = context.current()
        member = await self._store.member(caller.tenant(), caller.user_id)
        if member is None:
            raise Unauthenticated("SIGN_IN_REQUIRED", "This account is no longer there. Sign in again.")
        return member

    async def invite_member(self, email: str, role: Role) -> tuple[Invitation, str]:
        """Invites somebody into the calling organization, in place of an earlier invitation of the same address.

        Returns:
            The invitation and its token, which nobody can read again.

        Raises:
            AlreadyExists: the address has an account (EMAIL_TAKEN).
            InvalidInput: the address is none.
        """
        address = normalized_email(email)
        caller = context.current()
        invitation_id = str(new_id())
        token = self._invitation_tokens.make(invitation_id)
        before = await self._store.own_invitation(invitation_id)
        if before is not None:
            if (before.email, before.role) != (address, role):
                raise _key_reused()
            return before, token
        if await self._store.is_email_taken(address):
            raise _email_taken()
        at = now()
        invitation = Invitation(
            id=invitation_id,
            organization_id=caller.tenant(),
            email=address,
            role=role,
            invited_by=caller.user_id,
            created_at=at,
            expires_at=at + self._invitation_lifetime,
        )
        if await self._store.add_invitation(invitation, token_hash(token)) is not None:
            raise Conflict(
                "CONCURRENT_CHANGE", "Somebody invited the same address at this moment. Try again."
            )
        return invitation, token

    async def accept_invitation(self, form: Acceptance) -> SignedIn:
        """Makes the invited user, a member of the inviting organization, and signs that user in.

        Raises:
            NotFound: the invitation was used, replaced, has expired or never was (INVITATION_INVALID).
            AlreadyExists: the address got an account meanwhile (EMAIL_TAKEN).
            InvalidInput: the password is too weak.
        """
        user_id = str(new_id())
        invitation_id = form.token.partition(".")[0]
        invitation = await self._store.invitation_with_token(invitation_id, token_hash(form.token))
        if invitation is None:
            raise _invitation_invalid()
        if invitation.accepted_by == user_id:
            return await self._accepted_before(invitation, form.password)
        at = now()
        organization = await self._store.organization(invitation.organization_id)
        if organization is None or not invitation.is_open(at):
            raise _invitation_invalid()
        if not organization.is_active:
            raise PermissionDenied(
                "ORGANIZATION_INACTIVE",
                "The organization that invited you is switched off. Ask who invited you.",
            )
        check_password(form.password, invitation.email)
        user = User(
            id=user_id,
            email=invitation.email,
            first_name=form.first_name.strip(),
            last_name=form.last_name.strip(),
            organization_id=invitation.organization_id,
            role=invitation.role,
            created_at=at,
            updated_at=at,
        )
        password_hash = await self._passwords.hash(form.password)
        match await self._store.accept_invitation(invitation, user, password_hash, at):
            case None:
                return await self._sessions.open(user, organization)
            case Clash.EMAIL:
                raise _email_taken()
            case Clash.INVITATION:
                raise _invitation_invalid()
            case _:
                raise _key_reused()

    async def _accepted_before(self, invitation: Invitation, password: str) -> SignedIn:
        try:
            return await self._sessions.login(invitation.email, password)
        except Unauthenticated:
            raise _invitation_invalid() from None


def _slugs(name: str) -> Iterator[str]:
    """The slug of a name, then the same with suffixes that are hardly taken."""
    slug = slug_of(name)
    yield slug
    for _ in range(_SLUG_SUFFIXES):
        yield f"{slug}-{secrets.token_hex(3)}"


def _email_taken() -> AlreadyExists:
    return AlreadyExists(
        "EMAIL_TAKEN", "This e-mail address has an account already. Sign in with it, or take another address."
    )


def _invitation_invalid() -> NotFound:
    return NotFound(
        "INVITATION_INVALID",
        "This invitation was used, replaced or has expired. Ask the person who invited you for a new one.",
    )


def _key_reused() -> InvalidInput:
    # Core forgets a key after a day; the ids it gave are still there.
    return InvalidInput(
        "IDEMPOTENCY_KEY_REUSED",
        "This idempotency key was used for another request. Take a new key for a new request.",
    )
