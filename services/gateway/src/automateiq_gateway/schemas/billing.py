"""Credits and their ledger."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from automateiq_gateway.schemas.common import Page, Schema, Strict

WorkKind = Literal["ocr"]


class Credits(Schema):
    """The balance of the caller's organization."""

    available: int = Field(description="Credits that can be spent now")
    held: int = Field(description="Credits set aside for work that is going on")
    plan: str = Field(description="The plan whose grant is running")
    monthly_grant: int = Field(description="Credits granted for the current month")
    period_ends_at: datetime | None = Field(
        description="When the next grant comes and what is left of this one ends"
    )

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "available": 96,
                "held": 2,
                "plan": "starter",
                "monthlyGrant": 100,
                "periodEndsAt": "2026-12-22T00:00:00Z",
            }
        }
    )


class QuoteQuery(Strict):
    """A piece of work."""

    kind: WorkKind = Field(description="What is done")
    units: int = Field(1, ge=1, le=1_000_000, description="Its size: pages of a document")


class Quote(Schema):
    """The price of a piece of work."""

    kind: WorkKind = Field(description="What is done")
    units: int = Field(description="Its size")
    credits: int = Field(description="Its price in credits")

    model_config = ConfigDict(json_schema_extra={"example": {"kind": "ocr", "units": 3, "credits": 4}})


class Entry(Schema):
    """One side of a transaction."""

    account: str = Field(description="available, held, spent, granted or expired")
    credits: int = Field(description="Credits that came (positive) or went (negative)")


class Transaction(Schema):
    """An immutable, balanced transaction of the ledger."""

    id: str = Field(description="Its id")
    kind: Literal["grant", "expiry", "hold", "settle", "release"] = Field(description="What it was made for")
    entries: list[Entry] = Field(description="Its entries; they sum to zero")
    description: str = Field(description="Why, for a person")
    hold_id: str = Field(description="The hold it belongs to; empty for grants")
    created_at: datetime = Field(description="When it was made")


class Ledger(Page):
    """A page of the ledger, newest first."""

    items: list[Transaction] = Field(description="The transactions")

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "id": "65f0c0ffee65f0c0ffee65f4",
                        "kind": "settle",
                        "entries": [
                            {"account": "held", "credits": -2},
                            {"account": "spent", "credits": 2},
                        ],
                        "description": "invoice.pdf",
                        "holdId": "65f0c0ffee65f0c0ffee65f5",
                        "createdAt": "2026-11-22T09:31:00Z",
                    }
                ],
                "nextPageToken": None,
            }
        }
    )
