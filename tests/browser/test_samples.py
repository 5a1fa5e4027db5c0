"""The request's code as the page shows it, run as it stands: curl, the vendors' Python clients, JavaScript."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gatekeeper import Contract, Gate, credentials
from tests.browser.page import Page
from tests.contract.web import Site

CASES = [
    ("market", {}),
    ("market", {"signing": "appkey"}),
    ("tencent", {"body": "multipart"}),
    ("tencent", {"body": "json"}),
    ("baidu", {"count": "1"}),
    ("baidu", {"count": "3"}),
]
VARIABLES = {
    "appcode": "APPCODE",
    "appid": "APPID",
    "secret_id": "SECRET_ID",
    "secret_key": "SECRET_KEY",
    "api_key": "API_KEY",
}
NAME = 'it\'s a photo, \\ "one"; $HOME.jpg'
NODE = """
const readFile = async () => {
  const bytes = Uint8Array.from(atob(given[0]), (sign) => sign.charCodeAt(0));
  return Object.assign(bytes, {toString: () => given[0]});
};
const process = {env: given[1]};
const lines = [];
const console = {log: (...parts) => lines.push(parts.join(" "))};
"""


@pytest.fixture
def folder(tmp_path: Path, portrait: Path) -> Path:
    """Where a person runs the code: the photos that it names lie there."""
    for name in (NAME, "photo-2.jpg", "photo-3.jpg"):
        shutil.copy(portrait, tmp_path / name)
    return tmp_path


@pytest.fixture
def site(names: dict[str, str]) -> Iterator[Site]:
    made = Site()
    names[made.host] = "127.0.0.1"
    yield made
    made.close()


def ran(command: list[str], folder: Path, environ: Mapping[str, str]) -> str:
    environment = {name: text for name, text in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**environment, "NO_PROXY": "*", **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers(page: Page, folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """What every language's code prints."""
    photo = base64.b64encode((folder / "photo-2.jpg").read_bytes()).decode()
    code = page.sample("javascript").replace('import { readFile } from "node:fs/promises";', "")
    printed = page.later(f"{NODE}\nawait (async () => {{\n{code}\n}})();\nreturn lines.join('\\n');", photo, environ)
    assert "error" not in printed, printed
    (folder / "ask.py").write_text(page.sample("python"), encoding="utf-8")
    found = {
        "python": ran([sys.executable, "ask.py"], folder, environ),
        "curl": ran(["bash", "-euo", "pipefail", "-c", page.sample("curl")], folder, environ),
        "javascript": printed["value"],
    }
    if shutil.which("node"):
        (folder / "ask.mjs").write_text(page.sample("javascript"), encoding="utf-8")
        found["node"] = ran(["node", "ask.mjs"], folder, environ)
    return found


def succeeded(contract: str, printed: str) -> bool:
    plain = printed.replace(" ", "").replace("'", '"')
    sign = {"market": '"code":0,"desc":"成功"', "tencent": '"code":0', "baidu": '"error_code":0'}
    return sign[contract] in plain


@pytest.mark.parametrize(("contract", "choices"), CASES, ids=str)
def test_with_a_photo(page: Page, folder: Path, contract: str, choices: dict[str, Any]) -> None:
    page.contract(contract, **choices)
    page.give(folder / NAME)
    for name, printed in answers(page, folder, {}).items():
        assert succeeded(contract, printed), (name, printed)


@pytest.mark.parametrize(("contract", "choices"), [CASES[at] for at in (0, 1, 3, 4)], ids=str)
def test_with_an_address(
    page: Page, folder: Path, portrait: Path, site: Site, contract: str, choices: dict[str, Any]
) -> None:
    page.contract(contract, **choices)
    page.fill("#url", site.put("/face.jpg?a=1&b=%27c%20d%22", portrait.read_bytes()).replace("%22", '"'))
    page.click("#url-add")
    page.wait(lambda: page.all("#photos li"))
    for name, printed in answers(page, folder, {}).items():
        assert succeeded(contract, printed), (name, printed)


@pytest.mark.parametrize("contract", list(Contract))
def test_with_own_keys_from_the_environment(page: Page, folder: Path, gate: Gate, contract: Contract) -> None:
    secrets = credentials.add(gate, contract, "own").secrets
    environ = {VARIABLES[name]: text for name, text in secrets.items() if name in VARIABLES}
    page.contract(contract.value)
    page.choose("who", "own")
    page.give(folder / "photo-2.jpg")
    for name, printed in answers(page, folder, environ).items():
        assert succeeded(contract.value, printed), (name, printed)
    assert not any(text in page.sample("curl") for text in environ.values())


def test_before_a_photo_is_chosen_the_code_names_one(page: Page) -> None:
    page.contract("baidu", count="8")
    text = page.sample("python")
    assert [number for number in range(2, 10) if json.dumps(f"photo-{number}.jpg") in text] == list(range(2, 9))
    assert json.dumps("photo.jpg") in text
