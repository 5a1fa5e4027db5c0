"""A backup that is made and restored as the page says: nobody else can read it, and it is whole."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from standalone.defaults import LEDGER
from tests.docs.blocks import ROOT, blocks


@pytest.fixture
def bash(tmp_path: Path) -> Any:
    """Runs commands in a folder with a ledger of one client, where files are made for all to read."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("FACEGATE_")}
    kept["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"

    def run(script: str) -> str:
        command = ["bash", "-e", "-c", f"umask 022\n{script}"]
        return subprocess.run(command, cwd=tmp_path, env=kept, capture_output=True, text=True, check=True).stdout

    run("facegate keys add market --id shop")
    return run


def test_made_and_restored(bash: Any, tmp_path: Path) -> None:
    making, restoring = (
        block.body for block in blocks(ROOT / "docs" / "operating.md") if "backup.sqlite" in block.body
    )
    ledger, backup = tmp_path / LEDGER.removeprefix("sqlite:///"), tmp_path / "backup.sqlite"
    bash(making)
    assert backup.stat().st_mode & 0o777 == ledger.stat().st_mode & 0o777 == 0o600
    bash("facegate keys disable shop; facegate keys add market --id later")
    restored = tmp_path / "restored" / ledger.name
    restored.parent.mkdir(mode=0o700)
    for end in ("-wal", "-shm"):
        restored.with_name(restored.name + end).write_bytes(b"of another file")
    assert "shop" in bash(restoring)
    with sqlite3.connect(restored) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert restored.stat().st_mode & 0o077 == 0
    listed = [
        json.loads(line)
        for line in bash(f"FACEGATE_LEDGER=sqlite:///{restored} facegate keys list --json").split("\n")
        if line
    ]
    assert [(client["id"], client["state"]) for client in listed] == [("shop", "active")], (
        "what was done since is undone"
    )
