"""Reading packs, and the cache that several processes share."""

from __future__ import annotations

import multiprocessing
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from training.common import packs


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pack ``grey`` of three pictures, and an empty cache."""
    with zipfile.ZipFile(tmp_path / "grey.zip", "w") as archive:
        for value in (10, 20, 30):
            done, data = cv2.imencode(".png", np.full((8, 8, 3), value, np.uint8))
            assert done
            archive.writestr(f"{value}.png", data.tobytes())
        archive.writestr("broken.png", b"no picture")
    (tmp_path / "grey.csv").write_text("file,age\n10.png,4\n20.png,\n30.png,7.5\n", encoding="utf-8")
    monkeypatch.setattr(packs, "DATA", tmp_path)
    monkeypatch.setattr(packs, "BUILD", tmp_path / "build")
    return tmp_path


def test_tables_keep_their_order_and_gaps(pack: Path) -> None:
    ages = [packs.number(row["age"]) for row in packs.rows("grey")]
    assert ages == pytest.approx([4, np.nan, 7.5], nan_ok=True)
    assert packs.points("1 2 3.5 4").tolist() == [[1, 2], [3.5, 4]]


def test_pictures_are_decoded_once(pack: Path) -> None:
    first = packs.stacked("grey", 8)
    assert first.shape == (3, 8, 8, 3)
    assert first[:, 0, 0, 0].tolist() == [10, 20, 30]
    (pack / "grey.zip").unlink()
    assert (packs.stacked("grey", 8) == first).all()
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0


def test_grey_pictures_have_no_third_axis(pack: Path) -> None:
    assert packs.stacked("grey", 8, cv2.IMREAD_GRAYSCALE).shape == (3, 8, 8)


def test_a_picture_that_does_not_decode_is_named(pack: Path) -> None:
    with pytest.raises(ValueError, match=r"grey\.zip: broken\.png"):
        list(packs.images("grey", ["10.png", "broken.png"]))


def _ask(folder: Path, number: int) -> None:
    packs.BUILD = folder

    def make(path: Path) -> None:
        with (folder / "made").open("a") as made:
            made.write(f"{number}\n")
        with path.open("w") as file:
            for _ in range(10):
                file.write("content\n")
                file.flush()
                time.sleep(0.02)

    (folder / f"read-{number}").write_text(packs.cached("thing.txt", make).read_text())


def test_processes_that_ask_together_make_a_file_once(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_ask, args=(tmp_path, number)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert len((tmp_path / "made").read_text().split()) == 1
    assert [(tmp_path / f"read-{number}").read_text() for number in range(3)] == ["content\n" * 10] * 3


def test_what_was_interrupted_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "BUILD", tmp_path)

    def broken(path: Path) -> None:
        path.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        packs.cached("thing.txt", broken)
    assert not (tmp_path / "cache" / "thing.txt").exists()

    def whole(path: Path) -> None:
        path.write_text("whole")

    assert packs.cached("thing.txt", whole).read_text() == "whole"
    assert packs.cached("thing.txt", broken).read_text() == "whole"
