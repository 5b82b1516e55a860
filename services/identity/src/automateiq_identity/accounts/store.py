"""Every query on users, organizations and invitations.

Who registers, signs in or accepts an invitation belongs to no organization yet. Two lookups therefore go across
tenants, by e-mail address and by invitation id; everything after them is bound to the organization they found.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from automateiq_core import context
from automateiq_core.context import CallContext
from automateiq_core.mongo import Document, DuplicateKeyError, Mongo, ObjectId
from pymongo import ASCENDING, IndexModel

from automateiq_identity.accounts.models import (
    Credentials,
    Invitation,
    InvitationStatus,
    Member,
    Organization,
    Preferences,
    Role,
    User,
)

_KEEP_ENDED_INVITATIONS_SECONDS = 30 * 24 * 3600

# An address has one account in the whole product, and a slug one organization: these two span all tenants.
USERS_GLOBAL_INDEXES = [IndexModel([("email", ASCENDING)], name="email", unique=True)]
ORGANIZATIONS_GLOBAL_INDEXES = [IndexModel([("slug", ASCENDING)], name="slug", unique=True)]
INVITATIONS_INDEXES = [
    IndexModel(
        [("organizationId", ASCENDING), ("email", ASCENDING)],
        name="one_pending_per_address",
        unique=True,
        partialFilterExpression={"status": InvitationStatus.PENDING.value},
    ),
    IndexModel([("expiresAt", ASCENDING)], name="expiry", expireAfterSeconds=_KEEP_ENDED_INVITATIONS_SECONDS),
]


class Clash(StrEnum):
    """What stood in the way of a write that must be unique; nothing was written."""

    ID = "_id"
    EMAIL = "email"
    SLUG = "slug"
    # The invitation was used, replaced or has expired.
    INVITATION = "invitation"


class AccountsStore:
    """The collections `users`, `organizations` and `invitations`."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._users = mongo.tenant("users")
        # An organization's row is owned by itself, so that a member can only reach the own one.
        self._organizations = mongo.tenant("organizations")
        self._invitations = mongo.tenant("invitations")
        self._all_users = mongo.across_tenants(
            "users", why="who signs in is known by address only, and an address has one account in all"
        )
        self._all_invitations = mongo.across_tenants(
            "invitations", why="who accepts an invitation belongs to no organization yet"
        )

    async def ensure_indexes(self) -> None:
        """Creates the collections and their indexes."""
        await self._mongo.ensure_indexes("users", USERS_GLOBAL_INDEXES, tenant=False)
        await self._mongo.ensure_indexes("organizations", ORGANIZATIONS_GLOBAL_INDEXES, tenant=False)
        await self._mongo.ensure_indexes("invitations", INVITATIONS_INDEXES)

    async def credentials_of(self, email: str) -> Credentials | None:
        """The user with this address, in whatever organization, and what the password is checked against."""
        row = await self._all_users.find_one({"email": email})
        return None if row is None else Credentials(_user(row), row["password"])

    async def is_email_taken(self, email: str) -> bool:
        """Whether the address has an account, in whatever organization."""
        return await self._all_users.count({"email": email}, limit=1) > 0

    async def member(self, organization_id: str, user_id: str) -> Member | None:
        """A user of an organization, with the organization."""
        with _acting_for(organization_id):
            user = await self._users.find_one({"_id": ObjectId(user_id)})
            organization = await self._organizations.find_one({"_id": ObjectId(organization_id)})
        if user is None or organization is None:
            return None
        return Member(_user(user), _organization(organization))

    async def organization(self, organization_id: str) -> Organization | None:
        """An organization."""
        with _acting_for(organization_id):
            row = await self._organizations.find_one({"_id": ObjectId(organization_id)})
        return None if row is None else _organization(row)

    async def add_organization(
        self, organization: Organization, admin: User, password_hash: str
    ) -> Clash | None:
        """Adds an organization together with its first user, or says what stands in the way."""

        async def both() -> None:
            await self._organizations.insert_one(_organization_row(organization))
            await self._users.insert_one(_user_row(admin, password_hash))

        return await self._unless_there(organization.id, both)

    async def record_sign_in(self, user: User, at: datetime) -> User | None:
        """Notes that the user signed in; None where the user is gone."""
        seen = {"lastLoginAt": at, "lastActiveAt": at, "updatedAt": at}
        with _acting_for(user.organization_id):
            row = await self._users.find_one_and_update(
                {"_id": ObjectId(user.id)}, {"$set": seen, "$inc": {"loginCount": 1}}
            )
        return None if row is None else _user(row)

    async def record_activity(self, user: User, at: datetime) -> None:
        """Notes that the user was there."""
        with _acting_for(user.organization_id):
            await self._users.update_one({"_id": ObjectId(user.id)}, {"$set": {"lastActiveAt": at}})

    async def replace_password_hash(self, credentials: Credentials, password_hash: str) -> None:
        """Stores the same password under another hash, unless the password was changed meanwhile."""
        user = credentials.user
        with _acting_for(user.organization_id):
            await self._users.update_one(
                {"_id": ObjectId(user.id), "password": credentials.password_hash},
                {"$set": {"password": password_hash}},
            )

    async def own_invitation(self, invitation_id: str) -> Invitation | None:
        """An invitation of the calling organization."""
        row = await self._invitations.find_one({"_id": ObjectId(invitation_id)})
        return None if row is None else _invitation(row)

    async def invitation_with_token(self, invitation_id: str, token_hash: str) -> Invitation | None:
        """The invitation of whatever organization that this id and token belong to."""
        if not ObjectId.is_valid(invitation_id):
            return None
        row = await self._all_invitations.find_one({"_id": ObjectId(invitation_id), "tokenHash": token_hash})
        return None if row is None else _invitation(row)

    async def add_invitation(self, invitation: Invitation, token_hash: str) -> Clash | None:
        """Adds an invitation in place of the pending one for the same address."""

        async def in_place() -> None:
            await self._invitations.update_many(
                {"email": invitation.email, "status": InvitationStatus.PENDING},
                {"$set": {"status": InvitationStatus.REPLACED}},
            )
            await self._invitations.insert_one(_invitation_row(invitation, token_hash))

        return await self._unless_there(invitation.organization_id, in_place)

    async def accept_invitation(
        self, invitation: Invitation, user: User, password_hash: str, at: datetime
    ) -> Clash | None:
        """Uses up the invitation and adds its user, or says what stands in the way."""

        async def both() -> Clash | None:
            used = await self._invitations.update_one(
                {
                    "_id": ObjectId(invitation.id),
                    "status": InvitationStatus.PENDING,
                    "expiresAt": {"$gt": at},
                },
                {"$set": {"status": InvitationStatus.ACCEPTED, "acceptedBy": user.id, "acceptedAt": at}},
            )
            if used.matched == 0:
                return Clash.INVITATION
            await self._users.insert_one(_user_row(user, password_hash))
            return None

        return await self._unless_there(invitation.organization_id, both)

    async def _unless_there(
        self, organization_id: str, work: Callable[[], Awaitable[Clash | None]]
    ) -> Clash | None:
        try:
            with _acting_for(organization_id):
                return await self._mongo.transact(work)
        except DuplicateKeyError as error:
            pattern = (error.details or {}).get("keyPattern", {})
            return Clash(list(pattern)[-1])


