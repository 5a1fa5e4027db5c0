"""What a verdict works with: ledger, vault, clock and settings; and the booking of a call's end."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gatekeeper.ledger import LEASE, Ledger
from gatekeeper.refusals import busy, refuse, unavailable
from gatekeeper.request import Request
from gatekeeper.types import (
    Admission,
    Client,
    ConfigError,
    Contract,
    Key,
    LedgerBusy,
    LedgerUnavailable,
    Settled,
)
from gatekeeper.vault import Vault, VaultError, load_keys
from gatekeeper.verdict import Verdict

CACHE_ENTRIES = 4096
CACHE_SECONDS = 60.0
SWEEP_SECONDS = 30.0
FACE_SECONDS = 3600.0

_REFUSED = {
    Contract.MARKET: {
        Admission.THROTTLED: "T429ID",
        Admission.DAY_EXHAUSTED: "T429MR",
        Admission.TOTAL_EXHAUSTED: "B403MQ",
    },
    Contract.TENCENT: {
        Admission.THROTTLED: "15",
        Admission.DAY_EXHAUSTED: "15",
        Admission.TOTAL_EXHAUSTED: "3",
    },
    Contract.BAIDU: {
        Admission.THROTTLED: "18",
        Admission.DAY_EXHAUSTED: "17",
        Admission.TOTAL_EXHAUSTED: "19",
    },
}


@dataclass(frozen=True, slots=True)
class Options:
    """What the owner may set for all clients.

    Attributes:
        appcode_text: ``X-Ca-Error-Message`` for a wrong AppCode. Java demos look for ``not exists`` in it, Python
            demos compare it with exactly ``Invalid AppCode`` (FACEGATE_APPCODE_TEXT).
        day_offset: Hours by which the ledger's day differs from UTC, -12..14; 8 is the vendors' own day
            (FACEGATE_DAY_OFFSET).
        face_seconds: How long a face token can be used, 0..2592000 seconds (FACEGATE_FACE_SECONDS).
        lease: Seconds after which a call that never ended is given back; longer than any call takes (FACEGATE_LEASE).
    """

    appcode_text: str = "Invalid AppCode `not exists`"
    day_offset: float = 8.0
    face_seconds: float = FACE_SECONDS
    lease: float = LEASE

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Options:
        """The options of the environment.

        Raises:
            ConfigError: A value is no number or out of its range; the message names the variable.
        """
        default = cls()
        return cls(
            appcode_text=environ.get("FACEGATE_APPCODE_TEXT") or default.appcode_text,
            day_offset=_number(environ, "FACEGATE_DAY_OFFSET", default.day_offset, -12, 14),
            face_seconds=_number(environ, "FACEGATE_FACE_SECONDS", default.face_seconds, 0, 30 * 86_400),
            lease=_number(environ, "FACEGATE_LEASE", default.lease, 1, 3600),
        )


def _number(environ: Mapping[str, str], name: str, default: float, least: float, most: float) -> float:
    text = environ.get(name, "")
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise ConfigError(f"{name}: a number from {least:g} to {most:g}")
    return value


class Gate:
    """The access layer of one process; safe to share between threads.

    Args:
        ledger: See `gatekeeper.store.open_ledger`.
        vault: The keys.
        now: The clock, Unix seconds. Everything that depends on time asks it once per decision. If it jumps
            forward, signatures, tokens and reservations expire early; if it jumps back, they live longer by the
            jump, a rate window that lies more than two seconds ahead is started anew, and used-up nonces stay used
            up. No jump lets a quota be exceeded.
        options: See `Options`.
    """

    def __init__(
        self,
        ledger: Ledger,
        vault: Vault,
        now: Callable[[], float] = time.time,
        options: Options | None = None,
    ) -> None:
        self.ledger = ledger
        self.vault = vault
        self.now = now
        self.options = options or Options()
        self._cache: dict[str, tuple[float, tuple[Key, Client]]] = {}
        self._lock = threading.Lock()
        self._swept = float("-inf")

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] | None = None, now: Callable[[], float] = time.time, make: bool = True
    ) -> Gate:
        """The gate that the environment describes: FACEGATE_LEDGER, FACEGATE_KEY and those of `Options`.

        Args:
            environ: The environment; None: the process's.
            now: The clock.
            make: Whether an SQLite ledger that is not there is made, and the key of one that has no clients yet.

        Raises:
            ConfigError: It describes none, or one that is not there and may not be made.
            LedgerUnavailable: The ledger, or KMS, does not answer.
        """
        from gatekeeper.store import open_ledger, sqlite_path

        environ = os.environ if environ is None else environ
        url = environ.get("FACEGATE_LEDGER", "")
        beside: Path | None = sqlite_path(url)
        if not make and beside is not None and not beside.exists():
            raise ConfigError(f"FACEGATE_LEDGER: there is no ledger at {beside.absolute()}")
        ledger = open_ledger(url, environ)
        try:
            keys = load_keys(environ, beside, lambda: make and next(iter(ledger.clients()), None) is None)
            return cls(ledger, Vault(*keys), now, Options.from_env(environ))
        except BaseException:
            ledger.close()
            raise

    def day(self, at: float) -> str:
        """The ledger's day of this moment, ``YYYY-MM-DD``."""
        return time.strftime("%Y-%m-%d", time.gmtime(at + self.options.day_offset * 3600))

    def decide(self, contract: Contract, request: Request, judge: Callable[[Request, Sight], Verdict]) -> Verdict:
        """Run a contract's judgement on what the ledger knows, and fail closed when it does not answer.

        Keys and clients are cached for a minute, yet no decision rests on an old copy: an admission is only granted
        if the client's stored version is the cached one (checked in the same atomic step that takes the unit), and
        a refusal that used a cached copy is judged again on a fresh one. A revoked key is therefore refused at once.
        """
        try:
            for fresh in (False, True, True, True):
                sight = Sight(self, contract, request.request_id, fresh)
                verdict = judge(request, sight)
                if not sight.doubtful(verdict):
                    self._sweep(sight.at)
                    return verdict
            return busy(contract, request.request_id)
        except LedgerBusy:
            return busy(contract, request.request_id)
        except (LedgerUnavailable, VaultError):
            return unavailable(contract, request.request_id)

    def settle(self, verdict: Verdict, outcome: str, billable: bool) -> Verdict:
        """Book the end of a request.

        Call it with ``billable=True`` after the answer is made and before it is sent, and send it only if the
        verdict that comes back is allowed. Call it with ``billable=False`` for every other end: it gives the unit
        back, and for a refused caller that is known it only counts. It never raises: a refund that cannot be booked
        now is made by the ledger when the call's lease ends.

        Args:
            verdict: The verdict under which the request was served or refused.
            outcome: The vendor's code that is answered, at most 32 characters.
            billable: Whether the client pays for it.

        Returns:
            The verdict to act on: the same, or a refusal when a billable end could not be booked.
        """
        if not verdict.client:
            return verdict
        billable = billable and verdict.allowed
        try:
            settled = self._end(verdict, outcome[:32], billable)
        except LedgerUnavailable as error:
            if not billable:
                return verdict
            made = (busy if isinstance(error, LedgerBusy) else unavailable)(verdict.contract, verdict.request_id)
            return replace(made, client=verdict.client, settings=verdict.settings)
        if not billable or settled is Settled.BILLED:
            return verdict
        if settled is Settled.EXHAUSTED:
            code = _REFUSED[verdict.contract][Admission.TOTAL_EXHAUSTED]
            made = refuse(verdict.contract, code, verdict.request_id)
        else:
            made = unavailable(verdict.contract, verdict.request_id)
        return replace(made, client=verdict.client, settings=verdict.settings)

    def _end(self, verdict: Verdict, outcome: str, billable: bool) -> Settled:
        """Settle; a billable end whose answer got lost is asked for once more, which books nothing twice."""
        at = self.now()
        call = (verdict.request_id, verdict.client, verdict.contract, outcome, billable, self.day(at), at)
        try:
            return self.ledger.settle(*call)
        except LedgerBusy:
            raise
        except LedgerUnavailable:
            if not billable:
                raise
            return self.ledger.settle(*call)

    def remember_face(self, verdict: Verdict, image: bytes, report: str) -> str:
        """Keep a face's report for its client and return its token, 32 hex digits.

        Reports are kept per client: a token of one client is unknown to every other. The report is encrypted; the
        image is not kept.

        Args:
            verdict: The allowed verdict of the request.
            image: The image's bytes as decoded from the request: the same bytes always give the same token.
            report: JSON, at most about 300 KB.

        Raises:
            LedgerUnavailable: It could not be kept.
        """
        token = self.vault.face_token(verdict.client, image)
        sealed = self.vault.seal(report.encode(), f"face:{verdict.client}:{token}")
        self.ledger.put_face(verdict.client, token, sealed, self.now() + self.options.face_seconds)
        return token

    def recall_face(self, verdict: Verdict, token: str) -> str | None:
        """The report under this token of this client; None when there is none or it has expired.

        Raises:
            LedgerUnavailable: The ledger does not answer.
        """
        sealed = self.ledger.face(verdict.client, token, self.now())
        if sealed is None:
            return None
        try:
            return self.vault.open(sealed, f"face:{verdict.client}:{token}").decode()
        except VaultError:
            return None

    def find(self, lookup: str, fresh: bool) -> tuple[tuple[Key, Client] | None, bool]:
        """A key with its client, and whether they come from the cache."""
        if not fresh:
            with self._lock:
                held = self._cache.get(lookup)
            if held is not None and 0 <= time.monotonic() - held[0] < CACHE_SECONDS:
                return held[1], True
        try:
            found = self.ledger.find(lookup)
        except (ValueError, KeyError, TypeError) as error:
            raise LedgerUnavailable("a row of the ledger is damaged") from error
        with self._lock:
            self._cache.pop(lookup, None)
            if found is not None:
                while len(self._cache) >= CACHE_ENTRIES:
                    del self._cache[next(iter(self._cache))]
                self._cache[lookup] = (time.monotonic(), found)
        return found, False

    def _sweep(self, at: float) -> None:
        """Tidy up now and then; a failure is left to the next time."""
        with self._lock:
            if abs(at - self._swept) < SWEEP_SECONDS:
                return
            self._swept = at
        try:
            if self.ledger.sweep(at, self.ledger.sweep_rows) >= self.ledger.sweep_rows:
                self._swept = float("-inf")  # there is more: go on with the next decision
        except LedgerUnavailable:
            return


