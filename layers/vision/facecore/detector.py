"""Finds faces: box, five points and a probability."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import cv2
import numpy as np
from numpy.typing import NDArray

from .align import Array, Image, Square, cut, face_square, quarter, restore
from .exposure import WHITE_PHOTO, brightened
from .geometry import visible
from .sessions import Model, batched

STRIDES = (8, 16, 32, 64)
DOUBTFUL = 0.6  # a photo none of whose faces scores so much is looked at again
SECOND_LOOK = 0.72  # the least score then: faces are large there, and so are mistakes
GLANCE = 0.5  # the first try's share of the side, where the largest face alone is wanted
LARGE = 32  # pixels of a face then, from which a better look would change no answer by more than chance does
TIGHT = 0.45  # the share of a photo's longer side from which a face leaves too little around it
CLOSE = 1.35  # how many of its sides the picture of such a face is wide then
CLOSE_SIDE = 192  # pixels of that picture
SAME = 0.5  # the least share of their union that two boxes of one face have in common
OVERLAP = 0.4  # boxes that share more than this part of their union are one face
MOST = 2000  # cells, the best ones, from which an image's faces are made
SMALL = 64  # pixels under which a face is looked at once more, at up to twice the side
HINT = 0.15  # the least score of what may be such a face
TINY = 24  # pixels under which that is not worth a look, if it is no face yet
PART = 256  # pixels of the square parts that are looked at then
CLEAR = 0.5  # the least score of a face there: with less around it more looks like one
ROOM = 16  # pixels that such a face has around it in its part, at least
WHOLE = 0.8  # share of the photo's pixels from which parts take as long as the whole
CUT = 2  # pixels from a part's edge where a face goes on in the next part
DISCOUNT = 0.5  # by which its score's logit then counts less: more things look like small faces than like large ones


View = tuple[Image, float, NDArray[np.int64]]  # a canvas, an image's scale on it, and where its corner lies (x, y)


@dataclass(frozen=True, slots=True)
class Found:
    """A face in an image.

    Attributes:
        box: (4,) left, top, width, height, pixels.
        points: (5, 2) image-left eye, image-right eye, nose tip, image-left and image-right mouth corner, pixels.
        score: 0..1.
    """

    box: Array
    points: Array
    score: float

    def moved(self, place: Callable[[Array], Array]) -> Found:
        """The same face in another image; ``place`` says where points (n, 2) of this one lie in that."""
        corners = place(np.stack([self.box[:2], self.box[:2] + self.box[2:]]))
        near, far = corners.min(0), corners.max(0)
        return Found(np.concatenate([near, far - near]), place(self.points), self.score)


class Detector:
    """Wraps the detector model. Photos are shrunk so that the longer side is at most ``side``, never enlarged.

    Attributes:
        side: Pixels.
        threshold: The least score of a face.
        sure: Faces that score less are to be confirmed by the face net.
    """

    def __init__(self, model: Model) -> None:
        facts = model.facts
        self._model = model
        self.side = int(facts["side"])
        self.threshold = float(facts["threshold"])
        self.sure = float(facts["sure"])

    def find(self, images: Sequence[Image]) -> list[list[Found]]:
        """The faces of every image, largest first. Images of one shape run as one batch.

        An image that was shrunk and shows small faces is looked at once more, at up to twice the side, for these alone,
        and there alone where something may be one.

        An image in which nothing but doubtful faces is found is looked at once more, shrunk onto a wider canvas: a face
        that fills the photo to its border is then of a usual size, and what seemed to be faces is forgotten.
        """
        return self._find(images, largest=False)

    def find_largest(self, images: Sequence[Image]) -> list[list[Found]]:
        """What ``find`` gives, without what is smaller than a large face that the detector is sure of.

        Such a face is found in a smaller picture as well, for a quarter of the work; what is not is looked for again.
        """
        side = int(self.side * GLANCE)
        found: list[list[Found]] = [[] for _ in images]
        shrunk = [i for i, image in enumerate(images) if max(image.shape[:2]) > side]
        for i, faces in zip(shrunk, self._look([images[i] for i in shrunk], side, 1.0, self.threshold), strict=True):
            least = LARGE * max(images[i].shape[:2]) / side
            found[i] = faces[:1] if faces and self._certain(faces[0], least) else []
        rest = [i for i, faces in enumerate(found) if not faces]
        for i, faces in zip(rest, self._find([images[i] for i in rest], largest=True), strict=True):
            found[i] = faces
        return found

    def any_way_up(self, image: Image) -> list[Found]:
        """The large faces of an image that the detector is sure of, turned by the quarter that shows the surest.

        For images in which ``find`` sees none: the detector knows few faces that are turned far. Largest first.
        """
        side = int(self.side * GLANCE)
        small, _ = _fitted(image, side)
        looks = self._look([np.ascontiguousarray(np.rot90(small, turns)) for turns in range(4)], side, 1.0, self.sure)
        sure = [[face for face in faces if self._certain(face, LARGE)] for faces in looks]
        turns = max(range(4), key=lambda turns: max((face.score for face in sure[turns]), default=0.0))
        times = np.array(image.shape[1::-1]) / np.array(small.shape[1::-1])

        def back(points: Array) -> Array:
            return np.asarray(_turned_back(points, turns, *small.shape[1::-1]) * times, np.float32)

        return [face.moved(back) for face in sure[turns]]

    def fills(self, image: Image, face: Found) -> bool:
        """Whether the photo ends so close around a face that the detector is sure of that its points are off."""
        return face.score >= self.sure and float(max(face.box[2:])) > TIGHT * max(image.shape[:2])

    def closer(self, views: Sequence[tuple[Image, Found]]) -> list[Found]:
        """Better points of faces that fill their photos (``fills``), one or more.

        At a photo's border points are off to one side: the face is taken for larger than it is. So it is looked at once
        more with room around it, which is black where the photo ends, and at the size at which points are best. Its box
        and its score stay as they are.
        """
        squares = [_around(face) for _, face in views]
        canvases = [
            cut(image, square, CLOSE_SIDE, cv2.BORDER_CONSTANT)
            for (image, _), square in zip(views, squares, strict=True)
        ]
        out = self._model(image=batched(canvases))
        better = [face for _, face in views]
        for row, (face, square) in enumerate(zip(better.copy(), squares, strict=True)):
            answers = (out["scores"][row], out["distances"][row], out["points"][row])
            for seen in self._decode(*answers, canvases[row].shape, self.threshold):
                there = seen.moved(partial(_placed, square=square))
                if shared(there.box, face.box) >= SAME:
                    better[row] = Found(face.box, there.points, face.score)
                    break
        return better

    def _find(self, images: Sequence[Image], largest: bool) -> list[list[Found]]:
        seen = self._look(images, self.side, 1.0, min(HINT, self.threshold))
        found = [[face for face in faces if face.score > self.threshold] for faces in seen]
        for i, (image, faces) in enumerate(zip(images, found, strict=True)):
            unit = max(image.shape[:2]) / self.side
            small = unit > 1 and any(max(face.box[2:]) < SMALL * unit for face in faces)
            least = LARGE * unit
            enough = largest and any(self._certain(face, least) for face in faces)
            if small and not enough:  # one by one: such canvases are large
                hints = [face.box for face in seen[i] if self._for_a_closer_look(face, unit)]
                found[i] = _largest_first(self._merged(faces, self._small(image, hints), SMALL * unit), image)
        missed = [i for i, faces in enumerate(found) if all(face.score < DOUBTFUL for face in faces)]
        if missed:
            again = self._look([images[i] for i in missed], self.side, 0.5, max(self.threshold, SECOND_LOOK))
            for i, faces in zip(missed, again, strict=True):
                found[i] = faces or found[i]
        return found

    def _for_a_closer_look(self, face: Found, unit: float) -> bool:
        """Whether a closer look may tell more of what may be a face; ``unit`` pixels were one at the first look."""
        size = float(max(face.box[2:])) / unit
        return size < SMALL and not self._certain(face, LARGE * unit) and (size >= TINY or face.score > self.threshold)

    def _certain(self, face: Found, least: float) -> bool:
        """Whether the detector is sure of a face of so many pixels at least."""
        return face.score >= self.sure and float(max(face.box[2:])) >= least

    def _small(self, image: Image, hints: Sequence[Array]) -> list[Found]:
        """The faces at up to twice the side in the parts of an image around ``hints``, boxes.

        One that two parts show comes twice. Where the parts are as much as the whole, that is looked at.
        """
        canvas, scale, shift = self._prepare(image, 2 * self.side, 1.0)
        whole = np.array(canvas.shape[1::-1])
        size = np.minimum(PART, whole)
        corners = _parts([box * scale for box in hints], size, whole)
        if len(corners) * size.prod() >= WHOLE * whole.prod():
            return self._seen([(canvas, scale, shift)], self.threshold)[0]
        parts = [(canvas[y : y + size[1], x : x + size[0]], scale, np.array([-x, -y])) for x, y in corners]
        kept = []
        for (_, _, shift), faces in zip(parts, self._seen(parts, max(self.threshold, CLEAR)), strict=True):
            least = np.where(shift < 0, CUT, -np.inf)
            most = np.where(size - shift < whole, size - CUT, np.inf)
            for face in faces:
                near = face.box[:2] * scale + shift
                if (near >= least).all() and (near + face.box[2:] * scale <= most).all():
                    kept.append(face)
        return kept

    def _merged(self, far: list[Found], near: list[Found], bound: float) -> list[Found]:
        """The faces of both looks, of the near one those under ``bound`` pixels alone; large sure ones count first."""

        def small(face: Found) -> bool:
            return float(max(face.box[2:])) < bound

        faces = far + [face for face in near if small(face)]
        faces.sort(key=lambda face: (not small(face) and face.score >= self.sure, face.score), reverse=True)
        kept = [faces[i] for i in _distinct(np.stack([face.box for face in faces]))]
        return [_discounted(face) if small(face) else face for face in kept]

    def _look(self, images: Sequence[Image], side: int, share: float, least: float) -> list[list[Found]]:
        """The faces over ``least`` in every image, shrunk to ``share`` of a canvas of at most ``side``, largest first.

        Images of one shape run as one batch.
        """
        found = self._seen([self._prepare(image, side, share) for image in images], least)
        return [_largest_first(faces, image) for image, faces in zip(images, found, strict=True)]

    def _seen(self, views: Sequence[View], least: float) -> list[list[Found]]:
        """The faces over ``least`` on every canvas, in the pixels of its image."""
        shapes: dict[tuple[int, ...], list[int]] = {}
        for i, (canvas, _, _) in enumerate(views):
            shapes.setdefault(canvas.shape, []).append(i)
        found: list[list[Found]] = [[] for _ in views]
        for indices in shapes.values():
            out = self._model(image=batched([views[i][0] for i in indices]))
            for row, i in enumerate(indices):
                canvas, scale, shift = views[i]
                answers = (out["scores"][row], out["distances"][row], out["points"][row])
                found[i] = [
                    Found(
                        np.concatenate([(f.box[:2] - shift) / scale, f.box[2:] / scale]).astype(np.float32),
                        ((f.points - shift) / scale).astype(np.float32),
                        f.score,
                    )
                    for f in self._decode(*answers, canvas.shape, least)
                ]
        return found

    def _prepare(self, image: Image, side: int, share: float) -> View:
        """A canvas whose sides are multiples of the largest stride."""
        small, scale = _fitted(image, (side if share == 1 else side / 2) * share)
        shift = 0 if share == 1 else max(small.shape[:2]) // 2
        if small.shape[2] == 4:
            small = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGRA2BGR), np.uint8)
        small = brightened(small, WHITE_PHOTO)
        step = STRIDES[-1]
        shape = tuple(-(-(n + 2 * shift) // step) * step for n in small.shape[:2])
        below, right = (whole - shift - part for whole, part in zip(shape, small.shape[:2], strict=True))
        canvas = cv2.copyMakeBorder(small, shift, below, shift, right, cv2.BORDER_CONSTANT)
        return np.asarray(canvas, np.uint8), scale, np.array([shift, shift])

    def _decode(
        self, scores: Array, distances: Array, points: Array, shape: tuple[int, ...], least: float
    ) -> list[Found]:
        keep = np.flatnonzero(scores > least)
        if not len(keep):
            return []
        keep = keep[np.argsort(-scores[keep], kind="stable")][:MOST]
        grid = _grid(shape[0], shape[1])[keep]
        middle, stride = grid[:, :2], grid[:, 2:]
        reach = distances[keep] * stride
        corner = middle - reach[:, :2]
        boxes = np.concatenate([corner, reach[:, :2] + reach[:, 2:]], 1)
        places = points[keep].reshape(-1, 5, 2) * stride[:, None] + middle[:, None]
        return [Found(boxes[i], places[i], float(scores[keep[i]])) for i in _distinct(boxes)]


def _parts(boxes: Sequence[Array], size: NDArray[np.int64], whole: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Corners of parts of ``size`` within ``whole`` (width, height) that show each box with ROOM around it."""
    corners: list[NDArray[np.int64]] = []
    for box in boxes:
        near, far = np.maximum(box[:2] - ROOM, 0), np.minimum(box[:2] + box[2:] + ROOM, whole)
        if not any((near >= corner).all() and (far <= corner + size).all() for corner in corners):
            corners.append(np.clip((near + far - size) / 2, 0, whole - size).astype(np.int64))
    return corners


