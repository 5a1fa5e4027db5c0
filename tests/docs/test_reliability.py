"""The table of counts is what the runs wrote, and the list of packages is what is pinned."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

from tests.docs.blocks import ROOT
from tests.scripts import loaded


@pytest.mark.parametrize("script", ["docs/build_reliability.py", "requirements/build_sbom.py"])
def test_they_are_up_to_date(script: str) -> None:
    command = [sys.executable, str(ROOT / script), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    return loaded("docs/build_reliability.py")


def test_every_kind_of_run_was_made(builder: ModuleType) -> None:
    kept: dict[str, Any] = json.loads((ROOT / "docs" / "reliability.json").read_text(encoding="utf-8"))
    assert kept.keys() == {"images", "urls", "forgeries", "fuzz", "soak"}
    assert (kept["images"]["wrong"], kept["forgeries"]["accepted"], kept["fuzz"]["failures"]) == (0, 0, 0)
    assert kept["urls"]["tried"] == kept["urls"]["refused"]
    assert kept["soak"]["billed"] == kept["soak"]["answered"] + kept["soak"]["undelivered"]
    assert kept["soak"]["deliveries"] > kept["soak"]["events"]
    assert all(re.fullmatch(r"[0-9a-f]{7,12}", part["commit"]) for part in kept.values())
    assert len(list(builder.rows(kept))) == 8


def test_the_list_of_packages_names_every_pin_with_its_hashes() -> None:
    bom: dict[str, Any] = json.loads((ROOT / "requirements" / "sbom.json").read_text(encoding="utf-8"))
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    listed = {(part["name"], part["version"]): part for part in bom["components"]}
    assert len(listed) == len(bom["components"])
    for file in ("functions", "access", "standalone", "lambda"):
        text = (ROOT / "requirements" / f"{file}.txt").read_text(encoding="utf-8")
        pinned = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text, re.M)
        assert pinned
        for pin in pinned:
            part = listed[pin]
            assert part["hashes"]
            assert all(each["content"] in text for each in part["hashes"])
            assert {"name": "facegate:in", "value": f"{file}.txt"} in part["properties"]
            assert part["purl"] == f"pkg:pypi/{pin[0].lower()}@{pin[1]}"
    assert "://" not in json.dumps(bom)
