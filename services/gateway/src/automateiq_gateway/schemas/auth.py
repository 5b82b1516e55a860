"""Users, organizations, signing in."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Header
from pydantic import ConfigDict, Field

from automateiq_gateway.schemas.common import Body, Schema

RoleWord = Literal["admin", "manager", "staff"]

AuthMode = Annotated[
    Literal["cookie", "bearer"],
    Header(
        alias="X-Auth-Mode",
        description="`cookie` (browsers): the tokens come as HttpOnly cookies and no script sees them. "
        "`bearer` (programs): they come in the body, as `tokens`, and no cookie is set.",
    ),
]

_PASSWORD = "10 to 128 characters"  # noqa: S105
_EXAMPLE_PASSWORD = "correct horse battery"  # noqa: S105


class RegisterBody(Body):
    """A new organization and its first user."""

    email: str = Field(max_length=254, description="E-mail address")
    password: str = Field(min_length=10, max_length=128, description=_PASSWORD)
    first_name: str = Field(min_length=1, max_length=100, description="First name")
    last_name: str = Field(min_length=1, max_length=100, description="Last name")
    organization_name: str = Field(min_length=1, max_length=200, description="The name of the business")
    industry: str = Field("", max_length=100, description="Its line of business")
    company_size: str = Field("", max_length=50, description='Its size in words, for instance "1-10"')

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "email": "ada@bakery.example",
                "password": _EXAMPLE_PASSWORD,
                "firstName": "Ada",
                "lastName": "Baker",
                "organizationName": "Ada's Bakery",
                "industry": "Food",
                "companySize": "1-10",
            }
        }
    )


class LoginBody(Body):
    """Signs a user in."""

    email: str = Field(min_length=3, max_length=254, description="E-mail address")
    password: str = Field(min_length=1, max_length=128, description="Password")

    model_config = ConfigDict(
        json_schema_extra={"example": {"email": "ada@bakery.example", "password": _EXAMPLE_PASSWORD}}
    )


class RefreshBody(Body):
    """Asks for the next tokens. Browsers send none: their refresh token is in a cookie."""

    refresh_token: str = Field(
        "", max_length=300, description="The refresh token; each works once. Left out by browsers"
    )

    model_config = ConfigDict(json_schema_extra={"example": {"refreshToken": "65f0c0ffee65f0c0.Yk3b…"}})


class LogoutBody(Body):
    """Signs the user out."""

    everywhere: bool = Field(False, description="Ends all sessions of the user, on all devices")


class InviteBody(Body):
    """Invites somebody into the caller's organization."""

    email: str = Field(max_length=254, description="Who is invited")
    role: RoleWord = Field(description="The role the new member gets")

    model_config = ConfigDict(json_schema_extra={"example": {"email": "bob@bakery.example", "role": "staff"}})


class AcceptInvitationBody(Body):
    """Turns an invitation into a user."""

    token: str = Field(min_length=1, max_length=200, description="The invitation's secret")
    password: str = Field(min_length=10, max_length=128, description=_PASSWORD)
    first_name: str = Field(min_length=1, max_length=100, description="First name")
    last_name: str = Field(min_length=1, max_length=100, description="Last name")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "token": "Yk3bq0…",
                "password": _EXAMPLE_PASSWORD,
                "firstName": "Bob",
                "lastName": "Miller",
            }
        }
    )


class Preferences(Schema):
    """How a user likes the product."""

    theme: str = Field(description="light, dark or system")
    notifications: bool = Field(description="Whether notifications are wanted")
    timezone: str = Field(description="IANA name of the time zone")


class User(Schema):
    """A person with an account."""

    id: str = Field(description="The user's id")
    email: str = Field(description="E-mail address, in lower case")
    first_name: str = Field(description="First name")
    last_name: str = Field(description="Last name")
    organization_id: str = Field(description="The organization the user belongs to")
    role: RoleWord = Field(description="What the user may do")
    is_active: bool = Field(description="Whether the user may sign in")
    is_email_verified: bool = Field(description="Whether the address was proven")
    preferences: Preferences | None = Field(description="How the user likes the product")
    last_login_at: datetime | None = Field(description="The last sign-in")
    login_count: int = Field(description="How often the user signed in")
    created_at: datetime | None = Field(description="When the account was made")
    updated_at: datetime | None = Field(description="When the account was last changed")


