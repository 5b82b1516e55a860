"""Splitting, merging, reading again, duplicates and batches, through the gateway."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pypdfium2
import pytest

from samples.make import hostile
from tests.business import Business, until

pytestmark = pytest.mark.fleet


def joined(*files: bytes) -> bytes:
    """One PDF with the pages of several."""
    made = pypdfium2.PdfDocument.new()
    for content in files:
        with pypdfium2.PdfDocument(content) as opened:
            made.import_pages(opened)
    out = BytesIO()
    made.save(out)
    return out.getvalue()


def post(shop: Business, path: str, status: int, **body: Any) -> dict[str, Any]:
    reply = shop.client.post(f"/api/documents/{path}", json=body or None)
    assert reply.status_code == status, reply.text
    return dict(reply.json())


def settled(shop: Business, document_id: str) -> dict[str, Any]:
    """The document once it is read and nothing is held for it any more; it may have been free."""
    until(
        lambda: shop.document(document_id)["status"] == "processed" and not shop.credits()["held"], seconds=90
    )
    return shop.document(document_id)


def test_a_stack_is_split_read_for_free_and_put_back(business: Callable[[], Business]) -> None:
    shop, stranger = business(), business()
    bills = [hostile.load_bill(number) for number in (1, 2)]
    stack = shop.upload(joined(hostile.digital_pdf(1), hostile.digital_pdf(2)), "stack.pdf")
    shop.process(stack["id"])
    paid = shop.ended(stack["id"])["processing"]["creditsCharged"]
    path = f"{stack['id']}/split"
    proposal = shop.client.get(f"/api/documents/{path}").json()
    assert [part["pages"] for part in proposal["parts"]] == [[1], [2]]
    assert [part["invoiceNumber"]["value"] for part in proposal["parts"]] == [bill.number for bill in bills]
    chosen = {"parts": [{"pages": part["pages"]} for part in proposal["parts"]]}
    assert stranger.client.post(f"/api/documents/{path}", json=chosen).status_code == 404
    assert post(shop, path, 400, parts=[{"pages": [3]}])["reason"] == "BAD_PAGES"

    parts = post(shop, path, 201, **chosen)["documents"]
    read = [settled(shop, part["id"]) for part in parts]
    assert [one["ocrResult"]["extractedData"]["invoiceNumber"]["value"] for one in read] == [
        bill.number for bill in bills
    ]
    assert [one["processing"]["creditsCharged"] for one in read] == [0, 0]
    assert sum(shop.charges()) == paid
    assert shop.document(stack["id"])["replacedBy"] == [part["id"] for part in parts]
    assert shop.client.get(read[0]["path"]).content[:5] == b"%PDF-"
    assert post(shop, path, 409, **chosen)["reason"] == "REPLACED"

    (revived,) = post(shop, f"{path}/undo", 200)["documents"]
    assert revived["replacedBy"] == []
    assert shop.client.get(f"/api/documents/{parts[0]['id']}").status_code == 404


def test_files_are_merged_and_taken_apart(business: Callable[[], Business]) -> None:
    shop = business()
    ids = [shop.upload(hostile.digital_pdf(number), f"{number}.pdf")["id"] for number in (3, 4)]
    made = post(shop, "merge", 201, documentIds=ids[::-1], name="both")
    assert (made["originalName"], made["pageCount"]) == ("both.pdf", 2)
    assert [source["documentId"] for source in made["origin"]["sources"]] == ids[::-1]
    shop.process(made["id"])
    text = shop.ended(made["id"])["ocrResult"]["text"]
    assert text.index(hostile.load_bill(4).number) < text.index(hostile.load_bill(3).number)
    back = post(shop, f"{made['id']}/merge/undo", 200)["documents"]
    assert {document["id"] for document in back} == set(ids)


def test_a_document_is_read_again_cheaper_from_the_cache(business: Callable[[], Business]) -> None:
    shop = business()
    content = joined(*(hostile.digital_pdf(number) for number in range(10, 16)))
    document_id = shop.upload(content, "six.pdf")["id"]
    shop.process(document_id)
    first = shop.ended(document_id)
    assert post(shop, "process", 409, documentId=document_id)["reason"] == "ALREADY_PROCESSED"
    post(shop, "process", 202, documentId=document_id, mode="again")
    again = shop.ended(document_id)
    assert again["processing"]["creditsCharged"] == 2 < first["processing"]["creditsCharged"]
    assert all(page["fromCache"] for page in again["ocrResult"]["pages"])
    assert len(again["readings"]) == 2
    assert again["ocrResult"]["text"] == first["ocrResult"]["text"]


def test_a_batch_is_quoted_read_and_reported(business: Callable[[], Business]) -> None:
    shop, stranger = business(), business()
    ids = [shop.upload(hostile.digital_pdf(number), f"{number}.pdf")["id"] for number in range(20, 26)]
    quote = post(shop, "quote", 200, documentIds=ids)
    assert quote["credits"] == sum(one["credits"] for one in quote["documents"]) == 18
    assert quote["left"] == quote["available"] - 18
    batch = post(shop, "process", 202, documentIds=ids)
    path = f"/api/documents/batches/{batch['id']}"
    done = until(lambda: (found := shop.client.get(path).json())["state"] == "done" and found, seconds=90)
    # Charged a moment after it was read.
    until(lambda: shop.client.get(path).json()["credits"] == 12)
    assert done["counts"] == {"processed": 6}
    assert [item["documentId"] for item in done["items"]] == ids
    assert sum(shop.charges()) == 12
    assert stranger.client.get(path).status_code == 404
    assert shop.client.post(f"{path}/cancel").json()["counts"] == {"processed": 6}
    assert post(shop, "process", 422, documentId=ids[0], documentIds=ids)["reason"] == "VALIDATION_FAILED"
    assert post(shop, "process", 422, mode="again")["reason"] == "VALIDATION_FAILED"


def test_a_bill_that_came_twice_is_linked_until_somebody_says_no(business: Callable[[], Business]) -> None:
    shop = business()
    bill = hostile.digital_pdf(30)
    ids = [shop.upload(content, "bill.pdf")["id"] for content in (bill, bill + b"\n% a copy\n")]
    for document_id in ids:
        shop.process(document_id)
        shop.ended(document_id)
    until(lambda: all(shop.document(document_id)["duplicates"] for document_id in ids))
    assert [shop.document(one)["duplicates"][0]["documentId"] for one in ids] == ids[::-1]
    answer = post(shop, f"{ids[0]}/duplicates/{ids[1]}/dismiss", 200)
    assert answer["duplicates"] == shop.document(ids[1])["duplicates"] == []
