"""Measures a liveness model on labelled photos of yours, and sets its thresholds by them.

Detection and liveness run over a folder of live faces and one of attacks (the largest face of each photo). Printed are
the area under the ROC and the equal error rate with 95 % intervals, and the thresholds table in the vendors' form: TRR
(attacks rejected), FRR (live refused), TAR (live accepted), threshold. The DET curve is drawn as a PNG. With --apply a
copy of the models folder is made whose liveness model has the new calibration; the models in use are never changed.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from standalone.cli._arguments import MOST_THREADS, whole

if TYPE_CHECKING:
    from standalone.calibrating import Labelled, Outcome, Scorer

_SURE = 1000


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's options."""
    parser.add_argument("--live", type=Path, required=True, metavar="DIR", help="photos of live faces, searched below")
    parser.add_argument("--attack", type=Path, required=True, metavar="DIR", help="photos of attacks, searched below")
    parser.add_argument("--model", type=Path, metavar="FILE.onnx", help="a liveness model of your own (default ours)")
    parser.add_argument(
        "--models", type=Path, metavar="DIR", help="the models folder (default FACEGATE_MODELS, else models/)"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="the new models folder that --apply makes")
    parser.add_argument("--apply", action="store_true", help="make it")
    parser.add_argument("--plot", type=Path, default=Path("liveness-det.png"), metavar="FILE.png",
                        help="where the DET curve goes (default %(default)s)")  # fmt: skip
    parser.add_argument("--scores", type=Path, metavar="FILE.csv", help="write every photo's score")
    parser.add_argument("--threads", type=whole(MOST_THREADS), default=1, metavar="N", help="of each model (default 1)")


def run(arguments: argparse.Namespace) -> int:
    """Measures, writes and prints; what was asked for is written whatever becomes of the rest.

    Returns:
        1 when photos are missing or it is not applied, 2 when a model or an option is wrong or something can not be
        written.
    """
    from facecore import ModelError
    from standalone.calibrating import CannotApply, Labelled, Outcome, Scorer, check_free

    if arguments.apply != (arguments.output is not None):
        print("facegate: --apply and --output DIR go together", file=sys.stderr)
        return 2
    if wrong := _wrong_with(arguments.live, arguments.attack) or _unwritable(arguments):
        print(f"facegate: {wrong}", file=sys.stderr)
        return 2
    try:
        if arguments.apply:
            check_free(arguments.output)
        scorer = Scorer(arguments.models, arguments.model, arguments.threads)
        live, attack = Labelled(), Labelled()
        if not _score(scorer, ((arguments.live, live), (arguments.attack, attack))):
            return 1
    except CannotApply as error:
        print(f"facegate: not applied: {error}", file=sys.stderr)
        return 1
    except (ModelError, OSError) as error:
        print(f"facegate: {error}", file=sys.stderr)
        return 2
    outcome = Outcome.of(live.values, attack.values)
    told, status = _write(arguments, scorer, outcome, live, attack)
    # Printed last: who closes the output loses what is printed and no more
    _print(outcome, live, attack)
    if arguments.model is None:
        print("\nThe calibration in force, on these photos:")
        print(*outcome.as_registered(scorer.entry.facts["calibration"]["knots"]), sep="\n")
    print("", *told, sep="\n")
    return status


def _wrong_with(live: Path, attack: Path) -> str:
    """What is wrong with the folders of photos; empty where nothing is."""
    for option, folder in (("--live", live), ("--attack", attack)):
        if not os.path.isdir(folder):
            return f"{option} {folder} is no folder"
    one, other = live.resolve(), attack.resolve()
    if one.is_relative_to(other) or other.is_relative_to(one):
        return f"--live {live} and --attack {attack} overlap: no photo is of both"
    return ""


