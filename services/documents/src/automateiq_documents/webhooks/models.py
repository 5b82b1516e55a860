"""Endpoints, deliveries, and when a delivery is tried again."""

import base64
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from automateiq_core.errors import FailedPrecondition, InvalidInput, NotFound, Violation

from automateiq_documents.webhooks.addresses import is_public, literal

MAX_ENDPOINTS = 20
KEPT = timedelta(days=30)

# Ten tries more, the last some 25 hours after the first: 10 s, 30 s, 90 s … and at last every eight hours.
_FIRST_WAIT = timedelta(seconds=10)
_LONGEST_WAIT = timedelta(hours=8)
_GROWTH = 3
MAX_ATTEMPTS = 11
_JITTER = 0.2
# Days alone do not count: one message a week that met a short outage would else end an endpoint.
FAILURES_TO_DISABLE = 20

_FIRST_REST = timedelta(seconds=2)
_LONGEST_REST = timedelta(minutes=15)

# How much is sent at once by one process. Slow receivers hold three of a worker's six threads at most, so that the
# others read documents; those of one organization two, so that another's messages get through; and each of them one.
PROCESS_AT_ONCE = 3
ORGANIZATION_AT_ONCE = 2
ENDPOINT_AT_ONCE = 1
_FIRST_CROWD = timedelta(seconds=2)
_LONGEST_CROWD = timedelta(minutes=5)

_SECRET_BYTES = 32
_MAX_SECRETS = 5


class Event(StrEnum):
    """What can be told."""

    PROCESSED = "document.processed"
    FAILED = "document.failed"
    REVIEW_NEEDED = "document.review_needed"
    # Sent by a rule that names the endpoint, whatever events it chose.
    RULE_MATCHED = "rule.matched"
    PING = "ping"


class EndpointStatus(StrEnum):
    """Whether an endpoint is told of events."""

    ACTIVE = "active"
    DISABLED = "disabled"


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Disabling:
    """Why an endpoint gets nothing more: a word for programs and a sentence for people."""

    reason: str
    notice: str


BY_USER = Disabling("user", "Somebody of your organization disabled this endpoint.")
GONE = Disabling(
    "gone", "The receiver answered 410 Gone, which asks us to stop. Enable the endpoint when it is back."
)


def failing(since: datetime) -> Disabling:
    """What is said where nothing was taken for days."""
    return Disabling(
        "failing",
        f"Nothing was taken since {since:%Y-%m-%d %H:%M} UTC, so we stopped sending. Enable the endpoint when "
        "it works again, and replay what it missed.",
    )


@dataclass(frozen=True, slots=True)
class Secret:
    """What messages are signed with. `id` names the call that made it; the newest has no end."""

    id: str
    value: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place that is told of events. `secrets` begin with the newest."""

    id: str
    url: str
    description: str
    events: Sequence[Event]
    secrets: Sequence[Secret]
    created_by: str
    created_at: datetime
    updated_at: datetime
    status: EndpointStatus = EndpointStatus.ACTIVE
    disabled: Disabling | None = None
    disabled_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    rests_until: datetime | None = None
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether it may be sent anything."""
        return self.status is EndpointStatus.ACTIVE

    def signing(self, now: datetime) -> list[str]:
        """The secrets that sign a message now."""
        return [one.value for one in self.secrets if one.expires_at is None or one.expires_at > now]

    def old_secret_until(self, now: datetime) -> datetime | None:
        """Until when a secret before the newest signs too."""
        return max(
            (one.expires_at for one in self.secrets if one.expires_at and one.expires_at > now), default=None
        )


@dataclass(frozen=True, slots=True)
class Message:
    """What is told: the words are sent as they stand here, for a signature covers each of them."""

    event: Event
    body: str
    document_id: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How sending ended. `status_code` is 0 where nothing answered."""

    status_code: int
    duration_ms: int
    error: str = ""

    @property
    def taken(self) -> bool:
        """Whether the receiver took the message."""
        return not self.error

    @property
    def gone(self) -> bool:
        """Whether the receiver wants nothing more (RFC 9110, 15.5.11)."""
        return self.status_code == 410


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to one endpoint. `token` names the attempt that is due; it changes with each."""

    id: str
    endpoint_id: str
    message: Message
    status: DeliveryStatus
    attempts: int
    token: str
    created_at: datetime
    next_attempt_at: datetime | None = None
    last_attempt_at: datetime | None = None
    last: Attempt | None = None

    @property
    def message_id(self) -> str:
        """The `webhook-id`: by it a receiver knows what it has seen."""
        return f"msg_{self.id}"

    def waits_for(self, token: str) -> bool:
        """Whether this attempt is the one that is due."""
        return self.status is DeliveryStatus.PENDING and self.token == token


