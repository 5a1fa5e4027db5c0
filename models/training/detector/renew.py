"""Measures the committed detector anew, and writes its figures into registry and card: nothing is published.

``make train MODEL=detector.renew``, after another face net was published: it has a say in what counts as a face.
"""

from __future__ import annotations

from facecore.registry import Registry

from ..common.card import renew_figures
from ..common.export import register
from ..common.packs import MODELS
from .measure import measure

if __name__ == "__main__":
    entry = Registry(MODELS)["detector"]
    figures = measure()
    renew_figures("detector", figures)
    register("detector", entry.path, entry.facts, figures)
    print(figures)
