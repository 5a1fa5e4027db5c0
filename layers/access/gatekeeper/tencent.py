"""Tencent's signature: ``base64(HMAC-SHA1(SecretKey, text) + text)``, the text a query string of its own.

The 20 raw bytes of the digest come first and are checked over exactly the bytes that follow; only then are the
``k=v`` pairs read, in any order. ``a`` (APPID), ``k`` (SecretId), ``e`` (end) and ``t`` (start) are required; ``b``
(bucket), ``r`` (random), ``u`` and ``f`` (file id) may be missing; ``e`` and ``t`` may be decimal fractions.

A signature with ``e > t`` may be used many times until ``e``, at most `LONGEST` seconds after ``t``. One with
``e = 0`` names a file and is used once; it must be used within `LONGEST` of ``t``, for that long it is remembered.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
from dataclasses import dataclass, replace

from gatekeeper.gate import Gate, Sight
from gatekeeper.refusals import refuse
from gatekeeper.request import Ambiguous, Request
from gatekeeper.types import MAX_SKEW, Client, Contract, KeyKind, State
from gatekeeper.verdict import Verdict

DIGEST_BYTES = 20
LONGEST = 92 * 86_400.0
"""Seconds: three months, the longest three that a calendar has."""

MAX_CHARACTERS = 4096


class MalformedError(ValueError):
    """The text is no signature."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature taken apart, not yet checked.

    Attributes:
        digest: 20 bytes.
        text: The bytes that the digest is over.
        appid: ``a``, decimal digits.
        secret_id: ``k``.
        end: ``e``, Unix seconds; 0: used once.
        start: ``t``, Unix seconds.
        bucket: ``b``; empty when missing.
        file_id: ``f``; empty when missing.
    """

    digest: bytes
    text: bytes
    appid: str
    secret_id: str
    end: float
    start: float
    bucket: str
    file_id: str


def parse(authorization: str) -> Signature:
    """Take an ``Authorization`` value apart; ``Basic`` may stand before it.

    Raises:
        MalformedError: It is not base64 (standard alphabet) of a digest and ``k=v`` pairs, a required pair is
            missing, one comes twice, or a value is not of its kind.
    """
    if len(authorization) > MAX_CHARACTERS:
        raise MalformedError("too long")
    scheme, _, rest = authorization.strip().partition(" ")
    encoded = rest.strip() if scheme.lower() == "basic" else authorization.strip()
    try:
        raw = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise MalformedError("not base64") from None
    text = raw[DIGEST_BYTES:]
    pairs: dict[str, str] = {}
    try:
        for part in text.decode("utf-8").split("&"):
            name, separator, value = part.partition("=")
            if not separator or not name or name in pairs:
                raise MalformedError("not k=v pairs")
            pairs[name] = value
    except UnicodeDecodeError:
        raise MalformedError("not text") from None
    appid, secret_id = pairs.get("a", ""), pairs.get("k", "")
    if not (appid.isascii() and appid.isdecimal()) or not secret_id:
        raise MalformedError("no APPID or no SecretId")
    return Signature(
        raw[:DIGEST_BYTES],
        text,
        appid,
        secret_id,
        _seconds(pairs.get("e", "")),
        _seconds(pairs.get("t", "")),
        pairs.get("b", ""),
        pairs.get("f", ""),
    )


def _seconds(text: str) -> float:
    if len(text) > 32 or not set(text) <= set("0123456789.eE+"):
        raise MalformedError("no time")
    try:
        value = float(text)
    except ValueError:
        raise MalformedError("no time") from None
    if not math.isfinite(value):
        raise MalformedError("no time")
    return value


def sign(
    appid: str,
    secret_id: str,
    secret: bytes,
    start: int,
    end: int,
    random: int,
    bucket: str = "",
    file_id: str = "",
) -> str:
    """A signature as the vendor's own clients make it.

    Args:
        appid: ``a``.
        secret_id: ``k``.
        secret: The SecretKey.
        start: ``t``, Unix seconds.
        end: ``e``, Unix seconds; 0 for one use.
        random: ``r``.
        bucket: ``b``.
        file_id: ``f``; required for one use.
    """
    text = f"a={appid}&b={bucket}&k={secret_id}&e={end}&t={start}&r={random}&f={file_id}".encode()
    return base64.b64encode(hmac.digest(secret, text, "sha1") + text).decode()


def verdict(request: Request, gate: Gate) -> Verdict:
    """Decide on a request without its body. See `target` for the one check that needs the body.

    Args:
        request: The request line and headers.
        gate: Ledger, keys and clock.
    """
    return gate.decide(Contract.TENCENT, request, _judge)


def target(found: Verdict, appid: str | None) -> Verdict:
    """Check an allowed verdict against the body's ``appid``: another one than the signature's is code 6.

    A missing or empty one is let pass. The quota unit stays held: settle the refused verdict as not billable.
    """
    if not found.allowed or not appid or appid.strip() == found.account:
        return found
    made = refuse(Contract.TENCENT, "6", found.request_id, consumed=found.consumed)
    return replace(made, client=found.client, account=found.account, settings=found.settings)


def _judge(request: Request, sight: Sight) -> Verdict:
    try:
        authorization = request.header("Authorization")
    except Ambiguous:
        return sight.refuse("5")
    if authorization is None or authorization.strip().lower() in ("", "basic"):
        return sight.refuse("4")
    try:
        signature = parse(authorization)
    except MalformedError:
        return sight.refuse("5")
    found = sight.find(f"tencent:{KeyKind.SECRET_ID}:{signature.secret_id}")
    if found is None or not found[0].live(sight.at):
        known = sight.find(f"tencent:{KeyKind.ACCOUNT}:{signature.appid}")
        return sight.refuse("11" if known else "10")
    key, client = found
    if client.account != signature.appid:
        known = sight.find(f"tencent:{KeyKind.ACCOUNT}:{signature.appid}")
        return sight.refuse("12" if known else "10")
    if not hmac.compare_digest(hmac.digest(sight.secret(key), signature.text, "sha1"), signature.digest):
        return sight.refuse("14")
    return (
        _in_time(signature, client, sight)
        or _bucket(signature, client, sight)
        or _standing(client, sight)
        or _once(signature, client, sight)
        or sight.admit(client)
    )


def _in_time(signature: Signature, client: Client, sight: Sight) -> Verdict | None:
    at, skew = sight.at, client.settings.clock_skew
    if signature.end == 0 and not signature.file_id:
        return sight.refuse("5", client)
    last = signature.end or signature.start + LONGEST
    if at > last + skew or signature.start > at + skew:
        return sight.refuse("9", client)
    if signature.end and not 0 < signature.end - signature.start <= LONGEST:
        return sight.refuse("5", client)
    return None


def _bucket(signature: Signature, client: Client, sight: Sight) -> Verdict | None:
    buckets = client.settings.buckets
    if not signature.bucket or not buckets or signature.bucket in buckets:
        return None
    other = sight.find(f"tencent:{KeyKind.BUCKET}:{signature.bucket}")
    return sight.refuse("6" if other and other[0].live(sight.at) else "16", client)


def _standing(client: Client, sight: Sight) -> Verdict | None:
    if client.state is State.ACTIVE and not client.expired(sight.at):
        return None
    return sight.refuse("3", client)


def _once(signature: Signature, client: Client, sight: Sight) -> Verdict | None:
    if signature.end:
        return None
    used = hashlib.sha256(signature.digest + signature.text).hexdigest()
    # The client's clock_skew may be raised later: the signature is remembered for the largest that there is.
    if sight.burn(f"tencent:{used}", signature.start + LONGEST + 2 * MAX_SKEW):
        return None
    return sight.refuse("13", client)
