"""Photos for the tests, made from the two real ones in tests/data (see the credits there)."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]

DATA = Path(__file__).parent / "data"
PORTRAIT = DATA / "eileen_collins.jpg"
NO_FACE = DATA / "coffee.jpg"

# Read off the portrait by eye, pixels: (x, y), image left before image right.
EYES = ((203, 101), (246, 104))
NOSE = (226, 127)
MOUTH = ((204, 141), (245, 140))
CHIN = (226, 178)
FACE = (182, 82, 85, 97)  # left, top, width, height: hairline to chin


# ---- pixels


@cache
def _stored(path: Path) -> Pixels:
    return np.ascontiguousarray(np.asarray(Image.open(path).convert("RGB"))[:, :, ::-1])


def portrait() -> Pixels:
    """The portrait, 512 x 512, BGR."""
    return _stored(PORTRAIT).copy()


def no_face() -> Pixels:
    """The coffee cup, 400 rows x 600 columns, BGR."""
    return _stored(NO_FACE).copy()


def wide(width: int = 1280, height: int = 720) -> Pixels:
    """The portrait as a camera frame of the given size, its surroundings continued by mirroring."""
    scale = height / 512
    inner = cv2.resize(portrait(), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    left = (width - inner.shape[1]) // 2
    right = width - inner.shape[1] - left
    return cv2.copyMakeBorder(inner, 0, 0, left, right, cv2.BORDER_REFLECT_101)  # type: ignore[return-value]


def rotated(degrees: float) -> Pixels:
    """Turned clockwise about its centre."""
    return _warp(cv2.getRotationMatrix2D((255.5, 255.5), -degrees, 1.0))


def darkened(factor: float = 0.15) -> Pixels:
    return (portrait() * factor).astype(np.uint8)


def blurred(sigma: float = 6.0) -> Pixels:
    return cv2.GaussianBlur(portrait(), (0, 0), sigma)  # type: ignore[return-value]


def occluded(*parts: str) -> Pixels:
    """Grey patches over left_eye, right_eye (the subject's), nose, mouth or chin."""
    image = portrait()
    patches = {
        "right_eye": (EYES[0], (20, 13)),
        "left_eye": (EYES[1], (20, 13)),
        "nose": (NOSE, (13, 12)),
        "mouth": (((MOUTH[0][0] + MOUTH[1][0]) // 2, 143), (28, 13)),
        "chin": ((CHIN[0], CHIN[1] - 8), (28, 12)),
    }
    for part in parts:
        (x, y), (across, down) = patches[part]
        cv2.rectangle(image, (x - across, y - down), (x + across, y + down), (96, 104, 112), cv2.FILLED)
    return image


def cut_off() -> Pixels:
    """Half of the face runs out of the photo at the image left."""
    return portrait()[:, NOSE[0] :].copy()


def recaptured(seed: int = 0) -> Pixels:
    """A print of the portrait held before a camera: dots, paper white, tilt, a margin, soft focus, sensor noise."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:512, 0:512]
    dots = 0.5 + 0.25 * (np.cos(rows * 2.1 + columns * 0.7) + np.cos(columns * 2.1 - rows * 0.7))
    ink = portrait().astype(np.float32) * 0.62 + 58
    print_ = ink + (dots[:, :, None] - 0.5) * 34
    corners = np.array([[0, 0], [511, 0], [511, 511], [0, 511]], np.float32)
    tilted = np.array([[70, 52], [452, 38], [470, 468], [52, 452]], np.float32)
    desk = np.full((512, 512, 3), (52, 60, 70), np.float32)
    matrix = cv2.getPerspectiveTransform(corners, tilted)
    paper = cv2.warpPerspective(np.full_like(desk, 232), matrix, (512, 512))
    shown = cv2.warpPerspective(print_, matrix, (512, 512), flags=cv2.INTER_AREA)
    shot = np.where(paper > 0, shown, desk)
    shot = cv2.GaussianBlur(shot, (0, 0), 0.9) + random.normal(0, 3.5, desk.shape)
    return np.clip(shot, 0, 255).astype(np.uint8)


def several(count: int = 4) -> Pixels:
    """``count`` faces in a row, each smaller than the one before, none touching another."""
    left, top, width, height = FACE
    face = portrait()[max(top - 80, 0) : top + height + 60, left - 60 : left + width + 60]
    tiles = []
    for index in range(count):
        scale = 1.6 * 0.8**index
        tile = cv2.resize(face, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        tiles.append(tile)
    most = max(tile.shape[0] for tile in tiles)
    padded = [
        cv2.copyMakeBorder(t, 0, most - t.shape[0], 0, 0, cv2.BORDER_CONSTANT, value=(190, 190, 190)) for t in tiles
    ]
    return np.hstack(padded)


def _warp(matrix: Any) -> Pixels:
    return cv2.warpAffine(  # type: ignore[return-value]
        portrait(), matrix, (512, 512), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )


# ---- files


def encoded(pixels: Pixels, kind: str = "JPEG", **options: Any) -> bytes:
    """A file of the given Pillow format; JPEGs at quality 95 unless told."""
    if kind == "JPEG":
        options = {"quality": 95} | options
    stream = io.BytesIO()
    image(pixels).save(stream, kind, **options)
    return stream.getvalue()


def image(pixels: Pixels) -> Image.Image:
    """BGR or grey pixels as a Pillow image."""
    return Image.fromarray(np.ascontiguousarray(pixels[:, :, ::-1]) if pixels.ndim == 3 else pixels)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def exif(orientation: int) -> bytes:
    """An EXIF block as Pillow's ``exif=`` takes it."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


# What a camera stores so that turning it by the tag gives the upright photo.
_STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def with_orientation(pixels: Pixels, orientation: int, kind: str = "JPEG") -> bytes:
    """``pixels`` stored turned, with the EXIF tag that turns them upright again."""
    how = _STORED_AS[orientation]
    picture = image(pixels)
    turned = picture if how is None else picture.transpose(how)
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    return saved(turned, kind, exif=exif(orientation), **options)


def cmyk(pixels: Pixels) -> bytes:
    return saved(image(pixels).convert("CMYK"), "JPEG", quality=95)


def flat_jpeg(width: int, height: int, *samplings: tuple[int, int]) -> bytes:
    """A baseline JPEG of middle grey with any (across, down) sampling for its components.

    Every block is two bits: no change of its mean, and no detail; the two code tables hold one code each.
    """
    most_across, most_down = (max(s[axis] for s in samplings) for axis in (0, 1))
    units = -(-width // (8 * most_across)) * -(-height // (8 * most_down))
    if len(samplings) == 1:  # one component is not interleaved: a unit is a block, whatever its sampling
        units, samplings = -(-width // 8) * -(-height // 8), ((1, 1),)
    bits = 2 * units * sum(across * down for across, down in samplings)
    data = bytearray(-(-bits // 8))
    if bits % 8:
        data[-1] = (1 << (8 - bits % 8)) - 1
    frame = struct.pack(">BHHB", 8, height, width, len(samplings))
    frame += b"".join(bytes((i + 1, across << 4 | down, 0)) for i, (across, down) in enumerate(samplings))
    scan = bytes((len(samplings),)) + b"".join(bytes((i + 1, 0)) for i in range(len(samplings))) + b"\x00\x3f\x00"
    one_code = b"\x01" + bytes(15) + b"\x00"
    segments = (
        (0xDB, b"\x00" + b"\x01" * 64),
        (0xC0, frame),
        (0xC4, b"\x00" + one_code),
        (0xC4, b"\x10" + one_code),
        (0xDA, scan),
    )
    head = b"".join(struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body for kind, body in segments)
    return b"\xff\xd8" + head + bytes(data) + b"\xff\xd9"


def png16(pixels: Pixels) -> bytes:
    """RGB of 16 bits a sample."""
    ok, data = cv2.imencode(".png", pixels.astype(np.uint16) * 257)
    assert ok
    return data.tobytes()


def palette(pixels: Pixels, colours: int = 256, **options: Any) -> bytes:
    return saved(image(pixels).quantize(colours), "PNG", **options)


def transparent(pixels: Pixels, alpha: Pixels) -> bytes:
    picture = image(pixels)
    picture.putalpha(Image.fromarray(alpha))
    return saved(picture, "PNG")


def interlaced(pixels: Pixels) -> bytes:
    """An Adam7 PNG, which Pillow reads but does not write."""
    height, width = pixels.shape[:2]
    rgb = np.ascontiguousarray(pixels[:, :, ::-1])
    steps = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    raw = bytearray()
    for x, y, dx, dy in steps:
        for row in rgb[y::dy, x::dx]:
            if row.size:
                raw += b"\x00" + row.tobytes()
    return png((width, height, 8, 2, 0, 0, 1), bytes(raw))


def png(header: tuple[int, int, int, int, int, int, int], raw: bytes, *between: tuple[bytes, bytes]) -> bytes:
    """A PNG of given IHDR values and unpacked rows, with further chunks before the data."""
    return packed_png(header, zlib.compress(raw, 9), *between)


def packed_png(header: tuple[int, ...], packed: bytes, *between: tuple[bytes, bytes]) -> bytes:
    """The same of rows that are packed already."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", *header)), *between, (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in chunks)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@cache
def bomb(side: int = 16000) -> bytes:
    """A well-formed PNG of side x side black pixels: hundreds of kilobytes that unpack to hundreds of megabytes."""
    packer, row = zlib.compressobj(9), bytes(side * 3 + 1)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return packed_png((side, side, 8, 2, 0, 0, 0), packed)


def bmp(pixels: Pixels, depth: int = 24, top_down: bool = False, core: bool = False) -> bytes:
    """A BMP of 24 or 32 bits a pixel (the fourth byte zero), or 16 bits (565)."""
    height, width = pixels.shape[:2]
    masks = b""
    compression = 0
    if depth == 24:
        rows = pixels
    elif depth == 32:
        rows = np.dstack([pixels, np.zeros((height, width), np.uint8)])
    else:
        blue, green, red = (pixels[:, :, i].astype(np.uint16) for i in range(3))
        rows = ((red >> 3) << 11 | (green >> 2) << 5 | blue >> 3).astype("<u2").view(np.uint8).reshape(height, -1)
        masks, compression = struct.pack("<III", 0xF800, 0x07E0, 0x001F), 3
    flat = rows.reshape(height, -1)
    flat = np.pad(flat, ((0, 0), (0, -flat.shape[1] % 4)))
    body = (flat if top_down else flat[::-1]).tobytes()
    if core:
        header = struct.pack("<IHHHH", 12, width, height, 1, depth)
    else:
        signed = -height if top_down else height
        header = struct.pack("<IiiHHIIiiII", 40, width, signed, 1, depth, compression, len(body), 2835, 2835, 0, 0)
    start = 14 + len(header) + len(masks)
    return struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start) + header + masks + body


def rle8(side: int = 64) -> bytes:
    """A run-length BMP: ``side`` rows of one run each, row r of the grey value 4 r, from the bottom up."""
    colours = b"".join(bytes((v, v, v, 0)) for v in range(256))
    body = b"".join(bytes((side, row * 4 % 256, 0, 0)) for row in range(side)) + b"\x00\x01"
    start = 14 + 40 + len(colours)
    header = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(body), 0, 0, 256, 0)
    return struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start) + header + colours + body
