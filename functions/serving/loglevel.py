"""The least level of the log that is written down, as the environment names it."""

from __future__ import annotations

import logging
from collections.abc import Mapping

SETTING = "POWERTOOLS_LOG_LEVEL"


def named(environ: Mapping[str, str]) -> str:
    """What the setting says, in capitals; empty where it says nothing."""
    return environ.get(SETTING, "").strip().upper()


def known(level: str) -> bool:
    """Whether there is such a level."""
    return level in logging.getLevelNamesMapping()
