"""Scripts of the repository that are in no package, as modules."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from tests.docs.blocks import ROOT


def loaded(path: str) -> ModuleType:
    """The script at a path from the repository's top, run as a module under its own name."""
    file = ROOT / path
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
