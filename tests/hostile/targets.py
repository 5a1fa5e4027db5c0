"""What is fuzzed: functions that take any bytes, and fail when a promise is broken."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from facecore import headers
from facecore.errors import ImageError, UnsupportedFormat
from facecore.intake import read_photo
from gatekeeper import Contract, Request, Verdict, baidu, bce, market, tencent
from serving import base64text, fetch, forms, multipart
from tests import photos
from tests.hostile import qm
from tests.unit.gatekeeper.nobody import NOBODY, NOON

PIXELS = 250_000


@dataclass(frozen=True, slots=True)
class Target:
    """One of them.

    Attributes:
        check: Raises when a promise is broken.
        seeds: Inputs to begin with.
        longest: Bytes of the longest input.
    """

    check: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    longest: int = 4096


def small_photos() -> list[bytes]:
    pixels = photos.wide(48, 40)
    return [
        photos.encoded(pixels),
        photos.encoded(pixels, progressive=True),
        photos.encoded(pixels, "PNG"),
        photos.bmp(pixels),
        photos.bmp(pixels, core=True),
        photos.rle8(16),
        photos.cmyk(photos.wide(16, 16)),
        photos.with_orientation(pixels, 6),
        photos.flat_jpeg(24, 24, (4, 1), (1, 1), (1, 1)),
        photos.interlaced(photos.wide(16, 16)),
        photos.palette(photos.wide(16, 16), 4),
        qm.flat(24, 24),
    ]


def _sniff(data: bytes) -> None:
    try:
        found = headers.sniff(data)
    except UnsupportedFormat:
        return
    assert data[:2] in {b"\xff\xd8", b"\x89P", b"BM"}, found


def _header(data: bytes) -> None:
    try:
        header = headers.read_header(data)
        if header.format is headers.Format.JPEG:
            headers.has_end(data)
            headers.tidied(data)
    except ImageError:
        return
    assert header.width >= 1
    assert header.height >= 1
    assert 1 <= header.orientation <= 8
    assert 1 <= header.scans <= headers.MAX_SCANS


def _exif(data: bytes) -> None:
    assert 1 <= headers.exif_orientation(data) <= 8


def _intake(data: bytes) -> None:
    try:
        photo = read_photo(data, max_pixels=PIXELS)
    except ImageError:
        return
    assert photo.bgr.shape == (photo.height, photo.width, 3)
    assert photo.width * photo.height <= PIXELS


def _png(data: bytes) -> None:
    """Chunks whose checksums are right, so that what lies behind them is reached."""
    if len(data) < 8:
        return
    width, height, depth, colour, laced, more = struct.unpack_from(">BBBBBB", data)
    rest = data[6:]
    between: list[tuple[bytes, bytes]] = []
    for bit, kind in ((1, b"PLTE"), (2, b"tRNS"), (4, b"eXIf"), (8, b"iCCP"), (16, b"IDAT")):
        if more & bit:
            between.append((kind, rest[: len(rest) // 4]))
            rest = rest[len(rest) // 4 :]
    packed = rest if more & 32 else zlib.compress(rest, 1)
    head = (width, height, (1, 2, 4, 8, 16)[depth % 5], colour % 7, 0, 0, laced % 2)
    _intake(photos.packed_png(head, packed, *between))


def _base64(data: bytes) -> None:
    for spaces in (False, True):
        try:
            found = base64text.decode(base64text.strip_data_url(data), plus_became_space=spaces)
        except ValueError:
            continue
        assert base64text.decode(base64.b64encode(found)) == found
        assert len(found) <= len(data)


def _forms(data: bytes) -> None:
    try:
        fields = forms.pairs(data)
        forms.single(fields, frozenset({b"image", b"url"}))
    except forms.Malformed:
        pass
    try:
        forms.parse_json(data)
    except forms.Malformed:
        return


def _multipart(data: bytes) -> None:
    head, _, body = data.partition(b"\n")
    try:
        boundary = multipart.boundary_of(head.decode("latin-1"))
        multipart.parse(body, boundary)
    except forms.Malformed:
        return


def _url(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    try:
        parts = fetch._parse(text)
    except fetch.FetchRefused:
        return
    again = urlsplit(parts.geturl())
    assert parts.scheme in {"http", "https"}
    assert "@" not in parts.netloc
    assert (again.hostname, again.port) == (parts.hostname, parts.port), "every reader sees the same host"
    assert fetch._parse(parts.geturl()) == parts
    assert (parts.hostname or "").isascii()


def _signature(data: bytes) -> None:
    for text in (data.decode("latin-1"), base64.b64encode(data).decode()):
        try:
            found = tencent.parse(text)
        except tencent.MalformedError:
            continue
        assert len(found.digest) == tencent.DIGEST_BYTES
        assert found.appid.isdecimal()
        assert found.end >= 0
        assert found.start >= 0
        asked = Request("POST", "/face/livedetectpicture", (), (("Authorization", text),), "R1")
        assert not tencent.verdict(asked, NOBODY).allowed


def _token(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    found = baidu.parse(text)
    if found is not None:
        life = baidu.ACCESS_SECONDS if found.kind == baidu.ACCESS else baidu.REFRESH_SECONDS
        tail = text.rpartition("-")[2]
        assert text.startswith(f"{found.kind}.{found.mark}.{life}.")
        assert found.account == tail
    asked = Request("POST", "/rest/2.0/face/v3/faceverify", (("access_token", text),), (), "R1")
    assert not baidu.verdict(asked, NOBODY).allowed


def _bce(data: bytes) -> None:
    text, _, rest = data.decode("utf-8", "replace").partition("\n")
    heads = tuple((name, value) for name, _, value in (line.partition(":") for line in rest.split("\n")))
    asked = Request("POST", "/rest/2.0/face/v3/faceverify", (), (("Authorization", text), *heads), "R1")
    assert not baidu.verdict(asked, NOBODY).allowed
    try:
        found = bce.parse(text)
    except bce.MalformedError:
        return
    assert 0 < found.expiry <= bce.LONGEST


def _market(data: bytes) -> None:
    first, _, body = data.partition(b"\n\n")
    lines = first.decode("latin-1").split("\n")
    heads = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    asked = Request("POST", "/market/liveness", (), heads, "R1")
    found = market.verdict(asked, NOBODY)
    assert not found.allowed
    assert found.message.isascii()
    assert not market.complete(found, asked, body, NOBODY).allowed


def _context(data: bytes) -> None:
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        return
    for contract in Contract:
        Verdict.from_context(given, contract, "R1")


def _signature_seeds() -> list[bytes]:
    now = int(NOON)
    signed = tencent.sign("1250000001", "AKIDx", b"secret", now, now + 600, 1)
    return [signed.encode(), b"Basic " + signed.encode(), base64.b64decode(signed)]


def _verdict_seeds() -> list[bytes]:
    allowed = Verdict(True, Contract.BAIDU, "R1", client="someone", account="1000000")
    return [json.dumps(allowed.to_context()).encode(), b"null"]


def _exif_seeds() -> list[bytes]:
    return [photos.exif(number)[6:] for number in (1, 6)]


URLS = (
    b"http://photos.example/a.jpg", b"https://photos.example:8443/a?b=c#d", b"http://127.0.0.1:8080/",
    b"http://[::1]/", b"http://0x7f.1/", b"http://user@photos.example\\@inside/", "http://例え.jp/".encode(),
    b"HTTP://A.B:80", b"http://1.2.3.4./",
)  # fmt: skip

TARGETS: dict[str, Target] = {
    "sniffing": Target(_sniff, lambda: [photo[:16] for photo in small_photos()], 64),
    "header": Target(_header, small_photos),
    "exif": Target(_exif, _exif_seeds, 512),
    "intake": Target(_intake, small_photos),
    "png": Target(_png, lambda: [bytes((4, 4, 3, 2, 0, 0)) + bytes(4 * 13), bytes((8, 8, 2, 3, 1, 7)) + bytes(99)]),
    "base64": Target(_base64, lambda: [b"aGVsbG8=", b"aGVs bG8", b"data:image/png;base64,AAAA", b"-_-_\r\n"], 512),
    "forms": Target(_forms, lambda: [b"image=a%2Bb&url=", b'{"image":"AAAA"}', b'[{"image":"A","image_type":"URL"}]']),
    "multipart": Target(
        _multipart,
        lambda: [
            b'multipart/form-data; boundary=x\n--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n'
            b"\r\nbytes\r\n--x--\r\n"
        ],
    ),
    "url": Target(_url, lambda: list(URLS), 512),
    "tencent signature": Target(_signature, _signature_seeds, 1024),
    "baidu token": Target(_token, lambda: [b"24." + b"0" * 32 + b".2592000.1999999999.282335-10000000"], 160),
    "bce signature": Target(
        _bce, lambda: [b"bce-auth-v1/ak/2026-09-21T14:13:20Z/1800/host/" + b"0" * 64 + b"\nHost: a"], 1024
    ),
    "market signature": Target(
        _market,
        lambda: [
            b"X-Ca-Key: 200000001\nX-Ca-Signature: x\nX-Ca-Timestamp: 1700000000000\nX-Ca-Nonce: n\n"
            b"X-Ca-Signature-Headers: X-Ca-Key,X-Ca-Timestamp,X-Ca-Nonce\n\nimage=A",
            b"Authorization: APPCODE 00112233",
        ],
        1024,
    ),
    "verdict": Target(_context, _verdict_seeds, 2048),
}


def inputs(name: str) -> Iterator[bytes]:
    """The seeds of a target and what was once found in it."""
    from tests.hostile.results import ROOT

    yield from TARGETS[name].seeds()
    for path in sorted((ROOT / "tests" / "hostile" / "found").glob(f"{name.replace(' ', '-')}-*")):
        yield path.read_bytes()


def run(name: str, data: Any) -> None:
    """Checks one input."""
    TARGETS[name].check(bytes(data))
