"""The background work of webhooks."""

from automateiq_core.tasks import Task, Tasks

from automateiq_documents.webhooks.delivering import DELIVER, REPLAY, Deliveries


def register(tasks: Tasks, deliveries: Deliveries) -> None:
    """Makes the work known to the worker."""
    # A receiver's failure is no failure of the task: it notes when the next attempt is due. What is tried again here
    # is what fails on our side.
    tasks.add(Task(DELIVER, deliveries.deliver, max_attempts=20))
    tasks.add(Task(REPLAY, deliveries.run_replay, max_attempts=20))
