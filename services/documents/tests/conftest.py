"""The documents service between a real billing and, on the other side, a reader that a test leads page by page.

Where a test must stop a reading at a certain page, lose its connection or count its calls, `LedReader` stands where
ai-ocr does: the same RPCs over the same Boundary. `test_pipeline.py` runs ai-ocr itself.
"""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from automateiq.billing.v1 import credits_pb2
from automateiq.billing.v1.credits_pb2_grpc import CreditsServiceStub
from automateiq.common.v1 import recognition_pb2 as common
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq.documents.v1.documents_pb2_grpc import DocumentsServiceStub
from automateiq.ocr.v1 import recognition_pb2, recognition_pb2_grpc
from automateiq_billing.main import SERVICE as BILLING
from automateiq_core.errors import AppError
from automateiq_core.mongo import Mongo
from automateiq_core.process import Service, Servicer, Wiring
from automateiq_core.runtime import Runtime, open_runtime
from automateiq_core.settings import ServiceSettings
from automateiq_core.testing import PeerTo, RunningService
from automateiq_documents.main import SERVICE as DOCUMENTS
from automateiq_documents.settings import DocumentsSettings
from reportlab.pdfgen.canvas import Canvas

CHUNK = 64 << 10


@dataclass
class LedReader(recognition_pb2_grpc.RecognitionServiceServicer):
    """Reads what it is told to read, a page whenever `turn` is called (or at once, with `held` off)."""

    pages: int = 3
    text: str = "Invoice 4711 of Larch & Vole"
    held: bool = False
    inspect_error: AppError | None = None
    fail_at: dict[int, AppError] = field(default_factory=dict)
    inspected: int = 0
    begun: int = 0
    abandoned: int = 0
    received: list[str] = field(default_factory=list)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    def turn(self, pages: int = 1) -> None:
        for _ in range(pages):
            self._turns.release()

    async def InspectDocument(self, request: Any, context: Any) -> recognition_pb2.InspectDocumentResponse:
        self.inspected += 1
        await self._receive(request)
        if self.inspect_error is not None:
            raise self.inspect_error
        return recognition_pb2.InspectDocumentResponse(page_count=self.pages)

    async def RecognizeDocument(
        self, request: Any, context: Any
    ) -> AsyncIterator[recognition_pb2.RecognizeDocumentResponse]:
        self.begun += 1
        await self._receive(request)
        try:
            for page in range(1, self.pages + 1):
                if self.held:
                    await self._turns.acquire()
                if page in self.fail_at:
                    raise self.fail_at[page]
                yield recognition_pb2.RecognizeDocumentResponse(
                    progress=recognition_pb2.RecognitionProgress(pages_done=page, pages_total=self.pages)
                )
            if self.held:
                await self._turns.acquire()
        except (asyncio.CancelledError, GeneratorExit):
            self.abandoned += 1
            raise
        yield recognition_pb2.RecognizeDocumentResponse(result=self.result())

    def result(self) -> recognition_pb2.RecognitionResult:
        box = common.BoundingBox(page=1, x=10, y=20, width=30.5, height=8)
        return recognition_pb2.RecognitionResult(
            text="\f".join([self.text] * self.pages),
            confidence=0.93,
            pages=[
                common.Page(
                    number=number,
                    width=595,
                    height=842,
                    source=common.TEXT_SOURCE_TEXT_LAYER,
                    rotation=90,
                    confidence=1,
                )
                for number in range(1, self.pages + 1)
            ],
            words=[
                common.Word(
                    text=word,
                    box=common.BoundingBox(page=page, x=10, y=20, width=30.5, height=8),
                    confidence=0.5,
                )
                for page in range(1, self.pages + 1)
                for word in self.text.split()
            ],
            extracted_data=common.ExtractedData(
                document_type="invoice",
                document_type_confidence=0.9,
                vendor=common.ExtractedField(
                    value="Larch & Vole", confidence=0.75, box=box, source_text="Larch & Vole"
                ),
                total=common.ExtractedField(value="12.50", confidence=0.75, box=box, source_text="12,50"),
                line_items=[
                    common.LineItem(
                        description=common.ExtractedField(value="Nails", box=box, source_text="Nails"),
                        unit_price=common.ExtractedField(value="1.00", box=box, source_text="1"),
                    )
                ],
            ),
            engine="led 1",
        )

    async def _receive(self, request: AsyncIterator[Any]) -> None:
        header, content = None, b""
        async for message in request:
            if message.HasField("header"):
                header = message.header
            else:
                content += message.chunk
        assert header is not None
        assert header.size == len(content)
        assert header.sha256 == hashlib.sha256(content).hexdigest()
        self.received.append(header.mimetype)

    def service(self) -> Service:
        def wire(runtime: Runtime) -> Wiring:
            add = recognition_pb2_grpc.add_RecognitionServiceServicer_to_server
            return Wiring(servicers=(Servicer(add, self, "automateiq.ocr.v1.RecognitionService"),))

        return Service(name="ocr", settings=ServiceSettings, wire=wire)


