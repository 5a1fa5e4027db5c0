"""What the access layer may import, and what a verdict must not wait for."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gatekeeper

MODULES = sorted(Path(gatekeeper.__file__).parent.glob("*.py"))
ELSEWHERE = {"cryptography", "boto3", "botocore", "mypy_boto3_dynamodb"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_the_standard_library_and_what_a_ledger_needs(path: Path) -> None:
    tree = ast.parse(path.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots = {name.partition(".")[0] for name in names}
    assert roots - set(sys.stdlib_module_names) - {"gatekeeper"} <= ELSEWHERE


def test_no_module_is_too_long() -> None:
    assert max(len(path.read_text().splitlines()) for path in MODULES) < 400


@pytest.mark.parametrize(
    ("contract", "unneeded"),
    [
        ("market", {"cryptography", "boto3", "botocore", "asyncio", "uuid", "email", "http"}),
        ("baidu", {"cryptography", "boto3", "botocore", "asyncio", "uuid", "email", "http"}),
        ("tencent", {"boto3", "botocore", "asyncio", "email", "http"}),
    ],
)
def test_an_authorizer_on_sqlite_loads_little(tmp_path: Path, contract: str, unneeded: set[str]) -> None:
    script = f"""
import sys
from gatekeeper import Contract, Gate, Request, {contract}
gate = Gate.from_env({{"FACEGATE_LEDGER": "sqlite:///{tmp_path}/ledger.db"}})
request = Request("GET", "/", (("access_token", "x"),), (("Authorization", "APPCODE x"),), "R")
print({contract}.verdict(request, gate).code)
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=60)
    code, loaded = found.stdout.splitlines()
    assert code in ("A400AC", "110", "5")
    assert not unneeded & set(loaded.split())
