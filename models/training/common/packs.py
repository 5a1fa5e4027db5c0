"""Reads the training packs: NAME.zip (images) with NAME.csv (labels), decoded once into memory-mapped arrays.

The packs lie in the folder named by FACEGATE_DATA, by default ``shared/data`` beside the repository. Decoded
arrays are kept under ``build/training/cache`` so that a resumed or second run starts at once. What is cached does not
follow changes of the code or the packs: after those, delete the folder.
"""

from __future__ import annotations

import csv
import fcntl
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "models"
CARDS = MODELS / "cards"
DATA = Path(os.environ.get("FACEGATE_DATA", ROOT.parent / "shared" / "data"))
BUILD = Path(os.environ.get("FACEGATE_BUILD", ROOT / "build")) / "training"

Row = dict[str, str]
Image = NDArray[np.uint8]


def rows(pack: str) -> list[Row]:
    """All rows of a pack's table, in file order; empty cells are empty strings."""
    with (DATA / f"{pack}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def images(pack: str, names: list[str], flags: int = cv2.IMREAD_COLOR) -> Iterator[Image]:
    """Decodes the named images of a pack one by one, BGR (or grey with IMREAD_GRAYSCALE)."""
    with zipfile.ZipFile(DATA / f"{pack}.zip") as archive:
        for name in names:
            image = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), flags)
            if image is None:
                raise ValueError(f"{pack}.zip: {name} does not decode")
            yield np.asarray(image, np.uint8)


def stacked(pack: str, side: int, flags: int = cv2.IMREAD_COLOR) -> Image:
    """All images of a pack whose images share one size, (n, side, side, 3) or (n, side, side), memory-mapped."""

    def decode(path: Path) -> None:
        names = [row["file"] for row in rows(pack)]
        shape = (len(names), side, side) + ((3,) if flags == cv2.IMREAD_COLOR else ())
        array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
        for index, image in enumerate(
            tqdm(images(pack, names, flags), total=len(names), desc=f"decode {pack}", disable=None)
        ):
            array[index] = image
        array.flush()

    return np.asarray(np.load(cached(f"{pack}.npy", decode), mmap_mode="r"))


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """The cache's file ``name``, made first where it is not there.

    Processes that ask at the same time wait for the one that makes it; a file under its name is a whole one.

    Args:
        name: With its suffix.
        make: Writes the content to the path that it gets, which has the same suffix and is renamed at the end.
    """
    path = BUILD / "cache" / name
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            partial = path.with_name(f"{path.stem}.partial{path.suffix}")
            make(partial)
            partial.rename(path)
    return path


def listed(pack: str) -> list[Image]:
    """All images of a pack of mixed sizes, in file order, held in memory."""
    names = [row["file"] for row in rows(pack)]
    return list(tqdm(images(pack, names), total=len(names), desc=f"decode {pack}", disable=None))


def points(text: str) -> NDArray[np.float32]:
    """``x y x y ...`` as (n, 2)."""
    return np.array(text.split(), np.float32).reshape(-1, 2)


def number(text: str) -> float:
    """A cell as a float; nan when empty."""
    return float(text) if text else float("nan")
