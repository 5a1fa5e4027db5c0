"""The model registry: which files there are, what they must hash to, what they take and give."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ModelError
from .report import ALL, Field

REGISTRY = "registry.json"
FROM_FACE_NET = ALL - {Field.LIVENESS, Field.SYNTHETIC}


def default_models() -> Path:
    """The folder named by FACEGATE_MODELS, else the repository's or image's ``models`` folder."""
    if named := os.environ.get("FACEGATE_MODELS"):
        return Path(named)
    return Path(__file__).resolve().parents[3] / "models"


def needed(want: frozenset[Field]) -> tuple[str, ...]:
    """Names of the models that a report of ``want`` stands on, in the order in which they run."""
    asked = {
        "detector": True,
        "face": bool(want & FROM_FACE_NET),
        "liveness": Field.LIVENESS in want,
        "synthetic": Field.SYNTHETIC in want,
    }
    return tuple(name for name, needs in asked.items() if needs)


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One registered model.

    Attributes:
        name: Its role, for example ``liveness``.
        path: The ONNX file.
        sha256: What the file must hash to, lower-case hex.
        facts: The registry's whole entry: inputs, outputs, calibration, figures, licence, card.
    """

    name: str
    path: Path
    sha256: str
    facts: Mapping[str, Any]

    def read(self) -> bytes:
        """The file's content.

        Raises:
            ModelError: The file is missing or altered; the message names the file and the hash it should have.
        """
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"model {self.name}: {self.path} is missing; its SHA-256 should be {self.sha256}"
            ) from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise ModelError(f"model {self.name}: {self.path} is altered; its SHA-256 should be {self.sha256}")
        return content


class Registry:
    """Reads ``registry.json`` of a models folder."""

    def __init__(self, folder: Path | None = None) -> None:
        """Opens the registry.

        Args:
            folder: The models folder, default_models() when None.

        Raises:
            ModelError: There is no readable registry.
        """
        self.folder = folder or default_models()
        path = self.folder / REGISTRY
        try:
            body = json.loads(path.read_bytes())
            self._entries = {
                name: ModelEntry(name, self.folder / facts["file"], facts["sha256"], facts)
                for name, facts in body["models"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{path} is missing or unreadable: {type(error).__name__}") from error

    def __getitem__(self, name: str) -> ModelEntry:
        """The entry ``name``.

        Raises:
            ModelError: It is not registered.
        """
        try:
            return self._entries[name]
        except KeyError as error:
            raise ModelError(f"{self.folder / REGISTRY} has no model named {name}") from error

    def entries(self) -> tuple[ModelEntry, ...]:
        """All entries, by name."""
        return tuple(self._entries[name] for name in sorted(self._entries))
