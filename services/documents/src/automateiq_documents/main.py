"""The documents service: `python -m automateiq_documents.main serve | migrate | worker | beat`."""

from datetime import timedelta
from typing import cast

from automateiq.billing.v1 import credits_pb2
from automateiq.documents.v1.assembly_pb2_grpc import add_AssemblyServiceServicer_to_server
from automateiq.documents.v1.batches_pb2_grpc import add_BatchesServiceServicer_to_server
from automateiq.documents.v1.documents_pb2_grpc import add_DocumentsServiceServicer_to_server
from automateiq.documents.v1.duplicates_pb2_grpc import add_DuplicatesServiceServicer_to_server
from automateiq.documents.v1.exports_pb2_grpc import add_ExportsServiceServicer_to_server
from automateiq.documents.v1.review_pb2_grpc import add_ReviewServiceServicer_to_server
from automateiq.documents.v1.rules_pb2_grpc import add_RulesServiceServicer_to_server
from automateiq.documents.v1.views_pb2_grpc import add_ViewsServiceServicer_to_server
from automateiq.documents.v1.webhooks_pb2_grpc import add_WebhooksServiceServicer_to_server
from automateiq.ocr.v1 import recognition_pb2, rendering_pb2
from automateiq_core.mongo import Mongo
from automateiq_core.process import Service, Servicer, Wiring, main
from automateiq_core.runtime import Runtime

from automateiq_documents.assembly.service import AssemblyKeeper, AssemblyService
from automateiq_documents.assembly.servicer import AssemblyServicer
from automateiq_documents.assembly.store import AssemblyStore
from automateiq_documents.batches import tasks as batch_tasks
from automateiq_documents.batches.service import BatchService
from automateiq_documents.batches.servicer import BatchesServicer
from automateiq_documents.batches.store import BatchStore
from automateiq_documents.documents import tasks
from automateiq_documents.documents.announcing import Announcer
from automateiq_documents.documents.blobs import BlobStore, GridFsBlobs, S3Blobs
from automateiq_documents.documents.dispatch import Dispatcher
from automateiq_documents.documents.processing import ProcessingService
from automateiq_documents.documents.reader import Reader
from automateiq_documents.documents.service import DocumentsService
from automateiq_documents.documents.servicer import DocumentsServicer
from automateiq_documents.documents.store import DocumentStore
from automateiq_documents.documents.turn_store import TurnStore
from automateiq_documents.duplicates.service import DuplicatesService
from automateiq_documents.duplicates.servicer import DuplicatesServicer
from automateiq_documents.duplicates.store import DuplicateStore
from automateiq_documents.exports.service import ExportService
from automateiq_documents.exports.servicer import ExportsServicer
from automateiq_documents.review.memory import Memory
from automateiq_documents.review.memory_store import MemoryStore
from automateiq_documents.review.service import ReviewService
from automateiq_documents.review.servicer import ReviewServicer
from automateiq_documents.review.store import ReviewStore
from automateiq_documents.rules.service import RuleFollower, RulesService
from automateiq_documents.rules.servicer import RulesServicer
from automateiq_documents.rules.store import RuleStore
from automateiq_documents.settings import DocumentsSettings
from automateiq_documents.views.renderer import Renderer
from automateiq_documents.views.service import ViewsService
from automateiq_documents.views.servicer import ViewsServicer
from automateiq_documents.webhooks import tasks as webhook_tasks
from automateiq_documents.webhooks.delivering import Deliveries
from automateiq_documents.webhooks.sender import Sender
from automateiq_documents.webhooks.service import WebhookFollower, WebhooksService
from automateiq_documents.webhooks.servicer import WebhooksServicer
from automateiq_documents.webhooks.store import WebhookStore

SCHEDULE = {
    tasks.DISPATCH: timedelta(seconds=10),
    tasks.SETTLE_PENDING: timedelta(seconds=30),
    tasks.REMOVE_LOOSE_BLOBS: timedelta(minutes=10),
}

# Three for webhooks at most (webhooks/models.py); a document that is read holds one all the time.
WORKER_THREADS = 6


