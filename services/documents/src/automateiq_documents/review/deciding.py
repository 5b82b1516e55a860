"""Which documents a person should look at, why, and in which order."""

from collections.abc import Iterator, Mapping

from automateiq_documents.documents.models import ReviewState
from automateiq_documents.review.models import (
    LISTS,
    PLAIN,
    SINGLE,
    Data,
    Reason,
    ReasonKind,
    Settings,
)
from automateiq_documents.review.overlay import path_of, value_of

# More says nothing new: whoever sees this many looks at everything.
MAX_REASONS = 100
# A doubt that is named weighs as much as a coin that is tossed, whatever the number beside it says.
_DOUBTED = 0.5


def reasons(
    data: Data, settings: Settings, corrected: frozenset[str], confirmed: Mapping[str, str]
) -> list[Reason]:
    """Why a document wants a look, in the order of its fields.

    Important fields must be there and sure enough; a doubt on any field always wants a look; what a person corrected
    wants none; what a person confirmed wants one where a new reading says something else.
    """
    important = settings.important_in(str(data.get("documentType", "")))
    found: list[Reason] = []
    for name in [*SINGLE, *LISTS]:
        if name in corrected:
            continue
        value = value_of(data, name) if name in SINGLE else ""
        if name in confirmed and value != confirmed[name]:
            found.append(Reason(name, ReasonKind.CHANGED, detail=confirmed[name]))
        if name in important:
            found += _unsure(name, data, settings, sure=bool(value) and confirmed.get(name) == value)
        if name not in confirmed:
            found += _doubts(name, data)
    return found[:MAX_REASONS]


def state_after(before: ReviewState | None, found: list[Reason], confirmed: Mapping[str, str]) -> ReviewState:
    """The state of a document whose data is new. Who rejected it has said so of the paper, not of a reading."""
    if before is ReviewState.REJECTED:
        return before
    if found:
        return ReviewState.NEEDED
    if before is ReviewState.CONFIRMED and confirmed:
        return before
    return ReviewState.NOT_NEEDED


def expected_loss(data: Data, settings: Settings, corrected: frozenset[str] = frozenset()) -> float:
    """What accepting a document unseen is expected to cost: (1 - confidence) x amount.

    The confidence is that of its least sure important field: 0 where that field is missing, at most 0.5 where a doubt
    stands on it, 1 where a person said it. The amount is the total, or else the amount due, in the document's own
    currency (currencies are not converted) and without its sign; 1 where no amount is known, so that documents without
    one come last and are still ordered by doubt.
    """
    important = settings.important_in(str(data.get("documentType", "")))
    unsettled = [name for name in important if name not in corrected]
    confidence = min((_confidence(name, data) for name in unsettled), default=1.0)
    for name in ("total", "amountDue"):
        amount = _amount(value_of(data, name))
        if amount is not None:
            return round((1 - confidence) * max(amount, 1.0), 4)
    return round(1 - confidence, 4)


def _amount(value: str) -> float | None:
    try:
        return abs(float(value)) if value else None
    except ValueError:
        return None


def _confidence(name: str, data: Data) -> float:
    if name == "documentType":
        return float(data.get("documentTypeConfidence", 0.0))
    if name in PLAIN:
        return 1.0 if data.get(name) else 0.0
    fields = _fields(name, data)
    if not fields:
        return 0.0
    return min(
        min(float(field.get("confidence", 0.0)), _DOUBTED if field.get("doubts") else 1.0)
        for _, field in fields
    )


def _unsure(name: str, data: Data, settings: Settings, *, sure: bool) -> Iterator[Reason]:
    threshold = settings.threshold_of(name)
    if name in PLAIN or name in SINGLE:
        if not value_of(data, name):
            yield Reason(name, ReasonKind.MISSING, threshold=threshold)
        elif not sure and (confidence := _plain_confidence(name, data)) < threshold:
            yield Reason(name, ReasonKind.LOW_CONFIDENCE, confidence=confidence, threshold=threshold)
        return
    fields = _fields(name, data)
    if not fields:
        yield Reason(name, ReasonKind.MISSING, threshold=threshold)
    for path, field in fields:
        confidence = float(field.get("confidence", 0.0))
        if confidence < threshold:
            yield Reason(path, ReasonKind.LOW_CONFIDENCE, confidence=confidence, threshold=threshold)


def _plain_confidence(name: str, data: Data) -> float:
    if name in PLAIN:
        return _confidence(name, data)
    return float(data[name].get("confidence", 0.0))


def _doubts(name: str, data: Data) -> Iterator[Reason]:
    for path, field in _fields(name, data):
        for doubt in field.get("doubts", ()):
            yield Reason(
                path, ReasonKind.DOUBT, detail=str(doubt), confidence=float(field.get("confidence", 0.0))
            )


def _fields(name: str, data: Data) -> list[tuple[str, Data]]:
    """The fields below a name, each with its path. Words that are no fields have none."""
    if name in PLAIN:
        return []
    if name in SINGLE:
        return [(name, data[name])] if data.get(name) else []
    found: list[tuple[str, Data]] = []
    for index, line in enumerate(data.get(name, ())):
        for part in LISTS[name]:
            field = line.get(part) if part else line
            if field:
                found.append((path_of(name, index, part), field))
    return found
