"""Looks the installation over and says what to do.

Checks versions, settings, models, ledger, clock, keys and the port. Nothing is created. The exit status is 0 when
nothing failed (there may be warnings) and 1 when something did.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's options."""
    parser.add_argument("--host", default="127.0.0.1", help="where the server is to listen (default %(default)s)")
    port = os.environ.get("PORT") or "8080"
    parser.add_argument(
        "--port", type=int, default=port, help="where the server is to listen (default PORT, else 8080)"
    )
    parser.add_argument(
        "--models", type=Path, metavar="DIR", help="the models folder (default FACEGATE_MODELS, else models/)"
    )
    parser.add_argument("--production", action="store_true", help="strangers call here: warn of demo clients")
    parser.add_argument("--json", action="store_true", help="one JSON object per finding: check, level, told, todo")


def run(arguments: argparse.Namespace) -> int:
    """Prints the findings; 1 when any is a failure."""
    from standalone import defaults
    from standalone.doctor import Level, examine
    from standalone.doctor.findings import text

    defaults.apply()
    levels = []
    for finding in examine(os.environ, arguments.host, arguments.port, arguments.models, arguments.production):
        levels.append(finding.level)
        print(text(finding, arguments.json), flush=True)
    if not arguments.json:
        print(f"{levels.count(Level.FAIL)} failures, {levels.count(Level.WARN)} warnings")
    return 1 if Level.FAIL in levels else 0
