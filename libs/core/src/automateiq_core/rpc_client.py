"""The client side of a call: a channel to another service that signs, sets the deadline and retries.

A generated stub is made over `Peer` as over any channel. Each call then carries the internal token of the running
context, the request id, the trace and the caller's remaining time; a keyed write without a key is given one, which
makes the retry of any read or keyed write harmless; and an error comes back as the `AppError` the other side raised.
"""

import json
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from types import ModuleType
from typing import Any, cast

import grpc
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import MethodDescriptor
from opentelemetry.trace import SpanKind

from automateiq_core import context, permissions, telemetry
from automateiq_core.context import CallContext
from automateiq_core.errors import DeadlineExceeded, from_rpc_error
from automateiq_core.internal_token import METADATA_KEY, REQUEST_ID_KEY, TokenSigner
from automateiq_core.mongo import in_transaction
from automateiq_core.rpc_server import MAX_MESSAGE_BYTES

_RETRY = {
    "maxAttempts": 5,
    "initialBackoff": "0.05s",
    "maxBackoff": "1s",
    "backoffMultiplier": 3,
    # CANCELLED by the server: the call reached a stopping server just before the door was closed.
    "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
}
_SAFE = {
    descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS,
    descriptor_pb2.MethodOptions.IDEMPOTENT,
}


class Peer:
    """A channel to one service, for the services declared in the given `_pb2` modules."""

    def __init__(
        self,
        name: str,
        target: str,
        modules: Iterable[ModuleType],
        signer: TokenSigner,
        *,
        default_deadline_seconds: float,
    ) -> None:
        self.name = name
        self._signer = signer
        self._default_deadline = default_deadline_seconds
        self._methods = {
            f"/{service.full_name}/{method.name}": method
            for module in modules
            for service in module.DESCRIPTOR.services_by_name.values()
            for method in service.methods
        }
        self._channel = grpc.aio.insecure_channel(
            target,
            options=[
                ("grpc.service_config", _service_config(self._methods)),
                ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
                ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
                # A restarted service is back in a second, not after gRPC's usual two minutes.
                ("grpc.initial_reconnect_backoff_ms", 100),
                ("grpc.max_reconnect_backoff_ms", 1000),
                ("grpc.keepalive_time_ms", 30_000),
            ],
        )

    @property
    def channel(self) -> grpc.aio.Channel:
        """What a generated stub is made over: this peer, which answers as a channel does."""
        return cast(grpc.aio.Channel, self)

    def unary_unary(self, path: str, *args: Any, **options: Any) -> Callable[..., Any]:
        """One message out, one back."""
        send = self._channel.unary_unary(path, *args, **options)
        return self._answering(path, send)

    def stream_unary(self, path: str, *args: Any, **options: Any) -> Callable[..., Any]:
        """Many messages out, one back."""
        send = self._channel.stream_unary(path, *args, **options)
        return self._answering(path, send)

    def unary_stream(self, path: str, *args: Any, **options: Any) -> Callable[..., Any]:
        """One message out, many back."""
        return self._listening(path, self._channel.unary_stream(path, *args, **options))

    def stream_stream(self, path: str, *args: Any, **options: Any) -> Callable[..., Any]:
        """Many messages out, many back."""
        return self._listening(path, self._channel.stream_stream(path, *args, **options))

    async def close(self) -> None:
        """Closes the connection once the running calls have ended."""
        await self._channel.close()

    def _answering(self, path: str, send: Callable[..., Any]) -> Callable[..., Any]:
        keyed = _takes_key(self._methods[path])

        async def call(request: Any, *, timeout: float | None = None) -> Any:
            caller = self._allowed(path)
            if keyed and not request.request_id:
                request.request_id = str(uuid.uuid4())
            seconds = self._seconds(caller, timeout)
            with telemetry.span(path[1:], SpanKind.CLIENT):
                try:
                    return await send(request, timeout=seconds, metadata=self._metadata(caller))
                except grpc.aio.AioRpcError as error:
                    telemetry.RPC_CLIENT_ERRORS.labels(path, error.code().name).inc()
                    raise from_rpc_error(error) from error

        return call

    def _listening(self, path: str, send: Callable[..., Any]) -> Callable[..., AsyncIterator[Any]]:
        async def call(request: Any, *, timeout: float | None = None) -> AsyncIterator[Any]:
            caller = self._allowed(path)
            seconds = self._seconds(caller, timeout)
            with telemetry.span(path[1:], SpanKind.CLIENT):
                running = send(request, timeout=seconds, metadata=self._metadata(caller))
                try:
                    async for message in running:
                        yield message
                except grpc.aio.AioRpcError as error:
                    telemetry.RPC_CLIENT_ERRORS.labels(path, error.code().name).inc()
                    raise from_rpc_error(error) from error
                finally:
                    running.cancel()

        return call

    def _allowed(self, path: str) -> CallContext:
        if in_transaction():
            raise RuntimeError(f"{path} called inside a transaction: it would hold locks while it waits")
        caller = context.current()
        rule = permissions.METHODS.get(path)
        if rule is None or self._signer.caller not in rule.callers:
            raise RuntimeError(f"{self._signer.caller} may not call {path}: see permissions.py")
        permissions.require_permission(rule.permission, caller)
        return caller

    def _seconds(self, caller: CallContext, timeout: float | None) -> float:
        wanted = self._default_deadline if timeout is None else timeout
        remaining = caller.remaining()
        seconds = wanted if remaining is None else min(wanted, remaining)
        if seconds <= 0:
            raise DeadlineExceeded("DEADLINE_EXCEEDED", "The call did not finish in time.")
        return seconds

    def _metadata(self, caller: CallContext) -> tuple[tuple[str, str], ...]:
        return (
            (METADATA_KEY, self._signer.sign(caller, self.name)),
            (REQUEST_ID_KEY, caller.request_id),
            *telemetry.trace_headers().items(),
        )


def _takes_key(method: MethodDescriptor) -> bool:
    return not method.client_streaming and "request_id" in method.input_type.fields_by_name


def _service_config(methods: dict[str, MethodDescriptor]) -> str:
    safe = [
        {"service": method.containing_service.full_name, "method": method.name}
        for method in methods.values()
        if method.GetOptions().idempotency_level in _SAFE and not method.client_streaming
    ]
    return json.dumps({"methodConfig": [{"name": safe, "retryPolicy": _RETRY}]} if safe else {})
