"""From photos to reports: the one entry point of facecore."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any, ParamSpec, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from . import geometry
from .align import every_way_up, face_square
from .detector import Detector, Found
from .errors import ImageError, ModelError, NoFace
from .face_net import FIVE, FaceAnswers, FaceNet
from .intake import MAX_PIXELS, Photo, read_photo
from .registry import FROM_FACE_NET, Registry, needed
from .report import ALL, Box, Face, Field, Pose, Quality, Report
from .room import Room
from .seen import KNOWN, Seen, believed, upright, worth_a_look
from .sessions import Model, Models
from .spoofing import Liveness, Synthetic

T = TypeVar("T")
P = ParamSpec("P")


class Analyzer:
    """Turns photos into face reports. Models load on first use; one Analyzer may serve many threads."""

    def __init__(
        self,
        models: Path | Models | None = None,
        threads: int = 1,
        max_pixels: int = MAX_PIXELS,
        observe: Callable[[str, float], None] | None = None,
        lanes: int | None = None,
        unpacked: int | None = None,
    ) -> None:
        """Opens the registry; loads nothing yet.

        Args:
            models: The models folder; None takes FACEGATE_MODELS or the repository's. Or models that may be loading
                already, which then have threads and an observer of their own.
            threads: Threads of each model, >= 1; OpenCV gets as many, in the whole process.
            max_pixels: Photos whose header announces more are refused.
            observe: Told how many seconds each stage took, in the thread that did it: ``intake`` of each photo,
                ``detect``, ``face``, ``liveness`` and ``synthetic`` of each batch (``detect`` again where faces fill
                their photos), ``load.NAME`` of a model. What ends in an error is told, too.
            lanes: Threads over which the photos of a batch and the models to load are shared out, >= 1; None takes one
                for each processor.
            unpacked: How many photos of ``max_pixels`` may be unpacked at once, >= 1, in all lanes of all threads;
                smaller ones as many as fit into their room. None takes one for each lane.

        Raises:
            ModelError: There is no readable registry.
        """
        if models is None or isinstance(models, Path):
            models = Models(Registry(models), threads, observe)
        self._models = models
        self.registry = models.registry
        cv2.setNumThreads(threads)  # its own take one for each processor, wake for every crop and help little with it
        self._max_pixels = max_pixels
        self._observe = observe
        self._lanes = lanes or os.cpu_count() or 1
        self._room = Room(max_pixels * (unpacked or self._lanes))

    @cached_property
    def _detector(self) -> Detector:
        return self._made("detector", Detector)

    @cached_property
    def _face_net(self) -> FaceNet:
        return self._made("face", FaceNet)

    @cached_property
    def _liveness(self) -> Liveness:
        return self._made("liveness", Liveness)

    @cached_property
    def _synthetic(self) -> Synthetic:
        return self._made("synthetic", Synthetic)

    def _made(self, name: str, make: Callable[[Model], T]) -> T:
        model = self._models[name]
        try:
            return make(model)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"model {name}: its registry entry lacks or misstates {error}") from error

    def warm_up(self, want: frozenset[Field] = ALL, threads: int | None = None) -> None:
        """Loads the models that ``want`` needs, the last one first: who has begun with the first one is met halfway.

        Args:
            want: What reports will be asked for.
            threads: How many load at once, >= 1; None takes one for each lane.

        Raises:
            ModelError: A model is missing, altered or does not load.
        """
        parts = {"detector": "_detector", "face": "_face_net", "liveness": "_liveness", "synthetic": "_synthetic"}
        with ThreadPoolExecutor(threads or self._lanes, "load") as loading:
            list(loading.map(lambda name: getattr(self, parts[name]), reversed(needed(want))))

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the models loaded so far."""
        return self._models.loaded

    def analyse(self, image: bytes, want: frozenset[Field] = ALL, faces: int | None = None) -> Report:
        """Reports on one photo.

        Args:
            image: A JPEG, PNG or BMP file.
            want: What to compute; only the models that it needs run.
            faces: How many faces, largest first, to report, >= 1; all when None.

        Raises:
            ValueError: ``faces`` is below 1.
            UnsupportedFormat, CorruptImage, ImageTooLarge, NoFace: What is wrong with the photo.
            ModelError: A model is missing, altered or fails.
        """
        result = self.analyse_batch([image], want, faces)[0]
        if isinstance(result, ImageError):
            raise result
        return result

    def analyse_batch(
        self, images: Sequence[bytes], want: frozenset[Field] = ALL, faces: int | None = None
    ) -> list[Report | ImageError]:
        """Reports on several photos. A bad photo gives its error, not an exception.

        The photos are shared out over the lanes; in each, a model runs once over all faces.

        Raises:
            ValueError: ``faces`` is below 1.
            ModelError: A model is missing, altered or fails.
        """
        lanes = min(self._lanes, len(images))
        if lanes < 2:
            return self._lane(images, want, faces)
        cuts = [len(images) * lane // lanes for lane in range(lanes + 1)]
        shares = [images[first:last] for first, last in pairwise(cuts)]
        with ThreadPoolExecutor(lanes - 1, "lane") as others:
            waiting = [others.submit(self._lane, share, want, faces) for share in shares[1:]]
            done = self._lane(shares[0], want, faces)
            return done + [report for lane in waiting for report in lane.result()]

    def _lane(self, images: Sequence[bytes], want: frozenset[Field], faces: int | None) -> list[Report | ImageError]:
        photos: list[Photo | ImageError] = []
        for image in images:
            try:
                photos.append(self._timed("intake", read_photo, image, self._max_pixels, spare=True, room=self._room))
            except ImageError as error:
                photos.append(error)
        return self._reports(photos, want, faces)

    def analyse_image(self, bgr: NDArray[np.uint8], want: frozenset[Field] = ALL, faces: int | None = None) -> Report:
        """Reports on a decoded upright image, (h, w, 3) BGR.

        Raises:
            ValueError: ``faces`` is below 1.
            NoFace: No face was found.
            ModelError: A model is missing, altered or fails.
        """
        result = self._reports([Photo(bgr, bgr.shape[1], bgr.shape[0], 1.0)], want, faces)[0]
        if isinstance(result, ImageError):
            raise result
        return result

    def locate(self, bgr: NDArray[np.uint8], faces: int | None = None) -> list[Found]:
        """Where the faces of a decoded upright image are: boxes and five points, largest first.

        Args:
            bgr: (h, w, 3) BGR.
            faces: How many at most; all when None.

        Raises:
            ModelError: A model is missing, altered or fails.
        """
        group = self._candidates([Photo(bgr, bgr.shape[1], bgr.shape[0], 1.0)], faces)[0]
        kept = group if isinstance(group, ImageError) else _kept(group, faces)
        return [] if isinstance(kept, ImageError) else [seen.found for seen in kept]

    def _reports(
        self, photos: Sequence[Photo | ImageError], want: frozenset[Field], most: int | None
    ) -> list[Report | ImageError]:
        if most is not None and most < 1:
            raise ValueError("faces must be 1 or more")
        groups = self._candidates(photos, most)
        groups = [group if isinstance(group, ImageError) else _kept(group, most) for group in groups]
        every = _flat(groups)
        self._fill(every, want)
        shape = self._face_net.shape_facts if every and Field.FACE_SHAPE in want else {}
        return [group if isinstance(group, ImageError) else _report(group, want, shape) for group in groups]

    def _candidates(self, photos: Sequence[Photo | ImageError], most: int | None) -> list[list[Seen] | ImageError]:
        """The faces of every photo, largest first; the face net has looked at what the detector is not sure of.

        Where ``most`` faces that it is sure of are larger than the rest, nobody asks about the rest.
        """
        good = [photo for photo in photos if isinstance(photo, Photo)]
        found = iter(self._timed("detect", self._find, [photo.bgr for photo in good], most) if good else [])
        groups: list[list[Seen] | ImageError] = []
        for photo in photos:
            if isinstance(photo, ImageError):
                groups.append(photo)
            else:
                faces = worth_a_look(next(found), most, self._detector.sure)
                seen = [Seen(photo, face, face_square(face.points)) for face in faces]
                groups.append(upright(seen, self._detector.sure))
        self._look([s for s in _flat(groups) if s.found.score < self._detector.sure])
        for i, (photo, group) in enumerate(zip(photos, groups, strict=True)):
            if isinstance(photo, Photo) and isinstance(group, list):
                groups[i] = believed(group, self._detector.sure) or self._any_way_up(photo)
        return groups

    def _any_way_up(self, photo: Photo) -> list[Seen]:
        """The faces of a photo that is turned by a quarter or by half, if the face net knows them."""
        faces = self._timed("detect", self._detector.any_way_up, photo.bgr)
        group = [Seen(photo, face, face_square(face.points)) for face in faces]
        self._look(group)
        return [seen for seen in group if seen.answers is not None and seen.answers.face >= KNOWN]

    def _find(self, images: list[NDArray[np.uint8]], most: int | None) -> list[list[Found]]:
        return self._detector.find_largest(images) if most == 1 else self._detector.find(images)

    def _come_closer(self, faces: list[Seen]) -> None:
        """Betters the points, and so the squares, of faces that fill their photo."""
        tight = [seen for seen in faces if self._detector.fills(seen.photo.bgr, seen.found)]
        if tight:
            looked = self._timed("detect", self._detector.closer, [(s.photo.bgr, s.found) for s in tight])
            for seen, found in zip(tight, looked, strict=True):
                seen.found, seen.square = found, face_square(found.points)

    def _look(self, faces: list[Seen]) -> None:
        """Lets the face net answer for the faces that it has not looked at yet."""
        fresh = [seen for seen in faces if seen.answers is None]
        if fresh:
            looked = self._timed("face", self._face_net.look, [(s.photo.bgr, s.square) for s in fresh])
            for seen, answers in zip(fresh, looked, strict=True):
                seen.answers = answers

    def _turn(self, faces: list[Seen]) -> None:
        """Looks every way up at faces that the face net does not know: those that are turned far have wrong points.

        Largest first; in every photo the first one that is known, or stays unknown, ends it.
        """
        known: set[int] = set()  # photos
        for seen in faces:
            if id(seen.photo) in known:
                continue
            known.add(id(seen.photo))
            if seen.found.score < self._detector.sure or seen.answers is None or seen.answers.face >= KNOWN:
                continue
            views = [(seen.photo.bgr, square) for square in every_way_up(seen.found.box)]
            best = max(self._timed("face", self._face_net.look, views), key=lambda answers: answers.face)
            if best.face >= KNOWN:
                seen.answers, seen.square = best, face_square(best.points[FIVE])
                known.discard(id(seen.photo))  # others in it may be turned, too

    def _fill(self, faces: list[Seen], want: frozenset[Field]) -> None:
        if not faces:
            return
        if want - {Field.LIVENESS}:
            self._come_closer(faces)
        if want & FROM_FACE_NET:
            self._look(faces)
            self._turn(faces)
        if Field.LIVENESS in want:
            views, turns = [(s.photo.bgr, s.found.box) for s in faces], [s.square.angle for s in faces]
            scores = self._timed("liveness", self._liveness.score, views, turns)
            for seen, score in zip(faces, scores, strict=True):
                seen.liveness = score
        if Field.SYNTHETIC in want:
            scores = self._timed("synthetic", self._synthetic.score, [(s.photo.bgr, s.square) for s in faces])
            for seen, score in zip(faces, scores, strict=True):
                seen.synthetic = score

    def _timed(self, stage: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._observe is None:
            return work(*args, **kwargs)
        started = perf_counter()
        try:
            return work(*args, **kwargs)
        finally:
            self._observe(stage, perf_counter() - started)


def _flat(groups: Sequence[list[Seen] | ImageError]) -> list[Seen]:
    return [seen for group in groups if isinstance(group, list) for seen in group]


def _kept(group: list[Seen], most: int | None) -> list[Seen] | NoFace:
    return group[:most] or NoFace("no face was found")


def _report(group: list[Seen], want: frozenset[Field], shape_facts: Mapping[str, Any]) -> Report:
    photo = group[0].photo
    return Report(photo.width, photo.height, tuple(_face(seen, want, shape_facts) for seen in group))


def _face(seen: Seen, want: frozenset[Field], shape_facts: Mapping[str, Any]) -> Face:
    """Words one face; pixels go back to the photo's full size."""
    full = 1 / seen.photo.scale
    answers, found = seen.answers, seen.found
    roll = geometry.roll(answers.points) if answers else seen.square.angle
    here = geometry.visible(found.box, *seen.photo.bgr.shape[1::-1])
    left, top, width, height = (float(value) * full for value in here)
    box = Box(left, top, width, height, roll)
    if answers is None:
        return Face(box, found.score, liveness=seen.liveness, synthetic=seen.synthetic)

    def wanted(field: Field, value: T) -> T | None:
        return value if field in want else None

    return Face(
        box=box,
        probability=found.score,
        pose=wanted(Field.POSE, Pose(answers.yaw, answers.pitch, roll)),
        landmarks=tuple((x * full, y * full) for x, y in answers.points.tolist()) if Field.LANDMARKS in want else None,
        age=wanted(Field.AGE, answers.age),
        beauty=wanted(Field.BEAUTY, answers.beauty),
        gender=wanted(Field.GENDER, answers.gender),
        race=wanted(Field.RACE, answers.race),
        ancestry=wanted(Field.RACE, answers.ancestry),
        expression=wanted(Field.EXPRESSION, answers.expression),
        glasses=wanted(Field.GLASSES, answers.glasses),
        face_shape=geometry.face_shape(answers.points, shape_facts) if Field.FACE_SHAPE in want else None,
        face_type=wanted(Field.FACE_TYPE, answers.face_type),
        quality=_quality(seen, answers) if Field.QUALITY in want else None,
        liveness=seen.liveness,
        synthetic=seen.synthetic,
    )


def _quality(seen: Seen, answers: FaceAnswers) -> Quality:
    height, width = seen.photo.bgr.shape[:2]
    return Quality(
        blur=answers.blur,
        illumination=geometry.illumination(answers.crop, answers.crop_points),
        completeness=geometry.completeness(seen.found.box, answers.points, width, height),
        occlusion=answers.occlusion,
    )
