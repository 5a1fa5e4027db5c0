"""Draws the detection error trade-off (ISO/IEC 19795-1), both axes in deviates of the normal curve."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import cv2
import numpy as np
from numpy.typing import NDArray

from facecore.align import Image
from facecore.evaluation import Scores, det_curve, equal_error_rate

SIDE = 720
TICKS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)
_LEAST, _MOST = 0.0005, 0.5
_MARGIN = 84
_INK, _GRID, _CURVE, _MARK = (40, 40, 40), (220, 220, 220), (180, 90, 20), (40, 40, 200)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def det_plot(live: Scores, attack: Scores, marks: Sequence[float], title: str) -> Image:
    """The curve as a picture, (SIDE, SIDE, 3) BGR.

    Args:
        live: (p,) scores of live faces, p >= 1.
        attack: (q,) scores of attacks, q >= 1.
        marks: Thresholds to mark on the curve.
        title: ASCII, written above.
    """
    picture = np.full((SIDE, SIDE, 3), 255, np.uint8)
    for tick in TICKS:
        place, label = _place(tick), f"{100 * tick:g}"
        cv2.line(picture, (place, _MARGIN), (place, SIDE - _MARGIN), _GRID, 1)
        cv2.line(picture, (_MARGIN, SIDE - place), (SIDE - _MARGIN, SIDE - place), _GRID, 1)
        _write(picture, label, (place - 5 * len(label), SIDE - _MARGIN + 22))
        _write(picture, label, (_MARGIN - 12 - 10 * len(label), SIDE - place + 5))
    cv2.rectangle(picture, (_MARGIN, _MARGIN), (SIDE - _MARGIN, SIDE - _MARGIN), _INK, 1, cv2.LINE_AA)
    cv2.line(picture, (_MARGIN, SIDE - _MARGIN), (SIDE - _MARGIN, _MARGIN), _GRID, 2, cv2.LINE_AA)
    bpcer, apcer = det_curve(live, attack)
    cv2.polylines(picture, [_path(bpcer, apcer)], False, _CURVE, 2, cv2.LINE_AA)
    for mark in marks:
        refused, passed = float((live < mark).mean()), float((attack >= mark).mean())
        cv2.circle(picture, (_place(refused), SIDE - _place(passed)), 4, _MARK, -1, cv2.LINE_AA)
    _write(picture, title, (_MARGIN, 34))
    told = f"EER {100 * equal_error_rate(live, attack):.2f} %; {len(live)} live, {len(attack)} attacks; dots: the table"
    _write(picture, told, (_MARGIN, 60))
    _write(picture, "BPCER: live faces refused, %", (SIDE // 2 - 130, SIDE - 26))
    side = np.full((26, SIDE, 3), 255, np.uint8)
    _write(side, "APCER: attacks accepted, %", (SIDE // 2 - 120, 18))
    picture[:, 4:30] = cv2.rotate(side, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return picture


def _place(share: float) -> int:
    """Where a share lies on an axis, pixels."""
    normal = NormalDist()
    low, high = normal.inv_cdf(_LEAST), normal.inv_cdf(_MOST)
    at = (normal.inv_cdf(min(max(share, _LEAST), _MOST)) - low) / (high - low)
    return round(_MARGIN + at * (SIDE - 2 * _MARGIN))


def _path(bpcer: NDArray[np.float64], apcer: NDArray[np.float64]) -> NDArray[np.int32]:
    """The curve's corners as they lie in the picture: BPCER rises at one threshold, APCER falls at the next."""
    corners = []
    for index in range(len(bpcer)):
        if index:
            corners.append((_place(bpcer[index]), SIDE - _place(apcer[index - 1])))
        corners.append((_place(bpcer[index]), SIDE - _place(apcer[index])))
    return np.array(corners, np.int32).reshape(-1, 1, 2)


def _write(picture: Image, text: str, at: tuple[int, int]) -> None:
    cv2.putText(picture, text, at, _FONT, 0.5, _INK, 1, cv2.LINE_AA)
