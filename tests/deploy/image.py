"""Builds the images' file trees by the Dockerfile, without Docker: the same files, in a folder.

Only what the Dockerfile uses is known here; anything else fails. Pinned packages are not downloaded: they are taken
from the environment that the tests run in, which must have the very versions. Their bytecode is the environment's, too.
"""

from __future__ import annotations

import fnmatch
import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType

from packaging.requirements import Requirement

from tests.scripts import loaded

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "layers/vision/Dockerfile"
PIP = "pip install --no-cache-dir --no-compile --no-deps --only-binary :all: --require-hashes -r "


@dataclass
class Image:
    """A built target.

    Attributes:
        tree: The image's root folder, without the packages.
        env: Its environment variables.
        packages: The folders that hold the packages, one for each stage that installed some.
        added: Bytes that each instruction of its chain of stages has put into place, when they are measured.
    """

    tree: Path
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "root"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    packages: list[Path] = field(default_factory=list)
    added: list[tuple[str, int]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """The environment variables, their folders those of the tree, for Python run with ``-S``."""
        found = {name: value.replace("/app", str(self.tree / "app")) for name, value in self.env.items()}
        return found | {"PYTHONPATH": os.pathsep.join([found["PYTHONPATH"], *map(str, self.packages)])}

    def argv(self, command: list[str] | None = None) -> list[str]:
        """What a container runs, with the tests' Python."""
        words = self.entrypoint + (self.command if command is None else command)
        assert words[0] == "python"
        return [sys.executable, "-S", "-P", *words[1:]]


STARTED = {
    "AWS_LAMBDA_FUNCTION_NAME": "facegate", "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none",
    "FACEGATE_LEDGER": "dynamodb://facegate?region=eu-west-1", "FACEGATE_KEY": "00" * 32,
}  # fmt: skip
"""An environment in which a function makes everything when its module is imported, as on Lambda; calls nobody."""

_BUILT: dict[Path, Image] = {}


def instructions(text: str) -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments."""
    joined = text.replace("\\\n", " ")
    lines = (line.strip() for line in joined.splitlines())
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines if line and not line.startswith("#")]


def stages() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """By name: what a stage is made from, and its instructions."""
    found: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    for word, rest in instructions(DOCKERFILE.read_text()):
        if word == "FROM":
            base, between, name = rest.split()
            assert between == "AS"
            found[name] = (base, [])
        else:
            next(reversed(found.values()))[1].append((word, rest))
    return found


def build(target: str, folder: Path, measure: bool = False) -> Image:
    """Builds a target, and the stages that it stands on, each once, in folders of their names.

    Args:
        target: A stage.
        folder: Where; built stages that are there already are used.
        measure: Whether to count what each instruction adds, which takes time.
    """
    if (known := _BUILT.get(folder / target)) is not None:
        return known
    base, steps = stages()[target]
    tree = folder / target
    if base in stages():
        below = build(base, folder, measure)
        shutil.copytree(below.tree, tree)
        image = replace(below, tree=tree, env=dict(below.env), packages=[*below.packages], added=[*below.added])
    else:
        tree.mkdir()
        image = Image(tree)
    for word, rest in steps:
        before = _size(image) if measure else 0
        _STEPS[word](image, rest)
        if measure and word in ("COPY", "RUN"):
            image.added.append((f"{word} {rest}", _size(image) - before))
    _BUILT[tree] = image
    return image


def in_context(path: Path) -> bool:
    """Whether .dockerignore lets a file of the repository into the build."""
    name = path.relative_to(ROOT).as_posix()
    inside = True
    for line in (ROOT / ".dockerignore").read_text().split():
        pattern = line.removeprefix("!").removeprefix("**/")
        parts = name.split("/")
        prefixes = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        if any(fnmatch.fnmatchcase(prefix, pattern) for prefix in prefixes) or ("**/" in line and pattern in parts):
            inside = line.startswith("!")
    return inside


def finisher() -> ModuleType:
    """layers/vision/finish.py."""
    return loaded("layers/vision/finish.py")


def install(requirements: Path, packages: Path, already: Sequence[Path] = ()) -> None:
    """Puts the pinned packages of a requirements file into a folder, from this environment.

    Args:
        requirements: The file.
        packages: The folder.
        already: Folders whose packages need not be installed again.

    Raises:
        AssertionError: This environment has another version.
    """
    for line in requirements.read_text().splitlines():
        if not line[:1].isalnum():
            continue
        pinned = Requirement(line.rstrip(" \\"))
        if pinned.marker is None or pinned.marker.evaluate():
            found = distribution(pinned.name)
            assert pinned.specifier.contains(found.version), f"{line}: {found.version} is installed"
            if any(list(folder.glob(f"{pinned.name.replace('-', '_')}-*.dist-info")) for folder in already):
                continue
            for file in found.files or ():
                if ".." not in file.parts:
                    _link(Path(str(found.locate_file(file))), packages / file)


def _link(source: Path, target: Path) -> None:
    if target.exists() or not source.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _size(image: Image) -> int:
    return sum(
        Path(folder, name).stat().st_size
        for top in (image.tree, *image.packages)
        for folder, _, names in os.walk(top)
        for name in names
    )


def _copy(image: Image, rest: str) -> None:
    *sources, target = rest.split()
    folder = image.tree / os.path.join(image.workdir, target).lstrip("/")
    for source in sources:
        found = [path for path in sorted(ROOT.glob(source)) if path.is_dir() or in_context(path)]
        assert found, f"COPY {source}: nothing in the build's context"
        for path in found:
            files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
            files = [file for file in files if in_context(file)]
            assert files, f"COPY {source}: {path} is not in the build's context"
            for file in files:
                to = folder / file.relative_to(path) if path.is_dir() else folder / file.name
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, to)


def _run(image: Image, rest: str) -> None:
    for command in (" ".join(part.split()) for part in rest.split("&&")):
        if command.startswith(PIP):
            packages = image.tree.with_name(f"{image.tree.name}.packages")
            install(image.tree / command.removeprefix(PIP).lstrip("/"), packages, image.packages)
            image.packages.append(packages)
        elif command == "python /build/finish.py":
            finisher().trim(image.packages[-1])
        elif command == "python /build/finish.py /app":
            finisher().finish(image.tree / "app")
        elif command.startswith("install --directory "):
            (image.tree / command.split()[-1].lstrip("/")).mkdir()
        else:
            raise AssertionError(f"the tests do not know how to RUN {command}")


def _env(image: Image, rest: str) -> None:
    image.env |= dict(pair.split("=", 1) for pair in shlex.split(rest))


def _words(rest: str) -> list[str]:
    words = json.loads(rest)
    assert all(isinstance(word, str) for word in words)
    return list(words)


_STEPS: dict[str, Callable[[Image, str], None]] = {
    "COPY": _copy,
    "RUN": _run,
    "ENV": _env,
    "WORKDIR": lambda image, rest: setattr(image, "workdir", rest),
    "USER": lambda image, rest: setattr(image, "user", rest),
    "ENTRYPOINT": lambda image, rest: setattr(image, "entrypoint", _words(rest)),
    "CMD": lambda image, rest: setattr(image, "command", _words(rest)),
    "EXPOSE": lambda image, rest: None,
    "VOLUME": lambda image, rest: None,
}
