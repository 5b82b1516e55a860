"""The settings of billing."""

from automateiq_core.settings import ServiceSettings
from pydantic import Field


class BillingSettings(ServiceSettings):
    """What billing needs beside what every service has."""

    starter_monthly_credits: int = Field(
        500, gt=0, description="Credits that the starter plan grants each calendar month (UTC)"
    )
    hold_ttl_seconds: float = Field(
        3600.0, gt=0, description="How long credits stay set aside for work that never reports back"
    )
