"""``facegate calibrate``: labelled photos in, figures, table, curve and a new models folder out."""

from __future__ import annotations

import csv
import errno
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from facecore import Analyzer
from facecore.evaluation import Scores
from standalone.calibrating import Outcome
from standalone.cli import main
from standalone.detplot import SIDE, TICKS, _place, det_plot
from tests.unit.ops import nets

Output = pytest.CaptureFixture[str]


def make_photos(folder: Path, mean: float, count: int, seed: int) -> Path:
    """Red faces of many lights; the liveness net of the tests likes light ones."""
    (folder / "deep").mkdir(parents=True)
    for number, light in enumerate(np.random.default_rng(seed).normal(mean, 18, count)):
        where = folder / "deep" if number % 2 else folder
        (where / f"{number}.jpg").write_bytes(nets.jpeg(nets.red_face(int(np.clip(light, 20, 250)), 256)))
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labelled")
    make_photos(folder / "live", 170, 60, 1)
    make_photos(folder / "attack", 110, 40, 2)
    (folder / "live" / "note.txt").write_text("no photo")
    (folder / "live" / "broken.jpg").write_bytes(b"no photo either")
    (folder / "attack" / "nobody.jpg").write_bytes(nets.jpeg(np.full((256, 256, 3), 90, np.uint8)))
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nets.folder(tmp_path_factory.mktemp("models"))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def words(photos: Path, models: Path, *more: str) -> list[str]:
    return [
        "calibrate", "--live", str(photos / "live"), "--attack", str(photos / "attack"), "--models", str(models), *more,
    ]  # fmt: skip


def test_it_measures(photos: Path, models: Path, capsys: Output) -> None:
    before = {path: path.read_bytes() for path in models.iterdir()}
    assert main(words(photos, models, "--scores", "scores.csv")) == 0
    shown = capsys.readouterr().out
    assert "live:    60 photos (not counted: 1 UnsupportedFormat)" in shown
    assert "attacks: 40 photos (not counted: 1 NoFace)" in shown
    auc = re.search(r"AUC: +([\d.]+) \(([\d.]+) to ([\d.]+)\)", shown)
    assert auc is not None
    low, high = float(auc[2]), float(auc[3])
    assert 0.95 < low <= float(auc[1]) <= high <= 1
    assert re.search(r"EER: +[\d.]+ % \([\d.]+ % to [\d.]+ %\)", shown)
    rows = re.findall(r"^ *([\d.]+)% +\(.*?\) +([\d.]+)% +([\d.]+)% +([\d.]+)", shown, re.M)
    assert [float(row[1]) for row in rows] == [0.1, 0.5, 1, 2, 3, 4, 5]
    assert [float(row[1]) + float(row[2]) for row in rows] == [100] * 7
    thresholds, rejected = [float(row[3]) for row in rows], [float(row[0]) for row in rows]
    assert thresholds == sorted(thresholds)
    assert rejected == sorted(rejected)
    assert thresholds[0] == pytest.approx(0.3, abs=0.001)
    assert thresholds[2] == pytest.approx(0.9, abs=0.001)
    assert shown.count("advised") == 1
    assert "60 live photos can not show what is rarer than 1.7 %" in shown
    assert "0.3   (frr_1e-3): refuses" in shown
    picture = cv2.imread("liveness-det.png")
    assert picture is not None
    assert picture.shape == (SIDE, SIDE, 3)
    with open("scores.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert {line["label"] for line in lines} == {"live", "attack"}
    assert len(lines) == 100
    assert {path: path.read_bytes() for path in models.iterdir()} == before


def test_what_it_can_not_read_is_named(photos: Path, models: Path, capsys: Output, tmp_path: Path) -> None:
    shutil.copytree(photos, tmp_path / "mine")
    (tmp_path / "mine" / "live" / "far.jpg").symlink_to("x" * 300)
    assert main(words(tmp_path / "mine", models)) == 0
    shown = capsys.readouterr()
    assert "live:    60 photos (not counted: 1 OSError, 1 UnsupportedFormat)" in shown.out
    assert "far.jpg: File name too long\n" in shown.err
    assert "files passed over for their names: 1; links to folders not followed: 0\n" in shown.err


def test_it_applies_to_a_copy(photos: Path, models: Path, capsys: Output) -> None:
    before = {path: path.read_bytes() for path in models.iterdir()}
    assert main(words(photos, models, "--apply", "--output", "new")) == 0
    assert "FACEGATE_MODELS=new" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in models.iterdir()} == before
    made = json.loads(Path("new/registry.json").read_text())["models"]
    assert made["liveness"]["calibration"]["thresholds"] == {"frr_1e-4": 0.05, "frr_1e-3": 0.3, "frr_1e-2": 0.9}
    assert made["liveness"]["calibration"]["knots"] != nets.KNOTS
    assert made["liveness"]["figures"]["live"] == 60
    assert "card" not in made["liveness"], "its figures are another model's now"
    others = json.loads((models / "registry.json").read_text())["models"]
    assert all(made[role] == others[role] for role in ("detector", "face", "synthetic"))
    analyzer = Analyzer(Path("new"))
    scores = [
        analyzer.analyse(path.read_bytes()).faces[0].liveness or 0
        for path in (photos / "live").rglob("*.jpg")
        if path.stem.isdecimal()
    ]
    assert sum(score < 0.97 for score in scores) == pytest.approx(3, abs=1), "one in twenty of 60"


