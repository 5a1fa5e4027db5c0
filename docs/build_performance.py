"""Writes the tables and curves of docs/performance.md, out of docs/bench.json and docs/prices.json.

python docs/build_performance.py            write them
python docs/build_performance.py --take     first take build/bench.json, which make bench writes, for docs/bench.json
python docs/build_performance.py --check    only say whether they are as they should be; 1 when they are not
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.bench.goals import GOALS, shown  # noqa: E402 - found by the line above
from tests.bench.plot import plot  # noqa: E402

HERE = Path(__file__).parent
PAGE, FIGURES, PRICES = HERE / "performance.md", HERE / "bench.json", HERE / "prices.json"
MEASURED = ROOT / "build" / "bench.json"
Figures = Mapping[str, Any]

CURVES = {
    "pixels": ("One face, all fields", "megapixels of the JPEG", "ms"),
    "faces": ("1280 x 720, all faces, all fields", "faces", "ms"),
    "batch": ("Photos of 1280 x 720 in one call", "photos", "ms of processor time"),
    "clients": ("A verdict and its booking, SQLite", "clients in the ledger", "ms"),
    "usage": ("A verdict and its booking, SQLite", "rows of usage", "ms"),
}
STAGES = ("decode", "detector", "face", "liveness", "synthetic")
CONTRACTS = {"market": "market", "tencent": "Tencent", "baidu1": "Baidu, 1 photo", "baidu8": "Baidu, 8 photos"}


def about(figures: Figures, prices: Figures) -> Iterator[str]:
    """What was measured on, in a sentence."""
    told = figures["about"]
    libraries = ", ".join(f"{name} {version}" for name, version in sorted(told["libraries"].items()))
    yield (
        f"Measured on {told['when']}: {told['cpu']}, {told['cores']} cores, Python {told['python']}, {libraries}."
        + (" **In short form: these are no figures to rely on.**" if told["quick"] else "")
    )


def goals(figures: Figures, prices: Figures) -> Iterator[str]:
    """Every goal and what was reached."""
    yield from _head("what", "reached", "wanted", "")
    for key, goal in GOALS.items():
        if key in figures:
            missed = "" if goal.reached(figures[key]) else "missed"
            yield f"| {goal.words} | {shown(figures[key], goal.unit)} | {goal.wanted()} | {missed} |"


def stages(figures: Figures, prices: Figures) -> Iterator[str]:
    """Where a warm request's time goes."""
    yield from _head("part of a market request", "ms")
    for name in STAGES:
        yield f"| {name} | {figures[f'{name}_ms']:.1f} |"
    yield f"| all that, in one go | {figures['bare_ms']:.1f} |"
    for name, words in CONTRACTS.items():
        yield f"| whole request: {words} | {figures[f'{name}_ms']:.1f} |"


def image(figures: Figures, prices: Figures) -> Iterator[str]:
    """What the market's image adds to its base."""
    yield from _head("instruction of the Dockerfile", "MB")
    for key, size in figures.items():
        if key.startswith("layer: ") and size >= 0.05:
            yield f"| `{key.removeprefix('layer: ')}` | {size:.1f} |"
    yield f"| all of them | {figures['image_market_mb']:.0f} |"
    yield ""
    yield from _head("the largest packages in it", "MB")
    found = {key.removeprefix("package: "): size for key, size in figures.items() if key.startswith("package: ")}
    for name, size in sorted(found.items(), key=lambda item: -item[1])[:8]:
        yield f"| {name} | {size:.1f} |"


def cost(figures: Figures, prices: Figures) -> Iterator[str]:
    """A million calls by contract and cloud."""
    on_lambda, on_fc, assumed = prices["lambda"], prices["function_compute"], prices["assumed"]
    yield from _head(
        "a million calls", "function, ms", f"Lambda x86, {on_lambda['currency']}",
        f"Lambda arm64, {on_lambda['currency']}", f"Function Compute, {on_fc['currency']}",
    )  # fmt: skip
    for name, words in CONTRACTS.items():
        ms = figures[f"{name}_ms"] + assumed["ledger_ms"]
        x86, arm = (lambda_cost(ms, assumed["authorizer_ms"], on_lambda, kind) for kind in ("x86_64", "arm64"))
        yield f"| {words} | {ms:.0f} | {x86:.2f} | {arm:.2f} | {function_compute_cost(ms, on_fc):.2f} |"