class Sight:
    """What one decision sees and does. Made by `Gate.decide`, used by a contract's judgement.

    Attributes:
        at: The moment of the decision, Unix seconds.
        contract: The contract that decides.
        vault: The keys.
        options: The owner's settings.
        consumed: What was taken so far.
    """

    __slots__ = ("_cached", "_fresh", "_gate", "_request_id", "_stale", "_sure", "at", "consumed", "contract")

    def __init__(self, gate: Gate, contract: Contract, request_id: str, fresh: bool) -> None:
        self._gate = gate
        self._fresh = fresh
        self._request_id = request_id
        self._cached = False
        self._stale = False
        self._sure = False
        self.at = gate.now()
        self.contract = contract
        self.consumed: tuple[str, ...] = ()

    @property
    def vault(self) -> Vault:
        """The keys."""
        return self._gate.vault

    @property
    def options(self) -> Options:
        """The owner's settings."""
        return self._gate.options

    def doubtful(self, verdict: Verdict) -> bool:
        """Whether the verdict may rest on an old copy and has to be made again."""
        return self._stale or (self._cached and not verdict.allowed and not self._sure)

    def find(self, lookup: str) -> tuple[Key, Client] | None:
        """A key and its client."""
        found, cached = self._gate.find(lookup, self._fresh)
        self._cached |= cached
        return found

    def secret(self, key: Key) -> bytes:
        """A key's signing secret.

        Raises:
            VaultError: It does not open; the decision fails closed.
        """
        return self.vault.open(key.sealed, key.lookup)

    def refuse(self, code: str, client: Client | None = None, **params: str) -> Verdict:
        """A refusal; name the client only once the caller has proven to be it."""
        return refuse(self.contract, code, self._request_id, client, self.consumed, **params)

    def burn(self, nonce: str, expires: float) -> bool:
        """Use a nonce up for this request; False when another request has used it."""
        if not self._gate.ledger.burn(nonce, self._request_id, expires, self.at):
            self._sure = True
            return False
        self.consumed += ("nonce",)
        return True

    def admit(self, client: Client) -> Verdict:
        """The last step: take one unit of rate and quota, and let the caller in or refuse in the vendor's words."""
        gate = self._gate
        admission = gate.ledger.admit(client, self._request_id, gate.day(self.at), self.at, gate.options.lease)
        if admission in (Admission.GRANTED, Admission.REPEATED):
            rate = () if client.rate is None else ("rate",)
            return Verdict(
                allowed=True,
                contract=self.contract,
                request_id=self._request_id,
                client=client.id,
                account=client.account,
                consumed=(*self.consumed, *rate, "quota"),
                settings=client.settings,
            )
        self._stale = admission is Admission.STALE
        if admission in (Admission.STALE, Admission.FOREIGN):
            self._sure = admission is Admission.FOREIGN
            return unavailable(self.contract, self._request_id)
        self._sure = True
        return self.refuse(_REFUSED[self.contract][admission], client)