def wire(runtime: Runtime) -> Wiring:
    """Puts the service together."""
    settings = cast(DocumentsSettings, runtime.settings)
    store = DocumentStore(runtime.mongo)
    blobs = _blobs(settings, runtime.mongo)
    ocr = runtime.peer("ocr", settings.ocr_target, recognition_pb2, rendering_pb2)
    reader = Reader(
        ocr,
        inspect_seconds=settings.inspect_seconds,
        recognize_seconds=settings.recognize_seconds,
    )
    credits = runtime.credits(runtime.peer("billing", settings.billing_target, credits_pb2))
    webhooks = WebhookStore(runtime.mongo)
    deliveries = _deliveries(settings, runtime, webhooks)
    review_store = ReviewStore(runtime.mongo)
    memory_store = MemoryStore(runtime.mongo)
    memory = Memory(memory_store)
    reviews = ReviewService(review_store, memory)
    assembly_store = AssemblyStore(runtime.mongo)
    turns = TurnStore(runtime.mongo)
    dispatcher = Dispatcher(turns, runtime.tasks, at_once=settings.readings_at_once)
    rules = RuleStore(runtime.mongo)
    ruling = RuleFollower(rules, store, reviews, deliveries)
    duplicate_store = DuplicateStore(runtime.mongo)
    duplicates = DuplicatesService(duplicate_store, store)
    keepers = (reviews, ruling, AssemblyKeeper(assembly_store), duplicates)
    # The webhooks tell what all others have left.
    followers = (duplicates, ruling, WebhookFollower(store, deliveries))
    announcer = Announcer(store, runtime.tasks, followers)
    processing = ProcessingService(
        store, blobs, reader, credits, dispatcher, announcer, refiners=(memory,), keepers=keepers
    )
    documents = DocumentsService(
        store, blobs, reader, processing, max_upload_bytes=settings.max_upload_bytes, keepers=keepers
    )
    tasks.register(runtime.tasks, documents, processing, announcer, dispatcher)
    webhook_tasks.register(runtime.tasks, deliveries)
    servicer = DocumentsServicer(documents, processing)
    assembly = AssemblyService(
        assembly_store, store, documents, processing, reader, max_bytes=settings.max_upload_bytes
    )
    batch_store = BatchStore(runtime.mongo)
    batches = BatchService(batch_store, store, processing, credits, runtime.tasks)
    batch_tasks.register(runtime.tasks, batches)
    endpoints = WebhooksService(webhooks, deliveries, local=settings.webhook_local_targets)

    renderer = Renderer(ocr, page_seconds=settings.render_seconds, pdf_seconds=settings.export_seconds)
    views = ViewsService(store, blobs, renderer)

    async def migrate() -> None:
        for one in (
            store,
            turns,
            review_store,
            memory_store,
            rules,
            webhooks,
            assembly_store,
            batch_store,
            duplicate_store,
        ):
            await one.ensure_indexes()

    return Wiring(
        servicers=(
            Servicer(
                add_DocumentsServiceServicer_to_server, servicer, "automateiq.documents.v1.DocumentsService"
            ),
            Servicer(
                add_AssemblyServiceServicer_to_server,
                AssemblyServicer(assembly),
                "automateiq.documents.v1.AssemblyService",
            ),
            Servicer(
                add_BatchesServiceServicer_to_server,
                BatchesServicer(batches),
                "automateiq.documents.v1.BatchesService",
            ),
            Servicer(
                add_DuplicatesServiceServicer_to_server,
                DuplicatesServicer(duplicates),
                "automateiq.documents.v1.DuplicatesService",
            ),
            Servicer(
                add_WebhooksServiceServicer_to_server,
                WebhooksServicer(endpoints, deliveries),
                "automateiq.documents.v1.WebhooksService",
            ),
            Servicer(
                add_ViewsServiceServicer_to_server,
                ViewsServicer(views),
                "automateiq.documents.v1.ViewsService",
            ),
            Servicer(
                add_ExportsServiceServicer_to_server,
                ExportsServicer(ExportService(store)),
                "automateiq.documents.v1.ExportsService",
            ),
            Servicer(
                add_RulesServiceServicer_to_server,
                RulesServicer(RulesService(rules, store, webhooks)),
                "automateiq.documents.v1.RulesService",
            ),
            Servicer(
                add_ReviewServiceServicer_to_server,
                ReviewServicer(reviews, memory),
                "automateiq.documents.v1.ReviewService",
            ),
        ),
        migrate=migrate,
        measure=dispatcher.measure,
    )


def _deliveries(settings: DocumentsSettings, runtime: Runtime, store: WebhookStore) -> Deliveries:
    sender = Sender(
        seconds=settings.webhook_seconds,
        local=settings.webhook_local_targets,
        ca_file=settings.webhook_ca_file,
    )
    disable_after = timedelta(days=settings.webhook_disable_days)
    return Deliveries(store, sender, runtime.tasks, disable_after=disable_after)


def _blobs(settings: DocumentsSettings, mongo: Mongo) -> BlobStore:
    if settings.blob_store == "gridfs":
        return GridFsBlobs(mongo)
    if not settings.s3_bucket:
        raise ValueError("AUTOMATEIQ_S3_BUCKET must name the bucket of the files")
    return S3Blobs(
        bucket=settings.s3_bucket, region=settings.s3_region, endpoint_url=settings.s3_endpoint_url
    )


SERVICE = Service(
    name="documents", settings=DocumentsSettings, wire=wire, schedule=SCHEDULE, worker_threads=WORKER_THREADS
)

if __name__ == "__main__":
    main(SERVICE)
