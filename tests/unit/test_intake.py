from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np
import pytest

from facecore.errors import ImageTooLarge, UnsupportedFormat
from facecore.headers import exif_orientation
from facecore.intake import Photo, read_photo
from tests import photos


def difference(photo: Photo, pixels: photos.Pixels) -> float:
    assert photo.bgr.shape == pixels.shape
    return float(np.abs(photo.bgr.astype(int) - pixels).mean())


def test_the_portrait_reads_as_it_is() -> None:
    photo = read_photo(photos.PORTRAIT.read_bytes())
    assert (photo.width, photo.height, photo.scale) == (512, 512, 1.0)
    assert photo.bgr.dtype == np.uint8
    assert photo.bgr.flags["C_CONTIGUOUS"]
    assert difference(photo, photos.portrait()) < 0.5


# ---- formats

Maker = Callable[[photos.Pixels], bytes]

LOSSLESS: dict[str, Maker] = {
    "png": lambda p: photos.encoded(p, "PNG"),
    "interlaced png": photos.interlaced,
    "16-bit png": photos.png16,
    "24-bit bmp": photos.bmp,
    "32-bit bmp": lambda p: photos.bmp(p, 32),
    "top-down bmp": lambda p: photos.bmp(p, top_down=True),
    "OS/2 bmp": lambda p: photos.bmp(p, core=True),
    "bmp by another writer": lambda p: photos.encoded(p, "BMP"),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_formats_give_the_very_pixels(name: str) -> None:
    pixels = photos.wide(333, 217)
    photo = read_photo(LOSSLESS[name](pixels))
    assert (photo.width, photo.height) == (333, 217)
    assert difference(photo, pixels) == 0


LOSSY: dict[str, Maker] = {
    "baseline": lambda p: photos.encoded(p),
    "progressive": lambda p: photos.encoded(p, progressive=True),
    "restart markers": lambda p: photos.encoded(p, restart_marker_rows=1),
    "4:4:4": lambda p: photos.encoded(p, subsampling=0),
    "cmyk": photos.cmyk,
    "palette png": photos.palette,
    "16-bit bmp": lambda p: photos.bmp(p, 16),
}


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_formats_give_nearly_the_pixels(name: str) -> None:
    pixels = photos.portrait()
    assert difference(read_photo(LOSSY[name](pixels)), pixels) < 6


@pytest.mark.parametrize("name", LOSSY)
@pytest.mark.parametrize("needed", [1600, 100])
def test_a_spare_byte_changes_no_pixel(name: str, needed: int) -> None:
    data = LOSSY[name](photos.portrait())
    plain, spare = read_photo(data, needed_side=needed), read_photo(data, needed_side=needed, spare=True)
    assert (spare.bgr[:, :, :3] == plain.bgr).all()
    assert spare.bgr.shape[2] == (3 if name in ("palette png", "16-bit bmp") else 4)
    assert (spare.width, spare.height, spare.scale) == (plain.width, plain.height, plain.scale)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_with_a_spare_byte_are_turned_as_others(orientation: int) -> None:
    data = photos.with_orientation(photos.wide(160, 120), orientation)
    spare = read_photo(data, spare=True).bgr
    assert spare.flags["C_CONTIGUOUS"]
    assert (spare[:, :, :3] == read_photo(data).bgr).all()


def test_grey_becomes_three_equal_channels() -> None:
    grey = photos.portrait()[:, :, 1]
    for data in (photos.encoded(grey, "PNG"), photos.encoded(grey, "BMP"), photos.encoded(grey)):
        bgr = read_photo(data).bgr
        assert (bgr[:, :, 0] == bgr[:, :, 2]).all()
        assert float(np.abs(bgr[:, :, 0].astype(int) - grey).mean()) < 3


def test_one_bit_png() -> None:
    data = photos.saved(photos.image(photos.portrait()).convert("1"), "PNG")
    assert set(np.unique(read_photo(data).bgr)) == {0, 255}


def test_run_length_bmp() -> None:
    photo = read_photo(photos.rle8(64))
    assert photo.bgr[:, 0, 0].tolist() == [row * 4 for row in reversed(range(64))]


def test_transparency_shows_white() -> None:
    pixels = photos.portrait()
    alpha = np.full((512, 512), 255, np.uint8)
    alpha[:100], alpha[100:200] = 0, 128
    bgr = read_photo(photos.transparent(pixels, alpha)).bgr
    assert (bgr[:100] == 255).all()
    assert np.abs(bgr[100:200].astype(int) - (pixels[100:200] * (128 / 255) + 127)).max() <= 1.5
    assert (bgr[200:] == pixels[200:]).all()


def test_transparent_palette_entry_shows_white() -> None:
    rgb = bytes((10, 20, 30, 40, 50, 60))
    rows = b"\x00\x00\x01" * 2
    data = photos.png((2, 2, 8, 3, 0, 0, 0), rows, (b"PLTE", rgb), (b"tRNS", b"\x00"))
    assert read_photo(data).bgr.tolist() == [[[255, 255, 255], [60, 50, 40]]] * 2


@pytest.mark.parametrize(
    ("depth", "row", "hole", "shown"),
    [
        (1, b"\x0f", 0, [255] * 8),
        (2, b"\x1b", 2, [0, 85, 255, 255]),
        (4, b"\x5a", 5, [255, 170]),
        (8, b"\x07\x09", 9, [7, 255]),
        (16, b"\x12\x34\x12\x35", 0x1235, [18, 255]),
    ],
)
def test_a_transparent_grey_shows_white(depth: int, row: bytes, hole: int, shown: list[int]) -> None:
    mark = struct.pack(">H", hole)
    data = photos.png((len(shown), 1, depth, 0, 0, 0, 0), b"\x00" + row, (b"tRNS", mark))
    assert read_photo(data).bgr.tolist() == [[[value] * 3 for value in shown]]


def test_palette_index_past_the_palette_is_black_and_silent(capfd: pytest.CaptureFixture[str]) -> None:
    data = photos.png((2, 1, 8, 3, 0, 0, 0), b"\x00\x00\x09", (b"PLTE", bytes((10, 20, 30))))
    assert read_photo(data).bgr.tolist() == [[[30, 20, 10], [0, 0, 0]]]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "AVIF", "JPEG2000", "PPM"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(UnsupportedFormat):
        read_photo(photos.encoded(photos.portrait(), kind, **({} if kind != "AVIF" else {"speed": 10})))


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"GIF89a", b"\x89PNG", b"<svg/>", bytes(100)])
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat):
        read_photo(data)