def _unwritable(arguments: argparse.Namespace) -> str:
    """Which output can not be written and why, as far as that can be told beforehand; empty where all can."""
    for path in (arguments.scores, arguments.plot):
        if path is not None and os.path.isdir(path):
            return f"{path} is a folder"
    for path in (arguments.scores, arguments.plot, arguments.output):
        if path is None:
            continue
        whole = path.absolute()
        there = next(part for part in (whole, *whole.parents) if os.path.exists(part))
        folder = os.path.isdir(there)
        if there != whole and not folder:
            return f"{path}: {there} is no folder"
        if not os.access(there, os.W_OK | os.X_OK if folder else os.W_OK):
            return f"{path}: {there} can not be written"
    return ""


def _score(scorer: Scorer, parts: tuple[tuple[Path, Labelled], ...]) -> bool:
    from tqdm import tqdm

    from standalone.photofiles import Search

    search = Search()
    found = [(search.entries(folder), folder, labelled) for folder, labelled in parts]
    with tqdm(total=sum(len(entries) for entries, _, _ in found), unit="photo", disable=None) as bar:
        for entries, _, labelled in found:
            scorer.score(entries, labelled, bar.update)
    for entries, folder, labelled in found:
        for path, obstacle in entries:
            if obstacle is not None:
                print(f"facegate: {path}: {obstacle.strerror}", file=sys.stderr)
        if not labelled.scores:
            print(f"facegate: {folder}: no photo with a face", file=sys.stderr)
    if passed := search.passed():
        print(f"facegate: {passed}", file=sys.stderr)
    return all(labelled.scores for _, _, labelled in found)


def _print(outcome: Outcome, live: Labelled, attack: Labelled) -> None:
    for name, labelled in (("live", live), ("attacks", attack)):
        skipped = ", ".join(f"{count} {error}" for error, count in sorted(labelled.skipped.items()))
        print(f"{name + ':':<9}{len(labelled.scores)} photos{f' (not counted: {skipped})' if skipped else ''}")
    auc, eer = outcome.auc, [100 * value for value in outcome.eer]
    print(f"AUC:     {auc[0]:.4f} ({auc[1]:.4f} to {auc[2]:.4f})")
    print(f"EER:     {eer[0]:.2f} % ({eer[1]:.2f} % to {eer[2]:.2f} %)\n")
    print(*outcome.table(), sep="\n")
    if len(outcome.live) < _SURE:
        print(
            f"\n{len(outcome.live)} live photos can not show what is rarer than {100 / len(outcome.live):.2g} %: "
            "below 0.6 % the thresholds continue the scores' tail and are estimates."
        )


def _write(
    arguments: argparse.Namespace, scorer: Scorer, outcome: Outcome, live: Labelled, attack: Labelled
) -> tuple[list[str], int]:
    """Writes what was asked for, each whatever becomes of the others: what there is to tell, and the exit status."""
    from facecore import ModelError
    from standalone.calibrating import CannotApply, apply, write_scores

    def scores() -> str:
        write_scores(arguments.scores, live, attack, outcome.knots)
        return f"Scores: {arguments.scores}"

    def plot() -> str:
        _plot(outcome, arguments.plot, scorer.entry.path.name)
        return f"DET curve: {arguments.plot}"

    def models() -> str:
        apply(outcome, scorer.registry, scorer.entry, arguments.output)
        return f"{arguments.output} has the new calibration. To serve with it: FACEGATE_MODELS={arguments.output}"

    told, status = [], 0
    for write, wanted in ((scores, arguments.scores is not None), (plot, True), (models, arguments.apply)):
        try:
            told += [write()] if wanted else []
        except CannotApply as error:
            print(f"facegate: not applied: {error}", file=sys.stderr)
            status = max(status, 1)
        except (ModelError, OSError) as error:
            print(f"facegate: {error}", file=sys.stderr)
            status = 2
    return told, status


def _plot(outcome: Outcome, path: Path, name: str) -> None:
    import cv2

    from standalone.detplot import det_plot

    title = "".join(sign if sign.isascii() else "?" for sign in f"DET of {name}")
    picture = det_plot(outcome.live, outcome.attack, [row[1] for row in outcome.rows], title)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
