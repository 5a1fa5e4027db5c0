"""The READMEs' figures are the registry's, and the two READMEs say the same."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

from tests.docs.blocks import ROOT, blocks
from tests.scripts import loaded
from training.common.goals import GOALS

ROLES = ("detector", "face", "liveness", "synthetic")
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    return loaded("docs/build_figures.py")


def test_they_are_the_registrys() -> None:
    command = [sys.executable, str(ROOT / "docs" / "build_figures.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_whole_was_measured_with_todays_models() -> None:
    kept = json.loads((ROOT / "models" / "cards" / "whole.json").read_text(encoding="utf-8"))
    registered = json.loads((ROOT / "models" / "registry.json").read_text(encoding="utf-8"))["models"]
    assert kept["models"] == {name: registered[name]["sha256"] for name in ROLES}, "run make whole docs"
    assert set(GOALS["whole"]) <= set(kept["figures"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_goal_has_its_words(builder: ModuleType, language: str) -> None:
    figures: dict[str, Any] = {
        name: {"figures": {key: goal.floor for key, goal in GOALS[name].items()}} for name in ROLES
    }
    made = builder.table(figures, {}, language)
    assert made.count("\n") == 1 + sum(len(GOALS[name]) for name in ROLES)
    assert "| 96.0 % |  | ≥ 98.0 % |" in made
    assert ("≤ 4.0 degrees" if language == "en" else "≤ 4.0 度") in made


def test_a_changed_figure_changes_the_page(builder: ModuleType) -> None:
    before = f"a\n{builder.BEGIN}\nold\n{builder.END}\nb\n"
    models = {"synthetic": {"figures": {"auc": 0.96123, "other": 1.0}}}
    made = builder.page(before, models, {"synthetic_auc": 0.95, "auc": 0.5}, "en")
    assert "| synthetic | area under the ROC | 0.961 | 0.950 | ≥ 0.990 |" in made
    assert made.startswith("a\n")
    assert made.endswith("\nb\n")
    assert "old" not in made
    with pytest.raises(ValueError, match="marks"):
        builder.page("no marks", {}, {}, "en")


def test_the_two_readmes_match() -> None:
    english, chinese = ENGLISH.read_text(encoding="utf-8"), CHINESE.read_text(encoding="utf-8")
    assert [(b.language, b.words, b.body) for b in blocks(ENGLISH)] == [
        (b.language, b.words, b.body) for b in blocks(CHINESE)
    ]
    outline = [re.findall(r"^(#+) ", text, re.M) for text in (english, chinese)]
    assert outline[0] == outline[1]
    links = [set(re.findall(r"(?<!!)\[[^\]]*\]\(([^)]+)\)", text)) for text in (english, chinese)]
    assert links[0] - {"README.zh-CN.md"} == links[1] - {"README.md"}
    pictures = [re.findall(r"!\[[^\]]+\]\(docs/pictures/([^)]+)\)", text) for text in (english, chinese)]
    assert [len(found) for found in pictures] == [1, 1]
    tables = [[line.count("|") for line in text.splitlines() if line.startswith("|")] for text in (english, chinese)]
    assert tables[0] == tables[1]
    codes = [set(re.findall(r"`([^`\n]+)`", text)) for text in (english, chinese)]
    assert codes[0] == codes[1]
