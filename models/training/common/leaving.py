"""What nets that were trained without a source reach on it: those nets are not committed, their figures are."""

from __future__ import annotations

import json

from .metrics import interval
from .packs import CARDS


def left_out(name: str) -> dict[str, dict[str, float]]:
    """What nets that were trained without a source reached on it, by source; empty when not measured.

    Kept in models/cards/NAME-left-out.json.
    """
    path = CARDS / f"{name}-left-out.json"
    found: dict[str, dict[str, float]] = json.loads(path.read_text()) if path.exists() else {}
    return found


def remember_left_out(name: str, source: str, figures: dict[str, float]) -> None:
    """Adds one source's figures to what ``left_out`` gives."""
    known = left_out(name) | {source: {key: round(value, 5) for key, value in figures.items()}}
    (CARDS / f"{name}-left-out.json").write_text(json.dumps(known, indent=1) + "\n")


def left_out_table(name: str) -> str:
    """Markdown: what nets trained without a source reach on it; says so when that was not measured."""
    found = left_out(name)
    if not found:
        return "Not measured."
    lines = ["| source left out | photos of it | AUC | found at 1 % of the others flagged (95 % interval) |"]
    lines.append("|---|---|---|---|")
    for source, figures in found.items():
        low, high = interval(figures["rejected_at_1"], int(figures["attacks"]))
        lines.append(
            f"| {source} | {figures['attacks']:.0f} | {figures['auc']:.4f} "
            f"| {100 * figures['rejected_at_1']:.1f} % ({100 * low:.1f} to {100 * high:.1f}) |"
        )
    return "\n".join(lines)
