"""multipart/form-data (RFC 7578) in memory: no part of it ever touches a disk."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from serving.forms import Malformed

_MAX_PARTS = 32

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # it tells of what a caller sent


@dataclass(slots=True)
class Part:
    """One field.

    Attributes:
        name: Its name; empty when it has none.
        filename: The file's name, None when the part has none.
        value: Its bytes.
    """

    name: str = ""
    filename: str | None = None
    value: bytes = b""


@dataclass(slots=True)
class _Collector:
    parts: list[Part] = field(default_factory=list)
    ended: bool = False
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _data: list[bytes] = field(default_factory=list)

    def on_part_begin(self) -> None:
        if len(self.parts) == _MAX_PARTS:
            raise Malformed("too many parts")
        self.parts.append(Part())
        self._data = []

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if bytes(self._header).strip().lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value).rstrip(b"; "))
            part = self.parts[-1]
            part.name = options.get(b"name", b"").decode("utf-8", "replace")
            if b"filename" in options:
                part.filename = options[b"filename"].decode("utf-8", "replace")
        self._header.clear()
        self._value.clear()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def on_part_end(self) -> None:
        self.parts[-1].value = b"".join(self._data)

    def on_end(self) -> None:
        self.ended = True


def boundary_of(content_type: str) -> bytes:
    """The boundary of a multipart Content-Type, empty when there is none."""
    _, options = parse_options_header(content_type)
    return options.get(b"boundary", b"")


def parse(body: bytes, boundary: bytes) -> list[Part]:
    """The parts of a body, in order.

    Raises:
        Malformed: The body is no multipart of this boundary, is cut short, or has more than 32 parts.
    """
    if not 0 < len(boundary) <= 200:
        raise Malformed("no boundary")
    found = _Collector()
    names = ("part_begin", "header_field", "header_value", "header_end", "part_data", "part_end", "end")
    callbacks = {f"on_{name}": getattr(found, f"on_{name}") for name in names}
    try:
        parser = MultipartParser(boundary, callbacks)  # type: ignore[arg-type]  # a TypedDict of these names
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise Malformed("not multipart") from None
    if not found.ended:
        raise Malformed("cut short")
    return found.parts
