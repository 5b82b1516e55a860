"""The periodic work of the credit ledger."""

from collections.abc import Mapping
from datetime import timedelta

import structlog
from automateiq_core.tasks import Tasks

from automateiq_billing.credits.service import CreditsService

EXPIRE_HOLDS = "credits.expire_holds"
GRANT_MONTH = "credits.grant_month"

SCHEDULE: Mapping[str, timedelta] = {
    EXPIRE_HOLDS: timedelta(seconds=30),
    # The first call in a month makes its grant at once; this is for organizations that nobody calls for.
    GRANT_MONTH: timedelta(minutes=10),
}

_log = structlog.get_logger(__name__)


def register_tasks(tasks: Tasks, service: CreditsService) -> None:
    """Makes the periodic work known to the worker."""

    async def expire_holds() -> None:
        if released := await service.expire_holds():
            _log.info("abandoned holds released", holds=released)

    async def grant_month() -> None:
        if begun := await service.grant_month():
            _log.info("month begun for organizations", organizations=begun)

    tasks.add_periodic(EXPIRE_HOLDS, expire_holds)
    tasks.add_periodic(GRANT_MONTH, grant_month)
