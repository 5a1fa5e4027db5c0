"""Hostile photos: every one is refused in the right words or read for what it is, at a bounded cost."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from facecore.errors import CorruptImage, ImageError
from facecore.intake import read_photo
from tests import photos
from tests.hostile import qm, results
from tests.hostile.images import IMAGES, many_scans

LARGE = frozenset(name for name in IMAGES if "at the cap" in name or "half the cap" in name or "long row" in name)
SMALL = sorted(IMAGES.keys() - LARGE)
MEASURED = (
    "png at the cap, rgba", "png of one long row", "png at the cap, rgba of 16 bits",
    "progressive cmyk jpeg at the cap", "jpeg at the cap with 60 scans", "run-length bmp at the cap",
)  # fmt: skip
"""The dearest of each kind; `make hostile` measures all."""
MOST_MEGABYTES = 330.0
"""The most that a request may hold beside what its process holds anyway; the worst measured is 307."""
MOST_SECONDS = 4.0
"""Processor seconds of a request; the worst measured is below 1.5 on an idle machine."""


@pytest.mark.parametrize("name", SMALL)
def test_what_is_said(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    hostile = IMAGES[name]
    if hostile.said is None:
        photo = read_photo(hostile.make())
        assert photo.bgr.dtype == np.uint8
        assert photo.bgr.flags["C_CONTIGUOUS"]
    else:
        with pytest.raises(ImageError) as refused:
            read_photo(hostile.make())
        assert type(refused.value) is hostile.said
    assert capfd.readouterr().err == "", "libraries print nothing about what strangers send"


@pytest.mark.parametrize("name", ["jpeg with an archive behind it", "jpeg with a page behind it",
                                  "colour profile in parts that do not fit", "colour profile of 255 parts",
                                  "two jpegs behind each other", "jpeg comment that is a page"])  # fmt: skip
def test_what_is_around_a_photo_changes_nothing_of_it(name: str) -> None:
    assert (read_photo(IMAGES[name].make()).bgr == read_photo(photos.PORTRAIT.read_bytes()).bgr).all()


@pytest.mark.parametrize(("width", "height"), [(1, 1), (8, 8), (97, 51), (640, 480)])
def test_arithmetic_jpegs_are_read(width: int, height: int) -> None:
    photo = read_photo(qm.flat(width, height))
    assert (photo.width, photo.height) == (width, height)
    assert (photo.bgr == 128).all()


def test_scans_are_counted_against_the_pixels() -> None:
    small = photos.encoded(photos.portrait(), progressive=True)
    at = small.rindex(b"\xff\xda")
    more = small[:at] + small[at:-2] * 40 + b"\xff\xd9"
    assert read_photo(more).width == 512
    with pytest.raises(CorruptImage, match="times"):
        read_photo(more, max_pixels=512 * 512)
    with pytest.raises(CorruptImage, match="times"):
        read_photo(many_scans(20))


def test_a_hostile_request_holds_a_bounded_amount() -> None:
    command = [sys.executable, "-m", "tests.hostile.measure", *MEASURED]
    done = subprocess.run(command, cwd=results.ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    costs: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    for cost in costs:
        refused = IMAGES[cost["name"]].said is not None
        told = f"{cost['name']}: {cost['bytes']} bytes, {cost['peak']} MB, {cost['seconds']} s, code {cost['code']}"
        sys.stdout.write(f"{told}\n")
        assert cost["code"] == (-4016 if refused else 0)
        assert cost["peak"] < (30 if refused else MOST_MEGABYTES), cost
        assert cost["seconds"] < MOST_SECONDS, cost
    assert len(costs) == len(MEASURED)
    assert max(cost["peak"] for cost in costs) > 50, "the measure would see it"
