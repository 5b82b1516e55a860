"""The documents service and its worker, beside a real billing and, where a test reads, the real ai-ocr."""

import sys
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from automateiq.billing.v1 import credits_pb2
from automateiq.billing.v1.credits_pb2_grpc import CreditsServiceStub
from automateiq.common.v1 import recognition_pb2
from automateiq.documents.v1 import (
    assembly_pb2,
    batches_pb2,
    duplicates_pb2,
    exports_pb2,
    review_pb2,
    rules_pb2,
    views_pb2,
    webhooks_pb2,
)
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq.documents.v1.assembly_pb2_grpc import AssemblyServiceStub
from automateiq.documents.v1.batches_pb2_grpc import BatchesServiceStub
from automateiq.documents.v1.documents_pb2_grpc import DocumentsServiceStub
from automateiq.documents.v1.duplicates_pb2_grpc import DuplicatesServiceStub
from automateiq.documents.v1.review_pb2_grpc import ReviewServiceStub
from automateiq.documents.v1.views_pb2_grpc import ViewsServiceStub
from automateiq_billing.main import SERVICE as BILLING
from automateiq_core.mongo import Mongo
from automateiq_core.runtime import Runtime, open_runtime
from automateiq_core.testing import PeerTo, RunningService
from automateiq_documents.documents.models import PageWords, Processing, Reading, Stage
from automateiq_documents.documents.store import DocumentStore, now
from automateiq_documents.main import SERVICE as DOCUMENTS
from automateiq_documents.settings import DocumentsSettings
from automateiq_ocr.main import SERVICE as OCR
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

# For the deeds that several test files share.
sys.path.insert(0, str(Path(__file__).parent))

CHUNK = 64 << 10
_MODULES = (
    pb,
    assembly_pb2,
    batches_pb2,
    duplicates_pb2,
    exports_pb2,
    review_pb2,
    rules_pb2,
    views_pb2,
    webhooks_pb2,
)
# Port 1 of this machine: nothing listens there.
NOBODY = "127.0.0.1:1"


@dataclass
class Bench:
    """A running documents service, its worker, and what a test needs to look at it."""

    channel: Any
    documents: Any
    assembly: Any
    batches: Any
    duplicates: Any
    reviews: Any
    views: Any
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

    async def quote(self, pages: int) -> int:
        work = credits_pb2.Work(kind=credits_pb2.WORK_KIND_OCR, units=pages)
        return int((await self.billing.QuoteCredits(credits_pb2.QuoteCreditsRequest(work=work))).credits)

    async def price(self, document: Any) -> int:
        """What the first reading of a document costs by what read its pages."""
        engines = [page.engine for page in document.ocr_result.pages]
        pages = {"text_layer": engines.count("text_layer"), "tesseract": engines.count("tesseract")}
        pages["deep"] = len(engines) - sum(pages.values())
        work = credits_pb2.Work(kind=credits_pb2.WORK_KIND_OCR, units=len(engines))
        request = credits_pb2.QuoteCreditsRequest(work=work, ocr_pages=credits_pb2.OcrPages(**pages))
        return int((await self.billing.QuoteCredits(request)).credits)

    async def watched(self, document_id: str, **call: Any) -> list[Any]:
        """All that a watcher is told."""
        request = pb.WatchDocumentRequest(document_id=document_id)
        return [seen async for seen in self.documents.WatchDocument(request, **call)]

    async def read_as(self, document_id: str, text: str, vendor: str) -> None:
        """Puts a document into the state that a reading leaves it in."""
        store = DocumentStore(self.mongo)
        assert await store.request(document_id, queued("job"))
        data = {"documentType": "invoice", "vendor": {"value": vendor, "sourceText": vendor}}
        reading = Reading(
            text=text, confidence=0.9, engine="none", extracted_data=data, pages=[{"number": 1}]
        )
        word = pb.OcrResult(bounding_boxes=[recognition_pb2.Word(text="word")]).SerializeToString()
        assert await store.complete(document_id, "job", reading, [PageWords(1, word)], None)
        await store.charged(document_id, "job", 2)

    async def rows(self, name: str) -> list[dict[str, Any]]:
        """All rows of a collection."""
        return await self.mongo.across_tenants(name, why="the test looks at everything").find({}, limit=1000)

    async def run_once(self) -> bool:
        """Runs each task that waits in the outbox once; gives whether there was one."""
        waiting = [row for row in await self.rows("outbox") if row["state"] in ("pending", "sent")]
        for row in waiting:
            await self.worker.tasks.run(str(row["_id"]))
        return bool(waiting)

    async def work(self) -> None:
        """Runs what waits in the outbox, retries too, until nothing is left to do."""
        for _ in range(50):
            if not await self.run_once():
                return
        raise AssertionError("there is always something left to do")


def queued(job_id: str) -> Processing:
    return Processing(
        job_id=job_id,
        stage=Stage.QUEUED,
        pages_done=0,
        pages_total=1,
        attempts=0,
        credits_quoted=2,
        credits_charged=0,
        charge_pending=False,
        hold_id="0" * 24,
        requested_at=now(),
        finished_at=None,
    )


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
def locked_pdf() -> bytes:
    """A PDF that nobody can open without its password."""
    file = BytesIO()
    canvas = Canvas(file, encrypt=StandardEncryption("secret", ownerPassword="owner"))
    canvas.drawString(72, 720, "locked")
    canvas.save()
    return file.getvalue()


@pytest.fixture
def scan() -> Callable[..., bytes]:
    """Draws a PDF that holds pictures of pages: Tesseract is a good second at each."""

    def draw(*texts: str) -> bytes:
        file = BytesIO()
        canvas = Canvas(file, invariant=1)
        for text in texts:
            page = Image.new("L", (1240, 1754), 255)
            pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=26)
            for line in range(38):
                pen.text((100, 90 + 40 * line), f"{line} {text} and some more words to be read", 0, font)
            canvas.drawImage(ImageReader(page), 0, 0, *canvas._pagesize)
            canvas.showPage()
        canvas.save()
        return file.getvalue()

    return draw


@pytest.fixture
async def billing_target(running_service: RunningService) -> AsyncIterator[str]:
    async with running_service(BILLING, starter_monthly_credits=500) as target:
        yield target


@pytest.fixture
async def ocr_target(running_service: RunningService) -> AsyncIterator[str]:
    async with running_service(OCR, ocr_workers=1) as target:
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
            billing = peer_to("billing", overrides.get("billing_target", NOBODY), credits_pb2)
            channel = peer_to("documents", target, *_MODULES).channel
            return Bench(
                channel=channel,
                documents=DocumentsServiceStub(channel),
                assembly=AssemblyServiceStub(channel),
                batches=BatchesServiceStub(channel),
                duplicates=DuplicatesServiceStub(channel),
                reviews=ReviewServiceStub(channel),
                views=ViewsServiceStub(channel),
                billing=CreditsServiceStub(billing.channel),
                worker=worker,
                mongo=worker.mongo,
            )

        yield open_


@pytest.fixture
async def bench(open_bench: Callable[..., Any], billing_target: str) -> Bench:
    """Documents beside billing, with nobody to read: uploads are taken without a look into them."""
    opened: Bench = await open_bench(billing_target=billing_target, ocr_target=NOBODY)
    return opened


@pytest.fixture
async def reading_bench(open_bench: Callable[..., Any], billing_target: str, ocr_target: str) -> Bench:
    """Documents beside billing and ai-ocr."""
    opened: Bench = await open_bench(billing_target=billing_target, ocr_target=ocr_target)
    return opened
