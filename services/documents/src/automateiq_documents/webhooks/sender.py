"""Sending a message to a URL that a stranger chose.

The name is resolved here, the addresses are judged, and the connection is made to a judged address: between the check
and the connection nobody is asked again. TLS and the Host header still use the name. Redirects are not followed, no
proxy of the environment is used, the answer's body is read up to a bound and thrown away.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpcore
from standardwebhooks import Webhook

from automateiq_documents.webhooks.addresses import is_public
from automateiq_documents.webhooks.models import Attempt

_MAX_ANSWER_BYTES = 64 << 10
_AGENT = "AutomateIQ-Webhooks/1"


class _NotPublic(Exception):
    """The name points nowhere that may be sent to."""


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connections to judged addresses only."""

    def __init__(self, *, local: bool) -> None:
        self._local = local
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolves, judges and connects; the first address that answers is taken."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        allowed = [one for one in addresses if self._local or is_public(one)]
        if not allowed:
            raise _NotPublic
        error: Exception = httpcore.ConnectError("no address")
        for address in allowed:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error

    async def sleep(self, seconds: float) -> None:
        """Waits; asked for by the interface."""
        await self._inner.sleep(seconds)


class Sender:
    """Sends messages. `local` lets them go to private addresses too; `ca_file` adds trusted certificate authorities."""

    def __init__(self, *, seconds: float, local: bool = False, ca_file: Path | None = None) -> None:
        self._seconds = seconds
        self._local = local
        self._ca_file = ca_file
        self._tls: ssl.SSLContext | None = None

    async def send(
        self, url: str, message_id: str, body: str, secrets: Sequence[str], at: datetime
    ) -> Attempt:
        """Sends a message signed with each secret, and says how it went; a receiver's fault is no exception."""
        signatures = " ".join(Webhook(secret).sign(message_id, at, body) for secret in secrets)
        headers: dict[bytes | str, bytes | str] = {
            "content-type": "application/json",
            "user-agent": _AGENT,
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signatures,
        }
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                status = await self._post(url, list(headers.items()), body.encode())
        except Exception as error:
            return Attempt(0, _since(began), self._why(error))
        return Attempt(status, _since(began), _complaint(status))

    async def _post(self, url: str, headers: list[tuple[bytes | str, bytes | str]], body: bytes) -> int:
        # A pool for one request: nothing of one tenant's connection is left for another's.
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self._context(),
                max_keepalive_connections=0,
                network_backend=_GuardedBackend(local=self._local),
            ) as pool,
            pool.stream("POST", url, headers=headers, content=body) as response,
        ):
            read = 0
            async for piece in response.aiter_stream():
                read += len(piece)
                if read > _MAX_ANSWER_BYTES:
                    break
            return response.status

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = httpcore.default_ssl_context()
            if self._ca_file is not None:
                self._tls.load_verify_locations(self._ca_file)
        return self._tls

    def _why(self, error: Exception) -> str:
        if isinstance(error, TimeoutError | httpcore.TimeoutException):
            return f"The receiver did not answer within {self._seconds:g} seconds."
        if isinstance(error, _NotPublic):
            return "The name points to an address that is not public; nothing was sent."
        if isinstance(error, socket.gaierror | UnicodeError):
            return "The name of the receiver could not be resolved."
        tls = _tls_error(error)
        if tls is not None:
            return f"TLS failed: {_brief(tls)}"
        if isinstance(error, httpcore.ConnectError):
            return "The receiver does not take connections."
        if isinstance(error, httpcore.NetworkError | httpcore.ProtocolError):
            return f"The connection broke off: {_brief(error)}"
        raise error


def _complaint(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"The receiver answered {status}; redirects are not followed."
    return f"The receiver answered {status}."


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    # The libraries in between have errors of their own, raised from this one.
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error


def _brief(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)
