"""Rendering over gRPC, through the Boundary, as the documents service meets it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import pikepdf
import pypdfium2
import pytest
from automateiq.common.v1 import recognition_pb2 as common
from automateiq.ocr.v1 import recognition_pb2
from automateiq.ocr.v1 import rendering_pb2 as pb
from automateiq.ocr.v1.recognition_pb2_grpc import RecognitionServiceStub
from automateiq.ocr.v1.rendering_pb2_grpc import RenderingServiceStub
from automateiq_core.errors import Internal, InvalidInput, NotFound
from automateiq_core.testing import PeerTo, RunningService, calling
from automateiq_ocr.main import SERVICE
from ocr_pages import pdf, text
from pikepdf import Dictionary, Name, pdfa
from PIL import Image

PIECE = 4 << 10
WORDS = [
    common.Word(text=text, box=common.BoundingBox(page=2, x=40, y=y, width=60, height=12))
    for text, y in (("garden", 50), ("benches", 80))
]


@pytest.fixture
async def address(running_service: RunningService) -> AsyncIterator[str]:
    async with running_service(SERVICE, ocr_workers=1) as target:
        yield target


@pytest.fixture
def stub(address: str, peer_to: PeerTo) -> Any:
    return RenderingServiceStub(peer_to("ocr", address, pb, caller="documents").channel)


def file_of(content: bytes) -> Any:
    digest = hashlib.sha256(content).hexdigest()
    return recognition_pb2.FileHeader(mimetype="application/pdf", size=len(content), sha256=digest)


async def sent(kind: Any, *parts: Any) -> AsyncIterator[Any]:
    for name, value in parts:
        yield kind(**{name: value})


def pieces(content: bytes) -> list[tuple[str, bytes]]:
    return [("chunk", content[at : at + PIECE]) for at in range(0, len(content), PIECE)]


async def received(answers: AsyncIterator[Any]) -> tuple[Any, bytes]:
    first, *rest = [answer async for answer in answers]
    content = b"".join(answer.chunk for answer in rest)
    assert first.header.size == len(content)
    return first.header, content


def page_wanted(content: bytes, **header: Any) -> AsyncIterator[Any]:
    wanted = pb.RenderPageHeader(file=file_of(content), **header)
    return sent(pb.RenderPageRequest, ("header", wanted), *pieces(content))


async def test_a_page_comes_back_as_a_picture(stub: Any) -> None:
    document = pdf(text(), text(("The end.",)))
    with calling(caller="documents"):
        header, content = await received(stub.RenderPage(page_wanted(document, page=2, width=500)))
        assert header.mimetype == "image/webp"
        assert Image.open(BytesIO(content)).width == 500
        with pytest.raises(NotFound) as missing:
            await received(stub.RenderPage(page_wanted(document, page=3, width=500)))
        assert missing.value.reason == "PAGE_NOT_FOUND"
        with pytest.raises(InvalidInput):
            await received(stub.RenderPage(page_wanted(document, page=1, width=5000)))
        with pytest.raises(InvalidInput) as damaged:
            await received(stub.RenderPage(page_wanted(b"%PDF-1.4 nothing", page=1, width=50)))
        assert damaged.value.reason == "FILE_DAMAGED"


async def test_a_searchable_pdf_is_made_of_a_file_and_its_words(stub: Any) -> None:
    document = pdf(text(), text(("The end.",)))
    header = pb.MakeSearchablePdfHeader(file=file_of(document), title="Benches")
    page = common.Page(number=2, width=360, height=220)
    words = [("words", pb.PageWords(page=page, words=[word])) for word in WORDS]
    with calling(caller="documents"):
        parts = [("header", header), *words, *pieces(document)]
        made, content = await received(stub.MakeSearchablePdf(sent(pb.MakeSearchablePdfRequest, *parts)))
    assert made.mimetype == "application/pdf"
    assert not pdfa.validate_written(BytesIO(content), "2b").findings
    with pypdfium2.PdfDocument(content) as opened:
        texts = [opened[number].get_textpage().get_text_range() for number in range(2)]
    assert (texts[0], texts[1].split()) == ("", ["garden", "benches"])


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([], "HEADER_MISSING"),
        ([("chunk", b"x")], "HEADER_MISSING"),
        (["header", "header"], "HEADER_REPEATED"),
        (["header", ("chunk", b"%PDF"), "words"], "WORDS_TOO_LATE"),
        (["header", ("words", pb.PageWords(page=common.Page(number=1)))], "PAGE_WITHOUT_SIZE"),
        (["header", ("chunk", b"%PDF-other")], "CONTENT_MISMATCH"),
    ],
)
async def test_a_stream_that_is_not_as_agreed_is_refused(stub: Any, parts: list[Any], reason: str) -> None:
    known = {
        "header": ("header", pb.MakeSearchablePdfHeader(file=file_of(b"%PDF-1.4 nothing"))),
        "words": ("words", pb.PageWords(page=common.Page(number=1, width=1, height=1))),
    }
    messages = sent(
        pb.MakeSearchablePdfRequest,
        *(known.get(part, part) if isinstance(part, str) else part for part in parts),
    )
    with calling(caller="documents"), pytest.raises(InvalidInput) as refused:
        await received(stub.MakeSearchablePdf(messages))
    assert refused.value.reason == reason


def endless_page(depth: int = 9, fan: int = 10) -> bytes:
    """A PDF of two kilobytes whose only page draws a path a billion times, by forms within forms."""
    with pikepdf.new() as document:
        form = document.make_stream(b"0 0 9 9 re f", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 9, 9])
        for _ in range(depth):
            inside = Dictionary(XObject=Dictionary(F=form))
            form = document.make_stream(
                b"/F Do " * fan, Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 9, 9], Resources=inside
            )
        page = document.add_blank_page()
        page.Contents = document.make_stream(b"/F Do")
        page.Resources = Dictionary(XObject=Dictionary(F=form))
        out = BytesIO()
        document.save(out)
    return out.getvalue()


async def test_a_page_that_never_ends_holds_up_no_upload(
    running_service: RunningService, peer_to: PeerTo
) -> None:
    async with running_service(SERVICE, ocr_workers=1, ocr_render_seconds=600) as target:
        showing = RenderingServiceStub(peer_to("ocr", target, pb, caller="documents").channel)
        peer = peer_to("ocr", target, recognition_pb2, caller="documents")
        with calling(caller="documents"):
            shown = showing.RenderPage(page_wanted(endless_page(), page=1, width=300))
            looking = asyncio.ensure_future(received(shown))
            plain = pdf(text())
            header = ("header", file_of(plain))
            request = sent(recognition_pb2.InspectDocumentRequest, header, *pieces(plain))
            answer = await RecognitionServiceStub(peer.channel).InspectDocument(request, timeout=60)
        assert answer.page_count == 1
        assert not looking.done()
        looking.cancel()


async def test_a_page_that_takes_too_long_is_given_up(
    running_service: RunningService, peer_to: PeerTo
) -> None:
    async with running_service(SERVICE, ocr_workers=1, ocr_render_seconds=1) as target:
        stub = RenderingServiceStub(peer_to("ocr", target, pb, caller="documents").channel)
        with calling(caller="documents"), pytest.raises(Internal) as caught:
            await received(stub.RenderPage(page_wanted(endless_page(), page=1, width=300)))
    assert caught.value.reason == "PAGE_FAILED"
