"""Which rows of a table of items name what is sold: beside the numbers, wrapped around them, under or over them."""

from __future__ import annotations

import re
import statistics

from automateiq_ocr.extraction.columns import Head
from automateiq_ocr.extraction.drafts import has_words, is_code
from automateiq_ocr.extraction.layout import Span, Token
from automateiq_ocr.extraction.table_cells import TableLine

_MOST_WRAPPED = 6  # rows that one description may take
_ATTRIBUTE = re.compile(r"[^\W\d][\w .()/-]* ?:(?: |$)")  # "Colour: red", "Origin:"
_CODE = re.compile(r"[\W\d]*(?:\((?:gtin|ean|gln|sku|art\.?|isbn)\)|(?:gtin|ean|sku|isbn|fsn|wid)\W.*)?")


def is_bare(line: TableLine) -> bool:
    """Whether a row with numbers names nothing but a code."""
    return line.text is None or is_code(line.text.text)


def right_edge(lines: list[TableLine], head: Head) -> float:
    """Where the column to the right of the descriptions begins: a text that runs beyond it is no description."""
    edge = next(iter(head.named("description")), None)
    rights = [column.left for column in head.columns if edge is not None and column.left > edge.right]
    numbers = []
    for line in lines:
        spans = [
            a.row.within(a.start, a.end)[0].left for a in (line.draft.unit_price, line.draft.amount) if a
        ]
        spans += [line.draft.quantity[0].left] if line.draft.quantity else []
        if line.anchor and line.text is not None:
            numbers += (
                [min(left for left in spans if left > line.text.left)] if max(spans) > line.text.left else []
            )
    return statistics.median_low(numbers) if numbers else min(rights, default=float("inf"))


def _is_text(line: TableLine, edge: float) -> bool:
    """Whether a row without numbers can be part of a description: no attribute, no code, no running text."""
    return (
        line.text is not None
        and not line.anchor
        and not _ATTRIBUTE.match(line.text.text)
        and not _CODE.fullmatch(line.text.folded)
        and line.text.right <= edge + 0.5 * line.row.height
    )


def texts_below(lines: list[TableLine], index: int, stop: int, spans: list[Span], edge: float) -> list[Span]:
    """The texts under row `index`, before row `stop`, that belong to its description, of which `spans` are known."""
    taken: list[Span] = []
    last: Span = spans[-1] if spans else lines[index].row
    limit = 1.75 if spans else 2.2
    for line in lines[index + 1 : min(stop, index + 1 + _MOST_WRAPPED)]:
        text = line.text
        if line.row.page != last.page or line.row.middle - last.middle > limit * max(
            last.height, line.row.height
        ):
            break
        if text is None:
            if spans or taken or has_words(line.row.text):
                break
            last = line.row
            continue
        named = bool(spans or taken)
        if (named and not _is_text(line, edge)) or line.anchor or text.height > 1.3 * last.height:
            break
        if (spans or taken) and text.left < (spans or taken)[0].left - line.row.height:
            break
        if not spans and taken and not _goes_on(taken[-1], text):
            break
        taken.append(text)
        last = text
    if (
        stop < len(lines)
        and taken
        and len(taken) < stop - index
        and _nearer_to_next(lines, index, stop, taken)
    ):
        taken = taken[:-1]
    return taken


def _goes_on(before: Span, text: Span) -> bool:
    """Whether a name that stands under its numbers goes on in the next row: only what breaks off does."""
    return (
        bool(re.search(r"[,&-]$|\b(?:and|und|et|y|of|with|mit|für|for)$", before.text))
        or text.text[:1].islower()
    )


def _nearer_to_next(lines: list[TableLine], index: int, stop: int, taken: list[Span]) -> bool:
    """Whether the last text stands closer to the next line's numbers than to what is above it."""
    last, next_row = taken[-1], lines[stop].row
    above = taken[-2] if len(taken) > 1 else lines[index].row
    return next_row.page == last.page and next_row.middle - last.middle < 0.75 * (last.middle - above.middle)


def wrapped_above(lines: list[TableLine], begin: int, index: int, edge: float) -> list[Span]:
    """The rows of a description whose numbers stand beside its middle: close above, with a wider gap before them."""
    taken: list[Span] = []
    row: Span = lines[index].row
    for at in range(index - 1, begin - 1, -1):
        line = lines[at]
        if not _is_text(line, edge) or line.text is None or line.row.page != row.page:
            break
        gap = row.middle - line.row.middle
        before = lines[at - 1].row if at else None
        wider = (
            before is not None
            and before.page == line.row.page
            and line.row.middle - before.middle > gap / 0.75
        )
        if gap > 1.75 * row.height:
            break
        taken.insert(0, line.text)
        row = line.row
        if wider:
            return taken
    return []


def names_above(lines: list[TableLine], anchors: list[int], edge: float) -> bool:
    """Whether names stand over their numbers: there is one over the first, and none is left under the last."""
    over = anchors[0] > 0 and _is_text(lines[anchors[0] - 1], edge)
    under = anchors[-1] + 1 < len(lines) and _is_text(lines[anchors[-1] + 1], edge)
    return over and not under


def texts_above(lines: list[TableLine], begin: int, index: int, edge: float) -> list[Span]:
    """The names over row `index`, after row `begin`."""
    taken: list[Span] = []
    row: Span = lines[index].row
    for at in range(index - 1, begin - 1, -1):
        line = lines[at]
        if not _is_text(line, edge) or line.text is None or line.row.page != row.page or len(taken) >= 3:
            break
        if row.middle - line.row.middle > 2.2 * max(row.height, line.row.height):
            break
        taken.insert(0, line.text)
        row = line.row
    return taken


def without_code(rows: list[Span]) -> list[Span]:
    """The description without a code before it and the price of one behind it ("@ 3.50")."""
    first = rows[0]
    tokens = first.tokens
    while len(tokens) > 1 and re.fullmatch(r"\d{5,14}|\W+", tokens[0].text) and has_words(_text(tokens[1:])):
        tokens = tokens[1:]
    at = next((i for i, token in enumerate(tokens) if token.text.startswith("@")), len(tokens))
    if at and not has_words(_text(tokens[at:])):
        tokens = tokens[:at]
    return [Span(first.page, first.index, tokens), *rows[1:]]


def _text(tokens: tuple[Token, ...]) -> str:
    return " ".join(token.text for token in tokens)
