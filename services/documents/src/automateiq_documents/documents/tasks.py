"""The background work on documents."""

from automateiq_core.errors import AppError
from automateiq_core.tasks import Args, Task, Tasks

from automateiq_documents.documents.announcing import ANNOUNCE, Announcer
from automateiq_documents.documents.dispatch import PROCESS, Dispatcher
from automateiq_documents.documents.processing import ProcessingService
from automateiq_documents.documents.service import DocumentsService

SETTLE_PENDING = "documents.settle_pending"
DISPATCH = "documents.dispatch"
REMOVE_LOOSE_BLOBS = "documents.remove_loose_blobs"


def register(
    tasks: Tasks,
    documents: DocumentsService,
    processing: ProcessingService,
    announcer: Announcer,
    dispatcher: Dispatcher,
) -> None:
    """Makes the work known to the worker."""

    async def failed(args: Args, error: AppError) -> None:
        await processing.fail(args["document_id"], args["job_id"], error)

    async def announce_despite(args: Args, _error: AppError) -> None:
        await announcer.announce_despite(**args)

    # Eight tries last a minute and a half: longer than a restart of ai-ocr, shorter than a person's patience.
    tasks.add(Task(PROCESS, processing.run, max_attempts=8, on_failed=failed))
    tasks.add(Task(ANNOUNCE, announcer.announce, max_attempts=8, on_failed=announce_despite))
    tasks.add_periodic(DISPATCH, dispatcher.dispatch_all)
    tasks.add_periodic(SETTLE_PENDING, processing.settle_pending)
    tasks.add_periodic(REMOVE_LOOSE_BLOBS, documents.remove_loose_blobs)
