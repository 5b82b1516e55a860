"""Logs, metrics and traces of a process, set up once.

Logs are one JSON object a line with the call's ids. Metrics are Prometheus', on a port of their own beside a
`/healthz` for processes that serve no RPC. Traces follow W3C Trace Context through HTTP, gRPC, Celery and MongoDB,
and are exported by OTLP where a collector is set.
"""

import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

from automateiq_core.context import current_or_none
from automateiq_core.settings import ServiceSettings

RPC_SECONDS = Histogram(
    "rpc_server_seconds",
    "Time a call took in this service.",
    ["method", "code"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120),
)
RPC_CLIENT_ERRORS = Counter(
    "rpc_client_errors_total", "Calls to other services that failed.", ["method", "code"]
)
TASKS_TOTAL = Counter("tasks_total", "Runs of background tasks.", ["task", "outcome"])
TASKS_KEPT = Gauge("tasks_kept", "Tasks in the outbox; every replica tells the same.", ["state"])
TASKS_OLDEST_SECONDS = Gauge(
    "tasks_oldest_seconds", "Age of the oldest task in the outbox, by state.", ["state"]
)
TASK_SECONDS = Histogram(
    "task_seconds",
    "Time a run of a background task took.",
    ["task"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300),
)

_tracer = trace.get_tracer("automateiq")


def configure(service: str, settings: ServiceSettings) -> None:
    """Sets up logs and traces of this process."""
    _configure_logs(service, settings)
    _configure_traces(service, settings)


def _call_ids(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    call = current_or_none()
    if call is not None:
        event.setdefault("requestId", call.request_id)
        if call.organization_id:
            event.setdefault("organizationId", call.organization_id)
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        event.setdefault("traceId", trace.format_trace_id(span.trace_id))
    return event


def _configure_logs(service: str, settings: ServiceSettings) -> None:
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _call_ids,
        structlog.processors.format_exc_info,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer() if settings.log_json else structlog.dev.ConsoleRenderer()
    )

    def name_service(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
        event["service"] = service
        return event

    shared.append(name_service)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    # Else they are text between the JSON lines.
    logging.captureWarnings(True)
    for chatty in ("pymongo", "botocore", "boto3", "urllib3", "kombu", "celery", "amqp", "asyncio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _configure_traces(service: str, settings: ServiceSettings) -> None:
    sampler = ParentBased(TraceIdRatioBased(settings.trace_sample_ratio))
    provider = TracerProvider(resource=Resource.create({"service.name": service}), sampler=sampler)
    if settings.otlp_endpoint:
        # Imported on demand: the exporter brings an HTTP client that an idle fleet need not hold.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
    trace.set_tracer_provider(provider)


@contextmanager
def span(name: str, kind: SpanKind, carrier: Mapping[str, str] | None = None) -> Iterator[Span]:
    """Runs the block in a span; `carrier` holds the trace it continues, as `traceparent`.

    Nine requests of ten are not sampled. Their ids still travel, so that logs can be joined, but a span that nobody
    will see is not made: it would cost as much as the rest of the call's way through core.
    """
    parent = extract(carrier) if carrier and "traceparent" in carrier else None
    above = trace.get_current_span(parent)
    if above.get_span_context().is_valid and not above.get_span_context().trace_flags.sampled:
        token = None if parent is None else otel_context.attach(parent)
        try:
            yield above
        finally:
            if token is not None:
                otel_context.detach(token)
        return
    with _tracer.start_as_current_span(name, context=parent, kind=kind) as running:
        yield running


def trace_headers() -> dict[str, str]:
    """The running trace as headers for the next hop."""
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A prober that did not wait for its answer is no error of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class HealthServer:
    """Serves `/metrics` and `/healthz` from a thread of its own."""

    def __init__(self, listen: str, healthy: Callable[[], bool]) -> None:
        host, port = listen.rsplit(":", 1)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/metrics":
                    self._answer(200, CONTENT_TYPE_LATEST, generate_latest())
                elif self.path == "/healthz":
                    good = healthy()
                    self._answer(200 if good else 503, "text/plain", b"ok\n" if good else b"not ready\n")
                else:
                    self._answer(404, "text/plain", b"not found\n")

            def _answer(self, status: int, content_type: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Scrapes are not worth a log line."""

        self._server = _QuietServer((host, int(port)), Handler)
        # It looks every so many seconds whether it should stop; the usual half second is felt at each stop.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), daemon=True, name="health-server"
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begins to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stops serving and frees the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
