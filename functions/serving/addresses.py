"""Which network addresses a photo may be fetched from: the public ones, and no other.

The lists follow IANA's special-purpose registries for IPv4 and IPv6 (RFC 6890 and its updates). They are kept here
because the standard library's `is_global` differs between patch releases.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_NOT_PUBLIC_V4 = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, and a cloud's metadata address
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's host service behind a public-looking address
        "169.254.0.0/16",  # link-local, metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
_UNICAST_V6 = IPv6Network("2000::/3")  # the only global unicast block; it leaves out mapped and NAT64 addresses
_NOT_PUBLIC_V6 = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocol assignments, Teredo among them (embeds an IPv4 address)
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4 (embeds an IPv4 address)
        "3fff::/20",  # documentation
    )
)
_ISATAP = (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")  # RFC 5214: the interface identifier embeds an IPv4 address


def is_public(address: str) -> bool:
    """Whether an address belongs to the public internet.

    Args:
        address: An IPv4 or IPv6 address in text form, as a resolver gives it.

    Returns:
        False for every special-purpose block, for IPv6 forms that embed an IPv4 address, for scoped addresses and
        for text that is no address.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return not any(parsed in net for net in _NOT_PUBLIC_V4)
    return _is_public_v6(parsed)


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None or address not in _UNICAST_V6:
        return False
    if address.packed[8:12] in _ISATAP:
        return False
    return not any(address in net for net in _NOT_PUBLIC_V6)
