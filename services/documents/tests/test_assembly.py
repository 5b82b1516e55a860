"""Splitting and merging documents, and undoing both, on a real database with the real reader."""

import asyncio
from io import BytesIO
from typing import Any

import pikepdf
import pypdfium2
import pytest
from automateiq.documents.v1 import assembly_pb2
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq_core.errors import AppError, FailedPrecondition, InvalidInput, NotFound
from automateiq_core.mongo import ObjectId
from automateiq_core.testing import calling
from pikepdf import Dictionary, Name
from PIL import Image, ImageDraw, ImageFont

INVOICES = (
    "Northwind Traders\nINVOICE\nInvoice number: NW-2041\nPage 1 of 2\nOak table 120.00\nChair 80.00",
    "Northwind Traders\nInvoice number: NW-2041\nPage 2 of 2\nTotal 200.00 EUR",
    "Harbour Coffee Ltd\nINVOICE\nInvoice number: 88-17\nPage 1 of 1\nBeans 42.00\nTotal 42.00 EUR",
)


def lines_pdf(*texts: str) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    file = BytesIO()
    canvas = Canvas(file, invariant=1)
    for text in texts:
        for number, line in enumerate(text.split("\n")):
            canvas.drawString(72, 760 - 24 * number, line)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def picture(text: str) -> Image.Image:
    page = Image.new("L", (1000, 700), 255)
    ImageDraw.Draw(page).text((60, 80), text, 0, ImageFont.load_default(size=34))
    return page


def tiff(*texts: str) -> bytes:
    file, (first, *more) = BytesIO(), [picture(text) for text in texts]
    first.save(file, "TIFF", save_all=True, append_images=more, compression="tiff_lzw")
    return file.getvalue()


async def split(bench: Any, document_id: str, *parts: list[int], **more: Any) -> list[Any]:
    chosen = [assembly_pb2.PartPages(pages=pages) for pages in parts]
    request = assembly_pb2.SplitDocumentRequest(document_id=document_id, parts=chosen, **more)
    return list((await bench.assembly.SplitDocument(request)).documents)


async def merge(bench: Any, *document_ids: str, **more: Any) -> Any:
    request = assembly_pb2.MergeDocumentsRequest(document_ids=document_ids, **more)
    return (await bench.assembly.MergeDocuments(request)).document


async def undo(bench: Any, document_id: str) -> list[Any]:
    request = assembly_pb2.UndoAssemblyRequest(document_id=document_id)
    return list((await bench.assembly.UndoAssembly(request)).documents)


async def read(bench: Any, content: bytes, name: str = "stack.pdf", **more: Any) -> str:
    document_id = str(await bench.uploaded(content, name, **more))
    await bench.process(document_id)
    await bench.work()
    return document_id


async def content(bench: Any, document_id: str) -> bytes:
    request = pb.DownloadDocumentRequest(document_id=document_id)
    return b"".join([piece.chunk async for piece in bench.documents.DownloadDocument(request)])


