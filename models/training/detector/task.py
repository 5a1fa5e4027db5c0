"""Targets, losses and figures of the detector."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from ..common.nets import floats
from ..common.packs import Image
from .crowds import every_crowd, shrunk
from .figures import detector_figures
from .mine import load_false_faces
from .net import Detector, cells, committed
from .scenes import SIDE, Array, Canvas, Photo, fit_box, load_crops, load_scenes, without_doubles

# Faces by their longer side in pixels of the net's input; neighbouring strides share a band.
RANGES = {8: (0, 44), 16: (36, 100), 32: (84, 210), 64: (180, 4000)}
RADIUS = 1.1  # positive cells lie within this many strides of the face's middle, in x and in y
EPOCH = 4480
CROWDS = 0.4  # share of the pictures, going onward
SET_ON = 64  # pictures that the normalisations of a net that goes onward are set on


class DetectorTask:
    """See common.trainer.Task. Going ``onward``, it begins with the committed net and draws crowds as well."""

    def __init__(self, onward: bool = False) -> None:
        train = [without_doubles(photo) for photo in load_scenes("train")]
        self.canvas = Canvas(train, load_crops(fit_box(train)), load_false_faces(), CROWDS if onward else 0)
        self.net: nn.Module = committed(floats(self._pictures(SET_ON))) if onward else Detector()
        self.val = load_scenes("val")
        self.crowds = [shrunk(photo, 0.5) for photo in every_crowd(self.val)]  # as facecore sees them first
        self.cells = cells(SIDE, SIDE)

    def _pictures(self, count: int) -> Tensor:
        rng = np.random.default_rng(1)
        return torch.from_numpy(np.stack([self.canvas.draw(rng).image for _ in range(count)]))

    def steps(self, size: int, processes: int) -> int:
        return EPOCH // (size * processes)

    def batches(self, rng: np.random.Generator, size: int) -> Iterator[dict[str, Tensor]]:
        grid = self.cells.numpy()
        while True:
            photos = [self.canvas.draw(rng) for _ in range(size)]
            parts = [targets(photo, grid) for photo in photos]
            yield {
                "image": torch.from_numpy(np.stack([photo.image for photo in photos])),
                "state": torch.from_numpy(np.stack([part[0] for part in parts])),
                "boxes": torch.from_numpy(np.stack([part[1] for part in parts])),
                "points": torch.from_numpy(np.stack([part[2] for part in parts])),
            }

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        out = self.net(floats(batch["image"])).float()
        state, stride, middle = batch["state"], self.cells[:, 2:], self.cells[:, :2]
        hit = state == 1
        count = max(1, int(hit.sum()))
        spot, size = middle.expand(len(out), -1, -1)[hit], stride.expand(len(out), -1, -1)[hit]
        reach = out[..., 1:5][hit].clamp(max=5).exp() * size
        boxes = torch.cat([spot - reach[:, :2], spot + reach[:, 2:]], 1)
        truth = batch["boxes"][hit]
        overlap, generous = _overlaps(boxes, truth)
        side = (truth[:, 2:] - truth[:, :2]).amax(1, keepdim=True)
        p = (out[..., 5:][hit].view(-1, 5, 2) * size[:, None] + spot[:, None] - batch["points"][hit]) / side[:, None]
        target = torch.zeros_like(out[..., 0])
        # a face is a face however its box fits; the better box still wins
        target[hit] = 0.5 + 0.5 * overlap.detach().clamp(0, 1)
        score = out[..., 0]
        chance = score.sigmoid()
        focus = torch.where(hit, (target - chance).abs() ** 1.0 + 0.1, 0.75 * chance**2)
        each = F.binary_cross_entropy_with_logits(score, target, reduction="none") * focus.detach() * (state >= 0)
        return {
            "score": each.sum() / count * 2,
            "box": (1 - generous).sum() / count * 2,
            "points": F.smooth_l1_loss(p, torch.zeros_like(p), beta=0.02, reduction="sum") / count * 1.2,
        }

    def validate(self, net: nn.Module) -> dict[str, float]:
        figures: dict[str, float] = {}
        for threshold in (0.4, 0.5, 0.6):

            def find(image: Image, least: float = threshold) -> tuple[Array, Array]:
                boxes, _, p = detect(net, image, least)
                return boxes, p

            named = detector_figures(find, self.val)
            figures |= {f"{name}@{threshold}": value for name, value in named.items()}
            named = detector_figures(find, self.crowds, 16)
            figures |= {f"crowd_{name}@{threshold}": named[name] for name in ("recall_32", "extra_per_photo")}
        return figures


def targets(photo: Photo, grid: Array) -> tuple[NDArray[np.int64], Array, Array]:
    """For every cell: 1 face, 0 none, -1 look away; the face's box (4,) and points (5, 2)."""
    state = np.zeros(len(grid), np.int64)
    boxes, p = np.zeros((len(grid), 4), np.float32), np.zeros((len(grid), 5, 2), np.float32)
    if not len(photo.boxes):
        return state, boxes, p
    seen = np.clip(np.minimum(photo.boxes[:, 2:], SIDE) - np.maximum(photo.boxes[:, :2], 0), 0, None).prod(1)
    sides = photo.boxes[:, 2:] - photo.boxes[:, :2]
    part, size = seen / np.maximum(sides.prod(1), 1), sides.max(1)
    middle = (photo.boxes[:, :2] + photo.boxes[:, 2:]) / 2
    for i in np.argsort(-size):  # smaller faces later: they win a shared cell
        if part[i] < 0.05:
            continue
        inside = ((grid[:, :2] > photo.boxes[i, :2]) & (grid[:, :2] < photo.boxes[i, 2:])).all(1)
        if not photo.sure[i] or part[i] < 0.45 or size[i] < 9:
            state[inside & (state == 0)] = -1
            continue
        near = (np.abs(grid[:, :2] - middle[i]) < RADIUS * grid[:, 2:]).all(1) & inside
        fits = np.zeros(len(grid), bool)
        for stride, (low, high) in RANGES.items():
            fits |= (grid[:, 2] == stride) & (low <= size[i] <= high)
        # cells close to positive ones are neither
        rim = (np.abs(grid[:, :2] - middle[i]) < (RADIUS + 0.7) * grid[:, 2:]).all(1) & fits
        state[rim & (state == 0)] = -1
        hit = near & fits
        state[hit], boxes[hit], p[hit] = 1, photo.boxes[i], photo.points[i]
    return state, boxes, p


