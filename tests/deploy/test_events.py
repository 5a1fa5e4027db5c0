"""The committed events are what the code makes."""

from __future__ import annotations

import json
import time

from events import demo, make
from events.cases import cases
from gatekeeper import Contract
from tests.deploy.image import ROOT
from tests.deploy.template import environment


def committed() -> dict[str, str]:
    return {
        str(path.relative_to(ROOT / "events")): path.read_text(encoding="utf-8")
        for contract in Contract
        for path in (ROOT / "events" / contract).glob("*.json")
    }


def test_the_committed_events_are_what_is_made() -> None:
    made = {name: make.written(event) for name, event in make.lasting().items()}
    found = committed()
    assert set(found) == set(made)
    assert [name for name in made if made[name] != found[name]] == [], "run `make events`"


def test_they_are_small() -> None:
    assert sum(map(len, committed().values())) < 1_500_000


def test_what_lasts_does_not_depend_on_the_time_and_what_passes_does() -> None:
    with demo.scratch(demo.MOMENT) as then, demo.scratch(time.time()) as now:
        pairs = zip(cases(then), cases(now), strict=True)
        for old, new in pairs:
            assert old.signed == new.signed
            if not old.signed:
                assert old == new
            else:
                assert old.headers != new.headers


def test_a_passing_event_is_made_for_every_signed_call() -> None:
    made = make.passing(time.time())
    with demo.scratch(time.time()) as clients:
        signed = {f"{case.contract}/{case.name}.json" for case in cases(clients) if case.signed}
    assert {name for name in made if not name.endswith(".authorizer.json")} == signed
    assert {name.replace(".authorizer", "") for name in made} == signed


def test_the_environment_for_local_invocations_is_the_templates() -> None:
    given = json.loads((ROOT / "events/env.json").read_text())["Parameters"]
    assert set(given) <= set(environment("MarketFunction"))
    assert given["FACEGATE_KEY"] == demo.KEY.hex()
