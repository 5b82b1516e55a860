"""The models as protobuf, for the servicers of both domains."""

from datetime import datetime

from automateiq.identity.v1 import accounts_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from automateiq_identity.accounts.models import Invitation, Organization, Role, User
from automateiq_identity.sessions.models import TokenPair

_ROLES = {
    Role.ADMIN: accounts_pb2.ROLE_ADMIN,
    Role.MANAGER: accounts_pb2.ROLE_MANAGER,
    Role.STAFF: accounts_pb2.ROLE_STAFF,
}
_ROLES_BACK = {number: role for role, number in _ROLES.items()}


def role_of(number: accounts_pb2.Role.ValueType) -> Role:
    """The role with this number; the rules in the proto leave no others."""
    return _ROLES_BACK[number]


def user_message(user: User) -> accounts_pb2.User:
    """A user."""
    liked = user.preferences
    return accounts_pb2.User(
        id=user.id,
        email=user.email,
        first_name=user.first_name,
        last_name=user.last_name,
        organization_id=user.organization_id,
        role=_ROLES[user.role],
        is_active=user.is_active,
        is_email_verified=user.is_email_verified,
        preferences=accounts_pb2.Preferences(
            theme=liked.theme, notifications=liked.notifications, timezone=liked.timezone
        ),
        last_login_at=None if user.last_login_at is None else _timestamp(user.last_login_at),
        login_count=user.login_count,
        created_at=_timestamp(user.created_at),
        updated_at=_timestamp(user.updated_at),
    )


def organization_message(organization: Organization) -> accounts_pb2.Organization:
    """An organization."""
    return accounts_pb2.Organization(
        id=organization.id,
        name=organization.name,
        slug=organization.slug,
        industry=organization.industry,
        company_size=organization.company_size,
        is_active=organization.is_active,
        created_at=_timestamp(organization.created_at),
        updated_at=_timestamp(organization.updated_at),
    )


def invitation_message(invitation: Invitation) -> accounts_pb2.Invitation:
    """An invitation, without its token."""
    return accounts_pb2.Invitation(
        id=invitation.id,
        email=invitation.email,
        role=_ROLES[invitation.role],
        expires_at=_timestamp(invitation.expires_at),
    )


def tokens_message(tokens: TokenPair) -> accounts_pb2.TokenPair:
    """The tokens of a session."""
    return accounts_pb2.TokenPair(
        access_token=tokens.access_token,
        access_expires_at=_timestamp(tokens.access_expires_at),
        refresh_token=tokens.refresh_token,
        refresh_expires_at=_timestamp(tokens.refresh_expires_at),
    )


def _timestamp(moment: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(moment)
    return message
