"""``bce-auth-v1``: the header signature of Baidu AI Cloud, Baidu's other way in.

``bce-auth-v1/{AK}/{timestamp}/{expiry seconds}/{signed headers}/{signature}``, where the signing key is the hex text of
HMAC-SHA256(SK, the part before the signed headers) and the signature is HMAC-SHA256-HEX over method, path, query and
headers. Which headers: those that are listed (`baidu-aip` lists them unsorted), or, if none are (the Java client),
those of host, content-length, content-md5, content-type and x-bce-* that came. The body is not covered.
"""

from __future__ import annotations

import hmac
import re
from calendar import timegm
from dataclasses import dataclass
from time import strptime
from urllib.parse import quote

from gatekeeper.request import Request

PREFIX = "bce-auth-v1/"
MAX_CHARACTERS = 4096
LONGEST = 86_400
"""The longest expiry that is taken, seconds: what a header signature covers has no body, so that a captured one may
be sent again with another body until then. The clients use 1800."""

_SHAPE = re.compile(
    r"bce-auth-v1/(?P<key>[A-Za-z0-9_-]{1,128})/(?P<stamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)/(?P<expiry>\d{1,9})"
    r"/(?P<headers>[A-Za-z0-9;_-]*)/(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)
_DEFAULT = ("host", "content-length", "content-md5", "content-type")


class MalformedError(ValueError):
    """The text is no bce-auth-v1 signature."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A header signature taken apart, not yet checked.

    Attributes:
        key: The API key (AK).
        prefix: What the signing key is made from.
        start: Unix seconds.
        expiry: Seconds for which it is valid, 1..`LONGEST`.
        headers: Lower-case names in the listed order; empty: the default set.
        signature: 64 hex digits.
    """

    key: str
    prefix: str
    start: float
    expiry: int
    headers: tuple[str, ...]
    signature: str


def parse(authorization: str) -> Signature:
    """Take an ``Authorization`` value apart.

    Raises:
        MalformedError: It does not have the six parts, its time or expiry is none, or it leaves the host out.
    """
    match = _SHAPE.fullmatch(authorization.strip()) if len(authorization) <= MAX_CHARACTERS else None
    if match is None:
        raise MalformedError("not bce-auth-v1")
    try:
        start = timegm(strptime(match["stamp"], "%Y-%m-%dT%H:%M:%SZ"))
    except ValueError:
        raise MalformedError("no such time") from None
    expiry = int(match["expiry"])
    if not 0 < expiry <= LONGEST:
        raise MalformedError("expiry out of range")
    names = tuple(dict.fromkeys(name for name in match["headers"].lower().split(";") if name))
    if names and "host" not in names:
        raise MalformedError("host is not signed")
    prefix = f"{PREFIX}{match['key']}/{match['stamp']}/{match['expiry']}"
    return Signature(match["key"], prefix, float(start), expiry, names, match["signature"])


def canonical(request: Request, names: tuple[str, ...]) -> str:
    """What a signature covers, as one text.

    Args:
        request: Method, path, query and headers; ``authorization`` in the query is left out.
        names: The headers, lower case; empty: the default set, as far as it came.
    """
    present = {name.lower() for name, _ in request.headers}
    if not names:
        names = tuple(name for name in present if name in _DEFAULT or name.startswith("x-bce-"))
    lines = sorted(f"{_quoted(name)}:{_quoted((request.header(name) or '').strip())}" for name in names)
    query = sorted(f"{_quoted(key)}={_quoted(value)}" for key, value in request.query if key.lower() != "authorization")
    return "\n".join((request.method, _quoted(request.path, "/"), "&".join(query), "\n".join(lines)))


def _quoted(text: str, safe: str = "") -> str:
    return quote(text, safe=safe, errors="replace")


def signature(prefix: str, text: str, secret: bytes) -> str:
    """The 64 hex digits over a canonical text.

    Args:
        prefix: ``bce-auth-v1/{AK}/{timestamp}/{expiry}``.
        text: See `canonical`.
        secret: The SK.
    """
    key = hmac.digest(secret, prefix.encode(), "sha256").hex()
    return hmac.digest(key.encode(), text.encode("utf-8", "replace"), "sha256").hex()
