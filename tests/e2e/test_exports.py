"""Exports through the gateway."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl
import pytest

from tests.business import Business

pytestmark = pytest.mark.fleet


def test_what_was_read_leaves_in_every_format(business: Callable[[], Business], samples: Path) -> None:
    shop, stranger = business(), business()
    document_id = shop.upload_file(samples / "invoice-gb-thistlewick.pdf")["id"]
    shop.process(document_id)
    assert shop.ended(document_id)["status"] == "processed"

    def export(**query: object) -> bytes:
        reply = shop.client.get("/api/exports", params=dict(query))
        assert reply.status_code == 200, reply.text
        assert reply.headers["content-disposition"].startswith("attachment")
        return reply.content

    (row,) = csv.DictReader(io.StringIO(export(format="csv").decode()))
    assert (row["id"], row["total"], row["currency"]) == (document_id, "1691.64", "GBP")
    lines = list(csv.DictReader(io.StringIO(export(format="csv", table="lines", type="invoice").decode())))
    assert {line["documentId"] for line in lines} <= {document_id}
    book = openpyxl.load_workbook(io.BytesIO(export(format="xlsx")))
    assert book["Documents"]["A2"].value == document_id
    assert export(format="json", tag="none") == b'{"version":1,"documents":[]}\n'
    xml = ET.fromstring(export(format="ubl", id=document_id))
    assert xml.tag.endswith("}Invoice")
    for query, status in (
        ({"format": "pdf"}, 422),
        ({}, 422),
        ({"format": "csv", "id": "x"}, 422),
        ({"format": "csv", "id": "65f0c0ffee65f0c0ffee65f0"}, 404),
    ):
        assert shop.client.get("/api/exports", params=query).status_code in (
            status,
            400 if status == 422 else status,
        )
    theirs = stranger.client.get("/api/exports", params={"format": "csv", "id": document_id})
    assert (theirs.status_code, theirs.json()["reason"]) == (404, "DOCUMENT_NOT_FOUND")
