"""Lists the models with their figures, and checks their files against the registry."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's options."""
    parser.add_argument(
        "--models", type=Path, metavar="DIR", help="the models folder (default FACEGATE_MODELS, else models/)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints the table; 1 when a file is missing or altered, 2 when there is no registry."""
    from facecore import ModelError
    from facecore.registry import Registry

    try:
        entries = Registry(arguments.models).entries()
    except ModelError as error:
        print(f"facegate: {error}", file=sys.stderr)
        return 2
    rows, broken = [("MODEL", "FILE", "MB", "SHA-256", "FIGURES")], []
    for entry in entries:
        try:
            size = f"{len(entry.read()) / 1e6:.2f}"
        except ModelError as error:
            broken.append(str(error))
            size = "-"
        figures = list(_figures(entry.facts.get("figures"))) or ["-"]
        rows.append((entry.name, entry.path.name, size, entry.sha256[:12], figures[0]))
        rows += [("", "", "", "", figure) for figure in figures[1:]]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for message in broken:
        print(f"facegate: {message}", file=sys.stderr)
    return 1 if broken else 0


def _figures(figures: Any, within: str = "") -> Iterator[str]:
    """One text per figure: "name value"; a group's figures carry its name in front."""
    if isinstance(figures, Mapping):
        for name, value in figures.items():
            yield from _figures(value, f"{within} {name}".strip())
    elif isinstance(figures, float):
        yield f"{within} {figures:.4g}".strip()
    elif figures is not None:
        yield f"{within} {figures}".strip()
