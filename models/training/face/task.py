"""Batches, losses and figures of the face net."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ..common import augment
from ..common.nets import floats
from ..common.packs import Image, images, rows
from ..common.shares import drawn
from ..detector.mine import load_false_faces, load_true_faces
from ..detector.scenes import shows_nobody
from .figures import Predict, all_figures, smile_figures
from .labels import FLIP, FRAME, SHARED_72, SHARP, SIDE, blur_label, crop_matrix, load_faces, load_smiles
from .net import AGES, BLOCKS, WIDTHS, FaceModel, FaceNet, committed
from .occluders import occlude
from .teacher import TAUGHT, answers

# Samples of one epoch by source: most by far are there for what people are like, since their points are learnt soon.
# The smile pack is grey and noisy, so it gets a small part.
EPOCH = {
    "utk": 21000,
    "scut": 2800,
    "amls": 3200,
    "cartoon": 300,
    "anime": 400,
    "ffhq": 600,
    "hardfake": 300,
    "shape": 200,
    "w300": 1000,
    "smile": 3500,
    "none": 1000,
    "scene": 500,
}
TRUST = 0.6  # weight of the committed model's answers beside people's labels
COVERED = 0.3  # of the faces with known points get something pasted over them
# Of the faces that are neither blurred nor softened: those of large photos are sharper than most that have a known age.
SHARPENED = 0.4
OTHER = ("smile", "none", "scene")  # not of the colour pack
Sample = dict[str, Image | NDArray[np.floating] | np.floating | float | int]


class FaceTask:
    """See common.trainer.Task. ``onward``: goes on with the committed model's first net, taught by that model too."""

    net: nn.Module

    def __init__(
        self, widths: tuple[int, ...] = WIDTHS, blocks: tuple[int, ...] = BLOCKS, onward: bool = False
    ) -> None:
        pixels, self.labels = load_faces()
        self.pixels: Image = np.array(pixels)  # random reads from disk would take longer than the net
        self.smiles, self.smile_label, self.smile_val = load_smiles()
        train = ~self.labels.val
        self.by_set = {name: np.flatnonzero(train & (self.labels.sets == name)) for name in EPOCH if name not in OTHER}
        self.weights = {name: self._weights(name) for name in self.by_set}
        self.smile_train = np.flatnonzero(~self.smile_val)
        self.false_faces = load_false_faces()
        self.scene_faces, chances = load_true_faces()
        self.scene_chances = np.cumsum(chances / chances.sum())
        empty = [row["file"] for row in rows("scenes") if row["split"] == "train" and shows_nobody(row)]
        self.textures = [np.asarray(cv2.resize(image, (200, 200)), np.uint8) for image in images("scenes", empty[:300])]
        count = len(self.labels.files)
        self.taught = {name: np.full((count, size), np.nan, np.float32) for name, size in TAUGHT.items()}
        if onward:
            self.taught = answers(self.pixels)
            shown = next(self.batches(np.random.default_rng(5), 256))["image"]
            self.net = committed(floats(shown))
        else:
            self.net = FaceNet(widths, blocks)

    def _weights(self, name: str) -> NDArray[np.float64]:
        index = self.by_set[name]
        weight = np.ones(len(index))
        glasses = self.labels.glasses[index]
        weight[glasses == 1] *= 1.8
        weight[glasses == 2] *= 3.0
        weight[self.labels.expression[index] >= 0] *= 3.0
        return weight / weight.sum()

    def steps(self, size: int, processes: int) -> int:
        return sum(EPOCH.values()) // (size * processes)

    def batches(self, rng: np.random.Generator, size: int) -> Iterator[dict[str, Tensor]]:
        while True:
            samples = []
            for name in drawn(EPOCH, rng, size):
                if name == "none":
                    samples.append(self._nothing(rng))
                elif name == "scene":
                    which = int(np.searchsorted(self.scene_chances, rng.random()))
                    samples.append(self._some_face(self.scene_faces[min(which, len(self.scene_faces) - 1)], rng))
                elif name == "smile":
                    samples.append(self._smile(int(rng.choice(self.smile_train)), rng))
                else:
                    samples.append(self._face(int(rng.choice(self.by_set[name], p=self.weights[name])), rng))
            yield {key: torch.from_numpy(np.stack([np.asarray(s[key]) for s in samples])) for key in samples[0]}

    def _face(self, index: int, rng: np.random.Generator) -> Sample:
        labels = self.labels
        image: Image = np.array(self.pixels[index])
        p = labels.points[index].copy()
        flip = bool(rng.random() < 0.5)
        if flip:
            image = augment.mirrored(image)
            p = p[FLIP] * (-1, 1) + (FRAME - 1, 0)
        cover, cover_known, glasses, blur = np.zeros(7, np.float32), 0.0, int(labels.glasses[index]), float("nan")
        covered = False
        if not np.isnan(p).any():
            cover_known = 1.0
            if rng.random() < COVERED:
                image, cover, sun = occlude(image, p.astype(np.float32), rng, self.textures)
                covered = True
                glasses = 2 if sun else (glasses if cover[:2].max() < 0.15 else -1)
        if labels.sharpness[index] > SHARP and labels.cartoon[index] == 0 and rng.random() < 0.55:
            sigma = float(np.exp(rng.uniform(np.log(0.4), np.log(7.5)))) if rng.random() < 0.75 else 0.0
            if sigma > 0.45:
                image = augment.blur(image, sigma, rng)
            blur = blur_label(sigma)
        elif rng.random() < 0.3:
            image = augment.soften(image, rng, 3.0)
        elif rng.random() < SHARPENED:
            image = augment.sharpen(image, rng)
        matrix = crop_matrix(rng.normal(0, 7), rng.uniform(0.77, 0.96), (rng.normal(0, 0.022), rng.normal(0, 0.022)))
        if rng.random() < 0.15:  # blank the border, where tight photos hold only repeated pixels
            edge = int(rng.uniform(0.06, 0.16) * FRAME)
            colour = rng.integers(0, 256, 3).tolist()
            inner = image[edge:-edge, edge:-edge]
            blank = cv2.copyMakeBorder(inner, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=colour)
            image = np.asarray(blank, np.uint8)
        image = photometric(cropped(image, matrix), rng)
        q = (p @ matrix[:, :2].T + matrix[:, 2]) / SIDE - 0.5
        yaw, pitch = labels.pose[index]
        severe = cover.max() > 0.5
        many = -1 if severe and cover.sum() > 2.5 else 0
        return {
            "image": image,
            "points": np.nan_to_num(q).astype(np.float32),
            "has_points": 0.0 if np.isnan(p).any() else (3.0 if labels.hand[index] else 1.0),
            "hand": float(labels.hand[index]),
            "pose": np.array([-yaw if flip else yaw, pitch], np.float32) / 30,
            "age": np.float32(labels.age[index] if many == 0 else np.nan),
            "gender": int(labels.gender[index]) if many == 0 else -1,
            "race": int(labels.race[index]) if many == 0 else -1,
            "expression": -1 if covered and cover[3] > 0.2 else int(labels.expression[index]),
            "glasses": glasses,
            "cartoon": int(labels.cartoon[index]),
            "beauty": np.float32((labels.beauty[index] - 50) / 15 if not severe else np.nan),
            "cover": cover,
            "has_cover": np.float32(cover_known),
            "blur": np.float32(blur),
            "real": np.float32(np.nan if cover.sum() > 4 else 1),
            "taught_gender": self._taught("gender", index, many == 0),
            "taught_ancestry": self._taught("ancestry", index, many == 0),
            "taught_expression": self._taught("expression", index, not (covered and cover[3] > 0.2)),
        }

    def _taught(self, name: str, index: int, visible: bool) -> NDArray[np.float32]:
        """The committed model's answer for a person; nan where it is not to be seen, or where it was not asked."""
        answer = self.taught[name][index]
        return answer if visible and self.labels.cartoon[index] != 1 else np.full_like(answer, np.nan)

    def _smile(self, index: int, rng: np.random.Generator) -> Sample:
        image = np.asarray(cv2.cvtColor(np.array(self.smiles[index]), cv2.COLOR_GRAY2BGR), np.uint8)
        if rng.random() < 0.5:
            image = augment.mirrored(image)
        matrix = crop_matrix(
            rng.normal(0, 7), rng.uniform(0.77, 0.96), (rng.normal(0, 0.022), rng.normal(0, 0.022)), 64
        )
        expression = int(self.smile_label[index])
        return _unlabelled(photometric(cropped(image, matrix), rng)) | {"expression": expression}

    def _nothing(self, rng: np.random.Generator) -> Sample:
        """What a detector took for a face, or any part of a photo without faces."""
        if len(self.false_faces) and rng.random() < 0.75:
            image: Image = np.array(self.false_faces[int(rng.integers(len(self.false_faces)))])
        else:
            photo = self.textures[int(rng.integers(len(self.textures)))]
            size = int(rng.integers(40, 200))
            top, left = (int(v) for v in rng.integers(0, 200 - size + 1, 2))
            image = np.asarray(cv2.resize(photo[top : top + size, left : left + size], (FRAME, FRAME)), np.uint8)
        if rng.random() < 0.5:
            image = augment.mirrored(image)
        matrix = crop_matrix(rng.normal(0, 12), rng.uniform(0.7, 1.0), (rng.normal(0, 0.05), rng.normal(0, 0.05)))
        return _unlabelled(photometric(cropped(image, matrix), rng)) | {"real": np.float32(0)}

    def _some_face(self, image: Image, rng: np.random.Generator) -> Sample:
        """A face of a scene, of which only that is known: turned away, masked, at the photo's border."""
        if rng.random() < 0.5:
            image = augment.mirrored(image)
        if rng.random() < 0.3:
            image = augment.soften(image, rng, 3.0)
        matrix = crop_matrix(rng.normal(0, 10), rng.uniform(0.72, 1.0), (rng.normal(0, 0.04), rng.normal(0, 0.04)))
        return _unlabelled(photometric(cropped(image, matrix), rng))

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        out = self.net(floats(batch["image"]))
        weight = batch["has_points"].float()
        miss = (out["points"] - batch["points"]).abs()
        each = weight[:, None].repeat(1, 72)
        each[:, SHARED_72] *= 1 + batch["hand"].float()[:, None] * 2
        losses = {"points": (miss.sum(2) * each).sum() / (each.sum() + 1) * 40}
        losses["pose"] = _known(out["pose"], batch["pose"], lambda a, b: F.smooth_l1_loss(a, b, beta=0.1)) * 2
        if (~batch["age"].isnan()).any():
            losses["age"] = age_loss(out["age"], batch["age"])
        losses["beauty"] = _known(
            out["beauty"][:, 0], batch["beauty"].float(), lambda a, b: F.smooth_l1_loss(a, b, beta=0.2)
        )
        losses["gender"] = _class(out["gender"], batch["gender"], 0.02)
        losses["race"] = _class(out["race"], batch["race"], 0.08) * 0.9
        for head, name in (("gender", "gender"), ("race", "ancestry"), ("expression", "expression")):
            said = batch[f"taught_{name}"]
            known = ~said[:, 0].isnan()
            if known.any():
                losses[f"taught_{name}"] = F.cross_entropy(out[head][known], said[known]) * TRUST
        losses["glasses"] = _class(out["glasses"], batch["glasses"], 0.01)
        losses["cartoon"] = _class(out["cartoon"], batch["cartoon"], 0.0) * 0.5
        losses["expression"] = _expression(out["expression"], batch["expression"])
        cover = F.binary_cross_entropy_with_logits(out["cover"], batch["cover"].float(), reduction="none").mean(1)
        has = batch["has_cover"].float()
        losses["cover"] = (cover * has).sum() / (has.sum() + 1) * 1.5
        real = batch["real"].float()
        known = ~real.isnan()
        losses["real"] = F.binary_cross_entropy_with_logits(out["real"][known, 0], real[known])
        losses["blur"] = _known(out["blur"].sigmoid(), batch["blur"].float(), F.l1_loss) * 2
        return losses

    def validate(self, net: nn.Module) -> dict[str, float]:
        predict = predictor(net)
        figures = all_figures(predict, self.pixels, self.labels, self.textures)
        grey = np.flatnonzero(self.smile_val)
        return figures | smile_figures(predict, self.smiles[grey], self.smile_label[grey])


