"""Listing and searching documents: over gRPC, on real MongoDB."""

from collections.abc import Callable
from typing import Any

import pytest
from automateiq.common.v1.pagination_pb2 import PageRequest
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq_core.errors import InvalidInput
from automateiq_core.testing import calling
from automateiq_documents.documents.models import DocumentOrder
from google.protobuf.timestamp_pb2 import Timestamp

Pdf = Callable[..., bytes]


async def listed(bench: Any, sort: Any = 0, size: int = 100, token: str = "", **wanted: Any) -> Any:
    request = pb.ListDocumentsRequest(
        page=PageRequest(page_size=size, page_token=token), filter=pb.DocumentFilter(**wanted), sort=sort
    )
    return await bench.documents.ListDocuments(request)


async def names(bench: Any, sort: Any = 0, **wanted: Any) -> list[str]:
    return [found.original_name for found in (await listed(bench, sort, **wanted)).documents]


async def test_a_listing_sorts_in_every_way_and_pages_stay_whole(bench: Any, pdf: Pdf) -> None:
    with calling():
        for number, name in enumerate(("beta.pdf", "Alpha.pdf", "gamma.pdf", "alpha 2.pdf", "Delta.pdf")):
            await bench.upload(pdf("x" * (number * 7 % 5 + 1)) + b"%" * (number * 7 % 5), name)
        orders = {
            pb.DOCUMENT_SORT_UNSPECIFIED: ["Delta", "alpha 2", "gamma", "Alpha", "beta"],
            pb.DOCUMENT_SORT_CREATED_DESC: ["Delta", "alpha 2", "gamma", "Alpha", "beta"],
            pb.DOCUMENT_SORT_CREATED_ASC: ["beta", "Alpha", "gamma", "alpha 2", "Delta"],
            pb.DOCUMENT_SORT_NAME_ASC: ["alpha 2", "Alpha", "beta", "Delta", "gamma"],
            pb.DOCUMENT_SORT_NAME_DESC: ["gamma", "Delta", "beta", "Alpha", "alpha 2"],
        }
        for sort, expected in orders.items():
            assert [name.removesuffix(".pdf") for name in await names(bench, sort)] == expected
        sizes = [found.size for found in (await listed(bench, pb.DOCUMENT_SORT_SIZE_ASC)).documents]
        assert sizes == sorted(sizes)
        sizes_down = [found.size for found in (await listed(bench, pb.DOCUMENT_SORT_SIZE_DESC)).documents]
        assert sizes_down == sorted(sizes, reverse=True)
        for sort in pb.DocumentSort.values():
            whole = [found.id for found in (await listed(bench, sort)).documents]
            token, paged = "", []
            while True:
                page = await listed(bench, sort, size=2, token=token)
                paged += [found.id for found in page.documents]
                token = page.page_info.next_page_token
                if not token:
                    break
            assert paged == whole
        token = (await listed(bench, size=2)).page_info.next_page_token
        with pytest.raises(InvalidInput) as refused:
            await listed(bench, pb.DOCUMENT_SORT_NAME_ASC, token=token)
        assert refused.value.reason == "PAGE_TOKEN_INVALID"


def test_every_order_of_the_api_has_one_here() -> None:
    assert {f"DOCUMENT_SORT_{order.name}" for order in DocumentOrder} | {"DOCUMENT_SORT_UNSPECIFIED"} == set(
        pb.DocumentSort.keys()
    )


async def test_a_listing_filters(bench: Any, pdf: Pdf) -> None:
    with calling():
        await bench.upload(pdf("1"), "one.pdf", type=pb.DOCUMENT_TYPE_INVOICE, tags=["a", "b"])
        two = await bench.upload(pdf("2"), "two.pdf", type=pb.DOCUMENT_TYPE_RECEIPT, tags=["b"])
        await bench.upload(pdf("3"), "three.pdf", tags=["c"])
        assert await names(bench, types=[pb.DOCUMENT_TYPE_INVOICE]) == ["one.pdf"]
        both = [pb.DOCUMENT_TYPE_INVOICE, pb.DOCUMENT_TYPE_RECEIPT]
        assert await names(bench, types=both) == ["two.pdf", "one.pdf"]
        assert await names(bench, tags=["b"]) == ["two.pdf", "one.pdf"]
        assert await names(bench, tags=["b", "a"]) == ["one.pdf"]
        assert await names(bench, statuses=[pb.DOCUMENT_STATUS_UPLOADED], tags=["c"]) == ["three.pdf"]
        assert await names(bench, statuses=[pb.DOCUMENT_STATUS_PROCESSED]) == []
        moment = two.document.created_at
        assert await names(bench, created_before=moment) == ["one.pdf"]
        assert await names(bench, created_from=moment) == ["three.pdf", "two.pdf"]
        with pytest.raises(InvalidInput) as refused:
            await listed(bench, created_from=Timestamp(seconds=10**15))
        assert refused.value.violations[0].field == "filter.created_from"
    with calling():
        assert await names(bench) == []


async def test_search_finds_words_that_stand_in_text_name_labels_and_vendor(bench: Any, pdf: Pdf) -> None:
    with calling():
        await bench.upload(pdf("1"), "Quarterly report 2026.pdf", tags=["garden-shed"])
        text = "The Größe of INV-2024/07 and of INV-2025/07; the quick brown fox"
        await bench.read_as(await bench.uploaded(pdf("2"), "scan.pdf"), text, "Larch & Vole")

        async def found(query: str) -> list[str]:
            return await names(bench, query=query)

        assert await found("quarterly") == ["Quarterly report 2026.pdf"]
        assert await found("garden") == ["Quarterly report 2026.pdf"]
        assert await found("larch") == ["scan.pdf"], "the vendor"
        assert await found("größe") == ["scan.pdf"]
        assert await found("INV-2024/07") == ["scan.pdf"]
        assert await found('"quick brown"') == ["scan.pdf"]
        assert await found('"brown quick"') == []
        # All words, not any; and a minus is a sign, not a command.
        assert await found("quick quarterly") == []
        assert await found("fox quick") == ["scan.pdf"]
        assert await found("quick -brown") == ["scan.pdf"]
        # No language: little words count, and nothing is stemmed.
        assert await found("the") == ["scan.pdf"]
        assert await found("reports") == []
        for odd in ('"', '""', "$where", "{}", "\x00", "---", '"unclosed fox', "a" * 200):
            assert await found(odd) == [], odd
        assert await found("   ") == ["scan.pdf", "Quarterly report 2026.pdf"]
        page = await listed(bench, size=1, query="pdf")
        rest = await listed(bench, size=1, query="pdf", token=page.page_info.next_page_token)
        assert [page.documents[0].original_name, rest.documents[0].original_name] == [
            "scan.pdf",
            "Quarterly report 2026.pdf",
        ]
        # What a listing shows of a document that was read.
        (shown,) = (await listed(bench, query="larch")).documents
        assert shown.ocr_result.extracted_data.vendor.value == "Larch & Vole"
        assert not shown.ocr_result.text
        assert not shown.ocr_result.bounding_boxes
        assert not shown.ocr_result.pages
    with calling():
        assert await found("larch") == []
