"""Real faces in the packs' framing, for the synthetic net."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facecore.align import face_square
from tests.unit.facecore.kit import moved
from training.detector.scenes import Photo
from training.face.labels import FRAME
from training.synthetic import frames
from training.synthetic.frames import framed, live_frames, scene_frames

UPRIGHT = np.array([[40, 60], [80, 60], [60, 78], [45, 100], [75, 100]], np.float32)  # eyes, nose, corners of the mouth


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1), (25, 1), (-140, 0.7), (90, 1.6)])
def test_a_framed_face_is_upright_in_the_middle_and_of_one_size(degrees: float, scale: float) -> None:
    points = moved(UPRIGHT + 4, degrees, scale, (86, 86))
    photo = np.zeros((300, 300, 3), np.uint8)
    for k, (x, y) in enumerate(points[[0, 1]]):
        cv2.circle(photo, (round(float(x)), round(float(y))), 3, [(255, 0, 0), (0, 0, 255)][k], -1)
    found = framed(photo, face_square(points), FRAME)
    assert found.shape == (FRAME, FRAME, 3)
    size = FRAME / (3.7 * 40)
    for channel, x in ((0, 40), (2, 80)):
        spot = np.argwhere(found[..., channel] > 127).mean(0)[::-1]
        assert spot == pytest.approx(FRAME / 2 + (np.array([x, 60]) - (60, 80)) * size, abs=1.2)


def test_live_photos_of_cameras_alone_are_framed(monkeypatch: pytest.MonkeyPatch) -> None:
    points = " ".join(str(value) for value in UPRIGHT.ravel())
    table = [
        {"file": file, "set": name, "label": label, "kps": kps, "split": split}
        for file, name, label, kps, split in (
            ("a", "casia", "1", points, "train"),
            ("b", "casia", "0", points, "train"),
            ("c", "phone", "1", points, "train"),
            ("d", "casia", "1", points, "val"),
            ("e", "nuaa", "1", points, "val"),
            ("h", "nuaa", "1", "", "val"),
            ("f", "casia", "0", points, "val"),
            ("g", "phone", "1", points, "val"),
        )
    ]
    photos = {name: np.full((120, 120, 3), value, np.uint8) for value, name in enumerate("abcdefgh")}
    monkeypatch.setattr(frames, "rows", lambda pack: table)
    monkeypatch.setattr(frames, "images", lambda pack, names: iter([photos[name] for name in names]))
    for split, casia, nuaa in (("train", [0], []), ("val", [3], [4])):
        found = {name: [int(frame.mean()) for frame in faces] for name, faces in live_frames(split).items()}
        assert found == {"casia": casia, "nuaa": nuaa}


def test_faces_of_sets_that_are_left_out_are_not_framed(monkeypatch: pytest.MonkeyPatch) -> None:
    def scene(value: int) -> Photo:
        box = np.array([[20, 20, 100, 120]], np.float32)
        return Photo(np.full((150, 150, 3), value, np.uint8), box, UPRIGHT[None], np.ones(1, bool))

    sets = ("ffhq", "mask", "nuaa", "ffhq", "w300")
    table = [{"set": name, "split": "val" if i == 4 else "train"} for i, name in enumerate(sets)]
    scenes = {"train": [scene(value) for value in range(4)], "val": [scene(4)]}
    monkeypatch.setattr(frames, "rows", lambda pack: table)
    monkeypatch.setattr(frames, "load_scenes", lambda split: scenes[split])
    for without, kept in (((), [0, 1, 3, 4]), (("hardfake", "ffhq", "leafac"), [1, 4])):
        faces, splits = scene_frames(without)
        assert [int(face.mean()) for face in faces] == kept
        assert splits.tolist() == ["train"] * (len(kept) - 1) + ["val"]