class Organization(Schema):
    """A business."""

    id: str = Field(description="The organization's id")
    name: str = Field(description="Its name")
    slug: str = Field(description="Its name in addresses: lower case, unique")
    industry: str = Field(description="Its line of business; may be empty")
    company_size: str = Field(description="Its size in words; may be empty")
    is_active: bool = Field(description="Whether it may use the product")
    created_at: datetime | None = Field(description="When it was made")
    updated_at: datetime | None = Field(description="When it was last changed")


class TokenPair(Schema):
    """The tokens of a session."""

    access_token: str = Field(description="Proves who is calling, for a few minutes")
    access_expires_at: datetime = Field(description="When the access token ends")
    refresh_token: str = Field(
        description="Gets the next tokens, once. Empty where another call got it a moment ago: keep that one"
    )
    refresh_expires_at: datetime | None = Field(description="When the refresh token ends")


class Me(Schema):
    """Who is calling."""

    user: User
    organization: Organization

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "user": {
                    "id": "65f0c0ffee65f0c0ffee65f1",
                    "email": "ada@bakery.example",
                    "firstName": "Ada",
                    "lastName": "Baker",
                    "organizationId": "65f0c0ffee65f0c0ffee65f2",
                    "role": "admin",
                    "isActive": True,
                    "isEmailVerified": False,
                    "preferences": {"theme": "system", "notifications": True, "timezone": "UTC"},
                    "lastLoginAt": "2026-11-22T09:30:00Z",
                    "loginCount": 1,
                    "createdAt": "2026-11-22T09:30:00Z",
                    "updatedAt": "2026-11-22T09:30:00Z",
                },
                "organization": {
                    "id": "65f0c0ffee65f0c0ffee65f2",
                    "name": "Ada's Bakery",
                    "slug": "adas-bakery",
                    "industry": "Food",
                    "companySize": "1-10",
                    "isActive": True,
                    "createdAt": "2026-11-22T09:30:00Z",
                    "updatedAt": "2026-11-22T09:30:00Z",
                },
            }
        }
    )


class SignedIn(Schema):
    """The user, signed in."""

    user: User
    organization: Organization
    tokens: TokenPair | None = Field(None, description="Only for `X-Auth-Mode: bearer`")

    model_config = ConfigDict(json_schema_extra=Me.model_config["json_schema_extra"])


class Refreshed(Schema):
    """The session goes on."""

    access_expires_at: datetime = Field(description="When the access token ends")
    tokens: TokenPair | None = Field(
        None, description="Only where the refresh token came in the body, never for a cookie"
    )

    model_config = ConfigDict(json_schema_extra={"example": {"accessExpiresAt": "2026-11-22T09:45:00Z"}})


class SignedOut(Schema):
    """The session has ended."""

    sessions_ended: int = Field(description="How many sessions were ended")

    model_config = ConfigDict(json_schema_extra={"example": {"sessionsEnded": 1}})


class Invitation(Schema):
    """An invitation."""

    id: str = Field(description="Its id")
    email: str = Field(description="Who is invited")
    role: RoleWord = Field(description="The role the new member gets")
    expires_at: datetime = Field(description="When it ends")


class Invited(Schema):
    """The invitation and its secret."""

    invitation: Invitation
    token: str = Field(description="The secret that accepts it. It is told this once")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "invitation": {
                    "id": "65f0c0ffee65f0c0ffee65f3",
                    "email": "bob@bakery.example",
                    "role": "staff",
                    "expiresAt": "2026-11-29T09:30:00Z",
                },
                "token": "Yk3bq0…",
            }
        }
    )
