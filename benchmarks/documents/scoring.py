"""How right answers are, by the rules that the labelled folder's README gives (its own score.py says the same).

A label is incomplete: what it does not name is not counted. Amounts are compared to the cent, dates as ISO 8601, other
strings without case, accents, spaces and punctuation; "fuzzy" lets strings be right from a similarity of 0.85.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from dataset import Labelled
from rapidfuzz.distance import Levenshtein

AMOUNTS = {"total", "tax", "subtotal", "amount_due", "amount", "unit_price"}
DATES = {"date", "due_date", "effective_date", "period_start", "period_end"}
LISTS = {"parties", "line_items"}
FUZZY = 0.85
SAME_ITEM = 0.6
PRECISION = 0.98


@dataclass
class Answer:
    """What a system says about a document; `fields` have the labels' names.

    `places` says where a value stands: the page, and left, top, right and bottom as shares of the page.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    places: dict[str, tuple[int, float, float, float, float]] = field(default_factory=dict)
    kind: str = ""
    text: str = ""


@dataclass
class Counts:
    """Labels, answers, right ones, and right ones by the looser measure."""

    asked: int = 0
    given: int = 0
    right: int = 0
    fuzzy: int = 0

    def __iadd__(self, other: Counts) -> Counts:
        self.asked += other.asked
        self.given += other.given
        self.right += other.right
        self.fuzzy += other.fuzzy
        return self

    @property
    def accuracy(self) -> float:
        """The share of labels that were answered rightly."""
        return self.right / self.asked if self.asked else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of the share of labels answered rightly and the share of answers that are right."""
        return 2 * self.right / (self.asked + self.given) if self.asked + self.given else 0.0


@dataclass
class Score:
    """The counts of a set: per field, of items in lists, and of whole documents."""

    fields: dict[str, Counts] = field(default_factory=dict)
    whole: Counts = field(default_factory=Counts)
    kinds: Counts = field(default_factory=Counts)
    sure: dict[str, list[tuple[float, bool]]] = field(default_factory=dict)
    word_recall: list[float] = field(default_factory=list)
    number_recall: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def scalars(self) -> Counts:
        """All single fields together (micro average)."""
        total = Counts()
        for name, counts in self.fields.items():
            if name not in LISTS:
                total += counts
        return total


def score(answers: Iterable[tuple[Labelled, Answer]]) -> Score:
    """Counts what is right."""
    result = Score()
    for document, answer in answers:
        good = True
        for name, want in document.fields.items():
            if name in LISTS:
                counts = _items(name, want, answer.fields.get(name) or [])
                good &= counts.right == counts.asked == counts.given
            else:
                counts = _scalar(document, name, want, answer, result)
                good &= counts.fuzzy == 1
            result.fields.setdefault(name, Counts()).__iadd__(counts)
        result.whole += Counts(1, 1, int(good and bool(document.fields)), 0)
        if answer.kind:
            result.kinds += Counts(1, 1, int(answer.kind == document.kind))
        if document.text:
            wanted, found = words(document.text), words(answer.text)
            result.word_recall.append(overlap(wanted, found) / max(1, len(wanted)))
            numbers = [word for word in wanted if re.search(r"\d", word)]
            if numbers:
                result.number_recall.append(overlap(numbers, found) / len(numbers))
    return result


def auto_accepted(pairs: Sequence[tuple[float, bool]], asked: int) -> float:
    """The largest share of documents whose answer, surest first, can be taken unseen at a precision of 98 %."""
    taken = right = best = 0
    for _, is_right in sorted(pairs, key=lambda pair: pair[0], reverse=True):
        taken, right = taken + 1, right + is_right
        if right >= PRECISION * taken:
            best = taken
    return best / asked if asked else 0.0


def _scalar(document: Labelled, name: str, want: Any, answer: Answer, result: Score) -> Counts:
    given = answer.fields.get(name)
    if given in (None, ""):
        return Counts(asked=1)
    good = right(document, name, given)
    fuzzy = good or (
        name not in AMOUNTS | DATES | {"currency"}
        and max(similarity(given, each) for each in _accepted(document, name)) >= FUZZY
    )
    if name in answer.confidence:
        result.sure.setdefault(name, []).append((answer.confidence[name], good))
    if not good:
        result.wrong.append(f"{document.set}/{document.path.name} {name}: want {want!r} got {given!r}")
    return Counts(1, 1, int(good), int(fuzzy))


def right(document: Labelled, name: str, given: Any) -> bool:
    """Whether an answer for a single field equals the label, or what else the label accepts."""
    return given not in (None, "") and normal(name, given) in {
        normal(name, each) for each in _accepted(document, name)
    }


def _accepted(document: Labelled, name: str) -> list[Any]:
    return [document.fields[name], *document.accept.get(name, [])]


def _items(name: str, wanted: Sequence[Any], given: Sequence[Any]) -> Counts:
    left, right = list(given), 0
    for want in wanted:
        match = _party(want, left) if name == "parties" else _line(want, left)
        if match is not None:
            left.pop(match)
            right += 1
    return Counts(len(wanted), len(given), right, right)


def _party(want: str, left: Sequence[str]) -> int | None:
    return next((index for index, each in enumerate(left) if plain(each) == plain(want)), None)


def _line(want: Mapping[str, Any], left: Sequence[Mapping[str, Any]]) -> int | None:
    alike = [
        (similarity(want.get("description", ""), line.get("description", "")), -index)
        for index, line in enumerate(left)
        if want.get("amount") is None or cents(want["amount"]) == cents(line.get("amount", ""))
    ]
    best = max(alike, default=(0.0, 0))
    return -best[1] if best[0] >= SAME_ITEM else None


def normal(name: str, value: Any) -> str | None:
    """The form in which two answers are compared."""
    if name in AMOUNTS:
        return cents(value)
    if name in DATES:
        found = re.match(r"\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", str(value))
        return f"{int(found[1]):04}-{int(found[2]):02}-{int(found[3]):02}" if found else plain(value)
    return plain(value)


def cents(value: Any) -> str | None:
    """An amount to the cent, whatever marks its decimals: "1.234,5" is "1234.50"; None where there is none."""
    text = str(value)
    negative = "-" in text or "(" in text
    digits = re.sub(r"[^\d.,]", "", text)
    mark = re.search(r"[.,](\d{1,2})$", digits)
    whole = re.sub(r"[.,]", "", digits[: mark.start()] if mark else digits)
    try:
        amount = Decimal(f"{whole or '0'}.{mark[1] if mark else '0'}").quantize(Decimal("0.01"))
    except InvalidOperation:
        return None
    if not re.search(r"\d", digits):
        return None
    return f"{-amount if negative and amount else amount}"


def unaccented(text: str) -> str:
    """Without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def plain(value: Any) -> str:
    """Without case, accents, spaces and punctuation."""
    return re.sub(r"[\W_]", "", unaccented(str(value)).casefold())


def similarity(one: Any, other: Any) -> float:
    """1 for equal strings, 0 for those that share nothing, by edit distance over the plain forms."""
    return float(Levenshtein.normalized_similarity(plain(one), plain(other)))


def words(text: str) -> list[str]:
    """The words of a text without case, accents and the punctuation around them."""
    bare = (word.strip(".,:;!?()[]{}\"'`*-_=|<>~#") for word in unaccented(text).casefold().split())
    return [word for word in bare if word]


def overlap(wanted: list[str], found: list[str]) -> int:
    """How many words both have, each as often as both have it."""
    return sum((Counter(wanted) & Counter(found)).values())
