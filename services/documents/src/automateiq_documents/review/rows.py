"""How reviews are kept in MongoDB: rows in, dataclasses out, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from automateiq_core.mongo import Document as Row

from automateiq_documents.documents.models import ReviewState
from automateiq_documents.review.models import (
    Action,
    AuditAction,
    AuditEntry,
    Box,
    Correction,
    Reason,
    ReasonKind,
    Review,
    Settings,
)
from automateiq_documents.review.overlay import value_of

SCHEMA_VERSION = 1


def folded(name: str) -> str:
    """A vendor's name as it is compared."""
    return " ".join(name.casefold().split())


def review_row(review: Review) -> Row:
    """What a document's row holds of its review, beside its data."""
    return {
        "state": review.state.value,
        "version": review.version,
        "reasons": [_reason_row(reason) for reason in review.reasons],
        "corrections": [_correction_row(correction) for correction in review.corrections],
        "bases": {
            name: [{"key": key, "line": dict(line)} for key, line in lines]
            for name, lines in review.bases.items()
        },
        "confirmed": dict(review.confirmed),
        "ownType": review.own_type,
        "vendor": folded(value_of(review.data, "vendor")),
        "assignedTo": review.assigned_to,
        "rejectReason": review.reject_reason,
        "decidedAt": review.decided_at,
        "closedAt": review.closed_at,
        "closedBy": review.closed_by,
    }


def review_of(row: Row) -> Review:
    """The review of a document's row. One that was read before there were reviews has version 0."""
    reading, kept = row["ocrResult"], row.get("review") or {}
    shown = reading["extractedData"]
    corrections = tuple(_correction_of(correction) for correction in kept.get("corrections", ()))
    retyped = any(correction.field == "documentType" for correction in corrections)
    return Review(
        document_id=str(row["_id"]),
        own_type=kept["ownType"] if retyped else row["type"],
        state=ReviewState(kept.get("state", ReviewState.NOT_NEEDED)),
        version=kept.get("version", 0),
        read=reading.get("readData") or shown,
        data=shown,
        reasons=[_reason_of(reason) for reason in kept.get("reasons", ())],
        loss=row.get("reviewLoss", 0.0),
        corrections=corrections,
        bases={
            name: tuple((line["key"], line["line"]) for line in lines)
            for name, lines in kept.get("bases", {}).items()
        },
        confirmed=kept.get("confirmed", {}),
        assigned_to=kept.get("assignedTo", ""),
        reject_reason=kept.get("rejectReason", ""),
        decided_at=kept.get("decidedAt"),
        closed_at=kept.get("closedAt"),
        closed_by=kept.get("closedBy", ""),
    )


def audit_row(document_id: str, entry: AuditEntry) -> Row:
    """An entry of the audit."""
    return {
        "documentId": document_id,
        "action": entry.action.value,
        "by": entry.by,
        "at": entry.at,
        "version": entry.version,
        "path": entry.path,
        "old": entry.old,
        "new": entry.new,
        "note": entry.note,
        "correctionId": entry.correction_id,
        "schemaVersion": SCHEMA_VERSION,
    }


def audit_of(row: Row) -> AuditEntry:
    """The entry of a row."""
    return AuditEntry(
        action=AuditAction(row["action"]),
        by=row["by"],
        at=row["at"],
        version=row["version"],
        path=row["path"],
        old=row["old"],
        new=row["new"],
        note=row["note"],
        correction_id=row["correctionId"],
    )


def settings_row(settings: Settings) -> Row:
    """An organization's settings."""
    return {
        "threshold": settings.threshold,
        "thresholds": dict(settings.thresholds),
        "important": {kind: list(names) for kind, names in settings.important.items()},
        "version": settings.version,
        "schemaVersion": SCHEMA_VERSION,
    }


def settings_of(row: Row | None) -> Settings:
    """The settings of a row, or what holds where nothing was said."""
    if row is None:
        return Settings()
    return Settings(row["threshold"], row["thresholds"], row["important"], row["version"])


def box_row(box: Box | None) -> Row | None:
    """A box."""
    return None if box is None else asdict(box)


def _reason_row(reason: Reason) -> Row:
    return {**asdict(reason), "kind": reason.kind.value}


def _reason_of(row: Mapping[str, Any]) -> Reason:
    return Reason(row["field"], ReasonKind(row["kind"]), row["detail"], row["confidence"], row["threshold"])


def _correction_row(correction: Correction) -> Row:
    return {
        "id": correction.id,
        "field": correction.field,
        "action": correction.action.value,
        "line": correction.line,
        # In pairs: the part of a single value has no name, and no member of a row should have none.
        "values": [[part, value] for part, value in correction.values.items()],
        "box": box_row(correction.box),
        "sourceText": correction.source_text,
        "by": correction.by,
        "at": correction.at,
    }


def _correction_of(row: Mapping[str, Any]) -> Correction:
    return Correction(
        id=row["id"],
        field=row["field"],
        action=Action(row["action"]),
        line=row["line"],
        values=dict(row["values"]),
        box=None if row["box"] is None else Box(**row["box"]),
        source_text=row["sourceText"],
        by=row["by"],
        at=row["at"],
    )
