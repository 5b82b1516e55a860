"""The server side of a call: one interceptor, the Boundary, in front of every method of every service.

It proves the caller, checks the permission table, validates the message, sets the `CallContext`, runs keyed writes
once, turns errors into `google.rpc.Status`, measures and logs. A servicer below it sees only good calls.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
import protovalidate
import structlog
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from grpc_status import rpc_status
from opentelemetry.trace import SpanKind
from pymongo.errors import PyMongoError

from automateiq_core import context, mongo, permissions, telemetry
from automateiq_core.context import CallContext
from automateiq_core.errors import AppError, Conflict, DeadlineExceeded, Internal, InvalidInput, Violation
from automateiq_core.errors import to_status as error_status
from automateiq_core.idempotency import Idempotency
from automateiq_core.internal_token import METADATA_KEY, REQUEST_ID_KEY, TokenVerifier

MAX_MESSAGE_BYTES = 64 << 20
OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.so_reuseport", 0),
]
# A client does not repeat by itself what failed after this long: five tries would make an outage five times as slow.
_PATIENCE_SECONDS = 1.0
_NO_RETRY = ("grpc-retry-pushback-ms", "-1")
_OURS_TO_MEND = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED})
# Health probes and reflection tell nothing of any tenant and are open to the cluster.
_OPEN = ("/grpc.health.v1.", "/grpc.reflection.")
_DRAIN_BYTES = 64 << 20
_DRAIN_SECONDS = 10
# Nobody has proven anything yet: less is taken, and for a shorter time.
_STRANGER_DRAIN_BYTES = 1 << 20
_STRANGER_DRAIN_SECONDS = 1

if TYPE_CHECKING:
    Handler = grpc.RpcMethodHandler[Any, Any]
else:
    Handler = grpc.RpcMethodHandler

_log = structlog.get_logger(__name__)
_validator = protovalidate.Validator()


def validate(message: Message) -> None:
    """Checks a message against the rules in its proto.

    Raises:
        InvalidInput: a rule is broken; every broken one is named.
    """
    broken = _validator.collect_violations(message)
    if not broken:
        return
    violations = [
        Violation(_field_path(violation), violation.proto.message or violation.proto.rule_id)
        for violation in broken
    ]
    first = violations[0]
    raise InvalidInput(
        "VALIDATION_FAILED",
        f"{first.field or 'The request'}: {first.description}.",
        violations=violations,
    )


def _field_path(violation: Any) -> str:
    path = violation.proto.field
    return ".".join(element.field_name for element in path.elements) if path is not None else ""


class Boundary(grpc.aio.ServerInterceptor):
    """What every call passes before a servicer sees it."""

    def __init__(
        self, verifier: TokenVerifier, idempotency: Idempotency | None, *, default_deadline_seconds: float
    ) -> None:
        self._verifier = verifier
        self._idempotency = idempotency
        self._default_deadline = default_deadline_seconds
        self._handlers: dict[str, Handler] = {}
        self._plain_reads: set[str] = set()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Wraps the method's handler, once."""
        method = handler_call_details.method
        wrapped = self._handlers.get(method)
        if wrapped is not None:
            return wrapped
        handler = await continuation(handler_call_details)
        if handler is None or method.startswith(_OPEN):
            return handler
        wrapped = self._wrap(method, handler)
        self._handlers[method] = wrapped
        return wrapped

    def _wrap(self, method: str, handler: Handler) -> Handler:
        # The types of a handler know the blocking server only; ours are all coroutines.
        behaviours: Any = handler
        if _is_plain_read(method):
            self._plain_reads.add(method)
        codecs: dict[str, Any] = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        if handler.request_streaming and handler.response_streaming:
            return grpc.stream_stream_rpc_method_handler(
                self._streaming(method, behaviours.stream_stream), **codecs
            )
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._streaming(method, behaviours.unary_stream), **codecs
            )
        if handler.request_streaming:
            return grpc.stream_unary_rpc_method_handler(
                self._unary(method, behaviours.stream_unary), **codecs
            )
        return grpc.unary_unary_rpc_method_handler(
            self._unary(method, self._keyed(method, behaviours.unary_unary, handler.request_deserializer)),
            **codecs,
        )

    def _unary(self, method: str, behaviour: Callable[..., Awaitable[Message]]) -> Callable[..., Any]:
        async def call(request: Any, rpc: grpc.aio.ServicerContext[Any, Any]) -> Message:
            async with self._entered(method, rpc, request):
                return await behaviour(_checked(request), rpc)
            raise AssertionError("the block above answers or aborts")

        return call

    def _streaming(self, method: str, behaviour: Callable[..., AsyncIterator[Message]]) -> Callable[..., Any]:
        async def call(request: Any, rpc: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Message]:
            async with self._entered(method, rpc, request):
                async for message in behaviour(_checked(request), rpc):
                    yield message

        return call

    def _keyed(
        self,
        method: str,
        behaviour: Callable[..., Awaitable[Message]],
        parse: Callable[[bytes], Message] | None,
    ) -> Callable[..., Awaitable[Message]]:
        store = self._idempotency
        if store is None or parse is None or "request_id" not in _fields(parse):
            return behaviour
        rule = permissions.METHODS.get(method)
        keep = rule is None or not rule.secret_answer

        async def once(request: Any, rpc: grpc.aio.ServicerContext[Any, Any]) -> Message:
            if not request.request_id:
                return await behaviour(request, rpc)
            answer: Message | None = None

            async def work() -> bytes:
                nonlocal answer
                answer = await behaviour(request, rpc)
                return answer.SerializeToString()

            content = request.SerializeToString(deterministic=True)
            stored = await store.run(method, request.request_id, content, work, keep_answer=keep)
            return answer if answer is not None else answer_type(method).FromString(stored)

        return once

    @asynccontextmanager
    async def _entered(
        self, method: str, rpc: grpc.aio.ServicerContext[Any, Any], request: Any
    ) -> AsyncIterator[CallContext]:
        metadata = {key: value for key, value in rpc.invocation_metadata() or () if isinstance(value, str)}
        began = time.perf_counter()
        with telemetry.span(method[1:], SpanKind.SERVER, metadata):
            try:
                call = self._context(metadata, rpc.time_remaining())
            except AppError as refusal:
                await _drain(request, _STRANGER_DRAIN_BYTES, _STRANGER_DRAIN_SECONDS)
                await self._refuse(method, rpc, began, refusal)
            with context.use(call):
                try:
                    permissions.require(method, call)
                    yield call
                except asyncio.CancelledError:
                    self._ended(method, grpc.StatusCode.CANCELLED, began)
                    raise
                except Exception as error:
                    await _drain(request)
                    await self._refuse(method, rpc, began, to_app_error(error), error)
                else:
                    self._ended(method, grpc.StatusCode.OK, began)

    async def _refuse(
        self,
        method: str,
        rpc: grpc.aio.ServicerContext[Any, Any],
        began: float,
        refusal: AppError,
        error: Exception | None = None,
    ) -> NoReturn:
        self._ended(method, refusal.status, began, refusal, error)
        status = rpc_status.to_status(error_status(refusal))
        late = time.perf_counter() - began > _PATIENCE_SECONDS
        trailing = (*(status.trailing_metadata or ()), *([_NO_RETRY] if late else []))
        await rpc.abort(status.code, status.details, trailing)

    def _ended(
        self,
        method: str,
        code: grpc.StatusCode,
        began: float,
        refusal: AppError | None = None,
        error: Exception | None = None,
    ) -> None:
        """Measures a call and logs it in one line. Plain reads that went well leave that to the gateway's line."""
        seconds = time.perf_counter() - began
        telemetry.RPC_SECONDS.labels(method, code.name).observe(seconds)
        if code is grpc.StatusCode.OK and method in self._plain_reads:
            return
        told: dict[str, Any] = {"method": method, "code": code.name, "ms": round(seconds * 1000, 2)}
        if refusal is None:
            _log.info("call", **told)
        elif isinstance(refusal, Internal):
            _log.error("call failed", reason=refusal.reason, exc_info=error, **told)
        elif code in _OURS_TO_MEND:
            _log.warning("call failed", reason=refusal.reason, error=mongo.brief(error or refusal), **told)
        else:
            _log.info("call refused", reason=refusal.reason, **told)

    def _context(self, metadata: Mapping[str, str], remaining: float | None) -> CallContext:
        proven = self._verifier.verify(metadata.get(METADATA_KEY, ""))
        seconds = self._default_deadline if remaining is None else remaining
        return proven.for_call(metadata.get(REQUEST_ID_KEY, ""), time.monotonic() + seconds)


