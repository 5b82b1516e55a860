"""The clauses on a contract's term, its governing law and its renewal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from automateiq_ocr.extraction import contract_words as words
from automateiq_ocr.extraction.models import Field
from automateiq_ocr.extraction.prose import Prose

_LONGEST_CLAUSE = 420


def find_term(prose: Prose) -> Field | None:
    """How long the agreement itself lasts, as "2 years"; not how long single duties outlive it.

    Its clause is headed "Term", or has the agreement as what continues, expires, ends or stays in force.
    """
    best: tuple[float, int, re.Match[str]] | None = None
    for match in words.DURATION_FOLDED.finditer(prose.folded):
        score = _term_score(prose.folded, match)
        if score > 0 and (best is None or score > best[0]):
            best = score, match.start(), match
    if best is None:
        return None
    score, _, match = best
    return prose.field(_duration(match), match.start(), match.end(), min(0.95, 0.3 + 0.2 * score))


def _duration(match: re.Match[str]) -> str:
    number = int(match["again"] or match["digits"] or words.NUMBER_WORDS[match["word"]])
    unit = words.UNITS[match["unit"]]
    return f"{number} {unit if number != 1 else unit[:-1]}"


_TERM_HEADING = re.compile(
    r"(?<!\w)(?:term(?: and termination)?|duration|laufzeit|vertragsdauer|duree|duracion)"
    r"\s?[.:;–-]"
)
_LASTS = re.compile(
    r"(?<!\w)(?:remain\w* in (?:full )?(?:force|effect)|continue\w* in (?:full )?(?:force|effect)|in full force"
    r"|expires?|terminates?|cease\w* to be (?:effective|in effect)|no further force"
    r"|term of (?:this|the) \w+(?: \w+)? (?:shall be|is)"
    r"|(?:be|is|become) effective|shall continue|laufzeit|wird (?:auf|fur)|lauft|endet|conclue? pour|pour une duree"
    r"|entre en vigueur|duracion|vigencia)(?!\w)"
)
_ITSELF = re.compile(
    r"(?<!\w)(?:this (?:\w+ ){0,2}(?:agreement|contract|lease)|the (?:agreement|contract)|dieser? \w*vertrag|vertrags?"
    r"|le (?:present )?contrat|(?:el )?(?:presente )?contrato|term of)(?!\w)"
)
_ONE_DUTY = re.compile(
    r"(?<!\w)(?:solicit\w*|employ\w*|hire|compet\w*|standstill|prior to|preceding|immediately|most recent|last"
    r"|salary|notice|each|disclosed during|acquire|securities"
    r"|after (?:the )?termination|following (?:the )?termination|kundigungsfrist"
    r"|preavis|preaviso|zahlbar|payable|warrant\w*)(?!\w)"
)


def _term_score(folded: str, match: re.Match[str]) -> float:
    begin = max(0, match.start() - 260)
    start = max(folded.rfind(". ", begin, match.start()) + 1, begin)
    stop = folded.find(". ", match.end(), match.end() + 160)
    before, after = (
        folded[start : match.start()],
        folded[match.end() : stop if stop > 0 else match.end() + 80],
    )
    score = 2.0 * bool(_TERM_HEADING.search(folded[max(0, match.start() - 200) : match.start()]))
    score += 1.5 * bool(_LASTS.search(before) or re.match(r"[^.;]{0,50}(?:expire|terminat|cease)", after))
    score += 1.0 * bool(_ITSELF.search(before))
    if match["unit"] == "anniversary" and not re.search(r"\w", match["word"] or ""):
        return 0.0
    if match["word"] in ("a", "an", "ein", "un", "una", "une", "eine") and match["unit"] != "year":
        return 0.0
    score -= 2.0 * bool(_ONE_DUTY.search(before[-150:]) or _ONE_DUTY.search(after[:60]))
    score -= 0.8 * bool(re.match(r"\W{0,2}(?:period|prior|after)", after))
    score -= 1.0 * (words.UNITS[match["unit"]] in ("days", "weeks"))
    return score if score >= 1.5 else 0.0


def find_governing_law(prose: Prose) -> Field | None:
    """The place whose law governs: "governed by ... the laws of the State of X", "unterliegt deutschem Recht"."""
    best: tuple[float, Field] | None = None
    for score, value, start, end in (*_laws_of_places(prose), *_laws_by_adjective(prose)):
        found = prose.field(value, start, end, min(0.95, score))
        if found is not None and (best is None or score > best[0]):
            best = score, found
    return best[1] if best else None


def _laws_of_places(prose: Prose) -> Iterator[tuple[float, str, int, int]]:
    for match in words.LAW_OF_FOLDED.finditer(prose.folded):
        before = prose.folded[max(0, match.start() - 200) : match.start()]
        around = before[-140:] + " " + prose.folded[match.end() : match.end() + 60]
        if words.NOT_THE_LAW_FOLDED.search(before) or not words.LAW_FOLDED.search(around):
            continue
        place = _place(prose.text, match.end())
        if place is None:
            continue
        text = prose.text[slice(*place)]
        score = 0.85 + 0.1 * bool(re.search(r"govern|unterlieg|regi", before))
        yield score, text.title() if text.isupper() else text, *place


def _place(text: str, start: int) -> tuple[int, int] | None:
    """Where the capitalised name stands that begins at `start`."""
    end = start
    for index, token in enumerate(re.finditer(r"\S+", text[start : start + 60])):
        word = re.sub(r"[^\w'’-]", "", token[0])
        joined = word in ("and", "AND") and re.match(r"\s?wales", text[start + token.end() :], re.I)
        if not joined and (
            not word[:1].isupper() or index > 4 or words.AFTER_PLACE_FOLDED.fullmatch(word.lower())
        ):
            break
        end = start + token.end()
        if token[0][-1] in ",.;:)" and not re.fullmatch(r"(?:[A-Z]\.)+", token[0]):
            break
    end = start + len(text[start:end].rstrip(",.;:)("))
    return (start, end) if end > start else None


_COUNTRY = {
    "deutsch": "Deutschland", "osterreichisch": "Österreich", "schweizer": "Schweiz", "schweizerisch": "Schweiz",
    "francais": "France", "francaise": "France", "belge": "Belgique", "suisse": "Suisse",
    "luxembourgeois": "Luxembourg", "luxembourgeoise": "Luxembourg", "espanol": "España", "espanola": "España",
    "mexicano": "México", "mexicana": "México", "argentino": "Argentina", "argentina": "Argentina",
    "english": "England", "german": "Germany", "french": "France", "swiss": "Switzerland", "dutch": "Netherlands",
    "irish": "Ireland", "scottish": "Scotland", "austrian": "Austria", "spanish": "Spain", "italian": "Italy",
}  # fmt: skip


def _laws_by_adjective(prose: Prose) -> Iterator[tuple[float, str, int, int]]:
    for match in words.ADJECTIVE_LAW_FOLDED.finditer(prose.folded):
        around = prose.folded[max(0, match.start() - 140) : match.end() + 60]
        if words.LAW_FOLDED.search(around):
            adjective = next(part for part in match.groups() if part)
            yield 0.85, _COUNTRY[adjective], match.start(), match.end()


def find_renewal(prose: Prose) -> Field | None:
    """The sentence that says how the agreement renews, in its own words."""
    for match in words.RENEWAL_FOLDED.finditer(prose.folded):
        start, end = _sentence(prose.text, match.start(), match.end())
        if not _ITSELF.search(prose.folded, start, end) and not _LASTS.search(prose.folded, start, end):
            continue
        if (found := prose.field(prose.text[start:end], start, end, 0.8)) is not None:
            return found
    return None


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence around text[start:end], at most some hundred letters of it before and after."""
    begin = max(0, start - _LONGEST_CLAUSE)
    heads = list(re.finditer(r"(?<=[a-z)\d”\"]{2}[.;])\s+(?=[A-ZÄÖÜÉ\d(§])", text[begin:start]))
    begin = begin + heads[-1].end() if heads else text.find(" ", begin) + 1 if begin else 0
    stop = re.search(r"(?<=[a-z)\d”\"])\.(?=\s|$)", text[end : end + _LONGEST_CLAUSE])
    return begin, end + stop.end() if stop else max(end, text.rfind(" ", end, end + _LONGEST_CLAUSE))
