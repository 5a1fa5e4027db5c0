"""Base64 as clients really send it (RFC 4648).

A photo is a quarter of a megabyte of it. pybase64 decodes that some fifty times as fast as the standard library, which
took a thirtieth of a request; it takes 1.3 ms to import and 0.3 MB.
"""

from __future__ import annotations

import binascii

import pybase64

_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_SPACE = b" \t\r\n\v\f"
_SPACES = tuple(bytes([sign]) for sign in _SPACE)
_WRAPPING = b"\t\r\n\v\f"
_PLUS = bytes.maketrans(b" ", b"+")


def strip_data_url(text: bytes) -> bytes:
    """Takes `data:image/png;base64,` (RFC 2397) off the front, if it is there."""
    if text[:5].lower() != b"data:":
        return text
    head, comma, _ = text[:128].partition(b",")
    if not comma or not head.lower().endswith(b";base64"):
        return text
    return text[len(head) + 1 :]


def decode(text: bytes, plus_became_space: bool = False) -> bytes:
    """Decodes base64 text.

    Line breaks, the url-safe alphabet and missing padding are accepted; any other sign outside the alphabet is not.

    Args:
        text: The text, without a data url's head.
        plus_became_space: A space inside is a "+" that a form's decoding lost; otherwise spaces are dropped.

    Raises:
        ValueError: The text is not base64.
    """
    clean = text.strip(_WRAPPING)
    if any(sign in clean for sign in _SPACES):  # each a fast scan; most texts hold none
        clean = _pluses(clean) if plus_became_space else clean.translate(None, _SPACE)
    if b"-" in clean or b"_" in clean:
        clean = clean.translate(_URL_SAFE)
    padding = len(clean) - len(clean.rstrip(b"="))
    if padding > 2 or (padding and len(clean) % 4):
        raise ValueError("not base64")
    try:
        return pybase64.b64decode(clean + b"=" * (-len(clean) % 4), validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None


def _pluses(text: bytes) -> bytes:
    """The text with its spaces as the pluses they were, save those before it, and behind it where they do not fit."""
    clean = text.translate(None, _WRAPPING).lstrip()
    if len(clean) % 4:
        clean = clean.rstrip()
    return clean.translate(_PLUS)
