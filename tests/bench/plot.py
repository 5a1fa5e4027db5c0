"""A curve as an SVG picture, both axes in decades, without a drawing library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 480, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 40, 48
_STEPS = (1, 2, 5)


def plot(title: str, across: str, up: str, curve: Sequence[Sequence[float]]) -> str:
    """The picture; beside the curve, dashed, what grows linearly from its first point.

    Args:
        title: Written above.
        across: Told below.
        up: Told at the side.
        curve: Two or more pairs, all above 0.
    """
    xs, ys = [x for x, _ in curve], [y for _, y in curve]
    x_from, x_to = _limits(xs)
    y_from, y_to = _limits([*ys, min(ys) / 1.5, max(ys) * 1.5])

    def x_at(x: float) -> float:
        return _LEFT + _share(x, x_from, x_to) * (WIDTH - _LEFT - _RIGHT)

    def y_at(y: float) -> float:
        return HEIGHT - _BOTTOM - _share(y, y_from, y_to) * (HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="22" font-size="14">{escape(title)}</text>',
    ]
    for x in _ticks(x_from, x_to):
        parts.append(_line(x_at(x), _TOP, x_at(x), HEIGHT - _BOTTOM, "#ddd"))
        parts.append(f'<text x="{x_at(x):.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="middle">{_short(x)}</text>')
    for y in _ticks(y_from, y_to):
        parts.append(_line(_LEFT, y_at(y), WIDTH - _RIGHT, y_at(y), "#ddd"))
        parts.append(f'<text x="{_LEFT - 6}" y="{y_at(y) + 4:.1f}" text-anchor="end">{_short(y)}</text>')
    ends = [(x, ys[0] * x / xs[0]) for x in (xs[0], min(xs[-1], xs[0] * y_to / ys[0]))]
    parts.append(_path([(x_at(x), y_at(y)) for x, y in ends], 'stroke="#999" stroke-dasharray="4 4"'))
    points = [(x_at(x), y_at(y)) for x, y in curve]
    parts.append(_path(points, 'stroke="#1460aa" stroke-width="2"'))
    parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#1460aa"/>' for x, y in points]
    middle = (_TOP + HEIGHT - _BOTTOM) / 2
    parts += [
        f'<text x="{(_LEFT + WIDTH - _RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(across)}</text>',
        f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">{escape(up)}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _limits(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _share(value: float, low: float, high: float) -> float:
    """Where a value lies between two others, by the logarithm, 0 .. 1."""
    return math.log(value / low) / math.log(high / low)


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers between two others, about half a dozen."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = _STEPS if high / low < 1000 else (1,)
    found = [step * 10.0**decade for decade in decades for step in steps]
    return [value for value in found if low * 0.999 <= value <= high * 1.001]


def _short(value: float) -> str:
    for size, sign in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{sign}"
    return f"{value:g}"


def _line(x0: float, y0: float, x1: float, y1: float, colour: str) -> str:
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}"/>'


def _path(points: Sequence[tuple[float, float]], style: str) -> str:
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{told}" fill="none" {style}/>'
