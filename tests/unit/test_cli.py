from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import cv2
import pytest

from facecore.errors import ImageError, ModelError, NoFace
from facecore.intake import read_photo
from facecore.report import Box, Choice, Face, Pose, Report
from standalone.cli import analyse, commands, main
from tests import photos

FACE = Face(
    box=Box(10.123456, 20.0, 100.0, 120.0, 1.0),
    probability=0.98765432,
    pose=Pose(1.23456, -2.0, 3.0),
    landmarks=((1.005001, 2.0),) * 72,
    age=33.33333,
    gender=Choice({"male": 1e-9 / 3, "female": 1 - 1e-9 / 3}),
    liveness=0.123456789,
    synthetic=3.3333333e-12,
)


class OneFaceEach:
    """Stands in for the models: one face in every photo that reads, none in the coffee cup's 600 columns."""

    def __init__(self, threads: int, max_pixels: int) -> None:
        self.threads, self.max_pixels = threads, max_pixels
        self.batches: list[int] = []

    def analyse_batch(self, images: Sequence[bytes], faces: int | None = None) -> list[Report | ImageError]:
        self.batches.append(len(images))
        results: list[Report | ImageError] = []
        for data in images:
            try:
                photo = read_photo(data, self.max_pixels)
            except ImageError as error:
                results.append(error)
                continue
            found = (FACE, FACE)[:faces]
            results.append(
                NoFace("no face was found") if photo.width == 600 else Report(photo.width, photo.height, found)
            )
        return results


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[OneFaceEach]:
    """The stand-ins that the command made."""
    made: list[OneFaceEach] = []

    def make(threads: int, max_pixels: int) -> OneFaceEach:
        made.append(OneFaceEach(threads, max_pixels))
        return made[-1]

    monkeypatch.setattr(analyse, "make_analyzer", make)
    return made


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.usefixtures("made")
def test_a_photo_gives_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyse", str(photos.PORTRAIT)]) == 0
    (line,) = lines(capsys)
    assert list(line) == ["path", "width", "height", "faces", "error"]
    assert (line["path"], line["width"], line["height"], line["error"]) == (str(photos.PORTRAIT), 512, 512, None)
    face = line["faces"][0]
    assert face["box"]["left"] == 10.12
    assert face["pose"]["yaw"] == 1.23
    assert face["landmarks"][0] == [1.01, 2.0]
    assert face["age"] == 33.33
    assert face["probability"] == 0.987654
    assert face["liveness"] == 0.123457
    assert face["synthetic"] == 3.33333e-12
    assert face["gender"]["male"] == 3.33333e-10


