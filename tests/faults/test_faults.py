"""What dies, and what then happens: nothing lost, nothing charged twice, every document ends."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from automateiq_local.fleet import Fleet

from samples.make.hostile import digital_pdf, scan_pdf
from tests.business import Business, until
from tests.receiver import receiving

pytestmark = [pytest.mark.fleet, pytest.mark.timeout(400)]

DOWN_SECONDS = 10


@pytest.fixture
def shop(fleet: Fleet, business: Callable[[], Business]) -> Iterator[Business]:
    """A business whose books must be in order, and a fleet that must be whole, after the fault."""
    fresh = business()
    yield fresh
    fleet.wait_healthy(60)
    until(lambda: fresh.credits()["held"] == 0, seconds=120)
    documents = fresh.client.get("/api/documents", params={"pageSize": 100}).json()["items"]
    assert {item["status"] for item in documents} <= {"processed", "failed"}
    processed = [item for item in documents if item["status"] == "processed"]
    until(lambda: len(fresh.charges()) == len(processed), seconds=60)
    for item in processed:
        assert 0 < item["processing"]["creditsCharged"] <= item["processing"]["creditsQuoted"]
    assert sorted(fresh.charges()) == sorted(item["processing"]["creditsCharged"] for item in processed)


def started(shop: Business, pages: int, name: str) -> str:
    """A document whose reading is under way: at least one page is done and more are to come."""
    document_id = str(shop.upload(scan_pdf(pages), name)["id"])
    shop.process(document_id)
    until(lambda: shop.document(document_id)["processing"]["pagesDone"] >= 1)
    return document_id


@contextmanager
def outage(stop: Callable[[], None], start: Callable[[], None]) -> Iterator[None]:
    """Stops a part, runs the block, and starts the part again when it has been down long enough."""
    began = time.monotonic()
    stop()
    try:
        yield
        until(lambda: time.monotonic() - began >= DOWN_SECONDS)
    finally:
        start()


def test_killing_ai_ocr_mid_document(fleet: Fleet, shop: Business) -> None:
    document_id = started(shop, 6, "ocr-killed.pdf")
    fleet.process("ocr").kill()
    assert shop.ended(document_id, seconds=150)["status"] == "processed"


def test_killing_the_worker_mid_job(fleet: Fleet, shop: Business) -> None:
    document_id = started(shop, 6, "worker-killed.pdf")
    fleet.process("documents-worker").kill()
    document = shop.ended(document_id, seconds=150)
    assert document["status"] == "processed"
    assert document["processing"]["attempts"] >= 2


def test_killing_the_worker_while_a_webhook_goes_out(fleet: Fleet, shop: Business) -> None:
    with receiving(held=True) as receiver:
        made = shop.client.post(
            "/api/webhooks", json={"url": receiver.url, "events": ["document.processed"]}
        ).json()
        document_id = str(shop.upload(digital_pdf(700), "announced.pdf")["id"])
        shop.process(document_id)
        assert shop.ended(document_id, seconds=60)["status"] == "processed"
        deliveries = f"/api/webhooks/{made['endpoint']['id']}/deliveries"
        until(lambda: shop.client.get(deliveries).json()["items"])
        fleet.process("documents-worker").kill()
        receiver.hold.set()
        until(lambda: shop.client.get(deliveries).json()["items"][0]["status"] == "delivered", seconds=90)
        (delivery,) = shop.client.get(deliveries).json()["items"]
    assert {one.headers["webhook-id"] for one in receiver.received} == {delivery["messageId"]}


def test_killing_billing_while_documents_are_read(fleet: Fleet, shop: Business) -> None:
    ids = [started(shop, 2, "billing-killed.pdf")]
    fleet.process("billing").kill()
    assert {shop.ended(document_id, seconds=150)["status"] for document_id in ids} == {"processed"}


def test_killing_documents_while_documents_are_read(fleet: Fleet, shop: Business) -> None:
    document_id = started(shop, 4, "documents-killed.pdf")
    fleet.process("documents").kill()
    fleet.wait_healthy(60)
    assert shop.ended(document_id, seconds=150)["status"] == "processed"


def test_stopping_redis(fleet: Fleet, shop: Business) -> None:
    running = started(shop, 4, "redis-stopped.pdf")
    waiting = [str(shop.upload(digital_pdf(500 + n), f"w{n}.pdf")["id"]) for n in range(3)]
    for document_id in waiting:
        shop.process(document_id)
    with outage(fleet.redis.stop, fleet.redis.start):
        refused = shop.client.get("/api/documents")
        assert refused.status_code == 503
        assert refused.headers["Content-Type"].startswith("application/problem+json")
    until(lambda: shop.client.get("/api/documents").status_code == 200)
    for document_id in (running, *waiting):
        assert shop.ended(document_id, seconds=150)["status"] == "processed"


def test_stopping_mongodb(fleet: Fleet, shop: Business) -> None:
    running = started(shop, 4, "mongo-stopped.pdf")
    waiting = [str(shop.upload(digital_pdf(600 + n), f"w{n}.pdf")["id"]) for n in range(3)]
    for document_id in waiting:
        shop.process(document_id)
    with outage(fleet.mongo.stop, fleet.mongo.start):
        refused = shop.client.get(f"/api/documents/{running}", timeout=40)
        assert refused.status_code in {503, 504}
        assert refused.headers["Content-Type"].startswith("application/problem+json")
    until(lambda: shop.client.get("/api/documents").status_code == 200)
    for document_id in (running, *waiting):
        assert shop.ended(document_id, seconds=180)["status"] == "processed"
