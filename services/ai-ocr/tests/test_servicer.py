"""ai-ocr over gRPC, through the Boundary, as the documents service meets it."""

import asyncio
import contextlib
import hashlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from automateiq.common.v1 import recognition_pb2 as common
from automateiq.ocr.v1 import recognition_pb2 as pb
from automateiq.ocr.v1.recognition_pb2_grpc import RecognitionServiceStub
from automateiq_core.errors import InvalidInput
from automateiq_core.internal_token import METADATA_KEY, TokenSigner
from automateiq_core.testing import PeerTo, RunningService, calling, eventually
from automateiq_ocr.main import SERVICE
from grpc_health.v1 import health_pb2, health_pb2_grpc
from ocr_pages import LINES, letter, pdf, picture, text

from samples.make import hostile

PIECE = 16 << 10


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the service puts what it is sent."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
async def address(running_service: RunningService, spool: Path) -> AsyncIterator[str]:
    """The service with one worker; when it has stopped, no file and no process is left."""
    async with running_service(SERVICE, ocr_workers=1) as target:
        yield target
    assert not files_in(spool)
    assert workers() == set()


@pytest.fixture
def stub(address: str, peer_to: PeerTo) -> Any:
    """The service as `documents` calls it."""
    return RecognitionServiceStub(peer_to("ocr", address, pb, caller="documents").channel)


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def workers() -> set[int]:
    """The worker processes of this process, and the programs that these run."""
    found: dict[int, set[int]] = {}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit():
                state, parent = (folder / "stat").read_text().rsplit(")", 1)[1].split()[:2]
                if state != "Z":
                    found.setdefault(int(parent), set()).add(int(folder.name))
    ours = {
        pid
        for pid in found.get(os.getpid(), set())
        if b"recognition.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    }
    return ours.union(*(found.get(pid, set()) for pid in ours))


def header(content: bytes, mimetype: str = "application/pdf", **more: Any) -> pb.FileHeader:
    given = {"mimetype": mimetype, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return pb.FileHeader(**{**given, **more})


def stream(kind: Any, content: bytes, mimetype: str = "application/pdf", **more: Any) -> list[Any]:
    pieces = [content[at : at + PIECE] for at in range(0, len(content), PIECE)]
    return [kind(header=header(content, mimetype, **more)), *(kind(chunk=piece) for piece in pieces)]


async def sending(messages: list[Any]) -> AsyncIterator[Any]:
    for message in messages:
        yield message


async def recognize(stub: Any, content: bytes, mimetype: str = "application/pdf") -> list[Any]:
    messages = stream(pb.RecognizeDocumentRequest, content, mimetype)
    return [event async for event in stub.RecognizeDocument(sending(messages))]


async def inspect(stub: Any, messages: list[Any]) -> int:
    answer = await stub.InspectDocument(sending(messages))
    return cast(int, answer.page_count)


async def test_a_document_is_sent_in_pieces_and_read_page_by_page(stub: Any) -> None:
    document = pdf(text(), picture(letter(300)), text(("The end.",)))
    with calling(caller="documents"):
        assert len(document) > PIECE
        assert await inspect(stub, stream(pb.InspectDocumentRequest, document)) == 3
        *progress, last = await recognize(stub, document)
    assert [(event.progress.pages_done, event.progress.pages_total) for event in progress] == [
        (done, 3) for done in range(4)
    ]
    result = last.result
    first, second, third = result.text.split("\f")
    assert (first, third) == ("\n".join(LINES), "The end.")
    assert "Hawthorne," in second
    layer, ocr = common.TEXT_SOURCE_TEXT_LAYER, common.TEXT_SOURCE_OCR
    assert [(page.number, page.source) for page in result.pages] == [(1, layer), (2, ocr), (3, layer)]
    assert [(page.width, page.height, page.rotation) for page in result.pages] == [(360, 220, 0)] * 3
    words = [word for word in result.words if word.text == "Hawthorne,"]
    assert [word.box.page for word in words] == [1, 2]
    assert abs(words[0].box.x - words[1].box.x) < 2
    assert (words[0].confidence, words[1].confidence > 0.5) == (1, True)
    assert result.extracted_data.document_type
    assert not result.extracted_data.HasField("total")
    assert not result.from_cache


async def test_the_cache_answers_the_same_organization_only(stub: Any) -> None:
    document = hostile.digital_pdf(5)
    with calling(caller="documents"):
        first = (await recognize(stub, document))[-1].result
        again = (await recognize(stub, document))[-1].result
    with calling(caller="documents"):
        other = (await recognize(stub, document))[-1].result
    assert [result.from_cache for result in (first, again, other)] == [False, True, False]
    assert [page.from_cache for page in again.pages] == [True]
    again.from_cache = again.pages[0].from_cache = False
    assert again == first == other
    assert first.extracted_data.invoice_number.value == hostile.load_bill(5).number
    assert first.extracted_data.invoice_number.box.page == 1


@pytest.mark.parametrize(
    ("content", "mimetype", "reason"),
    [
        (hostile.encrypted_pdf(), "application/pdf", "PDF_ENCRYPTED"),
        (hostile.truncated_pdf(), "application/pdf", "FILE_DAMAGED"),
        (hostile.many_pages_pdf(), "application/pdf", "TOO_MANY_PAGES"),
        (hostile.pixel_bomb_png(), "image/png", "IMAGE_TOO_LARGE"),
        (hostile.text_as_pdf(), "application/pdf", "UNSUPPORTED_TYPE"),
    ],
    ids=["encrypted", "damaged", "pages", "pixels", "type"],
)
async def test_what_cannot_be_read_is_refused_with_its_reason(
    stub: Any, content: bytes, mimetype: str, reason: str
) -> None:
    with calling(caller="documents"):
        with pytest.raises(InvalidInput) as inspected:
            await inspect(stub, stream(pb.InspectDocumentRequest, content, mimetype))
        with pytest.raises(InvalidInput) as read:
            await recognize(stub, content, mimetype)
    assert inspected.value.reason == read.value.reason == reason
    assert len(read.value.message.split()) >= 4


DOCUMENT = pdf(text(("Some words.",)))
REQUEST = pb.InspectDocumentRequest
MESSAGES: dict[str, tuple[list[Any], str]] = {
    "nothing": ([], "HEADER_MISSING"),
    "no header": ([REQUEST(chunk=DOCUMENT)], "HEADER_MISSING"),
    "two headers": ([REQUEST(header=header(DOCUMENT))] * 2, "HEADER_REPEATED"),
    "another content": (stream(REQUEST, DOCUMENT, sha256="0" * 64), "CONTENT_MISMATCH"),
    "less than announced": (stream(REQUEST, DOCUMENT, size=len(DOCUMENT) + 1), "CONTENT_MISMATCH"),
    "more than announced": (stream(REQUEST, DOCUMENT, size=len(DOCUMENT) - 1), "CONTENT_MISMATCH"),
    "only a header": ([REQUEST(header=header(DOCUMENT))], "CONTENT_MISMATCH"),
    "an empty message": ([REQUEST()], "VALIDATION_FAILED"),
    "an unknown type": (stream(REQUEST, DOCUMENT, "text/plain"), "VALIDATION_FAILED"),
    "an empty file": (stream(REQUEST, b""), "VALIDATION_FAILED"),
    "a hash that is none": (stream(REQUEST, DOCUMENT, sha256="abc"), "VALIDATION_FAILED"),
    "more than any file": (stream(REQUEST, DOCUMENT, size=1 << 40), "VALIDATION_FAILED"),
}


async def test_streams_that_are_not_as_agreed_are_refused(stub: Any) -> None:
    with calling(caller="documents"):
        for name, (messages, reason) in MESSAGES.items():
            with pytest.raises(InvalidInput) as caught:
                await inspect(stub, messages)
            assert caught.value.reason == reason, name
        assert await inspect(stub, stream(REQUEST, DOCUMENT)) == 1


async def test_only_documents_may_call(address: str, internal_keys: Path) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = RecognitionServiceStub(channel)  # a bare channel: our own peers refuse to send such calls

        async def status(metadata: tuple[tuple[str, str], ...] = ()) -> set[grpc.StatusCode]:
            codes = {grpc.StatusCode.OK}
            try:
                await stub.InspectDocument(sending(stream(REQUEST, DOCUMENT)), metadata=metadata)
            except grpc.aio.AioRpcError as error:
                codes = {error.code()}
            messages = stream(pb.RecognizeDocumentRequest, DOCUMENT)
            try:
                async for _ in stub.RecognizeDocument(sending(messages), metadata=metadata):
                    codes.add(grpc.StatusCode.OK)
            except grpc.aio.AioRpcError as error:
                codes.add(error.code())
            return codes

        for caller in ("gateway", "identity", "billing", "ocr", "documents"):
            signer = TokenSigner.from_file(caller, internal_keys / f"{caller}.pem")
            with calling(caller=caller) as call:
                answer = await status(((METADATA_KEY, signer.sign(call, "ocr")),))
            allowed = caller == "documents"
            assert answer == {grpc.StatusCode.OK if allowed else grpc.StatusCode.PERMISSION_DENIED}, caller
        assert await status() == {grpc.StatusCode.UNAUTHENTICATED}


async def test_who_sends_without_a_token_hears_why_while_still_sending(address: str) -> None:
    path = "/automateiq.ocr.v1.RecognitionService/RecognizeDocument"

    async def refused() -> grpc.StatusCode:
        async def pieces() -> AsyncIterator[bytes]:
            for _ in range(5):
                yield b""

        async with grpc.aio.insecure_channel(address) as channel:
            send = channel.stream_stream(path, request_serializer=lambda piece: piece)
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await send(pieces()).read()
            return refusal.value.code()

    # A race in the client's library, lost by one in ten: of two hundred some were always lost.
    codes = [code for _ in range(10) for code in await asyncio.gather(*(refused() for _ in range(20)))]
    assert set(codes) == {grpc.StatusCode.UNAUTHENTICATED}


async def test_a_caller_who_hangs_up_ends_the_work(stub: Any, spool: Path) -> None:
    document = hostile.scan_pdf(6)
    with calling(caller="documents"):
        assert await inspect(stub, stream(REQUEST, DOCUMENT)) == 1
        idle = workers()
        call = stub.RecognizeDocument(sending(stream(pb.RecognizeDocumentRequest, document)))
        assert (await anext(aiter(call))).progress.pages_done == 0
        await eventually(lambda: workers() > idle)
        await call.aclose()
        # The one that read the page is gone; those for short work and for showing had no part in it.
        await eventually(lambda: len(idle & workers()) == 2)
        await eventually(lambda: not files_in(spool))
        # The worker that follows has nothing left to do of what was abandoned.
        assert await inspect(stub, stream(REQUEST, DOCUMENT)) == 1
        assert len(workers()) == 3
        again = await recognize(stub, document)
    assert again[0].progress.pages_done < 6
    assert len(again[-1].result.pages) == 6


async def test_an_upload_that_breaks_off_leaves_no_file(stub: Any, spool: Path) -> None:
    begun = asyncio.Event()

    async def stuck() -> AsyncIterator[Any]:
        yield REQUEST(header=header(DOCUMENT))
        yield REQUEST(chunk=DOCUMENT[:100])
        begun.set()
        await asyncio.Event().wait()

    with calling(caller="documents"):
        call = stub.InspectDocument(stuck())
        waiting = asyncio.ensure_future(call)
        await begun.wait()
        await eventually(lambda: files_in(spool))
        waiting.cancel()
        await eventually(lambda: not files_in(spool))
        assert await inspect(stub, stream(REQUEST, DOCUMENT)) == 1


async def health_of(target: str) -> int:
    async with grpc.aio.insecure_channel(target) as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        service = "automateiq.ocr.v1.RecognitionService"
        answer = await health.Check(health_pb2.HealthCheckRequest(service=service))
        return cast(int, answer.status)


async def test_the_service_is_unhealthy_until_its_workers_are_warm(
    running_service: RunningService, peer_to: PeerTo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every worker waits at its very start until it is let go.
    go = tmp_path / "go"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)\n"
    (tmp_path / "sitecustomize.py").write_text(wait)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    serving, not_serving = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
    async with running_service(SERVICE, ocr_workers=2) as target:
        await eventually(lambda: len(workers()) == 4)
        assert await health_of(target) == not_serving
        go.touch()

        async def healthy() -> bool:
            return await health_of(target) == serving

        await eventually(healthy, seconds=60)
        stub: Any = RecognitionServiceStub(peer_to("ocr", target, pb, caller="documents").channel)
        with calling(caller="documents"):
            assert await inspect(stub, stream(REQUEST, DOCUMENT)) == 1
    assert workers() == set()


async def test_a_worker_that_is_killed_in_the_middle_costs_the_caller_nothing(stub: Any) -> None:
    document = hostile.scan_pdf(2)
    with calling(caller="documents"):
        assert await inspect(stub, stream(REQUEST, DOCUMENT)) == 1
        busy_and_aside = workers()
        call = stub.RecognizeDocument(sending(stream(pb.RecognizeDocumentRequest, document)))
        events = [await anext(aiter(call))]
        for worker in busy_and_aside:
            os.kill(worker, signal.SIGKILL)
        events += [event async for event in call]
    assert [event.progress.pages_done for event in events[:-1]] == [0, 1, 2]
    assert len(events[-1].result.pages) == 2