async def test_a_stack_is_proposed_split_read_for_free_and_put_back(reading_bench: Any) -> None:
    bench = reading_bench
    with calling():
        source_id = await read(bench, lines_pdf(*INVOICES), tags=["march"])
        paid = await bench.spent()
        proposed = await bench.assembly.ProposeSplit(assembly_pb2.ProposeSplitRequest(document_id=source_id))
        assert [list(part.pages) for part in proposed.parts] == [[1, 2], [3]]
        assert proposed.page_count == 3
        assert [part.invoice_number.value for part in proposed.parts] == ["NW-2041", "88-17"]
        assert proposed.parts[1].total.value == "42.00"
        assert "page_one" in proposed.parts[1].reasons
        assert (await bench.get(source_id)).parts_found == 2

        parts = await split(bench, source_id, [1, 2], [3])
        assert [part.original_name for part in parts] == ["stack (1 of 2).pdf", "stack (2 of 2).pdf"]
        assert [part.page_count for part in parts] == [2, 1]
        assert [list(part.origin.sources[0].pages) for part in parts] == [[1, 2], [3]]
        assert all(part.origin.kind == "split" and list(part.tags) == ["march"] for part in parts)
        await bench.work()
        first, second = [await bench.get(part.id) for part in parts]
        assert (first.status, second.status) == (pb.DOCUMENT_STATUS_PROCESSED,) * 2
        assert all(page.from_cache for page in (*first.ocr_result.pages, *second.ocr_result.pages))
        assert second.ocr_result.extracted_data.invoice_number.value == "88-17"
        assert "Oak table" in first.ocr_result.text and "Harbour" not in first.ocr_result.text
        assert (await bench.spent(), (await bench.balance())[1]) == (paid, 0), "read and paid for before"
        source = await bench.get(source_id)
        assert list(source.replaced_by) == [first.id, second.id]
        assert pypdfium2.PdfDocument(await content(bench, first.id)).__len__() == 2

        with pytest.raises(FailedPrecondition, match="REPLACED"):
            await split(bench, source_id, [1])
        with pytest.raises(FailedPrecondition, match="REPLACED"):
            await bench.process(source_id, mode=pb.READING_MODE_AGAIN)

        (revived,) = await undo(bench, source_id)
        assert (revived.id, list(revived.replaced_by)) == (source_id, [])
        for part in parts:
            with pytest.raises(NotFound):
                await bench.get(part.id)
        assert len(await bench.rows("files.files")) == 1
        with pytest.raises(FailedPrecondition, match="NOT_ASSEMBLED"):
            await undo(bench, source_id)
        assert len(await split(bench, source_id, [3], [2, 1])) == 2


async def test_what_was_not_read_yet_is_split_too_and_pays_for_itself(reading_bench: Any) -> None:
    bench = reading_bench
    with calling():
        source_id = await bench.uploaded(lines_pdf(*INVOICES))
        with pytest.raises(FailedPrecondition, match="NOT_READ"):
            await bench.assembly.ProposeSplit(assembly_pb2.ProposeSplitRequest(document_id=source_id))
        (part,) = await split(bench, source_id, [3, 1])
        assert part.status == pb.DOCUMENT_STATUS_UPLOADED
        await bench.process(part.id)
        await bench.work()
        assert (await bench.get(part.id)).ocr_result.text.startswith("Harbour Coffee")
        assert await bench.spent() == 2


async def test_pages_of_a_tiff_keep_their_pixels(reading_bench: Any) -> None:
    bench = reading_bench
    texts = ("First slip 11.50", "Second slip 12.75", "Third slip 13.25")
    with calling():
        source_id = await read(bench, tiff(*texts), "slips.tif")
        parts = await split(bench, source_id, [1], [3, 2])
        await bench.work()
        made = await content(bench, parts[1].id)
        with Image.open(BytesIO(made)) as image:
            assert image.n_frames == 2  # type: ignore[attr-defined]
            assert image.convert("L").tobytes() == picture(texts[2]).tobytes()
        again = await bench.get(parts[1].id)
        assert all(page.from_cache for page in again.ocr_result.pages)
        assert again.processing.credits_charged == 0


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([[1, 4]], "BAD_PAGES"),
        ([[1, 2], [2, 3]], "BAD_PAGES"),
        ([[1, 2, 3]], "BAD_PAGES"),
        ([[1, 1]], "VALIDATION_FAILED"),
        ([[0]], "VALIDATION_FAILED"),
        ([[]], "VALIDATION_FAILED"),
        ([], "VALIDATION_FAILED"),
        ([[1]] * 101, "VALIDATION_FAILED"),
    ],
)
async def test_parts_that_make_no_sense_change_nothing(
    bench: Any, parts: list[list[int]], reason: str
) -> None:
    with calling():
        source_id = await bench.uploaded(lines_pdf(*INVOICES))
        documents = bench.mongo.across_tenants("documents", why="nobody counted its pages here")
        await documents.update_one({"_id": ObjectId(source_id)}, {"$set": {"pageCount": 3}})
        before = await bench.rows("documents")
        with pytest.raises(InvalidInput, match=reason):
            await split(bench, source_id, *parts)
        assert await bench.rows("documents") == before
        assert await bench.rows("loose_blobs") == []


