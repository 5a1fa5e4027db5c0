"""Sets a liveness model's calibration by labelled photos: scores, figures, the vendors' table, a new models folder."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from facecore import Analyzer, ImageError, ModelError, NoFace
from facecore.align import Image, face_square
from facecore.calibration import Calibration
from facecore.detector import Found
from facecore.evaluation import (
    LIVENESS_SCALE,
    Scores,
    area_under_roc,
    bootstrapped,
    equal_error_rate,
    interval,
    liveness_knots,
    thresholds_table,
)
from facecore.intake import MAX_PIXELS, read_photo
from facecore.registry import REGISTRY, ModelEntry, Registry
from facecore.sessions import Model
from facecore.spoofing import Liveness
from standalone.fitness import entry_for
from standalone.photofiles import Entry, batches, read

REFUSED = (0.001, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05)
"""The shares of live faces refused that the table has rows for, as in the vendor's document."""
ADVISED = 0.005
LEAST_LIVE, LEAST_ATTACK = 30, 10
_BATCH = 8


class CannotApply(ValueError):
    """The calibration is not written; the text says why."""


@dataclass(slots=True)
class Labelled:
    """The photos of one label.

    Attributes:
        scores: Raw scores by photo.
        skipped: How many photos gave none, by the error's name.
    """

    scores: dict[Path, float] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def values(self) -> Scores:
        """(n,) raw scores."""
        return np.array(list(self.scores.values()), np.float32)


class Scorer:
    """Detection and liveness alone, uncalibrated.

    Args:
        folder: The models folder; None takes FACEGATE_MODELS or the repository's.
        model: Another liveness model, with the framing of the registered one; None takes the registered one.
        threads: Of each model.

    Raises:
        ModelError: A model is missing, altered or does not fit.
    """

    def __init__(self, folder: Path | None, model: Path | None, threads: int) -> None:
        self._analyzer = Analyzer(folder, threads=threads)
        self._analyzer.warm_up(frozenset())
        self.registry = self._analyzer.registry
        self.entry = self.registry["liveness"] if model is None else _own(model, self.registry["liveness"])
        self._liveness = Liveness(Model(self.entry, threads))

    def score(self, entries: Sequence[Entry], into: Labelled, done: Callable[[int], object]) -> None:
        """Scores the largest face of every photo; tells ``done`` how many more are through."""
        for batch in batches(entries, _BATCH):
            views: list[tuple[Path, Image, Found]] = []
            for entry in batch:
                try:
                    image = read_photo(read(entry, MAX_PIXELS)).bgr
                except (ImageError, OSError) as error:
                    into.skipped[type(error).__name__] += 1
                    continue
                if faces := self._analyzer.locate(image, 1):
                    views.append((entry[0], image, faces[0]))
                else:
                    into.skipped[NoFace.__name__] += 1
            if views:
                turns = [face_square(face.points).angle for _, _, face in views]
                scores = self._liveness.raw([(image, face.box) for _, image, face in views], turns)
                into.scores |= dict(zip([path for path, _, _ in views], scores, strict=True))
            done(len(batch))


def _own(file: Path, registered: ModelEntry) -> ModelEntry:
    try:
        return entry_for(file, file.read_bytes(), "liveness", registered.facts)
    except OSError as error:
        raise ModelError(f"{file}: {error.strerror}") from None
    except Exception as error:  # onnxruntime raises plain and private types
        raise ModelError(f"{file} does not load; see facegate models check") from error


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the labelled photos say.

    Attributes:
        live: Raw scores of live faces, (p,).
        attack: Raw scores of attacks, (q,).
        knots: The calibration that follows.
        rows: The vendors' table: FRR, raw threshold, TRR, TRR's 95 % interval.
        auc: Area under the ROC and its 95 % interval.
        eer: Equal error rate and its 95 % interval.
    """

    live: Scores
    attack: Scores
    knots: list[list[float]]
    rows: list[tuple[float, float, float, tuple[float, float]]]
    auc: tuple[float, float, float]
    eer: tuple[float, float, float]

    @classmethod
    def of(cls, live: Scores, attack: Scores) -> Outcome:
        """Measures; both classes hold at least one score."""
        return cls(
            live,
            attack,
            liveness_knots(live, np.ones(len(live))),
            thresholds_table(live, attack, REFUSED),
            (area_under_roc(live, attack), *bootstrapped(area_under_roc, live, attack)),
            (equal_error_rate(live, attack), *bootstrapped(equal_error_rate, live, attack)),
        )

    def table(self) -> Iterator[str]:
        """The thresholds table in the vendor's form, thresholds on the calibrated scale."""
        calibrated = Calibration(self.knots)
        yield f"{'TRR':>8}  {'(95 %)':<17}{'FRR':>6}  {'TAR':>6}  {'threshold':>9}  {'raw':>8}"
        for refused, raw, rejected, (low, high) in self.rows:
            advised = "  advised" if refused == ADVISED else ""
            span = f"({100 * low:.2f} to {100 * high:.2f})"
            yield (
                f"{100 * rejected:7.2f}%  {span:<17}{100 * refused:5.1f}%  {100 * (1 - refused):5.1f}%"
                f"  {calibrated(raw):9.6f}  {raw:8.3f}{advised}"
            )

    def as_registered(self, knots: Sequence[Sequence[float]]) -> Iterator[str]:
        """How the calibration that is in force does on these photos."""
        calibrated = Calibration(knots)
        live, attack = (np.array([calibrated(float(v)) for v in part]) for part in (self.live, self.attack))
        for promise, threshold in LIVENESS_SCALE.items():
            refused, rejected = float((live < threshold).mean()), float((attack < threshold).mean())
            low, high = interval(refused, len(live))
            yield (
                f"{threshold:<5g} ({promise}): refuses {100 * refused:.2f} % of live"
                f" ({100 * low:.2f} to {100 * high:.2f}), rejects {100 * rejected:.2f} % of attacks"
            )

    def figures(self) -> dict[str, float]:
        """For the registry."""
        rejected = {f"rejected_at_{100 * row[0]:g}": round(row[2], 5) for row in self.rows}
        return {"auc": round(self.auc[0], 5), "eer": round(self.eer[0], 5), **rejected}


