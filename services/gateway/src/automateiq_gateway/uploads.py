"""An upload: from the form's events to the messages of the gRPC stream, piece by piece."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import orjson
from automateiq.documents.v1.documents_pb2 import (
    DocumentType,
    UploadDocumentRequest,
    UploadDocumentResponse,
    UploadHeader,
)
from automateiq_core import context
from automateiq_core.errors import AppError, InvalidInput, Violation

from automateiq_gateway import words
from automateiq_gateway.multipart import Event, PartBegins, PartData

if TYPE_CHECKING:
    from automateiq.documents.v1.documents_pb2_grpc import DocumentsServiceAsyncStub

_PIECE_BYTES = 256 << 10
_MAX_FIELD_BYTES = 64 << 10
_FILE = "file"
_FIELDS = frozenset({"type", "tags", "metadata"})


async def messages(form: AsyncIterator[Event], request_id: str) -> AsyncIterator[UploadDocumentRequest]:
    """The header, then the file's content.

    The header goes first, so the form's other fields must stand before its file.

    Raises:
        InvalidInput: the form has no file, or a field that is wrong.
    """
    header = UploadHeader(request_id=request_id)
    seen_file = False
    async for event in form:
        if not isinstance(event, PartBegins):
            continue
        if seen_file:
            if event.name == _FILE:
                raise _wrong(_FILE, "send one file a request")
            raise _wrong(event.name, f"put the field `{event.name}` before the field `file`")
        if event.name == _FILE:
            if not event.filename:
                raise _wrong(_FILE, "choose a file and send it with its name")
            seen_file = True
            header.original_name = event.filename
            yield UploadDocumentRequest(header=header)
            async for chunk in _pieces(form):
                yield UploadDocumentRequest(chunk=chunk)
        else:
            _apply(header, event.name, await _value(form, event.name))
    if not seen_file:
        raise _wrong(_FILE, "send the file in a field named `file`")


async def _pieces(form: AsyncIterator[Event]) -> AsyncIterator[bytes]:
    gathered = bytearray()
    async for event in form:
        if not isinstance(event, PartData):
            break
        gathered += event.data
        while len(gathered) >= _PIECE_BYTES:
            yield bytes(gathered[:_PIECE_BYTES])
            del gathered[:_PIECE_BYTES]
    if gathered:
        yield bytes(gathered)


async def _value(form: AsyncIterator[Event], name: str) -> str:
    gathered = bytearray()
    async for event in form:
        if not isinstance(event, PartData):
            break
        gathered += event.data
        if len(gathered) > _MAX_FIELD_BYTES:
            raise _wrong(name, "is too long")
    try:
        return gathered.decode().strip()
    except UnicodeDecodeError:
        raise _wrong(name, "is no UTF-8 text") from None


def _apply(header: UploadHeader, name: str, value: str) -> None:
    if name not in _FIELDS:
        raise _wrong(name, "there is no such field: file, type, tags and metadata are known")
    if not value:
        return
    if name == "type":
        number = words.numbers(DocumentType.DESCRIPTOR).get(value)
        if number is None:
            raise _wrong(name, f"choose one of {', '.join(words.numbers(DocumentType.DESCRIPTOR))}")
        header.type = number
    elif name == "tags":
        tags = (tag.strip() for tag in value.split(","))
        header.tags.extend(tag for tag in dict.fromkeys(tags) if tag and tag not in header.tags)
    else:
        header.metadata.update(_metadata(value))


def _metadata(value: str) -> dict[str, str]:
    try:
        found = orjson.loads(value)
    except ValueError:
        raise _wrong("metadata", "is no valid JSON") from None
    if not isinstance(found, dict) or not all(isinstance(word, str) for word in found.values()):
        raise _wrong("metadata", 'send a JSON object whose values are strings, as in {"costCentre": "12"}')
    return found


def _wrong(field: str, why: str) -> InvalidInput:
    return InvalidInput("VALIDATION_FAILED", f"{field}: {why}.", violations=[Violation(field, why)])


async def send(
    stub: "DocumentsServiceAsyncStub", outgoing: AsyncIterator[UploadDocumentRequest]
) -> UploadDocumentResponse:
    """Sends an upload while it arrives. One that breaks off, or turns out wrong at its end, stores nothing.

    Raises:
        AppError: the form is wrong, or the file was refused.
    """
    source = _Source(outgoing)
    try:
        return await stub.UploadDocument(source, timeout=context.current().remaining())
    except (AppError, asyncio.CancelledError):
        # gRPC answers an error of ours while it reads from us by cancelling the call; ours says what happened.
        if source.error is not None:
            raise source.error from None
        raise


class _Source:
    """The messages, and the error that ended them."""

    def __init__(self, outgoing: AsyncIterator[UploadDocumentRequest]) -> None:
        self._outgoing = outgoing
        self.error: Exception | None = None

    def __aiter__(self) -> "_Source":
        return self

    async def __anext__(self) -> UploadDocumentRequest:
        try:
            return await anext(self._outgoing)
        except StopAsyncIteration:
            raise
        except Exception as error:
            self.error = error
            raise
