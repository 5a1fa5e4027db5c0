"""Checks of commands that a test can not run: they need a cloud account, Docker, or go on for ever.

Each command that the documents use has its own check; `CHECKS` names them. A check raises AssertionError.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import botocore.session
import yaml

from standalone import cli
from tests.docs.blocks import ROOT

_AWS_GLOBAL = {"--query", "--output", "--region", "--profile"}
_SAM = {
    "build": set(),
    "deploy": {"--guided", "--capabilities"},
    "local": {"--event", "--env-vars", "--parameter-overrides"},
}
_DOCKER = {"build": {"--platform", "--file", "--target", "--tag"}, "push": set(), "run": {"-p", "-v", "--env"}}


class _Template(yaml.SafeLoader):  # type: ignore[misc]  # it has no annotations
    """Reads CloudFormation's tags as their values."""


_Template.add_multi_constructor("!", lambda loader, suffix, node: str(getattr(node, "value", "")))


def template() -> Mapping[str, Any]:
    """template.yaml."""
    found: Mapping[str, Any] = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), _Template)
    return found


def facegate(words: Sequence[str]) -> None:
    """facegate takes the arguments."""
    given = ["0" if word.startswith("$") else word for word in words]
    status: object = 0
    try:
        cli._parser(given[0]).parse_args(given)
    except SystemExit as ended:  # 0 after --help
        status = ended.code
    assert status == 0, words


def make(words: Sequence[str]) -> None:
    """The Makefile has the targets."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert {word for word in words if "=" not in word and not word.startswith("-")} <= targets, words


def aws(words: Sequence[str]) -> None:
    """The service has the operation, and that the parameters."""
    service, operation, *rest = words
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(operation.title().replace("-", "")).input_shape
    assert shape is not None
    known = {"--" + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower() for name in shape.members}
    assert {word for word in rest if word.startswith("--")} <= known | _AWS_GLOBAL, words


def sam(words: Sequence[str]) -> None:
    """The options are known, and what a local call names is in the template and the events folder."""
    verb, *rest = words
    options = {word for word in rest if word.startswith("--")}
    assert options <= _SAM[verb], words
    if verb == "local":
        assert rest[0] == "invoke"
        assert rest[1] in template()["Resources"], rest[1]
        for option in ("--event", "--env-vars"):
            assert (ROOT / rest[rest.index(option) + 1]).is_file(), option
        given = {word.split("=")[0] for word in rest[rest.index("--parameter-overrides") + 1 :]}
        needed = {name for name, facts in template()["Parameters"].items() if "Default" not in facts}
        assert needed <= given <= set(template()["Parameters"])


def docker(words: Sequence[str]) -> None:
    """The options are known, and what a build names is there."""
    verb, *rest = words
    assert {word for word in rest if word.startswith("-")} <= _DOCKER[verb], words
    if verb == "build":
        file = ROOT / rest[rest.index("--file") + 1]
        stages = re.findall(r"^FROM \S+ AS (\S+)$", file.read_text(encoding="utf-8"), re.M)
        assert rest[rest.index("--target") + 1] in stages


def serverless(words: Sequence[str]) -> None:
    """s reads s.yaml of the folder."""
    assert words == ["deploy"]
    assert yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))["edition"] == "3.0.0"


def export(words: Sequence[str]) -> None:
    """The variables are read by the code or put where it reads them by s.yaml."""
    texts = [(ROOT / "s.yaml").read_text(encoding="utf-8"), (ROOT / "events" / "demo.py").read_text(encoding="utf-8")]
    texts += [path.read_text(encoding="utf-8") for path in (ROOT / "layers" / "access").rglob("*.py")]
    for word in words:
        name = word.split("=")[0]
        assert name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") or any(name in text for text in texts), name


def python(words: Sequence[str]) -> None:
    """The module is there; a program compiles, and what it imports is there."""
    if words[0] == "-m":
        assert (ROOT / Path(*words[1].split("."))).with_suffix(".py").is_file() or importlib.import_module(words[1])
        return
    assert words[0] == "-c", words
    for node in ast.walk(ast.parse(words[1])):
        if isinstance(node, ast.ImportFrom):
            assert node.module
            module = importlib.import_module(node.module)
            for name in node.names:
                assert hasattr(module, name.name), name.name


def moto_server(words: Sequence[str]) -> None:
    """moto's own argument reader knows the options."""
    assert words[::2] == ["-H", "-p"]
    assert importlib.import_module("moto.server")


def openssl(words: Sequence[str]) -> None:
    """So many random bytes as the master key has."""
    assert list(words) == ["rand", "-hex", "32"]


CHECKS: dict[str, Callable[[Sequence[str]], None]] = {
    "facegate": facegate, "make": make, "aws": aws, "sam": sam, "docker": docker, "s": serverless, "export": export,
    "python": python, "moto_server": moto_server, "openssl": openssl,
}  # fmt: skip


def sound(command: Sequence[str]) -> None:
    """Checks one simple command.

    Raises:
        AssertionError: It would not work, or there is no check for it.
    """
    name = command[0].removeprefix(".venv/bin/")
    assert name in CHECKS, f"{name}: no check; give it one, or let the block run"
    CHECKS[name](list(command[1:]))
