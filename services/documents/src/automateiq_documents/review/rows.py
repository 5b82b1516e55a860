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
from automateiq_documents.review.recognising import name_keys
from automateiq_documents.review.remembered import Constant, Label, Place, Side, VendorMemory

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


def audit_row(document_id: str, number: int, entry: AuditEntry) -> Row:
    """An entry of the audit, the n-th of its version."""
    return {
        "documentId": document_id,
        "number": number,
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


def memory_row(memory: VendorMemory) -> Row:
    """What is remembered of a vendor, but for its id and times."""
    return {
        "name": memory.name,
        "sortName": folded(memory.name),
        "names": list(memory.names),
        "keys": list(memory.keys),
        "lookup": [*memory.keys, *name_keys(memory.name), *(f"name:{name}" for name in memory.names)],
        "constants": {name: _constant_row(one) for name, one in memory.constants.items()},
        "places": {name: [_place_row(one) for one in taught] for name, taught in memory.places.items()},
        "order": memory.order,
        "orderTaughtBy": list(memory.order_taught_by),
        "taughtBy": sorted(memory.taught_by),
        "enabled": memory.enabled,
        "version": memory.version,
        "schemaVersion": SCHEMA_VERSION,
    }


def memory_of(row: Row) -> VendorMemory:
    """What is remembered of the vendor of a row."""
    return VendorMemory(
        id=str(row["_id"]),
        name=row["name"],
        names=row["names"],
        keys=row["keys"],
        constants={
            name: Constant(one["value"], one["right"], one["wrong"], one["against"], one["taughtBy"])
            for name, one in row["constants"].items()
        },
        places={name: [_place_of(one) for one in taught] for name, taught in row["places"].items()},
        order=row["order"],
        order_taught_by=row["orderTaughtBy"],
        enabled=row["enabled"],
        version=row["version"],
        created_at=row["createdAt"],
        updated_at=row["updatedAt"],
    )


def _constant_row(constant: Constant) -> Row:
    return {
        "value": constant.value,
        "right": constant.right,
        "wrong": constant.wrong,
        "against": list(constant.against),
        "taughtBy": list(constant.taught_by),
    }


def _place_row(place: Place) -> Row:
    return {
        "label": _label_row(place.label),
        "page": place.page,
        "x": place.x,
        "y": place.y,
        "shape": place.shape,
        "order": place.order,
        "decimal": place.decimal,
        "corrected": place.corrected,
        "against": None if place.against is None else _label_row(place.against),
        "againstChecked": place.against_checked,
        "right": place.right,
        "wrong": place.wrong,
        "taughtBy": list(place.taught_by),
    }


def _place_of(row: Mapping[str, Any]) -> Place:
    return Place(
        label=_label_of(row["label"]),
        page=row["page"],
        x=row["x"],
        y=row["y"],
        shape=row["shape"],
        order=row["order"],
        decimal=row["decimal"],
        corrected=row["corrected"],
        against=None if row["against"] is None else _label_of(row["against"]),
        against_checked=row["againstChecked"],
        right=row["right"],
        wrong=row["wrong"],
        taught_by=row["taughtBy"],
    )


def _label_row(label: Label) -> Row:
    return {"side": label.side.value, "words": list(label.words)}


def _label_of(row: Mapping[str, Any]) -> Label:
    return Label(Side(row["side"]), tuple(row["words"]))


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
