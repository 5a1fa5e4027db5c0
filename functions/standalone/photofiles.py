"""Photos on disk: which a folder holds, what stands in the way of the others, and no more of a file than is needed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from stat import S_ISREG

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp"})

_PART = 1 << 20  # bytes read at once

Entry = tuple[Path, OSError | None]
"""A photo and None, or what can not be read and why."""


class Search:
    """Finds photos by their names, in folders and below.

    Attributes:
        passed_over: How many files had another name so far.
        links: How many links to folders were met; they are not followed.
    """

    def __init__(self) -> None:
        self.passed_over = 0
        self.links = 0

    def entries(self, folder: Path) -> list[Entry]:
        """The photos of a folder and below, by path.

        What is named as a photo and is no file that can be reached, and every folder that can not be entered, is among
        them with its error.
        """
        found: list[Entry] = []
        waiting = [folder]
        while waiting:
            here = waiting.pop()
            try:
                with os.scandir(here) as listing:
                    inside = list(listing)
            except OSError as error:
                found.append((here, error))
                continue
            waiting += [Path(entry.path) for entry in inside if _is_folder(entry)]
            found += [(Path(entry.path), _obstacle(entry)) for entry in inside if self._is_photo(entry)]
        return sorted(found, key=lambda entry: entry[0])

    def passed(self) -> str:
        """What was passed over, in words; empty where nothing was."""
        if not self.passed_over and not self.links:
            return ""
        return f"files passed over for their names: {self.passed_over}; links to folders not followed: {self.links}"

    def _is_photo(self, entry: os.DirEntry[str]) -> bool:
        """Whether an entry is no folder and goes by a photo's name; counts what is neither."""
        if _is_folder(entry):
            return False
        if entry.is_symlink() and os.path.isdir(entry.path):
            self.links += 1
            return False
        if Path(entry.name).suffix.lower() in PHOTO_SUFFIXES:
            return True
        self.passed_over += 1
        return False


def batches(entries: Iterable[Entry], size: int) -> Iterator[list[Entry]]:
    """So many of them at a time."""
    rest = iter(entries)
    while batch := list(islice(rest, size)):
        yield batch


def read(entry: Entry, max_pixels: int) -> bytes:
    """A file's content, if its first bytes and its length leave it a photo.

    A pipe is read up to where it is too long.

    Raises:
        UnsupportedFormat: It does not begin as a JPEG, PNG or BMP.
        ImageTooLarge: It has more bytes than the pixels can take.
        OSError: It can not be read; what the entry says, if it says so.
    """
    from facecore.errors import ImageTooLarge
    from facecore.headers import sniff
    from facecore.intake import max_bytes

    path, obstacle = entry
    if obstacle is not None:
        raise obstacle
    most = max_bytes(max_pixels)
    with path.open("rb") as file:
        head = file.read(_PART)
        sniff(head)
        content = bytearray(head)
        length = os.fstat(file.fileno()).st_size  # 0 of a pipe
        while max(length, len(content)) <= most and (part := file.read(_PART)):
            content += part
    if max(length, len(content)) > most:
        raise ImageTooLarge(f"more than the {most} bytes that {max_pixels} pixels take")
    return bytes(content)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # where the listing does not tell and the entry can not be asked
        return False


def _obstacle(entry: os.DirEntry[str]) -> OSError | None:
    """Why an entry can not be read as a file, as far as can be told without waiting: a pipe may never answer."""
    try:
        regular = S_ISREG(entry.stat().st_mode)
    except OSError as error:
        return error
    return None if regular else OSError(errno.EINVAL, "not a regular file")
