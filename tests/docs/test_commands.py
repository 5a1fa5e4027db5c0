"""Every command in the documents runs, or, where it serves, installs or needs a cloud account, is at least sound.

`tests.docs.blocks` states the rule.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facecore import Analyzer
from gatekeeper import Contract, Gate, credentials
from serving.service import Service
from standalone import cli, metrics
from standalone.app import Server
from standalone.samples import curl_lines
from tests.contract import kit
from tests.docs.blocks import MODES, PAGES, ROOT, Block, blocks, commands, indented, shell_blocks
from tests.docs.soundness import CHECKS, facegate, make, sound
from tests.unit.ops import nets

BIN = Path(sys.executable).parent
BASE = "http://127.0.0.1:8080"
SHELL = shell_blocks()
RUN_PAGES = sorted({block.page for block in SHELL if block.mode == "run"})
PYTHON = [block for page in PAGES for block in blocks(page) if block.language in ("python", "py")]
PRINTED = [block for block in SHELL if block.mode == "printed"]


def test_the_pages_are_there() -> None:
    names = {page.name for page in PAGES}
    assert {"README.md", "README.zh-CN.md", "operating.md", "migrating.md", "privacy.md", "access.md"} <= names
    assert {page.name for page in RUN_PAGES} >= {"README.md", "operating.md", "migrating.md", "privacy.md", "report.md"}
    assert {block.page.name for block in PRINTED} == {"README.md", "README.zh-CN.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_in_a_block_that_says_how_it_is_tested(page: Path) -> None:
    assert indented(page) == [], "commands belong into a fence"
    for block in blocks(page):
        if block in SHELL:
            assert block.mode in MODES, f"{block.name}: sh run, sh printed, sh check or sh cloud"
        else:
            assert block.language == "python", f"{block.name}: what is {block.language}?"
            assert block.words[:1] == ("run",), f"{block.name}: python run NAME"


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.name)
def test_the_shell_understands_it(block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=block.body, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.name)
def test_its_commands_are_sound(block: Block) -> None:
    for command in commands(block.body):
        name = command[0].removeprefix(".venv/bin/")
        if block.mode in ("check", "cloud"):
            sound(command)
        elif name in ("facegate", "make"):
            CHECKS[name](command[1:])


@pytest.mark.parametrize(
    "command",
    [
        ["facegate", "keys", "add", "market", "--cota", "3"],
        ["facegate", "serf"],
        ["make", "rum"],
        ["aws", "kms", "create-key", "--descriptions", "x"],
        ["sam", "deploy", "--guide"],
        ["sam", "local", "invoke", "MarketFunction", "--event", "events/market/none.json", "--env-vars",
         "events/env.json", "--parameter-overrides", "KeyArn=a", "SealedKey=b"],
        ["docker", "build", "--file", "layers/vision/Dockerfile", "--target", "alone", "--tag", "x", "."],
        ["export", "FACEGATE_NOTHING=1"],
        [".venv/bin/python", "-m", "events.none"],
        [".venv/bin/python", "-c", "from gatekeeper.dynamodb import Dynamo"],
        ["rm", "-rf", "x"],
    ],
    ids=lambda command: " ".join(command[:3]),
)  # fmt: skip
def test_what_is_not_sound_is_found(command: list[str]) -> None:
    with pytest.raises((AssertionError, ImportError, KeyError)):
        sound(command)


def test_the_texts_name_no_other_command() -> None:
    """Commands in running text, between backticks, are those of the command line and the Makefile as well."""
    seen = 0
    for page in PAGES:
        for text in re.findall(r"`(facegate [^`]+)`", page.read_text(encoding="utf-8")):
            words = text.split()[1:]
            assert words[0] in cli.commands(), (page.name, text)
            verb = words[1] if len(words) > 1 else ""
            if words[0] in ("keys", "models") and re.fullmatch("[a-z]+", verb):
                parser = cli._parser(words[0]).format_help() if words[0] == "models" else ""
                assert verb in "add list rotate set disable enable suspend revoke check" or verb in parser, text
            seen += 1
        for text in re.findall(r"`make ([a-z][^`]*)`", page.read_text(encoding="utf-8")):
            make(text.split())
    assert seen > 5
    facegate(["usage"])


# ---- running them


@pytest.fixture(scope="module")
def own_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nets.folder(tmp_path_factory.mktemp("models"))


@pytest.fixture
def workspace(tmp_path: Path, own_models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reader's folder: photos, a model of his own, a ledger; small models stand in for the committed ones."""
    for name in [name for name in os.environ if name.startswith("FACEGATE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FACEGATE_LEDGER", f"sqlite:///{tmp_path}/facegate.sqlite")
    monkeypatch.setenv("FACEGATE_MODELS", str(own_models))
    monkeypatch.setenv("PATH", f"{BIN}:{os.environ['PATH']}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "facegate").symlink_to(BIN / "facegate")
    (tmp_path / "photo.jpg").write_bytes(nets.jpeg(nets.red_face(180)))
    (tmp_path / "my-liveness.onnx").write_bytes(nets.liveness(48))
    rng = np.random.default_rng(7)
    for label, mean in (("live", 175), ("attack", 105)):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number, light in enumerate(rng.normal(mean, 15, 40)):
            photo = nets.jpeg(nets.red_face(int(np.clip(light, 20, 250)), 256))
            (tmp_path / "photos" / label / f"{number}.jpg").write_bytes(photo)
    return tmp_path


@pytest.fixture
def base(workspace: Path) -> Iterator[str]:
    """A server over the reader's ledger."""
    numbers = metrics.Prometheus()
    gate = Gate.from_env()
    service = Service(gate, Analyzer(observe=numbers.stage), meter=numbers)
    with kit.serving(Server(service, None, numbers)) as (address, _):
        yield address


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("page", RUN_PAGES, ids=lambda page: page.name)
def test_the_blocks_run(page: Path, base: str, workspace: Path, request: pytest.FixtureRequest) -> None:
    environ = dict(os.environ)
    if page.name.startswith("README"):
        request.getfixturevalue("whole_models")
        environ.pop("FACEGATE_MODELS")
    script = ["set -euo pipefail"]
    for block in blocks(page):
        if block.language == "sh" and block.mode == "run":
            script += [f"echo '### {block.name}'", block.body]
    text = "\n".join(script).replace(BASE, base)
    done = subprocess.run(
        ["bash", "-c", text], cwd=workspace, env=environ, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("block", PRINTED, ids=lambda block: block.name)
def test_the_printed_lines_are_what_is_printed(block: Block, workspace: Path) -> None:
    """That these lines work as they are printed is tested with the clients."""
    gate = Gate.from_env()
    lines = list(curl_lines(gate, BASE).values())
    gate.ledger.close()
    told = [line for line in re.sub(r"\\\n\s*", "", block.body).splitlines() if line]
    assert len(told) == len(lines)
    for shown, line in zip(told, lines, strict=True):
        secret = re.escape(shown).replace("…", r"[\w/+=-]+")
        assert re.fullmatch(secret, line), (shown, line)


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.name)
def test_the_python_blocks_run(block: Block, base: str, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secrets: Mapping[str, str] = {}
    if block.words[1] != "facecore":
        gate = Gate.from_env()
        secrets = credentials.add(gate, Contract(block.words[1]), "reader").secrets
        gate.ledger.close()
    photo = (workspace / "photo.jpg").read_bytes()
    names: dict[str, Any] = {**secrets, "photo": photo, "image": base64.b64encode(photo).decode(), "bucket": "photos"}
    text = block.body.replace(BASE, base).replace(BASE.removeprefix("http://"), base.removeprefix("http://"))
    exec(compile(text, block.name, "exec"), names)
    assert capsys.readouterr().out.strip()
    if secrets:
        answer = names["answer"]
        assert answer.get("code", answer.get("error_code")) == 0