def _around(face: Found) -> Square:
    """The picture for a closer look, the face's way up as quarters go.

    A square's middle is in pixels' middles, where boxes and points count from corners.
    """
    x, y = face.box[:2] + face.box[2:] / 2 - 0.5
    return Square(float(x), float(y), CLOSE * float(max(face.box[2:])), quarter(face_square(face.points).angle))


def _placed(points: Array, square: Square) -> Array:
    """Points (n, 2) of the picture for a closer look, in the image."""
    return restore(points - 0.5, square, CLOSE_SIDE) + np.float32(0.5)


def _turned_back(points: Array, turns: int, width: int, height: int) -> Array:
    """Points of an image of so many pixels after ``turns`` quarter turns against the clock, in the image itself."""
    x, y = points[:, 0], points[:, 1]
    return np.stack(((x, y), (width - y, x), (width - x, height - y), (y, height - x))[turns], 1)


def shared(one: Array, other: Array) -> float:
    """What two boxes (4,) have in common, over their union."""
    near, far = np.maximum(one[:2], other[:2]), np.minimum(one[:2] + one[2:], other[:2] + other[2:])
    both = float(np.prod(np.maximum(far - near, 0)))
    return both / float(np.prod(one[2:]) + np.prod(other[2:]) - both)


def _fitted(image: Image, longest: float) -> tuple[Image, float]:
    """The image, shrunk if its longer side has more pixels than that, and by which factor."""
    height, width = image.shape[:2]
    scale = min(1.0, longest / max(height, width))
    if scale == 1:
        return image, scale
    return _shrunk(image, (max(1, round(width * scale)), max(1, round(height * scale)))), scale


