"""What can be wrong with a photo or a model file. The class names are stable; contracts map them to codes."""

from __future__ import annotations


class FacecoreError(Exception):
    """Base of every error that facecore raises on purpose."""

    @property
    def name(self) -> str:
        """The stable name: the class name."""
        return type(self).__name__


class ImageError(FacecoreError):
    """Something is wrong with the photo."""


class UnsupportedFormat(ImageError):
    """The bytes are not a JPEG, PNG or BMP."""


class CorruptImage(ImageError):
    """The header is broken, the data is truncated or it does not decode."""


class ImageTooLarge(ImageError):
    """The header announces more pixels than the cap."""


class NoFace(ImageError):
    """No face was found."""


class ModelError(FacecoreError):
    """A model file is missing, altered or does not fit its role."""
