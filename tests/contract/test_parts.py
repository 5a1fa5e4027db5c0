"""The parsers that every contract shares, on their own: forms, JSON, base64, multipart."""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
from typing import Any
from urllib.parse import quote, quote_plus, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving import base64text, forms, multipart

TEXTS = st.binary(max_size=200) | st.text("%=+&2BbFf3Dd\r\n_ z09A", max_size=60).map(str.encode)


@given(TEXTS)
def test_unquote_is_the_standard_librarys(text: bytes) -> None:
    assert forms.unquote(text) == unquote_to_bytes(text.replace(b"+", b" "))


@given(st.binary(max_size=400))
def test_unquote_undoes_quote(text: bytes) -> None:
    assert forms.unquote(quote(text, safe="").encode()) == text
    assert forms.unquote(quote_plus(text).encode()) == text


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=20), st.binary(max_size=50)), max_size=20))
def test_pairs_come_back(found: list[tuple[bytes, bytes]]) -> None:
    text = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in found)
    assert forms.pairs(text.encode()) == found


@given(st.binary(max_size=300), st.sampled_from([1, 4, 19, 76]))
def test_base64_in_every_dress(data: bytes, width: int) -> None:
    text = base64.b64encode(data)
    safe = base64.urlsafe_b64encode(data)
    wrapped = b"\r\n".join(text[at : at + width] for at in range(0, len(text), width))
    for dress in (text, safe, text.rstrip(b"="), safe.rstrip(b"="), wrapped, b" " + text + b"\n"):
        assert base64text.decode(dress) == data
    if not text.startswith(b"+"):  # no photo does
        assert base64text.decode(text.replace(b"+", b" "), plus_became_space=True) == data
    assert base64text.decode(base64text.strip_data_url(b"data:image/jpeg;base64," + text)) == data


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (b"AAA ", b"AAA+"),
        (b"A  A", b"A++A"),
        (b" AAAA", b"AAAA"),
        (b"AAAA ", b"AAAA"),
        (b"\r\n  A A A\r\nAAA \n", b"A+A+AAAA"),
    ],
)
def test_spaces_that_were_pluses_and_those_around(text: bytes, meant: bytes) -> None:
    assert base64text.decode(text, plus_became_space=True) == base64.b64decode(meant)


@given(st.binary(max_size=100))
def test_base64_that_is_none_is_refused_and_nothing_else_happens(text: bytes) -> None:
    try:
        data = base64text.decode(text)
    except ValueError:
        return
    assert base64text.decode(base64.b64encode(data)) == data


@given(st.text("ABz019+/=", max_size=12).map(str.encode))
def test_base64_is_what_the_standard_library_takes_for_it(text: bytes) -> None:
    padded = text if b"=" in text else text + b"=" * (-len(text) % 4)
    try:
        wanted = binascii.a2b_base64(padded, strict_mode=True) if len(padded) % 4 == 0 else None
    except binascii.Error:
        wanted = None
    try:
        assert base64text.decode(text) == wanted
    except ValueError:
        assert wanted is None


@pytest.mark.parametrize("text", [b"A", b"AAAAA", b"AA=A", b"=AAA", b"A===", b"AAAA=", b"AAAA====", b"AA!A", b"\xff"])
def test_base64_that_is_none(text: bytes) -> None:
    with pytest.raises(ValueError, match="not base64"):
        base64text.decode(text)


@pytest.mark.parametrize("text", [b"data:image/png,AAAA", b"data:" + b"x" * 200 + b";base64,AAAA", b"data", b""])
def test_what_is_no_data_url_stays(text: bytes) -> None:
    assert base64text.strip_data_url(text) == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_json_comes_back(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    try:
        data = text.encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8
        data = json.dumps(value).encode()
    assert forms.parse_json(data) == value
    assert forms.parse_json(b"\xef\xbb\xbf" + data) == value


@given(st.binary(max_size=60))
def test_json_that_is_none_is_malformed_and_nothing_else(data: bytes) -> None:
    try:
        forms.parse_json(data)
    except forms.Malformed:
        return


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'[{"a":1,"b":2,"a":3}]',
        b"NaN",
        b"[Infinity]",
        b"{" * 99_999,
        b"",
        b"\xff",
        b"1 2",
        b"[" + b"[]," * 300 + b"0]",
        b"[" + b"1," * 5000 + b"1]",
    ],
)
def test_json_that_is_refused(text: bytes) -> None:
    with pytest.raises(forms.Malformed):
        forms.parse_json(text)


NAMES = st.text("abcdefgh_0123", min_size=1, max_size=8)


@given(st.lists(st.tuples(NAMES, st.none() | NAMES, st.binary(max_size=80)), max_size=8))
def test_multipart_comes_back(found: list[tuple[str, str | None, bytes]]) -> None:
    body = b""
    for name, filename, value in found:
        extra = "" if filename is None else f'; filename="{filename}"'
        body += f'--xXx\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode() + value + b"\r\n"
    parts = multipart.parse(body + b"--xXx--\r\n", b"xXx")
    assert [(part.name, part.filename, part.value) for part in parts] == found


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_multipart_that_is_none_is_malformed_and_nothing_else(body: bytes, boundary: bytes) -> None:
    for text in (body, b"--" + boundary + b"\r\n" + body, b"--" + boundary + b"\r\nA: b\r\n\r\n" + body):
        with contextlib.suppress(forms.Malformed):
            multipart.parse(text, boundary)


def test_nothing_is_told_of_a_multipart_that_is_none(caplog: pytest.LogCaptureFixture) -> None:
    for body in (b"hush", b"--x\r\nhush\x00: 1\r\n", b"--xhush"):
        with pytest.raises(forms.Malformed):
            multipart.parse(body, b"x")
    assert caplog.records == []


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=x", b"x"),
        ('multipart/form-data;boundary="a b"', b"a b"),
        ("multipart/form-data;boundary=--------------acebdf13572468", b"--------------acebdf13572468"),
        ("multipart/form-data", b""),
        ("", b""),
    ],
)
def test_boundaries(content_type: str, boundary: bytes) -> None:
    assert multipart.boundary_of(content_type) == boundary
