"""What the command line takes for granted when the environment says nothing, and what it must not say."""

from __future__ import annotations

import os
from collections.abc import Mapping

from serving import loglevel

LEDGER = "sqlite:///facegate.sqlite"
"""In the folder where the command runs; its key lies beside it."""


def apply() -> None:
    """Puts the defaults into the environment, for this process and the ones that it starts."""
    os.environ.setdefault("FACEGATE_LEDGER", LEDGER)


def bad_settings(environ: Mapping[str, str]) -> list[str]:
    """A text for each number of threads and level of the log that is none, beginning with the variable's name."""
    names = ("FACEGATE_THREADS", "FACEGATE_MODEL_THREADS")
    given = ((name, environ.get(name, "1")) for name in names)
    problems = [f"{name}: a whole number above 0" for name, text in given if not (text.isdecimal() and int(text) >= 1)]
    level = loglevel.named(environ)
    if level and not loglevel.known(level):
        problems.append(f"{loglevel.SETTING}: DEBUG, INFO, WARNING or ERROR")
    return problems
