"""Compares every balance with its ledger: `python -m automateiq_billing.check_ledger [--repair]`.

Ends with 0 where all agree, else with 1 after a log line for each difference. Safe to run while billing serves.
"""

import argparse
import asyncio
import sys

import structlog
from automateiq_core import telemetry
from automateiq_core.mongo import Mongo

from automateiq_billing.main import SERVICE, credits_service
from automateiq_billing.settings import BillingSettings

_log = structlog.get_logger(__name__)


async def check(settings: BillingSettings, *, repair: bool) -> bool:
    """Whether all balances agreed with their ledgers."""
    mongo = Mongo(settings.mongodb_uri, settings.mongodb_database_prefix + SERVICE.name, app="check-ledger")
    try:
        found = await credits_service(mongo, settings).check_all(repair=repair)
    finally:
        await mongo.close()
    for organization_id, differences in found.items():
        for difference in differences:
            _log.error(
                "the ledger disagrees",
                organizationId=organization_id,
                what=difference.what,
                found=difference.found,
                expected=difference.expected,
            )
    return not found


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(prog="python -m automateiq_billing.check_ledger")
    parser.add_argument("--repair", action="store_true", help="write the balances anew from the ledger")
    arguments = parser.parse_args()
    settings = BillingSettings()
    telemetry.configure("billing-check-ledger", settings)
    sys.exit(0 if asyncio.run(check(settings, repair=arguments.repair)) else 1)


if __name__ == "__main__":
    main()