def photometric(image: Image, rng: np.random.Generator) -> Image:
    """What light, camera and codec do to some crops."""
    if rng.random() < 0.7:
        image = augment.light(image, rng)
    if rng.random() < 0.15:
        image = augment.shade(image, rng)
    if rng.random() < 0.25:
        image = augment.noise(image, rng)
    if rng.random() < 0.3:
        image = augment.jpeg(image, rng)
    return image


def cropped(image: Image, matrix: NDArray[np.float32]) -> Image:
    """A frame as the net sees it, through a matrix of ``crop_matrix``."""
    out = cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)


def age_loss(logits: Tensor, age: Tensor) -> Tensor:
    """How far distributions (n, AGES) and their means are off ages in years, (n,), nan where unknown."""
    known = ~age.isnan()
    steps = torch.arange(AGES)
    target = torch.exp(-((steps[None] - age[known].clamp(0, 100)[:, None]) ** 2) / (2 * 2.5**2))
    target = target / target.sum(1, keepdim=True)
    logp = logits[known].log_softmax(1)
    mean = (logp.exp() * steps).sum(1)
    return -(target * logp).sum(1).mean() * 0.25 + (mean - age[known]).abs().mean() * 0.12


def stored(which: int) -> FaceNet:
    """One of the committed model's nets, in evaluation; 0 is the newest, which looks at the face."""
    return committed(floats(next(FaceTask().batches(np.random.default_rng(5), 256))["image"]), which)


