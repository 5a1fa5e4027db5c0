"""A photo in, a face report out. Knows no HTTP and no vendor.

``Analyzer`` is the entry point. It is imported on first use, so that code which only handles reports and errors does
not load an image library or a model runtime.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import CorruptImage, FacecoreError, ImageError, ImageTooLarge, ModelError, NoFace, UnsupportedFormat
from .report import ALL, Box, Choice, Face, Field, Pose, Quality, Report

if TYPE_CHECKING:
    from .analyzer import Analyzer

__all__ = [
    "ALL",
    "Analyzer",
    "Box",
    "Choice",
    "CorruptImage",
    "Face",
    "FacecoreError",
    "Field",
    "ImageError",
    "ImageTooLarge",
    "ModelError",
    "NoFace",
    "Pose",
    "Quality",
    "Report",
    "UnsupportedFormat",
]


def __getattr__(name: str) -> Any:
    if name == "Analyzer":
        from .analyzer import Analyzer

        return Analyzer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