def write_scores(path: Path, live: Labelled, attack: Labelled, knots: list[list[float]]) -> None:
    """A line for every scored photo: path, label, raw, calibrated.

    Raises:
        OSError: The file can not be written.
    """
    calibrated = Calibration(knots)
    path.parent.mkdir(parents=True, exist_ok=True)
    # surrogateescape: a path that is not UTF-8 goes in byte for byte
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(("path", "label", "raw", "calibrated"))
        for label, part in (("live", live), ("attack", attack)):
            out.writerows((str(p), label, f"{raw:.5f}", f"{calibrated(raw):.6f}") for p, raw in part.scores.items())


def check_free(output: Path) -> None:
    """Looks whether a models folder can be made there.

    Raises:
        CannotApply: Something is in it already.
        OSError: It can not be looked at.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise CannotApply(f"{output} holds something already; name a new folder")


def apply(outcome: Outcome, registry: Registry, entry: ModelEntry, output: Path) -> None:
    """Writes a models folder with the new calibration; the one in use stays as it is.

    Args:
        outcome: What the photos say.
        registry: The models in use.
        entry: The liveness model that was measured.
        output: The new folder; it must not be there yet, or be empty.

    Raises:
        CannotApply: There are too few photos, or the folder holds something.
        ModelError: A model in use is missing or altered.
        OSError: The folder can not be written.
    """
    if len(outcome.live) < LEAST_LIVE or len(outcome.attack) < LEAST_ATTACK:
        raise CannotApply(f"at least {LEAST_LIVE} live faces and {LEAST_ATTACK} attacks are needed")
    if outcome.auc[0] <= 0.5:
        raise CannotApply("live faces score no higher than attacks: this model does not tell them apart")
    check_free(output)
    models = {other.name: (other.read(), dict(other.facts)) for other in registry.entries()}
    facts = {key: value for key, value in entry.facts.items() if key not in ("figures", "card", "calibration")}
    facts["calibration"] = {"knots": outcome.knots, "thresholds": LIVENESS_SCALE}
    facts["figures"] = outcome.figures() | {"live": len(outcome.live), "attacks": len(outcome.attack)}
    models["liveness"] = (entry.read(), facts)
    files = {about["file"]: content for content, about in models.values()}
    body: dict[str, Any] = {"version": 1, "models": {name: about for name, (_, about) in sorted(models.items())}}
    text = json.dumps(body, indent=2, ensure_ascii=False) + "\n"
    _make(output.resolve(), files | {REGISTRY: text.encode("utf-8")})


def _make(output: Path, files: Mapping[str, bytes]) -> None:
    """Makes a folder of files, or fills an empty one; where that fails, nothing of it is left."""
    filled = output.exists()  # and stays the folder that it is: a shell may stand in it, or a disk be mounted on it
    partial = output / ".partial" if filled else output.with_name(f"{output.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        for name, content in files.items():
            (partial / name).write_bytes(content)
        if not filled:
            partial.rename(output)
            return
        for name in files:
            (partial / name).rename(output / name)
        partial.rmdir()
    except OSError:
        shutil.rmtree(partial, ignore_errors=True)
        raise