def to_app_error(error: Exception) -> AppError:
    """The error a caller is answered with for anything a servicer raised."""
    if isinstance(error, AppError):
        return error
    if isinstance(error, PyMongoError):
        known = mongo.translate(error)
        if known is not None:
            return known
        if error.has_error_label("TransientTransactionError"):
            return Conflict("CONCURRENT_CHANGE", "Somebody changed the same thing at this moment. Try again.")
    if isinstance(error, TimeoutError):
        return DeadlineExceeded("DEADLINE_EXCEEDED", "The call did not finish in time.")
    return Internal("INTERNAL", "Something went wrong on our side. It was logged; try again later.")


def answer_type(method: str) -> type[Message]:
    """The message class of a method's answer."""
    kind: type[Message] = message_factory.GetMessageClass(_descriptor(method).output_type)
    return kind


def _is_plain_read(method: str) -> bool:
    found = _descriptor(method)
    free = found.GetOptions().idempotency_level == descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS
    return free and not found.client_streaming and not found.server_streaming


def _descriptor(method: str) -> MethodDescriptor:
    return descriptor_pool.Default().FindMethodByName(method[1:].replace("/", "."))


def _fields(parse: Callable[[bytes], Message]) -> Mapping[str, Any]:
    return parse(b"").DESCRIPTOR.fields_by_name


