from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facecore.errors import CorruptImage, ImageError, ImageTooLarge, UnsupportedFormat
from facecore.headers import MAX_SCANS, Format, exif_orientation, read_header
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


# ---- damage


def truncations(data: bytes) -> list[bytes]:
    return [data[: len(data) * part // 16] for part in range(1, 16)] + [data[:-1], data[:-2], data[:-13]]


@pytest.mark.parametrize(
    "data",
    [
        photos.encoded(photos.portrait()),
        photos.encoded(photos.portrait(), progressive=True),
        photos.encoded(photos.portrait(), "PNG"),
        photos.bmp(photos.portrait()),
    ],
    ids=["jpeg", "progressive", "png", "bmp"],
)
def test_truncated_photos_are_corrupt(data: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    for cut in truncations(data):
        with pytest.raises(CorruptImage):
            read_photo(cut)
    assert capfd.readouterr().err == ""


def test_a_cut_jpeg_with_an_end_glued_on_is_corrupt(capfd: pytest.CaptureFixture[str]) -> None:
    for data in (photos.encoded(photos.portrait()), photos.encoded(photos.portrait(), progressive=True)):
        with pytest.raises(CorruptImage):
            read_photo(data[: len(data) // 2] + b"\xff\xd9")
        with pytest.raises(CorruptImage):
            read_photo(data[: len(data) // 2] + data[len(data) // 2 + 700 :])
    assert capfd.readouterr().err == ""


def test_an_altered_png_byte_is_corrupt(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(photos.encoded(photos.portrait(), "PNG"))
    data[len(data) // 2] ^= 0x55
    with pytest.raises(CorruptImage):
        read_photo(bytes(data))
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x00" * 10, b"\x05" + b"\x00" * 192, b"\x00" * 193 + b"\x09" + b"\x00" * (193 * 62 + 192)],
    ids=["none", "short", "bad filter", "bad filter later"],
)
def test_png_with_sound_checksums_and_bad_pixels_is_corrupt(raw: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CorruptImage):
        read_photo(photos.png((64, 64, 8, 2, 0, 0, 0), raw))
    assert capfd.readouterr().err == ""


def test_png_whose_stream_is_no_zlib_is_corrupt(capfd: pytest.CaptureFixture[str]) -> None:
    head = photos.encoded(photos.portrait(), "PNG")[:33]
    with pytest.raises(CorruptImage):
        read_photo(head + photos.chunk(b"IDAT", b"nothing of the kind") + photos.chunk(b"IEND", b""))
    assert capfd.readouterr().err == ""


def test_png_that_inflates_past_its_size_reads_no_further() -> None:
    data = photos.png((2, 2, 8, 0, 0, 0, 0), b"\x00\x01\x02" * 2 + bytes(50_000_000))
    assert read_photo(data).bgr[:, :, 0].tolist() == [[1, 2], [1, 2]]


def test_an_odd_colour_profile_is_dropped_unread(capfd: pytest.CaptureFixture[str]) -> None:
    profile = b"x\x00\x00" + zlib.compress(b"no profile" * 1000)
    data = photos.png((1, 1, 8, 2, 0, 0, 0), b"\x00\x01\x02\x03", (b"iCCP", profile), (b"gAMA", b"\x00"))
    assert read_photo(data).bgr.tolist() == [[[3, 2, 1]]]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("make", [photos.encoded, lambda p: photos.encoded(p, "PNG"), photos.bmp])
@pytest.mark.parametrize("tail", [b"\x00" * 4096, b"MotionPhoto_Data" + b"\xff\xda\xff\xc0" * 500])
def test_appended_bytes_do_no_harm(make: Maker, tail: bytes) -> None:
    data = make(photos.portrait())
    assert (read_photo(data + tail).bgr == read_photo(data).bgr).all()


def test_stray_bytes_between_jpeg_segments_do_no_harm() -> None:
    data = photos.encoded(photos.portrait())
    at = data.index(b"\xff\xdb")
    assert (read_photo(data[:at] + b"\x00\x01\x02" + data[at:]).bgr == read_photo(data).bgr).all()


@pytest.mark.parametrize(
    "luma", [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4), (4, 2), (2, 4), (3, 1), (1, 3), (3, 2)]
)
def test_every_sampling_is_read(luma: tuple[int, int], capfd: pytest.CaptureFixture[str]) -> None:
    photo = read_photo(photos.flat_jpeg(97, 51, luma, (1, 1), (1, 1)))
    assert photo.bgr.shape == (51, 97, 3)
    assert (photo.bgr == 128).all()
    assert read_photo(photos.flat_jpeg(97, 51, luma, (1, 1), (1, 1)), needed_side=24).bgr.shape == (13, 25, 3)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("parts", [1, 4])
def test_one_and_four_component_jpegs_are_read(parts: int) -> None:
    assert read_photo(photos.flat_jpeg(40, 30, *[(1, 1)] * parts)).bgr.shape == (30, 40, 3)


def test_two_component_jpegs_are_corrupt() -> None:
    with pytest.raises(CorruptImage):
        read_photo(photos.flat_jpeg(40, 30, (1, 1), (1, 1)))


def frame_header(data: bytes) -> int:
    found = re.search(rb"\xff[\xc0\xc2]\x00\x11\x08", data)
    assert found
    return found.start()


def jpeg_with(at_frame: int, value: bytes) -> bytes:
    data = photos.encoded(photos.portrait())
    at = frame_header(data) + at_frame
    return data[:at] + value + data[at + len(value) :]


@pytest.mark.parametrize(
    "data",
    [
        jpeg_with(4, b"\x0c"),
        jpeg_with(5, b"\x00\x00"),
        jpeg_with(7, b"\x00\x00"),
        jpeg_with(9, b"\x07"),
        jpeg_with(1, b"\xc3"),
        jpeg_with(1, b"\xc9"),
        jpeg_with(2, b"\x00\x00"),
        jpeg_with(5, b"\x08\x00"),
        jpeg_with(0, photos.encoded(photos.portrait())[:20]),
    ],
    ids=["12 bit", "no rows", "no columns", "7 parts", "lossless", "arithmetic", "length 0", "more rows", "two starts"],
)
def test_contradictory_jpeg_headers_are_corrupt(data: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CorruptImage):
        read_photo(data)
    assert capfd.readouterr().err == ""


def test_two_frame_headers_are_corrupt() -> None:
    data = photos.encoded(photos.portrait())
    at = frame_header(data)
    small = data[at : at + 5] + b"\x00\x08\x00\x08" + data[at + 9 : at + 19]
    with pytest.raises(CorruptImage):
        read_photo(data[:at] + small + data[at:])


def test_endless_scans_are_refused() -> None:
    data = photos.encoded(photos.portrait(), progressive=True)
    at = data.rindex(b"\xff\xda")
    last = data[at:-2]
    assert read_photo(data[:at] + last + b"\xff\xd9").width == 512
    with pytest.raises(CorruptImage, match="scans"):
        read_photo(data[:at] + last * MAX_SCANS + b"\xff\xd9")


@pytest.mark.parametrize(
    "header",
    [
        (0, 1, 8, 2, 0, 0, 0),
        (1, 0, 8, 2, 0, 0, 0),
        (1, 1, 3, 2, 0, 0, 0),
        (1, 1, 8, 5, 0, 0, 0),
        (1, 1, 8, 2, 1, 0, 0),
        (1, 1, 8, 2, 0, 1, 0),
        (1, 1, 8, 2, 0, 0, 2),
        (1, 1, 16, 3, 0, 0, 0),
        (1, 1, 8, 3, 0, 0, 0),
    ],
)
def test_impossible_png_headers_are_corrupt(header: tuple[int, int, int, int, int, int, int]) -> None:
    with pytest.raises(CorruptImage):
        read_photo(photos.png(header, b"\x00\x01\x02\x03"))


@pytest.mark.parametrize(
    ("at", "value"),
    [(14, 41), (18, 0), (18, 0xFFFFFFFF), (22, 0), (28, 7), (30, 9), (10, 0x7FFFFFFF), (22, 513)],
    ids=["header size", "no columns", "negative columns", "no rows", "7 bit", "packing", "start", "more rows"],
)
def test_impossible_bmp_headers_are_corrupt(at: int, value: int, capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(photos.bmp(photos.portrait()))
    struct.pack_into("<H" if at == 28 else "<I", data, at, value)
    with pytest.raises(CorruptImage):
        read_photo(bytes(data))
    assert capfd.readouterr().err == ""


def test_a_bmp_that_says_the_most_negative_height_is_too_large() -> None:
    data = bytearray(photos.rle8())
    struct.pack_into("<i", data, 22, -(2**31))
    with pytest.raises(ImageTooLarge):
        read_photo(bytes(data))


def test_formats_are_told_by_their_bytes() -> None:
    assert read_header(photos.encoded(photos.portrait())).format is Format.JPEG
    assert read_header(photos.encoded(photos.portrait(), "PNG")).format is Format.PNG
    assert read_header(photos.bmp(photos.portrait())).format is Format.BMP


SMALL = {
    "jpeg": photos.encoded(photos.wide(48, 40)),
    "progressive": photos.encoded(photos.wide(48, 40), progressive=True),
    "png": photos.encoded(photos.wide(48, 40), "PNG"),
    "bmp": photos.bmp(photos.wide(48, 40)),
    "rle bmp": photos.rle8(16),
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(SMALL)),
    edits=st.lists(st.tuples(st.integers(0, 4000), st.binary(max_size=4)), max_size=6),
)
def test_mangled_photos_give_a_photo_or_an_image_error(name: str, edits: list[tuple[int, bytes]]) -> None:
    data = SMALL[name]
    for at, value in edits:
        at %= len(data)
        data = data[:at] + value + data[at + len(value) :]
    try:
        photo = read_photo(data, max_pixels=1_000_000)
    except ImageError:
        return
    assert photo.bgr.shape == (photo.height, photo.width, 3)


@settings(max_examples=150, deadline=None)
@given(magic=st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b""]), rest=st.binary(max_size=300))
def test_random_bytes_give_an_image_error(magic: bytes, rest: bytes) -> None:
    with pytest.raises(ImageError):
        read_photo(magic + rest, max_pixels=1_000_000)
