"""Lays a gallery out as one labelled picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from facecore.report import Face

from .cases import Case
from .portrait import Image

TILE, COLUMNS, GAP = 168, 6, 10  # pixels; COLUMNS in number
NAME, LINE = 22, 13  # heights of a name and of a line below it
HEAD = 58
SIZE = 10.5  # of the letters in these lines
_PAPER, _INK, _SOFT = (255, 255, 255), (30, 34, 38), (104, 112, 120)
_RIGHT, _WRONG = (24, 120, 72), (186, 40, 36)


@dataclass(frozen=True, slots=True)
class Judged:
    """A case with what was said of it.

    Attributes:
        case: The photo and what was expected.
        faces: What facecore found.
        said: In words.
        right: Whether that was expected.
    """

    case: Case
    faces: tuple[Face, ...]
    said: str
    right: bool


def sheet(title: str, rows: Sequence[Judged], zoom: float) -> Pillow.Image:
    """All photos with their labels, RGB.

    Args:
        title: Written above, with the count of what came as expected.
        rows: In the order in which they are shown.
        zoom: See `cases.Gallery`.
    """
    down = -(-len(rows) // COLUMNS)
    labels = [_label(row) for row in rows]
    high = TILE + GAP + NAME + LINE * max(map(len, labels))
    size = (COLUMNS * (TILE + GAP) + GAP, HEAD + down * (high + GAP))
    out = Pillow.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(out)
    pen.text((GAP, 10), f"{title}: {sum(row.right for row in rows)} of {len(rows)} as expected", _INK, _font(20))
    below = (
        "A red bar: not as expected. Made by code from NASA's portrait of Eileen Collins (public domain) and drawings."
    )
    pen.text((GAP, 36), below, _SOFT, _font(12))
    for index, row in enumerate(rows):
        x, y = GAP + index % COLUMNS * (TILE + GAP), HEAD + index // COLUMNS * (high + GAP)
        out.paste(Pillow.fromarray(np.ascontiguousarray(_picture(row, zoom)[:, :, ::-1])), (x, y))
        pen.rectangle((x, y + TILE, x + TILE - 1, y + TILE + 3), _RIGHT if row.right else _WRONG)
        pen.text((x, y + TILE + 6), row.case.name, _INK, _font(12.5))
        for line, (text, colour) in enumerate(labels[index]):
            pen.text((x, y + TILE + NAME + LINE * line), text, colour, _font(SIZE))
    return out


def _label(row: Judged) -> list[tuple[str, tuple[int, int, int]]]:
    """The lines under a photo's name and their colours."""
    expected = [(line, _SOFT) for line in lines(f"expected: {row.case.expected}")]
    return expected + [(line, _RIGHT if row.right else _WRONG) for line in lines(row.said)]


def _picture(row: Judged, zoom: float) -> Image:
    """The photo or its middle, TILE x TILE, with what was found drawn in."""
    image, marks = row.case.shot.image, row.case.shot.marks
    height, width = image.shape[:2]
    middle, side = np.array([width / 2, height / 2]), float(max(height, width))
    if zoom and len(marks):
        middle, side = marks[:5].mean(0), zoom * float(np.linalg.norm(marks[1] - marks[0]))
    scale = TILE / side
    matrix = np.array([[scale, 0, TILE / 2 - scale * middle[0]], [0, scale, TILE / 2 - scale * middle[1]]])
    if scale < 1:  # every pixel of the photo counts
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), 0.4 / scale), np.uint8) if scale < 0.8 else image
    border = (236, 236, 236)
    way = cv2.INTER_LINEAR if scale < 1 else cv2.INTER_NEAREST
    out = np.asarray(cv2.warpAffine(image, matrix, (TILE, TILE), flags=way, borderValue=border), np.uint8)
    colour = (_RIGHT if row.right else _WRONG)[::-1]
    for face in row.faces:
        box = face.box
        ends = np.array([[box.left, box.top], [box.left + box.width, box.top + box.height]]) * scale + matrix[:, 2]
        (left, top), (right, bottom) = np.round(ends).astype(int).tolist()
        cv2.rectangle(out, (left, top), (right, bottom), (255, 255, 255), 3, cv2.LINE_AA)
        cv2.rectangle(out, (left, top), (right, bottom), colour, 1, cv2.LINE_AA)
        for x, y in face.landmarks or ():
            at = (round(x * scale + matrix[0, 2]), round(y * scale + matrix[1, 2]))
            cv2.circle(out, at, 1, (255, 255, 255), cv2.FILLED, cv2.LINE_AA)
    return out


@cache
def _font(size: float) -> ImageFont.FreeTypeFont:
    """The font that comes with Pillow."""
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    return font


def lines(text: str) -> list[str]:
    """A text in lines of a tile's width."""
    out = [""]
    for word in text.split(" "):
        longer = f"{out[-1]} {word}".strip()
        if out[-1] and _font(SIZE).getlength(longer) > TILE:
            out.append(word)
        else:
            out[-1] = longer
    return out
