"""Measures committed models anew, and writes their figures into registry and cards: nothing is published.

``make train MODEL=renew``, after facecore's own code has changed, and after another face net was published: it has a
say in what counts as a face. ``ARGS=detector`` renews that one alone. A card's tables by source and its plots stay.
"""

from __future__ import annotations

import sys

from facecore.registry import Registry

from .bench import ROLES, measured
from .common.card import renew_figures
from .common.export import register
from .common.packs import MODELS


def renew(name: str) -> dict[str, float]:
    """The figures of one model, which registry and card then tell.

    Raises:
        ModelError: It is missing, altered or fails.
        ValueError: The card's tables lack one of the figures.
    """
    entry = Registry(MODELS)[name]
    figures = measured(name)
    renew_figures(name, figures)
    register(name, entry.path, entry.facts, figures)
    return figures


if __name__ == "__main__":
    for name in sys.argv[1:] or ROLES:
        print(name, renew(name))
