"""Rewrites a PNG so that the decoder behind it meets nothing but sound pixel data.

The chunks are walked and their checksums compared, the pixel stream is inflated, which never yields more than the
header announced, and the bare minimum (IHDR, PLTE, tRNS, IDAT, IEND) is put together again, uncompressed. Colour
profiles, texts and animation frames are dropped unread. Source: W3C PNG 3rd edition.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np

from .errors import CorruptImage
from .headers import PNG_SIGNATURE, exif_orientation

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PALETTE = 3
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def sanitise(data: bytes) -> tuple[bytes, bool, int]:
    """Checks a PNG whose header has been read and rewrites it.

    Args:
        data: The whole file, beginning with a valid IHDR.

    Returns:
        The rewritten file, whether it holds transparency, and the EXIF orientation (1 .. 8).

    Raises:
        CorruptImage: A chunk is cut off or altered, the end is missing, or the pixels do not inflate.
    """
    kept: dict[bytes, bytes] = {}
    packed: list[bytes] = []
    for kind, body in _chunks(data):
        if kind == b"IDAT":
            packed.append(body)
        else:
            kept.setdefault(kind, body)
    header = kept[b"IHDR"]
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    pixels = _inflate(packed, _rows(width, height, depth * _CHANNELS[colour], bool(interlaced)))
    parts = [PNG_SIGNATURE, _chunk(b"IHDR", header)]
    transparent = colour in (4, 6)
    if colour == _PALETTE:
        palette = kept.get(b"PLTE", b"")
        if not palette or len(palette) % 3 or len(palette) > 768:
            raise CorruptImage("the PNG has no valid palette")
        parts.append(_chunk(b"PLTE", palette.ljust(3 << depth, b"\x00")[: 3 << depth]))
        if alpha := kept.get(b"tRNS", b"")[: 1 << depth]:
            parts.append(_chunk(b"tRNS", alpha))
            transparent = True
    elif colour == 2 and len(kept.get(b"tRNS", b"")) == 6:
        parts.append(_chunk(b"tRNS", kept[b"tRNS"]))
        transparent = True
    parts += [_chunk(b"IDAT", zlib.compress(pixels, 0)), _chunk(b"IEND", b"")]
    return b"".join(parts), transparent, exif_orientation(kept.get(b"eXIf", b""))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG_SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length
        if at > len(data):
            break
        if zlib.crc32(body, zlib.crc32(kind)) != struct.unpack_from(">I", data, at - 4)[0]:
            raise CorruptImage("a PNG chunk does not match its checksum")
        if kind == b"IEND":
            return
        yield kind, body
    raise CorruptImage("the PNG data is cut off")


def _rows(width: int, height: int, bits: int, interlaced: bool) -> list[tuple[int, int]]:
    """(number of rows, bytes of a row with its filter byte) for every pass."""
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    sizes = (((width - x + dx - 1) // dx, (height - y + dy - 1) // dy) for x, y, dx, dy in passes)
    return [(rows, (columns * bits + 7) // 8 + 1) for columns, rows in sizes if columns > 0 and rows > 0]


def _inflate(packed: list[bytes], rows: list[tuple[int, int]]) -> bytes:
    wanted = sum(count * stride for count, stride in rows)
    try:
        pixels = zlib.decompressobj().decompress(b"".join(packed), wanted)
    except zlib.error:
        raise CorruptImage("the PNG data does not inflate") from None
    if len(pixels) < wanted:
        raise CorruptImage("the PNG data is cut off")
    at = 0
    for count, stride in rows:
        filters = np.frombuffer(pixels, np.uint8, count * stride, at)[::stride]
        if int(filters.max()) > 4:
            raise CorruptImage("the PNG names a row filter that does not exist")
        at += count * stride
    return pixels


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))
