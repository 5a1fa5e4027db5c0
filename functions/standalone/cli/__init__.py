"""The command line, ``facegate``.

A subcommand is a module of this package whose name does not begin with an underscore. It has a docstring (its first
line is its help), ``configure(parser)``, and ``run(arguments) -> int``, the exit status. A module imports what is
heavy inside ``run`` only.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from types import ModuleType

from standalone.cli import _output


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one subcommand.

    Args:
        arguments: Without the program's name; the process's own when None.

    Returns:
        The exit status: 0 fine, 1 something failed (the output can not be written, too), 2 wrong usage or a broken
        installation, 130 interrupted, 141 the reader of the output went away.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    parsed = _parser(words[0] if words else None).parse_args(words)
    run = importlib.import_module(f"{__name__}.{parsed.command}").run
    if sys.stdout is None:
        print("facegate: standard output is closed", file=sys.stderr)
        return 1
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # as on stderr: a file's name may be no text
    try:
        status: int = run(parsed)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        _output.drop()
        return 141
    except OSError as error:
        print(f"facegate: {error}", file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:
            _output.drop()
        return 1
    except KeyboardInterrupt:
        return 130


def commands() -> list[str]:
    """The names of the subcommands there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def _parser(chosen: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="facegate", description="Face reports and the liveness contracts.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="command")
    names = commands()
    for name in [chosen] if chosen in names else names:
        module: ModuleType = importlib.import_module(f"{__name__}.{name}")
        about = (module.__doc__ or "").strip().split("\n")[0]
        module.configure(subparsers.add_parser(name, help=about, description=module.__doc__))
    return parser
