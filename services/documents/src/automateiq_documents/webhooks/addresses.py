"""Which addresses a message to a stranger's URL may be sent to: public ones only.

A URL is a wish of its owner's, and its owner may wish for this machine, its neighbours or the cloud's metadata
service (server-side request forgery, CWE-918). The address is judged when the connection is made, for a name may point
elsewhere by then. Blocks: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890 and its updates).
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# Answers inside every machine of a cloud, on a public address: Azure's "wire server".
_CLOUD_SERVICES = frozenset({IPv4Address("168.63.129.16")})
# Relays of 6to4 are withdrawn (RFC 7526), and of the IETF's own block some Pythons count parts as global.
_REFUSED_V4 = (IPv4Network("192.88.99.0/24"), IPv4Network("192.0.0.0/24"))
# Every global unicast address that was ever given out lies in here (RFC 4291).
_UNICAST_V6 = IPv6Network("2000::/3")
# Teredo and 6to4 carry an IPv4 address to a relay nobody knows; the others are for documentation and benchmarks.
_REFUSED_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/32",
        "2001:2::/48",
        "2001:10::/28",
        "2001:20::/28",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)
# Where IPv4 is reached through a translator, the address that counts is the one inside (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Whether an address, as a resolver gives it, is one of the public internet's."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inside = _inside(address)
        return _is_public_v6(address) if inside is None else _is_public_v4(inside)
    return _is_public_v4(address)


def _inside(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped


def _is_public_v4(address: IPv4Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and address not in _CLOUD_SERVICES
        and not any(address in block for block in _REFUSED_V4)
    )


def _is_public_v6(address: IPv6Address) -> bool:
    return (
        address in _UNICAST_V6
        and address.is_global
        and not address.scope_id
        and not any(address in block for block in _REFUSED_V6)
    )


def literal(host: str) -> bool:
    """Whether a host is an address and not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