@pytest.mark.usefixtures("made")
def test_bad_photos_get_their_line_and_stop_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = photos.PORTRAIT.read_bytes()
    files = {
        "anim.jpg": photos.encoded(photos.portrait(), "GIF"),
        "cut.jpg": good[:-500],
        "bomb.png": photos.bomb(),
        "cup.jpg": photos.NO_FACE.read_bytes(),
        "empty.jpg": b"",
        "fine.jpg": good,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    paths = [str(tmp_path / name) for name in [*files, "gone.jpg"]] + [str(tmp_path)]
    assert main(["analyse", *paths]) == 1
    errors = {Path(line["path"]).name: line["error"] for line in lines(capsys)}
    assert errors == {
        "anim.jpg": "UnsupportedFormat",
        "cut.jpg": "CorruptImage",
        "bomb.png": "ImageTooLarge",
        "cup.jpg": "NoFace",
        "empty.jpg": "UnsupportedFormat",
        "fine.jpg": None,
        "gone.jpg": "FileNotFound",
        tmp_path.name: "IsADirectory",
    }


@pytest.mark.usefixtures("made")
def test_an_error_line_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyse", str(photos.NO_FACE)]) == 1
    (line,) = lines(capsys)
    assert line == {
        "path": str(photos.NO_FACE),
        "width": None,
        "height": None,
        "faces": [],
        "error": "NoFace",
        "message": "no face was found",
    }


def test_options_reach_the_analyzer(made: list[OneFaceEach], capsys: pytest.CaptureFixture[str]) -> None:
    words = ["analyse", "--threads", "3", "--max-pixels", "100", "--faces", "1", str(photos.PORTRAIT)]
    assert main(words) == 1
    assert (made[0].threads, made[0].max_pixels) == (3, 100)
    assert lines(capsys)[0]["error"] == "ImageTooLarge"
    main(["analyse", "--faces", "1", str(photos.PORTRAIT)])
    assert len(lines(capsys)[0]["faces"]) == 1


def test_photos_are_analysed_in_batches(made: list[OneFaceEach], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyse", *[str(photos.PORTRAIT)] * 11]) == 0
    assert made[0].batches == [8, 3]
    assert len(lines(capsys)) == 11


@pytest.mark.usefixtures("made")
def test_folders_are_searched_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.JPG", "deep/a.png", "deep/c.jfif", "deep/d.jpe"):
        (tmp_path / name).write_bytes(photos.PORTRAIT.read_bytes())
    assert main(["analyse", "--recursive", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert [Path(json.loads(line)["path"]).name for line in shown.out.splitlines()] == [
        "b.JPG", "a.png", "c.jfif", "d.jpe",
    ]  # fmt: skip
    assert shown.err == ""


@pytest.mark.usefixtures("made")
def test_a_folder_without_photos_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyse", "--recursive", str(tmp_path)]) == 1
    (line,) = lines(capsys)
    assert (line["path"], line["error"]) == (str(tmp_path), "NoPhoto")
    assert line["message"] == "no file in it is named as a photo"


def searched(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, str | None], str]:
    """What a recursive run tells of a folder: errors by path within it, and what stands on stderr; it fails."""
    assert main(["analyse", "--recursive", str(folder)]) == 1
    shown = capsys.readouterr()
    told = [json.loads(line) for line in shown.out.splitlines()]
    return {str(Path(line["path"]).relative_to(folder)): line["error"] for line in told}, shown.err


@pytest.mark.usefixtures("made")
def test_what_can_not_be_read_in_a_folder_gets_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "fine.jpg").write_bytes(photos.PORTRAIT.read_bytes())
    (tmp_path / "broken.jpg").symlink_to("gone")
    (tmp_path / "circle.jpg").symlink_to("circle.jpg")
    (tmp_path / "far.jpg").symlink_to("x" * 300)  # asking for it fails as it does in a folder that can not be entered
    os.mkfifo(tmp_path / "pipe.jpg")
    errors, _ = searched(tmp_path, capsys)
    assert errors == {
        "broken.jpg": "FileNotFound",
        "circle.jpg": "Unreadable",
        "far.jpg": "Unreadable",
        "fine.jpg": None,
        "pipe.jpg": "Unreadable",
    }


@pytest.mark.usefixtures("made")
def test_a_folder_that_can_not_be_entered_gets_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shut").mkdir()
    for name in ("a.jpg", "z.jpg", "shut/b.jpg"):
        (tmp_path / name).write_bytes(photos.PORTRAIT.read_bytes())
    scan = os.scandir

    def scandir(path: Path) -> Any:
        if Path(path).name == "shut":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    errors, _ = searched(tmp_path, capsys)
    assert errors == {"a.jpg": None, "shut": "Unreadable", "z.jpg": None}


@pytest.mark.usefixtures("made")
def test_a_path_that_can_not_be_asked_about_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "link").symlink_to("x" * 300)
    assert main(["analyse", "--recursive", str(tmp_path / "link"), str(photos.PORTRAIT)]) == 1
    assert [line["error"] for line in lines(capsys)] == ["Unreadable", None]


@pytest.mark.usefixtures("made")
def test_what_is_passed_over_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "elsewhere").mkdir()
    for name in ("in/a.jpg", "in/b.webp", "in/bare", "elsewhere/c.jpg"):
        (tmp_path / name).write_bytes(photos.PORTRAIT.read_bytes())
    (tmp_path / "in" / "link.jpg").symlink_to(tmp_path / "elsewhere")
    assert main(["analyse", "--recursive", str(tmp_path / "in")]) == 0
    shown = capsys.readouterr()
    assert [Path(json.loads(line)["path"]).name for line in shown.out.splitlines()] == ["a.jpg"]
    assert shown.err == "facegate: files passed over for their names: 2; links to folders not followed: 1\n"


@pytest.mark.usefixtures("made")
def test_draw_writes_beside_nothing_it_was_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other").mkdir()
    for name in ("a.jpg", "other/a.jpg"):
        (tmp_path / name).write_bytes(photos.PORTRAIT.read_bytes())
    words = ["analyse", "--draw", str(tmp_path), str(tmp_path / "a.jpg"), str(tmp_path / "other/a.jpg")]
    assert main([*words, str(photos.NO_FACE)]) == 1
    drawings = [line["drawing"] for line in lines(capsys)]
    assert drawings == [str(tmp_path / "a.drawn.jpg"), str(tmp_path / "a.drawn-2.jpg"), None]
    assert sorted(p.name for p in tmp_path.glob("*.jpg")) == ["a.drawn-2.jpg", "a.drawn.jpg", "a.jpg"]
    assert (tmp_path / "a.jpg").read_bytes() == photos.PORTRAIT.read_bytes()
    drawn = cv2.imread(str(tmp_path / "a.drawn.jpg"))
    assert drawn is not None
    assert drawn.shape == (512, 512, 3)
    assert abs(drawn.astype(int) - photos.portrait()).max() > 100


