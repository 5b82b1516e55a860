"""Bad input gets a clear problem+json, changes nothing and costs nothing."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest
from automateiq_core.mongo import ObjectId
from automateiq_local.fleet import Fleet
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from samples.make import hostile
from tests.business import Business

pytestmark = pytest.mark.fleet

LIMIT = 25 << 20

FILES: dict[str, tuple[Callable[[], bytes], int, str]] = {
    "empty file": (lambda: b"", 400, "FILE_EMPTY"),
    "wrong type": (lambda: b"PK\x03\x04" + bytes(200), 415, "UNSUPPORTED_TYPE"),
    "text renamed to .pdf": (hostile.text_as_pdf, 415, "UNSUPPORTED_TYPE"),
    "encrypted PDF": (hostile.encrypted_pdf, 400, "PDF_ENCRYPTED"),
    "truncated PDF": (hostile.truncated_pdf, 400, "FILE_DAMAGED"),
    "pixel bomb": (hostile.pixel_bomb_png, 400, "IMAGE_TOO_LARGE"),
    "500 pages": (hostile.many_pages_pdf, 400, "TOO_MANY_PAGES"),
    "a little too large": (lambda: hostile.digital_pdf(9) + b"%" * LIMIT, 413, "FILE_TOO_LARGE"),
    "much too large": (lambda: hostile.digital_pdf(9) + b"%" * 2 * LIMIT, 413, "PAYLOAD_TOO_LARGE"),
}


def assert_problem(reply: httpx.Response, status: int, reason: str | None = None) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    assert reply.headers["Content-Type"].startswith("application/problem+json")
    problem: dict[str, Any] = reply.json()
    assert problem["status"] == status
    assert problem["title"]
    assert len(problem["detail"]) > 10
    assert problem["requestId"] == reply.headers["X-Request-Id"]
    if reason is not None:
        assert problem["reason"] == reason
    assert "Traceback" not in reply.text
    return problem


@pytest.fixture
def shop(business: Callable[[], Business]) -> Iterator[Business]:
    """A business that must be as rich and as empty after the test as before."""
    fresh = business()
    before = fresh.credits()
    authorization = fresh.client.headers["Authorization"]
    yield fresh
    fresh.client.headers["Authorization"] = authorization
    assert fresh.credits() == before
    assert fresh.client.get("/api/documents").json()["items"] == []
    assert fresh.charges() == []


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_refused(shop: Business, name: str) -> None:
    make, status, reason = FILES[name]
    reply = shop.client.post("/api/documents/upload", files={"file": ("invoice.pdf", make())})
    assert_problem(reply, status, reason)


MALFORMED = [
    b"{",
    b"",
    b"[]",
    b'{"documentId": 5}',
    b'{"documentId": "zz"}',
    b"\xff\xfe",
    b'{"documentId": null}',
]


@pytest.mark.parametrize("body", MALFORMED)
def test_malformed_json_is_refused(shop: Business, body: bytes) -> None:
    reply = shop.client.post(
        "/api/documents/process", content=body, headers={"Content-Type": "application/json"}
    )
    assert reply.status_code in {400, 404, 422}
    assert_problem(reply, reply.status_code)


def test_an_unknown_id_is_not_there(shop: Business) -> None:
    for document_id in (str(ObjectId()), "nonsense", "0" * 5000, "%00", "..%2f..%2fetc"):
        assert_problem(shop.client.get(f"/api/documents/{document_id}"), 404)
    unknown = {"documentId": str(ObjectId())}
    assert_problem(shop.client.post("/api/documents/process", json=unknown), 404, "DOCUMENT_NOT_FOUND")
    assert_problem(shop.client.get("/api/nothing-here"), 404)


def test_anothers_id_looks_like_an_unknown_one(shop: Business, business: Callable[[], Business]) -> None:
    other = business()
    theirs = other.upload(hostile.digital_pdf(7), "theirs.pdf")["id"]
    problems = [
        shop.client.get(f"/api/documents/{document_id}").json() for document_id in (theirs, str(ObjectId()))
    ]
    for problem in problems:
        assert problem.pop("requestId")
        assert problem.pop("instance")
    assert problems[0] == problems[1]
    for method, path in (
        ("GET", f"/api/documents/{theirs}/file"),
        ("GET", f"/api/documents/{theirs}/events"),
        ("POST", f"/api/documents/{theirs}/cancel"),
        ("DELETE", f"/api/documents/{theirs}"),
    ):
        assert_problem(shop.client.request(method, path), 404, "DOCUMENT_NOT_FOUND")
    assert other.document(theirs)["status"] == "uploaded"


def test_an_expired_or_forged_token_is_refused(shop: Business, fleet: Fleet) -> None:
    good = shop.tokens["accessToken"]
    claims = jwt.decode(good, options={"verify_signature": False})
    header = jwt.get_unverified_header(good)
    key = load_pem_private_key((fleet.data_dir.keys / "identity-signing.pem").read_bytes(), None)
    expired = {**claims, "iat": int(time.time()) - 3600, "exp": int(time.time()) - 1800}
    tokens = {
        "expired": jwt.encode(expired, key, algorithm="EdDSA", headers={"kid": header["kid"]}),  # type: ignore[arg-type]
        "unsigned": jwt.encode(claims, None, algorithm="none"),
        "cut": good[:-4],
        "of another organization": good.rsplit(".", 2)[0] + ".e30." + good.rsplit(".", 1)[1],
        "nonsense": "nonsense",
    }
    for name, token in tokens.items():
        shop.client.headers["Authorization"] = f"Bearer {token}"
        reply = shop.client.get("/api/documents")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer"), name
        assert_problem(reply, 401)
    del shop.client.headers["Authorization"]
    assert_problem(shop.client.get("/api/documents"), 401)
