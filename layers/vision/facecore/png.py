"""Rewrites a PNG so that the decoder behind it meets nothing but sound pixel data.

The chunks are walked and their checksums compared, the pixel stream is inflated, which never yields more than the
header announced, and the bare minimum (IHDR, PLTE, tRNS, IDAT, IEND) is put together again, uncompressed. Colour
profiles, texts and animation frames are dropped unread. The pixels go from the one stream to the other block by block,
so that they are held once. Sources: W3C PNG 3rd edition, RFC 1950 and RFC 1951.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import CorruptImage, ImageTooLarge
from .headers import PNG_SIGNATURE, exif_orientation

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_GREY, _RGB, _PALETTE = 0, 2, 3
_BLOCK = 65_535  # the longest stored block of a deflate stream
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


@dataclass(frozen=True, slots=True)
class Clean:
    """A PNG rewritten.

    Attributes:
        data: The file.
        transparent: Whether it decodes to pixels with an alpha.
        hole: The sample of a grey PNG that is transparent, as decoded: of 16 bits where those have as many, else of 8.
            The decoder knows of none.
        orientation: EXIF's, 1 .. 8.
    """

    data: bytearray
    transparent: bool
    hole: int | None
    orientation: int


def sanitise(data: bytes, most: int) -> Clean:
    """Checks a PNG whose header has been read and rewrites it.

    Args:
        data: The whole file, beginning with a valid IHDR.
        most: Bytes, the most that its pixels may take unpacked.

    Raises:
        CorruptImage: A chunk is cut off or altered, the end is missing, or the pixels do not inflate.
        ImageTooLarge: The pixels take more than `most`; nothing was unpacked.
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
    rows = _rows(width, height, depth * _CHANNELS[colour], bool(interlaced))
    if (needed := sum(count * stride for count, stride in rows)) > most:
        raise ImageTooLarge(f"the PNG unpacks to {needed} bytes, at most {most} are read")
    parts = [PNG_SIGNATURE, _chunk(b"IHDR", header)]
    transparent, hole, marked = colour in (4, 6), None, kept.get(b"tRNS", b"")
    if colour == _PALETTE:
        palette = kept.get(b"PLTE", b"")
        if not palette or len(palette) % 3 or len(palette) > 768:
            raise CorruptImage("the PNG has no valid palette")
        parts.append(_chunk(b"PLTE", palette.ljust(3 << depth, b"\x00")[: 3 << depth]))
        if alpha := marked[: 1 << depth]:
            parts.append(_chunk(b"tRNS", alpha))
            transparent = True
    elif colour == _RGB and len(marked) == 6:
        parts.append(_chunk(b"tRNS", marked))
        transparent = True
    elif colour == _GREY and len(marked) == 2:
        hole = int.from_bytes(marked) & ((1 << depth) - 1)  # the specification's words: bits above the depth are 0
        hole = hole * 255 // ((1 << depth) - 1) if depth < 16 else hole
    made = _with_pixels(b"".join(parts), packed, rows)
    return Clean(made, transparent, hole, exif_orientation(kept.get(b"eXIf", b"")))


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


class _Inflater:
    """Inflates a PNG's IDAT chunks a little at a time.

    Args:
        packed: The chunks' bodies.
    """

    def __init__(self, packed: list[bytes]) -> None:
        self._unpack = zlib.decompressobj()
        self._parts = (body[at : at + _BLOCK] for body in packed for at in range(0, len(body), _BLOCK))
        self._part = b""

    def take(self, most: int) -> bytes:
        """The next bytes, at least one and at most this many.

        Raises:
            CorruptImage: There are none, or they do not inflate.
        """
        while True:
            try:
                found = self._unpack.decompress(self._part, most)
            except zlib.error:
                raise CorruptImage("the PNG data does not inflate") from None
            self._part = self._unpack.unconsumed_tail
            if found:
                return found
            if not self._part:
                self._part = next(self._parts, b"")
            if not self._part or self._unpack.eof:
                raise CorruptImage("the PNG data is cut off")


def _with_pixels(head: bytes, packed: list[bytes], rows: list[tuple[int, int]]) -> bytearray:
    """The file of these first chunks, with the pixels in one IDAT of stored blocks."""
    wanted = sum(count * stride for count, stride in rows)
    stream = 2 + wanted + 5 * -(-wanted // _BLOCK) + 4
    made = bytearray(len(head) + 8 + stream + 4 + 12)
    at = start = len(head) + 10
    made[:at] = head + struct.pack(">I4s", stream, b"IDAT") + b"\x78\x01"
    checksum, inflater = 1, _Inflater(packed)
    for left in range(wanted, 0, -_BLOCK):
        length = min(left, _BLOCK)
        made[at : at + 5] = struct.pack("<BHH", left <= _BLOCK, length, length ^ 0xFFFF)
        at, end = at + 5, at + 5 + length
        while at < end:
            piece = inflater.take(end - at)
            made[at : at + len(piece)] = piece
            checksum = zlib.adler32(piece, checksum)
            at += len(piece)
    _check_filters(np.frombuffer(made, np.uint8, offset=start), rows)
    made[at : at + 4] = struct.pack(">I", checksum)
    at += 4
    made[at:] = struct.pack(">I", zlib.crc32(memoryview(made)[len(head) + 4 : at])) + _chunk(b"IEND", b"")
    return made


def _check_filters(stream: npt.NDArray[np.uint8], rows: list[tuple[int, int]]) -> None:
    """Refuses a row filter that does not exist; ``stream`` is stored blocks, five bytes before each."""
    at = 0
    for count, stride in rows:
        firsts = at + stride * np.arange(count, dtype=np.int64)
        if int(stream[firsts + 5 * (firsts // _BLOCK + 1)].max()) > 4:
            raise CorruptImage("the PNG names a row filter that does not exist")
        at += count * stride


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))
