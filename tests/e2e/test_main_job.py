"""The product's main job over HTTP: a business uploads a real-looking invoice and gets its data back, charged."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import httpx_sse
import pytest
from automateiq_local.fleet import Fleet

from tests.business import PASSWORD, Business, until

pytestmark = pytest.mark.fleet


def test_an_invoice_is_read_and_charged_once(business: Callable[[], Business], samples: Path) -> None:
    shop = business()
    listed = json.loads((samples.parent / "expected.json").read_text())
    expected = next(one["fields"] for one in listed if one["file"] == "invoice-gb-thistlewick.pdf")
    before = shop.credits()["available"]
    uploaded = shop.upload_file(samples / "invoice-gb-thistlewick.pdf")
    assert (uploaded["status"], uploaded["mimetype"], uploaded["pageCount"]) == (
        "uploaded",
        "application/pdf",
        1,
    )
    assert shop.process(uploaded["id"])["status"] == "processing"
    document = shop.ended(uploaded["id"])
    assert document["status"] == "processed", document.get("failure")
    data = document["ocrResult"]["extractedData"]
    assert data["documentType"] == "invoice"
    for name in ("invoiceNumber", "total", "subtotal", "tax", "currency", "date", "dueDate"):
        assert data[name]["value"] == expected[name], name
    assert "Thistlewick" in data["vendor"]["value"]
    assert data["total"]["sourceText"].replace(",", "").endswith("1691.64")
    words = [box["text"] for box in document["ocrResult"]["boundingBoxes"]]
    assert expected["invoiceNumber"] in words
    assert document["processing"]["creditsCharged"] == 2
    assert shop.charges() == [2]
    after = shop.credits()
    assert (after["available"], after["held"]) == (before - 2, 0)
    again = shop.client.post("/api/documents/process", json={"documentId": uploaded["id"]})
    assert (again.status_code, again.json()["reason"]) == (409, "ALREADY_PROCESSED")
    assert shop.charges() == [2]


def test_the_same_file_again_is_the_same_document(business: Callable[[], Business], samples: Path) -> None:
    shop, other = business(), business()
    content = (samples / "letter-larchfold-estates.pdf").read_bytes()
    first = shop.upload(content, "letter.pdf")
    second = shop.upload(content, "renamed.pdf", status=200)
    assert (first["duplicate"], second["duplicate"]) == (False, True)
    assert second["id"] == first["id"]
    assert other.upload(content, "letter.pdf")["id"] != first["id"]


def test_documents_are_found_sorted_downloaded_and_deleted(
    business: Callable[[], Business], samples: Path
) -> None:
    shop, stranger = business(), business()
    names = ["invoice-gb-thistlewick.pdf", "rechnung-de-bergmoos.pdf", "letter-larchfold-estates.pdf"]
    ids = {name: shop.upload_file(samples / name)["id"] for name in names}
    for document_id in ids.values():
        shop.process(document_id)
    for document_id in ids.values():
        assert shop.ended(document_id)["status"] == "processed"
    listing = shop.client.get("/api/documents", params={"sort": "name_asc", "pageSize": 2}).json()
    rest = shop.client.get(
        "/api/documents", params={"sort": "name_asc", "pageSize": 2, "pageToken": listing["nextPageToken"]}
    ).json()
    assert [item["originalName"] for item in listing["items"] + rest["items"]] == sorted(names)
    assert rest["nextPageToken"] is None
    found = shop.client.get("/api/documents", params={"q": "Bergkäse"}).json()["items"]
    assert [item["id"] for item in found] == [ids["rechnung-de-bergmoos.pdf"]]
    invoices = shop.client.get("/api/documents", params={"type": "invoice", "status": "processed"}).json()
    assert {item["id"] for item in invoices["items"]} == {ids[name] for name in names[:2]}
    assert stranger.client.get("/api/documents", params={"q": "Bergkäse"}).json()["items"] == []
    path = shop.document(ids[names[0]])["path"]
    file = shop.client.get(path)
    assert file.content == (samples / names[0]).read_bytes()
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert stranger.client.get(path).status_code == 404
    assert stranger.client.delete(f"/api/documents/{ids[names[0]]}").status_code == 404
    assert shop.client.delete(f"/api/documents/{ids[names[0]]}").status_code == 204
    assert shop.client.get(f"/api/documents/{ids[names[0]]}").status_code == 404
    assert shop.client.get(path).status_code == 404


def test_progress_is_streamed_until_the_end(business: Callable[[], Business], samples: Path) -> None:
    shop = business()
    document_id = shop.upload_file(samples / "scan-invoice-kestrel-lane.tif")["id"]
    shop.process(document_id)
    with httpx_sse.connect_sse(shop.client, "GET", f"/api/documents/{document_id}/events") as stream:
        events = [(event.event, json.loads(event.data)) for event in stream.iter_sse()]
    assert events[-1][0] == "processed"
    assert {name for name, _ in events[:-1]} <= {"progress"}
    done = [body["processing"]["pagesDone"] for _, body in events]
    assert done == sorted(done)
    assert shop.document(document_id)["status"] == "processed"


def test_a_cancelled_reading_costs_nothing(business: Callable[[], Business]) -> None:
    from samples.make.hostile import scan_pdf

    shop = business()
    document_id = shop.upload(scan_pdf(12), "long-scan.pdf")["id"]
    assert shop.process(document_id)["processing"]["creditsQuoted"] == 10
    assert shop.credits()["held"] == 10
    cancelled = shop.client.post(f"/api/documents/{document_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["failure"]["reason"]) == (200, "CANCELLED")
    until(lambda: shop.credits()["held"] == 0)
    assert shop.document(document_id)["status"] == "failed"
    assert shop.charges() == []


def test_an_empty_purse_reads_nothing(fleet: Fleet, business: Callable[[], Business]) -> None:
    from samples.make.hostile import digital_pdf

    shop = business()
    shop.upload(digital_pdf(1), "one.pdf")
    spend_all(fleet, shop)
    left = shop.credits()["available"]
    assert left < 3
    document = shop.upload(digital_pdf(2), "two.pdf")
    reply = shop.client.post("/api/documents/process", json={"documentId": document["id"]})
    assert (reply.status_code, reply.json()["reason"]) == (402, "INSUFFICIENT_CREDITS")
    assert shop.document(document["id"])["status"] == "uploaded"
    assert shop.credits()["available"] == left


def spend_all(fleet: Fleet, shop: Business) -> None:
    """Holds all credits, as documents would for very much work."""
    import asyncio

    from automateiq.billing.v1 import credits_pb2
    from automateiq.billing.v1.credits_pb2_grpc import CreditsServiceStub
    from automateiq_core.errors import ResourceExhausted
    from automateiq_core.internal_token import TokenSigner
    from automateiq_core.rpc_client import Peer
    from automateiq_core.testing import calling

    async def spend() -> None:
        signer = TokenSigner.from_file("documents", fleet.data_dir.keys / "internal" / "documents.pem")
        peer = Peer("billing", fleet.target("billing"), [credits_pb2], signer, default_deadline_seconds=60)
        stub = CreditsServiceStub(peer.channel)
        with calling(caller="documents", organization_id=shop.organization_id):
            for units in (9, 1):
                for number in range(1000):
                    work = credits_pb2.Work(kind=credits_pb2.WORK_KIND_OCR, units=units)
                    request = credits_pb2.ReserveCreditsRequest(key=f"all/{units}/{number}", work=work)
                    try:
                        await stub.ReserveCredits(request)
                    except ResourceExhausted:
                        break
        await peer.close()

    asyncio.run(spend())


def test_signing_out_ends_the_session_at_once(business: Callable[[], Business]) -> None:
    shop = business()
    assert shop.client.get("/api/auth/me").json()["user"]["email"] == shop.email
    assert shop.client.post("/api/auth/logout").json() == {"sessionsEnded": 1}
    refused = shop.client.get("/api/auth/me")
    assert (refused.status_code, refused.json()["reason"]) == (401, "SESSION_REVOKED")
    refresh = shop.client.post("/api/auth/refresh", json={"refreshToken": shop.tokens["refreshToken"]})
    assert refresh.status_code == 401


def test_a_member_may_do_what_the_role_allows(fleet: Fleet, business: Callable[[], Business]) -> None:
    from samples.make.hostile import digital_pdf

    shop = business()
    invitation = shop.client.post("/api/members/invite", json={"email": f"x{shop.email}", "role": "staff"})
    assert invitation.status_code == 201, invitation.text
    document_id = shop.upload(digital_pdf(3), "three.pdf")["id"]
    with httpx.Client(base_url=fleet.gateway_url, timeout=60) as client:
        joined = client.post(
            "/api/auth/accept-invitation",
            headers={"X-Auth-Mode": "bearer"},
            json={
                "token": invitation.json()["token"],
                "password": PASSWORD,
                "firstName": "Sam",
                "lastName": "Staff",
            },
        )
        assert joined.status_code == 201, joined.text
        headers = {"Authorization": f"Bearer {joined.json()['tokens']['accessToken']}"}
        client.cookies.clear()
        assert client.get(f"/api/documents/{document_id}", headers=headers).status_code == 200
        for refused in (
            client.delete(f"/api/documents/{document_id}", headers=headers),
            client.post(
                "/api/members/invite", json={"email": "y@example.com", "role": "admin"}, headers=headers
            ),
            client.get("/api/billing/ledger", headers=headers),
        ):
            assert (refused.status_code, refused.json()["reason"]) == (403, "ROLE_NOT_ALLOWED")


def test_the_api_describes_itself(fleet: Fleet) -> None:
    from openapi_spec_validator import validate

    spec: dict[str, Any] = httpx.get(f"{fleet.gateway_url}/openapi.json").json()
    validate(spec)
    assert httpx.get(f"{fleet.gateway_url}/docs").status_code == 200
    assert {"/api/documents/upload", "/api/auth/register", "/api/billing/credits"} <= set(spec["paths"])
