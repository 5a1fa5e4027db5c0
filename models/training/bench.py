"""Measures the committed models on the validation splits, and the speed of a whole report: ``make bench-models``.

Every figure stands beside its floor and its goal (see common.goals). A figure below its floor is shown as such and is
no failure: what fails is a model or data that is not there.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from facecore import FacecoreError, ModelError
from facecore.registry import Registry

from .common.goals import GOALS
from .common.packs import DATA, MODELS

MEASURES = {
    "detector": "training.detector.measure",
    "face": "training.face.measure",
    "liveness": "training.liveness.measure",
    "synthetic": "training.synthetic.measure",
    "whole": "training.whole",
    "speed": "training.speed",
}
TOGETHER = ("whole", "speed")
ROLES = tuple(name for name in MEASURES if name not in TOGETHER)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the figures; 1 when a model could not be measured, 2 when the data or the registry is not there."""
    parser = argparse.ArgumentParser(prog="python -m training.bench", description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(MEASURES)} (default all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    chosen = parser.parse_args(arguments)
    if unknown := sorted(set(chosen.names) - set(MEASURES)):
        parser.error(f"no such measurement: {', '.join(unknown)}")
    names = [name for name in MEASURES if name in chosen.names or not chosen.names]
    if names != ["speed"] and not DATA.is_dir():
        return _told(2, f"the labelled photos are not on this machine: {DATA} is no folder")
    try:
        registry = Registry(MODELS)
    except ModelError as error:
        return _told(2, str(error))
    found: dict[str, dict[str, float]] = {}
    for name in names:
        try:
            for needed in ROLES if name in TOGETHER else (name,):
                registry[needed].read()  # what is missing is told before minutes of measuring
            found[name] = measured(name)
        except FacecoreError as error:
            _told(1, f"{name} is not measured: {error}")
            continue
        print("\n".join(table(name, found[name])), flush=True)
    if chosen.json is not None:
        known = {name: {k: None if math.isnan(v) else v for k, v in each.items()} for name, each in found.items()}
        chosen.json.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    return int(len(found) < len(names))


def measured(name: str) -> dict[str, float]:
    """Figures of one of MEASURES; its module, and with it the pack readers, is only imported now."""
    figures: dict[str, float] = importlib.import_module(MEASURES[name]).measure()
    return figures


def table(name: str, figures: Mapping[str, float]) -> list[str]:
    """Lines of text: figures with goals first (value, floor, goal, mark), then the others."""
    rows: list[tuple[str, ...]] = [(name, "measured", "floor", "goal", "")]
    for key, goal in GOALS[name].items():
        value = figures[key]
        shown = (goal.shown(number) for number in (value, goal.floor, goal.goal))
        rows.append((f"  {goal.words}", *shown, goal.met(value)))
    rows += [(f"  {key}", f"{value:.4f}", "", "", "") for key, value in figures.items() if key not in GOALS[name]]
    return list(_aligned(rows))


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for first, *others in rows:
        cells = [first.ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        yield "  ".join(cells).rstrip()


def _told(status: int, message: str) -> int:
    print(f"bench-models: {message}", file=sys.stderr, flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