def new_secret(secret_id: str) -> Secret:
    """A random secret in the form of the Standard Webhooks specification."""
    return Secret(secret_id, "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode())


def rotated(kept: Sequence[Secret], fresh: Secret, ends_at: datetime, now: datetime) -> list[Secret]:
    """The secrets after a rotation: the fresh one, and those before it that still sign, until `ends_at` at most."""
    old = [Secret(one.id, one.value, min(one.expires_at or ends_at, ends_at)) for one in kept]
    return [fresh, *(one for one in old if one.expires_at and one.expires_at > now)][:_MAX_SECRETS]


def wait_after(attempts: int) -> timedelta | None:
    """How long to wait after this many attempts; None after the last."""
    if attempts >= MAX_ATTEMPTS:
        return None
    wait = min(_FIRST_WAIT * int(_GROWTH ** (attempts - 1)), _LONGEST_WAIT)
    return _spread(wait)


def rest_after(failures: int) -> timedelta:
    """How long an endpoint that failed this often in a row is left alone, whatever waits for it.

    A receiver that never answers would else hold a worker for each message that waits.
    """
    return min(_FIRST_REST * int(2 ** min(failures - 1, 20)), _LONGEST_REST)


def after_rest(rest: timedelta) -> timedelta:
    """When to look again at a resting endpoint: not all at the same instant."""
    return rest + _spread(max(rest, timedelta(seconds=1)))


def after_crowd(age: timedelta) -> timedelta:
    """When to look again at a message that found no place to be sent from: the longer it waits, the later.

    So a thousand messages for a slow receiver are not looked at a thousand times.
    """
    return _spread(min(max(age / 4, _FIRST_CROWD), _LONGEST_CROWD))


def _spread(wait: timedelta) -> timedelta:
    return wait * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 (spreads load, guards nothing)


def check_url(url: str, *, local: bool) -> None:
    """Lets a URL through that messages may be sent to; `local` lets http and private addresses through too.

    What its name points to is judged again at each connection.

    Raises:
        InvalidInput: it is no URL, not https, has a user or a fragment, or names no public address
            (WEBHOOK_URL_REFUSED).
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused("is no URL") from None
    if not url.isascii() or any(sign <= " " or sign in "\\\x7f" for sign in url):
        raise _refused("may hold printable ASCII only; write a name with other letters as xn--…")
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise _refused("must begin with https://")
    if not host or port == 0:
        raise _refused("must name a host")
    if parts.username is not None or parts.password is not None:
        raise _refused("may not hold a user or a password")
    if parts.fragment:
        raise _refused("may not hold a fragment")
    inner = host == "localhost" or host.endswith(".localhost") or (literal(host) and not is_public(host))
    if inner and not local:
        raise _refused("must name a public address")


def _refused(rule: str) -> InvalidInput:
    return InvalidInput("WEBHOOK_URL_REFUSED", f"url: {rule}.", violations=[Violation("url", rule)])


def endpoint_not_found() -> NotFound:
    """What is said of an endpoint that is not there, or not the caller's."""
    return NotFound("ENDPOINT_NOT_FOUND", "There is no such endpoint. It may have been deleted.")


def delivery_not_found() -> NotFound:
    """What is said of a delivery that is not there, or not the caller's."""
    return NotFound("DELIVERY_NOT_FOUND", "There is no such delivery. Deliveries are kept for 30 days.")


def require_active(endpoint: Endpoint) -> None:
    """Lets an endpoint through that may be sent something.

    Raises:
        FailedPrecondition: it is disabled (ENDPOINT_DISABLED).
    """
    if not endpoint.active:
        raise FailedPrecondition("ENDPOINT_DISABLED", "This endpoint is disabled. Enable it first.")
