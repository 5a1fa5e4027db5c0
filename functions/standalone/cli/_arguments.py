"""Types of arguments that subcommands share."""

from __future__ import annotations

import argparse
from collections.abc import Callable

MOST_THREADS = 1024


def whole(most: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number from 1 to ``most``."""

    def number(text: str) -> int:
        # int() refuses thousands of digits in words of its own
        if not text.isdecimal() or len(text) > 20 or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {most}")
        return int(text)

    return number