async def test_what_can_not_be_split_or_merged_is_told_so(reading_bench: Any) -> None:
    bench = reading_bench
    with calling():
        single = await bench.uploaded(lines_pdf("one page"))
        stack = await bench.uploaded(lines_pdf(*INVOICES))
        with pytest.raises(FailedPrecondition, match="NOT_SPLITTABLE"):
            await split(bench, single, [1])
        await bench.process(stack)
        for attempt in (split(bench, stack, [1]), merge(bench, single, stack)):
            with pytest.raises(FailedPrecondition, match="BEING_READ"):
                await attempt
        with pytest.raises(NotFound):
            await merge(bench, single, str(ObjectId()))
        with pytest.raises(InvalidInput, match="VALIDATION_FAILED"):
            await merge(bench, single, single)
        with calling():
            for attempt in (split(bench, stack, [1]), merge(bench, single, stack), undo(bench, stack)):
                with pytest.raises(NotFound):
                    await attempt


async def test_two_splits_at_once_leave_one(reading_bench: Any) -> None:
    bench = reading_bench
    with calling():
        source_id = await bench.uploaded(lines_pdf(*INVOICES))
        tries = (split(bench, source_id, [1], [2, 3]), split(bench, source_id, [1, 2], [3]))
        done = await asyncio.gather(*tries, return_exceptions=True)
        (made,) = [outcome for outcome in done if isinstance(outcome, list)]
        (refused,) = [outcome for outcome in done if isinstance(outcome, AppError)]
        assert refused.reason in ("REPLACED", "CONCURRENT_CHANGE")
        assert list((await bench.get(source_id)).replaced_by) == [part.id for part in made]
        assert len(await bench.rows("documents")) == 3
        assert len(await bench.rows("files.files")) == 3
        assert await bench.rows("loose_blobs") == []


async def test_a_source_that_is_deleted_while_it_is_split_leaves_nothing_half(reading_bench: Any) -> None:
    bench = reading_bench
    with calling():
        for number in range(3):
            source_id = await bench.uploaded(lines_pdf(*INVOICES, f"try {number}"))
            done = await asyncio.gather(
                split(bench, source_id, [1], [2]), bench.delete(source_id), return_exceptions=True
            )
            made = done[0] if isinstance(done[0], list) else []
            rows = await bench.rows("documents")
            assert {str(row["_id"]) for row in rows} == {part.id for part in made}
            assert len(await bench.rows("files.files")) == len(made)
            for part in made:
                await bench.delete(part.id)


async def test_the_same_key_splits_once(bench: Any) -> None:
    with calling():
        source_id = await bench.uploaded(lines_pdf(*INVOICES))
        documents = bench.mongo.across_tenants("documents", why="nobody counted its pages here")
        await documents.update_one({"_id": ObjectId(source_id)}, {"$set": {"pageCount": 3}})
        first = await split(bench, source_id, [1], [2], request_id="once")
        assert await split(bench, source_id, [1], [2], request_id="once") == first
        # As when the answer was lost before it was kept.
        keys = bench.mongo.across_tenants("idempotency", why="the test loses an answer")
        await keys.delete_many({})
        again = await split(bench, source_id, [1], [2], request_id="once")
        assert [part.id for part in again] == [part.id for part in first]
        assert len(await bench.rows("documents")) == 3


async def test_what_somebody_worked_on_is_not_undone(reading_bench: Any) -> None:
    bench = reading_bench
    with calling():
        source_id = await read(bench, lines_pdf(*INVOICES))
        parts = await split(bench, source_id, [1, 2], [3])
        await bench.work()
        await bench.process(parts[0].id, mode=pb.READING_MODE_AGAIN)
        await bench.work()
        with pytest.raises(FailedPrecondition, match="PARTS_CHANGED"):
            await undo(bench, source_id)
        # Deleting what was made revives the source at the last one.
        for part in parts:
            await bench.delete(part.id)
        assert list((await bench.get(source_id)).replaced_by) == []


