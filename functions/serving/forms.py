"""Names and values out of a query, a form or a JSON body; a name that comes twice is an error, never a guess.

And JSON for the answers.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from gatekeeper.request import MAX_PAIRS

_MAX_BRACKETS = 256
_MAX_COMMAS = 4096


class Malformed(ValueError):
    """The text is not what its type says."""


class Duplicate(Malformed):
    """A name comes more than once."""


def unquote(text: bytes) -> bytes:
    """Undoes percent-encoding, a plus sign being a space.

    A photo's base64 has thousands of escapes. Quoted-printable (RFC 2045) has the same ones behind another sign, and
    the standard library undoes those in C: taken where every escape was a whole one, which the signs that are left
    tell, or else the length.
    """
    if b"+" in text:
        text = text.replace(b"+", b" ")
    if b"%" not in text:
        return text
    if not any(sign in text for sign in (b"=", b"\r", b"\n")):
        plain = binascii.a2b_qp(text.replace(b"%", b"="))
        ends = len(plain) - len(plain.rstrip(b"="))  # as base64 ends; what is no whole escape leaves one, or is cut off
        if plain.find(b"=", 0, len(plain) - ends) < 0 and text.endswith(b"%3D" * ends) and not text.endswith(b"%"):
            return plain
        if len(text) - len(plain) == 2 * text.count(b"%"):
            return plain
    return unquote_to_bytes(text)


def pairs(text: bytes) -> list[tuple[bytes, bytes]]:
    """The (name, value) pairs of a query or of an application/x-www-form-urlencoded body, decoded, in order.

    Raises:
        Malformed: There are more than 256 of them.
    """
    if not text:
        return []
    parts = text.split(b"&", MAX_PAIRS) if b"&" in text else [text]  # the search takes a hair of what splitting does
    if len(parts) > MAX_PAIRS:
        raise Malformed("too many fields")
    found = []
    for part in parts:
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
        Malformed: The bytes are not JSON in UTF-8, hold NaN or Infinity, nest too deeply, or hold more brackets or
            commas than any request has: few bytes of those make many objects.
    """
    if body.count(b"[") + body.count(b"{") > _MAX_BRACKETS or body.count(b",") > _MAX_COMMAS:
        raise Malformed("too many members")
    try:
        text = body.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_members, parse_constant=_refuse)
    except Malformed:
        raise
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None


def write_json(body: Mapping[str, Any]) -> bytes:
    """A JSON text in UTF-8, as short as it can be.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _members(found: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(found)
    if len(members) != len(found):
        raise Duplicate("a member comes twice")
    return members


def _refuse(name: str) -> Any:
    raise Malformed(f"{name} is not JSON")
