"""The memory of vendors, pure: what a correction teaches, what a confirmation strengthens, what the next reading gains.

What is taught wins over what was read in three cases only: nothing was read; what was read is just what a person
replaced before; or what was read passed no arithmetic check and a person once corrected this very field here. In all
other cases a difference is told as a doubt, `memory_differs`, and the reading stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from automateiq_documents.review import patterns, places
from automateiq_documents.review.models import PLAIN, SINGLE, Correction, Data, FieldKind, Review
from automateiq_documents.review.overlay import box_data, box_of, value_of
from automateiq_documents.review.patterns import likeness, skeleton
from automateiq_documents.review.recognising import name_likeness, own_name
from automateiq_documents.review.remembered import (
    CONSTANT,
    MAX_AGAINST,
    MAX_NAMES,
    MAX_PLACES,
    VARYING,
    WRONG_TO_FORGET,
    Constant,
    Label,
    Place,
    Side,
    VendorMemory,
    trust,
)
from automateiq_documents.review.words import Sheet

DIFFERS = "memory_differs"
AGREES = "vendor_memory"
_SURE_PLACE = 0.6
_SURE_ENOUGH_TO_FILL = 0.85
# A name or address this alike is another misreading of what is remembered.
_MISREAD = 0.6
# What a recognition by domain, telephone or name leaves open.
_BY_WEAK_KEY = 0.985
_DOUBTED = 0.5


# What people teach.


def learn(
    memory: VendorMemory, before: Review, corrections: Sequence[Correction], sheets: Sequence[Sheet]
) -> VendorMemory:
    """The memory with what the corrections of a document teach. `before` is the review that they correct."""
    for correction in corrections:
        name, value = correction.field, correction.values.get("", "")
        if name not in CONSTANT and name not in VARYING:
            continue
        read = before.data.get(name)
        if _origin(read) == "memory" and value_of(before.data, name) != value:
            memory = _was_wrong(memory, name, read, sheets)
        if not value:
            continue
        if name in CONSTANT:
            memory = _learn_constant(memory, name, value, before, correction.id)
        else:
            memory = _learn_place(memory, name, value, before, correction, sheets)
    return memory


def strengthen(memory: VendorMemory, confirmed: Review, sheets: Sequence[Sheet]) -> VendorMemory:
    """The memory with what the confirmation of a document says: what it gave was right, and what is constant is so."""
    constants = dict(memory.constants)
    for name in CONSTANT:
        value = value_of(confirmed.data, name)
        if not value:
            continue
        known = constants.get(name)
        if known is None or (known.value != value and known.wrong + 1 >= WRONG_TO_FORGET):
            constants[name] = Constant(value)
        elif known.value == value:
            constants[name] = replace(known, right=known.right + 1)
        else:
            constants[name] = replace(known, wrong=known.wrong + 1)
    memory = replace(memory, constants=constants)
    for name in VARYING:
        field = confirmed.data.get(name)
        if field:
            memory = _strengthen_place(memory, name, field, sheets)
    return memory


def forget(memory: VendorMemory, correction_id: str) -> VendorMemory:
    """The memory without what a correction taught."""
    constants = {
        name: constant
        for name, constant in memory.constants.items()
        if correction_id not in constant.taught_by
    }
    kept = {
        name: [place for place in taught if correction_id not in place.taught_by]
        for name, taught in memory.places.items()
    }
    order = "" if correction_id in memory.order_taught_by else memory.order
    return replace(
        memory,
        constants=constants,
        places={name: taught for name, taught in kept.items() if taught},
        order=order,
        order_taught_by=memory.order_taught_by if order else (),
    )


def is_empty(memory: VendorMemory) -> bool:
    """Whether nothing is left that could help."""
    return not memory.constants and not memory.places and not memory.order


def named(memory: VendorMemory, name: str, *as_read: str) -> VendorMemory:
    """The memory under this name; it is known under the names it was read as, too."""
    names = [own_name(one) for one in (name, *as_read)]
    known = list(dict.fromkeys([*filter(None, names), *memory.names]))[:MAX_NAMES]
    return replace(memory, name=name or memory.name, names=known)


def _learn_constant(
    memory: VendorMemory, name: str, value: str, before: Review, correction_id: str
) -> VendorMemory:
    known = memory.constants.get(name)
    read = value_of(before.read, name)
    against = list(known.against) if known else []
    if read and read != value and _origin(before.read.get(name)) != "memory":
        against = [read, *(one for one in against if one != read)][:MAX_AGAINST]
    # What the value itself says can not be what it replaces.
    against = [one for one in against if one != value]
    taught = Constant(value, against=against, taught_by=(correction_id,))
    if known is not None and known.value == value:
        taught = replace(taught, right=known.right + 1, taught_by=(*known.taught_by, correction_id)[-5:])
    return replace(memory, constants={**memory.constants, name: taught})


def _learn_place(
    memory: VendorMemory,
    name: str,
    value: str,
    before: Review,
    correction: Correction,
    sheets: Sequence[Sheet],
) -> VendorMemory:
    read = before.read.get(name)
    # Where nobody points, a date that was read in the wrong order stands where it was read.
    box = correction.box or (_read_box(name, value, read, sheets) if SINGLE[name] is FieldKind.DATE else None)
    place = places.teach(SINGLE[name], value, box, sheets)
    if place is None:
        return memory
    wrong = bool(read) and value_of(before.read, name) != value
    taught = replace(
        place,
        corrected=wrong or not read,
        against=_label_of(read, sheets) if wrong else None,
        against_checked=wrong and _is_checked(read),
        taught_by=(correction.id,),
    )
    others = [one for one in memory.places.get(name, ()) if not places.same_label(one.label, taught.label)]
    memory = replace(memory, places={**memory.places, name: [taught, *others][:MAX_PLACES]})
    if taught.order and taught.order != memory.order:
        memory = replace(memory, order=taught.order, order_taught_by=(correction.id,))
    return memory


def _strengthen_place(memory: VendorMemory, name: str, field: Data, sheets: Sequence[Sheet]) -> VendorMemory:
    """Where a value stands that was right as it was read. Such a place fills what is missing, and overrides nothing."""
    kind, box = SINGLE[name], box_of(field)
    if box is None or _origin(field) not in ("page", "memory"):
        return memory
    place = places.teach(kind, str(field["value"]), box, sheets)
    if place is None:
        return memory
    known = memory.places.get(name, ())
    if any(places.same_label(one.label, place.label) for one in known):
        kept = [
            replace(one, right=one.right + 1) if places.same_label(one.label, place.label) else one
            for one in known
        ]
    else:
        kept = [*known, place][:MAX_PLACES]
    order = memory.order or place.order
    return replace(memory, places={**memory.places, name: kept}, order=order)


def _read_box(name: str, value: str, read: Data | None, sheets: Sequence[Sheet]) -> Any:
    box = box_of(read)
    if box is None:
        return None
    text = places.text_at(box, sheets)
    said = {patterns.normal_of(SINGLE[name], text, order=order) for order in ("DMY", "MDY", "YMD")}
    return box if value in said else None


def _was_wrong(memory: VendorMemory, name: str, field: Data | None, sheets: Sequence[Sheet]) -> VendorMemory:
    if name in memory.constants:
        known = memory.constants[name]
        constants = {**memory.constants, name: replace(known, wrong=known.wrong + 1)}
        if known.wrong + 1 >= WRONG_TO_FORGET:
            del constants[name]
        return replace(memory, constants=constants)
    label = _label_of(field, sheets)
    kept = []
    for place in memory.places.get(name, ()):
        blamed = replace(place, wrong=place.wrong + 1) if places.same_label(place.label, label) else place
        if blamed.wrong < WRONG_TO_FORGET:
            kept.append(blamed)
    taught = {**memory.places, name: kept}
    return replace(memory, places={one: found for one, found in taught.items() if found})


# What a reading gains.


def apply(memory: VendorMemory, read: Data, sheets: Sequence[Sheet], *, strong: bool) -> Data:
    """What was read, with what is remembered of its vendor. `strong`: one of its own numbers was recognised."""
    data = dict(read)
    certainty = 1.0 if strong else _BY_WEAK_KEY
    for name, constant in memory.constants.items():
        _apply_constant(data, name, constant, memory, certainty, sheets)
    for name, taught in memory.places.items():
        _apply_places(data, name, taught, memory, certainty, sheets)
    if memory.order:
        _apply_order(data, memory.order, certainty)
    return data


def _apply_constant(
    data: dict[str, Any],
    name: str,
    constant: Constant,
    memory: VendorMemory,
    certainty: float,
    sheets: Sequence[Sheet],
) -> None:
    confidence = round(trust(constant.right, constant.wrong) * certainty, 4)
    read, here = data.get(name), value_of(data, name)
    if name in PLAIN:
        if here == constant.value:
            data["documentTypeConfidence"] = max(confidence, float(data.get("documentTypeConfidence", 0.0)))
        elif not here or here in constant.against:
            data |= {name: constant.value, "documentTypeConfidence": confidence}
        return
    if here == constant.value:
        data[name] = _agreed(read, confidence)
    elif not here:
        there = places.standing(constant.value, sheets)
        where = {"box": box_data(there[0]), "sourceText": there[1]} if there else None
        data[name] = _remembered(constant.value, confidence, where)
    elif _replaces(name, constant, here, read or {}, memory):
        data[name] = _remembered(constant.value, confidence, read)
    else:
        data[name] = _doubted(read)


def _replaces(name: str, constant: Constant, here: str, read: Data, memory: VendorMemory) -> bool:
    if here in constant.against:
        return True
    if name in ("vendor", "vendorAddress"):
        known = [skeleton(one) for one in (constant.value, *constant.against)]
        alike = max(likeness(skeleton(here), one) for one in known)
        if name == "vendor":
            alike = max(alike, name_likeness(memory, here))
        return alike >= _MISREAD
    # Another IBAN or tax number whose check digits are right is a change, or a fraud: people must see it.
    return not _is_checked(read) and likeness(skeleton(here), skeleton(constant.value)) >= 0.8


def _apply_places(
    data: dict[str, Any],
    name: str,
    taught: Sequence[Place],
    memory: VendorMemory,
    certainty: float,
    sheets: Sequence[Sheet],
) -> None:
    kind = SINGLE[name]
    found = [(one, place) for place in taught if (one := places.find(kind, place, memory.order, sheets))]
    found = [pair for pair in found if pair[0].sure >= _SURE_PLACE]
    if not found:
        return
    best, place = max(found, key=lambda pair: pair[0].sure * trust(pair[1].right, pair[1].wrong))
    confidence = trust(place.right, place.wrong) * certainty * (0.9 + 0.1 * min(1.0, best.sure))
    field = {
        **_remembered(best.value, round(confidence, 4), None),
        "box": box_data(best.box),
        "sourceText": best.text,
    }
    read, here = data.get(name), value_of(data, name)
    if not here:
        # Where nobody ever corrected anything, a document without the value is likelier than a reader who missed it.
        if place.corrected or best.sure >= _SURE_ENOUGH_TO_FILL:
            data[name] = field
    elif here == best.value:
        data[name] = _agreed(
            read, round(confidence, 4), settles_order=kind is FieldKind.DATE and bool(place.order)
        )
    elif _overrides(place, read or {}, sheets):
        data[name] = field
    elif place.corrected:
        data[name] = _doubted(read)


def _overrides(place: Place, read: Data, sheets: Sequence[Sheet]) -> bool:
    if not place.corrected:
        return False
    if not _is_checked(read):
        return True
    # What passed checks gives way only where a person replaced just that: checked as well, and beside the same label.
    return place.against_checked and places.same_label(place.against, _label_of(read, sheets))


def _apply_order(data: dict[str, Any], order: str, certainty: float) -> None:
    """Reads the numeric dates that could mean two days in the order that is known of this vendor."""
    for name in VARYING:
        read = data.get(name)
        if SINGLE[name] is not FieldKind.DATE or not read or _origin(read) not in ("page", "memory"):
            continue
        text = str(read.get("sourceText", ""))
        if not patterns.is_two_faced(text):
            continue
        value = patterns.date_of(text, order)
        confidence = round(trust(1, 0) * certainty, 4)
        if value == read.get("value"):
            data[name] = _agreed(read, confidence, settles_order=True)
        else:
            data[name] = {
                **_without(read, "doubts", "checks"),
                "value": value,
                "origin": "memory",
                "confidence": confidence,
            }


def _agreed(read: Data | None, confidence: float, *, settles_order: bool = False) -> dict[str, Any]:
    field = dict(read or {})
    checks = [*field.get("checks", ()), *([] if AGREES in field.get("checks", ()) else [AGREES])]
    doubts = [doubt for doubt in field.get("doubts", ()) if not (settles_order and doubt == "ambiguous_date")]
    sure = max(confidence, float(field.get("confidence", 0.0)))
    kept = _without(field, "doubts")
    return {**kept, "confidence": sure, "checks": checks, **({"doubts": doubts} if doubts else {})}


def _doubted(read: Data | None) -> dict[str, Any]:
    field = dict(read or {})
    doubts = [*(one for one in field.get("doubts", ()) if one != DIFFERS), DIFFERS]
    return {**field, "confidence": min(_DOUBTED, float(field.get("confidence", 0.0))), "doubts": doubts}


def _remembered(value: str, confidence: float, replaced: Data | None) -> dict[str, Any]:
    """A value of the memory; where it replaces a misreading it stands where that stood."""
    where = {key: replaced[key] for key in ("box", "sourceText") if replaced and key in replaced}
    return {"value": value, "confidence": confidence, "origin": "memory", **where}


def _label_of(field: Data | None, sheets: Sequence[Sheet]) -> Label:
    box = box_of(field)
    return Label(Side.NONE) if box is None else places.label_at(box, sheets)


def _origin(field: Any) -> str:
    return str(field.get("origin", "")) if isinstance(field, Mapping) else ""


def _is_checked(read: Data | None) -> bool:
    """Whether a value passed a check of its own. That the memory agrees is none."""
    return any(check != AGREES for check in (read or {}).get("checks", ()))


def _without(field: Data, *names: str) -> dict[str, Any]:
    return {name: value for name, value in field.items() if name not in names}