@pytest.mark.usefixtures("made")
def test_draw_writes_over_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.jpg", "a.drawn.jpg"):
        (tmp_path / name).write_bytes(photos.PORTRAIT.read_bytes())
    (tmp_path / "a.drawn-2.jpg").symlink_to(tmp_path / "elsewhere")
    words = ["analyse", "--draw", str(tmp_path), "--recursive"]
    assert main([*words, str(tmp_path)]) == 1, "the link leads nowhere"
    shown = {Path(line["path"]).name: line["drawing"] for line in lines(capsys)}
    assert shown == {
        "a.drawn-2.jpg": None,
        "a.drawn.jpg": str(tmp_path / "a.drawn.drawn.jpg"),
        "a.jpg": str(tmp_path / "a.drawn-3.jpg"),
    }
    assert (tmp_path / "a.drawn.jpg").read_bytes() == photos.PORTRAIT.read_bytes()
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.exists()}
    assert main([*words, str(tmp_path / "a.jpg")]) == 0
    assert lines(capsys)[0]["drawing"] == str(tmp_path / "a.drawn-4.jpg")
    assert {path: path.read_bytes() for path in before} == before, "what an earlier run has drawn"
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("stem", ["a" * 250, "\u5b57" * 83, os.fsdecode(b"\xff" * 250)], ids=["ascii", "wide", "bytes"])
def test_a_long_name_is_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str], stem: str) -> None:
    photo = tmp_path / f"{stem}.jpg"
    photo.write_bytes(photos.PORTRAIT.read_bytes())
    assert main(["analyse", "--draw", str(tmp_path / "d"), str(photo), str(photo)]) == 0
    drawings = [Path(line["drawing"]) for line in lines(capsys)]
    assert all(drawing.is_file() for drawing in drawings)
    assert drawings[0].name.endswith(f"{stem[0]}.drawn.jpg")
    assert drawings[1].name.endswith(f"{stem[0]}.drawn-2.jpg")


@pytest.mark.usefixtures("made")
def test_a_drawing_that_can_not_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(photos.PORTRAIT.read_bytes())
    (tmp_path / "d").mkdir()
    opened = Path.open

    def failing(self: Path, mode: str = "r", *more: Any, **options: Any) -> Any:
        if self.name == "a.drawn.jpg":
            raise OSError(errno.ENAMETOOLONG, "File name too long")
        file = opened(self, mode, *more, **options)
        return FullDisk(file) if self.name == "b.drawn.jpg" else file

    monkeypatch.setattr(Path, "open", failing)
    assert main(["analyse", "--recursive", "--draw", str(tmp_path / "d"), str(tmp_path)]) == 1
    shown = capsys.readouterr()
    told = [json.loads(line) for line in shown.out.splitlines()]
    assert [line["error"] for line in told] == [None] * 3
    assert [line["drawing"] for line in told] == [None, None, str(tmp_path / "d" / "c.drawn.jpg")]
    assert shown.err == (
        f"facegate: {tmp_path / 'a.jpg'}: not drawn: File name too long\n"
        f"facegate: {tmp_path / 'b.jpg'}: not drawn: No space left on device\n"
    )
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["c.drawn.jpg"], "no half of a drawing is left"


