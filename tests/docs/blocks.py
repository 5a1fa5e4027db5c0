"""The fenced blocks of the documents.

What stands behind a fence's language says how its commands are tested:

- ``sh run``: the block runs, after those before it on its page, against a server on this machine;
- ``sh check`` or ``sh`` alone: it serves, installs or takes long: bash has to understand it, facegate has to take the
  arguments, and the make targets have to exist;
- ``sh cloud``: it needs a cloud account; checked in the same way;
- an indented block that begins with a command is checked likewise;
- ``python run NAME``: the block runs with the credentials of a client of that contract.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md")])
MODES = {"": "check", "check": "check", "cloud": "check", "run": "run"}
_COMMANDS = frozenset({"make", "sam", "aws", "docker", "s", "export", "facegate", "curl", "python"})
_FENCE = re.compile(r"^(?P<fence>```+)(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=fence)[ \t]*$", re.M | re.S)


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
        return MODES[self.words[0] if self.words else ""]


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        language, *words = match["info"].split() or [""]
        found.append(Block(page, text.count("\n", 0, match.start()) + 1, language, tuple(words), match["body"]))
    return found


def indented(page: Path) -> list[Block]:
    """The indented blocks of a page that begin with a command, in order."""
    text = _FENCE.sub(lambda match: "\n" * match[0].count("\n"), page.read_text(encoding="utf-8"))
    found: list[Block] = []
    held: list[str] = []
    free = True  # the line before was empty: a block may begin
    for number, line in enumerate([*text.splitlines(), "end"], 1):
        if line.startswith("    ") and (held or free):
            held.append(line)
        elif line.strip() or not held:
            body = textwrap.dedent("\n".join(held)) + "\n"
            if body.split() and body.split()[0].removeprefix(".venv/bin/") in _COMMANDS | {"moto_server"}:
                found.append(Block(page, number - len(held), "sh", ("check",), body))
            held = []
        else:
            held.append("")
        free = not line.strip()
    return found


def shell_blocks() -> list[Block]:
    return [block for page in PAGES for block in blocks(page) if block.language in ("sh", "bash", "shell", "console")]


def commands(body: str) -> Iterator[list[str]]:
    """The simple commands of a script, as far as they can be told without running it; assignments are taken off."""
    for line in re.sub(r"\\\n", " ", body).splitlines():
        try:
            words = list(shlex.shlex(line, posix=True, punctuation_chars=True))
            parts = list(_split(line))
        except ValueError:
            continue  # a quoted text over several lines
        if words:
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
