"""How long a whole report takes, against what it cannot do without: the decode and the runs of its sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from tqdm import tqdm

from facecore import Analyzer, ModelError
from facecore.sessions import Model

from .common.packs import MODELS, ROOT, Image

WIDTH, HEIGHT = 1280, 720
ROUNDS, WARM = 80, 5
PHOTOS = ROOT / "tests" / "data"
Call = tuple[Model, dict[str, NDArray[Any]]]


def measure() -> dict[str, float]:
    """Medians over ROUNDS rounds in which the whole report and its bare parts take turns, one thread each.

    Returns:
        ``report_ms`` and ``bare_ms`` in milliseconds by the clock, and ``ratio``, the one over the other.

    Raises:
        ModelError: A model is missing, altered or fails, or sees more than the frame's one face.
        NoFace: The detector does not find it.
    """
    photo = frame()
    analyzer = Analyzer(MODELS, threads=1)
    with recorded() as calls:
        found = len(analyzer.analyse(photo).faces)
    if found != 1:
        raise ModelError(f"the frame holds one face, {found} were found")
    report, bare = _medians(partial(analyzer.analyse, photo), partial(run_bare, photo, calls))
    return {"ratio": report / bare, "report_ms": 1e3 * report, "bare_ms": 1e3 * bare}


def frame() -> bytes:
    """A JPEG of WIDTH x HEIGHT pixels with one face of about 90 x 100: the portrait on the photo without a face."""
    portrait, table = (cv2.imread(str(PHOTOS / name)) for name in ("eileen_collins.jpg", "coffee.jpg"))
    assert portrait is not None
    assert table is not None
    canvas = cv2.resize(table, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    top, left = (HEIGHT - portrait.shape[0]) // 2, (WIDTH - portrait.shape[1]) // 2
    canvas[top : top + portrait.shape[0], left : left + portrait.shape[1]] = portrait
    done, data = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, 90])
    assert done
    return data.tobytes()


@contextmanager
def recorded() -> Iterator[list[Call]]:
    """Collects the models and inputs of every run within."""
    calls: list[Call] = []
    run = Model.__call__

    def call(model: Model, **inputs: NDArray[Any]) -> Any:
        calls.append((model, inputs))
        return run(model, **inputs)

    with patch.object(Model, "__call__", call):
        yield calls


def run_bare(photo: bytes, calls: list[Call]) -> None:
    """Decodes the photo and runs the sessions on inputs that lie ready."""
    decoded(photo)
    for model, inputs in calls:
        model._session.run(None, inputs)


def decoded(photo: bytes) -> Image:
    """A JPEG's pixels, (height, width, 4), as facecore decodes them."""
    image: Image = simplejpeg.decode_jpeg(photo, "BGRA")
    return image


def _medians(*works: Callable[[], object]) -> list[float]:
    """Seconds that each piece of work takes, in turns, so that what else the machine does meets all alike."""
    taken: list[list[float]] = []
    for _ in tqdm(range(WARM + ROUNDS), desc="speed", disable=None):
        row = []
        for work in works:
            started = perf_counter()
            work()
            row.append(perf_counter() - started)
        taken.append(row)
    return [float(value) for value in np.median(taken[WARM:], 0)]
