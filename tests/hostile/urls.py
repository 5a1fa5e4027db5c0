"""Urls that mean harm: every way that is known to us of writing an address that is not the public internet's."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

INNER = (
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1", "169.254.0.1",
    "169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255",
)  # fmt: skip
"""Loopback, private, link-local and metadata, carrier-grade NAT, clouds' own, benchmarks, multicast, reserved."""

INNER_V6 = (
    "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "100::1", "3fff::1",
    "5f00::1", "2001:10::1", "2001:20::1",
)  # fmt: skip


def embedded(address: str) -> list[str]:
    """The IPv6 addresses that carry an IPv4 address."""
    four = IPv4Address(address).packed
    whole = int(IPv4Address(address))
    made = [
        bytes(10) + b"\xff\xff" + four,  # mapped
        bytes(12) + four,  # compatible
        b"\x00\x64\xff\x9b" + bytes(8) + four,  # NAT64
        b"\x00\x64\xff\x9b\x00\x01" + bytes(6) + four,  # NAT64 of one's own
        b"\x20\x02" + four + bytes(10),  # 6to4
        b"\x20\x01\x00\x00" + bytes(8) + (whole ^ 0xFFFFFFFF).to_bytes(4, "big"),  # Teredo
        b"\x26\x00" + bytes(6) + b"\x00\x00\x5e\xfe" + four,  # ISATAP
        b"\xfe\x80" + bytes(6) + b"\x02\x00\x5e\xfe" + four,
    ]
    return [str(IPv6Address(packed)) for packed in made]


def notations(address: str) -> list[str]:
    """Other spellings of an IPv4 address that some readers take for it."""
    one, two, three, four = IPv4Address(address).packed
    whole = int(IPv4Address(address))
    wide = str.maketrans("0123456789.", "０１２３４５６７８９。")
    return [
        str(whole), f"0x{whole:08x}", f"0{whole:o}", f"0x{one:x}.0x{two:x}.0x{three:x}.0x{four:x}",
        f"0{one:o}.0{two:o}.0{three:o}.0{four:o}", f"{one}.{whole & 0xFFFFFF}", f"{one}.{two}.{whole & 0xFFFF}",
        f"0x{one:x}.{two}.0{three:o}.{four}", f"{address}.", f"{one:03}.{two:03}.{three:03}.{four:03}",
        address.translate(wide), f"{whole + 2**32}", f"{address}%00.photos.example", f"{address}%2ephotos.example",
    ]  # fmt: skip


def hostile() -> list[str]:
    """The urls; none of them may lead to a connection."""
    hosts = [*INNER, *(name for address in INNER for name in notations(address))]
    hosts += [f"[{address}]" for address in INNER_V6]
    hosts += [f"[{address}]" for inner in INNER for address in embedded(inner)]
    hosts += ["localhost", "LOCALHOST", "localhost.", "[::1%25lo]", "[::1%lo]", "loop.example", "both.example"]
    made = [f"{scheme}://{host}{port}/a.jpg" for host in hosts for scheme, port in (("http", ""), ("https", ":8443"))]
    tricks = (
        "http://photos.example@127.0.0.1/", "http://127.0.0.1@photos.example/", "http://a:b@127.0.0.1/",
        "http://photos.example\\@127.0.0.1/", "http://127.0.0.1\\.photos.example/", "http://127.0.0.1#@photos.example/",
        "http://127.0.0.1?@photos.example/", "http://photos.example:80@127.0.0.1/", "http:127.0.0.1/",
        "http:/127.0.0.1/", "http:///127.0.0.1/", "//127.0.0.1/", "http://127.0.0.1:22/", "http://photos.example:6379/",
        "http://photos.example:25/", "gopher://127.0.0.1:6379/_FLUSHALL", "file:///etc/passwd", "ftp://127.0.0.1/",
        "dict://127.0.0.1:11211/", "jar:http://127.0.0.1!/", "data:image/jpeg;base64,/9j/", "http://127.0.0.1/\r\nX: y",
        "http://photos.example\t@127.0.0.1/", "http://\x00127.0.0.1/", " http://127.0.0.1/", "http://127.0.0.1 /",
        "http://①②⑦.⓪.⓪.①/", "http://[127.0.0.1]/", "http://127.0.0.1:80:80/", "http://[::ffff:127.0.0.1]:99999/",
    )  # fmt: skip
    return [*made, *tricks]
