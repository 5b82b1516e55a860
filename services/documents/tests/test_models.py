import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from automateiq_core.errors import (
    AppError,
    Conflict,
    DeadlineExceeded,
    FailedPrecondition,
    Internal,
    InvalidInput,
    ResourceExhausted,
    Unavailable,
)
from automateiq_documents.documents import models
from automateiq_documents.documents.models import Document, Status, check_processable, failure_for

STEPS = (models.REQUEST, models.COMPLETE, models.FAIL, models.REFUSE)


def document(status: Status) -> Document:
    time = datetime(2026, 1, 2, tzinfo=UTC)
    return Document(
        id="0" * 24,
        organization_id="1" * 24,
        uploaded_by="2" * 24,
        filename="a.pdf",
        original_name="a.pdf",
        mimetype="application/pdf",
        size=1,
        sha256="0" * 64,
        blob_key="3" * 24,
        type=None,
        tags=(),
        metadata={},
        page_count=1,
        created_at=time,
        updated_at=time,
        status=status,
    )


def test_every_state_but_processed_has_a_way_on_and_processed_is_the_end() -> None:
    left = {source for step in STEPS for source in step.sources}
    assert left == set(Status) - {Status.PROCESSED}
    # Every step of a job begins where a request ends.
    assert models.COMPLETE.sources == models.FAIL.sources == {models.REQUEST.target}
    assert not any(step.target in step.sources for step in (models.REQUEST, models.COMPLETE, models.FAIL))


def test_every_reading_ends_processed_or_failed() -> None:
    ends = {step.target for step in STEPS if Status.PROCESSING in step.sources}
    assert ends == {Status.PROCESSED, Status.FAILED}


@pytest.mark.parametrize("status", [Status.UPLOADED, Status.FAILED])
def test_what_was_not_read_may_be_read(status: Status) -> None:
    check_processable(document(status))


def test_what_was_read_is_not_read_again() -> None:
    with pytest.raises(FailedPrecondition) as refused:
        check_processable(document(Status.PROCESSED))
    assert refused.value.reason == "ALREADY_PROCESSED"


def test_a_person_reads_our_words_and_not_the_transports() -> None:
    told = failure_for(InvalidInput("PDF_ENCRYPTED", "The PDF is locked. Remove its password."))
    assert told == models.Failure("PDF_ENCRYPTED", "The PDF is locked. Remove its password.")
    for error in (
        Unavailable("UNAVAILABLE", "failed to connect to all addresses; last error: ..."),
        DeadlineExceeded("DEADLINE_EXCEEDED", "Deadline Exceeded"),
    ):
        assert failure_for(error) == models.NOT_ANSWERED
    assert failure_for(Internal("INTERNAL", "KeyError")) == models.BROKEN


@pytest.mark.parametrize(
    "error",
    [
        InvalidInput("A", "Do b."),
        Unavailable("A", "x"),
        Internal("A", "x"),
        Conflict("A", "Do b."),
        ResourceExhausted("INSUFFICIENT_CREDITS", "Buy some."),
    ],
)
def test_every_failure_has_a_reason_and_a_sentence(error: AppError) -> None:
    failure = failure_for(error)
    assert failure.reason.isupper()
    assert failure.message.endswith(".")


def test_a_job_runs_or_owes_only_while_it_is_the_documents() -> None:
    for status, pending in itertools.product(Status, (True, False)):
        time = datetime(2026, 1, 2, tzinfo=UTC)
        processing = models.Processing(
            job_id="j",
            stage=models.Stage.READING,
            pages_done=0,
            pages_total=1,
            attempts=1,
            credits_quoted=2,
            credits_charged=0,
            charge_pending=pending,
            hold_id="h",
            requested_at=time,
            finished_at=None,
        )
        there = replace(document(status), processing=processing)
        assert there.runs("j") is (status is Status.PROCESSING)
        assert there.owes("j") is (status is Status.PROCESSED and pending)
        assert not there.runs("another")
        assert not there.owes("another")