def _unlabelled(image: Image) -> Sample:
    """A face of which nothing else is known."""
    nan = np.float32(np.nan)
    return {
        "image": image,
        "points": np.zeros((72, 2), np.float32),
        "has_points": 0.0,
        "hand": 0.0,
        "pose": np.array([nan, nan]),
        "age": nan,
        "gender": -1,
        "race": -1,
        "expression": -1,
        "glasses": -1,
        "cartoon": -1,
        "beauty": nan,
        "cover": np.zeros(7, np.float32),
        "has_cover": np.float32(0),
        "blur": nan,
        "real": np.float32(1),
        **{f"taught_{name}": np.full(size, np.nan, np.float32) for name, size in TAUGHT.items()},
    }


def predictor(net: nn.Module) -> Predict:
    """The exported form of a net, run by torch."""
    assert isinstance(net, FaceNet)
    model = FaceModel([net])

    def predict(crops: list[Image]) -> dict[str, NDArray[np.float32]]:
        parts = [model(torch.from_numpy(np.stack(crops[i : i + 64]))) for i in range(0, len(crops), 64)]
        return {
            name: torch.cat(each).numpy()
            for name, each in zip(FaceModel.outputs, zip(*parts, strict=True), strict=True)
        }

    return predict


def _known(out: Tensor, truth: Tensor, loss: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """The loss over the rows that have a label; nothing, but with a gradient, where none has."""
    mask = ~truth.isnan()
    return loss(out[mask], truth[mask]) if mask.any() else out.sum() * 0


def _class(logits: Tensor, truth: Tensor, smooth: float) -> Tensor:
    if (truth >= 0).any():
        return F.cross_entropy(logits, truth, ignore_index=-1, label_smoothing=smooth)
    return logits.sum() * 0


def _expression(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross entropy in which label 3 means "smile or laugh, which is unknown"."""
    logp = logits.log_softmax(1)
    happy = torch.logaddexp(logp[:, 1], logp[:, 2])
    exact = logp.gather(1, truth.clamp(0, 2)[:, None])[:, 0]
    picked = torch.where(truth == 3, happy, exact)
    mask = (truth >= 0).float()
    return -(picked * mask).sum() / (mask.sum() + 1)
