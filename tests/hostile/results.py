"""What the hostile runs counted, kept in docs/reliability.json; docs/build_reliability.py makes its table."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "docs" / "reliability.json"


def keep(part: str, counted: dict[str, Any]) -> None:
    """Writes one part's counts down in the place of its earlier ones.

    Args:
        part: ``images``, ``fuzz``, ``urls``, ``signatures``, ``faults`` or ``soak``.
        counted: What was counted; the commit that the run began on is added.
    """
    kept: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    kept[part] = counted | {"commit": COMMIT}
    RESULTS.write_text(json.dumps(dict(sorted(kept.items())), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


COMMIT = _commit()
