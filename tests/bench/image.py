"""The bytes that an image adds to its base, by the Dockerfile's instructions, and what of them a function opens."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.timing import ROOT
from tests.deploy.image import STARTED, Image, build

TARGETS = ("market", "standalone")
_PROGRAM = """
import sys, market.function
print(*{m.__file__ for m in sys.modules.values() if getattr(m, "__file__", None)}, sep="\\n")
"""


def measure(quick: bool) -> dict[str, float]:
    """Megabytes (10^6 bytes) by image, part of the market's image and instruction of the Dockerfile.

    The packages are those of this environment, trimmed as the image's build trims them; file systems and compression
    are left aside. ``image_opened_share`` is the part of the packages' modules that a fresh function imports.
    """
    (ROOT / "build").mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="bench-", dir=ROOT / "build") as folder:
        images = {target: build(target, Path(folder), measure=True) for target in TARGETS[: 1 if quick else None]}
        found = {f"image_{target}_mb": _size(image) / 1e6 for target, image in images.items()}
        market = images["market"]
        for label, size in market.added:
            found[f"layer: {_short(label)}"] = size / 1e6
        for name, size in sorted(_packages(market), key=lambda part: -part[1])[:12]:
            found[f"package: {name}"] = size / 1e6
        found["image_opened_share"] = _opened(market)
        return found


def _short(label: str) -> str:
    """An instruction in a few words."""
    words = re.sub(r"--\S+( :all:)?", "", label)
    return " ".join(words.split())[:70]


def _size(image: Image) -> int:
    return sum(size for _, size in image.added)


def _packages(image: Image) -> Iterator[tuple[str, int]]:
    for folder in image.packages:
        for path in folder.iterdir():
            yield path.name, sum(file.stat().st_size for file in _files(path))


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from (Path(folder, name) for folder, _, names in os.walk(path) for name in names)


def _opened(image: Image) -> float:
    """Modules' source and libraries that a function has imported, as a share of those that there are, by bytes."""
    argv = [*image.argv(["python"])[:1], "-S", "-P", "-c", _PROGRAM]
    done = subprocess.run(argv, env=image.environment() | STARTED, capture_output=True, text=True, check=True)
    opened = {Path(line).resolve() for line in done.stdout.splitlines()}
    code = [file for folder in image.packages for file in _files(folder) if file.suffix in (".py", ".so")]
    return sum(f.stat().st_size for f in code if f.resolve() in opened) / sum(f.stat().st_size for f in code)
