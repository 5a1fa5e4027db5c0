"""Names and values out of a query, a form or a JSON body; a name that comes twice is an error, never a guess."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

_BASE64_ESCAPES = ((b"%2B", b"+"), (b"%2F", b"/"), (b"%3D", b"="))
_MAX_FIELDS = 256


class Malformed(ValueError):
    """The text is not what its type says."""


class Duplicate(Malformed):
    """A name comes more than once."""


def unquote(text: bytes) -> bytes:
    """Undoes percent-encoding, a plus sign being a space.

    The three signs that base64 text has escaped go first, each at once: they can not form a new escape, and a photo has
    thousands of them.
    """
    if b"+" in text:
        text = text.replace(b"+", b" ")
    if b"%" not in text:
        return text
    for escape, sign in _BASE64_ESCAPES:
        text = text.replace(escape, sign)
    return unquote_to_bytes(text) if b"%" in text else text


def pairs(text: bytes) -> list[tuple[bytes, bytes]]:
    """The (name, value) pairs of a query or of an application/x-www-form-urlencoded body, decoded, in order.

    Raises:
        Malformed: There are more than 256 of them.
    """
    if not text:
        return []
    if text.count(b"&") >= _MAX_FIELDS:
        raise Malformed("too many fields")
    found = []
    for part in text.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            found.append((unquote(name), unquote(value)))
    return found


def single(fields: Iterable[tuple[bytes, bytes]], names: frozenset[bytes]) -> dict[bytes, bytes]:
    """The values of the named fields; other names are left out.

    Raises:
        Duplicate: One of the names comes twice.
    """
    found: dict[bytes, bytes] = {}
    for name, value in fields:
        if name in names:
            if name in found:
                raise Duplicate("a field comes twice")
            found[name] = value
    return found


def parse_json(body: bytes) -> Any:
    """A JSON text (RFC 8259) in UTF-8.

    Raises:
        Duplicate: An object names a member twice.
        Malformed: The bytes are not JSON in UTF-8, hold NaN or Infinity, or nest too deeply.
    """
    try:
        text = body.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_members, parse_constant=_refuse)
    except Malformed:
        raise
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None


def _members(found: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(found)
    if len(members) != len(found):
        raise Duplicate("a member comes twice")
    return members


def _refuse(name: str) -> Any:
    raise Malformed(f"{name} is not JSON")
