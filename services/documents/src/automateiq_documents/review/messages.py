"""Reviews as protobuf messages."""

from collections.abc import Sequence

from automateiq.common.v1 import recognition_pb2 as pb_common
from automateiq.documents.v1 import documents_pb2
from automateiq.documents.v1 import review_pb2 as pb

from automateiq_documents.documents.messages import data_message, document_message, stamp
from automateiq_documents.documents.models import DocumentType, ReviewState
from automateiq_documents.review.models import (
    Action,
    AuditAction,
    AuditEntry,
    Box,
    Change,
    Correction,
    QueueFilter,
    Reason,
    ReasonKind,
    Settings,
)
from automateiq_documents.review.remembered import Side, VendorMemory
from automateiq_documents.review.service import Reviewed
from automateiq_documents.review.store import Queued

_STATES = {state: documents_pb2.ReviewState.Value(f"REVIEW_STATE_{state.name}") for state in ReviewState}
_STATES_BACK = {number: state for state, number in _STATES.items()}
_TYPES = {kind: documents_pb2.DocumentType.Value(f"DOCUMENT_TYPE_{kind.name}") for kind in DocumentType}
_TYPES_BACK = {number: kind for kind, number in _TYPES.items()}
_ACTIONS = {action: pb.CorrectionAction.Value(f"CORRECTION_ACTION_{action.name}") for action in Action}
_ACTIONS_BACK = {number: action for action, number in _ACTIONS.items()}
_KINDS = {kind: pb.ReviewReasonKind.Value(f"REVIEW_REASON_KIND_{kind.value.upper()}") for kind in ReasonKind}
_SIDES = {side: pb.LabelSide.Value(f"LABEL_SIDE_{side.name}") for side in Side}
_AUDIT = {action: pb.ReviewAuditAction.Value(f"REVIEW_AUDIT_ACTION_{action.name}") for action in AuditAction}


def review_message(reviewed: Reviewed) -> pb.Review:
    """A review with its audit."""
    review = reviewed.review
    return pb.Review(
        document_id=review.document_id,
        state=_STATES[review.state],
        version=review.version,
        reasons=_reasons(review.reasons),
        expected_loss=review.loss,
        extracted_data=data_message(review.data),
        read_data=data_message(review.read),
        corrections=[_correction(correction) for correction in review.corrections],
        assigned_to=review.assigned_to,
        reject_reason=review.reject_reason,
        decided_at=stamp(review.decided_at),
        closed_at=stamp(review.closed_at),
        closed_by=review.closed_by,
        audit=[_audit(entry) for entry in reviewed.audit],
    )


def queued_message(queued: Queued) -> pb.QueuedReview:
    """A document of the queue."""
    return pb.QueuedReview(
        document=document_message(queued.document),
        reasons=_reasons(queued.review.reasons),
        expected_loss=queued.review.loss,
        version=queued.review.version,
        assigned_to=queued.review.assigned_to,
    )


def memory_message(memory: VendorMemory) -> pb.VendorMemory:
    """What is remembered of a vendor."""
    return pb.VendorMemory(
        id=memory.id,
        name=memory.name,
        keys=memory.keys,
        constants=[
            pb.RememberedConstant(field=name, value=one.value, right=one.right, wrong=one.wrong)
            for name, one in sorted(memory.constants.items())
        ],
        places=[
            pb.RememberedPlace(
                field=name,
                label=one.label.words,
                side=_SIDES[one.label.side],
                pattern=one.shape,
                right=one.right,
                wrong=one.wrong,
            )
            for name, taught in sorted(memory.places.items())
            for one in taught
        ],
        date_order=memory.order,
        enabled=memory.enabled,
        version=memory.version,
        created_at=stamp(memory.created_at),
        updated_at=stamp(memory.updated_at),
    )


def changes_of(messages: Sequence[pb.FieldChange]) -> list[Change]:
    """What a person wants to change."""
    return [
        Change(
            field=message.field,
            action=_ACTIONS_BACK[message.action],
            index=message.index if message.HasField("index") else None,
            values={**message.values, **({"": message.value} if message.value else {})},
            box=_box_of(message.box) if message.HasField("box") else None,
        )
        for message in messages
    ]


def filter_of(message: pb.ReviewFilter) -> QueueFilter:
    """Which documents of the queue."""
    return QueueFilter(
        states=[_STATES_BACK[number] for number in message.states],
        types=[_TYPES_BACK[number].value for number in message.types],
        vendor=message.vendor,
        tags=tuple(message.tags),
        assigned_to=message.assigned_to,
        unassigned=message.unassigned,
    )


def settings_message(settings: Settings) -> pb.ReviewSettings:
    """An organization's settings."""
    return pb.ReviewSettings(
        threshold=settings.threshold,
        thresholds=settings.thresholds,
        important=[
            pb.ImportantFields(type=_TYPES[DocumentType(kind)], fields=names)
            for kind, names in settings.important.items()
        ],
        version=settings.version,
    )


def settings_of(message: pb.ReviewSettings) -> Settings:
    """What an organization wants to look at."""
    return Settings(
        threshold=message.threshold,
        thresholds=dict(message.thresholds),
        important={_TYPES_BACK[one.type].value: tuple(one.fields) for one in message.important},
        version=message.version,
    )


def _reasons(reasons: Sequence[Reason]) -> list[pb.ReviewReason]:
    return [
        pb.ReviewReason(
            field=reason.field,
            kind=_KINDS[reason.kind],
            detail=reason.detail,
            confidence=reason.confidence,
            threshold=reason.threshold,
        )
        for reason in reasons
    ]


def _correction(correction: Correction) -> pb.Correction:
    return pb.Correction(
        id=correction.id,
        field=correction.field,
        action=_ACTIONS[correction.action],
        value=correction.values.get("", ""),
        values={part: value for part, value in correction.values.items() if part},
        box=None if correction.box is None else _box(correction.box),
        corrected_by=correction.by,
        corrected_at=stamp(correction.at),
    )


def _audit(entry: AuditEntry) -> pb.ReviewAuditEntry:
    return pb.ReviewAuditEntry(
        action=_AUDIT[entry.action],
        user_id=entry.by,
        at=stamp(entry.at),
        version=entry.version,
        path=entry.path,
        old_value=entry.old,
        new_value=entry.new,
        note=entry.note,
        correction_id=entry.correction_id,
    )


def _box(box: Box) -> pb_common.BoundingBox:
    return pb_common.BoundingBox(page=box.page, x=box.x, y=box.y, width=box.width, height=box.height)


def _box_of(message: pb.SelectedBox) -> Box:
    return Box(message.page, message.x, message.y, message.width, message.height)
