"""Draws a report on its photo: box, the 72 points, the head's axes and the verdict."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from .report import Face, Pose, Report

LIVENESS_THRESHOLD = 0.3  # refuses 1 of 1000 live faces, see report.Face
SYNTHETIC_THRESHOLD = 0.00048

_LIVE, _ATTACK, _UNKNOWN = (80, 200, 60), (60, 60, 230), (220, 180, 60)  # BGR
_POINT, _PAPER = (255, 255, 255), (24, 24, 24)
_AXES = ((60, 60, 230), (80, 200, 60), (230, 140, 40))  # to the image right, down, out of the face
_FONT = cv2.FONT_HERSHEY_SIMPLEX

Pixels = npt.NDArray[np.uint8]


def draw(
    bgr: Pixels,
    report: Report,
    liveness_threshold: float = LIVENESS_THRESHOLD,
    synthetic_threshold: float = SYNTHETIC_THRESHOLD,
) -> Pixels:
    """Draws every face of a report.

    Args:
        bgr: uint8, (rows, columns, 3): the upright photo the report is about, in full size or reduced; left as it is.
        report: Its coordinates are scaled by ``bgr``'s columns over the report's width.
        liveness_threshold: A liveness of at least this is worded "live", in green; less is "attack", in red.
        synthetic_threshold: A synthetic score above this is worded "synthetic".

    Returns:
        A new array of the same shape.
    """
    shown = bgr.copy()
    scale = shown.shape[1] / report.width
    for face in report.faces:
        _draw_face(shown, face, scale, liveness_threshold, synthetic_threshold)
    return shown


def verdict(
    face: Face, liveness_threshold: float = LIVENESS_THRESHOLD, synthetic_threshold: float = SYNTHETIC_THRESHOLD
) -> list[str]:
    """Words a face in a few short lines, of what its report holds."""
    lines = []
    if face.liveness is not None:
        lines.append(f"{'live' if face.liveness >= liveness_threshold else 'attack'} {face.liveness:.3g}")
    if face.synthetic is not None and face.synthetic > synthetic_threshold:
        lines.append(f"synthetic {face.synthetic:.3g}")
    who = [f"{face.gender.type}"] if face.gender is not None else []
    who += [f"{face.age:.0f}"] if face.age is not None else []
    if who:
        lines.append(" ".join(who))
    if face.pose is not None:
        lines.append(f"yaw {face.pose.yaw:+.0f} pitch {face.pose.pitch:+.0f} roll {face.pose.roll:+.0f}")
    return lines or [f"face {face.probability:.3g}"]


def axes(pose: Pose) -> tuple[tuple[float, float], ...]:
    """Where the head's three axes point in the image.

    Args:
        pose: Degrees, signs as in report.Pose.

    Returns:
        (x, y) of the unit vectors to the face's image right, down along it, and out of it towards where it looks, each
        projected straight onto the image (x to the right, y down).
    """
    yaw, pitch, roll = (math.radians(angle) for angle in (pose.yaw, pose.pitch, pose.roll))
    turned = ((math.cos(yaw), 0.0), (-math.sin(pitch) * math.sin(yaw), math.cos(pitch)))
    out = (math.cos(pitch) * math.sin(yaw), math.sin(pitch))
    cos, sin = math.cos(roll), math.sin(roll)
    return tuple((x * cos - y * sin, x * sin + y * cos) for x, y in (*turned, out))


def _draw_face(shown: Pixels, face: Face, scale: float, live: float, synthetic: float) -> None:
    left, top, width, height = (v * scale for v in (face.box.left, face.box.top, face.box.width, face.box.height))
    thick = max(1, round(min(max(width, height), *shown.shape[:2]) / 160))
    colour = _UNKNOWN if face.liveness is None else _LIVE if face.liveness >= live else _ATTACK
    cv2.rectangle(shown, _at(left, top), _at(left + width, top + height), colour, thick, cv2.LINE_AA)
    for x, y in face.landmarks or ():
        cv2.circle(shown, _at(x * scale, y * scale), thick, _POINT, cv2.FILLED, cv2.LINE_AA)
    if face.pose is not None:
        nose = face.landmarks[57] if face.landmarks else None
        x, y = (nose[0] * scale, nose[1] * scale) if nose else (left + width / 2, top + height / 2)
        for (dx, dy), hue in zip(axes(face.pose), _AXES, strict=True):
            reach = 0.45 * width
            cv2.arrowedLine(shown, _at(x, y), _at(x + dx * reach, y + dy * reach), hue, thick + 1, cv2.LINE_AA)
    _write(shown, verdict(face, live, synthetic), (left, top, height), colour)


def _write(shown: Pixels, lines: list[str], beside: tuple[float, float, float], colour: tuple[int, int, int]) -> None:
    """Writes the lines above the box, or below it where there is no room, on a dark ground."""
    left, top, height = beside
    rows, columns = shown.shape[:2]
    size = min(max(height / 260, 0.35), 1.6)
    thick = max(1, round(size * 1.4))
    step = round(30 * size)
    wide = max(cv2.getTextSize(line, _FONT, size, thick)[0][0] for line in lines)
    x = int(min(max(left, 0), max(columns - wide, 0)))
    y = int(top - step * len(lines))
    if y < 0:
        y = int(min(top + height, rows - step * len(lines)))
    y = max(y, 0)
    cv2.rectangle(shown, (x, y), (x + wide, y + step * len(lines)), _PAPER, cv2.FILLED)
    for index, line in enumerate(lines):
        cv2.putText(shown, line, (x, y + step * index + round(step * 0.75)), _FONT, size, colour, thick, cv2.LINE_AA)


def _at(x: float, y: float) -> tuple[int, int]:
    """Whole pixels, within what OpenCV can draw towards."""
    return int(min(max(x, -30_000), 30_000)), int(min(max(y, -30_000), 30_000))
