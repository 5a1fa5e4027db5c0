"""Photos that mean harm, all made here. Every entry says what the reader has to say of it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from PIL import Image

from facecore.errors import CorruptImage, ImageError, ImageTooLarge, UnsupportedFormat
from tests import photos
from tests.hostile import qm

Kind = type[ImageError]
CAP = 5000  # the side of a square photo of exactly the default cap's pixels


@dataclass(frozen=True, slots=True)
class Hostile:
    """One input.

    Attributes:
        make: Its bytes.
        said: What it is refused with; None where it is a sound photo of a kind that readers stumble over.
    """

    make: Callable[[], bytes]
    said: Kind | None


@cache
def packed_png(width: int, height: int, depth: int, colour: int, interlaced: int = 0) -> bytes:
    """A well-formed PNG of zeros, packed as tightly as it goes."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    packer, row = zlib.compressobj(9), bytes((width * channels * depth + 7) // 8 + 1)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    more = [(b"PLTE", bytes(768))] if colour == 3 else []
    return photos.packed_png((width, height, depth, colour, 0, 0, interlaced), packed, *more)


def jpeg_segment(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body


def with_segments(*segments: tuple[int, bytes], data: bytes | None = None) -> bytes:
    """The portrait (or other JPEG) with further segments right behind its start."""
    whole = data or photos.PORTRAIT.read_bytes()
    return whole[:2] + b"".join(jpeg_segment(kind, body) for kind, body in segments) + whole[2:]


def icc(*parts: tuple[int, int, bytes]) -> bytes:
    """The portrait with parts of a colour profile, each numbered (this, of how many)."""
    return with_segments(*((0xE2, b"ICC_PROFILE\x00" + bytes((at, count)) + body) for at, count, body in parts))


def exif(block: bytes) -> bytes:
    return with_segments((0xE1, b"Exif\x00\x00" + block), data=photos.encoded(photos.wide(64, 48)))


def jpeg_stating(width: int, height: int) -> bytes:
    """The portrait whose header says that it is larger or smaller than its data."""
    data = photos.encoded(photos.portrait())
    at = data.index(b"\xff\xc0\x00\x11\x08") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def png_stating(width: int, height: int) -> bytes:
    """The portrait as a PNG whose header, sound in itself, lies about its size."""
    data = photos.encoded(photos.portrait(), "PNG")
    return data[:8] + photos.chunk(b"IHDR", struct.pack(">II", width, height) + data[24:29]) + data[33:]


def bmp_stating(width: int, height: int) -> bytes:
    data = bytearray(photos.bmp(photos.portrait()))
    struct.pack_into("<ii", data, 18, width, height)
    return bytes(data)


def spliced() -> bytes:
    """The head of one JPEG on the data of another."""
    one, two = photos.encoded(photos.portrait()), photos.encoded(photos.no_face(), progressive=True)
    return one[: one.index(b"\xff\xda")] + two[two.index(b"\xff\xda") :]


def thumbnail_first() -> bytes:
    """A JPEG within the EXIF block of a JPEG that is cut off: an end marker stands, but not the photo's."""
    small = photos.encoded(photos.wide(64, 48))
    data = with_segments((0xE1, b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00" + small))
    return data[: len(data) // 2]


def many_scans(scans: int) -> bytes:
    """A progressive JPEG at the cap that has its last scan over and over."""
    picture = Image.new("L", (CAP, CAP), 128)
    data = photos.saved(picture, "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    return data[:at] + data[at:-2] * scans + b"\xff\xd9"


def huge_jpeg(mode: str = "RGB") -> bytes:
    return photos.saved(Image.new(mode, (CAP, CAP)), "JPEG", progressive=True, subsampling=0)


def rle_bomb(side: int = CAP) -> bytes:
    """A run-length BMP at the cap with no runs at all: the decoder makes every pixel of it."""
    data = bytearray(photos.rle8(16))
    struct.pack_into("<ii", data, 18, side, side)
    return bytes(data)


def deflate_in_deflate() -> bytes:
    """A PNG with a text chunk that unpacks to 100 MB, and then unpacks again."""
    inner = zlib.compress(bytes(100_000_000), 9)
    text = b"Comment\x00\x00" + inner
    chunks = ((b"zTXt", text), (b"iCCP", b"x\x00\x00" + inner))
    return photos.png((1, 1, 8, 2, 0, 0, 0), b"\x00\x01\x02\x03", *chunks)


@cache
def arithmetic(side: int) -> bytes:
    return qm.flat(side, side)


def encoded_as(kind: str) -> bytes:
    options: dict[str, Any] = {"speed": 10} if kind == "AVIF" else {}
    return photos.encoded(photos.portrait(), kind, **options)


JPEG_HTML = b"<script>alert(1)</script><?php system($_GET['c']); ?>"

IMAGES: dict[str, Hostile] = {
    # ---- bombs: little to send, much to hold
    "png of 16000 x 16000": Hostile(lambda: photos.bomb(16000), ImageTooLarge),
    "png at the cap, rgba of 16 bits": Hostile(lambda: packed_png(CAP, CAP, 16, 6), ImageTooLarge),
    "png at the cap, rgb of 16 bits": Hostile(lambda: packed_png(CAP, CAP, 16, 2), ImageTooLarge),
    "png at the cap, rgba": Hostile(lambda: packed_png(CAP, CAP, 8, 6), None),
    "png at the cap, rgb": Hostile(lambda: packed_png(CAP, CAP, 8, 2), None),
    "png at the cap, palette": Hostile(lambda: packed_png(CAP, CAP, 8, 3), None),
    "png of half the cap, rgba of 16 bits": Hostile(lambda: packed_png(CAP, CAP // 2, 16, 6), None),
    "png of one long row": Hostile(lambda: packed_png(65_535, 381, 8, 6), None),
    "png longer than any camera's": Hostile(lambda: packed_png(65_536, 1, 8, 2), ImageTooLarge),
    "png with a text that unpacks to 100 MB": Hostile(deflate_in_deflate, None),
    "progressive jpeg at the cap": Hostile(huge_jpeg, None),
    "progressive cmyk jpeg at the cap": Hostile(lambda: huge_jpeg("CMYK"), None),
    "jpeg at the cap with 60 scans": Hostile(lambda: many_scans(50), CorruptImage),
    "jpeg of 65500 x 65500": Hostile(lambda: jpeg_stating(65_500, 65_500), ImageTooLarge),
    "arithmetic jpeg at the cap": Hostile(lambda: arithmetic(CAP), None),
    "run-length bmp at the cap": Hostile(rle_bomb, None),
    "bmp of 65535 x 65535": Hostile(lambda: bmp_stating(65_535, 65_535), CorruptImage),
    # ---- what the header says is not so
    "jpeg that says to be larger": Hostile(lambda: jpeg_stating(1024, 1024), CorruptImage),
    "jpeg that says to be smaller": Hostile(lambda: jpeg_stating(64, 64), CorruptImage),
    "jpeg without rows": Hostile(lambda: jpeg_stating(512, 0), CorruptImage),
    "jpeg without columns": Hostile(lambda: jpeg_stating(0, 512), CorruptImage),
    "png that says to be larger": Hostile(lambda: png_stating(512, 1024), CorruptImage),
    "png that says to be wider": Hostile(lambda: png_stating(1024, 512), CorruptImage),
    "png without rows": Hostile(lambda: png_stating(512, 0), CorruptImage),
    "png of 2^31 columns": Hostile(lambda: png_stating(2**31 - 1, 1), ImageTooLarge),
    "bmp that says to be larger": Hostile(lambda: bmp_stating(512, 1024), CorruptImage),
    "bmp without rows": Hostile(lambda: bmp_stating(512, 0), CorruptImage),
    "bmp of the most negative height": Hostile(lambda: bmp_stating(512, -(2**31)), CorruptImage),
    # ---- cut and put together
    "head of one jpeg, data of another": Hostile(spliced, CorruptImage),
    "end of the thumbnail, not of the photo": Hostile(thumbnail_first, CorruptImage),
    "two jpegs behind each other": Hostile(lambda: photos.PORTRAIT.read_bytes() * 2, None),
    "png with a jpeg behind it": Hostile(
        lambda: photos.encoded(photos.portrait(), "PNG") + photos.PORTRAIT.read_bytes(), None
    ),
    "magic alone, jpeg": Hostile(lambda: b"\xff\xd8\xff", CorruptImage),
    "magic alone, png": Hostile(lambda: b"\x89PNG\r\n\x1a\n", CorruptImage),
    "magic alone, bmp": Hostile(lambda: b"BM", CorruptImage),
    "jpeg start, png behind": Hostile(lambda: b"\xff\xd8\xff" + photos.encoded(photos.portrait(), "PNG"), CorruptImage),
    "nothing": Hostile(lambda: b"", UnsupportedFormat),
    # ---- metadata
    "colour profile in parts that do not fit": Hostile(lambda: icc((1, 3, b"a"), (1, 3, b"b"), (9, 2, b"c")), None),
    "colour profile of 255 parts": Hostile(lambda: icc(*((n, 255, bytes(60_000)) for n in range(1, 100))), None),
    "colour profile that is none": Hostile(lambda: icc((1, 1, b"acsp" * 5000)), None),
    "exif that points to itself": Hostile(lambda: exif(b"II*\x00\x08\x00\x00\x00\xff\xff" + b"\x12\x01" * 999), None),
    "exif beyond its end": Hostile(lambda: exif(b"MM\x00*\xff\xff\xff\xf0"), None),
    "exif orientation 0": Hostile(lambda: exif(photos.exif(1)[6:].replace(b"\x01\x12", b"\x01\x12")[:-6]), None),
    "jpeg comment that is a page": Hostile(lambda: with_segments((0xFE, JPEG_HTML)), None),
    # ---- one file, two readings
    "jpeg with an archive behind it": Hostile(lambda: photos.PORTRAIT.read_bytes() + b"PK\x05\x06" + bytes(18), None),
    "jpeg with a page behind it": Hostile(lambda: photos.PORTRAIT.read_bytes() + JPEG_HTML, None),
    "page with a jpeg behind it": Hostile(lambda: JPEG_HTML + photos.PORTRAIT.read_bytes(), UnsupportedFormat),
    "gif with a jpeg in it": Hostile(lambda: b"GIF89a" + photos.PORTRAIT.read_bytes(), UnsupportedFormat),
    "svg": Hostile(lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", UnsupportedFormat),
    "pdf": Hostile(lambda: b"%PDF-1.7\n" + photos.PORTRAIT.read_bytes(), UnsupportedFormat),
    # ---- other formats behind a JPEG's name
    **{
        f"{kind.lower()} behind a jpeg's name": Hostile(partial(encoded_as, kind), UnsupportedFormat)
        for kind in ("GIF", "WEBP", "TIFF", "AVIF")
    },
    # ---- sound, and rare
    "cmyk jpeg": Hostile(lambda: photos.cmyk(photos.portrait()), None),
    "progressive jpeg": Hostile(lambda: photos.encoded(photos.portrait(), progressive=True), None),
    "arithmetic jpeg": Hostile(lambda: arithmetic(200), None),
    "16-bit png": Hostile(lambda: photos.png16(photos.portrait()), None),
    "one pixel": Hostile(lambda: packed_png(1, 1, 1, 0), None),
}