def _acting_for(organization_id: str) -> AbstractContextManager[CallContext]:
    return context.use(replace(context.current(), organization_id=organization_id))


def _user(row: Document) -> User:
    liked = row["preferences"]
    return User(
        id=str(row["_id"]),
        email=row["email"],
        first_name=row["firstName"],
        last_name=row["lastName"],
        organization_id=row["organizationId"],
        role=Role(row["role"]),
        is_active=row["isActive"],
        is_email_verified=row["isEmailVerified"],
        preferences=Preferences(liked["theme"], liked["notifications"], liked["timezone"]),
        last_login_at=row["lastLoginAt"],
        last_active_at=row["lastActiveAt"],
        login_count=row["loginCount"],
        created_at=row["createdAt"],
        updated_at=row["updatedAt"],
    )


def _user_row(user: User, password_hash: str) -> Document:
    liked = user.preferences
    return {
        "_id": ObjectId(user.id),
        "schemaVersion": 1,
        "email": user.email,
        "password": password_hash,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "role": user.role,
        "isActive": user.is_active,
        "isEmailVerified": user.is_email_verified,
        "preferences": {
            "theme": liked.theme,
            "notifications": liked.notifications,
            "timezone": liked.timezone,
        },
        "lastLoginAt": user.last_login_at,
        "lastActiveAt": user.last_active_at,
        "loginCount": user.login_count,
        "createdAt": user.created_at,
        "updatedAt": user.updated_at,
    }


def _organization(row: Document) -> Organization:
    return Organization(
        id=str(row["_id"]),
        name=row["name"],
        slug=row["slug"],
        industry=row["industry"],
        company_size=row["companySize"],
        is_active=row["isActive"],
        created_at=row["createdAt"],
        updated_at=row["updatedAt"],
    )


def _organization_row(organization: Organization) -> Document:
    return {
        "_id": ObjectId(organization.id),
        "schemaVersion": 1,
        "name": organization.name,
        "slug": organization.slug,
        "industry": organization.industry,
        "companySize": organization.company_size,
        "isActive": organization.is_active,
        "createdAt": organization.created_at,
        "updatedAt": organization.updated_at,
    }


def _invitation(row: Document) -> Invitation:
    return Invitation(
        id=str(row["_id"]),
        organization_id=row["organizationId"],
        email=row["email"],
        role=Role(row["role"]),
        invited_by=row["invitedBy"],
        status=InvitationStatus(row["status"]),
        accepted_by=row["acceptedBy"],
        created_at=row["createdAt"],
        expires_at=row["expiresAt"],
    )


def _invitation_row(invitation: Invitation, token_hash: str) -> Document:
    return {
        "_id": ObjectId(invitation.id),
        "schemaVersion": 1,
        "email": invitation.email,
        "role": invitation.role,
        "invitedBy": invitation.invited_by,
        "status": invitation.status,
        "acceptedBy": invitation.accepted_by,
        "tokenHash": token_hash,
        "createdAt": invitation.created_at,
        "expiresAt": invitation.expires_at,
    }
