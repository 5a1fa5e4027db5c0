"""What a function holds after many mixed requests: a fresh process answers them, and its resident memory is read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tqdm import tqdm

from tests.bench.timing import ROOT

REQUESTS, QUICK = 10_000, 40
SAMPLES = 100
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(quick: bool) -> dict[str, float]:
    """Megabytes (10^6 bytes) that stay resident, at the end and before, and the growth over the last tenth.

    The growth is that of the means of the last and the last but one twentieth of the samples. The requests: the three
    contracts in turns, photos of 0.3, 0.9, 6 and 12 megapixels, many faces, no face, damaged files.
    """
    requests = QUICK if quick else REQUESTS
    command = [sys.executable, "-m", "tests.bench.memory", str(requests)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = tqdm(process.stdout, total=SAMPLES + 1, desc="memory", disable=None, leave=False)
        samples = [json.loads(line) for line in lines]
    if process.returncode or not samples:
        raise RuntimeError("the process that answers requests failed")
    last = max(1, len(samples) // 20)
    late, before = samples[-last:], samples[-2 * last : -last]
    return {
        "rss_mb": samples[-1],
        "rss_first_mb": samples[0],
        "rss_growth": (sum(late) / len(late)) / (sum(before) / len(before)) - 1,
        "rss_requests": requests,
    }


def resident() -> float:
    """Megabytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_MB


def _answer(requests: int) -> None:
    """Answers requests and prints the resident memory after the first and after every hundredth of them."""
    from gatekeeper import Contract
    from tests import photos
    from tests.bench import calls, scenes

    told = os.fdopen(os.dup(1), "w", buffering=1)
    one, big = scenes.frame(), scenes.frame(3000, 2000)
    mixed = [scenes.frame(640, 480), one, big, scenes.crowd(6), photos.NO_FACE.read_bytes(), scenes.broken(), one]
    mixed.append(scenes.frame(4000, 3000, 80))
    bodies = [(Contract.MARKET, calls.market_body(photo)) for photo in mixed if len(photo) < 1_400_000]
    bodies += [(Contract.TENCENT, calls.tencent_body(photo)) for photo in mixed]
    bodies += [(Contract.BAIDU, calls.baidu_body([one])), (Contract.BAIDU, calls.baidu_body([one] * 3))]
    bodies = [bodies[index * 5 % len(bodies)] for index in range(len(bodies))]
    with calls.functions() as made:
        for index in range(requests):
            contract, body = bodies[index % len(bodies)]
            answer = made.call(contract, made.admitted(contract, *body))
            assert answer["statusCode"] < 500, answer
            if index == 0 or (index + 1) % max(1, requests // SAMPLES) == 0:
                told.write(f"{resident()}\n")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    _answer(int(sys.argv[1]))
