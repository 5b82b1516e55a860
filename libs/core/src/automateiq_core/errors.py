"""The errors a service may answer with.

    AppError
    ├── InvalidInput          INVALID_ARGUMENT      the request breaks a rule; `violations` say where
    ├── Unauthenticated       UNAUTHENTICATED       nobody, or nobody who can be believed
    ├── PermissionDenied      PERMISSION_DENIED     somebody who may not
    ├── NotFound              NOT_FOUND             not there, or not the caller's: the two look alike
    ├── AlreadyExists         ALREADY_EXISTS        a unique thing is there already
    ├── FailedPrecondition    FAILED_PRECONDITION   the thing is in a state that does not allow it
    ├── Conflict              ABORTED               somebody else is at it; try again
    ├── ResourceExhausted     RESOURCE_EXHAUSTED    no credits, no quota, too fast
    ├── DeadlineExceeded      DEADLINE_EXCEEDED     the caller's time ran out
    ├── Unavailable           UNAVAILABLE           a part we need is down; try again
    └── Internal              INTERNAL              our fault

Raise them from `service.py` and below; the Boundary turns them into `google.rpc.Status`, the gateway into
`application/problem+json`, and the client of one service turns another's status back into these classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import grpc
from google.protobuf.any_pb2 import Any
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

DOMAIN = "automateiq"
RETRY_HINT_SECONDS = "retryAfterSeconds"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: the dotted path of the field and what is wrong with it."""

    field: str
    description: str


class AppError(Exception):
    """An error with a gRPC status, a fixed reason for programs and a sentence for people.

    `metadata` goes to the caller: strings only, and nothing secret.
    """

    status: ClassVar[grpc.StatusCode] = grpc.StatusCode.INTERNAL

    def __init__(
        self, reason: str, message: str, *, violations: Sequence[Violation] = (), **metadata: str
    ) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
        self.violations = tuple(violations)
        self.metadata = metadata


class InvalidInput(AppError):
    """The request breaks a rule."""

    status = grpc.StatusCode.INVALID_ARGUMENT


class Unauthenticated(AppError):
    """The caller did not prove who it is."""

    status = grpc.StatusCode.UNAUTHENTICATED


class PermissionDenied(AppError):
    """The caller may not do this."""

    status = grpc.StatusCode.PERMISSION_DENIED


class NotFound(AppError):
    """The thing is not there, or belongs to another organization."""

    status = grpc.StatusCode.NOT_FOUND


class AlreadyExists(AppError):
    """A thing that must be unique is there already."""

    status = grpc.StatusCode.ALREADY_EXISTS


class FailedPrecondition(AppError):
    """The thing is in a state that does not allow the call."""

    status = grpc.StatusCode.FAILED_PRECONDITION


class Conflict(AppError):
    """Another call is at the same thing; trying again may succeed."""

    status = grpc.StatusCode.ABORTED


class ResourceExhausted(AppError):
    """Credits, a quota or a rate is used up."""

    status = grpc.StatusCode.RESOURCE_EXHAUSTED


class DeadlineExceeded(AppError):
    """The caller's time ran out."""

    status = grpc.StatusCode.DEADLINE_EXCEEDED


class Unavailable(AppError):
    """A part that the call needs does not answer; trying again may succeed."""

    status = grpc.StatusCode.UNAVAILABLE


class Internal(AppError):
    """Our fault. What happened stands in the log, not in the answer."""

    status = grpc.StatusCode.INTERNAL


_BY_STATUS: dict[grpc.StatusCode, type[AppError]] = {
    # No service answers so: its server broke the call off, because it stops.
    grpc.StatusCode.CANCELLED: Unavailable,
    **{
        kind.status: kind
        for kind in (
            InvalidInput,
            Unauthenticated,
            PermissionDenied,
            NotFound,
            AlreadyExists,
            FailedPrecondition,
            Conflict,
            ResourceExhausted,
            DeadlineExceeded,
            Unavailable,
            Internal,
        )
    },
}


def to_status(error: AppError) -> status_pb2.Status:
    """The error as `google.rpc.Status` with an `ErrorInfo` and, where rules were broken, a `BadRequest`."""
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    details = [_packed(info)]
    if error.violations:
        rules = [
            error_details_pb2.BadRequest.FieldViolation(field=rule.field, description=rule.description)
            for rule in error.violations
        ]
        details.append(_packed(error_details_pb2.BadRequest(field_violations=rules)))
    code = code_pb2.Code.Value(error.status.name)
    return status_pb2.Status(code=code, message=error.message, details=details)


def from_rpc_error(error: grpc.aio.AioRpcError) -> AppError:
    """The error that another service raised. One that is not ours keeps its status, with its name as the reason."""
    kind = _BY_STATUS.get(error.code(), Internal)
    # grpc_status reads the trailing metadata of aio and sync errors alike, but its types know only the latter.
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    if status is None:
        message = error.details() or "The service gave no reason."
        return kind(error.code().name, message)
    info, rules = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        _ = detail.Unpack(info) or detail.Unpack(rules)
    violations = [Violation(rule.field, rule.description) for rule in rules.field_violations]
    return kind(info.reason or error.code().name, status.message, violations=violations, **info.metadata)


def _packed(message: error_details_pb2.ErrorInfo | error_details_pb2.BadRequest) -> Any:
    packed = Any()
    packed.Pack(message)
    return packed
