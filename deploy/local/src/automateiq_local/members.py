"""The processes of the fleet, as data."""

import enum
import sys
from dataclasses import dataclass


class Health(enum.Enum):
    """Where a process answers for its health."""

    GRPC = "grpc.health.v1 on the port it serves"
    HTTP = "GET /health on the port it serves"
    METRICS = "GET /healthz on its metrics port, for processes that serve nothing else"


class Stop(enum.IntEnum):
    """The order of a stop: what makes work first, what work needs last."""

    BEAT = 0
    WORKER = 1
    GATEWAY = 2
    SERVICE = 3
    REDIS = 4
    MONGO = 5


@dataclass(frozen=True)
class Member:
    """A process of the fleet; `service` names the service whose code and keys it has."""

    name: str
    service: str
    command: tuple[str, ...]
    health: Health
    stop: Stop


@dataclass(frozen=True)
class Migration:
    """A command that brings a service's database up to date and ends."""

    name: str
    service: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What a fleet consists of, beside MongoDB and Redis."""

    members: tuple[Member, ...]
    migrations: tuple[Migration, ...]


def _main(service: str, verb: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"automateiq_{service}.main", verb)


_WITH_DATABASE = ("identity", "documents", "ocr", "billing")
_WITH_TASKS = ("documents", "billing")

AUTOMATEIQ = Plan(
    members=(
        *(Member(s, s, _main(s, "serve"), Health.GRPC, Stop.SERVICE) for s in _WITH_DATABASE),
        Member("gateway", "gateway", _main("gateway", "serve"), Health.HTTP, Stop.GATEWAY),
        *(Member(f"{s}-worker", s, _main(s, "worker"), Health.METRICS, Stop.WORKER) for s in _WITH_TASKS),
        *(Member(f"{s}-beat", s, _main(s, "beat"), Health.METRICS, Stop.BEAT) for s in _WITH_TASKS),
    ),
    migrations=tuple(Migration(f"{s}-migrate", s, _main(s, "migrate")) for s in _WITH_DATABASE),
)
