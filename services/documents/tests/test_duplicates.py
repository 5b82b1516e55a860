"""Documents that seem to be the same: found by looks and by what they say, linked both ways, left to people."""

import asyncio
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq.documents.v1 import duplicates_pb2
from automateiq_core.errors import FailedPrecondition, NotFound
from automateiq_core.mongo import ObjectId
from automateiq_core.testing import calling
from automateiq_documents.duplicates.models import likeness, marks_of, normal_number, normal_vendor
from PIL import Image

from samples.make import hostile

LOOKS = "5a" * 32


def data(vendor: str = "Northwind Ltd.", number: str = "NW-0042", total: str = "119.00") -> dict[str, Any]:
    return {"vendor": {"value": vendor}, "invoiceNumber": {"value": number}, "total": {"value": total}}


def marks(number: int, text: str, found: dict[str, Any], looks: str = LOOKS, **more: Any) -> Any:
    return marks_of(f"{number:024x}", text, [{"imageHash": looks}], found, **more)


TEXT = "Northwind Ltd. Invoice NW-0042 of 2026-03-04 Table 100.00 VAT 19.00 Total 119.00"


def flipped(looks: str, bits: int) -> str:
    return f"{int(looks, 16) ^ ((1 << bits) - 1):064x}"


# The rules


def test_a_second_scan_is_the_same_and_another_amount_is_not() -> None:
    first = marks(1, TEXT, data())
    scan = marks(2, TEXT.replace("2026-03-04", "2026-03-0A"), {}, flipped(LOOKS, 30))
    like = likeness(first, scan)
    assert like is not None and like.reason == "same_page_image" and 0.7 < like.score < 1
    assert likeness(first, marks(3, TEXT, {}, flipped(LOOKS, 41))) is None
    other = TEXT.replace("100.00", "200.00").replace("19.00", "38.00").replace("119.00", "238.00")
    assert likeness(first, marks(4, other, data(total="238.00"))) is None
    assert likeness(first, marks(5, other, {})) is None, (
        "the numbers in the text tell, where no total was found"
    )
    assert likeness(first, marks(6, TEXT, data(number="NW-0043"))) is None


def test_the_same_number_and_total_of_one_vendor_are_one_bill_whatever_it_looks_like() -> None:
    first = marks(1, TEXT, data())
    paper = marks(2, "quite another text", data("NORTHWIND", "nw 0042", "119"), "a5" * 32)
    like = likeness(first, paper)
    assert like is not None and like.reason == "same_number_and_total"
    for other in (data("Harbour Coffee"), data(number="NW-0043"), data(total="119.01"), data(number="")):
        assert likeness(first, marks(3, "another text", other, "a5" * 32)) is None


def test_pages_with_hardly_a_number_must_have_the_same_words() -> None:
    first = marks(1, "Dear Mrs Hawthorne, thank you for your letter about the garden gate.", {})
    assert likeness(
        first, marks(2, "Dear Mrs Hawthorne, thank you for your letter about the garden gate", {})
    )
    assert likeness(first, marks(3, "Sehr geehrte Damen und Herren, vielen Dank.", {})) is None
    assert likeness(marks(1, "", {}, ""), marks(2, "", {}, "")) is None, "blank pages are like nothing"


def test_a_document_is_not_its_own_part() -> None:
    source = marks(1, TEXT, data())
    part = marks(2, TEXT, data(), made_of=frozenset({source.document_id}))
    assert likeness(source, part) is None
    assert likeness(part, source) is None


def test_what_is_kept_of_a_text_without_gaps_is_small() -> None:
    marks = marks_of("1", "7" * 1_000_000 + " " + "x" * 1_000_000, [], {})
    assert {len(kept) for kept in (*marks.numbers, *marks.words)} == {40}


def test_values_are_compared_in_normal_form() -> None:
    assert normal_vendor("Müller & Söhne GmbH") == normal_vendor("MÜLLER SÖHNE")
    assert normal_vendor("Acme Inc.") == normal_vendor("ACME") == "acme"
    assert normal_number("RE-00 42/7") == normal_number("re00427")
    assert normal_number("0042") == "42"


# With the real reader


def scanned(document: bytes, dpi: int, quality: int) -> bytes:
    with pypdfium2.PdfDocument(document) as opened:
        page: Image.Image = opened[0].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
    file = BytesIO()
    page.save(file, "JPEG", quality=quality)
    return file.getvalue()


