"""Reports on photos, one JSON object per line.

A photo that cannot be reported on gets a line with "error" (a stable name) and "message"; the others are still
analysed, and the exit status is 1. What --recursive meets and cannot read, a folder or what is named as a photo, gets
such a line as well; how many files it passed over for their names is said on stderr at the end.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from standalone.cli._arguments import MOST_THREADS, whole
from standalone.drawings import Drawings
from standalone.photofiles import PHOTO_SUFFIXES, Entry, Search, batches, read

if TYPE_CHECKING:
    from facecore import Analyzer, ImageError, Report

BATCH = 8  # photos read and analysed together
FEW = 3  # photos without a progress bar
MOST_PIXELS = 1_000_000_000  # OpenCV decodes no more than 2**30
MOST_FACES = 1_000_000

# Pixels, degrees, years, points of 100 and luma keep two decimals; every other number is a probability.
_TWO_DECIMALS = frozenset({"box", "pose", "landmarks", "age", "beauty", "illumination"})


class NoPhoto(OSError):
    """A folder holds no file that is named as a photo."""


_OS_ERRORS: dict[type[OSError], str] = {
    FileNotFoundError: "FileNotFound",
    IsADirectoryError: "IsADirectory",
    NoPhoto: "NoPhoto",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's options."""
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="a JPEG, PNG or BMP file")
    parser.add_argument(
        "--draw",
        type=Path,
        metavar="DIR",
        help='write each photo with its report drawn in there, over nothing; "drawing" in its line says where',
    )
    parser.add_argument(
        "--faces",
        type=whole(MOST_FACES),
        metavar="N",
        help="report the N largest faces at most (default all; 1 is what the contracts ask for)",
    )
    parser.add_argument(
        "--max-pixels",
        type=whole(MOST_PIXELS),
        metavar="N",
        help=f"refuse photos with more (default 25000000, at most {MOST_PIXELS})",
    )
    parser.add_argument(
        "--recursive",
        action="store_true",
        help=f"a folder stands for the photos in it and below, by their names: {', '.join(sorted(PHOTO_SUFFIXES))}",
    )
    parser.add_argument("--threads", type=whole(MOST_THREADS), default=1, metavar="N", help="of each model (default 1)")


def run(arguments: argparse.Namespace) -> int:
    """Prints a line per photo; 1 when any failed, 2 when a model is broken or there can be no folder of drawings."""
    from tqdm import tqdm

    from facecore import ModelError
    from facecore.intake import MAX_PIXELS

    max_pixels = arguments.max_pixels or MAX_PIXELS
    search = Search()
    entries = list(_expand(arguments.photos, search if arguments.recursive else None))
    failed = 0
    try:
        drawings = Drawings(arguments.draw) if arguments.draw is not None else None
    except OSError as error:
        print(f"facegate: {arguments.draw}: {error.strerror}", file=sys.stderr)
        return 2
    try:
        analyzer = make_analyzer(arguments.threads, max_pixels)
        # disable=None: no bar where stderr is no terminal
        with tqdm(total=len(entries), unit="photo", disable=True if len(entries) <= FEW else None) as bar:
            for batch in batches(entries, BATCH):
                for path, data, result in _analyse(analyzer, batch, arguments.faces, max_pixels):
                    line, complaint = record(path, result), ""
                    if drawings is not None:
                        line["drawing"], complaint = _drawing(drawings, path, data, result, max_pixels)
                    bar.write(json.dumps(line), file=sys.stdout)
                    if complaint:
                        bar.write(f"facegate: {path}: not drawn: {complaint}", file=sys.stderr)
                    failed += isinstance(result, Exception) or bool(complaint)
                    bar.update()
                sys.stdout.flush()
    except ModelError as error:
        print(f"facegate: {error}", file=sys.stderr)
        return 2
    if passed := search.passed():
        print(f"facegate: {passed}", file=sys.stderr)
    return 1 if failed else 0


def make_analyzer(threads: int, max_pixels: int) -> Analyzer:
    """The analyzer that the subcommand uses."""
    from facecore import Analyzer

    return Analyzer(threads=threads, max_pixels=max_pixels)


def record(path: Path, result: Report | ImageError | OSError) -> dict[str, Any]:
    """What is printed of one photo.

    Returns:
        ``path, width, height, faces, error``; ``error`` is None, or a name, and then ``message`` follows.
    """
    line: dict[str, Any] = {"path": str(path), "width": None, "height": None, "faces": [], "error": None}
    if isinstance(result, OSError):
        name = next((name for kind, name in _OS_ERRORS.items() if isinstance(result, kind)), "Unreadable")
        return line | {"error": name, "message": result.strerror or str(result)}
    if isinstance(result, Exception):
        return line | {"error": result.name, "message": str(result)}
    return line | {key: rounded(value) for key, value in result.as_dict().items()}


def rounded(value: Any, two_decimals: bool = False) -> Any:
    """Rounds the numbers of a report: two decimals, or six significant digits where tiny numbers count."""
    if isinstance(value, float):
        return round(value, 2) if two_decimals else float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {key: rounded(part, two_decimals or key in _TWO_DECIMALS) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part, two_decimals) for part in value]
    return value


def _analyse(
    analyzer: Analyzer, entries: Sequence[Entry], faces: int | None, max_pixels: int
) -> Iterator[tuple[Path, bytes, Report | ImageError | OSError]]:
    contents = [_read(entry, max_pixels) for entry in entries]
    results = iter(analyzer.analyse_batch([c for c in contents if isinstance(c, bytes)], faces=faces))
    for (path, _), content in zip(entries, contents, strict=True):
        yield (path, content, next(results)) if isinstance(content, bytes) else (path, b"", content)


def _read(entry: Entry, max_pixels: int) -> bytes | ImageError | OSError:
    from facecore import ImageError

    try:
        return read(entry, max_pixels)
    except (ImageError, OSError) as error:
        return error


def _drawing(
    drawings: Drawings, path: Path, data: bytes, result: Report | ImageError | OSError, max_pixels: int
) -> tuple[str | None, str]:
    """Draws a photo that has a report: where the drawing is, and why there is none where there should be one."""
    if isinstance(result, Exception):
        return None, ""
    try:
        return str(drawings.write(path, _drawn(data, result, max_pixels))), ""
    except OSError as error:
        return None, error.strerror or str(error)


def _drawn(data: bytes, report: Report, max_pixels: int) -> bytes:
    """The photo with its report drawn in, a JPEG."""
    import cv2

    from facecore.draw import draw
    from facecore.intake import read_photo

    return cv2.imencode(".jpg", draw(read_photo(data, max_pixels).bgr, report))[1].tobytes()


def _expand(paths: Iterable[Path], search: Search | None) -> Iterator[Entry]:
    """What each path stands for: itself, or with a search, where it is a folder, what that finds in it."""
    for path in paths:
        if search is not None and os.path.isdir(path):
            yield from search.entries(path) or [(path, NoPhoto(errno.ENOENT, "no file in it is named as a photo"))]
        else:
            yield path, None
