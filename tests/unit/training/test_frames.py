"""Real faces in the packs' framing, for the synthetic net."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from training.synthetic import frames
from training.synthetic.frames import LOW, framed, framing, live_frames

UPRIGHT = np.array([[40, 60], [80, 60], [60, 78], [45, 100], [75, 100]], np.float32)  # eyes, nose, corners of the mouth


def turned(points: np.ndarray, degrees: float, scale: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)) * scale, np.sin(np.radians(degrees)) * scale
    return np.asarray((points - 60) @ np.array([[c, s], [-s, c]]) + 150, np.float32)


def test_the_framing_of_an_upright_face() -> None:
    side, middle, roll = framing(UPRIGHT)
    assert side == pytest.approx(3.7 * 40)  # eyes to mouth rather than 3.4 times the eyes' distance, 40 too
    assert middle == pytest.approx([60, 80])
    assert roll == 0


@pytest.mark.parametrize(("degrees", "scale"), [(0, 1), (25, 1), (-140, 0.7), (90, 1.6)])
def test_a_framed_face_is_upright_in_the_middle_and_of_one_size(degrees: float, scale: float) -> None:
    points = turned(UPRIGHT, degrees, scale)
    photo = np.zeros((300, 300, 3), np.uint8)
    for k, (x, y) in enumerate(points[[0, 1]]):
        cv2.circle(photo, (round(float(x)), round(float(y))), 3, [(255, 0, 0), (0, 0, 255)][k], -1)
    found = framed(photo, points, LOW)
    assert found.shape == (LOW, LOW, 3)
    size = LOW / (3.7 * 40)
    for channel, x in ((0, 40), (2, 80)):
        spot = np.argwhere(found[..., channel] > 127).mean(0)[::-1]
        assert spot == pytest.approx(LOW / 2 + (np.array([x, 60]) - (60, 80)) * size, abs=1.2)


def test_live_photos_of_cameras_alone_are_framed(monkeypatch: pytest.MonkeyPatch) -> None:
    points = " ".join(str(value) for value in UPRIGHT.ravel())
    table = [
        {"file": file, "set": name, "label": label, "kps": kps, "split": split}
        for file, name, label, kps, split in (
            ("a", "casia", "1", points, "train"),
            ("b", "casia", "0", points, "train"),
            ("c", "phone", "1", points, "train"),
            ("d", "nuaa", "1", "", "val"),
            ("e", "nuaa", "1", points, "val"),
        )
    ]
    photos = {name: np.full((120, 120, 3), value, np.uint8) for value, name in enumerate("abcde")}
    monkeypatch.setattr(frames, "rows", lambda pack: table)
    monkeypatch.setattr(frames, "images", lambda pack, names: iter([photos[name] for name in names]))
    found, sets, splits = live_frames()
    assert [int(frame.mean()) for frame in found] == [0, 4]
    assert list(sets) == ["casia", "nuaa"]
    assert list(splits) == ["train", "val"]
