"""Finishes what an image build has just put in place: takes away what no function opens, compiles, makes readable.

``python finish.py`` works on the installed packages, ``python finish.py FOLDER`` on a folder of our own code. It may
run again over what it has finished. Lambda runs images as a user of its own, on a file system that is read-only, so
that every file must be readable by all and bytecode must be there already.
"""

from __future__ import annotations

import compileall
import py_compile
import shutil
import stat
import sys
import sysconfig
from pathlib import Path

NEVER_OPENED = (
    "**/tests",
    "**/*.pyi",
    "**/*.pyx",
    "**/*.pxd",
    "**/*.h",
    "**/*.a",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/[!_j]*",
    "cv2/data",
    "flatbuffers",
    "google/_upb",
    "google/protobuf",
    "multipart",
    "numpy/_pyinstaller",
    "numpy/distutils",
    "numpy/f2py",
    "numpy/testing",
    "onnxruntime/backend",
    "onnxruntime/capi/libonnxruntime.so*",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
)
"""Inside the installed packages: tests, type stubs, C headers, tools, training aids, cascades, what a handler of
powertools' own would use, what onnxruntime reads other model formats with, its library for C programs (its Python
module holds the same code once more), and python-multipart's old name."""

SERVICES = ("dynamodb", "kms")
"""The AWS services whose descriptions botocore keeps; it brings those of all."""


def trim(packages: Path) -> None:
    """Deletes what no function opens.

    Args:
        packages: A site-packages folder.
    """
    for pattern in NEVER_OPENED:
        for path in list(packages.glob(pattern)):
            _delete(path)
    services = packages / "botocore" / "data"
    if services.is_dir():
        for path in services.iterdir():
            if path.is_dir() and path.name not in SERVICES:
                _delete(path)


def finish(folder: Path) -> None:
    """Compiles a folder's modules and makes its files readable by all.

    The bytecode is not checked against its source's time, which copying into an image changes.
    """
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder, quiet=2, invalidation_mode=unchecked)
    for path in (folder, *folder.rglob("*")):
        wanted = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
        if path.is_dir():
            wanted |= stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
        mode = path.stat().st_mode
        if mode & wanted != wanted:  # what needs no change stays in the layer that it is in
            path.chmod(mode | wanted)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists():  # its folder may have gone before it
        path.unlink()


def main(arguments: list[str]) -> None:
    """Runs as the module says."""
    if arguments:
        for name in arguments:
            finish(Path(name))
    else:
        packages = Path(sysconfig.get_path("purelib"))
        trim(packages)
        finish(packages)


if __name__ == "__main__":
    main(sys.argv[1:])
