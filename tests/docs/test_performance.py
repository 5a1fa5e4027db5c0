"""docs/performance.md says what was measured, and computes the cost from it as it says."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from types import ModuleType
from typing import Any

import pytest

from tests.bench.goals import GOALS
from tests.bench.plot import plot
from tests.docs.blocks import ROOT
from tests.scripts import loaded

SCRIPT = ROOT / "docs" / "build_performance.py"
PRICES: dict[str, Any] = json.loads((ROOT / "docs" / "prices.json").read_text(encoding="utf-8"))
ABOUT = {"when": "2026-01-02", "quick": False, "cpu": "C", "cores": 2, "python": "3.11.7", "libraries": {"numpy": "2"}}


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    return loaded("docs/build_performance.py")


@pytest.fixture(scope="module")
def figures(builder: ModuleType) -> dict[str, Any]:
    """A figure for everything, the goals' own limits where there is one."""
    made: dict[str, Any] = {key: goal.limit for key, goal in GOALS.items()} | {"about": ABOUT}
    made |= {f"{name}_ms": 10.0 for name in (*builder.STAGES, *builder.CONTRACTS, "bare")}
    made |= {"layer: RUN pip install": 280.0, "layer: COPY tiny": 0.01, "package: cv2": 70.0, "image_market_mb": 300.0}
    return made | {"curves": {name: [[1, 2.0], [10, 4.0]] for name in builder.CURVES}}


def test_it_is_what_was_measured() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_changed_figure_changes_the_page(builder: ModuleType, figures: dict[str, Any]) -> None:
    text = builder.PAGE.read_text(encoding="utf-8")
    made = builder.page(text, figures, PRICES)
    assert "| 1.15 | ≤ 1.15 |  |" in made
    missed = builder.page(text, figures | {"warm_ratio": 1.16}, PRICES)
    assert "| 1.16 | ≤ 1.15 | missed |" in missed
    assert "`RUN pip install`" in made
    assert "COPY tiny" not in made
    assert builder.page(made, figures, PRICES) == made
    with pytest.raises(ValueError, match="marks"):
        builder.page("no marks", figures, PRICES)


def test_what_was_not_measured_is_said(builder: ModuleType, figures: dict[str, Any]) -> None:
    text = builder.PAGE.read_text(encoding="utf-8")
    less = {key: value for key, value in figures.items() if key != "detector_ms"}
    assert "*Not measured yet: detector_ms.*" in builder.page(text, less, PRICES)
    short = builder.page(text, figures | {"about": ABOUT | {"quick": True}}, PRICES)
    assert "no figures to rely on" in short
    assert "no figures to rely on" not in builder.page(text, figures, PRICES)


def test_the_cost_is_computed_from_time_and_memory(builder: ModuleType) -> None:
    on_lambda = {"function_mb": 2048, "authorizer_mb": 512, "gb_second": {"arm64": 1e-5}, "million_requests": 0.2}
    # 0.1 s x 2 GB + 0.02 s x 0.5 GB = 0.21 GB-s a call; two requests a call
    assert builder.lambda_cost(100, 20, on_lambda, "arm64") == pytest.approx(0.21 * 1e6 * 1e-5 + 0.4)
    on_fc = {"vcpus": 1, "cu_per_vcpu_second": 1, "memory_gb": 2, "cu_per_gb_second": 0.15, "cu_per_call": 0.01}
    # 0.1 s x (1 + 0.3) CU + 0.01 CU a call
    assert builder.function_compute_cost(100, on_fc | {"cu": 1e-4}) == pytest.approx(0.14 * 1e6 * 1e-4)


def test_every_input_of_the_cost_is_told(builder: ModuleType, figures: dict[str, Any]) -> None:
    (told,) = builder.inputs(figures, PRICES)
    on_lambda, on_fc = PRICES["lambda"], PRICES["function_compute"]
    for value in (PRICES["as_of"], on_lambda["region"], on_fc["region"], f"{on_fc['cu']} CNY", "1769 MB", "512 MB"):
        assert value in told


def test_a_curve_is_drawn_to_scale() -> None:
    root = ElementTree.fromstring(plot("A & B", "across", "up", [(1, 1.0), (10, 10.0), (100, 100.0)]))
    circles = [(float(c.get("cx", "")), float(c.get("cy", ""))) for c in root.iter() if c.tag.endswith("circle")]
    assert circles[1][0] - circles[0][0] == pytest.approx(circles[2][0] - circles[1][0], abs=0.2)
    assert circles[0][1] - circles[1][1] == pytest.approx(circles[1][1] - circles[2][1], abs=0.2)
    assert {text.text for text in root.iter() if text.tag.endswith("text")} >= {
        "A & B",
        "across",
        "up",
        "1",
        "10",
        "100",
    }
