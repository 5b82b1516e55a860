"""A partner is told of documents: upload, reading, a signed message, and what the API shows of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.business import Business, until
from tests.receiver import receiving

pytestmark = pytest.mark.fleet


def test_a_partner_is_told_of_a_document(business: Callable[[], Business], samples: Path) -> None:
    shop = business()
    with receiving() as receiver:
        made = shop.client.post("/api/webhooks", json={"url": receiver.url, "events": ["document.processed"]})
        assert made.status_code == 201, made.text
        path = made.headers["Location"]
        document_id = shop.upload_file(samples / "invoice-gb-thistlewick.pdf")["id"]
        shop.process(document_id)
        until(lambda: receiver.received)
        (got,) = receiver.received
        told = got.verified(made.json()["secret"])
        assert told["data"]["documentId"] == document_id
        assert told["data"]["fields"]["total"]["value"] == "1691.64"
        (delivery,) = until(
            lambda: shop.client.get(f"{path}/deliveries", params={"status": "delivered"}).json()["items"]
        )
        assert (delivery["statusCode"], delivery["documentId"]) == (204, document_id)
        assert delivery["messageId"] == got.headers["webhook-id"]
        replay = shop.client.post(f"{path}/deliveries/{delivery['id']}/replay")
        assert (replay.status_code, replay.json()["status"]) == (202, "pending")
        until(lambda: len(receiver.received) == 2)
        assert shop.client.post(f"{path}/ping").json()["event"] == "ping"
        until(lambda: len(receiver.received) == 3)
        rotated = shop.client.post(f"{path}/rotate-secret", json={"overlapHours": 1}).json()
        assert rotated["endpoint"]["oldSecretUntil"]
        since = {"since": "2020-01-01T00:00:00Z", "includeDelivered": True}
        assert shop.client.post(f"{path}/replay", json=since).json() == {"deliveries": 2}
        until(lambda: len(receiver.received) == 5)
        for secret in (made.json()["secret"], rotated["secret"]):
            assert receiver.received[-1].verified(secret)
        assert shop.client.delete(path).status_code == 204
        assert shop.client.get(path).status_code == 404
        assert shop.client.get("/api/webhooks").json() == {"items": [], "nextPageToken": None}


def test_a_rule_labels_a_document_before_the_partner_is_told(
    business: Callable[[], Business], samples: Path
) -> None:
    shop = business()
    with receiving() as receiver:
        made = shop.client.post(
            "/api/webhooks", json={"url": receiver.url, "events": ["document.processed"]}
        ).json()
        rule = shop.client.post(
            "/api/rules",
            json={
                "name": "Thistlewick over 1,000",
                "conditions": [
                    {"field": "vendor", "operator": "contains", "values": ["thistlewick"]},
                    {"field": "total", "operator": "between", "values": ["1000", "2000"]},
                    {"field": "currency", "operator": "is", "values": ["GBP"]},
                ],
                "actions": [
                    {"kind": "add_tag", "value": "large"},
                    {"kind": "call_webhook", "value": made["endpoint"]["id"]},
                ],
            },
        )
        assert rule.status_code == 201, rule.text
        document_id = shop.upload_file(samples / "invoice-gb-thistlewick.pdf")["id"]
        shop.process(document_id)
        until(lambda: len(receiver.received) == 2)
        told = {one.json["type"]: one.verified(made["secret"])["data"] for one in receiver.received}
    assert told["document.processed"]["tags"] == ["large"]
    assert told["rule.matched"]["rule"]["name"] == "Thistlewick over 1,000"
    assert shop.document(document_id)["tags"] == ["large"]
    (run,) = shop.client.get(f"/api/documents/{document_id}/rules").json()["items"]
    assert run["firings"][0]["reasons"][1] == "total 1691.64 lies between 1000 and 2000"
    path = rule.headers["Location"]
    trial = shop.client.post(f"{path}/test", json={}).json()
    assert (trial["examined"], [one["actions"] for one in trial["matches"]]) == (
        1,
        [[f"called the webhook {made['endpoint']['id']}"]],
    )
    off = {**rule.json(), "enabled": False}
    for shown_only in ("id", "changedBy", "createdAt", "updatedAt"):
        del off[shown_only]
    assert shop.client.put(path, json=off).json()["version"] == 2
    assert shop.client.put(path, json=off).json()["reason"] == "RULE_CHANGED"
    assert [one["version"] for one in shop.client.get(f"{path}/versions").json()["items"]] == [2, 1]
    assert shop.client.post("/api/rules/order", json={"rules": [rule.json()["id"]]}).status_code == 200
    assert shop.client.delete(path).status_code == 204


def test_bad_rules_are_told_with_the_field(business: Callable[[], Business]) -> None:
    shop = business()
    good = {
        "name": "n",
        "conditions": [{"field": "total", "operator": "at_least", "values": ["5"]}],
        "actions": [{"kind": "approve"}],
    }
    for change, field in (
        ({"actions": [{"kind": "explode"}]}, "actions.0.kind"),
        ({"actions": [{"kind": "assign", "value": "me"}]}, "actions.0.value"),
        (
            {"conditions": [{"field": "total", "operator": "contains", "values": ["5"]}]},
            "conditions.0.operator",
        ),
        (
            {"conditions": [{"field": "total", "operator": "at_least", "values": ["x"]}]},
            "conditions.0.values.0",
        ),
    ):
        refused = shop.client.post("/api/rules", json={**good, **change})
        assert refused.status_code in (400, 422), refused.text
        assert refused.json()["errors"][0]["field"] == field
    assert shop.client.get("/api/rules").json() == {"items": []}


def test_bad_endpoints_are_told_with_the_field(business: Callable[[], Business]) -> None:
    shop = business()
    for body, field in (
        ({"url": "ftp://x.example/", "events": ["document.failed"]}, "url"),
        ({"url": "https://x.example/", "events": ["document.eaten"]}, "events.0"),
        ({"url": "https://x.example/", "events": []}, "events"),
    ):
        refused = shop.client.post("/api/webhooks", json=body)
        assert refused.status_code in (400, 422), refused.text
        assert refused.json()["errors"][0]["field"] == field
    for path in ("/api/webhooks/none", "/api/webhooks/65f0c0ffee65f0c0ffee65f0"):
        assert shop.client.get(path).json()["reason"] == "ENDPOINT_NOT_FOUND"