def _checked(request: Any) -> Any:
    if isinstance(request, Message):
        validate(request)
        return request
    return _checked_stream(request)


async def _drain(request: Any, most_bytes: int = _DRAIN_BYTES, seconds: float = _DRAIN_SECONDS) -> None:
    """Takes what a caller still sends of a refused stream, up to a bound.

    A client of grpc.aio that is in the middle of a message when it is refused may report "Internal error from Core"
    instead of the refusal.
    """
    if isinstance(request, Message):
        return
    drained = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for message in request:
                drained += message.ByteSize()
                if drained > most_bytes:
                    return


async def _checked_stream(requests: AsyncIterator[Message]) -> AsyncIterator[Message]:
    async for request in requests:
        validate(request)
        yield request


class RpcServer:
    """A gRPC server with the Boundary, health and reflection, that stops in the right order."""

    def __init__(self, boundary: Boundary, listen: str, *, grace_seconds: float) -> None:
        self._server = grpc.aio.server(interceptors=[boundary], options=OPTIONS)
        self.port = self._server.add_insecure_port(listen)
        self._grace = grace_seconds
        self.serving = False
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._names: list[str] = [health.SERVICE_NAME, reflection.SERVICE_NAME]

    def add(
        self, register: Callable[[Any, grpc.aio.Server], None], servicer: object, service_name: str
    ) -> None:
        """Adds a servicer by its generated `add_...Servicer_to_server`."""
        register(servicer, self._server)
        self._names.append(service_name)

    async def start(self) -> None:
        """Serves, but reports `NOT_SERVING` until `set_serving`."""
        reflection.enable_server_reflection(self._names, self._server)
        await self.set_serving(False)
        await self._server.start()

    async def set_serving(self, serving: bool) -> None:
        """Reports whether the service takes calls."""
        self.serving = serving
        state = (
            health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        for name in ("", *self._names):
            await self._health.set(name, state)

    async def stop(self) -> None:
        """Turns health red first, then drains the running calls, then closes."""
        self.serving = False
        await self._health.enter_graceful_shutdown()
        await self._server.stop(self._grace)
