"""Drawings of photos in a folder, each under a name of its own."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

_LONGEST = 230  # bytes of a photo's name that are kept: file systems take 255, with the ending and a number


class Drawings:
    """A folder of drawings. Nothing that is in it is ever written over.

    Raises:
        OSError: The folder can not be made.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._numbers: Counter[str] = Counter()

    def write(self, photo: Path, jpeg: bytes) -> Path:
        """Writes a photo's drawing as NAME.drawn.jpg, numbered where there is such a file already.

        Returns:
            Where it is.

        Raises:
            OSError: It can not be written; nothing is left of it.
        """
        stem = photo.stem
        while len(os.fsencode(stem)) > _LONGEST:
            stem = stem[:-1]
        while True:
            self._numbers[stem] += 1
            number = f"-{self._numbers[stem]}" if self._numbers[stem] > 1 else ""
            target = self._folder / f"{stem}.drawn{number}.jpg"
            try:
                file = target.open("xb")
            except FileExistsError:
                continue
            try:
                with file:
                    file.write(jpeg)
            except OSError:
                target.unlink(missing_ok=True)
                raise
            return target
