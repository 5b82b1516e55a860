"""Billing: `python -m automateiq_billing.main serve | migrate | worker | beat`."""

from datetime import timedelta
from typing import cast

from automateiq.billing.v1.credits_pb2_grpc import add_CreditsServiceServicer_to_server
from automateiq_core.mongo import Mongo
from automateiq_core.process import Service, Servicer, Wiring, main
from automateiq_core.runtime import Runtime

from automateiq_billing.credits.models import Plan
from automateiq_billing.credits.service import CreditsService
from automateiq_billing.credits.servicer import CreditsServicer
from automateiq_billing.credits.store import CreditsStore
from automateiq_billing.credits.tasks import SCHEDULE, register_tasks
from automateiq_billing.settings import BillingSettings


def credits_service(mongo: Mongo, settings: BillingSettings) -> CreditsService:
    """The credit ledger over a database."""
    return CreditsService(
        CreditsStore(mongo),
        plan=Plan("starter", settings.starter_monthly_credits),
        hold_ttl=timedelta(seconds=settings.hold_ttl_seconds),
    )


def wire(runtime: Runtime) -> Wiring:
    """Puts the parts of billing together."""
    service = credits_service(runtime.mongo, cast(BillingSettings, runtime.settings))
    register_tasks(runtime.tasks, service)
    return Wiring(
        servicers=(
            Servicer(
                add_CreditsServiceServicer_to_server,
                CreditsServicer(service),
                "automateiq.billing.v1.CreditsService",
            ),
        ),
        migrate=CreditsStore(runtime.mongo).ensure_indexes,
        measure=service.measure,
    )


SERVICE = Service(name="billing", settings=BillingSettings, wire=wire, schedule=SCHEDULE)

if __name__ == "__main__":
    main(SERVICE)
