"""How long things take, in turns, so that what else the machine does meets all alike."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Times:
    """What one piece of work took, in seconds, round by round.

    Attributes:
        clock: By the clock.
        cpu: Of this process's processor time, on all processors: what others do does not count.
    """

    clock: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @property
    def ms(self) -> float:
        """Milliseconds by the clock, the median."""
        return 1e3 * statistics.median(self.clock)

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of processor time, the median."""
        return 1e3 * statistics.median(self.cpu)

    @property
    def least_ms(self) -> float:
        """Milliseconds by the clock, the least."""
        return 1e3 * min(self.clock)

    @property
    def least_cpu_ms(self) -> float:
        """Milliseconds of processor time, the least."""
        return 1e3 * min(self.cpu)


def alternate(works: Mapping[str, Callable[[], object]], rounds: int, name: str, warm: int = 3) -> dict[str, Times]:
    """Times pieces of work.

    Args:
        works: By name.
        rounds: How often each is timed.
        name: What the progress bar says.
        warm: Rounds before those.
    """
    found = {key: Times() for key in works}
    for index in tqdm(range(warm + rounds), desc=name, disable=None, leave=False):
        for key, work in works.items():
            started, begun = time.perf_counter(), time.process_time()
            work()
            spent, took = time.process_time() - begun, time.perf_counter() - started
            if index >= warm:
                found[key].clock.append(took)
                found[key].cpu.append(spent)
    return found


def processes(
    programs: Mapping[str, str], rounds: int, name: str, env: Mapping[str, str] | None = None
) -> dict[str, Times]:
    """Times fresh processes from their start to their end.

    Bytecode is written to a folder of its own by rounds that are not counted, as it lies in an image.

    Args:
        programs: Python code by name.
        rounds: How often each is timed.
        name: What the progress bar says.
        env: Added to the environment.

    Raises:
        RuntimeError: A program failed; with what it said.
    """
    found = {key: Times() for key in programs}
    with tempfile.TemporaryDirectory(prefix="pyc-") as folder:
        base = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "FACEGATE", "AWS"))}
        base |= {"PYTHONPYCACHEPREFIX": folder, **(env or {})}
        for index in tqdm(range(1 + rounds), desc=name, disable=None, leave=False):
            for key, program in programs.items():
                started, begun = time.perf_counter(), _children()
                done = subprocess.run(
                    [sys.executable, "-c", program], cwd=ROOT, env=base, capture_output=True, text=True, check=False
                )
                took, spent = time.perf_counter() - started, _children() - begun
                if done.returncode:
                    raise RuntimeError(f"{key}: {done.stderr[-2000:]}")
                if index:
                    found[key].clock.append(took)
                    found[key].cpu.append(spent)
    return found


def _children() -> float:
    """Seconds of processor time that this process's ended children have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def percentile(values: Sequence[float], share: float) -> float:
    """The value under which a share of the values lies, by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
