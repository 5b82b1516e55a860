"""Who agrees with whom in a contract.

The habits followed: the preamble says "between X (the "Company") and Y"; a letter agreement names its writer and its
addressee in the letterhead and the address, and gives them names in quotes in its first sentences; companies sign
under their names at the end. A party that is found in several of these places is surer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from automateiq_ocr.extraction import contract_words as words
from automateiq_ocr.extraction.layout import Layout, Row, fold
from automateiq_ocr.extraction.models import Field
from automateiq_ocr.extraction.prose import Prose

_HEAD = 6000  # letters within which a preamble stands
_FIRST_SENTENCES = 1800
_LIST = 1600  # letters that the list of the parties may take
_MOST_WORDS = 12


@dataclass(frozen=True, slots=True)
class Preamble:
    """The sentence that names the parties: where it begins, where its list begins and ends in the prose."""

    start: int
    between: int
    end: int
    names: tuple[tuple[int, int], ...]


@dataclass
class _Party:
    """A name and the places where it was found: preamble, defined, head, signed."""

    found: Field
    places: set[str] = field(default_factory=set)


def find_parties(prose: Prose, layout: Layout, preamble: Preamble | None) -> tuple[Field, ...]:
    """The parties in the order in which the document names them; empty where none is told plainly."""
    parties: dict[str, _Party] = {}

    def add(found: Field | None, place: str) -> None:
        if found is not None:
            parties.setdefault(_key(found.value), _Party(found)).places.add(place)

    letter = salutation(layout)
    if preamble is not None:
        for start, end in preamble.names:
            add(prose.field(legal_name(prose.text[start:end]), start, end, 0.9), "preamble")
    if preamble is None or letter is not None:
        for start, end in _defined(prose, _after_salutation(prose, letter)):
            add(prose.field(legal_name(prose.text[start:end]), start, end, 0.75), "defined")
        if letter is not None:
            for found in _companies(layout.rows[: letter.index]):
                add(found, "head")
    signing = _signing(layout)
    for found in _companies(layout.rows[signing:]):
        if _key(found.value) in parties or (preamble is None and len(parties) < 2):
            add(found, "signed")
    return tuple(_chosen(list(parties.values()), letter is not None))


def _chosen(parties: list[_Party], letter: bool) -> Iterator[Field]:
    """Those of the preamble; without one the two best supported, if anything but the signature speaks for them."""
    named = [party for party in parties if "preamble" in party.places]
    if len(named) < 2:
        weight = {"preamble": 3.0, "defined": 1.5, "head": 1.0, "signed": 1.0}
        ranked = sorted(parties, key=lambda party: -sum(weight[place] for place in party.places))
        best = [
            party for party in ranked if letter or named or party is ranked[0] or "signed" in party.places
        ][:2]
        named = [party for party in parties if party in named or party in best]
    for party in named:
        also = 0.06 * (len(party.places) - 1)
        checks = tuple(f"named_in_{place}" for place in sorted(party.places))
        yield replace(
            party.found, confidence=round(min(0.97, party.found.confidence + also), 3), checks=checks
        )


def find_preamble(prose: Prose) -> Preamble | None:
    """The sentence that says between whom this paper is."""
    best: tuple[float, Preamble] | None = None
    for match in words.BETWEEN_FOLDED.finditer(prose.folded, 0, _HEAD):
        before = prose.folded[max(0, match.start() - 350) : match.start()]
        papers = list(words.AGREEMENT_FOLDED.finditer(before))
        listed = match[0].startswith(("parties", "entre les"))
        if not papers and not listed:
            continue
        names, end = _names_after(prose, match.end())
        if not names:
            continue
        near = before[-120:]
        score = 1.0 * min(2, len(names)) + 0.5 * bool(words.MADE_FOLDED.search(near))
        this = [
            m for m in words.THIS_PAPER_FOLDED.finditer(before) if before[m.start() - 1 : m.start()] != "("
        ]
        other = bool(words.OTHER_PAPER_FOLDED.search(near))
        score += 0.8 * bool(this and not other)
        score += 0.7 * any(words.GIVEN.match(prose.text, stop) for _, stop in names)
        score -= 1.2 * other
        score += 1.0 * listed - 0.0002 * match.start()
        if best is None or score > best[0]:
            start = (
                match.start()
                - len(before)
                + (this[-1].start() if this else max(0, papers[0].start() - 60) if papers else 0)
            )
            best = score, Preamble(start, match.start(), end, tuple(names))
    return best[1] if best and best[0] >= 1.5 else None


def _names_after(prose: Prose, start: int) -> tuple[list[tuple[int, int]], int]:
    """(where the names stand in the list that begins at `start`, where it ends)."""
    stop = words.PARTIES_END_FOLDED.search(prose.folded, start)
    end = min(start + _LIST, stop.start() if stop else len(prose.text))
    end = min(end, _sentence_end(prose.text, start, end))
    names: list[tuple[int, int]] = []
    at = start
    while at < end:
        name = read_name(prose.text, at, end)
        if name is not None and (not names or _may_follow(prose, name, at)):
            names.append(name)
        following = words.PART_FOLDED.search(prose.folded, name[1] if name else at, end)
        if following is None:
            break
        at = max(following.end(), at + 1)
    return names, end


def _may_follow(prose: Prose, name: tuple[int, int], at: int) -> bool:
    """Whether what follows another name in the list is a party too, and no place or firm out of its description.

    A party has a legal form, a description ("an individual") or a given name; only the last one may go without, and
    then it has the whole sentence's end to itself.
    """
    text = prose.text[name[0] : name[1]]
    given = words.GIVEN.match(prose.text, name[1]) or words.FORM_OF.match(prose.text, name[1])
    return bool(
        given
        or has_form(text)
        or (prose.text[at - 4 : at].strip() in ("and", "und", "et", "y") and " " in text)
    )


def _sentence_end(text: str, start: int, end: int) -> int:
    """The first full stop that ends a sentence: after a bracket or a longer word in small letters."""
    for match in re.finditer(
        rf"(?:[)”\"]|(?<![A-Za-z])(?:[a-z]{{2,}}|{words.UNDOTTED.pattern}))\.(?=\s+[A-Z0-9])", text[start:end]
    ):
        word = match[0].strip(".")
        if words.UNDOTTED.fullmatch(word) or not words.LEGAL_FORM.fullmatch(word):
            return start + match.end()
    return end


def read_name(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Where the name stands with which text[start:end] begins: capitals, up to its legal form or a comma."""
    lead = words.UNDERSIGNED.match(text, start, end)
    start = lead.end() if lead else start
    taken: list[re.Match[str]] = []
    tokens = list(re.finditer(r"\S+", text[start:end]))[: _MOST_WORDS + 1]
    for index, token in enumerate(tokens):
        word = token[0]
        before = taken[-1][0] if taken else ""
        bare = word.strip(".,;:()")
        form = bool(words.LEGAL_FORM.fullmatch(bare)) and bare[:1].isupper()
        if before.endswith((";", ":")) or word[0] in '([“"„«‘':
            break
        if before.endswith(",") and not (form or re.fullmatch(r"(?:Jr|Sr|II|III|IV)[.,;]*", word)):
            break
        if taken and _closed(before) and not (form or word in ("&", "+")):
            break
        if not taken and not re.match(r"[\"“]?[A-Z0-9ÄÖÜÉÈÀÇÑ]", word):
            return None
        following = tokens[index + 1][0] if index + 1 < len(tokens) else ""
        if bare == "and":
            if not words.PARTNER.fullmatch(following) and not (
                len(taken) == 1 and _one_firm(tokens[index + 1 :])
            ):
                break
        elif not (bare[:1].isupper() or bare[:1].isdigit() or word in ("&", "+", "-", "–")) and not (
            words.LINK.fullmatch(bare) and following[:1].isupper()
        ):
            break
        taken.append(token)
    while taken and not re.search(r"\w", taken[-1][0]):
        taken.pop()
    if not taken:
        return None
    first, last = taken[0], taken[-1]
    stop = start + first.start() + len(text[start + first.start() : start + last.end()].rstrip(",;:)"))
    name = text[start + first.start() : stop]
    if name.endswith(".") and not re.search(r"(?:[A-Za-z]\.){2}$|\b[A-Z]\.$", name):
        ending = name.rsplit(" ", 1)[-1].rstrip(".")
        dotted = words.LEGAL_FORM.fullmatch(ending) and not words.UNDOTTED.fullmatch(ending)
        if not dotted and ending not in ("Jr", "Sr"):
            stop -= 1
            name = name[:-1]
    return (start + first.start(), stop) if _is_name(name) else None


