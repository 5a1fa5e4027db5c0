"""The benchmark runs, in its short form: its figures are not judged here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench import growth, scenes
from tests.bench.__main__ import TOPICS, main, table
from tests.bench.goals import GOALS, Goal, shown
from tests.bench.timing import alternate, percentile, processes

EXPECTED = {
    "warm": {"warm_ratio", "tencent_to_market", "baidu8_to_1", "bare_ms", "decode_ms", "detector_ms", "market_ms"},
    "overhead": {"overhead_ms_market_form", "overhead_cpu_ms_baidu_json"},
    "cold": {"cold_ratio", "cold_market_ms", "authorizer_sqlite_ms", "authorizer_dynamodb_ms"},
    "memory": {"rss_mb", "rss_growth", "rss_requests"},
    "throughput": {"two_workers_to_one", "p99_to_p50", "two_workers_per_s", "p50_ms", "p99_ms", "one_caller_ms"},
    "image": {"image_market_mb", "image_opened_share"},
    "growth": {"growth_pixels", "growth_faces", "growth_batch", "growth_clients", "growth_usage"},
}


def test_every_topic_is_tried() -> None:
    assert set(EXPECTED) == set(TOPICS)
    assert set(GOALS) <= set().union(*EXPECTED.values())


@pytest.mark.parametrize("topic", [name for name in EXPECTED if name != "overhead"])
def test_a_topic_in_short(topic: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "bench.json"
    target.write_text('{"kept": 1}')
    assert main(["--only", topic, "--quick"], target) == 0, capsys.readouterr().out
    figures = json.loads(target.read_text())
    assert figures["kept"] == 1, "what was not measured again stays"
    assert figures["about"]["quick"] is True
    for key in EXPECTED[topic]:
        # how memory and time grow may come out as not at all, or less, where the machine is busy
        assert key.startswith(("rss_growth", "growth_")) or figures[key] > 0, key
    told = capsys.readouterr().out
    for key in EXPECTED[topic] & set(GOALS):
        assert f"{key} = " in told
        assert GOALS[key].words in told


def test_a_topic_that_breaks_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.bench.growth.measure", lambda quick: 1 / 0)
    monkeypatch.setattr("tests.bench.image.measure", lambda quick: {"image_market_mb": 1.0})
    assert main(["--only", "growth,image", "--quick"], tmp_path / "bench.json") == 1
    told = capsys.readouterr().out
    assert "growth is not measured: ZeroDivisionError" in told
    assert "image_market_mb = 1" in told


def test_there_is_no_other_topic(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--only", "weather"])
    assert "no such topic: weather" in capsys.readouterr().err


def test_the_table_says_what_is_missed() -> None:
    lines = table({"warm_ratio": 1.2, "rss_mb": 211.0, "two_workers_to_one": 1.9, "rss_growth": 0.03})
    assert len(lines) == 5
    assert [line.endswith("missed") for line in lines[1:]] == [True, False, True, False]
    assert "1.20" in lines[1]
    assert "≤ 1.15" in lines[1]
    assert "211 MB" in lines[2]
    assert "3.0 %" in lines[3]
    assert "≥ 1.80" in lines[4]


def test_a_goal_counts_its_limit_as_reached() -> None:
    assert Goal("a", 1.5, "x").reached(1.5)
    assert not Goal("a", 1.5, "x").reached(1.51)
    assert Goal("a", 1.5, "x", least=True).reached(1.5)
    assert not Goal("a", 1.5, "x", least=True).reached(1.49)
    assert shown(0.5, "ms") == "0.5 ms"


def test_work_is_timed_in_turns() -> None:
    done: list[str] = []
    found = alternate({"a": lambda: done.append("a"), "b": lambda: done.append("b")}, 3, "turns", warm=1)
    assert done == ["a", "b"] * 4
    assert [len(times.clock) for times in found.values()] == [3, 3]
    assert found["a"].least_ms <= found["a"].ms


def test_a_program_that_fails_is_told() -> None:
    with pytest.raises(RuntimeError, match=r"broken: .*no such thing"):
        processes({"broken": "raise SystemExit('no such thing')"}, 1, "broken")


def test_slopes_and_percentiles() -> None:
    assert growth.slope([(1, 9.0), (2, 2.0), (4, 4.0), (8, 8.0)]) == pytest.approx(1.0)
    assert growth.slope([(1, 1.0), (10, 100.0)]) == pytest.approx(2.0)
    assert growth.figures({"clients": [(10, 2.0), (100, 3.0)]}) == {"growth_clients": 1.5, "most_clients": 100}
    assert percentile([5, 1, 4, 2, 3], 0.5) == 3
    assert percentile(list(range(100)), 0.99) == 99


def test_photos_differ_in_what_is_measured_alone() -> None:
    assert scenes.frame(640, 480) != scenes.frame(1280, 720)
    assert scenes.crowd(1) != scenes.crowd(2)
