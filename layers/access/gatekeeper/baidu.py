"""Baidu's two ways in: an access token in the query, or a ``bce-auth-v1`` header signature.

An access token is ``24.<32 hex>.2592000.<unix expiry>.282335-<app id>``, a refresh token
``25.<32 hex>.315360000.<expiry>.282335-<app id>``. The first 16 hex digits are an HMAC over kind, app id and expiry:
a forged or altered token is refused without any look-up. The other 16 are one that covers the client's generation,
too. Nothing is stored when a token is issued. Counting the generation up (`gatekeeper.credentials.revoke`, or a
rotation without grace) makes every earlier token invalid at once: the client is cached for a minute, but a call is
only admitted if the cached copy is still the stored one (see `Gate.decide`).
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from gatekeeper import bce
from gatekeeper.gate import Gate, Sight
from gatekeeper.request import Ambiguous, Request
from gatekeeper.types import Client, Contract, KeyKind, LedgerUnavailable, State
from gatekeeper.vault import Vault, VaultError
from gatekeeper.verdict import Verdict

ACCESS, ACCESS_SECONDS = "24", 2_592_000
REFRESH, REFRESH_SECONDS = "25", 315_360_000
_SERVICE = "282335"
_TOKEN = re.compile(
    rf"(?P<kind>24|25)\.(?P<mark>[0-9a-f]{{32}})\.(?P<life>2592000|315360000)\.(?P<expires>\d{{1,12}})"
    rf"\.{_SERVICE}-(?P<account>\d{{1,20}})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart, not yet checked.

    Attributes:
        kind: `ACCESS` or `REFRESH`.
        mark: 32 hex digits.
        expires: Unix seconds.
        account: The app id.
    """

    kind: str
    mark: str
    expires: int
    account: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What the token route answers.

    Attributes:
        status: HTTP status.
        body: The JSON object, its keys in the vendor's order.
    """

    status: int
    body: dict[str, str | int]


def parse(text: str) -> Token | None:
    """Take a token apart; None when it has not the shape of one."""
    match = _TOKEN.fullmatch(text)
    if match is None or int(match["life"]) != (ACCESS_SECONDS if match["kind"] == ACCESS else REFRESH_SECONDS):
        return None
    return Token(match["kind"], match["mark"], int(match["expires"]), match["account"])


def make(kind: str, client: Client, at: float, vault: Vault) -> str:
    """A token of this client that is valid from now on for its kind's 30 days or 10 years.

    Args:
        kind: `ACCESS` or `REFRESH`.
        client: Its account and generation go into the mark.
        at: Unix seconds.
        vault: The keys.
    """
    life = ACCESS_SECONDS if kind == ACCESS else REFRESH_SECONDS
    expires = int(at) + life
    mark = vault.token_mark(kind, client.account, expires)
    mark += vault.token_seal(kind, client.account, expires, client.generation)
    return f"{kind}.{mark}.{life}.{expires}.{_SERVICE}-{client.account}"


def verdict(request: Request, gate: Gate) -> Verdict:
    """Decide on a call of an API, without its body.

    Args:
        request: The request line and headers. A token in the query decides; the header is looked at without one.
        gate: Ledger, keys and clock.
    """
    return gate.decide(Contract.BAIDU, request, _judge)


def grant(params: list[tuple[str, str]], gate: Gate) -> Grant:
    """Answer the token route.

    ``grant_type=client_credentials`` with ``client_id`` and ``client_secret``, or ``grant_type=refresh_token`` with
    those two and ``refresh_token``. A refresh token may be used again until it expires or is revoked.

    Args:
        params: Decoded parameters of the query and of a urlencoded body, in this order.
        gate: Ledger, keys and clock.

    Returns:
        The tokens, or the error as OAuth names it; 503 and ``temporarily_unavailable`` when the ledger is down.
    """
    given: dict[str, str] = {}
    for name, value in params:
        if given.setdefault(name, value) != value:
            return _denied(400, "invalid_request", f"The request parameter {_word(name)} is repeated")
    try:
        return _grant(given, gate)
    except (LedgerUnavailable, VaultError):
        return _denied(503, "temporarily_unavailable", "Service temporarily unavailable")


def _grant(given: dict[str, str], gate: Gate) -> Grant:
    kind = given.get("grant_type", "")
    if not kind:
        return _denied(400, "invalid_request", "The request parameter grant_type is missing")
    if kind not in {"client_credentials", "refresh_token"}:
        return _denied(400, "unsupported_grant_type", "The authorization grant type is not supported")
    needed = ("client_id", "client_secret") + (("refresh_token",) if kind == "refresh_token" else ())
    for name in needed:
        if not given.get(name):
            return _denied(400, "invalid_request", f"The request parameter {name} is missing")
    at = gate.now()
    found, _ = gate.find(f"baidu:{KeyKind.API_KEY}:{given['client_id'].strip()}", fresh=True)
    if found is None or not found[0].live(at):
        return _denied(401, "invalid_client", "unknown client id")
    key, client = found
    secret = gate.vault.open(key.sealed, key.lookup)
    if not hmac.compare_digest(secret, given["client_secret"].strip().encode("utf-8", "replace")):
        return _denied(401, "invalid_client", "Client authentication failed")
    if client.state is not State.ACTIVE or client.expired(at):
        return _denied(401, "invalid_client", "Client authentication failed")
    if kind == "refresh_token":
        token = parse(given["refresh_token"])
        if token is None or token.kind != REFRESH or not _is_ours(token, client, gate.vault) or token.expires <= at:
            return _denied(400, "invalid_grant", "Invalid refresh token")
    access = make(ACCESS, client, at, gate.vault)
    return Grant(
        200,
        {
            "refresh_token": make(REFRESH, client, at, gate.vault),
            "expires_in": ACCESS_SECONDS,
            "scope": client.settings.scope,
            "session_key": gate.vault.derived(f"session key {access}", 48),
            "access_token": access,
            "session_secret": gate.vault.derived(f"session secret {access}", 32),
        },
    )


def _denied(status: int, error: str, description: str) -> Grant:
    return Grant(status, {"error_description": description, "error": error})


def _word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "?", name[:40])


def _is_genuine(token: Token, vault: Vault) -> bool:
    return vault.knows_mark(token.mark[:16], token.kind, token.account, token.expires)


def _is_ours(token: Token, client: Client, vault: Vault) -> bool:
    same = vault.knows_seal(token.mark[16:], token.kind, token.account, token.expires, client.generation)
    return token.account == client.account and _is_genuine(token, vault) and same


def _judge(request: Request, sight: Sight) -> Verdict:
    try:
        text = request.parameter("access_token")
        authorization = request.header("Authorization") if not text else None
    except Ambiguous:
        return sight.refuse("110")
    if authorization is not None and authorization.strip().startswith(bce.PREFIX):
        return _by_header(request, authorization, sight)
    return _by_token(text or "", sight)


def _by_token(text: str, sight: Sight) -> Verdict:
    token = parse(text)
    if token is None or token.kind != ACCESS or not _is_genuine(token, sight.vault):
        return sight.refuse("110")
    found = sight.find(f"baidu:{KeyKind.ACCOUNT}:{token.account}")
    if found is None or not _is_ours(token, found[1], sight.vault):
        return sight.refuse("110")
    client = found[1]
    if token.expires <= sight.at:
        return sight.refuse("111", client)
    return _standing(client, sight) or sight.admit(client)


def _by_header(request: Request, authorization: str, sight: Sight) -> Verdict:
    try:
        given = bce.parse(authorization)
        text = bce.canonical(request, given.headers)
    except (bce.MalformedError, Ambiguous):
        return sight.refuse("14")
    found = sight.find(f"baidu:{KeyKind.API_KEY}:{given.key}")
    known = found is not None and found[0].live(sight.at)
    try:
        secret = sight.secret(found[0]) if found is not None and known else sight.vault.decoy()
    except VaultError:
        return sight.refuse("13")
    right = hmac.compare_digest(bce.signature(given.prefix, text, secret), given.signature)
    if found is None or not known or not right:
        return sight.refuse("14")
    client = found[1]
    skew = client.settings.clock_skew
    if not given.start - skew <= sight.at <= given.start + given.expiry + skew:
        return sight.refuse("14", client)
    return _standing(client, sight) or sight.admit(client)


def _standing(client: Client, sight: Sight) -> Verdict | None:
    if client.state is State.DISABLED:
        return sight.refuse("15", client)
    if client.state is State.SUSPENDED or client.expired(sight.at):
        return sight.refuse("6", client)
    return None
