from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from facecore.errors import CorruptImage, ImageError, ImageTooLarge
from facecore.headers import MAX_SCANS, Format, read_header
from facecore.intake import read_photo
from tests import photos

Maker = Callable[[photos.Pixels], bytes]


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


def test_stray_bytes_before_the_end_do_no_harm_but_hide_no_cut(capfd: pytest.CaptureFixture[str]) -> None:
    data = photos.flat_jpeg(200, 200, (1, 1), (1, 1), (1, 1))
    odd = data[:-2] + bytes(300) + data[-2:]
    assert (read_photo(odd).bgr == 128).all()
    with pytest.raises(CorruptImage):
        read_photo(odd[:-2])
    assert capfd.readouterr().err == ""


def test_another_jfif_version_does_no_harm(capfd: pytest.CaptureFixture[str]) -> None:
    data = photos.encoded(photos.portrait())
    at = data.index(b"JFIF\x00\x01") + 5
    odd = data[:at] + b"\x02" + data[at + 1 :]
    assert (read_photo(odd).bgr == read_photo(data).bgr).all()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("stray", [b"\x00", b"\x00\x01\x02", b"\xff\x00\xff\x00", bytes(500)])
def test_stray_bytes_between_jpeg_segments_do_no_harm(stray: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    data = photos.encoded(photos.portrait())
    whole = read_photo(data).bgr
    for segment in (b"\xff\xdb", b"\xff\xc0", b"\xff\xda"):
        at = data.index(segment)
        odd = data[:at] + stray + data[at:]
        assert (read_photo(odd).bgr == whole).all()
        with pytest.raises(CorruptImage):
            read_photo(odd[: len(odd) // 2])
    assert capfd.readouterr().err == ""


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
@example("rle bmp", [(19, b"\r")])
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
    step = round(1 / photo.scale)  # an edit may make a photo so wide that it is decoded smaller
    assert photo.bgr.shape == (-(-photo.height // step), -(-photo.width // step), 3)


@settings(max_examples=150, deadline=None)
@given(magic=st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b""]), rest=st.binary(max_size=300))
def test_random_bytes_give_an_image_error(magic: bytes, rest: bytes) -> None:
    with pytest.raises(ImageError):
        read_photo(magic + rest, max_pixels=1_000_000)
