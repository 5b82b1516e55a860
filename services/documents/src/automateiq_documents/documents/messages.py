"""Documents as protobuf messages."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from automateiq.common.v1 import recognition_pb2 as pb_common
from automateiq.documents.v1 import documents_pb2 as pb
from automateiq_core.errors import InvalidInput, Violation
from google.protobuf.timestamp_pb2 import Timestamp

from automateiq_documents.documents.models import (
    Document,
    DocumentFilter,
    DocumentOrder,
    DocumentType,
    Failure,
    Origin,
    PageWords,
    Processing,
    Progress,
    Reading,
    ReadingMode,
    ReviewState,
    Stage,
    Status,
    Upload,
)

_TYPES = {kind: pb.DocumentType.Value(f"DOCUMENT_TYPE_{kind.name}") for kind in DocumentType}
_TYPES_BACK = {number: kind for kind, number in _TYPES.items()}
_STATUSES = {status: pb.DocumentStatus.Value(f"DOCUMENT_STATUS_{status.name}") for status in Status}
_STATUSES_BACK = {number: status for status, number in _STATUSES.items()}
_REVIEW_STATES = {state: pb.ReviewState.Value(f"REVIEW_STATE_{state.name}") for state in ReviewState}
_MODES = {pb.ReadingMode.Value(f"READING_MODE_{mode.name}"): mode for mode in ReadingMode}
_STAGES = {stage: pb.ProcessingStage.Value(f"PROCESSING_STAGE_{stage.name}") for stage in Stage}
_ORDERS = {pb.DocumentSort.Value(f"DOCUMENT_SORT_{order.name}"): order for order in DocumentOrder}

# The data is kept under the names of the API's JSON; its messages want those of the proto.
_NAMES = {
    field.json_name: field.name
    for message in (
        pb_common.ExtractedData,
        pb_common.ExtractedField,
        pb_common.LineItem,
        pb_common.Page,
        pb_common.TaxLine,
    )
    for field in message.DESCRIPTOR.fields
    if field.json_name != field.name
}


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def document_message(document: Document, words: Sequence[PageWords] = ()) -> pb.Document:
    """A document, with the words on its pages where they are given."""
    return pb.Document(
        id=document.id,
        organization_id=document.organization_id,
        uploaded_by=document.uploaded_by,
        filename=document.filename,
        original_name=document.original_name,
        mimetype=document.mimetype,
        size=document.size,
        path=document.path,
        type=_TYPES[document.type] if document.type else pb.DOCUMENT_TYPE_UNSPECIFIED,
        status=_STATUSES[document.status],
        ocr_result=None if document.reading is None else reading_message(document.reading, words),
        metadata=document.metadata,
        tags=document.tags,
        page_count=document.page_count,
        sha256=document.sha256,
        processing=_processing(document.processing),
        failure=_failure(document.failure),
        created_at=stamp(document.created_at),
        updated_at=stamp(document.updated_at),
        review_state=(
            _REVIEW_STATES[document.review_state] if document.review_state else pb.REVIEW_STATE_UNSPECIFIED
        ),
        readings=[
            pb.PastReading(
                engine=past.engine,
                confidence=past.confidence,
                pages=past.pages,
                read_at=stamp(past.read_at),
            )
            for past in document.readings
        ],
        duplicates=[
            pb.Duplicate(document_id=other.document_id, reason=other.reason, score=other.score)
            for other in document.duplicates
            if not other.dismissed
        ],
        origin=_origin(document.origin),
        replaced_by=document.replaced_by,
        parts_found=document.parts_found,
    )


def reading_message(reading: Reading, words: Sequence[PageWords]) -> pb.OcrResult:
    """What was read, with the words on its pages."""
    message = pb.OcrResult(
        text=reading.text,
        confidence=reading.confidence,
        extracted_data=data_message(reading.extracted_data),
        pages=[pb_common.Page(**_named(page)) for page in reading.pages],
        engine=reading.engine,
    )
    for page in words:
        # A page's words are a packed `OcrResult` with nothing but words: merging appends them.
        message.MergeFromString(page.packed)
    return message


def data_message(data: Mapping[str, Any]) -> pb_common.ExtractedData:
    """Data that was read or corrected."""
    return pb_common.ExtractedData(**_named(data))


def progress_message(progress: Progress) -> pb.WatchDocumentResponse:
    """A document's progress."""
    return pb.WatchDocumentResponse(
        status=_STATUSES[progress.status],
        processing=_processing(progress.processing),
        failure=_failure(progress.failure),
    )


