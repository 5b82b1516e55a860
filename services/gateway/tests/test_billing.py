"""Credits over HTTP."""

from typing import Any

import httpx
from automateiq_gateway.schemas.billing import Credits, Ledger, Quote

from services.gateway.tests.conftest import problem


async def test_credits(admin: Any) -> None:
    client: httpx.AsyncClient = admin.client
    balance = (await client.get("/api/billing/credits")).json()
    Credits.model_validate(balance)
    assert balance["plan"] == "starter"
    assert balance["available"] == balance["monthlyGrant"] > 0

    quote = (await client.get("/api/billing/quote", params={"kind": "ocr", "units": 3})).json()
    Quote.model_validate(quote)
    assert quote["credits"] >= 2

    document = await admin.upload()
    queued = await client.post("/api/documents/process", json={"documentId": document["id"]})
    price = queued.json()["processing"]["creditsQuoted"]
    after = (await client.get("/api/billing/credits")).json()
    assert (after["held"], after["available"]) == (price, balance["available"] - price)

    ledger = (await client.get("/api/billing/ledger", params={"pageSize": 1})).json()
    Ledger.model_validate(ledger)
    assert ledger["items"][0]["kind"] == "hold"
    assert sum(entry["credits"] for entry in ledger["items"][0]["entries"]) == 0
    older = (await client.get("/api/billing/ledger", params={"pageToken": ledger["nextPageToken"]})).json()
    assert [item["kind"] for item in older["items"]] == ["grant"]
    assert older["nextPageToken"] is None


async def test_questions_that_make_no_sense(admin: Any) -> None:
    for query in ({}, {"kind": "magic"}, {"kind": "ocr", "units": 0}, {"kind": "ocr", "units": "many"}):
        problem(await admin.client.get("/api/billing/quote", params=query), 422, "VALIDATION_FAILED")
