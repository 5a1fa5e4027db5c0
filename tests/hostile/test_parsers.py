"""What reads strangers' bytes keeps its promises on the fuzzing seeds, on what was found, and on what hypothesis makes.

``make fuzz`` goes on from here, guided by coverage.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facecore.errors import UnsupportedFormat
from facecore.headers import Format, read_header, sniff
from serving import fetch
from tests import photos
from tests.hostile.targets import TARGETS, inputs

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_and_what_was_found(name: str) -> None:
    tried = 0
    for data in inputs(name):
        for cut in (len(data), len(data) // 2, 1):
            TARGETS[name].check(data[:cut])
            tried += 1
    assert tried >= 3


@pytest.mark.parametrize("name", [name for name in TARGETS if name not in {"intake", "png"}])
@FEW
@given(edits=st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=6)), max_size=5), which=st.integers(0, 50))
def test_edited_seeds(name: str, edits: list[tuple[int, bytes]], which: int) -> None:
    seeds = TARGETS[name].seeds()
    data = seeds[which % len(seeds)]
    for at, value in edits:
        at %= len(data) + 1
        data = data[:at] + value + data[at + len(value) :]
    TARGETS[name].check(data)


@FEW
@given(st.binary(max_size=40))
def test_the_first_bytes_alone_tell_the_format(data: bytes) -> None:
    try:
        found = sniff(data)
    except UnsupportedFormat:
        with pytest.raises(UnsupportedFormat):
            read_header(data)
        return
    assert sniff(data + b"anything") is found


@FEW
@given(width=st.integers(1, 65_500), height=st.integers(1, 65_500))
def test_headers_tell_the_size(width: int, height: int) -> None:
    jpeg = photos.flat_jpeg(8, 8, (1, 1))
    at = jpeg.index(b"\xff\xc0") + 5
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    header = read_header(jpeg[:at] + size + jpeg[at + 4 :])
    assert (header.format, header.width, header.height) == (Format.JPEG, width, height)
    png = photos.png((width, height, 8, 2, 0, 0, 0), b"")
    assert (read_header(png).width, read_header(png).height) == (width, height)


_LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20).filter(
    lambda label: label[0] != "-" != label[-1] and not label.startswith("xn--") and label[2:4] != "--"
)


@FEW
@given(
    host=st.lists(_LABEL, min_size=1, max_size=3).map(".".join).filter(lambda host: not host[-1].isdigit()),
    port=st.none() | st.integers(1, 65_535),
    path=st.text("abc/%20~.", max_size=20),
    scheme=st.sampled_from(["http", "https", "HTTP"]),
)
def test_plain_urls_keep_their_host(host: str, port: int | None, path: str, scheme: str) -> None:
    parts = fetch._parse(f"{scheme}://{host}{'' if port is None else f':{port}'}/{path}")
    assert parts.hostname == host
    assert (parts.port or {"http": 80, "https": 443}[parts.scheme]) == (
        port or {"http": 80, "https": 443}[scheme.lower()]
    )


@FEW
@given(st.ip_addresses(v=4), st.sampled_from(["{0}", "0x{0:08x}", "0{0:o}", "{1}.{2}", "0{3:o}.{4}.{5}.{6}"]))
def test_addresses_in_other_notations_are_refused(address: object, shape: str) -> None:
    number = int(address)  # type: ignore[call-overload]
    four = number.to_bytes(4, "big")
    text = shape.format(number, four[0], number & 0xFFFFFF, four[0], *four[1:])
    with pytest.raises(fetch.FetchRefused):
        fetch._parse(f"http://{text}/")
