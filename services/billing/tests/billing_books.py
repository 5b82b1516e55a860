"""Billing over one database, with a clock that tests move, and an auditor who trusts no code of the service."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from automateiq_billing.credits.models import Plan, Work, WorkKind
from automateiq_billing.credits.service import CreditsService
from automateiq_billing.credits.store import CreditsStore
from automateiq_core.mongo import Document, Mongo

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
TTL = timedelta(hours=1)
ACCOUNTS = ("available", "held", "spent", "granted", "expired")


def ocr(pages: int) -> Work:
    return Work(WorkKind.OCR, pages)


class Books:
    def __init__(self, mongo: Mongo) -> None:
        self.mongo = mongo
        self.store = CreditsStore(mongo)
        self.now = NOON

    def replica(self, monthly_credits: int = 100) -> CreditsService:
        """A service as another process would run it: it shares nothing but the database and the clock."""
        return CreditsService(
            CreditsStore(self.mongo),
            plan=Plan("starter", monthly_credits),
            hold_ttl=TTL,
            clock=lambda: self.now,
        )

    def pass_time(self, span: timedelta) -> None:
        self.now += span

    def turn_month(self) -> None:
        self.now = (self.now.replace(day=1) + timedelta(days=32)).replace(day=1)

    async def ledger(self) -> list[Document]:
        return await self.mongo.tenant("ledger").find({}, sort=[("sequence", 1)], limit=10_000)

    async def holds(self) -> list[Document]:
        return await self.mongo.tenant("credit_holds").find({}, limit=10_000)

    async def kinds(self) -> list[str]:
        return [row["kind"] for row in await self.ledger()]

    async def audit(self) -> dict[str, int]:
        """Checks all that must always hold; gives the accounts as the ledger has them."""
        ledger, holds = await self.ledger(), await self.holds()
        accounts = dict.fromkeys(ACCOUNTS, 0)
        for row in ledger:
            assert sum(entry["credits"] for entry in row["entries"]) == 0, row
            for entry in row["entries"]:
                accounts[entry["account"]] += entry["credits"]
            assert accounts["available"] >= 0 and accounts["held"] >= 0, row
        assert [row["sequence"] for row in ledger] == list(range(1, len(ledger) + 1))
        await self._audit_projection(accounts, len(ledger))
        self._audit_holds(ledger, holds, accounts)
        grants = [row["period"] for row in ledger if row["kind"] == "grant"]
        assert grants == sorted(set(grants))
        return accounts

    async def _audit_projection(self, accounts: dict[str, int], transactions: int) -> None:
        row = await self.mongo.tenant("balances").find_one({})
        projected = {name: row[name] for name in ACCOUNTS} if row else dict.fromkeys(ACCOUNTS, 0)
        assert projected == accounts
        assert (row["sequence"] if row else 0) == transactions

    def _audit_holds(self, ledger: list[Document], holds: list[Document], accounts: Any) -> None:
        events: dict[Any, list[str]] = {hold["_id"]: [] for hold in holds}
        for row in ledger:
            if row["holdId"] is not None:
                events[row["holdId"]].append(row["kind"])
        ends = {"held": ["hold"], "settled": ["hold", "settle"], "released": ["hold", "release"]}
        for hold in holds:
            assert events[hold["_id"]] == ends[hold["status"]], hold
            assert 0 <= hold["charged"] <= (hold["credits"] if hold["status"] == "settled" else 0)
        assert accounts["held"] == sum(hold["credits"] for hold in holds if hold["status"] == "held")
        assert accounts["spent"] == sum(hold["charged"] for hold in holds)
        not_released = Counter(hold["key"] for hold in holds if hold["status"] != "released")
        assert all(count == 1 for count in not_released.values()), "a key is held or charged once"
