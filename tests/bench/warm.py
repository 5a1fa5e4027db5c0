"""A warm function: its requests by contract, and what they cannot do without, in one process and thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from gatekeeper import Contract
from tests.bench import calls, scenes
from tests.bench.timing import alternate
from training.speed import Call, decoded, recorded, run_bare

ROUNDS, QUICK = 60, 3


def measure(quick: bool) -> dict[str, float]:
    """Milliseconds (medians by the clock, `_cpu` of processor time) and their ratios.

    ``bare_ms`` is the decode and the session runs of a market request, on inputs that lie ready; ``decode_ms`` and
    ``MODEL_ms`` are its parts.
    """
    rounds = QUICK if quick else ROUNDS
    with calls.functions() as made:
        photo = scenes.frame()
        eight = [scenes.frame(quality=quality) for quality in range(85, 93)]
        bodies = {
            "market": (Contract.MARKET, calls.market_body(photo)),
            "tencent": (Contract.TENCENT, calls.tencent_body(photo)),
            "baidu1": (Contract.BAIDU, calls.baidu_body([photo])),
            "baidu8": (Contract.BAIDU, calls.baidu_body(eight)),
        }
        with recorded() as runs:
            _answer(made, Contract.MARKET, _event(made, *bodies["market"]))
        works = {name: _request(made, *body, 3 + rounds) for name, body in bodies.items()}
        found = alternate(works | _parts(photo, runs), rounds, "warm")
    ms = {f"{name}_ms": times.ms for name, times in found.items()}
    market, bare = found["market"], found["bare"]
    return ms | {
        "warm_ratio": market.ms / bare.ms,
        "warm_ratio_cpu": market.cpu_ms / bare.cpu_ms,
        "tencent_to_market": found["tencent"].ms / market.ms,
        "tencent_to_market_cpu": found["tencent"].cpu_ms / market.cpu_ms,
        "baidu8_to_1": found["baidu8"].ms / found["baidu1"].ms,
        "baidu8_to_1_cpu": found["baidu8"].cpu_ms / found["baidu1"].cpu_ms,
    }


def _event(made: calls.Functions, contract: Contract, body: tuple[str, str]) -> calls.Event:
    return made.admitted(contract, *body)


def _answer(made: calls.Functions, contract: Contract, event: calls.Event) -> None:
    answer = made.call(contract, event)
    assert answer["statusCode"] == 200, answer
    assert "score" in answer["body"], answer["body"]


def _request(made: calls.Functions, contract: Contract, body: tuple[str, str], times: int) -> Callable[[], object]:
    """A request whose caller is let in beforehand: that is the authorizer's time."""
    events = iter([_event(made, contract, body) for _ in range(times)])
    return lambda: _answer(made, contract, next(events))


def _parts(photo: bytes, runs: list[Call]) -> dict[str, Callable[[], object]]:
    parts: dict[str, Callable[[], object]] = {"bare": partial(run_bare, photo, runs), "decode": partial(decoded, photo)}
    for model, inputs in runs:
        parts.setdefault(model._name, partial(model._session.run, None, inputs))
    return parts
