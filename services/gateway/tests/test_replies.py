"""Replies are what their protobufs say, in the shape that the schemas promise."""

from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import orjson
import pytest
from automateiq.billing.v1 import credits_pb2
from automateiq.documents.v1 import documents_pb2
from automateiq.identity.v1 import accounts_pb2
from automateiq_gateway import replies
from automateiq_gateway.schemas import auth, billing, documents
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from pydantic import BaseModel

PAIRS: list[tuple[type[Message], type[BaseModel]]] = [
    (accounts_pb2.User, auth.User),
    (accounts_pb2.Organization, auth.Organization),
    (accounts_pb2.TokenPair, auth.TokenPair),
    (accounts_pb2.InviteMemberResponse, auth.Invited),
    (documents_pb2.Document, documents.Document),
    (documents_pb2.WatchDocumentResponse, documents.Progress),
    (credits_pb2.GetBalanceResponse, billing.Credits),
    (credits_pb2.Transaction, billing.Transaction),
]


@pytest.mark.parametrize(("message", "schema"), PAIRS, ids=lambda kind: kind.__name__)
def test_a_schema_has_the_fields_of_its_message(message: type[Message], schema: type[BaseModel]) -> None:
    compare(message.DESCRIPTOR, schema)


def compare(message: Descriptor, schema: type[BaseModel]) -> None:
    promised = {field.alias: field.annotation for field in schema.model_fields.values()}
    assert set(promised) == {field.json_name for field in message.fields}, message.full_name
    for field in message.fields:
        annotation = promised[field.json_name]
        if field.enum_type is not None:
            words = {word for word in replies.enum_words(field.enum_type).values() if word}
            assert literals(annotation) == words, field.full_name
        elif is_message(field):
            # A message can be absent, so its schema must say so; timestamps and ids that are always there may not.
            inner = inner_model(annotation)
            assert inner is not None, field.full_name
            compare(field.message_type, inner)


def is_message(field: FieldDescriptor) -> bool:
    kind = field.message_type
    return (
        kind is not None and not kind.GetOptions().map_entry and kind.full_name != "google.protobuf.Timestamp"
    )


def members(annotation: Any) -> list[Any]:
    if get_origin(annotation) in (Union, UnionType):
        return [member for member in get_args(annotation) if member is not NoneType]
    return [annotation]


def literals(annotation: Any) -> set[str]:
    return {word for member in members(annotation) for word in get_args(member)}


def inner_model(annotation: Any) -> type[BaseModel] | None:
    for member in members(annotation):
        found = get_args(member)[0] if get_origin(member) is list else member
        if isinstance(found, type) and issubclass(found, BaseModel):
            return found
    return None


def filled(kind: type[Message]) -> Message:
    """A message with something in every field."""
    message = kind()
    for field in kind.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            value["key"] = "value"
        elif field.message_type is not None and field.message_type.full_name == "google.protobuf.Timestamp":
            value.FromJsonString("2026-11-22T09:30:00.123456Z")
        elif field.message_type is not None:
            inner = filled(type(value.add() if field.is_repeated else value))
            if field.is_repeated:
                del value[:]
                value.extend([inner, inner])
            else:
                value.CopyFrom(inner)
        else:
            single = scalar(field)
            if field.is_repeated:
                value.extend([single, single])
            else:
                setattr(message, field.name, single)
    return message


_VALUES = {
    FieldDescriptor.CPPTYPE_STRING: 'Ünï "quoted"\n',
    FieldDescriptor.CPPTYPE_INT32: 7,
    FieldDescriptor.CPPTYPE_INT64: 2**40,
    FieldDescriptor.CPPTYPE_FLOAT: 0.25,
    FieldDescriptor.CPPTYPE_BOOL: True,
    FieldDescriptor.CPPTYPE_ENUM: 1,
}


def scalar(field: FieldDescriptor) -> Any:
    return _VALUES[field.cpp_type]


@pytest.mark.parametrize(("message", "schema"), PAIRS, ids=lambda kind: kind.__name__)
def test_a_full_message_becomes_what_the_schema_promises(
    message: type[Message], schema: type[BaseModel]
) -> None:
    full = filled(message)
    plain = orjson.loads(replies.dumps(replies.to_plain(full)))
    schema.model_validate(plain)
    assert flattened(plain).keys() == flattened(MessageToDict(full)).keys()
    for path, (ours, theirs) in paired(flattened(plain), flattened(MessageToDict(full))).items():
        if isinstance(ours, str) and "T09:30:00" in ours:
            assert ours == theirs, path
        elif isinstance(ours, str) and ours != theirs:
            assert theirs.endswith("_" + ours.upper()), path
        else:
            # protobuf's JSON writes 64-bit numbers as words
            assert str(ours) == str(theirs), path


def flattened(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        parts: list[Any] = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    else:
        return {path: value}
    return {place: leaf for key, inner in parts for place, leaf in flattened(inner, f"{path}/{key}").items()}


def paired(left: dict[str, Any], right: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {path: (left[path], right[path]) for path in left}


@pytest.mark.parametrize("message", [pair[0] for pair in PAIRS], ids=lambda kind: kind.__name__)
def test_an_empty_message_has_every_member(message: type[Message]) -> None:
    plain = replies.to_plain(message())
    assert set(plain) == {field.json_name for field in message.DESCRIPTOR.fields}


def test_places_are_without_the_noise_of_their_conversion() -> None:
    field = documents_pb2.Document(ocr_result={"confidence": 0.1})
    assert replies.to_plain(field)["ocrResult"]["confidence"] == 0.1
