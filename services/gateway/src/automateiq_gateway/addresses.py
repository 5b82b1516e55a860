"""The address a request comes from, also behind proxies."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.types import Scope

from automateiq_gateway import exchange
from automateiq_gateway.settings import Network


def client_address(scope: Scope, trusted: Sequence[Network]) -> str:
    """The client's address; an IPv6 one as its /64, which is what one customer is given.

    X-Forwarded-For is read from its end, for as long as a trusted proxy wrote it. Some proxies add a line of their own
    below the client's.
    """
    client = scope.get("client")
    nearest = client[0] if client else ""
    if trusted and _is_trusted(nearest, trusted):
        for hop in reversed(exchange.joined_header(scope, b"x-forwarded-for").split(",")):
            if not _is_address(hop.strip()):
                break
            nearest = hop.strip()
            if not _is_trusted(nearest, trusted):
                break
    return _counted(nearest)


def _is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    if not _is_address(address):
        return False
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in trusted)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _counted(address: str) -> str:
    if ":" not in address or not _is_address(address):
        return address
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, 64), strict=False).network_address)
