"""Coverage-guided fuzzing of everything that reads what a stranger sent: ``make fuzz``.

Every target runs in a process of its own under libFuzzer (atheris), from its seeds and from what earlier runs found
worth keeping (build/fuzz). An input that breaks a promise is left in build/fuzz/failed; fixed, it goes to
tests/hostile/found and is tried by every test run.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tests.hostile import results

WORK = results.ROOT / "build" / "fuzz"
FAILED = WORK / "failed"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=7.0, help="in all, shared by the targets (default %(default)s)"
    )
    parser.add_argument("--target", action="append", help="only this one; may be given again")
    parser.add_argument("--keep", action="store_true", help="write the counts to docs/reliability.json")
    parser.add_argument("--run", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser.parse_args()


def _fuzz(name: str, arguments: list[str]) -> None:
    """Fuzzes one target in this process, which ends with it."""
    atheris = import_module("atheris")
    with atheris.instrument_imports(include=["facecore", "gatekeeper", "serving"]):
        from tests.hostile import targets
    atheris.Setup([name, *arguments], targets.TARGETS[name].check)
    atheris.Fuzz()


def _count(name: str, seconds: int) -> dict[str, int]:
    """Fuzzes one target in a process of its own; how many inputs, how much of the code, how many failures."""
    from tests.hostile.targets import TARGETS

    corpus = WORK / name.replace(" ", "-")
    for folder in (corpus, FAILED):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    prefix = FAILED / f"{name.replace(' ', '-')}-"
    before = set(FAILED.iterdir())
    command = [
        sys.executable, "-m", "tests.hostile.fuzz", "--run", name, str(corpus), f"-max_total_time={seconds}",
        "-print_final_stats=1", f"-artifact_prefix={prefix}", f"-max_len={TARGETS[name].longest}",
        "-timeout=30", "-rss_limit_mb=1500", "-verbosity=1",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=results.ROOT, capture_output=True, text=True, errors="replace", check=False)
    tried = re.findall(r"stat::number_of_executed_units:\s+(\d+)", done.stderr) or re.findall(r"#(\d+)\t", done.stderr)
    covered = re.findall(r"\bcov: (\d+)", done.stderr)
    failures = len(set(FAILED.iterdir()) - before)
    if not tried or (done.returncode and not failures):
        raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
    if failures:
        sys.stderr.write(done.stderr[-3000:])
    return {"inputs": int(tried[-1]), "edges": int(covered[-1]) if covered else 0, "failures": failures}


def main() -> int:
    """Fuzzes; 1 when something was found, 2 when it can not."""
    options = _options()
    if options.run:
        _fuzz(options.run[0], options.run[1:])
        return 0
    if find_spec("atheris") is None:
        sys.stderr.write("atheris has wheels for Linux on x86-64, Python 3.11 to 3.14; `make test` tries the seeds\n")
        return 2
    from tests.hostile.targets import TARGETS

    names = options.target or list(TARGETS)
    seconds = max(5, round(options.minutes * 60 / len(names)))
    counted = {}
    for name in names:
        counted[name] = _count(name, seconds)
        told = counted[name]
        sys.stdout.write(
            f"{name:18} {told['inputs']:>9,} inputs in {seconds} s, {told['edges']:>5,} edges covered, "
            f"{told['failures']} failures\n"
        )
        sys.stdout.flush()
    every, failures = (sum(told[part] for told in counted.values()) for part in ("inputs", "failures"))
    sys.stdout.write(f"{every:,} inputs to {len(names)} targets, {failures} failures\n")
    if failures:
        sys.stdout.write(f"what failed lies in {Path(os.path.relpath(FAILED))}\n")
    if options.keep:
        results.keep(
            "fuzz", {"targets": len(names), "inputs": every, "seconds": seconds * len(names), "failures": failures}
        )
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
