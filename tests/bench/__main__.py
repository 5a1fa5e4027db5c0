"""Runs the measurements and writes build/bench.json."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main(chosen: list[str]) -> int:
    """Prints every figure; keeps those of earlier runs that were not measured again."""
    sys.path.insert(0, str(ROOT))
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name != "__main__"]
    if unknown := set(chosen) - set(names):
        sys.stderr.write(f"no such measurement: {', '.join(sorted(unknown))}; there are {', '.join(names)}\n")
        return 2
    target = ROOT / "build" / "bench.json"
    figures = json.loads(target.read_text()) if target.exists() else {}
    for name in chosen or names:
        found = importlib.import_module(f"tests.bench.{name}").measure()
        for key, value in found.items():
            sys.stdout.write(f"{name}: {key} = {value:.4g}\n")
        figures |= found
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
