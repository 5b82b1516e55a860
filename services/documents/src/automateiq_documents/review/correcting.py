"""A person's changes, checked, in normal form, and laid over what is shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from automateiq_core.errors import FailedPrecondition, InvalidInput, Violation

from automateiq_documents.review import values
from automateiq_documents.review.models import (
    LISTS,
    MAX_CORRECTIONS,
    MAX_LINES,
    SINGLE,
    Action,
    AuditAction,
    AuditEntry,
    Box,
    Change,
    Correction,
    Data,
    FieldKind,
    Review,
    correction_not_found,
)
from automateiq_documents.review.overlay import effective, keyed, lines_of, parts_of, path_of, value_of


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes something, and when."""

    by: str
    at: datetime


def apply(
    review: Review,
    changes: Sequence[Change],
    author: Author,
    ids: Sequence[str],
    source_text: Callable[[Box], str],
) -> tuple[Review, list[AuditEntry]]:
    """The review with the changes made one after another, and what is to be noted of them.

    An index names a line as the changes before left the list. Of the review, only corrections, lists and data change.

    Raises:
        InvalidInput: a change names no field, line or part, or a value breaks the rules of its field; nothing is kept.
        FailedPrecondition: the document has too many corrections or lines (TOO_MANY_CORRECTIONS, TOO_MANY_LINES).
    """
    if len(review.corrections) + len(changes) > MAX_CORRECTIONS:
        raise FailedPrecondition(
            "TOO_MANY_CORRECTIONS", f"A document takes {MAX_CORRECTIONS} corrections. Take some back first."
        )
    entries: list[AuditEntry] = []
    for number, (change, correction_id) in enumerate(zip(changes, ids, strict=True)):
        given = _checked(change, f"corrections[{number}]")
        text = source_text(change.box) if change.box is not None else ""
        corrected = _with(review, change, given, author, correction_id, text, f"corrections[{number}]")
        entries += _noted(AuditAction.CORRECTED, review, corrected, change.field, correction_id, author)
        review = corrected
    return review, entries


def take_back(review: Review, correction_id: str, author: Author) -> tuple[Review, list[AuditEntry]]:
    """The review without a correction, and what is to be noted of that.

    Raises:
        NotFound: there is no such correction.
    """
    undone = next((one for one in review.corrections if one.id == correction_id), None)
    if undone is None:
        raise correction_not_found()
    left = tuple(one for one in review.corrections if one.id != correction_id)
    bases = {name: lines for name, lines in review.bases.items() if any(one.field == name for one in left)}
    after = _laid(replace(review, corrections=left, bases=bases))
    return after, _noted(AuditAction.UNDONE, review, after, undone.field, correction_id, author)


def _with(
    review: Review,
    change: Change,
    given: Mapping[str, str],
    author: Author,
    correction_id: str,
    source_text: str,
    where: str,
) -> Review:
    bases, line = review.bases, ""
    if change.field in LISTS:
        shown = lines_of(change.field, review.read, review.corrections, bases)
        if change.field not in bases:
            bases = {**bases, change.field: tuple(keyed(review.read.get(change.field, ())))}
        if change.action is Action.ADD:
            if len(shown) >= MAX_LINES:
                raise FailedPrecondition("TOO_MANY_LINES", f"A list takes {MAX_LINES} lines.")
            line = correction_id
        elif change.index is None or not 0 <= change.index < len(shown):
            raise _broken(f"{where}.index", f"must name one of the {len(shown)} lines, counted from 0")
        else:
            line = shown[change.index][0]
    correction = Correction(
        id=correction_id,
        field=change.field,
        action=change.action,
        line=line,
        values=given,
        box=change.box,
        source_text=source_text,
        by=author.by,
        at=author.at,
    )
    return _laid(replace(review, corrections=(*review.corrections, correction), bases=bases))


def _laid(review: Review) -> Review:
    return replace(review, data=effective(review.read, review.corrections, review.bases))


def _checked(change: Change, where: str) -> Mapping[str, str]:
    """The values of a change in normal form, by part."""
    if change.field in SINGLE:
        if change.action is Action.ADD:
            raise _broken(f"{where}.action", "must be set or remove: there is only one of this field")
        if change.index is not None:
            raise _broken(f"{where}.index", "must be left out: there is only one of this field")
        kinds = {"": SINGLE[change.field]}
    elif change.field in LISTS:
        kinds = dict(LISTS[change.field])
        if change.action is Action.ADD and change.index is not None:
            raise _broken(f"{where}.index", "must be left out: a new line goes to the end")
    else:
        raise _broken(f"{where}.field", f"must be one of: {', '.join([*SINGLE, *LISTS])}")
    if change.action is Action.REMOVE:
        if change.values:
            raise _broken(f"{where}.value", "must be left out: nothing takes the place of what is removed")
        return {}
    if not change.values:
        raise _broken(f"{where}.value", "must be given")
    return {part: _normal(change, kinds, part, where) for part in change.values}


def _normal(change: Change, kinds: Mapping[str, FieldKind], part: str, where: str) -> str:
    place = f"{where}.values.{part}" if part else f"{where}.value"
    if part not in kinds:
        known = ", ".join(name for name in kinds if name) or "value"
        raise _broken(place, f"is no part of {change.field}; the parts are: {known}")
    given = change.values[part]
    if part and not given and change.action is Action.SET:
        # Takes the part of a line away.
        return ""
    try:
        return values.normalise(kinds[part], given)
    except ValueError as error:
        raise _broken(place, str(error)) from None


def _broken(field: str, rule: str) -> InvalidInput:
    return InvalidInput("VALIDATION_FAILED", f"{field}: {rule}.", violations=[Violation(field, rule)])


def _noted(
    action: AuditAction, before: Review, after: Review, name: str, correction_id: str, author: Author
) -> list[AuditEntry]:
    """An entry for each value that differs."""
    old, new = _flat(before.data, name), _flat(after.data, name)
    if name in LISTS:
        old, new = _by_line(before, name), _by_line(after, name)
    paths = list(dict.fromkeys([*old, *new]))
    entries = [
        AuditEntry(
            action=action,
            by=author.by,
            at=author.at,
            version=before.version + 1,
            path=(new.get(path) or old[path])[0],
            old=old.get(path, ("", ""))[1],
            new=new.get(path, ("", ""))[1],
            correction_id=correction_id,
        )
        for path in paths
        if old.get(path, ("", ""))[1] != new.get(path, ("", ""))[1]
    ]
    # What only confirms the value that was read is noted as well.
    if entries:
        return entries
    value = value_of(after.data, name) if name in SINGLE else ""
    return [
        AuditEntry(action, author.by, author.at, before.version + 1, name, value, value, "", correction_id)
    ]


def _flat(data: Data, name: str) -> dict[str, tuple[str, str]]:
    value = value_of(data, name) if name in SINGLE else ""
    return {name: (name, value)} if value else {}


def _by_line(review: Review, name: str) -> dict[str, tuple[str, str]]:
    """The values of a list by line key and part, so that a removed line does not make all lines below it differ."""
    found: dict[str, tuple[str, str]] = {}
    for index, (key, line) in enumerate(lines_of(name, review.read, review.corrections, review.bases)):
        for part, value in parts_of(name, line):
            found[f"{key}/{part}"] = (path_of(name, index, part), value)
    return found
