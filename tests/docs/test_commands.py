"""Every command in the documents runs, or, where it serves, installs or needs a cloud account, is at least sound."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facecore import Analyzer
from gatekeeper import Contract, Gate, credentials
from serving.service import Service
from standalone import cli, metrics
from standalone.app import Server
from tests.contract import kit
from tests.docs.blocks import PAGES, ROOT, Block, blocks, commands, indented, shell_blocks
from tests.unit.ops import nets

BIN = Path(sys.executable).parent
BASE = "http://127.0.0.1:8080"
FACEGATE = re.compile(r"(\.venv/bin/)?facegate")
SHELL = shell_blocks() + [block for page in PAGES for block in indented(page)]
RUN_PAGES = sorted({block.page for block in SHELL if block.mode == "run"})
PYTHON = [
    block for page in PAGES for block in blocks(page) if block.language == "python" and block.words[:1] == ("run",)
]


def test_the_pages_are_there() -> None:
    names = {page.name for page in PAGES}
    assert {"README.md", "README.zh-CN.md", "operating.md", "migrating.md", "privacy.md", "access.md"} <= names
    assert {page.name for page in RUN_PAGES} >= {"README.md", "operating.md", "migrating.md", "privacy.md"}


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.name)
def test_a_block_says_how_it_is_tested(block: Block) -> None:
    assert not block.words or block.words[0] in ("run", "check", "cloud"), block.words


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.name)
def test_the_shell_understands_it(block: Block) -> None:
    done = subprocess.run(["bash", "-n"], input=block.body, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.name)
def test_its_commands_exist(block: Block) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for command in commands(block.body):
        if FACEGATE.fullmatch(command[0]):
            words = ["0" if word.startswith("$") else word for word in command[1:]]
            assert _parses(words), command
        elif command[0] == "make":
            named = [word for word in command[1:] if "=" not in word and not word.startswith("-")]
            assert set(named) <= targets, command


def _parses(words: list[str]) -> bool:
    try:
        cli._parser(words[0]).parse_args(words)
    except SystemExit as ended:
        return ended.code == 0  # --help
    return True


def test_the_texts_name_no_other_command() -> None:
    """Commands in running text, between backticks, are those of the command line as well."""
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
    assert seen > 5


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


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.name)
def test_the_python_blocks_run(block: Block, base: str, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gate = Gate.from_env()
    secrets = credentials.add(gate, Contract(block.words[1]), "reader").secrets
    gate.ledger.close()
    photo = (workspace / "photo.jpg").read_bytes()
    names: dict[str, Any] = {**secrets, "photo": photo, "image": base64.b64encode(photo).decode(), "bucket": "photos"}
    text = block.body.replace(BASE, base).replace(BASE.removeprefix("http://"), base.removeprefix("http://"))
    exec(compile(text, block.name, "exec"), names)
    assert capsys.readouterr().out.strip()
    answer = names["answer"]
    assert answer.get("code", answer.get("error_code")) == 0
