"""What the documents state of settings, metrics and log fields is what the code has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from facecore.evaluation import LIVENESS_SCALE
from gatekeeper.schema import SCHEMA
from standalone import metrics
from tencent import contract as tencent
from tests.contract.test_journal import ALLOWED
from tests.docs.blocks import PAGES, ROOT

OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
PRIVACY = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def first_column(text: str) -> set[str]:
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    return {name for cell in rows for name in re.findall(r"`([^`]+)`", cell)}


def test_every_setting_is_documented() -> None:
    code = "".join(path.read_text() for folder in ("functions", "layers") for path in (ROOT / folder).rglob("*.py"))
    used = set(re.findall(r"\bFACEGATE_[A-Z]+(?:_[A-Z]+)*\b", code))
    access = (ROOT / "docs" / "access.md").read_text(encoding="utf-8")
    documented = first_column(section(OPERATING, "Settings")) | first_column(section(access, "Settings"))
    assert used <= documented
    assert {name for name in documented if name.startswith("FACEGATE_")} <= used


def test_every_metric_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = metrics.Prometheus()
    registry: CollectorRegistry = kept._registry
    families = {family.name + ("_total" if family.type == "counter" else "") for family in registry.collect()}
    assert first_column(section(OPERATING, "Numbers")) == families
    for stage in metrics.STAGES:
        assert f"`{stage}`" in section(OPERATING, "Numbers")
        assert f"`{stage.capitalize()}`" in section(OPERATING, "Numbers")


def test_every_log_field_is_documented() -> None:
    assert first_column(section(OPERATING, "Logs")) == ALLOWED


def test_the_thresholds_are_the_scales() -> None:
    rows = re.findall(r"^\| [^|]+ \| ([\d.]+) \| (\d+) \| ([\d.]+) \|$", section(OPERATING, "Thresholds"), re.M)
    assert [float(row[0]) for row in rows] == list(LIVENESS_SCALE.values())
    knots = dict(tencent._KNOTS)
    assert [float(row[1]) for row in rows] == [knots[float(row[0])] for row in rows]
    assert all(row[0] == row[2] for row in rows)


def test_every_table_that_keeps_something_is_named() -> None:
    tables = {name for sql in SCHEMA.statements for name in re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", sql)}
    for table in tables - {"days", "rates"}:  # counters of a client, deleted with it
        assert f"`{table}`" in section(PRIVACY, "What is kept")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", other.read_text(encoding="utf-8"), re.M)
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, target