@dataclass
class Bench:
    """A running documents service, its worker, and what a test needs to look at it."""

    documents: Any
    billing: Any
    worker: Runtime
    mongo: Mongo

    async def upload(self, content: bytes, name: str = "invoice.pdf", **header: Any) -> Any:
        return await self.documents.UploadDocument(messages(content, name, **header))

    async def uploaded(self, content: bytes, name: str = "invoice.pdf", **header: Any) -> str:
        return str((await self.upload(content, name, **header)).document.id)

    async def get(self, document_id: str) -> Any:
        return (await self.documents.GetDocument(pb.GetDocumentRequest(document_id=document_id))).document

    async def process(self, document_id: str, **more: Any) -> Any:
        request = pb.ProcessDocumentRequest(document_id=document_id, **more)
        return (await self.documents.ProcessDocument(request)).document

    async def cancel(self, document_id: str) -> Any:
        request = pb.CancelProcessingRequest(document_id=document_id)
        return (await self.documents.CancelProcessing(request)).document

    async def delete(self, document_id: str) -> None:
        await self.documents.DeleteDocument(pb.DeleteDocumentRequest(document_id=document_id))

    async def balance(self) -> tuple[int, int]:
        """Credits that can be spent, and that are held."""
        found = await self.billing.GetBalance(credits_pb2.GetBalanceRequest())
        return found.available, found.held

    async def spent(self) -> int:
        found = await self.billing.GetBalance(credits_pb2.GetBalanceRequest())
        return int(found.monthly_grant - found.available - found.held)

    async def rows(self, name: str) -> list[dict[str, Any]]:
        """All rows of a collection."""
        return await self.mongo.across_tenants(name, why="the test looks at everything").find({}, limit=1000)

    async def work(self, rounds: int = 50) -> None:
        """Runs what waits in the outbox, retries too, until nothing is left to do."""
        for _ in range(rounds):
            due = [row for row in await self.rows("outbox") if row["state"] in ("pending", "sent")]
            if not due:
                return
            for row in due:
                await self.worker.tasks.run(str(row["_id"]))
        raise AssertionError("there is always something left to do")


async def messages(content: bytes, name: str, **header: Any) -> AsyncIterator[pb.UploadDocumentRequest]:
    yield pb.UploadDocumentRequest(header=pb.UploadHeader(original_name=name, **header))
    for start in range(0, len(content), CHUNK):
        yield pb.UploadDocumentRequest(chunk=content[start : start + CHUNK])


@pytest.fixture
def pdf() -> Callable[..., bytes]:
    """Draws a PDF: each text on a page of its own."""

    def draw(*texts: str) -> bytes:
        file = BytesIO()
        canvas = Canvas(file, invariant=1)
        for text in texts or ("Invoice 4711",):
            canvas.drawString(72, 720, text)
            canvas.showPage()
        canvas.save()
        return file.getvalue()

    return draw


@pytest.fixture
def reader() -> LedReader:
    return LedReader()


@pytest.fixture
async def billing_target(running_service: RunningService) -> AsyncIterator[str]:
    async with running_service(BILLING, starter_monthly_credits=500) as target:
        yield target


@pytest.fixture
async def ocr_target(running_service: RunningService, reader: LedReader) -> AsyncIterator[str]:
    async with running_service(reader.service()) as target:
        yield target


@pytest.fixture
async def open_bench(
    running_service: RunningService,
    peer_to: PeerTo,
    mongo_server: str,
    redis_url: str,
    internal_keys: Path,
) -> AsyncIterator[Callable[..., Any]]:
    async with AsyncExitStack() as closing:

        async def open_(**overrides: Any) -> Bench:
            prefix = f"test-{uuid.uuid4().hex[:12]}-"
            given = {"mongodb_database_prefix": prefix, **overrides}
            target = await closing.enter_async_context(running_service(DOCUMENTS, **given))
            settings = DocumentsSettings(
                **{
                    "MONGODB_URI": mongo_server,
                    "REDIS_URL": redis_url,
                    "internal_private_key_file": internal_keys / "documents.pem",
                    "internal_public_keys_dir": internal_keys / "public",
                    **given,
                }
            )
            worker = await closing.enter_async_context(open_runtime("documents", settings))
            DOCUMENTS.wire(worker)
            billing = peer_to("billing", overrides.get("billing_target", "127.0.0.1:1"), credits_pb2)
            return Bench(
                documents=DocumentsServiceStub(peer_to("documents", target, pb).channel),
                billing=CreditsServiceStub(billing.channel),
                worker=worker,
                mongo=worker.mongo,
            )

        yield open_


@pytest.fixture
async def bench(open_bench: Callable[..., Any], billing_target: str, ocr_target: str) -> Bench:
    """Documents beside a real billing and a reader that the test leads."""
    opened: Bench = await open_bench(billing_target=billing_target, ocr_target=ocr_target)
    return opened