async def test_undoing_while_parts_are_read_stops_that(reading_bench: Any) -> None:
    bench = reading_bench
    with calling():
        source_id = await read(bench, lines_pdf(*INVOICES))
        await split(bench, source_id, [1, 2], [3])
        await undo(bench, source_id)
        assert (await bench.balance())[1] == 0
        await bench.work()
        assert len(await bench.rows("documents")) == 1


async def test_files_are_merged_in_order_and_taken_apart_again(reading_bench: Any) -> None:
    bench = reading_bench
    with calling():
        back = await read(bench, lines_pdf(INVOICES[1]), "back.pdf")
        front = await read(bench, lines_pdf(INVOICES[0]), "front.pdf")
        paid = await bench.spent()
        made = await merge(bench, front, back)
        assert (made.original_name, made.mimetype, made.page_count) == ("front.pdf", "application/pdf", 2)
        assert [source.document_id for source in made.origin.sources] == [front, back]
        await bench.work()
        merged = await bench.get(made.id)
        assert merged.ocr_result.extracted_data.total.value == "200.00"
        assert merged.ocr_result.text.index("Oak table") < merged.ocr_result.text.index("200.00")
        assert merged.processing.credits_charged == 0
        assert await bench.spent() == paid
        assert list((await bench.get(back)).replaced_by) == [made.id]
        assert {document.id for document in await undo(bench, made.id)} == {front, back}
        assert list((await bench.get(back)).replaced_by) == []
        with pytest.raises(NotFound):
            await bench.get(made.id)


async def test_pictures_become_pages(reading_bench: Any) -> None:
    bench = reading_bench
    file = BytesIO()
    picture("Photographed 17.50").convert("RGBA").save(file, "PNG")
    with calling():
        one = await bench.uploaded(file.getvalue(), "one.png")
        two = await bench.uploaded(tiff("Second 1.10", "Third 2.20"), "two.tif")
        made = await merge(bench, two, one, name="Evening.pdf")
        assert (made.original_name, made.page_count) == ("Evening.pdf", 3)
        assert made.status == pb.DOCUMENT_STATUS_UPLOADED
        await bench.process(made.id)
        await bench.work()
        text = (await bench.get(made.id)).ocr_result.text
        assert text.index("Second") < text.index("Third") < text.index("Photographed")
        await bench.delete(one)
        with pytest.raises(FailedPrecondition, match="PARTS_CHANGED"):
            await undo(bench, made.id)
        assert (await bench.get(made.id)).status == pb.DOCUMENT_STATUS_PROCESSED


async def test_together_too_large_is_refused(
    open_bench: Any, billing_target: str, ocr_target: str, pdf: Any
) -> None:
    bench = await open_bench(billing_target=billing_target, ocr_target=ocr_target, max_upload_bytes=2500)
    with calling():
        ids = [await bench.uploaded(pdf(f"page {number}")) for number in range(2)]
        with pytest.raises(InvalidInput, match="FILE_TOO_LARGE"):
            await merge(bench, *ids)
        assert len(await bench.rows("documents")) == 2


async def test_parts_that_copy_what_the_pages_share_may_not_grow_without_end(
    open_bench: Any, billing_target: str, ocr_target: str
) -> None:
    picture = Image.effect_noise((200, 200), 90)
    with pikepdf.new() as document:
        shared = document.make_stream(
            picture.tobytes(),
            {"/Type": Name.XObject, "/Subtype": Name.Image, "/Width": 200, "/Height": 200}
            | {"/ColorSpace": Name.DeviceGray, "/BitsPerComponent": 8},
        )
        for _ in range(8):
            page = document.add_blank_page()
            page.Resources = Dictionary(XObject=Dictionary(P=shared))
            page.Contents = document.make_stream(b"200 0 0 200 0 0 cm /P Do")
        file = BytesIO()
        document.save(file)
    bench = await open_bench(billing_target=billing_target, ocr_target=ocr_target, max_upload_bytes=60_000)
    with calling():
        source = await bench.uploaded(file.getvalue())
        with pytest.raises(InvalidInput, match="FILE_TOO_LARGE"):
            await split(bench, source, *([page] for page in range(1, 9)))
        assert len(await bench.rows("documents")) == 1
        assert len(await split(bench, source, [1, 2, 3, 4], [5, 6, 7, 8])) == 2
