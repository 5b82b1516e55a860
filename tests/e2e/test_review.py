"""Reviewing over HTTP: a bill is corrected once, and the vendor's second bill is right; nobody else's changes."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import httpx
import pytest
from automateiq_local.fleet import Fleet
from reportlab.lib.pagesizes import LETTER
from reportlab.pdfgen.canvas import Canvas

from tests.business import PASSWORD, Business

pytestmark = pytest.mark.fleet

HEIGHT = LETTER[1]


def bill(code: str, printed: str, work: str, tax: str, payable: str) -> bytes:
    """A bill that hides its data: its vendor is named in the footer's site alone, its number has an odd label."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=LETTER, invariant=1)
    canvas.setFont("Helvetica", 10)

    def line(x: float, top: float, text: str) -> None:
        canvas.drawString(x, HEIGHT - top, text)

    line(60, 60, "Q u i r k w o o d")
    line(60, 110, "Bill to:")
    line(60, 124, "Larch Bakery, 4 Mill Lane")
    line(60, 138, "office@larch-bakery.example")
    line(330, 110, "Docket code")
    line(450, 110, code)
    line(330, 124, "Printed on")
    line(450, 124, printed)
    line(330, 138, "Order number")
    line(450, 138, "77-1234")
    line(60, 220, "Description")
    line(480, 220, "Amount")
    line(60, 236, "Carpentry, as agreed")
    line(480, 236, work)
    line(380, 300, "Subtotal")
    line(480, 300, work)
    line(380, 314, "Tax 20%")
    line(480, 314, tax)
    line(380, 328, "Total EUR")
    line(480, 328, payable)
    line(60, 740, "www.quirkwood-joinery.example    Phone: +1 555 019-2837")
    canvas.save()
    return file.getvalue()


FIRST = bill("QJ/26-0815", "03/04/2026", "100.00", "20.00", "120.00")
SECOND = bill("QJ/26-0931", "05/06/2026", "200.00", "40.00", "240.00")


def read(shop: Business, content: bytes, name: str) -> dict[str, Any]:
    document_id = shop.upload(content, name)["id"]
    shop.process(document_id)
    document = shop.ended(document_id)
    assert document["status"] == "processed", document["failure"]
    return document