def download_header(document: Document) -> pb.DownloadHeader:
    """What a downloaded file is."""
    return pb.DownloadHeader(
        filename=document.filename,
        mimetype=document.mimetype,
        size=document.size,
        sha256=document.sha256,
    )


def upload_of(header: pb.UploadHeader) -> Upload:
    """What a user says about a file."""
    return Upload(
        original_name=header.original_name,
        request_id=header.request_id,
        type=_TYPES_BACK.get(header.type),
        tags=tuple(header.tags),
        metadata=dict(header.metadata),
    )


def filter_of(message: pb.DocumentFilter) -> DocumentFilter:
    """Which documents are wanted."""
    return DocumentFilter(
        statuses=[_STATUSES_BACK[number] for number in message.statuses],
        types=[_TYPES_BACK[number] for number in message.types],
        tags=tuple(message.tags),
        query=message.query,
        created_from=_time(message, "created_from"),
        created_before=_time(message, "created_before"),
    )


def mode_of(mode: pb.ReadingMode.ValueType) -> ReadingMode:
    """How a document is to be read; for the first time where nothing is said."""
    return _MODES.get(mode, ReadingMode.FIRST)


def order_of(sort: pb.DocumentSort.ValueType) -> DocumentOrder:
    """In which order they are wanted; newest first where nothing is said."""
    return _ORDERS.get(sort, DocumentOrder.CREATED_DESC)


def _time(message: pb.DocumentFilter, field: str) -> datetime | None:
    if not message.HasField(field):  # type: ignore[arg-type]  # the two names are literals at the callers
        return None
    stamp: Timestamp = getattr(message, field)
    try:
        return stamp.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        rule = Violation(f"filter.{field}", "must lie between the years 1 and 9999")
        raise InvalidInput(
            "VALIDATION_FAILED", f"{rule.field}: {rule.description}.", violations=[rule]
        ) from None


def stamp(time: datetime | None) -> Timestamp | None:
    """A time as a message; None where there is none."""
    if time is None:
        return None
    seconds, fraction = divmod(time - _EPOCH, _SECOND)
    return Timestamp(seconds=seconds, nanos=fraction.microseconds * 1000)


def _origin(origin: Origin | None) -> pb.Origin | None:
    if origin is None:
        return None
    sources = [pb.OriginPages(document_id=one.document_id, pages=one.pages) for one in origin.sources]
    return pb.Origin(kind=origin.kind, sources=sources)


def _processing(processing: Processing | None) -> pb.Processing | None:
    if processing is None:
        return None
    return pb.Processing(
        job_id=processing.job_id,
        stage=_STAGES[processing.stage],
        pages_done=processing.pages_done,
        pages_total=processing.pages_total,
        attempts=processing.attempts,
        credits_quoted=processing.credits_quoted,
        credits_charged=processing.credits_charged,
        requested_at=stamp(processing.requested_at),
        finished_at=stamp(processing.finished_at),
    )


def _failure(failure: Failure | None) -> pb.Failure | None:
    return None if failure is None else pb.Failure(reason=failure.reason, message=failure.message)


def _named(data: Any) -> Any:
    # `dict` and not `Mapping`: an abstract class takes as long to ask as the rest of a read's conversion.
    if isinstance(data, dict):
        return {_NAMES.get(name, name): _named(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_named(value) for value in data]
    return data
