"""The documents service: `python -m automateiq_documents.main serve | migrate | worker | beat`."""

from datetime import timedelta
from typing import cast

from automateiq.billing.v1 import credits_pb2
from automateiq.documents.v1.documents_pb2_grpc import add_DocumentsServiceServicer_to_server
from automateiq.ocr.v1 import recognition_pb2
from automateiq_core.mongo import Mongo
from automateiq_core.process import Service, Servicer, Wiring, main
from automateiq_core.runtime import Runtime

from automateiq_documents.documents import tasks
from automateiq_documents.documents.blobs import BlobStore, GridFsBlobs, S3Blobs
from automateiq_documents.documents.processing import ProcessingService
from automateiq_documents.documents.reader import Reader
from automateiq_documents.documents.service import DocumentsService
from automateiq_documents.documents.servicer import DocumentsServicer
from automateiq_documents.documents.store import DocumentStore
from automateiq_documents.settings import DocumentsSettings

SCHEDULE = {
    tasks.SETTLE_PENDING: timedelta(seconds=30),
    tasks.REMOVE_LOOSE_BLOBS: timedelta(minutes=10),
}


def wire(runtime: Runtime) -> Wiring:
    """Puts the service together."""
    settings = cast(DocumentsSettings, runtime.settings)
    store = DocumentStore(runtime.mongo)
    blobs = _blobs(settings, runtime.mongo)
    reader = Reader(
        runtime.peer("ocr", settings.ocr_target, recognition_pb2),
        inspect_seconds=settings.inspect_seconds,
        recognize_seconds=settings.recognize_seconds,
    )
    credits = runtime.credits(runtime.peer("billing", settings.billing_target, credits_pb2))
    processing = ProcessingService(store, blobs, reader, credits, runtime.tasks)
    documents = DocumentsService(store, blobs, reader, processing, max_upload_bytes=settings.max_upload_bytes)
    tasks.register(runtime.tasks, documents, processing)
    servicer = DocumentsServicer(documents, processing)
    return Wiring(
        servicers=(
            Servicer(
                add_DocumentsServiceServicer_to_server, servicer, "automateiq.documents.v1.DocumentsService"
            ),
        ),
        migrate=store.ensure_indexes,
    )


def _blobs(settings: DocumentsSettings, mongo: Mongo) -> BlobStore:
    if settings.blob_store == "gridfs":
        return GridFsBlobs(mongo)
    if not settings.s3_bucket:
        raise ValueError("AUTOMATEIQ_S3_BUCKET must name the bucket of the files")
    return S3Blobs(
        bucket=settings.s3_bucket, region=settings.s3_region, endpoint_url=settings.s3_endpoint_url
    )


SERVICE = Service(name="documents", settings=DocumentsSettings, wire=wire, schedule=SCHEDULE)

if __name__ == "__main__":
    main(SERVICE)
