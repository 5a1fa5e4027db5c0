"""Writes a model's card: models/cards/NAME.md with its plots beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .goals import GOALS
from .packs import CARDS

if TYPE_CHECKING:
    from .trainer import Recipe  # which needs PyTorch

# Set: (name, terms as its makers state them)
TERMS = {
    "utk": ("UTKFace", "non-commercial research"),
    "scut": ("SCUT-FBP5500", "research"),
    "amls": ("CelebA photos and Google Cartoon Set drawings", "non-commercial research; CC BY 4.0"),
    "ffhq": ("FFHQ photos", "CC BY / CC BY-NC photos, the set CC BY-NC-SA"),
    "anime": ("anime face crops", "none stated"),
    "cartoon": ("cartoon and human faces", "MIT on the collection"),
    "shape": ("face shape portraits", "asks to be cited"),
    "w300": ("HELEN (300-W)", "research"),
    "hardfake": ("real and StyleGAN2 faces", "unstated; NVIDIA terms for the generator"),
    "udacity": ("Udacity facial keypoints (video frames)", "MIT"),
    "mask": ("face mask photos", "MIT on the collection"),
    "imagenet": ("ImageNet samples", "ImageNet terms, research"),
    "nuaa": ("NUAA", "research"),
    "casia": ("CASIA-FASD (train)", "research"),
    "phone": ("phone captures of phone screens and prints", "MIT on the collection"),
    "fer": ("FER2013", "unclear"),
    "smiles": ("SMILEs", "open, no licence file"),
    "faker": ("Stable Diffusion 3 portraits", "CC0"),
    "leafac": ("StyleGAN2 faces", "NVIDIA terms"),
    "ciplab": ("photoshopped composites", "research"),
}

HARD = """Made by code from NASA's portrait of Eileen Collins (public domain) and from drawings; no photo of the
training sets is among them. The whole of facecore was asked, as a contract asks it. `make gallery` renews the picture,
and the same in words in [failures.json](pictures/failures.json)."""


def write_card(
    name: str,
    what: str,
    sets: Sequence[str],
    sections: Iterable[tuple[str, str]],
    figures: Mapping[str, float],
    facts: Mapping[str, Any],
    plain: Mapping[str, float] | None = None,
) -> Path:
    """Writes the card: what it is, figures against goals, the given sections, the gallery of hard photos, data terms.

    Args:
        name: The model's registry name.
        what: A paragraph.
        sets: Keys of TERMS.
        sections: (heading, Markdown) pairs.
        figures: Measured on the validation split with the exported file.
        facts: The registry entry (file, sha256, bytes are shown).
        plain: The same figures before the file was quantised, when it was.
    """
    lines = [f"# {name}", "", what, ""]
    lines += [f"`models/{facts['file']}`, {facts['bytes'] / 1e6:.2f} MB, SHA-256 `{facts['sha256']}`.", ""]
    lines += ["## Figures", "", "Measured with the committed file on validation data that training never saw.", ""]
    if plain is not None:
        lines += [
            "The file runs on 8-bit integers; beside its figures stand those of the float net before.",
            "",
        ]
    lines += ["| what | reached | in float | floor | goal |", "|---|---|---|---|---|"]
    for key, goal in GOALS[name].items():
        if key in figures:
            before = "-" if plain is None else goal.shown(plain[key])
            limits = f"{goal.shown(goal.floor)} | {goal.shown(goal.goal)}"
            lines.append(f"| {goal.words} | {goal.shown(figures[key])} | {before} | {limits} |")
    others = [_further(key, value) for key, value in figures.items() if key not in GOALS[name]]
    if others:
        lines += ["", "| further figure | value |", "|---|---|", *others]
    for heading, text in sections:
        lines += ["", f"## {heading}", "", text.strip()]
    lines += ["", "## Hard photos", "", HARD, ""]
    lines += [f"![What was expected of {name} and what came](pictures/{name}-failures.webp)"]
    lines += ["", "## Licence terms of the data", ""]
    lines += [
        "The weights were trained here. The photos came with these terms, as stated by their makers; most allow",
        "research only, so whoever uses the weights commercially has to judge that, or train on own data.",
        "",
    ]
    lines += ["| set | terms |", "|---|---|"] + [f"| {TERMS[key][0]} | {TERMS[key][1]} |" for key in sets]
    CARDS.mkdir(exist_ok=True)
    path = CARDS / f"{name}.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def renew_figures(name: str, figures: Mapping[str, float]) -> None:
    """Puts figures of the committed file, measured anew, into its card; all else stays, those in float too.

    Raises:
        ValueError: The card's tables lack one of the figures.
    """
    path = CARDS / f"{name}.md"
    lines = path.read_text(encoding="utf-8").split("\n")
    for key, value in figures.items():
        goal = GOALS[name].get(key)
        start = f"| {key if goal is None else goal.words} |"
        places = [place for place, line in enumerate(lines) if line.startswith(start)]
        if not places:
            raise ValueError(f"the card of {name} has no figure {key}")
        if goal is None:
            lines[places[0]] = _further(key, value)
        else:
            limits = lines[places[0]].removeprefix(start).split("|", 1)[1]
            lines[places[0]] = f"{start} {goal.shown(value)} |{limits}"
    path.write_text("\n".join(lines), encoding="utf-8")


def _further(key: str, value: float) -> str:
    return f"| {key} | {value:.4f} |"


def settings(recipe: Recipe) -> str:
    """A recipe's settings in words."""
    return (
        f"Settings: {recipe.epochs} epochs of the run that is committed, {recipe.processes} processes with batches of "
        f"{recipe.batch}, peak learning rate {recipe.rate:g}, weight decay {recipe.decay:g}, averaging "
        f"{recipe.average:g}, seed {recipe.seed}."
    )


def training_plot(name: str, history: Sequence[Mapping[str, float]] | None, keys: Sequence[str]) -> str:
    """Plots the figures ``keys`` over epochs as cards/NAME-training.png; returns the Markdown that shows it.

    Without a history the picture stays as it is.
    """
    file, words = f"{name}-training.png", "Validation figures over training"
    if history is None:
        return _shown(file, words)
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(keys), figsize=(3.1 * len(keys), 2.6), squeeze=False)
    for axis, key in zip(axes[0], keys, strict=True):
        seen = [(row["epoch"], row[key]) for row in history if key in row]
        axis.plot(*zip(*seen, strict=True), marker="o", markersize=3)
        axis.set_title(key, fontsize=9)
        axis.set_xlabel("epoch", fontsize=8)
        axis.grid(alpha=0.3)
        axis.tick_params(labelsize=7)
    return save(figure, file, words)


def save(figure: Any, file: str, words: str) -> str:
    """Saves a matplotlib figure beside the cards; returns the Markdown that shows it."""
    from matplotlib import pyplot as plt

    CARDS.mkdir(exist_ok=True)
    figure.tight_layout()
    figure.savefig(CARDS / file, dpi=80, metadata={"Software": None})
    plt.close(figure)
    return _shown(file, words)


def _shown(file: str, words: str) -> str:
    return f"![{words}]({file})"
