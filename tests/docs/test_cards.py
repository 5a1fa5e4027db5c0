"""What a model's card says in words is what its publication would write again.

The words stand in models/training/ROLE/publish.py, which needs PyTorch; so they are read, not run.
"""

from __future__ import annotations

import ast

import pytest

from tests.docs.blocks import ROOT

ROLES = ("detector", "face", "liveness", "synthetic")
LEAST = 40  # letters; what is shorter is a name, not a text


def texts(source: str) -> dict[str, str]:
    """The texts that a module names in capitals, by name."""
    found = {}
    for statement in ast.parse(source).body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Constant):
            continue
        name, value = statement.targets[0], statement.value.value
        if isinstance(name, ast.Name) and name.id.isupper() and isinstance(value, str) and len(value) >= LEAST:
            found[name.id] = value.strip()
    return found


def missing(texts: dict[str, str], card: str) -> list[str]:
    """Names of texts of which the card lacks a paragraph, or has a changed one."""
    paragraphs = set(card.split("\n\n"))
    return [name for name, text in texts.items() if not paragraphs.issuperset(text.split("\n\n"))]


@pytest.mark.parametrize("role", ROLES)
def test_a_card_has_the_words_of_its_publication(role: str) -> None:
    source = (ROOT / "models" / "training" / role / "publish.py").read_text(encoding="utf-8")
    card = (ROOT / "models" / "cards" / f"{role}.md").read_text(encoding="utf-8")
    words = texts(source)
    assert {"WHAT", "RECIPE", "FAILURES"} <= set(words)
    assert missing(words, card) == []


def test_a_paragraph_that_one_of_them_lacks_is_told() -> None:
    source = 'RECIPE = """First and long enough to count as a text here.\n\nSecond.\n"""\nSIDE = 640\nUNIT = "ms"\n'
    words = texts(source)
    assert list(words) == ["RECIPE"]
    assert missing(words, "# card\n\nFirst and long enough to count as a text here.\n\nSecond.\n\nOther.") == []
    assert missing(words, "# card\n\nFirst and long enough to count as a text here.\n\nOther.") == ["RECIPE"]
    assert missing(words, "# card\n\nFirst and long enough to count as a text.\n\nSecond.\n\nOther.") == ["RECIPE"]
