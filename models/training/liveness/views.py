"""Views: every face with its surroundings at one scale, 2.7 box heights at 256 pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..common.packs import BUILD, Image, cached, images, listed, points, rows, stacked
from ..common.shares import rooted
from ..detector.scenes import fit_box, load_scenes, points_to_box, trusted
from .displays import phone, poster
from .held import held
from .simulate import HEIGHTS, SIDE, View, recapture

SIMULATED = {"train": 12000, "val": 500}
# Kinds of recaptures, their shares, and whose photos they show: portraits with shoulders for those seen as a whole.
CLOSE = {"casia": 0.15, "nuaa": 0.15, "scene": 0.4, "web": 0.3}
WHOLE = {"casia": 0.05, "nuaa": 0.1, "scene": 0.6, "web": 0.25}
KINDS = (recapture, 0.3, CLOSE), (poster, 0.28, WHOLE), (phone, 0.22, WHOLE), (held, 0.2, CLOSE)
LEAST_HEIGHT = 56  # pixels of a scene's face; smaller ones would be mostly enlargement
# Phone captures of these people show prints (seen by eye), a seventh by their odds; of the others, screens.
PRINTED = [f"pr{number:02}" for number in (7, 10, 12, 18, 23, 27, 33, 41, 49, 55, 56, 58, 61)]
PRINTS = 2.5  # how much oftener those are drawn
WEB = {"utk": 3600, "scut": 900, "amls": 1400, "hardfake": 424, "ffhq": 223, "shape": 270, "w300": 792}


@dataclass(slots=True)
class Views:
    """Stacked views.

    Attributes:
        images: (n, SIDE, SIDE, 3).
        seen: (n, 4) see View.seen.
        aspect: (n,) box width over height.
        source: (n,) casia, nuaa, phone, scene or web.
        live: (n,) 1 live, 0 attack.
        val: (n,).
        subject: (n,) identity within the source, empty when unknown.
    """

    images: Image
    seen: NDArray[np.int32]
    aspect: NDArray[np.float32]
    source: NDArray[np.str_]
    live: NDArray[np.int64]
    val: NDArray[np.bool_]
    subject: NDArray[np.str_]

    def view(self, index: int) -> View:
        """One view, copied."""
        left, top, right, bottom = (int(v) for v in self.seen[index])
        return View(np.array(self.images[index]), (left, top, right, bottom), float(self.aspect[index]))


def make_view(image: Image, box: NDArray[np.float32]) -> View:
    """The view of a box (left, top, width, height) in an image; what lies outside is black."""
    scale = SIDE / (HEIGHTS * float(box[3]))
    middle = box[:2] + box[2:] / 2
    height, width = image.shape[:2]
    if scale < 0.6:
        image = np.asarray(
            cv2.resize(image, None, fx=scale * 1.3, fy=scale * 1.3, interpolation=cv2.INTER_AREA), np.uint8
        )
        factor = np.array([image.shape[1] / width, image.shape[0] / height])
        middle, scale = middle * factor, scale / float(factor[1])
    matrix = np.array([[scale, 0, SIDE / 2 - scale * middle[0]], [0, scale, SIDE / 2 - scale * middle[1]]], np.float32)
    out = cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    near = matrix[:, 2]
    far = near + scale * np.array(image.shape[1::-1])
    seen = (*np.clip(np.ceil(near), 0, SIDE).astype(int), *np.clip(np.floor(far), 0, SIDE).astype(int))
    return View(
        np.asarray(out, np.uint8), (int(seen[0]), int(seen[1]), int(seen[2]), int(seen[3])), float(box[2] / box[3])
    )


def load_views() -> Views:
    """All views: the spoof pack, live faces of scenes and of the colour face sets. Decoded once, then cached."""
    path = cached("views.npz", _make)
    stored = np.load(path)
    pixels = np.load(path.with_suffix(".npy"), mmap_mode="r")
    return Views(pixels, *(stored[name] for name in ("seen", "aspect", "source", "live", "val", "subject")))


def _make(path: Path) -> None:
    found: list[tuple[View, str, int, bool, str]] = []
    for row, image in zip(rows("spoof"), listed("spoof"), strict=True):
        box = points(row["box"]).reshape(4)
        found.append((make_view(image, box), row["set"], int(row["label"]), row["split"] == "val", row["subject"]))
    fit = fit_box(load_scenes("train"))
    table = rows("scenes")
    for split in ("train", "val"):
        names = [row["set"] for row in table if row["split"] == split]
        for name, photo in zip(names, load_scenes(split), strict=True):
            if name == "nuaa":
                continue
            for box, sure in zip(photo.boxes, photo.sure, strict=True):
                size = box[2:] - box[:2]
                if sure and size[1] >= LEAST_HEIGHT:
                    placed = np.concatenate([box[:2], size])
                    found.append((make_view(photo.image, placed), "scene", 1, split == "val", ""))
    faces, pixels = rows("faces"), stacked("faces", 128)
    rng = np.random.default_rng(5)
    for name, most in WEB.items():
        for split in ("train", "val"):
            index = [
                i
                for i, row in enumerate(faces)
                if row["set"] == name and row["split"] == split and row["cartoon"] != "1" and trusted(row)
            ]
            for i in rng.permutation(index)[: most if split == "train" else most // 8]:
                edge = 14 if name == "utk" else 4
                box = points_to_box(points(faces[i]["kps"])[None], fit)[0] - edge
                inner = np.array(pixels[i])[edge : 128 - edge, edge : 128 - edge]
                found.append(
                    (make_view(inner, np.concatenate([box[:2], box[2:] - box[:2]])), "web", 1, split == "val", "")
                )
    array = _pixels("views", len(found))
    for i, item in enumerate(tqdm(found, desc="views", disable=None)):
        array[i] = item[0].image
    array.flush()
    np.savez(
        path,
        seen=np.array([v.seen for v, *_ in found], np.int32),
        aspect=np.array([v.aspect for v, *_ in found], np.float32),
        source=np.array([item[1] for item in found]),
        live=np.array([item[2] for item in found]),
        val=np.array([item[3] for item in found]),
        subject=np.array([item[4] for item in found]),
    )


def odds(subject: NDArray[np.str_]) -> NDArray[np.float64]:
    """How often to draw each photo (sum 1): all of a person's together as the root of their number, not as it.

    Prints among the phone captures are drawn more often.

    Args:
        subject: (n,) whose photo each is; empty where nobody knows, which is a person of its own.
    """
    weight = np.where(subject == "", 1.0, rooted(subject)) * np.where(np.isin(subject, PRINTED), PRINTS, 1)
    return np.asarray(weight / weight.sum(), np.float64)


def load_simulated(views: Views, split: str) -> Views:
    """Recaptures simulated from the live views of a split; made once, then cached."""
    path = cached(f"recaptures-{split}.npz", lambda path: _simulate(views, split, path))
    stored = np.load(path)
    n = len(stored["seen"])
    pixels = np.load(path.with_suffix(".npy"), mmap_mode="r")
    every = np.full(n, split == "val")
    return Views(
        pixels, stored["seen"], np.full(n, 0.75, np.float32), stored["source"], np.zeros(n, int), every, np.full(n, "")
    )


def _simulate(views: Views, split: str, path: Path) -> None:
    rng = np.random.default_rng(11 if split == "train" else 12)
    count = SIMULATED[split]
    rooms = load_rooms(split)
    pools = {}
    for name in CLOSE:
        pools[name] = np.flatnonzero((views.source == name) & (views.live == 1) & (views.val == (split == "val")))
    array = _pixels(f"recaptures-{split}", count)
    seen, source = np.zeros((count, 4), np.int32), []
    for i in tqdm(range(count), desc=f"simulate {split}", disable=None):
        kind, _, shown = KINDS[int(rng.choice(len(KINDS), p=[share for _, share, _ in KINDS]))]
        name = str(rng.choice(list(shown), p=list(shown.values())))
        made = kind(views.view(int(rng.choice(pools[name]))), rooms[int(rng.integers(len(rooms)))], rng)
        array[i], seen[i] = made.image, made.seen
        source.append(f"{kind.__name__}-{name}")
    array.flush()
    np.savez(path, seen=seen, source=np.array(source))


def _pixels(name: str, count: int) -> np.memmap[Any, np.dtype[np.uint8]]:
    """The views' pixels, to be filled in place: complete once the table beside them stands in the cache."""
    path = BUILD / "cache" / f"{name}.npy"
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, SIDE, SIDE, 3))


def load_rooms(split: str) -> list[Image]:
    """Photos to stand behind a simulated medium."""
    names = [
        row["file"] for row in rows("scenes") if row["split"] == split and row["set"] in ("imagenet", "w300", "mask")
    ]
    return [image for image in images("scenes", names) if min(image.shape[:2]) >= 120]