def _one_firm(following: list[re.Match[str]]) -> bool:
    """Whether "Smith and ..." goes on to a legal form without a comma, "and" or bracket: one firm, not two parties."""
    for token in following[:4]:
        bare = token[0].strip(".,;:")
        if words.LEGAL_FORM.fullmatch(bare) and not words.MIDDLE_FORM.fullmatch(bare):
            return True
        if words.LEGAL_FORM.fullmatch(bare) and token[0][-1] in ",;":
            return True
        if not bare[:1].isupper() or token[0][-1] in ",;:)":
            return False
    return False


def _closed(word: str) -> bool:
    """Whether a word is a legal form after which no name goes on."""
    bare = word.strip(".,;:")
    return (
        bool(words.LEGAL_FORM.fullmatch(bare))
        and bare[:1].isupper()
        and not words.MIDDLE_FORM.fullmatch(bare)
    )


def _is_name(name: str) -> bool:
    letters = re.sub(r"[^A-Za-zÀ-ÿ]", "", name)
    return (
        len(letters) > 2
        and not words.ROLE_FOLDED.fullmatch(fold(name).strip(" .,'’"))
        and not re.match(r"\d+\s", name)
        and not re.match(rf"(?:{words.MONTHS})\b", fold(name))
        and not words.LEGAL_FORM.fullmatch(name)
    )


