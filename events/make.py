"""Writes the events, from the sample photo and the demo credentials: ``python -m events.make``.

``events/<contract>/<name>.json`` is what the function is handed, with the authorizer's verdict in it, and
``<name>.authorizer.json`` what the authorizer was handed. These are committed, and the same at every run. A call whose
signature is good for a limited time is not among the authorizer's: it is written to ``events/fresh``, signed now.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from events.cases import Case, cases
from events.demo import MOMENT, Clients, scratch
from events.gateway import Event, authorizer_event, proxy_event
from gatekeeper import Contract, Verdict, baidu, market, tencent
from gatekeeper.doors import Judge

FOLDER = Path(__file__).parent
FRESH = FOLDER / "fresh"
JUDGES: dict[Contract, Judge] = {
    Contract.MARKET: market.verdict,
    Contract.TENCENT: tencent.verdict,
    Contract.BAIDU: baidu.verdict,
}


def judged(clients: Clients) -> Iterator[tuple[Case, Verdict | None]]:
    """Every call with its verdict; None where the gateway asks for none."""
    for case in cases(clients):
        yield case, JUDGES[case.contract](case.asked(), clients.gate) if case.guarded else None


def lasting() -> dict[str, Event]:
    """The committed events, by their file's path below ``events``."""
    made: dict[str, Event] = {}
    with scratch(MOMENT) as clients:
        for case, verdict in judged(clients):
            if verdict is None or not verdict.pending:
                made[_name(case)] = proxy_event(case, verdict.to_context() if verdict else None)
            if verdict is not None and not case.signed:
                made[_name(case, "authorizer.")] = authorizer_event(case)
            if case.name == "wrong-method":
                unasked = replace(case, name="no-verdict", method="POST")
                made[_name(unasked)] = proxy_event(unasked, None)
    return made


def passing(at: float) -> dict[str, Event]:
    """The events that are good for a limited time from a moment on."""
    made: dict[str, Event] = {}
    with scratch(at) as clients:
        for case, verdict in judged(clients):
            if verdict is not None and case.signed:
                made[_name(case)] = proxy_event(case, verdict.to_context())
                made[_name(case, "authorizer.")] = authorizer_event(case)
    return made


def written(event: Event) -> str:
    """An event as it stands in its file."""
    return json.dumps(event, indent=1, ensure_ascii=False) + "\n"


def _name(case: Case, kind: str = "") -> str:
    return f"{case.contract}/{case.name}.{kind}json"


def _write(events: dict[str, Event], folder: Path) -> None:
    for contract in Contract:
        shutil.rmtree(folder / contract, ignore_errors=True)
    for name, event in events.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written(event), encoding="utf-8")


def main() -> None:
    """Writes both kinds."""
    _write(lasting(), FOLDER)
    _write(passing(time.time()), FRESH)


if __name__ == "__main__":
    main()