def test_it_fills_the_folder_one_stands_in(
    photos: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    assert main(words(photos, models, "--apply", "--output", ".", "--plot", "../curve.png")) == 0
    assert {path.name for path in Path().iterdir()} == {path.name for path in models.iterdir()}
    assert Path().samefile(tmp_path / "new")
    assert Analyzer(Path()).registry["liveness"].facts["figures"]["live"] == 60
    assert not list(tmp_path.glob("*.partial"))


def test_names_that_are_no_text_are_told_as_they_are(
    photos: Path, models: Path, tmp_path: Path, capsys: Output
) -> None:
    odd = os.fsdecode(b"\xff.jpg")
    shutil.copytree(photos, tmp_path / "mine")
    (tmp_path / "mine" / "live" / "0.jpg").rename(tmp_path / "mine" / "live" / odd)
    more = ["--scores", "new/scores.csv", "--plot", os.fsdecode(b"\xfe.png"), "--apply", "--output", "models"]
    assert main(words(tmp_path / "mine", models, *more)) == 0
    lines = Path("new/scores.csv").read_bytes().splitlines()
    assert len(lines) == 101
    assert sum(line.startswith(os.fsencode(tmp_path / "mine" / "live" / odd)) for line in lines) == 1
    assert "DET curve: \\udcfe.png\n" in capsys.readouterr().out
    assert Path("models/registry.json").is_file()


# ---- outputs that fail


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("broken", ["standalone.calibrating.write_scores", "standalone.detplot.det_plot"])
def test_an_output_that_fails_costs_no_other(
    photos: Path, models: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output, broken: str
) -> None:
    monkeypatch.setattr(broken, full)
    assert main(words(photos, models, "--scores", "s.csv", "--plot", "p.png", "--apply", "--output", "new")) == 2
    shown = capsys.readouterr()
    assert shown.err.endswith("facegate: [Errno 28] No space left on device\n")
    assert "AUC:" in shown.out
    assert Path("s.csv").exists() is (broken != "standalone.calibrating.write_scores")
    assert Path("p.png").exists() is (broken != "standalone.detplot.det_plot")
    assert Path("new/registry.json").exists()


def test_a_folder_that_can_not_be_filled_is_left_empty(
    photos: Path, models: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    Path("new").mkdir()
    write = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda p, data: full() if p.name == "registry.json" else write(p, data))
    assert main(words(photos, models, "--scores", "s.csv", "--apply", "--output", "new")) == 2
    assert "No space left" in capsys.readouterr().err
    assert Path("s.csv").exists()
    assert list(Path("new").iterdir()) == []


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(("output", "status"), [("closed", 141), ("/dev/full", 1)])
def test_an_output_that_nobody_takes_costs_no_file(
    photos: Path, models: Path, unbuffered: str, output: str, status: int
) -> None:
    if output == "closed":
        reading, writing = os.pipe()
        os.close(reading)
    else:
        writing = os.open(output, os.O_WRONLY)
    command = words(photos, models, "--scores", "s.csv", "--apply", "--output", "new")
    program = f"import sys; from standalone.cli import main; sys.exit(main({command!r}))"
    environ = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    try:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=writing, stderr=subprocess.PIPE, text=True, env=environ, check=False
        )
    finally:
        os.close(writing)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
    assert "Broken pipe" not in done.stderr
    assert len(Path("s.csv").read_text().splitlines()) == 101
    assert Path("liveness-det.png").is_file()
    assert Path("new/registry.json").is_file()


