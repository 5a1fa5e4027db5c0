"""Batches, loss and figures of the synthetic net.

The synthetic pack holds generated and real faces alike at 224 pixels as JPEG; the face packs add real ones at 128 as
WebP, and a net would learn that. So all go through the same resampling and the same codecs, and sharp real faces are
cut from the scenes at the generated ones' resolution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..common.losses import softened, two_class
from ..common.nets import floats
from ..common.packs import Image, rows, stacked
from ..common.shares import drawn, rooted
from ..face.labels import load_faces
from ..face.measure import runtime
from .changes import CELLS, alike, crop, hardened, streaked, varied
from .composites import put_in, put_together, with_points
from .covers import bent
from .figures import all_figures
from .frames import HIGH, live_frames, scene_frames
from .net import SyntheticNet, untrained
from .samples import Sample, exchanged

FAKE = {"gan": 0.32, "diffusion": 0.1, "composite": 0.29, "made": 0.29}
GENERATED = {"gan": 0.5, "diffusion": 0.16, "composite": 0.17, "made": 0.17}  # for the net that is better at generators
MOSTLY_GENERATED = {"gan": 0.46, "diffusion": 0.15, "composite": 0.2, "made": 0.19}  # when it goes on
BESIDE_PAIRS = {"gan": 0.58, "diffusion": 0.18, "composite": 0.24}  # when pairs are what is made
COMPOSED = ("composite", "made")
WEIGHTS = {"whole": 0.5, "some": 0.5, "every": 1.0}  # of the heads' losses
REAL = {
    "pack-hardfake": 0.18,
    "pack-ffhq": 0.12,
    "pack-ciplab": 0.14,
    "utk": 0.14,
    "scut": 0.06,
    "amls": 0.12,
    "shape": 0.04,
    "w300": 0.06,
    "scene": 0.14,
}
LIVES = {"casia": 0.03, "nuaa": 0.03}  # real ones besides, where photos are harder
EPOCH = 5120
PAIRED = 2.0  # how much the cells of paired faces count


class SyntheticTask:
    """See common.trainer.Task.

    ``without`` names sets, joined by +, of which training sees neither fakes nor real photos: if it saw the latter, it
    would learn the set as one of real photos. ``start`` makes the net that training begins with, ``shares`` says what
    the fakes are made of. ``harder`` is against learning a few hundred generated faces by heart: faces are bent, grey
    and partly covered, labels softer, sets of fakes drawn as the root of their number, and live photos of cameras are
    among the real ones. ``paired`` is the share of a batch that is a real face beside the same one with parts put in,
    both changed alike, so that nothing else tells them apart; each cell's label is how much of it was put in
    (Li et al., 2020, "Face X-ray for more general face forgery detection"). ``exchanged`` is the share of the other
    real and generated faces that hold a rectangle of another one.
    """

    def __init__(
        self,
        without: str = "",
        start: Callable[[Tensor], SyntheticNet] = untrained,
        shares: Mapping[str, float] = FAKE,
        harder: bool = False,
        paired: float = 0.0,
        exchanged: float = 0.0,
    ) -> None:
        self.harder, self.paired, self.exchanged = harder, paired, exchanged
        self.shares = {True: shares, False: {**REAL, **LIVES} if harder else REAL}  # of fakes and of real ones
        low, labels = load_faces()
        self.low: Image = np.array(low)  # random reads from disk would take longer than the net
        photo = (labels.cartoon == 0) & ~np.isnan(labels.raw).any((1, 2))
        self.high, split = scene_frames(without.split("+"))
        self.pack: Image = np.array(stacked("synthetic", HIGH))
        table = rows("synthetic")
        kind = np.array([row["kind"] for row in table])
        source = np.array([row["set"] for row in table])
        train = np.array([row["split"] != "val" for row in table])
        real = np.array([row["label"] == "0" for row in table])
        kept = train & ~np.isin(source, without.split("+"))
        self.fake = {name: np.flatnonzero(kept & ~real & (kind == name)) for name in FAKE if name != "made"}
        self.real = {n: np.flatnonzero(photo & ~labels.val & (labels.sets == n)) for n in REAL}
        self.real["scene"] = np.flatnonzero(split == "train")
        for name in ("hardfake", "ffhq", "ciplab"):
            self.real[f"pack-{name}"] = np.flatnonzero(kept & real & (source == name))
        weights = {name: rooted(source[index]) for name, index in self.fake.items()}
        self.odds = {name: weight / weight.sum() if harder else None for name, weight in weights.items()}
        self.frames: dict[str, Sequence[Image] | Image] = dict.fromkeys(REAL, self.low) | {"scene": self.high}
        self.frames |= {name: self.pack for name in (*FAKE, *REAL) if name in self.fake or name.startswith("pack-")}
        if harder:
            self.frames |= live_frames("train")
            self.real |= {name: np.arange(len(self.frames[name])) for name in LIVES if name not in without.split("+")}
        predict = runtime()
        self.sharp = {"scene": with_points([self.high[int(i)] for i in self.real["scene"]], predict)}
        for name in [name for name, index in self.real.items() if name.startswith("pack-") and len(index)]:
            self.sharp[name] = with_points([np.array(self.pack[int(i)]) for i in self.real[name]], predict)
        shown = next(self.batches(np.random.default_rng(3), 64))["face"]
        self.net: nn.Module = start(floats(shown))

    def steps(self, size: int, processes: int) -> int:
        return EPOCH // (size * processes)

    def batches(self, rng: np.random.Generator, size: int) -> Iterator[dict[str, Tensor]]:
        while True:
            samples = [sample for _ in range(int(size * self.paired / 2)) for sample in self._pair(rng)]
            alone = [self.draw(rng, fake=i % 2 == 0) for i in range(size - len(samples))]
            samples += exchanged(alone, self.exchanged, rng) if self.exchanged else alone
            yield {
                "face": torch.from_numpy(np.stack([sample.face for sample in samples])),
                "fake": torch.tensor([sample.fake for sample in samples], dtype=torch.float32),
                "some": torch.tensor([sample.some for sample in samples], dtype=torch.float32),
                "cells": torch.from_numpy(np.stack([sample.cells for sample in samples])),
                "counted": torch.tensor([sample.counted for sample in samples], dtype=torch.float32),
            }

    def draw(self, rng: np.random.Generator, fake: bool) -> Sample:
        """One training sample; of composites nobody says which cells are such."""
        pools = self.fake if fake else self.real
        name = drawn({k: v for k, v in self.shares[fake].items() if k == "made" or len(pools.get(k, ()))}, rng, 1)[0]
        if name == "made":
            _, frame = self._put_together(rng)
        else:
            frame = np.array(self.frames[name][int(rng.choice(pools[name], p=self.odds[name] if fake else None))])
        if rng.random() < (0.5 if fake else 0.25):
            frame = streaked(frame, rng)
        if self.harder:
            face = hardened(crop(varied(bent(frame, rng) if rng.random() < 0.5 else frame, rng), rng), rng)
            label = softened(float(fake))
        else:
            face, label = crop(varied(frame, rng), rng), float(fake)
        return Sample(face, label, label, np.full(CELLS**2, label, np.float32), float(name not in COMPOSED))

    def _put_together(self, rng: np.random.Generator) -> tuple[Image, Image]:
        """A real face of the pack or of a scene, and the same with parts put in."""
        names = list(self.sharp)
        return put_together(*self.sharp[names[int(rng.integers(len(names)))]], rng)

    def _pair(self, rng: np.random.Generator) -> list[Sample]:
        """A real face, and the same with parts put in."""
        pair = self._put_together(rng)
        faces, inside = alike(pair, put_in(*pair), rng)
        shares = np.zeros_like(inside), inside
        return [
            Sample(face, float(fake), float(fake), share.ravel(), PAIRED)
            for fake, (face, share) in enumerate(zip(faces, shares, strict=True))
        ]

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        heads = zip(WEIGHTS.items(), cast(SyntheticNet, self.net).heads(floats(batch["face"])), strict=True)
        told: dict[str, tuple[Tensor, ...]] = {
            "whole": (batch["fake"],),
            "some": (batch["some"],),
            "every": (batch["cells"], batch["counted"]),
        }
        losses = {}
        for (name, weight), out in heads:
            losses[name] = two_class(out, *told[name]) * weight
        return losses

    def validate(self, net: nn.Module) -> dict[str, float]:
        return all_figures(lambda frames: logits(net, [crop(frame) for frame in frames]))


def logits(net: nn.Module, crops: list[Image], size: int = 64) -> NDArray[np.float32]:
    """One logit per crop."""
    parts = [
        net(floats(torch.from_numpy(np.stack(crops[i : i + size])))).float()[:, 0].numpy()
        for i in range(0, len(crops), size)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