def test_a_bmp_that_wraps_a_jpeg_is_refused() -> None:
    data = bytearray(photos.bmp(photos.portrait()))
    struct.pack_into("<I", data, 30, 4)
    with pytest.raises(UnsupportedFormat):
        read_photo(bytes(data))


# ---- orientation


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(orientation: int, kind: str) -> None:
    pixels = photos.wide(320, 240)
    photo = read_photo(photos.with_orientation(pixels, orientation, kind))
    assert (photo.width, photo.height, photo.scale) == (320, 240, 1.0)
    assert photo.bgr.flags["C_CONTIGUOUS"]
    assert difference(photo, pixels) < 3


def test_orientation_and_reduction_together() -> None:
    pixels = photos.wide(640, 480)
    photo = read_photo(photos.with_orientation(pixels, 6), needed_side=160)
    assert (photo.width, photo.height, photo.scale) == (640, 480, 0.25)
    assert photo.bgr.shape == (120, 160, 3)


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II*\x00",
        b"XX*\x00\x08\x00\x00\x00",
        b"II*\x00\xff\xff\xff\xff",
        b"II*\x00\x08\x00\x00\x00\xff\xff",
        b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x09\x00\x00\x00",
        b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00",
    ],
)
def test_broken_exif_means_upright(block: bytes) -> None:
    assert exif_orientation(block) == 1


def test_exif_of_both_byte_orders() -> None:
    little = b"II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"
    big = b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x08\x00\x00"
    assert (exif_orientation(little), exif_orientation(big)) == (6, 8)


# ---- size


@pytest.mark.parametrize("make", [photos.encoded, lambda p: photos.encoded(p, "PNG"), photos.bmp])
def test_pixel_cap_is_exact(make: Maker) -> None:
    data = make(photos.wide(320, 240))
    assert read_photo(data, max_pixels=320 * 240).width == 320
    with pytest.raises(ImageTooLarge):
        read_photo(data, max_pixels=320 * 240 - 1)


def test_a_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(ImageTooLarge):
        read_photo(photos.bomb(16000))


def test_a_refused_bomb_is_not_unpacked() -> None:
    head = photos.bomb(64)[:33].replace(struct.pack(">II", 64, 64), struct.pack(">II", 100_000, 100_000))
    with pytest.raises(ImageTooLarge):  # there are no pixels behind this header at all
        read_photo(head)


def test_absurdly_many_bytes_are_refused() -> None:
    with pytest.raises(ImageTooLarge):
        read_photo(photos.PORTRAIT.read_bytes() + bytes(40_000_000), max_pixels=512 * 512)


def test_a_side_beyond_what_cameras_make_is_refused() -> None:
    with pytest.raises(ImageTooLarge):
        read_photo(photos.png((70_000, 1, 8, 0, 0, 0, 0), bytes(70_001)))


@pytest.mark.parametrize(
    ("needed", "step"), [(0, 1), (1000, 1), (601, 1), (600, 2), (301, 2), (300, 4), (150, 8), (10, 8)]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP"])
def test_reduction_leaves_the_needed_side(needed: int, step: int, kind: str) -> None:
    photo = read_photo(photos.encoded(photos.wide(1201, 902), kind), needed_side=needed)
    assert (photo.width, photo.height) == (1201, 902)
    assert photo.bgr.shape == (-(-902 // step), -(-1201 // step), 3)
    assert photo.scale == pytest.approx(1 / step, rel=0.01)
    assert photo.bgr.shape[1] >= min(needed, 1201)


def test_the_default_keeps_usual_photos_native() -> None:
    assert read_photo(photos.encoded(photos.wide(1920, 1080))).scale == 1
    assert read_photo(photos.encoded(photos.wide(4000, 3000), quality=60)).scale == 0.5
