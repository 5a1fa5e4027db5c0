"""``make hostile``: every hostile photo, url and credential once, counted; see docs/reliability.md.

Prints what each photo cost and how many of everything were refused; exits with 1 when one was not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from gatekeeper import Gate
from gatekeeper.sqlite import SqliteLedger
from gatekeeper.vault import Vault
from serving.fetch import Fetcher, FetchRefused
from serving.journal import logger
from tests.hostile import forgeries, results, urls
from tests.hostile.images import IMAGES
from tests.hostile.measure import measure
from tests.hostile.test_callers import MAKERS
from tests.unit.gatekeeper.nobody import NOON


def count_images() -> dict[str, Any]:
    """Sends every hostile photo in a process of its own."""
    refused, read, wrong, worst, least = 0, 0, 0, 0.0, 0.0
    seconds = 0.0
    for cost in measure(list(IMAGES)):
        sound = IMAGES[cost.name].said is None
        wrong += (cost.code == 0) is not sound
        refused, read = refused + (not sound), read + sound
        worst = max(worst, cost.peak)
        least = least if sound else max(least, cost.peak)
        seconds = max(seconds, cost.seconds)
        told = f"{cost.name:42} {cost.bytes:>9} bytes {cost.peak:>7.1f} MB {cost.seconds:>6.2f} s, code {cost.code}"
        sys.stdout.write(told + "\n")
    return {
        "refused": refused, "read": read, "wrong": wrong, "peak_mb": worst, "peak_refused_mb": least,
        "seconds": seconds,
    }  # fmt: skip


def count_urls() -> dict[str, int]:
    """Tries every hostile url with a resolver that knows only inner addresses."""
    every, refused = urls.hostile(), 0
    fetcher = Fetcher(resolver=lambda host, port: [host.strip("[]")] if ":" in host else ["127.0.0.1"])
    for url in every:
        try:
            fetcher.fetch(url, 100)
        except FetchRefused:
            refused += 1
    return {"tried": len(every), "refused": refused}


def count_forgeries() -> dict[str, int]:
    """Tries every forged credential."""
    tried = accepted = 0
    with tempfile.TemporaryDirectory() as folder:
        ledger = SqliteLedger(Path(folder) / "ledger.sqlite")
        who = forgeries.callers(Gate(ledger, Vault(bytes(range(32))), lambda: NOON))
        for contract, make in MAKERS.values():
            for request in make(who):
                tried += 1
                accepted += forgeries.decide(who, contract, request).allowed
        ledger.close()
    return {"tried": tried, "accepted": accepted}


def main() -> int:
    """Counts; 1 when something was let through."""
    parser = argparse.ArgumentParser(prog="make hostile", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="write the counts to docs/reliability.json")
    options = parser.parse_args()
    logger().setLevel("CRITICAL")
    images = count_images()  # first: it forks, and the others may start threads
    found = {"images": images, "urls": count_urls(), "forgeries": count_forgeries()}
    for part, counted in found.items():
        sys.stdout.write(f"{part}: " + ", ".join(f"{name} {value}" for name, value in counted.items()) + "\n")
        if options.keep:
            results.keep(part, counted)
    bad = images["wrong"] or found["urls"]["tried"] != found["urls"]["refused"] or found["forgeries"]["accepted"]
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