def _shrunk(image: Image, size: tuple[int, int]) -> Image:
    """The image at (width, height). Halves of halves are several times faster than quarters, and the same.

    Of exact halves linear interpolation is the mean of an area, by a faster way.
    """
    height, width = image.shape[:2]
    while width % 2 == height % 2 == 0 and width >= 2 * size[0] and height >= 2 * size[1]:
        width, height = width // 2, height // 2
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    if (width, height) == size:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


@lru_cache(maxsize=64)
def _grid(height: int, width: int) -> Array:
    """Middle x, middle y and stride of every cell, (cells, 3)."""
    parts = []
    for stride in STRIDES:
        y, x = np.mgrid[: height // stride, : width // stride]
        parts.append(np.stack([(x + 0.5) * stride, (y + 0.5) * stride, np.full(x.shape, stride)], -1).reshape(-1, 3))
    return np.concatenate(parts).astype(np.float32)


def _distinct(boxes: Array) -> list[int]:
    """Greedy non-maximum suppression over boxes (n, 4) that come best first."""
    near, far = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    area = boxes[:, 2] * boxes[:, 3]
    kept: list[int] = []
    left = np.arange(len(boxes))
    while len(left):
        best, rest = left[0], left[1:]
        kept.append(int(best))
        both = np.maximum(np.minimum(far[best], far[rest]) - np.maximum(near[best], near[rest]), 0).prod(1)
        rival = both > OVERLAP * (area[best] + area[rest] - both)
        rival |= both > 0.75 * np.minimum(area[best], area[rest])
        left = rest[~rival]
    return kept


def _discounted(face: Found) -> Found:
    odds = face.score / max(1 - face.score, 1e-6) * math.exp(-DISCOUNT)
    return Found(face.box, face.points, odds / (1 + odds))


def _largest_first(faces: list[Found], image: Image) -> list[Found]:
    """By the part of the box that lies in the image, which is what reports tell."""
    return sorted(faces, key=lambda face: -float(visible(face.box, *image.shape[1::-1])[2:].prod()))
