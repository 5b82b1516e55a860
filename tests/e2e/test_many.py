"""Two hundred documents by twenty clients of five businesses at once: all processed, none lost, none mixed up."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from automateiq_local.fleet import Fleet

from samples.make.hostile import digital_pdf
from tests.business import ENDED, Business, until

pytestmark = pytest.mark.fleet

BUSINESSES, CLIENTS, DOCUMENTS = 5, 20, 200


def test_two_hundred_documents_of_five_businesses(fleet: Fleet, business: Callable[[], Business]) -> None:
    shops = [business() for _ in range(BUSINESSES)]

    def work(client_number: int) -> list[tuple[int, str]]:
        owner = client_number % BUSINESSES
        made: list[tuple[int, str]] = []
        with httpx.Client(
            base_url=fleet.gateway_url,
            timeout=120,
            headers={"Authorization": shops[owner].client.headers["Authorization"]},
        ) as client:
            one = Business(client, "", "", "", {})
            for number in range(client_number, DOCUMENTS, CLIENTS):
                document = one.upload(digital_pdf(10_000 + number), f"document-{number}.pdf")
                one.process(document["id"])
                made.append((owner, document["id"]))
        return made

    with ThreadPoolExecutor(CLIENTS) as pool:
        made = [pair for pairs in pool.map(work, range(CLIENTS)) for pair in pairs]
    assert len({document_id for _, document_id in made}) == DOCUMENTS

    for owner, shop in enumerate(shops):
        mine = {document_id for of, document_id in made if of == owner}
        until(lambda shop=shop: all(item["status"] in ENDED for item in listing(shop)), seconds=240)
        items = listing(shop)
        assert {item["id"] for item in items} == mine
        assert {item["status"] for item in items} == {"processed"}
        assert shop.charges() == [2] * len(mine)
        assert shop.credits()["held"] == 0
        stranger = shops[(owner + 1) % BUSINESSES]
        assert stranger.client.get(f"/api/documents/{next(iter(mine))}").status_code == 404


def listing(shop: Business) -> list[dict[str, str]]:
    """Every document, over all pages."""
    items: list[dict[str, str]] = []
    token: str | None = ""
    while True:
        page = shop.client.get("/api/documents", params={"pageSize": 15, "pageToken": token}).json()
        items += page["items"]
        token = page["nextPageToken"]
        if not token:
            return items
