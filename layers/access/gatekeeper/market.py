"""The market contract's gateway: AppCode and AppKey signing as Alibaba Cloud API Gateway does them.

AppCode: ``Authorization: APPCODE <code>``; in the query (`QUERY_NAMES`) only for clients that have it enabled.

AppKey: ``X-Ca-Key`` with ``X-Ca-Signature``, an HMAC over method, four headers, the headers that
``X-Ca-Signature-Headers`` names, path and parameters. A form's parameters are part of it, which an authorizer cannot
see: then `verdict` says ``pending`` after checking all that it can, consumes nothing, and the function ends the
decision with `complete`. A verdict that is never completed is a refusal. ``Content-MD5`` is checked there, too.

The gateway takes a missing timestamp or nonce, and leaves it to the signer which headers to sign; here both are
required and must be signed, as every published client does, for without them a captured request could be sent again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from gatekeeper.gate import Gate, Sight
from gatekeeper.refusals import unavailable
from gatekeeper.request import FORM, Ambiguous, Crowded, Pairs, Request, pairs
from gatekeeper.types import Client, Contract, KeyKind, State
from gatekeeper.verdict import Verdict

QUERY_NAMES = ("AppCode", "appcode", "appCode", "APPCODE", "APPCode")
"""Query parameters that carry an AppCode, in the order they are looked for."""

WINDOW = 900.0
"""Seconds by which ``X-Ca-Timestamp`` may differ from our clock, either way."""

METHODS = {"HmacSHA256": "sha256", "HmacSHA1": "sha1"}
MAX_NONCE = 256
_SCHEME = "APPCODE "
_UNSIGNED = frozenset(
    {"x-ca-signature", "x-ca-signature-headers", "accept", "content-md5", "content-type", "date"},
)


def verdict(request: Request, gate: Gate) -> Verdict:
    """Decide on a request without its body.

    Args:
        request: The request line and headers.
        gate: Ledger, keys and clock.

    Returns:
        Allowed, refused with the gateway's error code, or ``pending``.
    """
    return gate.decide(Contract.MARKET, request, lambda asked, sight: _judge(asked, sight, None))


def complete(found: Verdict, request: Request, body: bytes, gate: Gate) -> Verdict:
    """End a pending decision with the body; any other verdict comes back as it is.

    Args:
        found: What `verdict` said, in this process or in an authorizer.
        request: The same request.
        body: Its whole body, as received.
        gate: Ledger, keys and clock.
    """
    if not found.pending:
        return found
    if found.contract is not Contract.MARKET or found.request_id != request.request_id:
        return unavailable(Contract.MARKET, request.request_id)
    return gate.decide(Contract.MARKET, request, lambda asked, sight: _judge(asked, sight, body))


def string_to_sign(request: Request, names: list[str], form: Pairs = ()) -> str:
    """What an AppKey signature covers.

    Args:
        request: Method, path, query and headers.
        names: The headers to sign, as ``X-Ca-Signature-Headers`` spells them.
        form: The decoded parameters of a urlencoded body.
    """
    first: dict[str, str] = {}
    for key, value in (*request.query, *form):
        first.setdefault(key, value)
    params = "&".join(f"{key}={first[key]}" if first[key] else key for key in sorted(first))
    return "\n".join(
        (
            request.method,
            *(request.header(name) or "" for name in ("Accept", "Content-MD5", "Content-Type", "Date")),
            "".join(f"{name}:{request.header(name) or ''}\n" for name in sorted(names))
            + request.path
            + (f"?{params}" if params else ""),
        )
    )


def sign(text: str, secret: bytes, method: str = "HmacSHA256") -> str:
    """The ``X-Ca-Signature`` of a string-to-sign.

    Args:
        text: See `string_to_sign`.
        secret: The AppSecret.
        method: ``HmacSHA256`` or ``HmacSHA1``.
    """
    return base64.b64encode(hmac.digest(secret, text.encode("utf-8", "replace"), METHODS[method])).decode()


def _judge(request: Request, sight: Sight, body: bytes | None) -> Verdict:
    try:
        authorization = request.header("Authorization")
        if authorization is not None and authorization[: len(_SCHEME)].upper() == _SCHEME:
            return _by_code(authorization[len(_SCHEME) :].strip(), sight, in_query=False)
        if request.header("X-Ca-Key") is not None:
            return _by_signature(request, sight, body)
        for name in QUERY_NAMES:
            code = request.parameter(name)
            if code is not None:
                return _by_code(code, sight, in_query=True)
    except Ambiguous as error:
        return sight.refuse("I400HD", HeaderName=str(error), Reason="is repeated")
    if authorization is not None:
        return sight.refuse("A400AC", Text=sight.options.appcode_text)
    return sight.refuse("A400MA")


def _by_code(code: str, sight: Sight, in_query: bool) -> Verdict:
    names = [f"market:{KeyKind.APPCODE}:{name}" for name in sight.vault.code_hashes(code)]
    found = next(filter(None, [sight.find(name) for name in names]), None)
    # Not there, rotated away, or sent where this client may not send it: one answer, after a look-up for each key.
    if found is None or not found[0].live(sight.at) or (in_query and not found[1].settings.query_appcode):
        return sight.refuse("A400AC", Text=sight.options.appcode_text)
    return _standing(found[1], sight) or sight.admit(found[1])


def _by_signature(request: Request, sight: Sight, body: bytes | None) -> Verdict:
    given = request.header("X-Ca-Signature")
    if not given:
        return sight.refuse("A404ES")
    names = [name.strip() for name in (request.header("X-Ca-Signature-Headers") or "").split(",")]
    names = [name for name in dict.fromkeys(names) if name and name.lower() not in _UNSIGNED]
    signed = {name.lower() for name in names}
    stamp, nonce = request.header("X-Ca-Timestamp"), request.header("X-Ca-Nonce")
    for name, value in (("X-Ca-Timestamp", stamp), ("X-Ca-Nonce", nonce)):
        if not value or name.lower() not in signed:
            return sight.refuse("I400MH", HeaderName=name)
    for name in names:
        if request.header(name) is None:
            return sight.refuse("I400MH", HeaderName=name)
    method = request.header("X-Ca-Signature-Method") or "HmacSHA256"
    if method not in METHODS:
        return sight.refuse("I400HD", HeaderName="X-Ca-Signature-Method", Reason="unsupported")
    if nonce is None or len(nonce) > MAX_NONCE:
        return sight.refuse("I400HD", HeaderName="X-Ca-Nonce", Reason="too long")
    if stamp is None or not stamp.isascii() or not stamp.isdecimal() or len(stamp) > 15:
        return sight.refuse("A400IT")
    if abs(sight.at - int(stamp) / 1000) > WINDOW:
        return sight.refuse("A400TE")
    app_key = request.header("X-Ca-Key") or ""
    found = sight.find(f"market:{KeyKind.APPKEY}:{app_key}")
    if found is None:
        return sight.refuse("A400IK")
    key, client = found
    content_type = (request.header("Content-Type") or "").split(";")[0].strip().lower()
    digest = request.header("Content-MD5")
    if body is None and (content_type == FORM or digest):
        return Verdict(False, Contract.MARKET, request.request_id, pending=True)
    form: Pairs = ()
    if body is not None and content_type == FORM:
        try:
            form = pairs(body.decode("utf-8", "replace"))
        except Crowded:
            return sight.refuse("A400IS", StringToSign=string_to_sign(request, names))
    elif body is not None and digest and not _is_md5(digest, body):
        return sight.refuse("I400I5")
    text = string_to_sign(request, names, form)
    if not hmac.compare_digest(sign(text, sight.secret(key), method).encode(), given.encode("utf-8", "replace")):
        return sight.refuse("A400IS", StringToSign=text)
    if not key.live(sight.at):
        return sight.refuse("A403EP", client)
    refused = _standing(client, sight)
    if refused is not None:
        return refused
    used = hashlib.sha256(f"{key.public}\n{nonce}".encode("utf-8", "surrogatepass")).hexdigest()
    if not sight.burn(f"market:{used}", max(sight.at, int(stamp) / 1000) + 2 * WINDOW):
        return sight.refuse("A400NU", client)
    return sight.admit(client)


def _standing(client: Client, sight: Sight) -> Verdict | None:
    if client.state is State.DISABLED:
        return sight.refuse("I403AA", client)
    if client.state is State.SUSPENDED:
        return sight.refuse("B403MI", client)
    return sight.refuse("B403ME", client) if client.expired(sight.at) else None


def _is_md5(given: str, body: bytes) -> bool:
    digest = hashlib.md5(body, usedforsecurity=False).digest()
    try:
        return hmac.compare_digest(base64.b64decode(given, validate=True), digest)
    except ValueError:
        return False
