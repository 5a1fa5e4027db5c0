"""Reads the training packs: NAME.zip (images) with NAME.csv (labels), decoded once into memory-mapped arrays.

The packs lie in the folder named by FACEGATE_DATA, by default ``shared/data`` beside the repository. Decoded
arrays are kept under ``build/training/cache`` so that a resumed or second run starts at once.
"""

from __future__ import annotations

import csv
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "models"
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
    path = BUILD / "cache" / f"{pack}.npy"
    names = [row["file"] for row in rows(pack)]
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (len(names), side, side) + ((3,) if flags == cv2.IMREAD_COLOR else ())
        partial = path.with_suffix(".partial.npy")
        array = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        for index, image in enumerate(
            tqdm(images(pack, names, flags), total=len(names), desc=f"decode {pack}", disable=None)
        ):
            array[index] = image
        array.flush()
        partial.rename(path)
    return np.asarray(np.load(path, mmap_mode="r"))


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