def test_a_model_of_ones_own(photos: Path, models: Path, capsys: Output) -> None:
    content = nets.liveness(side=48, gain=1 / 16)
    Path("own.onnx").write_bytes(content)
    assert main(words(photos, models, "--model", "own.onnx", "--apply", "--output", "new")) == 0
    assert "in force" not in capsys.readouterr().out
    made = json.loads(Path("new/registry.json").read_text())["models"]["liveness"]
    assert made["sha256"] == hashlib.sha256(content).hexdigest()
    assert (made["context"], made["face"]["side"]) == ({"side": 48, "heights": 2.7}, 48)
    assert Path("new/liveness.onnx").read_bytes() == content
    photo = next((photos / "live").glob("*.jpg")).read_bytes()
    if photo[:2] == b"\xff\xd8":
        assert Analyzer(Path("new")).analyse(photo).faces[0].liveness is not None


class TestRefusals:
    def refused(self, capsys: Output, status: int, *arguments: str) -> str:
        assert main(list(arguments)) == status
        return capsys.readouterr().err

    @pytest.mark.parametrize("more", [["--apply"], ["--output", "new"]])
    def test_half_an_apply(self, photos: Path, models: Path, capsys: Output, more: list[str]) -> None:
        assert "go together" in self.refused(capsys, 2, *words(photos, models, *more))

    def test_the_folder_in_use(self, photos: Path, models: Path, capsys: Output) -> None:
        before = (models / "registry.json").read_bytes()
        told = self.refused(capsys, 1, *words(photos, models, "--apply", "--output", str(models)))
        assert "holds something already" in told
        assert (models / "registry.json").read_bytes() == before

    @pytest.mark.parametrize("option", ["--scores", "--plot", "--output"])
    @pytest.mark.parametrize(
        ("place", "why"),
        [
            ("file/deep/x", "file is no folder"),
            ("shut/x", "shut can not be written"),
            ("sealed", "sealed can not be written"),
        ],
    )
    def test_an_output_that_can_not_be(
        self,
        photos: Path,
        models: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: Output,
        option: str,
        place: str,
        why: str,
    ) -> None:
        for name in ("file", "sealed"):
            Path(name).write_bytes(b"")
        Path("shut").mkdir()
        monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name not in ("shut", "sealed"))
        monkeypatch.setattr("standalone.calibrating.Scorer", None)  # nothing is scored before
        more = ["--apply"] if option == "--output" else []
        told = self.refused(capsys, 2, *words(photos, models, *more, option, place))
        assert told == f"facegate: {place}: {Path.cwd()}/{why}\n"

    @pytest.mark.parametrize("option", ["--scores", "--plot"])
    def test_a_folder_for_a_file(
        self, photos: Path, models: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output, option: str
    ) -> None:
        monkeypatch.setattr("standalone.calibrating.Scorer", None)
        assert self.refused(capsys, 2, *words(photos, models, option, ".")) == "facegate: . is a folder\n"

    def test_too_few_photos(self, tmp_path: Path, models: Path, capsys: Output) -> None:
        few = tmp_path / "few"
        make_photos(few / "live", 170, 12, 1)
        make_photos(few / "attack", 110, 12, 2)
        told = self.refused(capsys, 1, *words(few, models, "--apply", "--output", "new"))
        assert "at least 30 live faces and 10 attacks" in told
        assert not Path("new").exists()

    def test_folders_that_were_swapped(self, photos: Path, models: Path, capsys: Output) -> None:
        swapped = [
            "calibrate", "--live", str(photos / "attack"), "--attack", str(photos / "live"), "--models", str(models),
        ]  # fmt: skip
        assert "does not tell them apart" in self.refused(capsys, 1, *swapped, "--apply", "--output", "new")

    def test_no_photos(self, tmp_path: Path, models: Path, capsys: Output) -> None:
        for label in ("live", "attack"):
            (tmp_path / "none" / label).mkdir(parents=True)
        assert "no photo with a face" in self.refused(capsys, 1, *words(tmp_path / "none", models))

    @pytest.mark.parametrize("option", ["--live", "--attack"])
    @pytest.mark.parametrize("name", ["gone", "file"])
    def test_no_folder(self, photos: Path, models: Path, capsys: Output, option: str, name: str) -> None:
        Path("file").write_bytes(b"")
        told = self.refused(capsys, 2, *words(photos, models, option, name))
        assert told == f"facegate: {option} {name} is no folder\n"

    @pytest.mark.parametrize(("live", "attack"), [("", ""), ("", "attack"), ("live/deep", "live"), ("live", "link")])
    def test_folders_that_overlap(self, photos: Path, models: Path, capsys: Output, live: str, attack: str) -> None:
        if attack == "link":
            Path("link").symlink_to(photos / "live" / "deep")
        folders = ["--live", str(photos / live), "--attack", "link" if attack == "link" else str(photos / attack)]
        told = self.refused(capsys, 2, "calibrate", "--models", str(models), *folders)
        assert told == f"facegate: {' '.join(folders[:2])} and {' '.join(folders[2:])} overlap: no photo is of both\n"

    def test_no_model(self, photos: Path, models: Path, tmp_path: Path, capsys: Output) -> None:
        assert "gone.onnx" in self.refused(capsys, 2, *words(photos, models, "--model", "gone.onnx"))
        Path("bad.onnx").write_bytes(b"no model")
        assert "models check" in self.refused(capsys, 2, *words(photos, models, "--model", "bad.onnx"))
        assert "registry.json" in self.refused(capsys, 2, *words(photos, tmp_path / "nothing"))


