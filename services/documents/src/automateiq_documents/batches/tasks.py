"""The background work on batches."""

from automateiq_core.tasks import Task, Tasks

from automateiq_documents.batches.service import ADVANCE, BatchService


def register(tasks: Tasks, batches: BatchService) -> None:
    """Makes the work known to the worker."""
    tasks.add(Task(ADVANCE, batches.advance, max_attempts=12))
