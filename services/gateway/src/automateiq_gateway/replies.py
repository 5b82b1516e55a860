"""The one way from protobuf to JSON.

A converter is compiled for each message type, once: it reads the fields in a straight line, without the reflection
of `MessageToDict` and without a pydantic model in between. The schemas in `schemas/` document the same shapes; tests
hold the two together, field by field.

Names become camelCase, an enum value its word ("processed") or null for "not said", a timestamp an ISO 8601 time in
UTC, an absent message null.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from starlette.responses import Response

MEDIA_TYPE = "application/json"
_TIMESTAMP = "google.protobuf.Timestamp"
# Places and confidences are 32-bit floats: digits beyond these are noise of the conversion to 64 bits.
_DECIMALS = 4

Converter = Callable[[Any], Any]


def to_plain(message: Message) -> dict[str, Any]:
    """The message as plain values that `dumps` takes."""
    plain: dict[str, Any] = _converter(message.DESCRIPTOR)(message)
    return plain


def page(rows: Iterable[Message], next_page_token: str) -> dict[str, Any]:
    """A page of a listing."""
    return {"items": [to_plain(row) for row in rows], "nextPageToken": next_page_token or None}


def dumps(value: Any) -> bytes:
    """JSON."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def reply(
    value: Message | dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """The answer to a request: a message as it is, or values that were made of messages."""
    plain = to_plain(value) if isinstance(value, Message) else value
    return Response(dumps(plain), status, headers=headers, media_type=MEDIA_TYPE)


def enum_words(enum: EnumDescriptor) -> dict[int, str | None]:
    """The word of each value: DOCUMENT_STATUS_PROCESSED is "processed", DOCUMENT_STATUS_UNSPECIFIED none."""
    shared = enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {
        value.number: value.name.removeprefix(shared).lower() if value.number else None
        for value in enum.values
    }


@cache
def _converter(descriptor: Descriptor) -> Converter:
    """Compiles `lambda m: {"id": m.id, ...}` for the type. The names in it come from our own protos only."""
    if descriptor.full_name == _TIMESTAMP:
        return _time
    known: dict[str, Any] = {"round": round, "list": list, "dict": dict}
    members = ", ".join(f'"{field.json_name}": {_expression(field, known)}' for field in descriptor.fields)
    converter: Converter = eval(f"lambda m: {{{members}}}", known)  # noqa: S307
    return converter


def _expression(field: FieldDescriptor, known: dict[str, Any]) -> str:
    value = f"m.{field.name}"
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        if field.message_type.fields_by_name["value"].message_type is not None:
            raise TypeError(f"{field.full_name}: maps of messages are not known here")
        return f"dict({value})"
    if field.is_repeated:
        single = _single(field, "x", known)
        return f"list({value})" if single == "x" else f"[{single} for x in {value}]"
    single = _single(field, value, known)
    if field.message_type is not None:
        return f'{single} if m.HasField("{field.name}") else None'
    return single


def _single(field: FieldDescriptor, value: str, known: dict[str, Any]) -> str:
    if field.message_type is not None:
        known[f"convert_{field.name}"] = _converter(field.message_type)
        return f"convert_{field.name}({value})"
    if field.enum_type is not None:
        known[f"words_{field.name}"] = enum_words(field.enum_type)
        return f"words_{field.name}.get({value})"
    if field.type == FieldDescriptor.TYPE_FLOAT:
        return f"round({value}, {_DECIMALS})"
    if field.type == FieldDescriptor.TYPE_BYTES:
        raise TypeError(f"{field.full_name}: bytes do not go into JSON")
    return value


def _time(stamp: Timestamp) -> datetime:
    return datetime.fromtimestamp(stamp.seconds, UTC).replace(microsecond=stamp.nanos // 1000)
