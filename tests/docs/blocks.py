"""The fenced blocks of the documents.

What stands behind a fence's language says how its commands are tested:

- ``sh run``: the block runs, after those before it on its page, against a server on this machine;
- ``sh printed``: what `make run` prints, with … for credentials; it is compared with what is printed, and that runs;
- ``sh check``: it serves, installs or takes long: bash has to understand it, facegate has to take the arguments, the
  make targets have to exist, and every other command has to have its own check;
- ``sh cloud``: it needs a cloud account or Docker: checked in the same way, and what it names in the repository
  (files, build targets, settings, parameters) has to be there;
- ``python run NAME``: the block runs with the credentials of a client of that contract (``facecore``: without).

No other block of a shell's or of Python is allowed, fenced or indented: a command that nobody tests fails the tests.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md")])
SHELLS = ("sh", "bash", "shell", "console", "zsh", "text", "")
MODES = ("run", "printed", "check", "cloud")
COMMANDS = frozenset(
    {
        "make",
        "sam",
        "aws",
        "docker",
        "s",
        "export",
        "facegate",
        "curl",
        "python",
        "moto_server",
        "openssl",
        "pip",
        "git",
    }
)
"""What an indented block that begins with it is taken for a command by."""
_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>```+)(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=indent)(?P=fence)[ \t]*$", re.M | re.S
)


@dataclass(frozen=True)
class Block:
    """One fenced block: its page, the line that it begins at, its language, the words behind that, its text."""

    page: Path
    line: int
    language: str
    words: tuple[str, ...]
    body: str

    @property
    def name(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def mode(self) -> str:
        """How it is tested; a block without a word that says it has none."""
        return self.words[0] if self.words else ""


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        language, *words = match["info"].split() or [""]
        body = textwrap.dedent(match["body"])
        found.append(Block(page, text.count("\n", 0, match.start()) + 1, language, tuple(words), body))
    return found


def indented(page: Path) -> list[str]:
    """The first lines of a page's indented blocks that begin with a command; commands belong into fences."""
    text = _FENCE.sub(lambda match: "\n" * match[0].count("\n"), page.read_text(encoding="utf-8"))
    found = []
    for before, line in pairwise(["", *text.splitlines()]):
        words = line.split()
        if not before.strip() and line.startswith("    ") and words[0].removeprefix(".venv/bin/") in COMMANDS:
            found.append(line)
    return found


def shell_blocks() -> list[Block]:
    """The blocks that a reader may take for a shell's."""
    return [block for page in PAGES for block in blocks(page) if block.language in SHELLS]


def commands(body: str) -> Iterator[list[str]]:
    """The simple commands of a script, as far as they can be told without running it; assignments are taken off."""
    for line in re.sub(r"\\\n", " ", body).splitlines():
        try:
            parts = list(_split(line))
        except ValueError:
            continue  # a quoted text over several lines
        yield from parts


def _split(line: str) -> Iterator[list[str]]:
    reader = shlex.shlex(line, posix=True, punctuation_chars=";|&<>()")
    reader.whitespace_split = True
    command: list[str] = []
    for word in reader:
        if set(word) <= set(";|&()"):
            yield from _clean(command)
            command = []
        else:
            command.append(word)
    yield from _clean(command)


def _clean(command: list[str]) -> Iterator[list[str]]:
    for index, word in enumerate(command):
        if set(word) <= set("<>"):
            command = command[:index]
            break
    while command and re.fullmatch(r"\w+=.*", command[0], re.S):
        command = command[1:]
    if command:
        yield command
