"""A card's figures are renewed where they stand, and nothing else in it changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from facecore.registry import default_models
from training.common import card

CARDS = default_models() / "cards"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a copy of the detector's card."""
    (tmp_path / "detector.md").write_bytes((CARDS / "detector.md").read_bytes())
    monkeypatch.setattr(card, "CARDS", tmp_path)
    return tmp_path


def changed(before: str, after: str) -> list[tuple[str, str]]:
    """The lines that are others now."""
    pairs = list(zip(before.split("\n"), after.split("\n"), strict=True))
    return [(one, other) for one, other in pairs if one != other]


def test_figures_change_where_they_stand(folder: Path) -> None:
    before = (folder / "detector.md").read_text(encoding="utf-8")
    card.renew_figures("detector", {"recall_32_at_1280": 0.1237, "point_error": 0.98765})
    (goal, new), (further, newer) = changed(before, (folder / "detector.md").read_text(encoding="utf-8"))
    cells, others = goal.split("|"), new.split("|")
    assert others[2] == " 12.37 % "
    assert cells[:2] + cells[3:] == others[:2] + others[3:], "words, the float net's figure and limits stay"
    assert further.startswith("| point_error |")
    assert newer == "| point_error | 0.9877 |"


def test_a_figure_that_the_card_lacks_is_told_and_nothing_is_written(folder: Path) -> None:
    before = (folder / "detector.md").read_bytes()
    with pytest.raises(ValueError, match="no figure recall_of_cats"):
        card.renew_figures("detector", {"point_error": 0.98765, "recall_of_cats": 1.0})
    assert (folder / "detector.md").read_bytes() == before
