"""Long lists of words to look for, as one pattern that is quick: words that begin alike are asked for at once.

Python's `re` tries the alternatives of a list one after the other at every place. Here they are sorted into a tree by
their first letters (a trie; Knuth, TAOCP 3, 6.3), so that one look at a letter passes over all that begin otherwise.
What is found stays the same: alternatives that could match at the same place keep their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

_MOST = 60  # alternatives that one pattern may be spread into
_QUANTIFIERS = ("?", "*", "+", "{")


def joined(patterns: Iterable[str]) -> str:
    """One pattern that matches what these do, the first that can going first; for use inside a group."""
    spread = [one for pattern in patterns for one in _spread(pattern)]
    return "|".join(_tree(spread))


def _tree(patterns: list[str]) -> Iterator[str]:
    """The alternatives, neighbours with the same first letter as one."""
    groups: dict[str, list[str]] = {}
    for pattern in patterns:
        if _begins_plainly(pattern):
            groups.setdefault(pattern[0], []).append(pattern[1:])
            continue
        # What begins with anything may match where the words do: those before it stay before it.
        yield from _branches(groups)
        groups = {}
        yield pattern
    yield from _branches(groups)


def _branches(groups: dict[str, list[str]]) -> Iterator[str]:
    for letter, rests in groups.items():
        yield letter + (rests[0] if len(rests) == 1 else f"(?:{'|'.join(_tree(rests))})")


def _begins_plainly(pattern: str) -> bool:
    """Whether it begins with a letter, digit or space that must be there."""
    return (pattern[:1].isalnum() or pattern[:1] == " ") and not pattern[1:].startswith(_QUANTIFIERS)


def _spread(pattern: str) -> list[str]:
    """The pattern as alternatives without a group at their beginning: "(?:a|b)?c" is "ac", "bc" or "c"."""
    alternatives = _split(pattern)
    if len(alternatives) > 1:
        return [one for alternative in alternatives for one in _spread(alternative)]
    if not pattern.startswith("(?:"):
        return [pattern]
    end = _closing(pattern)
    inner, rest = pattern[3:end], pattern[end + 1 :]
    optional = rest.startswith("?")
    rest = rest[optional:]
    if rest.startswith(_QUANTIFIERS):
        return [pattern]
    heads = [*_split(inner), *([""] if optional else [])]
    found = [one for head in heads for one in _spread(head + rest)]
    return found if len(found) <= _MOST else [pattern]


def _closing(pattern: str) -> int:
    """Where the group ends that the pattern begins with."""
    return next(at for at, depth, mark in _marks(pattern) if mark == ")" and depth == 0)


def _split(pattern: str) -> list[str]:
    """The pattern cut at the bars that stand in no group."""
    cuts = [-1, *(at for at, depth, mark in _marks(pattern) if mark == "|" and depth == 0), len(pattern)]
    return [pattern[start + 1 : end] for start, end in pairwise(cuts)]


def _marks(pattern: str) -> Iterator[tuple[int, int, str]]:
    """(place, depth of groups around it, mark) of each bracket and bar that is none of the text looked for."""
    depth, at = 0, 0
    in_class = False
    while at < len(pattern):
        mark = pattern[at]
        if mark == "\\":
            at += 2
            continue
        if in_class:
            in_class = mark != "]"
        elif mark == "[":
            in_class = True
            # A bracket right at its beginning belongs to the class.
            at += 2 if pattern[at + 1 : at + 3] == "^]" else pattern[at + 1 : at + 2] == "]"
        elif mark in "()|":
            depth -= mark == ")"
            yield at, depth, mark
            depth += mark == "("
        at += 1
