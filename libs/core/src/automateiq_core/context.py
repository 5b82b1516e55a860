"""Who is calling, on whose behalf, and until when.

A `CallContext` is frozen, set once by the Boundary (or by a task) and read by everything below it. There is no
default: code that runs outside of a call gets `MissingContext`, so a forgotten context fails closed instead of
reading everybody's rows.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import StrEnum


class Role(StrEnum):
    """What the caller may do; `permissions.py` says what that is."""

    ADMIN = "admin"
    MANAGER = "manager"
    STAFF = "staff"
    # A service at work by itself (a sweep, a resumed job). The gateway can not speak for it.
    SYSTEM = "system"
    # Somebody who has not signed in.
    ANONYMOUS = "anonymous"


class MissingContext(RuntimeError):
    """Code that needs a call's context ran outside of any call. A bug of ours, never the caller's."""


@dataclass(frozen=True, slots=True)
class CallContext:
    """Who is calling.

    `organization_id` is empty only for callers who have not signed in. `caller` is the service that sent the call
    and signed for it. `deadline` is on the clock of `time.monotonic`.
    """

    caller: str
    role: Role
    organization_id: str = ""
    user_id: str = ""
    session_id: str = ""
    scopes: frozenset[str] = frozenset()
    request_id: str = ""
    deadline: float | None = None

    def remaining(self) -> float | None:
        """Seconds until the caller stops waiting; None where it waits forever; never negative."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def for_call(self, request_id: str, deadline: float) -> "CallContext":
        """The same caller in one call. Written out, because `dataclasses.replace` costs ten times as much."""
        return CallContext(
            self.caller,
            self.role,
            self.organization_id,
            self.user_id,
            self.session_id,
            self.scopes,
            request_id,
            deadline,
        )

    def tenant(self) -> str:
        """The organization whose rows may be touched.

        Raises:
            MissingContext: the caller acts for no organization.
        """
        if not self.organization_id:
            raise MissingContext(f"the call by {self.caller} acts for no organization")
        return self.organization_id


_current: ContextVar[CallContext] = ContextVar("automateiq_call_context")


def current() -> CallContext:
    """The context of the running call.

    Raises:
        MissingContext: no call is running.
    """
    try:
        return _current.get()
    except LookupError:
        raise MissingContext("no call is running: code ran outside of the Boundary and of any task") from None


def current_or_none() -> CallContext | None:
    """The context of the running call, or None; for logs and metrics only."""
    return _current.get(None)


@contextmanager
def use(context: CallContext) -> Iterator[CallContext]:
    """Runs the block as the given caller. A block inside a block may only shorten the deadline."""
    outer = _current.get(None)
    if outer is None or outer.deadline is None:
        effective = context
    else:
        own = outer.deadline if context.deadline is None else context.deadline
        effective = replace(context, deadline=min(outer.deadline, own))
    token = _current.set(effective)
    try:
        yield effective
    finally:
        _current.reset(token)