@pytest.mark.parametrize("terminal", [True, False])
def test_a_bar_on_a_terminal(photos: Path, models: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    assert main(words(photos, models)) == 0
    assert ("102/102" in stream.getvalue()) is terminal


# ---- the curve


def drawn(live: Scores, attack: Scores) -> npt.NDArray[np.bool_]:
    return np.asarray((det_plot(live, attack, (), "DET") == (180, 90, 20)).all(axis=2))


def test_the_axes_are_normal_deviates() -> None:
    places = [_place(tick) for tick in TICKS]
    assert places == sorted(places)
    assert _place(0.5) - _place(0.1587) == pytest.approx(_place(0.1587) - _place(0.02275), abs=1)  # a deviation each
    assert _place(0.0) == _place(0.0005)
    assert _place(1.0) == _place(0.5)


def test_a_better_model_lies_nearer_to_the_corner() -> None:
    rng = np.random.default_rng(5)
    attack = rng.normal(0, 1, 3000).astype(np.float32)
    centres = []
    for apart in (1.5, 3.0):
        rows, columns = np.nonzero(drawn(rng.normal(apart, 1, 3000).astype(np.float32), attack)[90:630, 90:630])
        assert len(rows) > 100
        on = rows[columns == 540 - rows] if (columns == 540 - rows).any() else rows
        centres.append(float(np.median(on)))
        # Two normal curves of one width give a straight line of slope -1 on these axes
        slope = np.polyfit(columns, rows, 1)[0]
        assert slope == pytest.approx(1, abs=0.25)
    assert centres[1] > centres[0]


def test_no_tie_and_no_lone_score_breaks_it() -> None:
    one = np.array([1.0], np.float32)
    for live, attack in ((one, one), (one, one - 1), (np.repeat(one, 50), one)):
        outcome = Outcome.of(live, attack)
        assert det_plot(live, attack, [row[1] for row in outcome.rows], "x").shape == (SIDE, SIDE, 3)
        assert len(list(outcome.table())) == 8
