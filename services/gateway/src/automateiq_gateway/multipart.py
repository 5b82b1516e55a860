"""multipart/form-data as a stream of events, from a body that is still arriving (RFC 7578).

Nothing is kept but the headers of the part at hand: a file of any length passes through in the pieces it comes in.
"""

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote

from automateiq_core.errors import InvalidInput
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

_MAX_PARTS = 200
_MAX_HEADERS = 8
_MAX_HEADER_BYTES = 4096


@dataclass(frozen=True, slots=True)
class PartBegins:
    """A field, or with a file name (that may be empty) a file."""

    name: str
    filename: str | None


@dataclass(frozen=True, slots=True)
class PartData:
    """Bytes of the part that began last."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnds:
    """The part is complete."""


Event = PartBegins | PartData | PartEnds


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type header names.

    Raises:
        InvalidInput: the content is no multipart/form-data (UNSUPPORTED_MEDIA_TYPE), or names no boundary.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise InvalidInput(
            "UNSUPPORTED_MEDIA_TYPE", "Send the file as multipart/form-data, in a field named `file`."
        )
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise _malformed("its Content-Type names no boundary")
    return boundary


async def events(body: AsyncIterable[bytes], boundary: bytes) -> AsyncIterator[Event]:
    """The parts of a body.

    Raises:
        InvalidInput: the body is not well formed, or ends before its last boundary (MULTIPART_INVALID).
    """
    collected = _Collected()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": collected.part_begins,
                "on_header_field": collected.header_field,
                "on_header_value": collected.header_value,
                "on_header_end": collected.header_ends,
                "on_headers_finished": collected.headers_end,
                "on_part_data": collected.data,
                "on_part_end": collected.part_ends,
                "on_end": collected.body_ends,
            },
            max_header_count=_MAX_HEADERS,
            max_header_size=_MAX_HEADER_BYTES,
        )
        async for piece in body:
            if piece and not collected.ended:
                parser.write(piece)
                for event in collected.take():
                    yield event
    except FormParserError:
        raise _malformed("its parts can not be told apart") from None
    if not collected.ended:
        raise _malformed("it ends before its closing boundary")


class _Collected:
    """What the parser has called back since it was last asked."""

    def __init__(self) -> None:
        self.ended = False
        self._events: list[Event] = []
        self._headers: dict[bytes, bytes] = {}
        self._field = b""
        self._value = b""
        self._parts = 0

    def take(self) -> list[Event]:
        taken, self._events = self._events, []
        return taken

    def part_begins(self) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise _malformed(f"it has more than {_MAX_PARTS} parts")
        self._headers = {}
        self._field = self._value = b""

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_ends(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def headers_end(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition"))
        if kind != b"form-data" or not options.get(b"name"):
            raise _malformed("a part has no name")
        filename = options.get(b"filename")
        self._events.append(
            PartBegins(_text(options[b"name"]), None if filename is None else _file_name(filename))
        )

    def data(self, data: bytes, start: int, end: int) -> None:
        if end > start:
            self._events.append(PartData(bytes(data[start:end])))

    def part_ends(self) -> None:
        self._events.append(PartEnds())

    def body_ends(self) -> None:
        self.ended = True


def _file_name(raw: bytes) -> str:
    # Browsers write quotes and line ends in a name as %22, %0D and %0A (WHATWG HTML, multipart/form-data).
    name = _text(raw)
    for escaped in ("%22", "%0D", "%0A"):
        name = name.replace(escaped, unquote(escaped))
    return name


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _malformed(why: str) -> InvalidInput:
    return InvalidInput("MULTIPART_INVALID", f"The request's body is no valid multipart/form-data: {why}.")
