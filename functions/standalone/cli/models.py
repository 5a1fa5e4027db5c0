"""Lists the models with their figures and checks their files; ``models check`` looks at a model of your own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_PHOTO = Path("tests/data/eileen_collins.jpg")
_REGISTER = "put it into a copy of the models folder, its SHA-256 and facts into registry.json"


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's options."""
    parser.add_argument(
        "--models", type=Path, metavar="DIR", help="the models folder (default FACEGATE_MODELS, else models/)"
    )
    verbs = parser.add_subparsers(dest="verb", metavar="check")
    check = verbs.add_parser("check", help="say whether an ONNX file fits a role", description=_check.__doc__)
    check.add_argument("file", type=Path, metavar="FILE.onnx")
    check.add_argument("--role", required=True, choices=("detector", "face", "liveness", "synthetic"))
    check.add_argument("--photo", type=Path, default=_PHOTO, help="a photo of a face (default %(default)s)")
    check.add_argument("--json", action="store_true", help="one JSON object per finding: check, level, told, todo")


def run(arguments: argparse.Namespace) -> int:
    """Prints the table; 1 when a file is missing or altered, 2 when there is no registry."""
    if arguments.verb == "check":
        return _check(arguments)
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


def _check(arguments: argparse.Namespace) -> int:
    """Says in plain words whether an ONNX file of your own fits a role.

    Looks at its inputs and outputs (names, types, shapes), runs it on a sample photo and four variants of it (values,
    batches), and takes its time against the registered model's. The exit status is 0 when it fits, 1 when not, 2 when
    the sample photo can not be read.
    """
    from facecore.errors import ImageError
    from standalone import fitness
    from standalone.doctor.findings import Level, text

    try:
        photo = arguments.photo.read_bytes()
    except OSError as error:
        print(f"facegate: {arguments.photo}: {error.strerror}; name a photo with --photo", file=sys.stderr)
        return 2
    fits = True
    try:
        for finding in fitness.fits(arguments.file, arguments.role, photo, arguments.models):
            fits &= finding.level is not Level.FAIL
            print(text(finding, arguments.json), flush=True)
    except ImageError as error:
        print(f"facegate: {arguments.photo}: {error}; name a photo with --photo", file=sys.stderr)
        return 2
    if not arguments.json:
        told = f"{arguments.file.name} {'fits' if fits else 'does not fit'} the role {arguments.role}"
        then = "facegate calibrate --model FILE sets its thresholds" if arguments.role == "liveness" else _REGISTER
        print(f"{told}: {then}" if fits else told)
    return 0 if fits else 1


def _figures(figures: Any, within: str = "") -> Iterator[str]:
    """One text per figure: "name value"; a group's figures carry its name in front."""
    if isinstance(figures, Mapping):
        for name, value in figures.items():
            yield from _figures(value, f"{within} {name}".strip())
    elif isinstance(figures, float):
        yield f"{within} {figures:.4g}".strip()
    elif figures is not None:
        yield f"{within} {figures}".strip()
