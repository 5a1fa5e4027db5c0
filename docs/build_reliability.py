"""Writes the table of docs/reliability.md, out of docs/reliability.json, which the hostile runs write.

python docs/build_reliability.py            write it
python docs/build_reliability.py --check    only say whether it is as it should be; 1 when it is not
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE, RESULTS = HERE / "reliability.md", HERE / "reliability.json"
BEGIN, END = "<!-- counts: docs/build_reliability.py -->", "<!-- /counts -->"


def rows(kept: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, str, str]]:
    """(what, how many, what came of it, the run and its commit) for every part that was run."""
    if images := kept.get("images"):
        yield (
            "hostile photos", f"{images['refused'] + images['read']:,}",
            f"{images['refused']} refused, {images['read']} sound ones read; at most {images['peak_mb']:.0f} MB and "
            f"{images['seconds']:.1f} processor seconds a request, a refused one {images['peak_refused_mb']:.0f} MB",
            f"`make hostile`, {images['commit']}",
        )  # fmt: skip
    if urls := kept.get("urls"):
        told = f"{urls['refused']:,} refused, none connected to"
        yield ("hostile urls", f"{urls['tried']:,}", told, f"`make hostile`, {urls['commit']}")
    if forged := kept.get("forgeries"):
        told = f"{forged['accepted']} accepted"
        yield ("forged credentials", f"{forged['tried']:,}", told, f"`make hostile`, {forged['commit']}")
    if fuzz := kept.get("fuzz"):
        yield (
            "fuzzed inputs", f"{fuzz['inputs']:,}",
            f"{fuzz['targets']} targets, {fuzz['seconds'] / 60:.0f} minutes, {fuzz['failures']} failures",
            f"`make fuzz`, {fuzz['commit']}",
        )  # fmt: skip
    if soak := kept.get("soak"):
        run = f"`make soak`, {soak['commit']}"
        yield (
            "calls under load", f"{soak['calls']:,}",
            f"{soak['minutes']:.0f} minutes; memory {soak['memory_first']:.0f} MB at first, at most "
            f"{soak['memory_most']:.0f} MB, {soak['memory_last']:.0f} MB at last",
            run,
        )  # fmt: skip
        yield ("workers killed", f"{soak['kills']:,}", f"{soak['lost']} units of calls in progress given back", run)
        yield (
            "calls reconciled", f"{soak['billed']:,} billed",
            f"{soak['answered']:,} answered and {soak['undelivered']} booked when their worker was killed: to the unit",
            run,
        )  # fmt: skip
        told = f"delivered {soak['deliveries']:,} times, billed {soak['events']:,} times"
        yield ("events of a gateway", f"{soak['events']:,}", told, run)


def table(kept: Mapping[str, Mapping[str, Any]]) -> str:
    """The table."""
    lines = ["| | tried | came of it | run, commit |", "|---|---|---|---|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows(kept))])


def main() -> int:
    """Writes or checks; 1 when the page is not as it should be."""
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    wanted = f"{head}{BEGIN}\n{table(json.loads(RESULTS.read_text(encoding='utf-8')))}\n{END}{tail}"
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(wanted, encoding="utf-8")
        return 0
    if page != wanted:
        sys.stderr.write("docs/reliability.md is not what docs/reliability.json says: make docs\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
