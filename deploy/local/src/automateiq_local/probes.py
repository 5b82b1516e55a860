"""How the supervisor asks a process for its health."""

import http.client
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from automateiq_local import ports

TIMEOUT_S = 2.0

# One connection a probe, apart from all others: a shared one would wait out its pause after a refusal.
_CHANNEL_OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))


def grpc_serving(port: int) -> bool:
    """Whether the whole server on this port says SERVING by the standard health protocol."""
    if not ports.listens(port):
        return False
    with grpc.insecure_channel(f"{ports.HOST}:{port}", options=_CHANNEL_OPTIONS) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)  # its published types lack the methods
        answer = stub.Check(health_pb2.HealthCheckRequest(service=""), timeout=TIMEOUT_S)
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def http_ok(port: int, path: str) -> bool:
    """Whether GET of this path answers 200."""
    connection = http.client.HTTPConnection(ports.HOST, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    finally:
        connection.close()
