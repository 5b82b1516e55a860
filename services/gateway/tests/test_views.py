"""Documents to look at and to take away, over HTTP."""

from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import httpx
import pytest
from automateiq_core.testing import RunningService
from automateiq_gateway.views import known_tags
from automateiq_ocr.main import SERVICE as OCR
from PIL import Image
from starlette.requests import Request

from services.gateway.tests.conftest import problem


@pytest.fixture
async def ocr_target(running_service: RunningService) -> AsyncIterator[str]:
    async with running_service(OCR, ocr_workers=1) as target:
        yield target


async def test_a_page_is_shown_and_not_sent_again(admin: Any) -> None:
    document = await admin.upload(name="Größe.pdf")
    path = f"/api/documents/{document['id']}/pages/1/image"
    reply = await admin.client.get(path, params={"width": 400})
    assert (reply.status_code, reply.headers["content-type"]) == (200, "image/webp")
    assert Image.open(BytesIO(reply.content)).width == 400
    assert int(reply.headers["content-length"]) == len(reply.content)
    assert reply.headers["content-disposition"].startswith("inline; ")
    assert reply.headers["cache-control"] == "private, no-cache"
    assert reply.headers["content-security-policy"] == "default-src 'none'; sandbox"
    mark = reply.headers["etag"]
    again = await admin.client.get(path, params={"width": 400}, headers={"If-None-Match": f'"x", W/{mark}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", mark)
    wider = await admin.client.get(path, headers={"If-None-Match": mark})
    assert Image.open(BytesIO(wider.content)).width == 1200


async def test_what_can_not_be_shown_is_a_problem(admin: Any) -> None:
    document = await admin.upload()
    base = f"/api/documents/{document['id']}"
    problem(await admin.client.get(f"{base}/pages/2/image"), 404, "PAGE_NOT_FOUND")
    for path in (
        "/pages/0/image",
        "/pages/one/image",
        "/pages/1/image?width=15",
        "/pages/1/image?width=4001",
    ):
        problem(await admin.client.get(base + path), 422, "VALIDATION_FAILED")
    problem(await admin.client.get(f"{base}/export", params={"format": "docx"}), 422, "VALIDATION_FAILED")
    problem(await admin.client.get(f"{base}/export"), 409, "NOT_READ_YET")
    for unknown in ("0" * 24, "nonsense"):
        for path in ("pages/1/image", "export"):
            missing = await admin.client.get(f"/api/documents/{unknown}/{path}")
            problem(missing, 404, "DOCUMENT_NOT_FOUND")


async def test_views_need_a_session(gateway: str) -> None:
    async with httpx.AsyncClient(base_url=gateway) as client:
        for path in ("pages/1/image", "export"):
            assert (await client.get(f"/api/documents/{'0' * 24}/{path}")).status_code == 401


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("", []),
        ('"a"', ["a"]),
        ('W/"a", "b"', ["a", "b"]),
        (", ,", []),
        (f'"{"a" * 101}", "b"', ["b"]),
        (", ".join(f'"{n}"' for n in range(30)), [str(n) for n in range(20)]),
    ],
)
def test_tags_of_a_client_are_read(header: str, tags: list[str]) -> None:
    request = Request({"type": "http", "headers": [(b"if-none-match", header.encode())]})
    assert known_tags(request) == tags