def _overlaps(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Intersection over union, and the distance-penalised form (Zheng et al., 2020) that is trained."""
    near, far = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    both = (far - near).clamp(min=0).prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - both
    overlap = both / union.clamp(min=1e-6)
    hull = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    apart = ((a[:, :2] + a[:, 2:]) / 2 - (b[:, :2] + b[:, 2:]) / 2).pow(2).sum(1)
    return overlap, overlap - apart / hull.pow(2).sum(1).clamp(min=1e-6)


def detect(net: nn.Module, image: Image, least: float = 0.3) -> tuple[Array, Array, Array]:
    """Boxes (n, 4), scores (n,), points (n, 5, 2) of a photo at its own size, best first."""
    height, width = (-(-n // 64) * 64 for n in image.shape[:2])
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[: image.shape[0], : image.shape[1]] = image
    out = net(floats(torch.from_numpy(canvas)[None]))[0].float()
    grid = cells(height, width)
    scores = out[:, 0].sigmoid()
    keep = scores > least
    out, grid, scores = out[keep], grid[keep], scores[keep]
    middle, stride = grid[:, :2], grid[:, 2:]
    reach = out[:, 1:5].clamp(max=5).exp() * stride
    boxes = torch.cat([middle - reach[:, :2], reach[:, :2] + reach[:, 2:]], 1).numpy()
    p = (out[:, 5:].view(-1, 5, 2) * stride[:, None] + middle[:, None]).numpy()
    picked = np.array(cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), least, 0.4), int).reshape(-1)
    boxes[:, 2:] += boxes[:, :2]
    return boxes[picked], scores.numpy()[picked], p[picked]
