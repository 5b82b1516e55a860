"""XML from strangers, read into a small tree without namespaces; whatever is dangerous in it is refused.

No DTD is accepted, hence no entities and nothing fetched from elsewhere (CWE-611, CWE-776); size, depth and the
number of elements are bounded while it is parsed, not afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NoReturn

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

MAX_BYTES = 10 << 20
_MAX_DEPTH = 40  # CII and UBL nest some 12 deep
_MAX_ELEMENTS = 200_000
_MAX_TEXT = 2_000  # of one value; longer ones are attachments and terms of trade

_DECIMAL = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{1,12})?|\.\d{1,12})")
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


class UnreadableXml(Exception):
    """Not well-formed, too large, too deep, or with a DTD."""


@dataclass(slots=True)
class Node:
    """An element: the local part of its name, its namespace, attributes, own text and children."""

    name: str
    namespace: str
    attributes: dict[str, str]
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, path: str) -> Iterator[Node]:
        """The elements at a path of local names, such as "Party/PostalAddress"; alternatives of a step by "|"."""
        step, _, rest = path.partition("/")
        names = step.split("|")
        for child in self.children:
            if child.name in names:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def first(self, path: str) -> Node | None:
        """The first element at a path."""
        return next(self.all(path), None)

    def value(self, path: str) -> str:
        """The text of the first element at a path that has any, else ""."""
        return next((node.text for node in self.all(path) if node.text), "")

    def number(self, path: str) -> Decimal | None:
        """The first number at a path; what is none does not count."""
        return next((value for value in map(_number, self.all(path)) if value is not None), None)

    def date(self, path: str) -> str:
        """The date at a path in ISO 8601, else "": XML Schema's form, or UNTDID 2379's 102 (CCYYMMDD)."""
        for node in self.all(path):
            # CII puts the string one level lower; the drafts of ZUGFeRD did not.
            for holder in (node, *node.children):
                if found := _date(holder.text):
                    return found
        return ""


def _number(node: Node) -> Decimal | None:
    return Decimal(node.text) if _DECIMAL.fullmatch(node.text) else None


def _date(text: str) -> str:
    match = _DATE.match(text)
    if match is None:
        return ""
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        return ""


class _Builder:
    """The parser's target: builds the tree and keeps within the limits."""

    def __init__(self) -> None:
        self._root: Node | None = None
        self._open: list[Node] = []
        self._count = 0
        self._pieces: list[str] = []
        self._length = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > _MAX_ELEMENTS or len(self._open) >= _MAX_DEPTH:
            raise UnreadableXml("too many elements, or too deep")
        self._take_text()
        namespace, _, name = tag.rpartition("}")
        node = Node(name, namespace.lstrip("{"), attributes)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self._root = node
        self._open.append(node)

    def end(self, tag: str) -> None:  # noqa: ARG002 - the parser has matched it
        self._take_text()
        self._open.pop()

    def data(self, piece: str) -> None:
        if self._length <= _MAX_TEXT:
            self._pieces.append(piece)
            self._length += len(piece)

    def close(self) -> Node:
        if self._root is None:
            raise UnreadableXml("no element")
        return self._root

    def _take_text(self) -> None:
        text = _CONTROLS.sub("", "".join(self._pieces)).strip()[:_MAX_TEXT]
        self._pieces, self._length = [], 0
        if text and self._open and not self._open[-1].text:
            self._open[-1].text = text


def parse(data: bytes) -> Node:
    """The tree of an XML document.

    Raises:
        UnreadableXml: it is not well-formed, or holds what is refused.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableXml("too large")
    parser = DefusedXMLParser(target=_Builder(), forbid_dtd=True)
    try:
        parser.feed(data)
        root = parser.close()
    except (ParseError, DefusedXmlException) as error:
        _refuse(error)
    except (ValueError, LookupError) as error:  # an encoding that Python does not know, or that lies
        _refuse(error)
    assert isinstance(root, Node)  # noqa: S101 - what _Builder.close gives
    return root


def _refuse(error: Exception) -> NoReturn:
    raise UnreadableXml(str(error)) from error