def said(reply: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    return dict(reply.json())


def place_of(document: dict[str, Any], text: str) -> dict[str, Any]:
    """The box of a word, as a person would select it."""
    (word,) = [one for one in document["ocrResult"]["boundingBoxes"] if one["text"] == text]
    return dict(word["box"])


def shown(document: dict[str, Any], *names: str) -> list[str | None]:
    data = document["ocrResult"]["extractedData"]
    return [data[name] and data[name]["value"] for name in names]


def test_the_second_bill_of_a_vendor_is_right_after_one_correction(
    business: Callable[[], Business],
) -> None:
    shop, stranger = business(), business()
    first = read(shop, FIRST, "first.pdf")
    untaught = read(stranger, SECOND, "second.pdf")
    path = f"/api/documents/{first['id']}/review"
    review = said(shop.client.get(path))
    assert review["extractedData"] == first["ocrResult"]["extractedData"]
    right = {"vendor": "Quirkwood Joinery Inc", "invoiceNumber": "QJ/26-0815", "date": "2026-03-04"}
    changes = [{"field": name, "value": value} for name, value in right.items()]
    changes[1]["box"] = place_of(first, "QJ/26-0815")
    review = said(
        shop.client.post(f"{path}/corrections", json={"version": review["version"], "corrections": changes})
    )
    assert shown(shop.document(first["id"]), *right) == list(right.values())
    review = said(shop.client.post(f"{path}/confirm", json={"version": review["version"]}))
    assert review["state"] == shop.document(first["id"])["reviewState"] == "confirmed"
    second = read(shop, SECOND, "second.pdf")
    # What the first correction taught is wrong without it, value by value.
    expected = ["Quirkwood Joinery Inc", "QJ/26-0931", "2026-05-06"]
    assert shown(second, *right) == expected
    assert all(one != other for one, other in zip(shown(untaught, *right), expected, strict=True))
    assert shown(second, "total") == shown(untaught, "total") == ["240.00"]
    assert {second["ocrResult"]["extractedData"][name]["origin"] for name in right} == {"memory"}
    number = second["ocrResult"]["extractedData"]["invoiceNumber"]
    assert number["sourceText"] == "QJ/26-0931"
    assert number["box"] == place_of(second, "QJ/26-0931")
    # Nobody else has learnt anything.
    assert shown(read(stranger, FIRST, "first.pdf"), "vendor") == shown(untaught, "vendor")
    assert shown(untaught, "vendor") != ["Quirkwood Joinery Inc"]
    assert said(stranger.client.get("/api/review/vendors"))["items"] == []
    assert stranger.client.get(path).status_code == 404
    # And it can be forgotten.
    (memory,) = said(shop.client.get("/api/review/vendors"))["items"]
    assert memory["name"] == "Quirkwood Joinery Inc"
    address = f"/api/review/vendors/{memory['id']}"
    assert said(shop.client.patch(address, json={"enabled": False}))["enabled"] is False
    assert stranger.client.delete(address).status_code == 404
    assert shop.client.delete(address).status_code == 204
    assert shop.client.get(address).status_code == 404


def test_a_review_goes_its_way(fleet: Fleet, business: Callable[[], Business]) -> None:
    shop = business()
    said(
        shop.client.put(
            "/api/review/settings",
            json={"threshold": 1, "important": [{"type": "invoice", "fields": ["total"]}], "version": 0},
        )
    )
    small, large = read(shop, FIRST, "small.pdf"), read(shop, SECOND, "large.pdf")
    queue = said(shop.client.get("/api/review"))["items"]
    assert [one["document"]["id"] for one in queue] == [large["id"], small["id"]]
    assert queue[0]["expectedLoss"] > queue[1]["expectedLoss"]
    assert "total" in [reason["field"] for reason in queue[0]["reasons"]]
    path = f"/api/documents/{large['id']}/review"
    assert said(shop.client.get(f"{path}/neighbours"))["nextDocumentId"] == small["id"]
    version = queue[0]["version"]
    wrong = {"version": version, "corrections": [{"field": "total", "value": "1,000.00"}]}
    refused = said(shop.client.post(f"{path}/corrections", json=wrong), 422)
    assert refused["errors"][0]["field"] == "corrections[0].value"
    lines = [
        {"field": "lineItems", "action": "add", "values": {"description": "Freight", "amount": "5"}},
        {"field": "total", "value": "245"},
    ]
    key = {"Idempotency-Key": "once"}
    body = {"version": version, "corrections": lines}
    once = said(shop.client.post(f"{path}/corrections", json=body, headers=key))
    assert said(shop.client.post(f"{path}/corrections", json=body, headers=key)) == once
    stale = said(shop.client.post(f"{path}/corrections", json=body), 409)
    assert stale["reason"] == "REVIEW_CHANGED"
    undone = said(
        shop.client.post(
            f"{path}/corrections/{once['corrections'][0]['id']}/undo", json={"version": once["version"]}
        )
    )
    assert undone["extractedData"]["lineItems"] == undone["readData"]["lineItems"]
    assert undone["extractedData"]["total"]["origin"] == "person"
    me = said(shop.client.get("/api/auth/me"))["user"]["id"]
    assigned = said(shop.client.put(f"{path}/assignee", json={"version": undone["version"], "userId": me}))
    mine = said(shop.client.get("/api/review", params={"assignedTo": me}))["items"]
    assert [one["document"]["id"] for one in mine] == [large["id"]]
    rejected = said(
        shop.client.post(f"{path}/reject", json={"version": assigned["version"], "reason": "Not our bill."})
    )
    assert said(shop.client.get("/api/review/counts")) == {
        "notNeeded": 0,
        "needed": 1,
        "confirmed": 0,
        "rejected": 1,
    }
    opened = said(shop.client.post(f"{path}/reopen", json={"version": rejected["version"]}))
    assert [entry["action"] for entry in opened["audit"]][:3] == ["reopened", "rejected", "assigned"]
    staff = colleague(fleet, shop)
    assert said(staff.get(path)) == opened
    assert said(staff.put("/api/review/settings", json={"threshold": 0, "important": [], "version": 1}), 403)
    confirmed = said(staff.post(f"{path}/confirm", json={"version": opened["version"]}))
    assert confirmed["closedBy"] != me
    staff.close()


def colleague(fleet: Fleet, shop: Business) -> httpx.Client:
    """A member of the business with the role of staff."""
    invitation = said(
        shop.client.post("/api/members/invite", json={"email": f"x{shop.email}", "role": "staff"}), 201
    )
    client = httpx.Client(base_url=fleet.gateway_url, timeout=60, headers={"X-Auth-Mode": "bearer"})
    joined = client.post(
        "/api/auth/accept-invitation",
        json={
            "token": invitation["token"],
            "password": PASSWORD,
            "firstName": "Sam",
            "lastName": "Staff",
        },
    )
    client.cookies.clear()
    client.headers["Authorization"] = f"Bearer {said(joined, 201)['tokens']['accessToken']}"
    return client
