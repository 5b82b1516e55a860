"""What is shown of a document: the reading with a person's corrections over it.

Corrections are kept apart and laid over the reading anew whenever one of both changes, so the reading is never lost
and a correction never overwritten. A list (line items, taxes, parties) is frozen as it was read when a person first
touches it: from then on its lines have keys, and the corrections name those.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from automateiq_documents.review.models import LISTS, PLAIN, Action, Box, Correction, Data

Line = tuple[str, Data]


def keyed(lines: Sequence[Data]) -> list[Line]:
    """The lines of a list as it was read, each with a key."""
    return [(f"read-{number}", line) for number, line in enumerate(lines)]


def effective(read: Data, corrections: Sequence[Correction], bases: Mapping[str, Sequence[Line]]) -> Data:
    """What is shown of a document."""
    data = dict(read)
    for correction in corrections:
        if correction.field not in LISTS:
            _lay_single(data, correction)
    for name in LISTS:
        if any(correction.field == name for correction in corrections):
            data[name] = [line for _, line in lines_of(name, read, corrections, bases)]
    return data


def lines_of(
    name: str, read: Data, corrections: Sequence[Correction], bases: Mapping[str, Sequence[Line]]
) -> list[Line]:
    """The lines of a list as they are shown, with their keys."""
    lines = list(bases[name]) if name in bases else keyed(read.get(name, ()))
    for correction in corrections:
        if correction.field != name:
            continue
        if correction.action is Action.ADD:
            lines.append((correction.line, _changed(name, {}, correction)))
            continue
        place = next((number for number, (key, _) in enumerate(lines) if key == correction.line), None)
        if place is None:
            # The line came with a correction that was taken back since.
            continue
        if correction.action is Action.REMOVE:
            del lines[place]
        else:
            lines[place] = (correction.line, _changed(name, lines[place][1], correction))
    return lines


def person_field(value: str, correction: Correction) -> dict[str, Any]:
    """A value that a person said, as a field of the data."""
    field: dict[str, Any] = {"value": value, "confidence": 1.0, "origin": "person"}
    if correction.box is not None:
        field |= {"box": box_data(correction.box), "sourceText": correction.source_text}
    return field


def box_data(box: Box) -> dict[str, Any]:
    """A box as the data has it."""
    return {"page": box.page, "x": box.x, "y": box.y, "width": box.width, "height": box.height}


def box_of(field: Data | None) -> Box | None:
    """The box of a field of the data. What stands at zero is left out of the JSON of a message."""
    box = (field or {}).get("box")
    if not box or not box.get("page"):
        return None
    return Box(box["page"], *(float(box.get(side, 0.0)) for side in ("x", "y", "width", "height")))


def value_of(data: Data, name: str) -> str:
    """The value of a single field; empty where there is none."""
    found = data.get(name)
    if found is None:
        return ""
    return str(found) if name in PLAIN else str(found.get("value", ""))


def parts_of(name: str, line: Data) -> Iterator[tuple[str, str]]:
    """The values of a line, by part. The part of a party has no name."""
    for part in LISTS[name]:
        field = line.get(part) if part else line
        if field and field.get("value"):
            yield part, str(field["value"])


def path_of(name: str, index: int | None = None, part: str = "") -> str:
    """How a value is named: "total", "lineItems[2].amount", "parties[0]"."""
    place = name if index is None else f"{name}[{index}]"
    return f"{place}.{part}" if part else place


def _lay_single(data: dict[str, Any], correction: Correction) -> None:
    name = correction.field
    if correction.action is Action.REMOVE:
        data.pop(name, None)
        return
    value = correction.values[""]
    data[name] = value if name in PLAIN else person_field(value, correction)
    if name == "documentType":
        data["documentTypeConfidence"] = 1.0


def _changed(name: str, line: Data, correction: Correction) -> Data:
    if LISTS[name].keys() == {""}:
        return person_field(correction.values[""], correction)
    changed = dict(line)
    for part, value in correction.values.items():
        # An empty value takes the part away.
        if value:
            changed[part] = person_field(value, correction)
        else:
            changed.pop(part, None)
    return changed