async def read(bench: Any, content: bytes, name: str) -> str:
    document_id = str(await bench.uploaded(content, name))
    await bench.process(document_id)
    await bench.work()
    return document_id


async def linked(bench: Any, document_id: str) -> list[str]:
    return [other.document_id for other in (await bench.get(document_id)).duplicates]


async def dismiss(bench: Any, document_id: str, other_id: str) -> Any:
    request = duplicates_pb2.DismissDuplicateRequest(document_id=document_id, other_document_id=other_id)
    return (await bench.duplicates.DismissDuplicate(request)).document


async def test_a_bill_that_came_twice_is_linked_both_ways_until_somebody_says_no(reading_bench: Any) -> None:
    bench = reading_bench
    bill = hostile.digital_pdf(3)
    with calling():
        digital = await read(bench, bill, "bill.pdf")
        scan = await read(bench, scanned(bill, 200, 60), "scan.jpg")
        other = await read(bench, hostile.digital_pdf(4), "other.pdf")
        assert await linked(bench, digital) == [scan]
        assert await linked(bench, scan) == [digital]
        assert await linked(bench, other) == []
        (link,) = (await bench.get(scan)).duplicates
        assert link.reason in ("same_page_image", "same_number_and_total")
        assert 0.7 < link.score <= 1
        listing = (await bench.documents.ListDocuments(pb.ListDocumentsRequest())).documents
        assert {one.id for one in listing if one.duplicates} == {digital, scan}

        again = await read(bench, scanned(bill, 150, 80), "again.jpg")
        assert set(await linked(bench, again)) == {digital, scan}
        assert [one.document_id for one in (await dismiss(bench, digital, scan)).duplicates] == [again]
        assert await linked(bench, scan) == [again]
        # That stays said when one of them is read again.
        await bench.process(scan, mode=pb.READING_MODE_FRESH)
        await bench.work()
        assert await linked(bench, scan) == [again]
        assert await linked(bench, digital) == [again]

        await bench.delete(again)
        assert await linked(bench, scan) == await linked(bench, digital) == []
        kept = await bench.rows("duplicate_marks")
        assert {str(row["_id"]) for row in kept} == {digital, scan, other}


async def test_two_that_are_read_at_once_find_each_other(reading_bench: Any) -> None:
    bench = reading_bench
    bill = hostile.digital_pdf(5)
    with calling():
        ids = [
            await bench.uploaded(content, name)
            for content, name in ((bill, "a.pdf"), (bill + b"\n% a copy\n", "b.pdf"), (bill + b"\n", "c.pdf"))
        ]
        for document_id in ids:
            await bench.process(document_id)
        await asyncio.gather(bench.work(), bench.work(), bench.work())
        await bench.work()
        for document_id in ids:
            assert set(await linked(bench, document_id)) == set(ids) - {document_id}


async def test_another_organizations_documents_are_like_nothing(reading_bench: Any) -> None:
    bench = reading_bench
    bill = hostile.digital_pdf(6)
    with calling():
        mine = await read(bench, bill, "mine.pdf")
        with calling():
            theirs = await read(bench, bill, "theirs.pdf")
            assert await linked(bench, theirs) == []
            with pytest.raises(NotFound):
                await dismiss(bench, mine, theirs)
            with pytest.raises(NotFound):
                await dismiss(bench, theirs, mine)
        assert await linked(bench, mine) == []


async def test_what_is_not_linked_can_not_be_dismissed(reading_bench: Any, pdf: Any) -> None:
    bench = reading_bench
    with calling():
        one, other = [await bench.uploaded(pdf(text)) for text in ("one", "other")]
        with pytest.raises(FailedPrecondition, match="NOT_LINKED"):
            await dismiss(bench, one, other)
        with pytest.raises(NotFound):
            await dismiss(bench, one, str(ObjectId()))


async def test_a_part_is_not_called_a_copy_of_its_source(reading_bench: Any, pdf: Any) -> None:
    from automateiq.documents.v1 import assembly_pb2

    bench = reading_bench
    with calling():
        source = await read(bench, pdf("Table 100.00 12.50 7.25", "Chair 200.00 3.75"), "stack.pdf")
        chosen = [assembly_pb2.PartPages(pages=[1, 2][::-1])]
        request = assembly_pb2.SplitDocumentRequest(document_id=source, parts=chosen)
        (part,) = (await bench.assembly.SplitDocument(request)).documents
        await bench.work()
        assert await linked(bench, part.id) == await linked(bench, source) == []
