"""Batches, loss and figures of the liveness net."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facecore.exposure import brightened
from facecore.spoofing import part, sampled

from ..common import augment
from ..common.losses import two_class
from ..common.nets import floats
from ..common.packs import Image
from ..common.shares import drawn
from .displays import SCREENS, bare
from .figures import liveness_figures
from .net import CONTEXT, CONTEXT_HEIGHTS, FACE, FACE_HEIGHTS, LivenessNet, NearNet, begun, begun_near
from .simulate import HEIGHTS, SIDE, View, askew
from .views import load_simulated, load_views, odds

# What a batch is made of: half live, half attack; no source alone decides a class.
LIVE = {"casia": 0.2, "nuaa": 0.18, "scene": 0.38, "web": 0.24}
ATTACK = {"casia": 0.22, "nuaa": 0.14, "phone": 0.22, "simulated": 0.27, "bare": 0.15}
RECAPTURED = {name: share for name, share in ATTACK.items() if name != "bare"}
BARE = {"casia": 0.15, "nuaa": 0.1, "scene": 0.45, "web": 0.3}  # whose live photos are shown by bare media
EPOCH = 6400
WEIGHTS = {"both": 1.0, "near": 1.0, "context": 0.3, "face": 0.5}  # of the heads' losses


Rows = tuple[NDArray[np.int64], NDArray[np.float64]]  # views, and how often each is drawn


class LivenessTask:
    """See common.trainer.Task. ``without`` names a source that training does not see (leave one out).

    ``start`` makes the net that training begins with from contexts and faces, see ``net.begun``; ``attacks`` says what
    half of a batch is made of, ``screens`` which share of the bare media is screens; the others are prints.
    """

    def __init__(
        self,
        without: str = "",
        start: Callable[[Tensor, Tensor], LivenessNet | NearNet] = begun,
        attacks: Mapping[str, float] = ATTACK,
        screens: float = SCREENS,
    ) -> None:
        self.screens = screens
        self.views = load_views()
        self.without = without
        self.shares = {
            live: {name: share for name, share in shares.items() if name != without}
            for live, shares in ((True, LIVE), (False, attacks))
        }
        self.photos = {
            live: {name: self._rows(name, live) for name in shares if name not in ("simulated", "bare")}
            for live, shares in self.shares.items()
        }
        self.simulated = load_simulated(self.views, "train")
        # a source that is seen in recaptures alone would be learnt as one of attacks
        self.recaptures = np.flatnonzero([not name.endswith(f"-{without}") for name in self.simulated.source])
        for group in (self.views, self.simulated):  # random reads from disk would take longer than the net
            group.images = np.array(group.images)
        shown = next(self.batches(np.random.default_rng(5), 256))
        self.net: nn.Module = start(floats(shown["context"]), floats(shown["face"]))

    def _rows(self, name: str, live: bool) -> Rows:
        """The views of a source, and how often each is drawn."""
        views = self.views
        index = np.flatnonzero(~views.val & (views.source == name) & (views.live == int(live)))
        return index, odds(views.subject[index])

    def steps(self, size: int, processes: int) -> int:
        return EPOCH // (size * processes)

    def batches(self, rng: np.random.Generator, size: int) -> Iterator[dict[str, Tensor]]:
        while True:
            drawn = [self._draw(rng, live=i % 2 == 0) for i in range(size)]
            yield {
                "context": torch.from_numpy(np.stack([c for c, _, _ in drawn])),
                "face": torch.from_numpy(np.stack([f for _, f, _ in drawn])),
                "live": torch.tensor([label for _, _, label in drawn], dtype=torch.float32),
            }

    def _draw(self, rng: np.random.Generator, live: bool) -> tuple[Image, Image, float]:
        name = drawn(self.shares[live], rng, 1)[0]
        if name == "simulated":
            view = self.simulated.view(int(rng.choice(self.recaptures)))
        elif name == "bare":
            view = self._bare(rng)
        else:
            view = self._photo(self.photos[live][name], rng)
        view = varied(view, rng)
        context, face = crops(view, rng)
        return context, face, float(live)

    def _bare(self, rng: np.random.Generator) -> View:
        """A live view as a medium that its edges and surroundings alone tell."""
        names = drawn({k: v for k, v in BARE.items() if k != self.without}, rng, 2)
        shown, behind = (self._photo(self.photos[True][name], rng) for name in names)
        return bare(shown, behind.image, rng, self.screens)

    def _photo(self, rows: Rows, rng: np.random.Generator) -> View:
        """One of the views, as often as it is to be drawn."""
        pool, chance = rows
        return self.views.view(int(rng.choice(pool, p=chance)))

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        heads = cast(LivenessNet | NearNet, self.net).heads(floats(batch["context"]), floats(batch["face"]))
        return {name: two_class(out, batch["live"]) * WEIGHTS[name] for name, out in heads.items()}

    def validate(self, net: nn.Module) -> dict[str, float]:
        index = np.flatnonzero(self.views.val)
        return liveness_figures(logits(net, [self.views.view(int(i)) for i in index]), self.views, index)


def near_task(without: str = "") -> LivenessTask:
    """What the near net learns: no bare media, which nothing close by tells from a live face."""
    return LivenessTask(without, begun_near, RECAPTURED)


def varied(view: View, rng: np.random.Generator) -> View:
    """What happens to live and attack photos alike: perspective, mirror, clip, camera, light, codec."""
    if rng.random() < 0.2:  # recaptures are made in perspective, which must not tell them
        view = askew(view, rng, 0.25 if rng.random() < 0.6 else 1)
    image, (x0, y0, x1, y1) = view.image, view.seen
    if rng.random() < 0.5:
        image, x0, x1 = augment.mirrored(image), SIDE - x1, SIDE - x0
    ends = None  # how near and far from the face's middle the photo ends, across and down, in box heights
    if rng.random() < 0.2:  # close on every side
        ends = (0.42, 0.75), (0.46, 0.75)
    elif rng.random() < 0.5:  # on some
        ends = (0.5, 1.35), (0.55, 1.35)
    if ends:
        left, right, top, bottom = (SIDE / HEIGHTS * rng.uniform(*ends[side // 2]) for side in range(4))
        x0, x1 = max(x0, int(SIDE / 2 - left)), min(x1, int(SIDE / 2 + right))
        y0, y1 = max(y0, int(SIDE / 2 - top)), min(y1, int(SIDE / 2 + bottom))
    if rng.random() < 0.1:
        image = augment.webcam(image, rng)
    if rng.random() < 0.75:
        image = augment.light(image, rng, 0.9)
    if rng.random() < 0.12:
        image = augment.shade(image, rng)
    if rng.random() < 0.35:
        image = augment.soften(image, rng, 2.2)
    elif rng.random() < 0.25:
        image = augment.blur(image, float(rng.uniform(0.4, 1.5)), rng)
    if rng.random() < 0.3:
        image = augment.sharpen(image, rng)
    if rng.random() < 0.35:
        image = augment.noise(image, rng, 10)
    if rng.random() < 0.55:
        image = augment.jpeg(image, rng, 35, 96)
    inner = image[y0:y1, x0:x1]
    clipped = cv2.copyMakeBorder(inner, y0, SIDE - y1, x0, SIDE - x1, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    return View(np.asarray(clipped, np.uint8), (x0, y0, x1, y1), view.aspect)


def crops(view: View, rng: np.random.Generator | None = None) -> tuple[Image, Image]:
    """The net's two inputs, brightened if dark; with ``rng`` slightly turned, moved and scaled as detectors err."""
    scales = (CONTEXT_HEIGHTS / HEIGHTS, CONTEXT), (FACE_HEIGHTS / HEIGHTS, FACE)
    image = brightened(view.image)
    context, face = (part(image, *s) if rng is None else _jittered(image, *s, rng) for s in scales)
    return context, face


def _jittered(image: Image, share: float, size: int, rng: np.random.Generator) -> Image:
    """What facecore's ``part`` gives, but turned, moved and scaled."""
    angle, scale = rng.normal(0, 4), size / (SIDE * share) * float(np.exp(rng.normal(0.01, 0.07)))
    shift = rng.normal(0, 0.025, 2) * SIDE / HEIGHTS
    middle = (SIDE / 2 + shift[0], SIDE / 2 + shift[1])
    matrix = np.asarray(cv2.getRotationMatrix2D(middle, angle, scale), np.float64)
    matrix[:, 2] += size / 2 - np.array(middle)
    return sampled(image, matrix, scale, size)


def logits(answer: Callable[[Tensor, Tensor], Tensor], views: list[View], size: int = 64) -> NDArray[np.float32]:
    """One logit per view, as a net or a model's ``answer`` gives it."""
    found = []
    for start in range(0, len(views), size):
        pairs = [crops(view) for view in views[start : start + size]]
        context, face = (torch.from_numpy(np.stack([pair[i] for pair in pairs])) for i in (0, 1))
        found.append(answer(floats(context), floats(face)).float().numpy())
    return np.concatenate(found)