def lambda_cost(function_ms: float, authorizer_ms: float, prices: Figures, kind: str) -> float:
    """A million calls of a function and of its authorizer, without the gateway."""
    gb_ms = function_ms * prices["function_mb"] / 1024 + authorizer_ms * prices["authorizer_mb"] / 1024
    return float(1e6 * gb_ms / 1e3 * prices["gb_second"][kind] + 2 * prices["million_requests"])


def function_compute_cost(ms: float, prices: Figures) -> float:
    """A million calls of the standalone server's function, one after the other."""
    a_second = prices["vcpus"] * prices["cu_per_vcpu_second"] + prices["memory_gb"] * prices["cu_per_gb_second"]
    return float(1e6 * (ms / 1e3 * a_second + prices["cu_per_call"]) * prices["cu"])


def inputs(figures: Figures, prices: Figures) -> Iterator[str]:
    """The prices that went in."""
    on_lambda, on_fc, assumed = prices["lambda"], prices["function_compute"], prices["assumed"]
    yield (
        f"List prices of {prices['as_of']} without free tiers and discounts. Lambda in {on_lambda['region']}: "
        f"{on_lambda['gb_second']['x86_64']:.10f} {on_lambda['currency']} a GB-second on x86, "
        f"{on_lambda['gb_second']['arm64']:.10f} on arm64, {on_lambda['million_requests']:.2f} a million requests; "
        f"functions of {on_lambda['function_mb']} MB (one vCPU), authorizers of {on_lambda['authorizer_mb']} MB; "
        f"{on_lambda['million_gateway_calls']:.2f} a million calls of the REST API come on top, and DynamoDB's. "
        f"Function Compute in {on_fc['region']}: {on_fc['cu']} {on_fc['currency']} a CU, "
        f"{on_fc['cu_per_vcpu_second']:g} CU a vCPU-second, {on_fc['cu_per_gb_second']} a GB-second, "
        f"{on_fc['cu_per_call']} a call; {on_fc['vcpus']} vCPU and {on_fc['memory_gb']} GB. "
        f"Assumed, not measured: {assumed['ledger_ms']} ms a call to reach the ledger from a function, "
        f"{assumed['authorizer_ms']} ms an authorizer, and a vCPU, arm64 too, as fast as the one measured on."
    )


PARTS: dict[str, Callable[[Figures, Figures], Iterator[str]]] = {
    "about": about, "goals": goals, "stages": stages, "image": image, "cost": cost, "inputs": inputs,
}  # fmt: skip


def page(text: str, figures: Figures, prices: Figures) -> str:
    """The page with every part put between its marks; a part without its figures says so.

    Raises:
        ValueError: A part's marks are missing.
    """
    for name, make in PARTS.items():
        begin, end = f"<!-- {name}: docs/build_performance.py -->", f"<!-- /{name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"the marks {begin} and {end} are missing")
        try:
            lines = list(make(figures, prices))
        except KeyError as error:
            lines = [f"*Not measured yet: {error.args[0]}.*"]
        body = "\n".join(lines)
        text = f"{before}{begin}\n{body}\n{end}{after}"
    return text


def pictures(figures: Figures) -> dict[str, str]:
    """The curves that were measured, by file name."""
    found = figures.get("curves", {})
    return {
        f"growth-{name}.svg": plot(title, across, up, found[name])
        for name, (title, across, up) in CURVES.items()
        if name in found
    }


def _head(*cells: str) -> list[str]:
    return ["| " + " | ".join(cells) + " |", "|" + "---|" * len(cells)]


def main(arguments: list[str]) -> int:
    """Writes the page and the pictures, or checks them."""
    if arguments == ["--take"]:
        taken = json.loads(MEASURED.read_text(encoding="utf-8"))
        FIGURES.write_text(json.dumps(taken, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    figures, prices = (json.loads(path.read_text(encoding="utf-8")) for path in (FIGURES, PRICES))
    made = {PAGE: page(PAGE.read_text(encoding="utf-8"), figures, prices)}
    made |= {HERE / "pictures" / name: text for name, text in pictures(figures).items()}
    stale = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if arguments == ["--check"]:
        if stale:
            sys.stderr.write(f"out of date: {', '.join(path.name for path in stale)}; run make docs\n")
        return 1 if stale else 0
    for path in stale:
        path.write_text(made[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