def has_form(name: str) -> bool:
    """Whether a name ends with a legal form."""
    return bool(words.LEGAL_FORM.fullmatch(name.rsplit(" ", 1)[-1].strip(".,"))) and " " in name


def legal_name(name: str) -> str:
    """The name with its legal form in the usual short writing; capitals stay as they are printed."""
    return re.sub(
        r",?\s+Incorporated\b\.?", lambda m: ("," if m[0][0] == "," else "") + " Inc.", name, flags=re.I
    )


def _key(name: str) -> str:
    plain = re.sub(r"\s+", " ", re.sub(r"[^\w\s&]", "", fold(name))).strip()
    form = r" (?:incorporated|inc|corp|corporation|llc|ltd|limited|lp|plc|co|company)$"
    return re.sub(r"^the ", "", re.sub(form, "", plain))


def salutation(layout: Layout) -> Row | None:
    """The row by which a letter greets its reader, near the document's start."""
    for row in layout.rows[:60]:
        if words.SALUTATION_FOLDED.fullmatch(row.folded):
            return row
    return None


def _after_salutation(prose: Prose, letter: Row | None) -> int:
    at = prose.text.find(letter.text) if letter is not None else 0
    return max(0, at)


def _defined(prose: Prose, start: int) -> Iterator[tuple[int, int]]:
    """Companies to which the first sentences give a name: X, Inc. and its affiliates (collectively, the "Company")."""
    end = start + _FIRST_SENTENCES
    at = start
    for token in re.finditer(r"(?<!\S)[A-Z0-9]\S*", prose.text[start:end]):
        if start + token.start() < at:
            continue
        name = read_name(prose.text, start + token.start(), end)
        if name is None:
            continue
        at = name[1]
        rest = prose.text[name[1] : name[1] + 220]
        gap = re.match(r"[^.“\"„]*?(?:\.[^\s“\"„][^.“\"„]*?)*[(\[][^()\[\]]{0,120}[“\"„]", rest)
        if gap and has_form(prose.text[slice(*name)]):
            yield name


def _signing(layout: Layout) -> int:
    """The row at which the signatures begin, as far as can be told."""
    rows = layout.rows
    late = [row.index for row in rows[len(rows) // 2 :] if words.SIGNED_FOLDED.search(row.folded)]
    return late[0] if late else int(0.85 * len(rows))


def _companies(rows: tuple[Row, ...]) -> Iterator[Field]:
    """Companies that stand in a cell of their own, as in letterheads and over signatures."""
    for row in rows:
        for cell in row.cells:
            lead = re.match(r"(?:to|by|between|company|an|für|pour) ?: ?", cell.folded)
            start = lead.end() if lead else 0
            name = read_name(cell.text, start, len(cell.text))
            if name is None or not has_form(cell.text[slice(*name)]):
                continue
            if len(cell.text) - name[1] < 4 and len(cell.text) < 70:
                yield cell.field(legal_name(cell.text[slice(*name)]), *name, 0.7)
