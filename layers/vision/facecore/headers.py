"""What a photo's first bytes say of it, read without decoding anything.

Sources: ITU-T T.81 (JPEG), W3C PNG 3rd edition, the BITMAPINFOHEADER family and OS/2's BITMAPCOREHEADER, CIPA DC-008
(EXIF). Only lengths that the file states are followed, so the time is linear in the number of bytes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from .errors import CorruptImage, UnsupportedFormat

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_SCANS = 64  # scans of a progressive JPEG; writers use about ten, each scan costs a pass over all pixels

_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})
_EOI, _SOS, _APP0, _APP1 = 0xD9, 0xDA, 0xE0, 0xE1
_MARKER = re.compile(rb"\xff[^\x00\xff]")
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_ORIENTATION_TAG = 0x0112
_PNG_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_BMP_INFO_SIZES = (16, 40, 52, 56, 64, 108, 124)
_BMP_DEPTHS = {0: (1, 4, 8, 16, 24, 32), 1: (8,), 2: (4,), 3: (16, 32), 6: (16, 32)}


class Format(StrEnum):
    """The photo formats that are read."""

    JPEG = "JPEG"
    PNG = "PNG"
    BMP = "BMP"


@dataclass(frozen=True, slots=True)
class Header:
    """A photo's header.

    Attributes:
        format: What the magic bytes say.
        width: Stored columns, >= 1, before any orientation is applied.
        height: Stored rows, >= 1.
        orientation: EXIF orientation, 1 .. 8; 1 where there is none or it makes no sense.
        scans: How often a decoder goes over the pixels: a progressive JPEG's scans, else 1.
    """

    format: Format
    width: int
    height: int
    orientation: int = 1
    scans: int = 1


def sniff(data: bytes) -> Format:
    """Tells the format by the magic bytes alone; names and content types lie.

    Raises:
        UnsupportedFormat: Neither JPEG, PNG nor BMP.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if data.startswith(PNG_SIGNATURE):
        return Format.PNG
    if data.startswith(b"BM"):
        return Format.BMP
    raise UnsupportedFormat("not a JPEG, PNG or BMP file")


def read_header(data: bytes) -> Header:
    """Reads size and orientation without decoding.

    Args:
        data: The whole file.

    Raises:
        UnsupportedFormat: Neither JPEG, PNG nor BMP, or a BMP that only wraps another format.
        CorruptImage: The header is cut off or contradicts its format.
    """
    kind = sniff(data)
    try:
        header = {Format.JPEG: _read_jpeg, Format.PNG: _read_png, Format.BMP: _read_bmp}[kind](data)
    except (struct.error, IndexError):
        raise CorruptImage(f"the {kind} header is cut off") from None
    if header.width < 1 or header.height < 1:
        raise CorruptImage(f"the {kind} header states a size of {header.width} x {header.height}")
    return header


def tidied(data: bytes) -> bytes:
    """A JPEG without what decoders pass over but complain of.

    That is what lies between its header segments, and a JFIF version other than 1.

    Raises:
        CorruptImage: A segment is cut off or shorter than its own length.
    """
    kept = [data[:2]]
    for marker, start, end in _jpeg_segments(data):
        if marker == _SOS:
            return b"".join([*kept, data[start - 2 :]])
        body = data[start:end]
        if marker == _APP0 and body.startswith(b"JFIF\x00", 2):
            body = body[:7] + b"\x01" + body[8:]
        kept += [bytes((0xFF, marker)), body]
    return data