class FullDisk:
    """A file on a disk that is full after its first bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def __enter__(self) -> FullDisk:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, data: bytes) -> None:
        self.file.write(data[:100])
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.usefixtures("made")
def test_a_draw_folder_that_cannot_be_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert main(["analyse", "--draw", str(tmp_path / "file"), str(photos.PORTRAIT)]) == 2
    shown = capsys.readouterr()
    assert shown.err == f"facegate: {tmp_path / 'file'}: File exists\n"
    assert shown.out == ""


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(("count", "terminal", "shown"), [(5, True, True), (3, True, False), (5, False, False)])
def test_the_bar_shows_for_many_photos_on_a_terminal(
    count: int, terminal: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    assert main(["analyse", *[str(photos.PORTRAIT)] * count]) == 0
    assert ("5/5" in stream.getvalue()) is shown
    assert bool(stream.getvalue()) is shown


def test_a_broken_model_is_no_stack_trace(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def make(threads: int, max_pixels: int) -> None:
        raise ModelError("model detector: detector.onnx is altered")

    monkeypatch.setattr(analyse, "make_analyzer", make)
    assert main(["analyse", str(photos.PORTRAIT)]) == 2
    assert capsys.readouterr().err == "facegate: model detector: detector.onnx is altered\n"


@pytest.mark.parametrize("words", [[], ["nonsense"], ["analyse"], ["analyse", "--threads", "0", "x"]])
def test_wrong_usage_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage: facegate" in capsys.readouterr().err


CALIBRATE = ["calibrate", "--live", "x", "--attack", "y"]


@pytest.mark.parametrize("words", [["analyse", "x"], CALIBRATE], ids=["analyse", "calibrate"])
@pytest.mark.parametrize("number", ["0", "-1", "1.5", "1025", "999999999999999", "9" * 5000], ids=lambda n: n[:20])
def test_threads_are_bounded(words: list[str], number: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is not a whole number from 1 to 1024" in refused([*words, f"--threads={number}"], capsys)


@pytest.mark.parametrize("number", ["1000000001", "10000000000", "1" * 20])
def test_pixels_are_bounded(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    told = refused(["analyse", "x", "--max-pixels", number], capsys)
    assert f"'{number}' is not a whole number from 1 to 1000000000" in told


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.usefixtures("made")
def test_the_most_pixels_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyse", "--max-pixels", "1000000000", str(photos.PORTRAIT)]) == 0
    assert lines(capsys)[0]["error"] is None


def test_every_subcommand_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert {"analyse", "models"} <= set(commands())
    for name in commands():
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0
        assert f"facegate {name}" in capsys.readouterr().out


# ---- reading


@pytest.mark.parametrize(
    ("head", "error"), [(b"", "UnsupportedFormat"), (photos.PORTRAIT.read_bytes()[:1000], "ImageTooLarge")]
)
def test_a_huge_file_is_not_read(
    tmp_path: Path, made: list[OneFaceEach], capsys: pytest.CaptureFixture[str], head: bytes, error: str
) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.write(head)
        file.truncate(1 << 30)
    tracemalloc.start()
    try:
        assert main(["analyse", str(tmp_path / "huge.jpg")]) == 1
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert lines(capsys)[0]["error"] == error
    assert made[0].batches == [0]
    assert most < 16 << 20, "bytes"


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(("more", "error"), [(0, None), (40 << 20, "ImageTooLarge")])
def test_a_pipe_is_read_until_it_is_too_long(capsys: pytest.CaptureFixture[str], more: int, error: str | None) -> None:
    end, start = os.pipe()

    def fill() -> None:
        with contextlib.suppress(BrokenPipeError), os.fdopen(start, "wb") as pipe:
            pipe.write(photos.PORTRAIT.read_bytes() + bytes(more))

    filling = threading.Thread(target=fill)
    filling.start()
    try:
        assert main(["analyse", "--max-pixels", "300000", f"/dev/fd/{end}"]) == (0 if error is None else 1)
    finally:
        os.close(end)
        filling.join()
    assert lines(capsys)[0]["error"] == error


# ---- models


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "eye.onnx").write_bytes(b"weights" * 1000)
    facts = {
        "file": "eye.onnx",
        "sha256": hashlib.sha256(b"weights" * 1000).hexdigest(),
        "inputs": {},
        "outputs": {},
        "figures": {"recall": 0.97531, "val": {"auc": 0.99, "photos": 1200}},
    }
    (tmp_path / "registry.json").write_text(json.dumps({"version": 1, "models": {"eye": facts}}))
    return tmp_path


def test_models_are_listed_with_their_figures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--models", str(folder)]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["MODEL", "FILE", "MB", "SHA-256", "FIGURES"]
    assert rows[1][:3] == ["eye", "eye.onnx", "0.01"]
    assert rows[1][4:] == ["recall", "0.9753"]
    assert rows[2:] == [["val", "auc", "0.99"], ["val", "photos", "1200"]]


def test_an_altered_model_is_named_with_its_hash(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "eye.onnx").write_bytes(b"others")
    assert main(["models", "--models", str(folder)]) == 1
    error = capsys.readouterr().err
    assert "eye.onnx" in error
    assert hashlib.sha256(b"weights" * 1000).hexdigest() in error


def test_no_registry_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--models", str(tmp_path)]) == 2
    assert "registry.json" in capsys.readouterr().err


def program(folder: Path) -> list[str]:
    return [
        sys.executable, "-c",
        f"import sys; from standalone.cli import main; sys.exit(main(['models', '--models', {str(folder)!r}]))",
    ]  # fmt: skip


def test_a_reader_that_goes_away_is_no_stack_trace(folder: Path) -> None:
    with subprocess.Popen(program(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == ""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_no_stack_trace(folder: Path, unbuffered: str) -> None:
    with open("/dev/full", "w") as full:
        environ = os.environ | {"PYTHONUNBUFFERED": unbuffered}
        done = subprocess.run(program(folder), stdout=full, stderr=subprocess.PIPE, text=True, env=environ, check=False)
    assert (done.returncode, done.stderr) == (1, "facegate: [Errno 28] No space left on device\n")


def test_a_closed_output_is_no_stack_trace(folder: Path) -> None:
    words = ["bash", "-c", '"$@" >&-', "bash", *program(folder)]
    done = subprocess.run(words, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "facegate: standard output is closed\n")
