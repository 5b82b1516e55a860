"""Users, organizations and invitations, and the rules that need no database."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from automateiq_core.errors import InvalidInput, Violation
from email_validator import EmailNotValidError, validate_email

PASSWORD_MIN, PASSWORD_MAX = 10, 128
_SLUG_MAX = 60


class Role(StrEnum):
    """What a member may do in the organization."""

    ADMIN = "admin"
    MANAGER = "manager"
    STAFF = "staff"


class InvitationStatus(StrEnum):
    """What became of an invitation. Only a pending one can be accepted; the others are final."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a user likes the product. `timezone` is an IANA name."""

    theme: str = "system"
    notifications: bool = True
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account. The password is not here: `Credentials` has it, and goes nowhere."""

    id: str
    email: str
    first_name: str
    last_name: str
    organization_id: str
    role: Role
    created_at: datetime
    updated_at: datetime
    is_active: bool = True
    is_email_verified: bool = False
    preferences: Preferences = field(default_factory=Preferences)
    last_login_at: datetime | None = None
    last_active_at: datetime | None = None
    login_count: int = 0


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a password is checked against. Never leaves the services."""

    user: User
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Organization:
    """A business."""

    id: str
    name: str
    slug: str
    created_at: datetime
    updated_at: datetime
    industry: str = ""
    company_size: str = ""
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Member:
    """A user together with the organization."""

    user: User
    organization: Organization


@dataclass(frozen=True, slots=True)
class Invitation:
    """An open door into an organization, for one address."""

    id: str
    organization_id: str
    email: str
    role: Role
    invited_by: str
    created_at: datetime
    expires_at: datetime
    status: InvitationStatus = InvitationStatus.PENDING
    accepted_by: str = ""

    def is_open(self, at: datetime) -> bool:
        """Whether it can be accepted."""
        return self.status is InvitationStatus.PENDING and at < self.expires_at


def now() -> datetime:
    """This moment, in whole milliseconds as MongoDB keeps them."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def normalized_email(text: str) -> str:
    """The address as accounts are known by: normalised, in lower case. Nothing is asked of DNS.

    Raises:
        InvalidInput: it is no address (EMAIL_INVALID).
    """
    try:
        # Without DNS a reserved name such as .test is as good as any other, and handy for a trial.
        address = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise InvalidInput(
            "EMAIL_INVALID",
            "This is not an e-mail address. Check it for typing errors.",
            violations=[Violation("email", str(error))],
        ) from None
    return address.normalized.lower()


# The most used passwords of ten and more characters in public leaks, without those `_is_pattern` finds.
_COMMON_PASSWORDS = frozenset(
    """
    password12 password123 password1234 password12345 password123456 passwordpassword passw0rd123 p@ssw0rd123
    p@ssword123 mypassword mypassword1 mypassword123 yourpassword newpassword newpassword1 changepassword
    changeme123 changeme1234 letmein123 letmein1234 letmeinplease welcome123 welcome1234 welcome12345 welcome2024
    welcome2025 qwerty1234 qwerty12345 qwerty123456 qwerty123456789 qwerty1234567890 qwertyuiop qwertyuiop1
    qwertyuiop123 qwertyuiop[] qwertzuiop asdfghjkl; asdfghjkl1 asdfghjkl123 asdfasdfasdf zxcvbnm123 zxcvbnm,./
    1q2w3e4r5t 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw23edc q1w2e3r4t5 q1w2e3r4t5y6
    qazwsxedcrfv qazwsxedc123 abcd123456 abc1234567 abcdef1234 a123456789 a1b2c3d4e5 a1b2c3d4e5f6 aa123456789
    123456789a 1234567890a 123456789q 123456789abc 123123123a 987654321a iloveyou12 iloveyou123 iloveyou1234
    iloveyouforever ilovemyself football123 football12 baseball123 basketball basketball1 superman123 batman1234
    princess123 sunshine123 dragon1234 monkey1234 master1234 shadow1234 michael123 jordan1234 liverpool1
    liverpool123 chelsea123 arsenal123 manchester manchester1 barcelona1 realmadrid computer123 internet123
    administrator administrator1 admin12345 admin123456 administrator123 adminadmin admin@1234 root123456
    rootroot12 test123456 test1234567 testtest123 testtesttest guest12345 default123 secret1234 supersecret
    topsecret123 trustno1trustno1 whatever123 starwars123 pokemon1234 minecraft1 minecraft123 summer2024
    summer2025 winter2024 winter2025 spring2025 autumn2025 google1234 facebook123 samsung123 automateiq
    automateiq1 automateiq123 0987654321a
    """.split()  # noqa: SIM905
)
_RUNS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz")


def check_password(password: str, email: str) -> None:
    """Lets a new password through or says what to change. Its length is what counts, not its kinds of characters.

    Raises:
        InvalidInput: too short, too long, the address itself, or among the first that anybody tries (PASSWORD_WEAK).
    """
    plain = password.casefold()
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise _weak(f"A password has {PASSWORD_MIN} to {PASSWORD_MAX} characters.")
    if plain.strip() in {email, email.partition("@")[0]}:
        raise _weak("Your password must not be your e-mail address. Choose another.")
    if plain in _COMMON_PASSWORDS or _is_pattern(plain):
        raise _weak(
            "This password is among the first that anybody would try. Choose another, say four random words."
        )


def _is_pattern(plain: str) -> bool:
    """Whether a few characters repeat all along, or the whole is a run such as 1234567890 or its reverse."""
    repeats = any(plain == (plain[:size] * len(plain))[: len(plain)] for size in (1, 2, 3))
    return repeats or any(plain in run or plain[::-1] in run for run in _RUNS)


def _weak(message: str) -> InvalidInput:
    return InvalidInput("PASSWORD_WEAK", message, violations=[Violation("password", message)])


def slug_of(name: str) -> str:
    """The name in addresses: lower-case ASCII letters, digits and single hyphens; "organization" if none are left."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_SLUG_MAX].strip("-") or "organization"