def has_end(data: bytes) -> bool:
    """Whether a JPEG's end marker follows its last scan; an end within metadata or appended data does not count.

    Raises:
        CorruptImage: A segment is cut off or shorter than its own length.
    """
    at = 2
    for _, _, end in _jpeg_segments(data):
        at = end
    return _MARKER_IN_SCAN.search(data, at) is not None  # the segments stop at an end or where no marker is left


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, start, end) of every segment that states a length, from the first to the end of the photo.

    Stray bytes between segments are passed over, and so is what is coded after a scan's header.
    """
    at, marker = 2, 0
    while True:
        found = (_MARKER_IN_SCAN if marker == _SOS else _MARKER).search(data, at)
        if found is None or data[found.end() - 1] == _EOI:
            return
        at = found.end()
        if data[at - 1] in _STANDALONE:
            continue
        marker = data[at - 1]
        length = int.from_bytes(data[at : at + 2], "big")
        if length < 2:
            raise CorruptImage("a JPEG segment is cut off or shorter than its own length")
        yield marker, at, at + length
        at += length


def _read_jpeg(data: bytes) -> Header:
    size: tuple[int, int] | None = None
    orientation, scans, progressive = 1, 0, False
    for marker, start, end in _jpeg_segments(data):
        if marker in _SOF:
            if size is not None:
                raise CorruptImage("the JPEG has two frame headers")
            _, height, width, _ = struct.unpack_from(">BHHB", data, start + 2)
            size, progressive = (width, height), marker in _PROGRESSIVE
        elif marker == _APP1 and orientation == 1 and data.startswith(b"Exif\x00\x00", start + 2):
            orientation = exif_orientation(data[start + 8 : end])
        elif marker == _SOS:
            if size is None:
                raise CorruptImage("the JPEG has no frame header before its data")
            scans += 1
            if scans > MAX_SCANS:
                raise CorruptImage(f"the JPEG has more than {MAX_SCANS} scans")
            if not progressive:
                break
    if size is None or not scans:
        raise CorruptImage("the JPEG ends before its data")
    return Header(Format.JPEG, *size, orientation, scans)


def _read_png(data: bytes) -> Header:
    if data[12:16] != b"IHDR" or struct.unpack_from(">I", data, 8)[0] != 13:
        raise CorruptImage("the PNG does not begin with its header chunk")
    width, height, depth, colour, packing, filtering, interlace = struct.unpack_from(">IIBBBBB", data, 16)
    if depth not in _PNG_DEPTHS.get(colour, ()) or packing or filtering or interlace > 1:
        raise CorruptImage("the PNG header states a pixel layout that does not exist")
    return Header(Format.PNG, width, height)


def _read_bmp(data: bytes) -> Header:
    start, size = struct.unpack_from("<II", data, 10)
    compression = 0
    if size == 12:
        width, height, _, depth = struct.unpack_from("<HHHH", data, 18)
    elif size in _BMP_INFO_SIZES:
        width, height, _, depth = struct.unpack_from("<iiHH", data, 18)
        compression = struct.unpack_from("<I", data, 30)[0] if size >= 40 else 0
    else:
        raise CorruptImage(f"no BMP header is {size} bytes long")
    if compression in (4, 5):
        raise UnsupportedFormat("a BMP that wraps a JPEG or PNG")
    if depth not in _BMP_DEPTHS.get(compression, ()):
        raise CorruptImage("the BMP header states a pixel layout that does not exist")
    height = abs(height)  # negative: the rows are stored from the top down
    if width < 1:
        raise CorruptImage(f"the BMP header states a width of {width}")
    if compression not in (1, 2) and start + (width * depth + 31) // 32 * 4 * height > len(data):
        raise CorruptImage("the BMP data is cut off")
    return Header(Format.BMP, width, height)


def exif_orientation(tiff: bytes) -> int:
    """Reads the orientation tag of an EXIF block.

    Args:
        tiff: The block from its byte-order mark on.

    Returns:
        1 .. 8; 1 where the tag is missing, out of range or the block is damaged.
    """
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (first,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, first)
        for entry in range(first + 2, first + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", tiff, entry)
            if tag == _ORIENTATION_TAG and kind == 3:
                value: int = struct.unpack_from(order + "H", tiff, entry + 8)[0]
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
