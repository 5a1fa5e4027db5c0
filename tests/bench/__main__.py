"""Runs the topics in turn, prints the figures beside their goals and writes build/bench.json."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TOPICS = {
    "warm": "requests by contract, and what they cannot do without (a minute)",
    "overhead": "a handler's own time, without facecore (a minute)",
    "cold": "fresh processes to their first answer (a minute)",
    "memory": "what stays resident over 10 000 mixed requests (10 minutes)",
    "throughput": "the standalone server under load (5 minutes)",
    "image": "bytes that an image adds to its base (a minute)",
    "growth": "time against pixels, faces, photos, clients, usage rows (10 minutes)",
}
LIBRARIES = ("numpy", "onnxruntime", "opencv-python-headless", "simplejpeg", "starlette", "botocore")


def main(arguments: Sequence[str] | None = None, target: Path | None = None) -> int:
    """Measures; 0 whether goals are reached or not, 1 when a topic could not be measured, 2 for wrong usage.

    Args:
        arguments: Without the program's name; the process's own when None.
        target: The file that is written, build/bench.json when None; figures of earlier runs that were not measured
            again are kept.
    """
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__, epilog=_list(),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--only", metavar="TOPIC,TOPIC", help="measure these alone")
    parser.add_argument("--growth", action="store_true", help="the same as --only growth")
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that it runs, not how fast")
    chosen = parser.parse_args(arguments)
    names = ["growth"] if chosen.growth else chosen.only.split(",") if chosen.only else list(TOPICS)
    if unknown := sorted(set(names) - set(TOPICS)):
        parser.error(f"no such topic: {', '.join(unknown)}; there are {', '.join(TOPICS)}")
    for folder in (str(ROOT), str(ROOT / "models")):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    target = target or ROOT / "build" / "bench.json"
    figures: dict[str, Any] = json.loads(target.read_text()) if target.exists() else {}
    failed = []
    for name in names:
        _say(f"{name}: {TOPICS[name]}")
        try:
            found = importlib.import_module(f"tests.bench.{name}").measure(chosen.quick)
        except Exception as error:
            failed.append(name)
            _say(f"{name} is not measured: {type(error).__name__}: {error}")
            continue
        figures |= {"about": about(chosen.quick)} | found
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(figures, indent=1) + "\n")  # after each, so that nothing is lost
        for key, value in found.items():
            if isinstance(value, int | float):
                _say(f"  {key} = {value:.4g}")
    _say("\n".join(table(figures)))
    return 1 if failed else 0


def about(quick: bool) -> dict[str, Any]:
    """What was measured on."""
    return {
        "when": time.strftime("%Y-%m-%d"),
        "quick": quick,
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def table(figures: Mapping[str, Any]) -> list[str]:
    """Lines: what was measured, reached, wanted, and whether it is; only figures that something is wanted of."""
    from tests.bench.goals import GOALS, shown

    rows = [("", "reached", "wanted", "")]
    for key, goal in GOALS.items():
        if key in figures:
            told = shown(figures[key], goal.unit)
            rows.append((goal.words, told, goal.wanted(), "" if goal.reached(figures[key]) else "missed"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        "  ".join([row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2]), row[3]]).rstrip()
        for row in rows
    ]


def _cpu() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _list() -> str:
    return "topics:\n" + "\n".join(f"  {name.ljust(11)} {words}" for name, words in TOPICS.items())


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
