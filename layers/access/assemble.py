"""Puts the authorizers' functions together, one folder each: what Lambda unpacks from a zip.

``python assemble.py FOLDER`` makes ``FOLDER/market``, ``FOLDER/tencent`` and ``FOLDER/baidu``: gatekeeper, the
contract's authorizer, and the pinned packages of requirements/access.txt for Lambda's Python 3.11 (whose C library is
glibc 2.26). botocore is left to Lambda, which brings it.
"""

from __future__ import annotations

import compileall
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ("market", "tencent", "baidu")
PYTHON = "3.11"
PLATFORM = "manylinux2014_x86_64"
_IGNORED = shutil.ignore_patterns("__pycache__")


def copy_code(contract: str, folder: Path) -> None:
    """Copies a contract's authorizer and what it imports of ours.

    Args:
        contract: ``market``, ``tencent`` or ``baidu``.
        folder: Where to; it may hold packages already.
    """
    shutil.copytree(ROOT / "layers/access/gatekeeper", folder / "gatekeeper", ignore=_IGNORED, dirs_exist_ok=True)
    package = folder / contract
    package.mkdir(parents=True, exist_ok=True)
    for name in ("__init__.py", "authorizer.py"):
        shutil.copy(ROOT / "functions" / contract / name, package / name)


def install(folder: Path) -> None:
    """Installs the pinned packages into a folder, as wheels for Lambda, whatever this machine is.

    Raises:
        subprocess.CalledProcessError: pip failed; it has said why.
    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--target", str(folder)]
    command += ["--implementation", "cp", "--python-version", PYTHON, "--platform", PLATFORM]
    subprocess.run([*command, "--requirement", str(ROOT / "requirements/access.txt")], check=True)
    shutil.rmtree(folder / "bin", ignore_errors=True)


def main(target: Path) -> None:
    """Makes the three folders anew."""
    shutil.rmtree(target, ignore_errors=True)
    packages = target / ".packages"
    install(packages)
    for contract in CONTRACTS:
        folder = target / contract
        shutil.copytree(packages, folder)
        copy_code(contract, folder)
        if sys.version_info[:2] == tuple(map(int, PYTHON.split("."))):  # bytecode fits its own Python only
            compileall.compile_dir(folder, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    shutil.rmtree(packages)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
