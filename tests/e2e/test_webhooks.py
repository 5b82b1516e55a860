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
